/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom to call in each unit: the file contacts.csv of a store's folder, outside the journal.
 *
 * CSV in UTF-8, with or without a byte order mark, one person a line:
 *   unit,name,phone,email,note
 * Columns may stand in any order; `unit` must be there. A unit may have several people, the first
 * line's is the one that lists show. Strict: an unknown column, a code that is no code, a control
 * character, a line that is too long is an error with its line and column, all found in one run.
 *
 * A list is constant after it was read; it lives in an arena of its own.
 */
#ifndef TH_CONTACTS_CONTACTS_H
#define TH_CONTACTS_CONTACTS_H

#include "base/arena.h"
#include "base/problems.h"

#include <stdbool.h>
#include <stdint.h>

#define TH_CONTACTS_FILE      "contacts.csv"
#define TH_CONTACTS_SIZE_MAX  ((size_t)8 * 1024 * 1024)
#define TH_CONTACTS_COUNT_MAX 50000
#define TH_CONTACTS_FIELD_MAX 300 /* bytes of one field */

struct th_contact {
    const char *unit;  /* its code */
    const char *name;  /* "" when it is not there, as all that follow */
    const char *phone; /* as it is written */
    const char *dial;  /* for a tel: link: digits, with + before them or not */
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
 * Reads a file. A file that is not there is no contacts: 0 with an empty list. Otherwise every
 * failure but TH_E_NO_MEMORY has added problems: TH_E_IO, TH_E_LIMIT, TH_E_SYNTAX, TH_E_INVALID,
 * TH_E_TEXT. The list is to be freed with th_contacts_deinit().
 */
TH_MUST_CHECK int th_contacts_read(const char *path, struct th_problems *problems,
                                   struct th_contacts *ret_contacts);
void th_contacts_deinit(struct th_contacts *contacts);

/* The first contact of a unit, NULL when it has none; borrows. `ret_count` (may be NULL) gets how
 * many follow each other. */
const struct th_contact *th_contacts_find(const struct th_contacts *contacts, const char *unit,
                                          uint32_t *ret_count);

#endif
