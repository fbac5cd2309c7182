/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target of a request, split and decoded: the segments of its path and the parameters of its
 * question. Pure.
 *
 * Refused: empty segments, "." and "..", a slash, a backslash or a control character inside a
 * segment, however they are spelt; a parameter without a name, one that is there twice; text that
 * is not UTF-8. So what was split is never joined to a path of files.
 */
#ifndef TH_HTTP_TARGET_H
#define TH_HTTP_TARGET_H

#include "base/text.h"

#define TH_HTTP_SEGMENTS_MAX   10
#define TH_HTTP_PARAMETERS_MAX 16

struct th_http_parameter {
    struct th_text name, value;
};

struct th_http_target {
    struct th_text segments[TH_HTTP_SEGMENTS_MAX]; /* none: the path is "/" */
    size_t segments_count;
    struct th_http_parameter parameters[TH_HTTP_PARAMETERS_MAX];
    size_t parameters_count;
};

/* `room`: a byte larger than the target and as long-lived as the result, whose texts lie in it,
 * each with a NUL behind it. TH_E_SYNTAX; `ret_why` is then a Vietnamese sentence. */
TH_MUST_CHECK int th_http_target_split(struct th_text target, char *room,
                                       struct th_http_target *ret_target, const char **ret_why);

#endif
