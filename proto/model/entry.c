/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/entry.h"

#include <string.h>

static const char *const kind_words[] = {
    [TH_ENTRY_FOUNDED] = "founded",
    [TH_ENTRY_UNITS] = "units",
    [TH_ENTRY_PLAN] = "plan",
    [TH_ENTRY_ENROLLED] = "enrolled",
    [TH_ENTRY_REVOKED] = "revoked",
    [TH_ENTRY_SUBMISSION] = "submission",
    [TH_ENTRY_REMINDER] = "reminder",
    [TH_ENTRY_CLOSING] = "closing",
    [TH_ENTRY_CLOCK] = "clock",
    [TH_ENTRY_ROTATED] = "rotated",
    [TH_ENTRY_RECOVERED] = "recovered",
    [TH_ENTRY_RECOVERY_ENDED] = "recovery_ended",
    [TH_ENTRY_READMITTED] = "readmitted",
    [TH_ENTRY_ENTERED] = "entered",
};

bool th_entry_has_reports(enum th_entry_kind kind)
{
    return kind == TH_ENTRY_SUBMISSION || kind == TH_ENTRY_READMITTED || kind == TH_ENTRY_ENTERED;
}

#define KINDS ((int)(sizeof kind_words / sizeof kind_words[0]))

const char *th_entry_kind_word(enum th_entry_kind kind)
{
    return (int)kind > 0 && (int)kind < KINDS ? kind_words[kind] : "unknown";
}

int th_entry_kind_parse(const char *word, enum th_entry_kind *ret_kind)
{
    for (int kind = 1; kind < KINDS; kind++)
        if (strcmp(kind_words[kind], word) == 0) {
            *ret_kind = (enum th_entry_kind)kind;
            return 0;
        }
    return TH_E_NOT_FOUND;
}
