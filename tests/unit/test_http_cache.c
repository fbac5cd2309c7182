/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/http/cache.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct th_http_cache *cache;

/* The tag is "SIZE" or "SIZE MOMENT". */
static void name(const char *tag, struct th_http_reply *reply)
{
    const char *moment = strchr(tag, ' ');
    reply->size = strtoull(tag, NULL, 10);
    snprintf(reply->moment, sizeof reply->moment, "%s", moment == NULL ? "m" : moment + 1);
    snprintf(reply->etag, sizeof reply->etag, "%s", tag);
}

static void put(const char *target, bool is_packed, const char *etag, size_t size)
{
    struct th_http_reply reply = {.code = 200, .type = "t", .is_packed = is_packed};
    reply.body = th_http_body_new(size);
    memset(reply.body->bytes, target[1], size);
    name(etag, &reply);
    th_http_cache_put(cache, th_text_of(target), is_packed, &reply);
    th_http_reply_deinit(&reply);
}

static bool get(const char *target, bool is_packed, const char *etag)
{
    struct th_http_reply reply = {.code = 0};
    name(etag, &reply);
    if (!th_http_cache_get(cache, th_text_of(target), is_packed, reply.size, &reply))
        return false;
    cr_expect_eq(reply.code, 200);
    cr_expect_eq(reply.body->bytes[0], target[1]);
    cr_expect_eq(reply.is_packed, is_packed);
    th_http_reply_deinit(&reply);
    return true;
}

Test(http_cache, an_answer_is_kept_for_its_state_and_packing_alone)
{
    cr_assert_eq(th_http_cache_new(4, 1000, &cache), 0);
    put("/a", false, "1", 10);
    cr_expect(get("/a", false, "1"));
    cr_expect(!get("/a", false, "2"));
    cr_expect(!get("/a", false, "1 a5"));
    cr_expect(!get("/a", true, "1"));
    cr_expect(!get("/b", false, "1"));
    put("/a", true, "1", 10);
    cr_expect(get("/a", true, "1") && get("/a", false, "1"));
    put("/a", false, "2", 10);
    cr_expect(get("/a", false, "2") && get("/a", false, "1")); /* newer than asked for */
    cr_expect(!get("/a", false, "3"));
    th_http_cache_free(cache);
}

Test(http_cache, an_answer_about_the_past_is_as_good_later)
{
    struct th_http_reply reply = {.code = 200, .type = "t", .is_fixed = true};
    cr_assert_eq(th_http_cache_new(4, 1000, &cache), 0);
    name("5 a7", &reply);
    reply.body = th_http_body_new(10);
    memset(reply.body->bytes, 'a', 10);
    th_http_cache_put(cache, th_text_of("/a"), false, &reply);
    th_http_reply_deinit(&reply);
    cr_expect(get("/a", false, "900 a7"));
    cr_expect(get("/a", false, "900 ")); /* of any moment */
    cr_expect(!get("/a", false, "900 a8"));
    th_http_cache_free(cache);
}

Test(http_cache, the_oldest_gives_way)
{
    cr_assert_eq(th_http_cache_new(2, 1000, &cache), 0);
    put("/a", false, "1", 10);
    put("/b", false, "1", 10);
    put("/c", false, "1", 10);
    cr_expect(!get("/a", false, "1"));
    cr_expect(get("/b", false, "1") && get("/c", false, "1"));
    th_http_cache_free(cache);
}

Test(http_cache, bytes_are_bounded)
{
    cr_assert_eq(th_http_cache_new(8, 1000, &cache), 0);
    put("/z", false, "1", 251); /* more than a quarter of all */
    cr_expect(!get("/z", false, "1"));
    for (char c = 'a'; c < 'f'; c++)
        put((char[]){'/', c, 0}, false, "1", 250);
    int kept = 0;
    for (char c = 'a'; c < 'f'; c++)
        kept += get((char[]){'/', c, 0}, false, "1") ? 1 : 0;
    cr_expect_eq(kept, 4);
    cr_expect(get("/e", false, "1"));
    th_http_cache_free(cache);
}

Test(http_cache, what_has_no_moment_or_too_long_a_target_is_not_kept)
{
    char target[600];
    cr_assert_eq(th_http_cache_new(2, 1000, &cache), 0);
    put("/a", false, "1 ", 10);
    cr_expect(!get("/a", false, "1"));
    memset(target, 'a', sizeof target - 1);
    target[sizeof target - 1] = 0;
    put(target, false, "1", 10);
    cr_expect(!get(target, false, "1"));
    th_http_cache_free(cache);
}
