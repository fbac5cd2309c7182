/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "aggregator/http/reply.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

Test(http_reply, a_failure_is_a_problem_with_its_row_of_the_table)
{
    struct th_http_reply reply = {.code = 200, .etag = "\"x\"", .file_name = "x"};
    th_http_reply_status(&reply, TH_E_NOT_FOUND, "không có <đơn vị> \"x\"", "/a?b");
    cr_assert_eq(reply.code, 404);
    cr_assert_str_eq(reply.type, "application/problem+json");
    cr_expect_str_eq(reply.etag, "");
    cr_expect_str_eq(reply.file_name, "");
    json_t *json = json_loadb((const char *)reply.body->bytes, reply.body->size, 0, NULL);
    cr_expect_str_eq(json_string_value(json_object_get(json, "type")),
                     "urn:tonghop:problem:not_found");
    cr_expect_str_eq(json_string_value(json_object_get(json, "code")), "not_found");
    cr_expect_str_eq(json_string_value(json_object_get(json, "detail")), "không có <đơn vị> \"x\"");
    cr_expect_str_eq(json_string_value(json_object_get(json, "instance")), "/a?b");
    cr_expect_eq(json_integer_value(json_object_get(json, "status")), 404);
    json_decref(json);
    th_http_reply_deinit(&reply);
}

Test(http_reply, a_failure_without_a_sentence_says_its_status)
{
    struct th_http_reply reply = {.code = 200};
    th_http_reply_status(&reply, TH_E_BUSY, "", NULL);
    cr_assert_eq(reply.code, 503);
    cr_expect_not_null(
        memmem(reply.body->bytes, reply.body->size, "hãy thử lại sau", strlen("hãy thử lại sau")));
    cr_expect_null(memmem(reply.body->bytes, reply.body->size, "instance", 8));
    th_http_reply_deinit(&reply);
}

Test(http_reply, a_refusal_is_whole)
{
    static const int codes[] = {400, 405, 408, 413, 414, 417, 421, 431, 501, 503, 505};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        char room[TH_HTTP_REFUSAL_SIZE + 1], want[80];
        size_t size = th_http_refusal(codes[i], "vì thế", room);
        room[size] = 0;
        char *body = strstr(room, "\r\n\r\n") + 4;
        json_t *json = json_loads(body, 0, NULL);
        cr_assert_not_null(json, "%s", body);
        cr_expect_eq(json_integer_value(json_object_get(json, "status")), codes[i]);
        const char *title = json_string_value(json_object_get(json, "title"));
        char *first = strchr(room, '\r');
        *first = 0;
        cr_expect_null(strstr(room, title), "what people read is no phrase of the protocol");
        *first = '\r';
        json_decref(json);
        snprintf(want, sizeof want, "Content-Length: %zu\r\n", strlen(body));
        cr_expect_not_null(strstr(room, want), "%s", room);
        snprintf(want, sizeof want, "HTTP/1.1 %d ", codes[i]);
        cr_expect_eq(strncmp(room, want, strlen(want)), 0);
        cr_expect_not_null(strstr(room, "Connection: close\r\n"));
        cr_expect_eq(strstr(room, "Allow: GET, HEAD\r\n") != NULL, codes[i] == 405);
        cr_expect_eq(strstr(room, "Retry-After: ") != NULL, codes[i] == 503);
    }
}

Test(http_reply, packed_content_is_the_same)
{
    struct th_http_body *plain = th_http_body_new(100000);
    for (size_t i = 0; i < plain->size; i++)
        plain->bytes[i] = (uint8_t)(i * i / 1000);
    struct th_http_body *packed = th_http_body_pack(plain, 1);
    cr_assert_lt(packed->size, plain->size);
    static uint8_t again[100001];
    z_stream stream = {.next_in = packed->bytes,
                       .avail_in = (uInt)packed->size,
                       .next_out = again,
                       .avail_out = sizeof again};
    cr_assert_eq(inflateInit2(&stream, 15 + 16), Z_OK);
    cr_assert_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
    cr_assert_eq(stream.total_out, plain->size);
    cr_expect_eq(memcmp(again, plain->bytes, plain->size), 0);
    inflateEnd(&stream);
    th_http_body_drop(plain);
    th_http_body_drop(packed);
}

Test(http_reply, a_response_holds_its_body_until_it_is_gone)
{
    struct th_http_reply reply = {.code = 200, .type = TH_HTTP_TYPE_TEXT, .is_packed = true};
    reply.body = th_http_body_of((struct th_bytes){(const uint8_t *)"abc", 3});
    struct MHD_Response *response = th_http_reply_response(&reply);
    cr_assert_not_null(response);
    cr_expect_eq(atomic_load(&reply.body->holders), 2);
    cr_expect_str_eq(MHD_get_response_header(response, "Content-Encoding"), "gzip");
    cr_expect_str_eq(MHD_get_response_header(response, "X-Content-Type-Options"), "nosniff");
    cr_expect_str_eq(MHD_get_response_header(response, "Cache-Control"), "no-store");
    cr_expect_null(MHD_get_response_header(response, "ETag"));
    MHD_destroy_response(response);
    cr_expect_eq(atomic_load(&reply.body->holders), 1);
    th_http_reply_deinit(&reply);
}
