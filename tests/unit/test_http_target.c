/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/http/target.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct th_http_target split;

static int split_of(const char *text)
{
    static char *room;
    const char *why = NULL;
    size_t size = strlen(text);
    free(room);
    room = malloc(size + 1); /* exactly what is asked for */
    int status = th_http_target_split((struct th_text){text, size}, room, &split, &why);
    cr_assert((why != NULL) == (status < 0));
    return status;
}

static void expect(const char *want, struct th_text text)
{
    cr_expect_eq(text.size, strlen(want), "%s", want);
    cr_expect_str_eq(text.bytes, want); /* a NUL is behind it */
}

Test(http_target, a_path_is_split_and_decoded)
{
    cr_assert_eq(split_of("/api/v1/%c4%91%E1%BB%93ng/x+y"), 0);
    cr_assert_eq(split.segments_count, 4);
    expect("api", split.segments[0]);
    expect("v1", split.segments[1]);
    expect("đồng", split.segments[2]);
    expect("x+y", split.segments[3]);
    cr_assert_eq(split_of("/"), 0);
    cr_assert_eq(split.segments_count, 0);
    cr_assert_eq(split.parameters_count, 0);
}

Test(http_target, parameters_are_split_and_decoded)
{
    cr_assert_eq(split_of("/a?q=x%C3%A3+ia&b=&c&d=1%3D2%262=3"), 0);
    cr_assert_eq(split.parameters_count, 4);
    expect("q", split.parameters[0].name);
    expect("xã ia", split.parameters[0].value);
    expect("b", split.parameters[1].name);
    expect("", split.parameters[1].value);
    expect("c", split.parameters[2].name);
    cr_expect_eq(split.parameters[2].value.size, 0);
    expect("1=2&2=3", split.parameters[3].value);
}

Test(http_target, no_spelling_leaves_its_segment)
{
    static const char *const bad[] = {
        "/..",   "/.",   "/a/../b", "/%2e%2e/b", "/%2E./b",    "/a%2fb",     "/a%2Fb", "/a%5cb",
        "/a//b", "//",   "/a/",     "/a%00",     "/a%0a",      "/a%7f",      "/a%1b",  "/%",
        "/%4",   "/%g0", "/a%ff",   "/%c0%ae",   "/%ed%a0%80", "/%e2%80%ae", ""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_eq(split_of(bad[i]), TH_E_SYNTAX, "%s", bad[i]);
    cr_expect_eq(split_of("/.../a..b/.c"), 0);
}

Test(http_target, parameters_that_cannot_be_meant_are_refused)
{
    static const char *const bad[] = {"/a?a=1&a=2", "/a?%61=1&a=2", "/a?=1",    "/a?",
                                      "/a?a=1&",    "/a?a=%00",     "/a?a=%0a", "/a?a=%ff",
                                      "/a?a=%4",    "/a?%=1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_eq(split_of(bad[i]), TH_E_SYNTAX, "%s", bad[i]);
}

Test(http_target, numbers_are_bounded)
{
    cr_expect_eq(split_of("/1/2/3/4/5/6/7/8/9/10"), 0);
    cr_expect_eq(split_of("/1/2/3/4/5/6/7/8/9/10/11"), TH_E_SYNTAX);
    char text[400] = "/?";
    for (int i = 0; i < TH_HTTP_PARAMETERS_MAX; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%sp%d=1", i > 0 ? "&" : "", i);
    cr_expect_eq(split_of(text), 0);
    strcat(text, "&more=1");
    cr_expect_eq(split_of(text), TH_E_SYNTAX);
}
