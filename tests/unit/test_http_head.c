/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/http/head.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define GET  "GET / HTTP/1.1\r\n"
#define HOST "Host: 127.0.0.1:7480\r\n"

static int judge_bytes(const char *bytes, size_t size)
{
    struct th_http_head head = {true, {"untouched", 9}};
    char *exact = malloc(size + 1); /* so that a byte too far is seen */
    memcpy(exact, bytes, size);
    struct th_http_verdict verdict = th_http_judge(exact, size, "tonghop.example.vn", &head);
    cr_assert((verdict.why == NULL) ==
              (verdict.code == TH_HTTP_GOOD || verdict.code == TH_HTTP_MORE));
    if (verdict.code != TH_HTTP_GOOD)
        cr_assert_str_eq(head.target.bytes, "untouched");
    free(exact);
    return verdict.code;
}

static int judge(const char *text)
{
    return judge_bytes(text, strlen(text));
}

Test(http_head, a_plain_get_is_good)
{
    struct th_http_head head;
    const char text[] = "GET /api/v1/units?q=%C4%91%E1%BB%93ng HTTP/1.1\r\n" HOST "\r\n";
    cr_assert_eq(th_http_judge(text, sizeof text - 1, NULL, &head).code, TH_HTTP_GOOD);
    cr_assert(!head.is_head);
    cr_assert_eq(head.target.size, strlen("/api/v1/units?q=%C4%91%E1%BB%93ng"));
    cr_assert_eq(head.target.bytes, text + 4);
}

Test(http_head, every_beginning_of_a_good_one_waits_for_more)
{
    const char text[] = "HEAD /a HTTP/1.1\r\n" HOST "User-Agent: b/1 (c; d)\r\n\r\n";
    for (size_t size = 0; size + 1 < sizeof text - 1; size++)
        cr_assert_eq(judge_bytes(text, size), TH_HTTP_MORE, "%zu", size);
    cr_assert_eq(judge_bytes(text, sizeof text - 1), TH_HTTP_GOOD);
}

Test(http_head, a_control_byte_is_refused_before_the_end_is_there)
{
    cr_assert_eq(judge("GET /\n"), 400);
    cr_assert_eq(judge("GET / HTTP/1.1\r\nHost: a\x1b["), 400);
    cr_assert_eq(judge("\x16\x03\x01"), 400);
    cr_assert_eq(judge("GET /\rx"), 400);
    cr_assert_eq(judge_bytes("GET /\0", 6), 400);
    cr_assert_eq(judge("\r\n"), 400);
    cr_assert_eq(judge("GET /\r"), TH_HTTP_MORE);
}

Test(http_head, the_request_line_is_exact)
{
    cr_expect_eq(judge("GET / HTTP/1.0\r\n" HOST "\r\n"), TH_HTTP_GOOD);
    cr_expect_eq(judge("GET / HTTP/1.2\r\n" HOST "\r\n"), 505);
    cr_expect_eq(judge("GET / HTTP/2.0\r\n" HOST "\r\n"), 505);
    cr_expect_eq(judge("GET / http/1.1\r\n" HOST "\r\n"), 400);
    cr_expect_eq(judge("GET / HTTP/1.1 \r\n" HOST "\r\n"), 400);
    cr_expect_eq(judge("GET /\r\n" HOST "\r\n"), 400);
    cr_expect_eq(judge("GET  / HTTP/1.1\r\n" HOST "\r\n"), 400);
    cr_expect_eq(judge(" GET / HTTP/1.1\r\n" HOST "\r\n"), 400);
    cr_expect_eq(judge("get / HTTP/1.1\r\n" HOST "\r\n"), 501);
    cr_expect_eq(judge("DELETE / HTTP/1.1\r\n" HOST "\r\n"), 405);
    cr_expect_eq(judge("GE(T / HTTP/1.1\r\n" HOST "\r\n"), 400);
}

Test(http_head, a_target_is_a_path_of_printable_ascii)
{
    cr_expect_eq(judge("GET http://a/ HTTP/1.1\r\n" HOST "\r\n"), 400);
    cr_expect_eq(judge("GET * HTTP/1.1\r\n" HOST "\r\n"), 400);
    cr_expect_eq(judge("GET /a#b HTTP/1.1\r\n" HOST "\r\n"), 400);
    cr_expect_eq(judge("GET /a\\b HTTP/1.1\r\n" HOST "\r\n"), 400);
    cr_expect_eq(judge("GET /\xc4\x91 HTTP/1.1\r\n" HOST "\r\n"), 400);
    cr_expect_eq(judge("GET /<a> HTTP/1.1\r\n" HOST "\r\n"), 400);
}

Test(http_head, fields_have_a_name_a_colon_and_one_line)
{
    cr_expect_eq(judge(GET HOST "X: a\r\n b\r\n\r\n"), 400);
    cr_expect_eq(judge(GET HOST "X: a\r\n\tb\r\n\r\n"), 400);
    cr_expect_eq(judge(GET HOST "X : a\r\n\r\n"), 400);
    cr_expect_eq(judge(GET HOST ": a\r\n\r\n"), 400);
    cr_expect_eq(judge(GET HOST "X\r\n\r\n"), 400);
    cr_expect_eq(judge(GET HOST "X:\r\n\r\n"), TH_HTTP_GOOD);
    cr_expect_eq(judge(GET HOST "Cookie: t\xc3\xaan=\xff\r\n\r\n"), TH_HTTP_GOOD);
    cr_expect_eq(judge(GET HOST "T\xc3\xaan: a\r\n\r\n"), 400);
}

