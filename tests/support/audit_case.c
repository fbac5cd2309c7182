/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/audit_case.h"

#include "base/file.h"
#include "proto/exchange/keys_file.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

char *audit_out, *audit_err;
size_t audit_out_size;

/* All that was written to the file; a child's share too. */
static char *drain(FILE *file, size_t *ret_size)
{
    cr_assert_eq(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    cr_assert_geq(size, 0);
    rewind(file);
    char *text = calloc(1, (size_t)size + 1);
    cr_assert_not_null(text);
    cr_assert_eq(fread(text, 1, (size_t)size, file), (size_t)size);
    (void)fclose(file);
    *ret_size = (size_t)size;
    return text;
}

int audit_run(audit_command *command, const char *const *words)
{
    char *argv[32], *copies[32];
    int argc = 0;
    size_t err_size;
    for (; words[argc] != NULL; argc++) {
        cr_assert_lt(argc, 31);
        argv[argc] = copies[argc] = strdup(words[argc]); /* getopt moves argv about */
    }
    argv[argc] = NULL;
    FILE *out = tmpfile(), *err = tmpfile();
    cr_assert(out != NULL && err != NULL);
    int code = command(argc, argv, out, err);
    free(audit_out);
    free(audit_err);
    audit_out = drain(out, &audit_out_size);
    audit_err = drain(err, &err_size);
    for (int i = 0; i < argc; i++)
        free(copies[i]);
    return code;
}

const char *audit_path(const char *folder, const char *name)
{
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

void audit_write(const char *path, const void *bytes, size_t size)
{
    cr_assert_eq(th_file_write(path, 0644, bytes, size), 0, "%s", path);
}

char *audit_read(const char *path, size_t *ret_size)
{
    char *bytes;
    cr_assert_eq(th_file_read(path, (size_t)1 << 24, &bytes, ret_size), 0, "%s", path);
    return bytes;
}

void audit_write_keys(struct ledger *ledger, const char *path)
{
    cr_assert_eq(th_keys_file_write(path, th_store_log_keys(ledger->store)), 0);
}

static struct th_view *view_of(struct ledger *ledger)
{
    struct th_view *view;
    cr_assert_eq(th_view_open(ledger->store, &view), 0);
    return view;
}

struct th_bytes audit_receipt(struct ledger *ledger, uint64_t position)
{
    struct th_view *view = view_of(ledger);
    struct th_bytes text;
    cr_assert_eq(th_view_receipt(view, position, &ledger->arena, &text), 0);
    th_view_close(view);
    return text;
}

void audit_write_checkpoint(struct ledger *ledger, uint64_t size, const char *path)
{
    struct th_view *view = view_of(ledger);
    struct th_bytes note;
    uint64_t found;
    cr_assert_eq(th_view_checkpoint(view, size, &found, &note), 0);
    audit_write(path, note.bytes, note.size);
    th_view_close(view);
}

void audit_write_proof(struct ledger *ledger, uint64_t old_size, const char *path)
{
    struct th_view *view = view_of(ledger);
    struct th_consistency proof;
    char text[TH_CONSISTENCY_TEXT_MAX];
    size_t size;
    cr_assert_eq(th_view_consistency(view, old_size, th_view_size(view), &proof), 0);
    cr_assert_eq(th_tlog_consistency_format(&proof, sizeof text, text, &size), 0);
    audit_write(path, text, size);
    th_view_close(view);
}
