/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* open_memstream */
#include "aggregator/daemon/counters.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct th_daemon_counters counters;
static struct th_driver_counters driver;

/* Owned. */
static char *printed(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *log = open_memstream(&text, &size);
    th_counters_print(&counters, &driver, log);
    (void)fclose(log);
    return text;
}

static char *end_of(int status)
{
    char *text = NULL;
    size_t size = 0;
    FILE *log = open_memstream(&text, &size);
    th_counters_print_end(status, log);
    (void)fclose(log);
    return text;
}

Test(counters, troubles_that_did_not_happen_are_not_listed)
{
    driver.accepted = 7;
    char *text = printed();
    cr_assert_not_null(strstr(text, "báo cáo: 7 nhận"));
    cr_assert_null(strstr(text, "bỏ vì"));
    cr_assert_null(strstr(text, "mất vì"));
    cr_assert_null(strstr(text, "quá lớn"));
    free(text);
}

Test(counters, lost_answers_unannounced_plans_and_drops_are_listed)
{
    driver.answers_lost = 3;
    driver.unannounced = 4;
    atomic_store(&counters.dropped[TH_DROP_QUOTA], 5);
    char *text = printed();
    cr_assert_not_null(strstr(text, "câu trả lời mất vì hết bộ nhớ: 3"));
    cr_assert_not_null(strstr(text, "không gửi được: 4"));
    cr_assert_not_null(strstr(text, "bỏ vì gửi quá nhanh: 5"));
    free(text);
}

Test(counters, what_was_readmitted_and_what_is_damaged_is_listed_when_there_is_any)
{
    char *text = printed();
    cr_assert_null(strstr(text, "nhận lại"));
    cr_assert_null(strstr(text, "hỏng"));
    free(text);
    driver.readmitted = 6;
    atomic_store(&counters.scrub_faults, 2);
    atomic_store(&counters.dropped[TH_DROP_READMISSION], 3);
    text = printed();
    cr_assert_not_null(strstr(text, "báo cáo nhận lại sau khi mất: 6"));
    cr_assert_not_null(strstr(text, "chỗ hỏng trong kho: 2"));
    cr_assert_not_null(strstr(text, "bỏ vì biên nhận không cho phép nhận lại: 3"));
    free(text);
}

Test(counters, the_line_of_the_end_blames_the_disk_only_for_the_disk)
{
    char *memory = end_of(TH_E_NO_MEMORY);
    char *disk = end_of(TH_E_IO);
    char *damage = end_of(TH_E_CORRUPT);
    cr_assert_null(strstr(memory, "đĩa"));
    cr_assert_not_null(strstr(memory, "hết bộ nhớ"));
    cr_assert_not_null(strstr(disk, "Kiểm tra đĩa"));
    cr_assert_null(strstr(damage, "đĩa"));
    cr_assert_not_null(strstr(damage, "hỏng"));
    free(memory);
    free(disk);
    free(damage);
}
