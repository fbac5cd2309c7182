/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* open_memstream */
#include "tests/support/cli_case.h"

#include "aggregator/driver/driver.h"
#include "aggregator/shell/secrets.h"
#include "base/file.h"
#include "proto/wire/submission.h"
#include "tests/support/folder.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { WORDS_MAX = 24, LINE_SIZE = 2048 };

int cli_case_run(struct cli_case *fixture, cli_command *command, const char *line)
{
    char words[LINE_SIZE];
    char *argv[WORDS_MAX + 1];
    size_t size = 0, out_size, err_size;
    int argc = 0;
    for (const char *at = line; *at != 0; at++) {
        bool is_store = at[0] == '@' && at[1] == 'D';
        bool is_folder = at[0] == '@' && at[1] == 'F';
        if (!is_store && !is_folder) {
            words[size++] = *at;
            continue;
        }
        const char *put = is_store ? fixture->store : fixture->folder;
        size += (size_t)snprintf(words + size, sizeof words - size, "%s", put);
        at++;
    }
    words[size] = 0;
    for (char *word = strtok(words, " "); word != NULL && argc < WORDS_MAX;
         word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    free(fixture->out);
    free(fixture->err);
    FILE *out = open_memstream(&fixture->out, &out_size);
    FILE *err = open_memstream(&fixture->err, &err_size);
    int code = command(argc, argv, out, err);
    (void)fclose(out);
    (void)fclose(err);
    return code;
}

json_t *cli_case_json(const struct cli_case *fixture)
{
    json_t *json = json_loads(fixture->out, 0, NULL);
    cr_assert_not_null(json, "%s", fixture->out);
    return json;
}

const char *cli_case_path(const struct cli_case *fixture, const char *name)
{
    static char path[600];
    (void)snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    return path;
}

bool cli_case_has(const struct cli_case *fixture, const char *name)
{
    return access(cli_case_path(fixture, name), F_OK) == 0;
}

char *cli_case_read(const struct cli_case *fixture, const char *name, size_t *ret_size)
{
    char *text = NULL;
    const char *path = cli_case_path(fixture, name);
    cr_assert_eq(th_file_read(path, (size_t)64 << 20, &text, ret_size), 0, "%s", path);
    return text;
}

void cli_case_write(const struct cli_case *fixture, const char *name, const void *bytes,
                    size_t size)
{
    cr_assert_eq(th_file_write(cli_case_path(fixture, name), 0600, bytes, size), 0);
}

void cli_case_copy(const struct cli_case *fixture, const char *from, const char *to)
{
    size_t size;
    char *text = cli_case_read(fixture, from, &size);
    cli_case_write(fixture, to, text, size);
    free(text);
}

/* ---- the store ---- */

struct running {
    struct th_store *store;
    struct th_secrets secrets;
    struct th_driver_ports ports;
    struct th_driver *driver;
    struct th_act_result result;
};

static void keep_result(void *context, uint64_t sender, const struct th_act_result *result)
{
    (void)sender;
    ((struct running *)context)->result = *result;
}

static void run_item(struct cli_case *fixture, struct th_item item)
{
    char problem[TH_SECRETS_PROBLEM_SIZE];
    const struct th_driver_options options = {0};
    struct running running = {.ports = {.transport = th_transport_none,
                                        .publisher = th_publisher_none,
                                        .admission = th_admission_none}};
    running.ports.transport.context = &running;
    running.ports.transport.done = keep_result;
    cr_assert_eq(th_store_open(fixture->store, TH_STORE_WRITE, NULL, problem, &running.store), 0,
                 "%s", problem);
    const struct th_store_identity *identity = th_store_identity(running.store);
    cr_assert_eq(th_secrets_read(fixture->store, identity->realm, identity->log_key, problem,
                                 &running.secrets),
                 0, "%s", problem);
    cr_assert_eq(th_store_port_open(running.store, &running.ports.store), 0);
    cr_assert_eq(th_driver_new(&running.ports, &running.secrets.signer, &options, &running.driver),
                 0);
    cr_assert_eq(th_driver_load(running.driver), 0);
    cr_assert_eq(th_driver_run(running.driver, &item, 1), 0);
    cr_assert_eq(running.result.status, 0);
    if (item.kind == TH_ITEM_SUBMISSION)
        cr_assert_gt(th_driver_counters(running.driver)->accepted, 0);
    th_driver_free(running.driver);
    th_store_port_close(&running.ports.store);
    th_secrets_deinit(&running.secrets);
    th_store_close(running.store);
}

void cli_case_submit(struct cli_case *fixture, struct th_paper paper)
{
    struct th_submission submission;
    struct th_bytes raw = th_officer_write(&fixture->province, &fixture->officer, paper);
    cr_assert_eq(th_wire_submission_decode(raw, &fixture->province.arena, &submission), 0);
    run_item(fixture, (struct th_item){
                          .kind = TH_ITEM_SUBMISSION,
                          .peer_unit = {fixture->officer.unit, strlen(fixture->officer.unit)},
                          .submission = {.submission = &submission, .raw = raw},
                      });
}

static struct th_view *open_view(struct cli_case *fixture, struct th_store **ret_store)
{
    struct th_view *view;
    cr_assert_eq(th_store_open(fixture->store, TH_STORE_READ, NULL, NULL, ret_store), 0);
    cr_assert_eq(th_view_open(*ret_store, &view), 0);
    return view;
}

uint64_t cli_case_size(struct cli_case *fixture)
{
    struct th_store *store;
    struct th_view *view = open_view(fixture, &store);
    uint64_t size = th_view_size(view);
    th_view_close(view);
    th_store_close(store);
    return size;
}

void cli_case_checkpoint(struct cli_case *fixture, const char *name)
{
    struct th_store *store;
    struct th_bytes note;
    uint64_t size;
    struct th_view *view = open_view(fixture, &store);
    cr_assert_eq(th_view_checkpoint(view, th_view_size(view), &size, &note), 0);
    cli_case_write(fixture, name, note.bytes, note.size);
    th_view_close(view);
    th_store_close(store);
}

void cli_case_init(struct cli_case *fixture)
{
    cr_assert_geq(sodium_init(), 0);
    *fixture = (struct cli_case){.out = NULL};
    th_test_folder_make(fixture->folder);
    (void)snprintf(fixture->store, sizeof fixture->store, "%s/store", fixture->folder);
    cr_assert_eq(cli_case_run(fixture, th_cli_init,
                              "init @D --rehearsal --units plans/units/gialai-2024.csv --plan "
                              "plans/gialai-2025.yaml"),
                 EX_OK, "%s", fixture->err);
    th_province_init(&fixture->province);
    th_officer_init(&fixture->officer, th_province_commune(&fixture->province, 0));
    run_item(fixture,
             (struct th_item){.kind = TH_ITEM_ACT, .act = th_officer_enrolment(&fixture->officer)});
    cr_assert_eq(cli_case_run(fixture, th_cli_clock, "clock @D --to 2025-05-05"), EX_OK, "%s",
                 fixture->err);
}

void cli_case_deinit(struct cli_case *fixture)
{
    free(fixture->out);
    free(fixture->err);
    th_province_deinit(&fixture->province);
    th_test_folder_remove(fixture->folder);
}
