/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/enrolment.h"

#include "base/problems.h"
#include "proto/exchange/node_file.h"

#include <string.h>

static bool is_text(struct th_text text, const char *expected)
{
    return text.size == strlen(expected) && memcmp(text.bytes, expected, text.size) == 0;
}

const char *th_enrolment_fault(const struct th_log_keys *keys, const struct th_enrolment *enrolment,
                               int *ret_status)
{
    struct th_problems problems;
    struct th_node_file file;
    th_problems_init(&problems);
    *ret_status = th_node_file_parse("node.pub", (const char *)enrolment->proof.bytes,
                                     enrolment->proof.size, &problems, &file);
    th_problems_deinit(&problems);
    if (*ret_status != 0)
        return "tệp node.pub kèm theo không đọc được";
    if (!is_text(enrolment->unit, file.unit))
        return "tệp node.pub kèm theo là của đơn vị khác";
    if (memcmp(file.sign_key.bytes, enrolment->sign_key.bytes, sizeof file.sign_key.bytes) != 0 ||
        memcmp(file.curve_key, enrolment->curve_key, sizeof file.curve_key) != 0)
        return "khóa được ghi danh khác với khóa trong tệp node.pub kèm theo";
    if (!th_log_keys_has_origin(keys, file.realm))
        return "tệp node.pub kèm theo được lập cho một nơi nhận khác";
    if (th_node_file_verify_signature(&file) != 0)
        return "chữ ký trong tệp node.pub kèm theo sai";
    return NULL;
}
