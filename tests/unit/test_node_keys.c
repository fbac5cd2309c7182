/* SPDX-License-Identifier: Apache-2.0 */
/* A node and a log that gets another key: named by the key before, or by an officer. */
#include "nodes/home/trust.h"
#include "proto/exchange/keys_file.h"
#include "tests/support/node_line.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

static struct th_node_line line;

static void set_up(void)
{
    th_node_line_make(&line, TH_MODE_LIVE);
}

static void tear_down(void)
{
    th_node_line_remove(&line);
}

TestSuite(node_keys, .init = set_up, .fini = tear_down);

static bool has_keys_file(void)
{
    char path[TH_HOME_PATH_SIZE];
    cr_assert_eq(th_home_path(line.node.home_path, TH_KEYS_FILE, path), 0);
    return access(path, F_OK) == 0;
}

Test(node_keys, a_rotation_is_followed_and_both_receipts_hold)
{
    th_node_line_receive(&line, 2);
    th_fake_rotate(&line.node.province);
    th_node_line_connect(&line);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 0);
    cr_assert_eq(th_node_line_count_notices(&line, TH_NOTICE_LOG_KEY), 1);
    cr_assert_eq(line.node.home.log_keys.count, 2);
    th_node_case_submit_number(&line.node, 3, 1, 3);
    th_node_line_pass(&line, 1);
    struct th_receipt old, new;
    th_node_line_open_newest(&line, 1, &old);
    th_node_line_open_newest(&line, 3, &new);
    cr_assert_eq(old.key, &line.node.home.log_keys.items[0]);
    cr_assert_eq(new.key, &line.node.home.log_keys.items[1]);
    th_node_line_restart(&line);
    cr_assert_eq(line.node.home.log_keys.count, 2, "it was on the disk");
    th_node_line_connect(&line);
    cr_assert_eq(line.told[TH_NEWS_NOTICE], 1, "told once");
    cr_assert_eq(line.told[TH_NEWS_ALARM], 0);
}

Test(node_keys, a_node_that_was_away_for_several_keys_follows_all)
{
    th_node_line_receive(&line, 1);
    th_fake_rotate(&line.node.province);
    th_fake_recover(&line.node.province, 1, true);
    th_fake_rotate(&line.node.province);
    th_node_line_connect(&line);
    cr_assert_eq(line.node.home.log_keys.count, 4);
    cr_assert_str_eq(th_home_log(&line.node.home), line.node.province.server.realm);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 0);
    th_node_case_submit_number(&line.node, 3, 1, 3);
    th_node_line_pass(&line, 1);
    cr_assert_eq(th_node_line_item(&line, 2).state, TH_ITEM_RECEIVED);
}

static void expect_refusal(void)
{
    th_node_case_submit_number(&line.node, 9, 1, 9);
    size_t submissions = line.node.province.submissions_count;
    th_node_line_connect(&line);
    th_node_line_pass(&line, 1);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 1);
    cr_assert_eq(th_node_line_count_notices(&line, TH_NOTICE_STRANGER), 1);
    cr_assert_eq(line.node.province.submissions_count, submissions, "nothing is sent");
    cr_assert_eq(line.node.province.readmissions_count, 0);
    cr_assert_eq(line.node.home.log_keys.count, 1);
    cr_assert_not(has_keys_file());
}

Test(node_keys, a_succession_with_a_changed_bit_is_refused)
{
    th_node_line_receive(&line, 1);
    th_fake_rotate(&line.node.province);
    struct th_log_key *key = &line.node.province.keys.items[1];
    key->succession[key->succession_size - 10] ^= 1;
    expect_refusal();
}

Test(node_keys, a_succession_that_another_key_signed_is_refused)
{
    th_node_line_receive(&line, 1);
    struct th_note_signer good = line.node.province.signer;
    line.node.province.signer = line.node.province.forger;
    th_log_keys_begin(&line.node.province.forger.vkey, &line.node.province.keys);
    th_fake_rotate(&line.node.province);
    expect_refusal();
    line.node.province.signer = good;
}

Test(node_keys, a_key_that_is_not_the_one_in_the_succession_is_refused)
{
    th_node_line_receive(&line, 1);
    th_fake_rotate(&line.node.province);
    line.node.province.keys.items[1].vkey = line.node.province.forger.vkey;
    expect_refusal();
}

