/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/http/events.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct th_http_events *events;

static void open_events(size_t changes_max, size_t groups_max)
{
    const struct th_http_events_options options = {.changes_max = changes_max,
                                                   .groups_max = groups_max,
                                                   .bytes_max = 1 << 20,
                                                   .position = 100,
                                                   .time = {0}};
    cr_assert_eq(th_http_events_new(&options, &events), 0);
}

static void tell(const char *change)
{
    th_http_events_tell(events, th_text_of(change));
}

static void reach(uint64_t position)
{
    th_http_events_reach(events, position, (th_instant){1000 * (int64_t)position});
    cr_assert(th_http_events_gather(events));
}

static bool has(uint64_t number, const char *words)
{
    char text[8192];
    const struct th_http_body *group = th_http_events_group(events, number);
    cr_assert_not_null(group);
    cr_assert_lt(group->size, sizeof text);
    memcpy(text, group->bytes, group->size);
    text[group->size] = 0;
    return strstr(text, words) != NULL;
}

static uint64_t begin(const char *last_event, const char *word)
{
    char text[512];
    uint64_t number = UINT64_MAX;
    struct th_http_body *body = th_http_events_begin(events, th_text_of(last_event), &number);
    cr_assert_not_null(body);
    memcpy(text, body->bytes, body->size);
    text[body->size] = 0;
    if (word == NULL)
        cr_expect_null(strstr(text, "event:"), "%s", text);
    else
        cr_expect_not_null(strstr(text, word), "%s", text);
    th_http_body_drop(body);
    return number;
}

Test(http_events, changes_of_one_group_end_with_the_position)
{
    open_events(16, 16);
    tell("rollup/p/o/64/all");
    tell("standing/p/o/23557");
    tell("notice/closing/p/o");
    tell("notice/reminder/p/o");
    reach(105);
    cr_expect(has(0, "event: rollup\ndata: {\"plan\":\"p\",\"obligation\":\"o\",\"unit\":\"64\","
                     "\"branch\":\"all\",\"position\":105}\n\n"));
    cr_expect(has(0, "event: standing\ndata: {\"plan\":\"p\",\"obligation\":\"o\","
                     "\"unit\":\"23557\",\"position\":105}\n\n"));
    cr_expect(
        has(0, "event: closing\ndata: {\"plan\":\"p\",\"obligation\":\"o\",\"position\":105}"));
    cr_expect(has(0, "event: reminder\n"));
    cr_expect(has(0, "id: 105\nevent: position\ndata: {\"position\":105,\"time\":"
                     "\"1970-01-01T07:01:45+07:00\"}\n\n"));
    th_http_events_free(events);
}

Test(http_events, a_change_is_told_once_in_a_group)
{
    open_events(2, 16);
    for (int i = 0; i < 1000; i++)
        tell("standing/p/o/23557");
    reach(101);
    const struct th_http_body *once = th_http_events_group(events, 0);
    size_t size = once->size;
    tell("standing/p/o/23557");
    reach(102);
    cr_expect_eq(th_http_events_group(events, 1)->size, size);
    th_http_events_free(events);
}

Test(http_events, nothing_new_makes_no_group)
{
    open_events(2, 16);
    cr_expect(!th_http_events_gather(events));
    reach(101);
    cr_expect(!th_http_events_gather(events));
    cr_expect_eq(th_http_events_next(events), 1);
    th_http_events_free(events);
}

Test(http_events, too_many_changes_say_begin_anew)
{
    open_events(2, 16);
    tell("standing/p/o/1");
    tell("standing/p/o/2");
    tell("standing/p/o/3");
    reach(103);
    cr_expect(has(0, "id: 103\nevent: reset\n"));
    cr_expect(!has(0, "event: standing"));
    tell("standing/p/o/3");
    reach(104);
    cr_expect(has(1, "event: standing") && has(1, "event: position"));
    th_http_events_free(events);
}

Test(http_events, what_is_no_change_is_not_told)
{
    char long_one[TH_HTTP_CHANGE_MAX + 2];
    memset(long_one, 'a', sizeof long_one - 1);
    long_one[sizeof long_one - 1] = 0;
    open_events(16, 16);
    tell("");
    tell(long_one);
    tell("rollup/p/o/64");
    tell("rollup/p/o/64/all/more");
    tell("other/p/o/64");
    tell("standing/p/\"\n\xff/64");
    reach(101);
    cr_expect_eq(th_http_events_group(events, 0)->bytes[0], 'i'); /* its end alone */
    th_http_events_free(events);
}

/* The longest one that there can be, of the bytes that take the most room. */
Test(http_events, what_json_has_to_spell_otherwise_is_spelt_so)
{
    char longest[TH_HTTP_CHANGE_MAX + 1] = "standing/p/o/";
    memset(longest + strlen(longest), '\x01', sizeof longest - 1 - strlen("standing/p/o/"));
    longest[sizeof longest - 1] = 0;
    open_events(16, 16);
    tell("standing/p/a\"b\\c/Đắk\n");
    tell(longest);
    reach(101);
    cr_expect(has(0, "data: {\"plan\":\"p\",\"obligation\":\"a\\\"b\\\\c\",\"unit\":\"Đắk\\u000a\","
                     "\"position\":101}\n\n"));
    cr_expect(has(0, "\\u0001\\u0001\",\"position\":101}\n\nid: 101\n"));
    th_http_events_free(events);
}

Test(http_events, who_resumes_gets_what_it_has_not_seen)
{
    open_events(16, 16);
    cr_expect_eq(begin("", "event: position"), 0);
    cr_expect_eq(begin("100", NULL), 0);
    reach(103);
    reach(104);
    reach(109);
    cr_expect_eq(begin("100", NULL), 0);
    cr_expect_eq(begin("103", NULL), 1);
    cr_expect_eq(begin("104", NULL), 2);
    cr_expect_eq(begin("106", NULL), 2); /* within a group: all of it again */
    cr_expect_eq(begin("109", NULL), 3);
    cr_expect_eq(begin("", "id: 109\nevent: position"), 3);
    th_http_events_free(events);
}

Test(http_events, who_was_away_too_long_begins_anew)
{
    open_events(16, 2);
    for (uint64_t position = 101; position < 110; position++)
        reach(position);
    cr_expect_null(th_http_events_group(events, 0));
    cr_expect_eq(begin("107", NULL), 7);
    cr_expect_eq(begin("106", "id: 109\nevent: reset"), 9);
    cr_expect_eq(begin("110", "event: reset"), 9);
    cr_expect_eq(begin("abc", "event: reset"), 9);
    cr_expect_eq(begin("-1", "event: reset"), 9);
    th_http_events_free(events);
}
