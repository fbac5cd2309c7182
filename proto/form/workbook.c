/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tonghop-workbook (proto/workbook/main.c) is asked for: the cells of a file, and a form to
 * fill in. It gets the file, or plan and unit as they travel (proto/wire/plan.h), and nothing else.
 */
#include "proto/form/workbook.h"

#include "proto/form/cells.h"
#include "proto/form/helper.h"
#include "proto/form/template.h"
#include "proto/wire/plan.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define PROGRAM           "tonghop-workbook"
#define PATIENCE_MS       30000
#define TEMPLATE_SIZE_MAX ((size_t)16 * 1024 * 1024)
#define BLOCK_BYTES       ((size_t)64 * 1024)
#define BUDGET_BYTES      ((size_t)16 * 1024 * 1024)

#define OTHER_FORM "hoặc dùng biểu YAML, CSV, JSON"

struct asking {
    char program[PATH_MAX];
    struct th_problems *problems;
    struct th_form_helper_answer answer;
};

/* ---- asking ---- */

/* Other ends than an answer are left to the caller, except those that no file can change. */
static int ask(struct asking *asking, const char *const words[], char *const environment[],
               struct th_bytes input, size_t answer_size_max)
{
    char *arguments[5] = {asking->program};
    for (size_t i = 0; i < 3 && words[i] != NULL; i++)
        arguments[i + 1] = (char *)(uintptr_t)words[i]; /* execve() does not change them */
    const struct th_form_helper helper = {.program = asking->program,
                                          .arguments = arguments,
                                          .environment = environment,
                                          .input = input,
                                          .answer_size_max = answer_size_max,
                                          .patience_ms = PATIENCE_MS};
    struct th_form_helper_answer *answer = &asking->answer;
    int status = 0;
    if (th_form_helper_path(PROGRAM, asking->program) != 0) {
        (void)snprintf(asking->program, sizeof asking->program, "%s", PROGRAM);
        answer->end = TH_FORM_HELPER_MISSING;
    } else {
        status = th_form_helper_run(&helper, answer);
    }
    const struct th_place place = {asking->program, 0, 0};
    if (status == TH_E_IO)
        th_problems_add(asking->problems, place, "đóng bớt chương trình, rồi thử lại",
                        "máy không chạy được chương trình đọc và lập bảng tính");
    if (status != 0)
        return status;
    if (answer->end == TH_FORM_HELPER_MISSING)
        th_problems_add(asking->problems, place,
                        "cài đủ các chương trình, như cmake --install; " OTHER_FORM,
                        "thiếu chương trình đọc và lập bảng tính, hoặc không chạy được nó");
    else if (answer->end == TH_FORM_HELPER_FAILED && answer->number == EX_NOPERM)
        th_problems_add(asking->problems, place, "dùng nhân Linux có seccomp; " OTHER_FORM,
                        "máy này không cho giới hạn quyền của chương trình đọc bảng tính");
    else
        return 0;
    return TH_E_CONFIG;
}

/* "tín hiệu 11", "mã 70", "trả lời sai" */
static const char *describe(const struct th_form_helper_answer *answer, char text[32])
{
    if (answer->end == TH_FORM_HELPER_KILLED)
        (void)snprintf(text, 32, "tín hiệu %d", answer->number);
    else if (answer->end == TH_FORM_HELPER_FAILED)
        (void)snprintf(text, 32, "mã thoát %d", answer->number);
    else
        (void)snprintf(text, 32, "trả lời sai");
    return text;
}

/* ---- reading ---- */

static int tell_unread(const struct asking *asking, const char *file)
{
    const struct th_form_helper_answer *answer = &asking->answer;
    const struct th_place place = {file, 0, 0};
    char text[32];
    if (answer->end == TH_FORM_HELPER_LATE ||
        (answer->end == TH_FORM_HELPER_KILLED && answer->number == SIGXCPU)) {
        th_problems_add(asking->problems, place, TH_FORM_COPY_OVER,
                        "đọc mãi không xong tệp Excel này nên đã dừng");
        return TH_E_LIMIT;
    }
    if (answer->end == TH_FORM_HELPER_FAILED && answer->number == EX_OSERR) {
        th_problems_add(asking->problems, place, TH_FORM_COPY_OVER,
                        "đọc tệp Excel này cần quá nhiều bộ nhớ");
        return TH_E_LIMIT;
    }
    th_problems_add(asking->problems, place, TH_FORM_SAVE_AGAIN,
                    "tệp Excel làm chương trình đọc bảng tính dừng giữa chừng (%s)",
                    describe(answer, text));
    return TH_E_SYNTAX;
}