Test(node_keys, one_bad_key_at_the_end_spoils_the_good_one_before_it)
{
    th_node_line_receive(&line, 1);
    th_fake_rotate(&line.node.province);
    th_node_case_submit_number(&line.node, 5, 1, 5);
    line.node.province.leaves_count++;
    th_fake_rotate(&line.node.province);
    line.node.province.keys.items[2].after++;
    expect_refusal();
}

Test(node_keys, a_server_that_is_behind_the_known_log_is_a_stranger)
{
    th_node_line_receive(&line, 2);
    struct th_fake before = line.node.province;
    th_fake_recover(&line.node.province, 1, true);
    th_node_line_connect(&line);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 0);
    before.readmissions_count = line.node.province.readmissions_count;
    memcpy(&line.node.province.keys, &before.keys, sizeof before.keys);
    line.node.province.server = before.server;
    line.node.province.signer = before.signer;
    line.node.province.has_lost = false;
    th_node_case_submit_number(&line.node, 5, 1, 5);
    th_node_line_connect(&line);
    cr_assert_eq(th_node_line_count_notices(&line, TH_NOTICE_STRANGER), 1);
    cr_assert_eq(th_node_line_item(&line, 3).state, TH_ITEM_QUEUED);
}

/* One backup was recovered in two places: both logs have one name, and the old key signed for each.
 */
Test(node_keys, a_second_log_of_the_same_name_is_a_stranger_to_who_follows_the_first)
{
    th_node_line_receive(&line, 2);
    struct th_fake before = line.node.province;
    th_fake_recover(&line.node.province, 1, true);
    th_node_line_connect(&line);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 0);
    cr_assert_eq(line.node.home.log_keys.count, 2);
    const struct th_vkey first = line.node.home.log_keys.items[1].vkey;
    memcpy(&line.node.province.keys, &before.keys, sizeof before.keys);
    line.node.province.server = before.server;
    line.node.province.signer = before.signer;
    line.node.province.keys_variant = 1;
    th_fake_recover(&line.node.province, 1, true);
    const struct th_vkey *second = &line.node.province.keys.items[1].vkey;
    cr_assert_str_eq(second->name, first.name);
    cr_assert_neq(memcmp(second->public_key, first.public_key, sizeof first.public_key), 0);
    th_node_case_submit_number(&line.node, 5, 1, 5);
    th_node_line_connect(&line);
    cr_assert_eq(th_node_line_count_notices(&line, TH_NOTICE_STRANGER), 1);
    cr_assert_eq(th_node_line_item(&line, 3).state, TH_ITEM_QUEUED);
    cr_assert_eq(line.node.home.log_keys.count, 2);
}

/* ---- an officer vouches ---- */

static void trust_new_server(uint64_t held)
{
    struct th_problems problems;
    struct th_home_trust trust;
    th_problems_init(&problems);
    th_fake_write_server(&line.node.province, line.node.server_path, "tcp://127.0.0.1:2");
    cr_assert_eq(th_home_compare_server(&line.node.home, line.node.server_path, &problems, &trust),
                 0);
    cr_assert(trust.has_new_log_key);
    cr_assert_eq(th_home_trust_server(&line.node.home, &trust, held, &problems), 0);
    th_problems_deinit(&problems);
}

Test(node_keys, a_lost_key_needs_an_officer_and_then_all_goes_on)
{
    th_node_line_receive(&line, 4);
    th_fake_recover(&line.node.province, 2, false);
    expect_refusal();
    trust_new_server(4);
    th_node_line_restart(&line);
    cr_assert_eq(line.node.home.log_keys.count, 2);
    cr_assert_str_eq(line.node.home.server.address, "tcp://127.0.0.1:2");
    th_node_line_connect(&line);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 1, "the one before");
    cr_assert_eq(th_node_line_count_readmitted(&line, 4), 2);
    cr_assert_eq(th_node_line_item(&line, 5).state, TH_ITEM_RECEIVED);
    th_fake_rotate(&line.node.province);
    th_node_line_connect(&line);
    cr_assert_eq(line.node.home.log_keys.count, 3, "and the next keys are followed as before");
}
