/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/receipt/refusal.h"

#include "base/assert.h"
#include "proto/tlog/hash.h"

#include <string.h>

#define FIRST_LINE "tonghop refusal v1\n"

/* ---- signing ---- */

/* Appends to a buffer that is known to be large enough. */
static size_t append(char *buffer, size_t at, const char *text, size_t size)
{
    memcpy(buffer + at, text, size);
    return at + size;
}

static size_t append_text(char *buffer, size_t at, const char *text)
{
    return append(buffer, at, text, strlen(text));
}

static size_t append_digest(char *buffer, size_t at, const struct th_digest *digest)
{
    char text[TH_DIGEST_BASE64_SIZE + 1];
    th_tlog_digest_encode(digest, text);
    return append_text(buffer, at, text);
}

static size_t append_line(char *buffer, size_t at, const struct th_wire_verdict *verdict)
{
    at = append_digest(buffer, at, &verdict->report_digest);
    at = append_text(buffer, at, " ");
    at = append_text(buffer, at, th_verdict_word(verdict->kind));
    for (size_t i = 0; i < verdict->reasons_count; i++) {
        const struct th_text *rule = &verdict->reasons[i].rule;
        at = append_text(buffer, at, i == 0 ? " " : ",");
        at = append(buffer, at, rule->bytes, rule->size);
    }
    return append_text(buffer, at, "\n");
}

int th_refusal_sign(const struct th_outcome *outcome, const struct th_note_signer *signer,
                    struct th_arena *arena, struct th_bytes *ret_note)
{
    const char *realm = signer->vkey.name;
    size_t size = strlen(FIRST_LINE) + strlen(realm) + 1 + TH_DIGEST_BASE64_SIZE + 1;
    for (size_t i = 0; i < outcome->verdicts_count; i++) {
        const struct th_wire_verdict *verdict = &outcome->verdicts[i];
        size += TH_DIGEST_BASE64_SIZE + 1 + strlen(th_verdict_word(verdict->kind)) + 1;
        for (size_t j = 0; j < verdict->reasons_count; j++)
            size += 1 + verdict->reasons[j].rule.size;
    }
    size_t capacity = size + 1 + TH_NOTE_LINE_MAX;
    char *note = th_arena_alloc(arena, capacity);
    if (note == NULL)
        return TH_E_NO_MEMORY;
    size_t at = append_text(note, 0, FIRST_LINE);
    at = append_text(note, at, realm);
    at = append_text(note, at, "\n");
    at = append_digest(note, at, &outcome->header_digest);
    at = append_text(note, at, "\n");
    for (size_t i = 0; i < outcome->verdicts_count; i++)
        at = append_line(note, at, &outcome->verdicts[i]);
    TH_ASSERT(at == size);
    size_t note_size = 0;
    int status = th_tlog_note_sign(note, size, signer, capacity, note, &note_size);
    if (status == 0)
        *ret_note = (struct th_bytes){(const uint8_t *)note, note_size};
    return status;
}

/* ---- opening ---- */

bool th_refusal_is_named(struct th_bytes text)
{
    return text.size >= strlen(FIRST_LINE) &&
           memcmp(text.bytes, FIRST_LINE, strlen(FIRST_LINE)) == 0;
}

/* The next line, without its newline; what is left moves on. */
static bool next_line(struct th_text *left, struct th_text *ret_line)
{
    const char *end = memchr(left->bytes, '\n', left->size);
    if (end == NULL)
        return false;
    size_t size = (size_t)(end - left->bytes);
    *ret_line = (struct th_text){left->bytes, size};
    *left = (struct th_text){end + 1, left->size - size - 1};
    return true;
}

static int read_verdict(struct th_text word, enum th_verdict *ret_verdict)
{
    static const enum th_verdict refusing[] = {TH_VERDICT_CONFLICT, TH_VERDICT_REJECTED};
    for (size_t i = 0; i < sizeof refusing / sizeof refusing[0]; i++) {
        const char *known = th_verdict_word(refusing[i]);
        if (word.size == strlen(known) && memcmp(word.bytes, known, word.size) == 0) {
            *ret_verdict = refusing[i];
            return 0;
        }
    }
    return TH_E_SYNTAX;
}

static int read_line(struct th_text text, struct th_refusal_line *ret_line)
{
    const size_t head = TH_DIGEST_BASE64_SIZE;
    struct th_refusal_line line = {.rules = {"", 0}};
    if (text.size <= head || text.bytes[head] != ' ')
        return TH_E_SYNTAX;
    int status = th_tlog_digest_decode(text.bytes, head, &line.report_digest);
    if (status != 0)
        return status;
    struct th_text word = {text.bytes + head + 1, text.size - head - 1};
    const char *blank = memchr(word.bytes, ' ', word.size);
    if (blank != NULL) {
        size_t size = (size_t)(blank - word.bytes);
        line.rules = (struct th_text){blank + 1, word.size - size - 1};
        word.size = size;
    }
    status =
        blank != NULL && line.rules.size == 0 ? TH_E_SYNTAX : read_verdict(word, &line.verdict);
    if (status == 0)
        *ret_line = line;
    return status;
}

