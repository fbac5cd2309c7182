/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom to call in each unit: the file contacts.csv of a store's folder, outside the journal.
 *
 * CSV in UTF-8, with or without a byte order mark, commas or (as some spreadsheets write)
 * semicolons between, one person a line. Columns are unit, name, phone, email, note, in any order;
 * they may be called mã, họ tên, điện thoại, thư điện tử, ghi chú; `unit` must be there. A unit may
 * have several people: the first line's is the one that lists show. Strict: an unknown column, a
 * code that is no code, a number with letters in it, a control character, a field that is too long
 * is a problem with its line and column; all of them are found in one run.
 *
 * A list is constant after it was read and lives in an arena of its own.
 */
#ifndef TH_CONTACTS_CONTACTS_H
#define TH_CONTACTS_CONTACTS_H

#include "base/arena.h"
#include "base/problems.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#define TH_CONTACTS_FILE      "contacts.csv"
#define TH_CONTACTS_SIZE_MAX  ((size_t)8 * 1024 * 1024)
#define TH_CONTACTS_COUNT_MAX 50000
#define TH_CONTACTS_FIELD_MAX 300 /* bytes of one field */

struct th_contact {
    const char *unit;  /* its code */
    const char *name;  /* "" when it is not there, as all that follow */
    const char *phone; /* as it is written */
    const char *dial;  /* of the first number, for a tel: link: digits, + before them or not */
    const char *email;
    const char *note;
    uint32_t line;
};

struct th_contacts {
    struct th_arena arena;
    const struct th_contact *items; /* by unit code, then by line */
    uint32_t count;
};

/*
 * Reads the bytes of a file, which problems call `name`. Every failure but TH_E_NO_MEMORY has added
 * problems: TH_E_INVALID. The list is to be freed with th_contacts_deinit().
 */
TH_MUST_CHECK int th_contacts_parse(const char *name, const char *bytes, size_t size,
                                    struct th_problems *problems, struct th_contacts *ret_contacts);
/* The same of a file. One that is not there has no contacts: 0 with an empty list. Also
 * TH_E_FORBIDDEN, TH_E_IO, TH_E_LIMIT, likewise told. */
TH_MUST_CHECK int th_contacts_read(const char *path, struct th_problems *problems,
                                   struct th_contacts *ret_contacts);
/* Tells that th_file_read() of a file of contacts failed, as errno said; returns what it is. */
int th_contacts_unread(const char *path, int status, struct th_problems *problems);
void th_contacts_deinit(struct th_contacts *contacts);

/* The first contact of a unit, NULL when it has none; borrows. `ret_count` (may be NULL) gets how
 * many follow each other from there. */
const struct th_contact *th_contacts_find(const struct th_contacts *contacts, const char *unit,
                                          uint32_t *ret_count);

/* A file that is read again when it changed. One thread at a time. */
struct th_contacts_file {
    const char *path; /* borrowed */
    bool is_read;
    bool is_there;
    struct stat seen;
    struct th_contacts contacts;
};
void th_contacts_file_init(const char *path, struct th_contacts_file *ret_file);
void th_contacts_file_deinit(struct th_contacts_file *file);
/*
 * What the file says now: the same list as long as it has not changed, then a new one, and the old
 * one is gone. On a failure (as th_contacts_read(), told in `problems`) what was read last stays in
 * force and is given all the same; the file is not read again before it changes.
 */
TH_MUST_CHECK int th_contacts_file_refresh(struct th_contacts_file *file,
                                           struct th_problems *problems,
                                           const struct th_contacts **ret_contacts);

#endif
