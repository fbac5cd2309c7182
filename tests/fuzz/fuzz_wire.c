/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every decoder of proto/wire on any bytes: no crash, no leak, and what decodes can be encoded and
 * read again. The first byte chooses the decoder. Without libFuzzer, main() replays the files of
 * folders, each with every decoder, whole, cut and with flipped bits.
 */
#include "tests/support/wire_golden.h"

#include "base/assert.h"
#include "proto/model/limits.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t count;
    const struct th_golden *list = th_golden_list(&count);
    const struct th_golden *kind = &list[data[0] % count];
    struct th_arena arena;
    struct th_bytes given = {data + 1, size - 1}, once, twice;
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    if (kind->again(given, &arena, &once) == 0) {
        TH_ASSERT(kind->again(once, &arena, &twice) == 0);
        TH_ASSERT(once.size == twice.size);
        TH_ASSERT(memcmp(once.bytes, twice.bytes, once.size) == 0);
    }
    th_arena_deinit(&arena);
    return 0;
}

#ifndef TH_LIBFUZZER

static void replay(uint8_t *input, size_t size)
{
    size_t count;
    (void)th_golden_list(&count);
    for (size_t kind = 0; kind < count; kind++) {
        input[0] = (uint8_t)kind;
        (void)LLVMFuzzerTestOneInput(input, size);
        (void)LLVMFuzzerTestOneInput(input, size / 2 + 1);
        for (size_t bit = 8; bit < 8 * size; bit += 13) {
            input[bit / 8] ^= (uint8_t)(1U << bit % 8);
            (void)LLVMFuzzerTestOneInput(input, size);
            input[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
    }
}

static size_t replay_file(const char *path)
{
    static uint8_t input[TH_LIMIT_FRAME_SIZE_MAX + 1];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return 0;
    size_t size = fread(input + 1, 1, sizeof input - 1, file);
    if (fclose(file) != 0 || size == 0)
        return 0;
    replay(input, size + 1);
    return 1;
}

int main(int argc, char **argv)
{
    size_t files = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        struct dirent *item;
        while (folder != NULL && (item = readdir(folder)) != NULL) {
            char path[1024];
            snprintf(path, sizeof path, "%s/%s", argv[i], item->d_name);
            size_t length = strlen(path);
            if (length > 4 && strcmp(path + length - 4, ".bin") == 0)
                files += replay_file(path);
        }
        if (folder != NULL)
            closedir(folder);
    }
    printf("%zu files\n", files);
    return files > 0 ? 0 : 1;
}

#endif
