/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong around a readmission: disks, connections, provinces that ask for too much. */
#include "nodes/home/home.h"
#include "proto/exchange/keys_file.h"
#include "tests/support/node_line.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct th_node_line line;
static struct th_fake *province;

static void set_up(void)
{
    th_node_line_make(&line, TH_MODE_LIVE);
    province = &line.node.province;
}

static void tear_down(void)
{
    th_node_line_remove(&line);
}

TestSuite(node_again, .init = set_up, .fini = tear_down);

static bool is_idle(void)
{
    th_node_line_wait(&line, 1);
    return th_node_driver_is_idle(line.driver);
}

static void name_keys_file(char ret_path[TH_HOME_PATH_SIZE])
{
    cr_assert_eq(th_home_path(line.node.home_path, TH_KEYS_FILE, ret_path), 0);
}

/* ---- keys ---- */

Test(node_again, as_many_keys_as_a_log_may_have_are_followed_at_once)
{
    th_node_line_receive(&line, 1);
    while (province->keys.count < TH_LOG_KEYS_MAX) {
        province->leaves_count++;
        th_fake_rotate(province);
    }
    th_node_line_connect(&line);
    cr_assert_eq(line.node.home.log_keys.count, TH_LOG_KEYS_MAX);
    cr_assert_eq(th_node_line_count_notices(&line, TH_NOTICE_LOG_KEY), TH_LOG_KEYS_MAX - 1);
    th_node_line_restart(&line);
    cr_assert_eq(line.node.home.log_keys.count, TH_LOG_KEYS_MAX);
    th_node_line_connect(&line);
    th_node_case_submit_number(&line.node, 2, 1, 2);
    th_node_line_pass(&line, 1);
    cr_assert_eq(th_node_line_item(&line, 2).state, TH_ITEM_RECEIVED);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 0);
}

/* A folder in the place of the file: it cannot be written. */
Test(node_again, a_key_that_cannot_be_kept_is_not_used_and_is_learnt_after_a_restart)
{
    char path[TH_HOME_PATH_SIZE];
    th_node_line_receive(&line, 1);
    th_fake_rotate(province);
    name_keys_file(path);
    cr_assert_eq(mkdir(path, 0700), 0);
    struct th_bytes frame, answers[TH_FAKE_ANSWERS_MAX];
    cr_assert_eq(th_node_driver_on_connected(line.driver), 0);
    cr_assert(th_node_line_take(&line, &frame));
    cr_assert_eq(th_fake_answer(province, frame, &line.arena, answers), 1);
    cr_assert_eq(th_node_driver_on_frame(line.driver, answers[0]), TH_E_IO);
    cr_assert_eq(line.node.home.log_keys.count, 1);
    cr_assert_eq(th_node_line_count_notices(&line, TH_NOTICE_LOG_KEY), 0);
    cr_assert_eq(rmdir(path), 0);
    th_node_line_restart(&line);
    th_node_line_connect(&line);
    cr_assert_eq(line.node.home.log_keys.count, 2);
    cr_assert_eq(th_node_line_count_notices(&line, TH_NOTICE_LOG_KEY), 1);
}

Test(node_again, a_node_whose_key_file_went_shows_what_it_holds_when_it_has_learnt_again)
{
    char path[TH_HOME_PATH_SIZE];
    th_node_line_receive(&line, 2);
    th_fake_rotate(province);
    th_node_line_connect(&line);
    th_node_case_submit_number(&line.node, 3, 1, 3);
    th_node_line_pass(&line, 1);
    th_fake_recover(province, 2, true);
    name_keys_file(path);
    cr_assert_eq(unlink(path), 0);
    th_node_line_restart(&line);
    th_node_line_connect(&line);
    cr_assert_eq(line.node.home.log_keys.count, 3);
    cr_assert(th_node_line_item(&line, 3).is_readmitted);
    cr_assert_eq(province->readmissions_count, 1);
}

/* ---- connections ---- */

Test(node_again, a_node_that_was_cut_off_is_not_idle_until_it_was_asked_again)
{
    th_node_line_receive(&line, 12);
    th_fake_recover(province, 2, true);
    cr_assert_eq(th_node_driver_on_connected(line.driver), 0);
    th_node_line_exchange_some(&line, 4);
    th_node_line_lose(&line);
    cr_assert_not(is_idle());
    th_node_line_connect(&line);
    cr_assert(is_idle());
    th_node_line_lose(&line);
    cr_assert(is_idle(), "nothing was cut off");
}

/* ---- what a province may do ---- */

Test(node_again, a_loss_of_a_log_that_the_node_never_had_asks_for_nothing)
{
    th_node_line_receive(&line, 3);
    (void)strcpy(province->lost_realm, "somebody/else");
    province->has_lost = true;
    th_node_line_connect(&line);
    cr_assert_eq(province->readmissions_count, 0);
    cr_assert(is_idle());
    cr_assert_eq(line.told[TH_NEWS_ALARM], 0);
}

Test(node_again, bad_receipts_one_after_the_other_do_not_fill_the_disk)
{
    th_node_line_receive(&line, 1);
    th_fake_recover(province, 0, true);
    province->mood = TH_FAKE_FORGES;
    th_node_line_connect(&line);
    for (int i = 0; i < 10; i++)
        th_node_line_pass(&line, TH_NODE_BACKOFF_MAX_MS);
    cr_assert_geq(province->readmissions_count, 10);
    cr_assert_eq(th_node_line_count_notices(&line, TH_NOTICE_EVIDENCE), 1);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 1);
}

/* ---- the disk ---- */

/* Changes one byte of the item's receipt. */
static void damage_receipt(uint64_t id)
{
    struct th_outbox_detail detail;
    char path[TH_HOME_PATH_SIZE];
    static char bytes[1 << 20];
    cr_assert_eq(th_outbox_get_detail(line.node.outbox, id, &line.arena, &detail), 0);
    cr_assert_eq(th_home_path(line.node.home_path, "outbox/data.mdb", path), 0);
    FILE *file = fopen(path, "r+b");
    cr_assert_not_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file), hits = 0;
    cr_assert(feof(file));
    for (size_t i = 0; i + detail.receipt.size <= size; i++) {
        if (memcmp(bytes + i, detail.receipt.bytes, detail.receipt.size) != 0)
            continue;
        cr_assert_eq(fseek(file, (long)i, SEEK_SET), 0);
        cr_assert_eq(fputc(bytes[i] ^ 1, file), bytes[i] ^ 1);
        hits++;
    }
    cr_assert_gt(hits, 0, "the receipt is not in the file");
    cr_assert_eq(fclose(file), 0);
}

Test(node_again, a_receipt_that_went_bad_meanwhile_is_fetched_again_at_once)
{
    th_node_line_receive(&line, 3);
    th_fake_recover(province, 1, true);
    damage_receipt(2);
    th_node_line_connect(&line);
    cr_assert_eq(th_node_line_item(&line, 2).state, TH_ITEM_SENT);
    cr_assert_eq(th_node_line_count_readmitted(&line, 3), 1, "the other one");
    cr_assert_not(th_node_driver_is_idle(line.driver));
    th_node_line_pass(&line, 1);
    cr_assert_eq(th_node_line_item(&line, 2).state, TH_ITEM_RECEIVED);
    cr_assert(is_idle());
    cr_assert_eq(th_node_line_count_notices(&line, TH_NOTICE_SET_ASIDE), 1);
}
