/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of proto/golden are the protocol: what others wrote against them stays readable.
 * TH_WRITE_GOLDEN=1 makes the files again, for a change that is meant.
 */
#include "tests/support/wire_golden.h"

#include "tests/support/wire_samples.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct th_arena arena;
static const struct th_golden *list;
static size_t count;

static void set_up(void)
{
    th_arena_init(&arena, 65536, 64 << 20);
    list = th_golden_list(&count);
}

static void tear_down(void)
{
    th_arena_deinit(&arena);
}

TestSuite(wire_golden, .init = set_up, .fini = tear_down);

static struct th_bytes drain(FILE *file)
{
    uint8_t *bytes = th_arena_alloc(&arena, 65536);
    size_t size = fread(bytes, 1, 65536, file);
    cr_assert_lt(size, 65536);
    return (struct th_bytes){bytes, size};
}

static struct th_bytes read_golden(const char *name, const char *ending)
{
    char path[100];
    snprintf(path, sizeof path, "proto/golden/%s.%s", name, ending);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s is missing", path);
    struct th_bytes bytes = drain(file);
    fclose(file);
    return bytes;
}

static void protoc(const struct th_golden *golden, const char *then, char command[400])
{
    snprintf(command, 400,
             "protoc --decode=tonghop.%s -I proto proto/%s.proto <proto/golden/%s.bin %s",
             golden->message, golden->schema, golden->name, then);
}

Test(wire_golden, are_written_when_asked)
{
    if (getenv("TH_WRITE_GOLDEN") == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        char path[100], then[200], command[400];
        snprintf(path, sizeof path, "proto/golden/%s.bin", list[i].name);
        FILE *file = fopen(path, "wb");
        cr_assert_not_null(file);
        struct th_bytes bytes = list[i].make(&arena);
        cr_assert_eq(fwrite(bytes.bytes, 1, bytes.size, file), bytes.size);
        cr_assert_eq(fclose(file), 0);
        snprintf(then, sizeof then, ">proto/golden/%s.txt", list[i].name);
        protoc(&list[i], then, command);
        cr_assert_eq(system(command), 0, "%s", command);
    }
}

Test(wire_golden, the_encoder_still_writes_the_same_bytes)
{
    for (size_t i = 0; i < count; i++)
        cr_assert(th_same_bytes(list[i].make(&arena), read_golden(list[i].name, "bin")), "%s",
                  list[i].name);
}

Test(wire_golden, each_decodes_and_encodes_to_the_same_bytes)
{
    for (size_t i = 0; i < count; i++) {
        struct th_bytes bytes = read_golden(list[i].name, "bin"), again;
        cr_assert_eq(list[i].again(bytes, &arena, &again), 0, "%s", list[i].name);
        cr_assert(th_same_bytes(bytes, again), "%s", list[i].name);
    }
}

Test(wire_golden, each_has_its_text_as_protoc_reads_it)
{
    for (size_t i = 0; i < count; i++) {
        char command[400];
        protoc(&list[i], "", command);
        FILE *out = popen(command, "r");
        cr_assert_not_null(out);
        struct th_bytes text = drain(out);
        cr_assert_eq(pclose(out), 0, "%s", command);
        cr_assert(th_same_bytes(text, read_golden(list[i].name, "txt")), "%s", list[i].name);
    }
}
