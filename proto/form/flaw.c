/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/form/flaw.h"

#include "base/assert.h"

#include <string.h>

static const struct {
    const char *word;
    int status;
    const char *hint;
    const char *text;
} rows[TH_FORM_FLAW_COUNT] = {
#define XX(name, word, status, hint, text)                                                         \
    [TH_FORM_FLAW_##name] = {word, TH_E_##status, hint, text},
    TH_FORM_FLAW_MAP(XX)
#undef XX
};

static bool is_flaw(enum th_form_flaw flaw)
{
    return flaw > TH_FORM_FLAWLESS && flaw < TH_FORM_FLAW_COUNT;
}

const char *th_form_flaw_word(enum th_form_flaw flaw)
{
    TH_ASSERT(is_flaw(flaw));
    return rows[flaw].word;
}

int th_form_flaw_tell(enum th_form_flaw flaw, const char *file, struct th_problems *problems)
{
    TH_ASSERT(is_flaw(flaw));
    th_problems_add(problems, (struct th_place){file, 0, 0}, rows[flaw].hint, "%s",
                    rows[flaw].text);
    return rows[flaw].status;
}

bool th_form_flaw_find(const char *word, size_t size, enum th_form_flaw *ret_flaw)
{
    for (int i = TH_FORM_FLAWLESS + 1; i < TH_FORM_FLAW_COUNT; i++)
        if (strlen(rows[i].word) == size && memcmp(rows[i].word, word, size) == 0) {
            *ret_flaw = (enum th_form_flaw)i;
            return true;
        }
    return false;
}
