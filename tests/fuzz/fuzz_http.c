/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stranger's bytes go through before libmicrohttpd sees them, and what their target goes
 * through behind it: no crash, nothing read past the end, and what was let in is what it should be.
 * Without libFuzzer, main() replays heads that are written here: whole, cut, joined and with
 * flipped bits.
 */
#include "aggregator/http/head.h"
#include "aggregator/http/routes.h"
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever was let in: one line, one path, no way out of it. */
static void check_target(struct th_text target)
{
    struct th_http_target split;
    struct th_http_asked asked;
    char problem[TH_HTTP_PROBLEM_SIZE];
    const char *why = NULL;
    TH_ASSERT(target.size > 0 && target.bytes[0] == '/');
    for (size_t i = 0; i < target.size; i++)
        TH_ASSERT(target.bytes[i] > ' ' && target.bytes[i] < 0x7f);
    char *room = malloc(target.size + 1);
    TH_ASSERT(room != NULL);
    if (th_http_target_split(target, room, &split, &why) == 0) {
        for (size_t i = 0; i < split.segments_count; i++) {
            struct th_text segment = split.segments[i];
            TH_ASSERT(strlen(segment.bytes) == segment.size);
            TH_ASSERT(strpbrk(segment.bytes, "/\\\r\n") == NULL);
            TH_ASSERT(strcmp(segment.bytes, "..") != 0);
        }
        int status = th_http_route(&split, &asked, problem);
        TH_ASSERT(status == 0 || status == TH_E_NOT_FOUND || status == TH_E_INVALID);
        TH_ASSERT(status != 0 || asked.route != NULL);
    }
    free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct th_http_head head;
    char *bytes = malloc(size + 1); /* of its exact size: what reads on is seen */
    TH_ASSERT(bytes != NULL);
    memcpy(bytes, data, size);
    struct th_http_verdict verdict = th_http_judge(bytes, size, "tonghop.example.vn", &head);
    TH_ASSERT(verdict.code == TH_HTTP_MORE || verdict.code == TH_HTTP_GOOD ||
              (verdict.code >= 400 && verdict.code < 600));
    if (verdict.code == TH_HTTP_GOOD) {
        TH_ASSERT(size <= TH_HTTP_HEAD_MAX);
        TH_ASSERT(memcmp(bytes + size - 4, "\r\n\r\n", 4) == 0);
        TH_ASSERT(memchr(bytes, 0, size) == NULL);
        check_target(head.target);
    }
    (void)th_http_matches((struct th_text){bytes, size}, "W/\"1\"");
    (void)th_http_takes_gzip((struct th_text){bytes, size});
    free(bytes);
    return 0;
}

#ifndef TH_LIBFUZZER

#define GET  "GET / HTTP/1.1\r\n"
#define HOST "Host: 127.0.0.1:7480\r\n"

static const char *const heads[] = {
    GET HOST "\r\n",
    "HEAD /api/v1/units?q=%C4%91%E1%BB%93ng&limit=5 HTTP/1.1\r\n" HOST
    "If-None-Match: \"a\", W/\"1\"\r\nAccept-Encoding: br, gzip;q=0.5\r\n\r\n",
    "GET /api/v1/plans/p/obligations/o/standing?as_of=2025-05-10T17:00+07:00&brief=1&unit=64 "
    "HTTP/1.0\r\nHost: localhost\r\nLast-Event-ID: 12\r\n\r\n",
    GET HOST "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /a/../b HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello",
    "GET /%2e%2e/%00/..%2f HTTP/1.1\r\n" HOST "\r\n",
    "GET /a?b&c=&=d&b HTTP/1.1\r\nHost: [::1]:1\r\nX: a\r\n b\r\n\r\n",
};

static size_t runs;

static void run(const char *bytes, size_t size)
{
    (void)LLVMFuzzerTestOneInput((const uint8_t *)bytes, size);
    runs++;
}

static void replay(char *bytes, size_t size)
{
    for (size_t cut = 0; cut <= size; cut++)
        run(bytes, cut);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        run(bytes, size);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    }
    for (size_t at = 0; at < size; at++)
        for (int byte = 0; byte < 256; byte += 5) {
            char was = bytes[at];
            bytes[at] = (char)byte;
            run(bytes, size);
            bytes[at] = was;
        }
}

int main(void)
{
    enum { COUNT = sizeof heads / sizeof heads[0] };
    static char bytes[2048];
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 0; j <= COUNT; j++) {
            size_t size =
                (size_t)snprintf(bytes, sizeof bytes, "%s%s", heads[i], j == COUNT ? "" : heads[j]);
            if (j == COUNT)
                replay(bytes, size);
            else
                run(bytes, size);
        }
    printf("%zu heads\n", runs);
    return 0;
}

#endif