Test(http_head, no_body_is_taken_and_its_end_is_never_unclear)
{
    cr_expect_eq(judge(GET HOST "Content-Length: 0\r\n\r\n"), TH_HTTP_GOOD);
    cr_expect_eq(judge(GET HOST "Content-Length: 1\r\n\r\n"), 413);
    cr_expect_eq(judge(GET HOST "Content-Length: 99999999999999999999\r\n\r\n"), 413);
    cr_expect_eq(judge(GET HOST "Content-Length: -1\r\n\r\n"), 400);
    cr_expect_eq(judge(GET HOST "Content-Length: +0\r\n\r\n"), 400);
    cr_expect_eq(judge(GET HOST "Content-Length: 0, 0\r\n\r\n"), 400);
    cr_expect_eq(judge(GET HOST "Content-Length:\r\n\r\n"), 400);
    cr_expect_eq(judge(GET HOST "Content-Length: 0\r\ncontent-length: 0\r\n\r\n"), 400);
    cr_expect_eq(judge(GET HOST "Transfer-Encoding: chunked\r\n\r\n"), 413);
    cr_expect_eq(judge(GET HOST "Transfer-Encoding: xchunked\r\n\r\n"), 501);
    cr_expect_eq(judge(GET HOST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"), 400);
    cr_expect_eq(judge(GET HOST "Expect: 100-continue\r\n\r\n"), 417);
    cr_expect_eq(judge(GET HOST "\r\nx"), 400);
    cr_expect_eq(judge(GET HOST "\r\n" GET HOST "\r\n"), 400);
    cr_expect_eq(judge("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"), 405);
}

Test(http_head, the_host_is_one_of_this_server)
{
    cr_expect_eq(judge(GET "\r\n"), 400);
    cr_expect_eq(judge(GET "Host:\r\n\r\n"), 400);
    cr_expect_eq(judge(GET HOST HOST "\r\n"), 400);
    cr_expect_eq(judge(GET "Host: localhost\r\n\r\n"), TH_HTTP_GOOD);
    cr_expect_eq(judge(GET "host:LocalHost:9999  \r\n\r\n"), TH_HTTP_GOOD);
    cr_expect_eq(judge(GET "Host: [::1]:1\r\n\r\n"), TH_HTTP_GOOD);
    cr_expect_eq(judge(GET "Host: TongHop.example.vn\r\n\r\n"), TH_HTTP_GOOD);
    cr_expect_eq(judge(GET "Host: tonghop.example.vn:443\r\n\r\n"), 421);
    cr_expect_eq(judge(GET "Host: localhost:\r\n\r\n"), 421);
    cr_expect_eq(judge(GET "Host: localhost:0\r\n\r\n"), 421);
    cr_expect_eq(judge(GET "Host: localhost.example.org\r\n\r\n"), 421);
    cr_expect_eq(judge(GET "Host: 127.0.0.11\r\n\r\n"), 421);
    cr_expect_eq(judge(GET "Host: example.org\r\n\r\n"), 421);
}

static char *long_head(const char *first, size_t padding, size_t *ret_size)
{
    size_t head = strlen(first);
    char *text = malloc(head + padding + 5);
    memcpy(text, first, head);
    memset(text + head, 'a', padding);
    memcpy(text + head + padding, "\r\n\r\n", 5);
    *ret_size = head + padding + 4;
    return text;
}

Test(http_head, size_and_number_of_fields_are_bounded)
{
    const char first[] = GET HOST "X: ";
    size_t size;
    char *text = long_head(first, TH_HTTP_HEAD_MAX - strlen(first) - 4, &size);
    cr_expect_eq(size, TH_HTTP_HEAD_MAX);
    cr_expect_eq(judge_bytes(text, size), TH_HTTP_GOOD);
    free(text);
    text = long_head(first, TH_HTTP_HEAD_MAX - strlen(first) - 3, &size);
    cr_expect_eq(judge_bytes(text, size), 431);
    cr_expect_eq(judge_bytes(text, TH_HTTP_HEAD_MAX), 431);
    free(text);
    text = long_head("GET /", TH_HTTP_HEAD_MAX, &size);
    cr_expect_eq(judge_bytes(text, TH_HTTP_HEAD_MAX), 414);
    free(text);
    char many[2048] = GET HOST;
    for (int i = 1; i < TH_HTTP_FIELDS_MAX; i++)
        strcat(many, "X: 1\r\n");
    size_t used = strlen(many);
    strcpy(many + used, "\r\n");
    cr_expect_eq(judge(many), TH_HTTP_GOOD);
    strcpy(many + used, "X: 1\r\n\r\n");
    cr_expect_eq(judge(many), 431);
}

Test(http_head, tags_are_compared_weakly)
{
    cr_expect(th_http_matches(th_text_of("W/\"5\""), "W/\"5\""));
    cr_expect(th_http_matches(th_text_of("\"5\""), "W/\"5\""));
    cr_expect(th_http_matches(th_text_of("\"4\" , W/\"5\""), "\"5\""));
    cr_expect(th_http_matches(th_text_of(" * "), "\"5\""));
    cr_expect(!th_http_matches(th_text_of("\"55\""), "\"5\""));
    cr_expect(!th_http_matches(th_text_of("5"), "\"5\""));
    cr_expect(!th_http_matches(th_text_of(""), "\"5\""));
}

Test(http_head, gzip_is_taken_when_it_is_wanted)
{
    cr_expect(th_http_takes_gzip(th_text_of("gzip")));
    cr_expect(th_http_takes_gzip(th_text_of("br;q=1.0, GZIP ;q=0.1, *;q=0")));
    cr_expect(!th_http_takes_gzip(th_text_of("gzip;q=0")));
    cr_expect(!th_http_takes_gzip(th_text_of("gzip; q=0.000")));
    cr_expect(!th_http_takes_gzip(th_text_of("br, xgzip")));
    cr_expect(!th_http_takes_gzip(th_text_of("")));
}