/* The lines of the reports, at least one. */
static int read_lines(struct th_text left, struct th_arena *arena, struct th_refusal *refusal)
{
    struct th_refusal_line *lines =
        th_arena_alloc_array(arena, TH_LIMIT_REPORTS_MAX, sizeof *lines);
    if (lines == NULL)
        return TH_E_NO_MEMORY;
    refusal->lines = lines;
    refusal->lines_count = 0;
    int status = left.size == 0 ? TH_E_SYNTAX : 0;
    while (status == 0 && left.size > 0) {
        struct th_text line;
        if (refusal->lines_count == TH_LIMIT_REPORTS_MAX)
            return TH_E_LIMIT;
        status =
            next_line(&left, &line) ? read_line(line, &lines[refusal->lines_count++]) : TH_E_SYNTAX;
    }
    return status;
}

/* The key of this realm that has signed. */
static int find_key(struct th_bytes text, struct th_text realm, const struct th_log_keys *keys,
                    const struct th_log_key **ret_key)
{
    int status = TH_E_INVALID;
    for (size_t i = 0; i < keys->count; i++) {
        const struct th_vkey *vkey = &keys->items[i].vkey;
        struct th_note note;
        if (strlen(vkey->name) != realm.size || memcmp(vkey->name, realm.bytes, realm.size) != 0)
            continue;
        status = th_tlog_note_verify((const char *)text.bytes, text.size, vkey, 1, &note);
        if (status == 0 && note.signatures_n != 1)
            return TH_E_SIGNATURE; /* what nobody verifies has no place in it */
        if (status == 0) {
            *ret_key = &keys->items[i];
            return 0;
        }
    }
    return status;
}

int th_refusal_open(struct th_bytes text, const struct th_log_keys *keys, struct th_arena *arena,
                    struct th_refusal *ret_refusal)
{
    if (!th_refusal_is_named(text))
        return TH_E_VERSION;
    struct th_note note;
    struct th_refusal refusal;
    int status = th_tlog_note_split((const char *)text.bytes, text.size, &note);
    if (status != 0)
        return status;
    struct th_text left = {note.text + strlen(FIRST_LINE), note.text_size - strlen(FIRST_LINE)};
    struct th_text realm, header;
    if (!next_line(&left, &realm) || !next_line(&left, &header))
        return TH_E_SYNTAX;
    status = find_key(text, realm, keys, &refusal.key);
    if (status == 0)
        status = th_tlog_digest_decode(header.bytes, header.size, &refusal.header_digest);
    if (status == 0)
        status = read_lines(left, arena, &refusal);
    if (status == 0)
        *ret_refusal = refusal;
    return status;
}

/* ---- what it says ---- */

/* Takes the text off the beginning. */
static bool take(struct th_text *left, const char *text, size_t size)
{
    if (left->size < size || memcmp(left->bytes, text, size) != 0)
        return false;
    *left = (struct th_text){left->bytes + size, left->size - size};
    return true;
}

static bool says_one(const struct th_refusal_line *line, const struct th_wire_verdict *verdict)
{
    struct th_text left = line->rules;
    if (line->verdict != verdict->kind ||
        !th_tlog_digest_equal(&line->report_digest, &verdict->report_digest))
        return false;
    for (size_t i = 0; i < verdict->reasons_count; i++) {
        const struct th_text *rule = &verdict->reasons[i].rule;
        if ((i > 0 && !take(&left, ",", 1)) || !take(&left, rule->bytes, rule->size))
            return false;
    }
    return left.size == 0;
}

bool th_refusal_says(const struct th_refusal *refusal, const struct th_outcome *outcome)
{
    bool is_same = th_tlog_digest_equal(&refusal->header_digest, &outcome->header_digest) &&
                   refusal->lines_count == outcome->verdicts_count;
    for (size_t i = 0; is_same && i < refusal->lines_count; i++)
        is_same = says_one(&refusal->lines[i], &outcome->verdicts[i]);
    return is_same;
}

const struct th_refusal_line *th_refusal_find(const struct th_refusal *refusal,
                                              const struct th_digest *report_digest)
{
    for (size_t i = 0; i < refusal->lines_count; i++)
        if (th_tlog_digest_equal(&refusal->lines[i].report_digest, report_digest))
            return &refusal->lines[i];
    return NULL;
}
