/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/query/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- names ---- */

static int fold_into(struct th_arena *arena, const char *text, size_t size, const char **ret_folded)
{
    char *folded = NULL;
    size_t folded_size = 0;
    int status = th_text_fold(text, size, &folded, &folded_size);
    if (status < 0)
        return status;
    *ret_folded = th_arena_copy_text(arena, folded, folded_size);
    free(folded);
    return *ret_folded == NULL ? TH_E_NO_MEMORY : TH_OK;
}

struct named {
    const char *name;
    uint32_t unit;
};

static int compare_named(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : (x->unit > y->unit) - (x->unit < y->unit);
}

static int fold_unit(const struct th_unit *unit, struct th_arena *arena, const char **ret_folded,
                     uint8_t *ret_name_at)
{
    char text[64 + TH_UNIT_NAME_MAX];
    const char *folded_prefix = "", *prefix = th_unit_kind_prefix(unit->kind);
    int status = fold_into(arena, prefix, strlen(prefix), &folded_prefix);
    if (status != TH_OK)
        return status;
    (void)snprintf(text, sizeof text, "%s%s%s", prefix, prefix[0] == '\0' ? "" : " ", unit->name);
    status = fold_into(arena, text, strlen(text), ret_folded);
    if (status != TH_OK)
        return status;
    size_t name_at = prefix[0] == '\0' ? 0 : strlen(folded_prefix) + 1;
    if (name_at > 0 && strncmp(*ret_folded + name_at, *ret_folded, name_at) == 0)
        *ret_folded += name_at; /* the name has it already */
    else
        *ret_name_at = (uint8_t)name_at;
    return TH_OK;
}

int th_query_names_build(const struct th_unit_list *units, struct th_arena *arena,
                         struct th_query_names *ret_names)
{
    size_t count = (size_t)units->count + 1;
    const char **folded = th_arena_alloc_array(arena, count, sizeof *folded);
    uint8_t *name_at = th_arena_alloc_array(arena, count, sizeof *name_at);
    uint32_t *by_name = th_arena_alloc_array(arena, count, sizeof *by_name);
    struct named *named = calloc(count, sizeof *named);
    int status = folded == NULL || name_at == NULL || by_name == NULL || named == NULL
                     ? TH_E_NO_MEMORY
                     : TH_OK;
    for (uint32_t i = 0; i < units->count && status == TH_OK; i++) {
        status = fold_unit(&units->units[i], arena, &folded[i], &name_at[i]);
        if (status == TH_OK)
            named[i] = (struct named){folded[i] + name_at[i], i};
    }
    if (status == TH_OK) {
        qsort(named, units->count, sizeof *named, compare_named);
        for (uint32_t i = 0; i < units->count; i++)
            by_name[i] = named[i].unit;
        *ret_names = (struct th_query_names){folded, name_at, by_name};
    }
    free(named);
    return status;
}

/* ---- words ---- */

int th_search_words_init(struct th_text given, struct th_arena *arena,
                         struct th_search_words *ret_words)
{
    char *folded = NULL;
    size_t size = 0, kept = 0;
    int status = th_text_fold(given.bytes, given.size, &folded, &size);
    if (status < 0)
        return status;
    char *text = th_arena_copy_text(arena, folded, size);
    free(folded);
    if (text == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; i < size; i++) {
        bool is_blank = text[i] == ' ' || text[i] == '\t';
        if (!is_blank || (kept > 0 && text[kept - 1] != ' '))
            text[kept++] = is_blank ? ' ' : text[i];
    }
    while (kept > 0 && text[kept - 1] == ' ')
        kept--;
    text[kept] = '\0';
    ret_words->folded = text;
    return TH_OK;
}

/* ---- matches ---- */

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || (byte & 0x80) != 0;
}

/* Whether the text has the word where a word begins. */
static bool begins_a_word(const char *text, const char *word, size_t word_size)
{
    const char *at = text;
    for (; *at != '\0'; at++)
        if ((at == text || !is_letter(at[-1])) && strncmp(at, word, word_size) == 0)
            return true;
    return false;
}

static bool has_every_word(const char *text, const char *words)
{
    while (*words != '\0') {
        size_t size = strcspn(words, " ");
        if (!begins_a_word(text, words, size))
            return false;
        words += size + (words[size] == ' ');
    }
    return true;
}

int th_search_rank(const struct th_search_words *words, const char *folded, size_t name_at)
{
    const char *wanted = words->folded, *name = folded + name_at;
    size_t size = strlen(wanted);
    if (size == 0 || strcmp(name, wanted) == 0 || strcmp(folded, wanted) == 0)
        return TH_SEARCH_BEST;
    if (strncmp(name, wanted, size) == 0 || strncmp(folded, wanted, size) == 0)
        return 1;
    if (begins_a_word(folded, wanted, size))
        return 2;
    if (has_every_word(folded, wanted))
        return 3;
    return size > 1 && strstr(folded, wanted) != NULL ? TH_SEARCH_WORST : TH_SEARCH_NONE;
}

int th_search_rank_unit(const struct th_search_words *words, const struct th_query_names *names,
                        const struct th_unit_list *units, uint32_t unit)
{
    const char *code = units->units[unit].code;
    size_t size = strlen(words->folded);
    int rank = th_search_rank(words, names->folded[unit], names->name_at[unit]);
    if (strcasecmp(code, words->folded) == 0)
        rank = TH_SEARCH_BEST;
    else if (rank > 1 && size > 0 && strncasecmp(code, words->folded, size) == 0)
        rank = 1;
    return rank;
}

int th_search_in_text(const struct th_search_words *words, struct th_text text, bool *ret_found)
{
    char *folded = NULL;
    size_t size = 0;
    if (words->folded[0] == '\0') {
        *ret_found = true;
        return TH_OK;
    }
    int status = th_text_fold(text.bytes, text.size, &folded, &size);
    if (status < 0)
        return status;
    *ret_found = strstr(folded, words->folded) != NULL || has_every_word(folded, words->folded);
    free(folded);
    return TH_OK;
}
