/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tonghop-workbook: the only program that opens workbooks of others. tonghop-node and
 * tonghop-aggregator start it for one file (proto/form/workbook.c); nobody else has to.
 *
 *     tonghop-workbook read                      a file on standard input, its cells on output
 *                                                (proto/form/cells.h)
 *     tonghop-workbook template SIZE OBLIGATION  the form to fill in on output; on input the unit,
 *                                                SIZE bytes, and the plan behind it, as they travel
 *
 * It has no keys and no settings, and gives up everything else before it reads the first byte
 * (confine.h). Exit: 0; 64 wrong words; 65 wrong input; 71 no memory; 74 not written; 77 it cannot
 * be confined.
 */
#include "proto/form/cells.h"
#include "proto/form/form.h"
#include "proto/wire/plan.h"
#include "proto/workbook/confine.h"
#include "proto/workbook/reader.h"
#include "proto/workbook/template.h"

#include <errno.h>
#include <libxml/parser.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define INPUT_SIZE_MAX ((size_t)8 * 1024 * 1024)
#define BLOCK_BYTES    ((size_t)64 * 1024)
#define BUDGET_BYTES   ((size_t)64 * 1024 * 1024)

struct input {
    char *bytes; /* owned */
    size_t size;
};

static int take_input(struct input *ret_input)
{
    char *bytes = malloc(INPUT_SIZE_MAX + 1);
    if (bytes == NULL)
        return TH_E_NO_MEMORY;
    size_t size = 0;
    ssize_t got = 1;
    while (got != 0 && size <= INPUT_SIZE_MAX) {
        got = read(STDIN_FILENO, bytes + size, INPUT_SIZE_MAX + 1 - size);
        if (got < 0 && errno != EINTR)
            break;
        size += got < 0 ? 0 : (size_t)got;
    }
    if (got != 0) {
        free(bytes);
        return got < 0 ? TH_E_IO : TH_E_LIMIT;
    }
    *ret_input = (struct input){bytes, size};
    return 0;
}

static int read_workbook(const struct input *input, struct th_arena *arena)
{
    struct th_form_workbook workbook;
    enum th_form_flaw flaw = TH_FORM_FLAWLESS;
    int status = th_workbook_read(input->bytes, input->size, arena, &flaw, &workbook);
    return status == 0 ? th_form_cells_write(flaw, &workbook, stdout) : status;
}

static const struct th_obligation *find_obligation(const struct th_plan *plan, const char *id)
{
    for (uint16_t i = 0; i < plan->obligations_count; i++)
        if (strcmp(plan->obligations[i].id, id) == 0)
            return &plan->obligations[i];
    return NULL;
}

static int write_template(const struct input *input, size_t unit_size, const char *obligation_id,
                          struct th_arena *arena)
{
    struct th_unit *units = NULL;
    uint32_t count = 0;
    struct th_plan *plan = th_arena_alloc(arena, sizeof *plan);
    const uint8_t *bytes = (const uint8_t *)input->bytes;
    if (plan == NULL)
        return TH_E_NO_MEMORY;
    if (unit_size > input->size)
        return TH_E_INVALID;
    int status = th_wire_units_decode((struct th_bytes){bytes, unit_size}, arena, &units, &count);
    if (status == 0)
        status = th_wire_plan_decode((struct th_bytes){bytes + unit_size, input->size - unit_size},
                                     arena, plan);
    if (status != 0)
        return status;
    const struct th_obligation *obligation = find_obligation(plan, obligation_id);
    if (count != 1 || obligation == NULL)
        return TH_E_INVALID;
    const struct th_form_template form =
        th_form_template_begin(plan, obligation, &units[0], stdout);
    status = th_workbook_write_template(&form);
    return status == 0 && fflush(stdout) != 0 ? TH_E_IO : status;
}

int main(int argc, char **argv)
{
    bool is_read = argc == 2 && strcmp(argv[1], "read") == 0;
    int64_t unit_size = 0;
    if (!is_read && (argc != 4 || strcmp(argv[1], "template") != 0 ||
                     th_text_parse_int(argv[2], strlen(argv[2]), 1, (int64_t)INPUT_SIZE_MAX,
                                       &unit_size) != 0)) {
        (void)fputs("tonghop-workbook read <TỆP.xlsx\n", stderr);
        return EX_USAGE;
    }
    /* Libraries that would open files later: for the local time of each part, for instance. */
    if (sodium_init() < 0 || setenv("TZ", "UTC0", 1) != 0)
        return EX_OSERR;
    xmlInitParser();
    int status = th_confine(is_read ? TH_CONFINED_TO_STREAMS : TH_CONFINED_TO_FILES);
    struct input input = {NULL, 0};
    if (status == 0)
        status = take_input(&input);
    struct th_arena arena;
    th_arena_init(&arena, BLOCK_BYTES, BUDGET_BYTES);
    if (status == 0)
        status = is_read ? read_workbook(&input, &arena)
                         : write_template(&input, (size_t)unit_size, argv[3], &arena);
    th_arena_deinit(&arena);
    free(input.bytes);
    /* Nothing is left to do, and no library's last words are wanted. */
    _exit(status == 0 ? EX_OK : th_status_exit_code(status));
}