int th_form_workbook_read(const char *file, const char *bytes, size_t size, struct th_arena *arena,
                          struct th_problems *problems, struct th_form_workbook *ret_workbook)
{
    static const char *const words[] = {"read", NULL};
    static char *const environment[] = {NULL};
    struct asking asking = {.problems = problems};
    enum th_form_flaw flaw = TH_FORM_FLAWLESS;
    int status = ask(&asking, words, environment, (struct th_bytes){(const uint8_t *)bytes, size},
                     TH_FORM_CELLS_SIZE_MAX);
    if (status != 0)
        return status;
    if (asking.answer.end != TH_FORM_HELPER_ANSWERED)
        return tell_unread(&asking, file);
    status =
        th_form_cells_read(asking.answer.bytes, asking.answer.size, arena, &flaw, ret_workbook);
    free(asking.answer.bytes);
    if (status == TH_E_CORRUPT)
        return tell_unread(&asking, file);
    if (status == 0 && flaw != TH_FORM_FLAWLESS)
        return th_form_flaw_tell(flaw, file, problems);
    return status;
}

/* ---- the form to fill in ---- */

static int tell_unwritten(const struct asking *asking)
{
    const struct th_form_helper_answer *answer = &asking->answer;
    const struct th_place place = {asking->program, 0, 0};
    char text[32];
    if (answer->end == TH_FORM_HELPER_FAILED && answer->number == EX_OSERR)
        return TH_E_NO_MEMORY;
    if (answer->end == TH_FORM_HELPER_LATE)
        th_problems_add(asking->problems, place, "thử lại khi máy rảnh hơn; " OTHER_FORM,
                        "sau %d giây vẫn chưa lập xong bảng tính", PATIENCE_MS / 1000);
    else
        th_problems_add(asking->problems, place,
                        "xem thư mục tạm (/tmp hoặc TMPDIR) còn chỗ và ghi được không; " OTHER_FORM,
                        "không lập được bảng tính (%s)", describe(answer, text));
    return TH_E_IO;
}

/* Unit and plan one behind the other, as bytes in the arena. */
static int pack(const struct th_form_template *form, struct th_arena *arena, size_t *ret_unit_size,
                struct th_bytes *ret_bytes)
{
    struct th_bytes unit, plan;
    int status = th_wire_units_encode(form->unit, 1, arena, &unit);
    if (status == 0)
        status = th_wire_plan_encode(form->plan, arena, &plan);
    if (status != 0)
        return status;
    uint8_t *bytes = th_arena_alloc(arena, unit.size + plan.size);
    if (bytes == NULL)
        return TH_E_NO_MEMORY;
    memcpy(bytes, unit.bytes, unit.size);
    memcpy(bytes + unit.size, plan.bytes, plan.size);
    *ret_unit_size = unit.size;
    *ret_bytes = (struct th_bytes){bytes, unit.size + plan.size};
    return 0;
}

static int write_packed(const struct th_form_template *form, size_t unit_size,
                        struct th_bytes packed, struct th_problems *problems)
{
    char size_text[24], folder[PATH_MAX + 8];
    const char *place = getenv("TMPDIR"); /* libxlsxwriter has temporary files */
    char *environment[] = {NULL, NULL};
    const char *const words[] = {"template", size_text, form->obligation->id};
    struct asking asking = {.problems = problems};
    (void)snprintf(size_text, sizeof size_text, "%zu", unit_size);
    if (place != NULL && strlen(place) < PATH_MAX) {
        (void)snprintf(folder, sizeof folder, "TMPDIR=%s", place);
        environment[0] = folder;
    }
    int status = ask(&asking, words, environment, packed, TEMPLATE_SIZE_MAX);
    if (status != 0)
        return status;
    if (asking.answer.end != TH_FORM_HELPER_ANSWERED || asking.answer.size == 0) {
        free(asking.answer.bytes);
        return tell_unwritten(&asking);
    }
    if (fwrite(asking.answer.bytes, 1, asking.answer.size, form->out) != asking.answer.size)
        status = TH_E_IO;
    free(asking.answer.bytes);
    return status;
}

int th_form_template_xlsx(const struct th_form_template *form, struct th_problems *problems)
{
    struct th_arena arena;
    struct th_bytes packed;
    size_t unit_size = 0;
    th_arena_init(&arena, BLOCK_BYTES, BUDGET_BYTES);
    int status = pack(form, &arena, &unit_size, &packed);
    if (status == 0)
        status = write_packed(form, unit_size, packed, problems);
    th_arena_deinit(&arena);
    return status;
}
