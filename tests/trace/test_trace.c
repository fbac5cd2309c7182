/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Golden traces: what the core does in a story, effect by effect, as lines that can be read. With
 * TH_WRITE_GOLDEN=1 the files are written anew; look at the difference before it is kept.
 */
#include "tests/support/world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS INT64_C(60000)
#define TEXT_MAX  65536

static struct world world;
static char *text;
static size_t size;
static FILE *out;

static void start(void)
{
    world_init(&world, TH_MODE_LIVE);
    out = open_memstream(&text, &size);
    cr_assert_not_null(out);
}

static void stop(void)
{
    if (out != NULL)
        (void)fclose(out);
    free(text);
    world_deinit(&world);
}

TestSuite(trace, .init = start, .fini = stop);

static const char *unit_of(uint32_t number)
{
    return world.units[number].code;
}

static const char *obligation_of(struct th_book_id book)
{
    return world.plan.obligations[book.obligation].id;
}

static const char *entry_of(enum th_entry_kind kind)
{
    static const char *const words[] = {
        "",         "founded", "units", "plan",    "enrolled",  "revoked",        "submission",
        "reminder", "closing", "clock", "rotated", "recovered", "recovery ended", "readmitted"};
    return words[kind];
}

static void tell_answer(const struct th_effect *effect)
{
    fprintf(out, "  answer   ");
    for (size_t i = 0; i < effect->body.answer.verdicts_count; i++) {
        const struct th_report_verdict *verdict = &effect->body.answer.verdicts[i];
        fprintf(out, "%s%s", i == 0 ? "" : ", ", th_verdict_word(verdict->kind));
        if (verdict->has_position)
            fprintf(out, " at %llu", (unsigned long long)verdict->position);
        if (verdict->next_revision > 0)
            fprintf(out, ", next revision %u", verdict->next_revision);
        for (size_t k = 0; k < verdict->reasons.count; k++)
            fprintf(out, " [%s]", verdict->reasons.items[k].rule);
    }
    fprintf(out, "\n");
}

static void tell_row(struct th_book_id book, const struct th_row *row)
{
    fprintf(out, "  row      %s %s revision %u, %s\n", obligation_of(book), unit_of(row->unit),
            row->revision, th_timeliness_word(row->timeliness));
}

static void tell(const struct th_effect *effect)
{
    char time[TH_INSTANT_TEXT_SIZE];
    switch (effect->kind) {
    case TH_EFFECT_APPEND:
        fprintf(out, "  append   %llu %s\n", (unsigned long long)effect->body.append.position,
                entry_of(effect->body.append.kind));
        break;
    case TH_EFFECT_PUT_ROW:
        tell_row(effect->book, &effect->body.row);
        break;
    case TH_EFFECT_PUT_JUDGED:
        for (uint32_t i = 0; i < effect->body.judged.count; i++)
            tell_row(effect->book, th_core_judged(world.core, effect, i));
        break;
    case TH_EFFECT_PUT_REVISION:
        fprintf(out, "  old      %s %s revision %u from %llu\n", obligation_of(effect->book),
                unit_of(effect->body.revision.unit), effect->body.revision.revision,
                (unsigned long long)effect->body.revision.position);
        break;
    case TH_EFFECT_PUT_CLOSING:
        if (effect->body.closing.branch == TH_BRANCH_ALL)
            fprintf(out, "  closing  %s %s: expected %u, received %u, late %u, A %lld\n",
                    th_instant_format(effect->body.closing.closed_at, time),
                    unit_of(effect->body.closing.unit), effect->body.closing.rollup.counts.expected,
                    effect->body.closing.rollup.counts.received,
                    effect->body.closing.rollup.counts.late,
                    (long long)effect->body.closing.rollup
                        .cells[effect->body.closing.layout->cells_at[IND_A]]);
        break;
    case TH_EFFECT_REMIND:
        fprintf(out, "  remind   %u units, due %s\n", effect->body.remind.count,
                th_instant_format(effect->body.remind.due, time));
        break;
    case TH_EFFECT_ANSWER:
        if (effect->body.answer.is_submission)
            tell_answer(effect);
        break;
    case TH_EFFECT_PUT_UNIT:
    case TH_EFFECT_PUT_PLAN:
    case TH_EFFECT_PUT_KEY:
    case TH_EFFECT_PUT_MARK:
    case TH_EFFECT_PUT_CLOCK:
    case TH_EFFECT_PUT_LOG_KEY:
    case TH_EFFECT_PUT_RECOVERY:
        break;
    }
}

/* The last step, under a title. */
static void step(const char *title)
{
    char time[TH_INSTANT_TEXT_SIZE];
    fprintf(out, "%s  %s\n", th_instant_format(world.now.wall, time), title);
    for (size_t i = 0; i < world.effects.count; i++)
        tell(th_effects_get(&world.effects, i));
}

static void send(const char *title, struct sent_report report)
{
    world_pass(&world, MINUTE_MS);
    (void)world_send(&world, &report, 1);
    step(title);
}

static void expect_golden(const char *path)
{
    char golden[TEXT_MAX] = "";
    cr_assert_eq(fflush(out), 0);
    if (getenv("TH_WRITE_GOLDEN") != NULL) {
        FILE *file = fopen(path, "w");
        cr_assert(file != NULL && fwrite(text, 1, size, file) == size && fclose(file) == 0);
    }
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    (void)!fread(golden, 1, sizeof golden - 1, file);
    (void)fclose(file);
    cr_assert_str_eq(text, golden, "another story than %s:\n%s", path, text);
}

Test(trace, a_deadline)
{
    send("a1 reports", A_REPORT(.unit = U_A1));
    send("a1 sends the same again", A_REPORT(.unit = U_A1));
    send("a1 sends other content as the same revision", A_REPORT(.unit = U_A1, .digest = 2));
    send("a1 skips a revision", A_REPORT(.unit = U_A1, .revision = 3, .digest = 3));
    send("a1 corrects", A_REPORT(.unit = U_A1, .revision = 2, .digest = 4, .a = 5, .b = 4));
    send("the department reports", A_REPORT(.unit = U_SNV, .a = 7, .b = 6));
    world_tick_at(&world, (th_instant){world.half_due.ms - 3 * TH_DAY_MS});
    step("days pass");
    world_tick_at(&world, world.half_due);
    step("the due instant");
    send("b1 is late", A_REPORT(.unit = U_B1));
    send("a1 corrects after the due instant",
         A_REPORT(.unit = U_A1, .revision = 3, .digest = 5, .a = 9, .b = 8));
    expect_golden("tests/trace/a_deadline.txt");
}

Test(trace, a_clock_that_jumps)
{
    send("a1 reports", A_REPORT(.unit = U_A1));
    world.now.wall.ms += 10 * MINUTE_MS; /* the wall clock alone */
    world_tick_at(&world, (th_instant){world.now.wall.ms + MINUTE_MS});
    step("the wall clock is ten minutes ahead");
    send("a2 reports", A_REPORT(.unit = U_A2));
    world.now.wall.ms -= 10 * MINUTE_MS;
    world_tick_at(&world, (th_instant){world.now.wall.ms + MINUTE_MS});
    step("the wall clock is right again");
    expect_golden("tests/trace/a_clock_that_jumps.txt");
}
