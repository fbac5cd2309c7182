/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "proto/workbook/package.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zip.h>

#define PARTS_MAX      512
#define NAME_MAX_SIZE  256
#define PART_SIZE_MAX  ((size_t)8 * 1024 * 1024)
#define TOTAL_SIZE_MAX ((size_t)24 * 1024 * 1024) /* of the parts that are read */
#define RATIO_MAX      200                        /* of what was compressed … */
#define RATIO_FROM     ((size_t)256 * 1024)       /* … in parts above this size */

struct th_workbook_package {
    zip_t *archive;
    size_t read_size;
};

static bool ends_with(const char *name, const char *ending)
{
    size_t size = strlen(name), ending_size = strlen(ending);
    return size >= ending_size && strcasecmp(name + size - ending_size, ending) == 0;
}

static int order_of_names(const void *a, const void *b)
{
    return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

/* A part that is there twice could be one thing to Excel and another here. */
static bool has_twins(zip_t *archive, size_t count, const char **names)
{
    for (size_t i = 0; i < count; i++)
        names[i] = zip_get_name(archive, i, ZIP_FL_ENC_RAW);
    qsort(names, count, sizeof *names, order_of_names);
    for (size_t i = 1; i < count; i++)
        if (strcasecmp(names[i - 1], names[i]) == 0)
            return true;
    return false;
}

static enum th_form_flaw check_part(zip_t *archive, zip_uint64_t index)
{
    zip_stat_t about;
    const char *name = zip_get_name(archive, index, ZIP_FL_ENC_RAW);
    if (name == NULL || strlen(name) > NAME_MAX_SIZE ||
        zip_stat_index(archive, index, 0, &about) != 0)
        return TH_FORM_FLAW_BAD_LIST;
    if (ends_with(name, "vbaProject.bin") || strncasecmp(name, "xl/macrosheets/", 15) == 0)
        return TH_FORM_FLAW_MACROS;
    if ((about.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && about.encryption_method != ZIP_EM_NONE)
        return TH_FORM_FLAW_PASSWORD;
    return TH_FORM_FLAWLESS;
}

static enum th_form_flaw check_parts(zip_t *archive)
{
    const char *names[PARTS_MAX];
    zip_int64_t count = zip_get_num_entries(archive, 0);
    if (count < 0 || count > PARTS_MAX)
        return TH_FORM_FLAW_MANY_PARTS;
    for (zip_uint64_t i = 0; i < (zip_uint64_t)count; i++) {
        enum th_form_flaw flaw = check_part(archive, i);
        if (flaw != TH_FORM_FLAWLESS)
            return flaw;
    }
    return has_twins(archive, (size_t)count, names) ? TH_FORM_FLAW_TWINS : TH_FORM_FLAWLESS;
}

int th_workbook_package_open(const char *bytes, size_t size, enum th_form_flaw *ret_flaw,
                             struct th_workbook_package **ret_package)
{
    zip_error_t error;
    struct th_workbook_package *package = calloc(1, sizeof *package);
    if (package == NULL)
        return TH_E_NO_MEMORY;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(bytes, size, 0, &error);
    if (source != NULL)
        package->archive = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
    bool no_memory = zip_error_code_zip(&error) == ZIP_ER_MEMORY;
    zip_error_fini(&error);
    if (package->archive == NULL)
        zip_source_free(source);
    enum th_form_flaw flaw =
        package->archive == NULL ? TH_FORM_FLAW_NOT_OPENED : check_parts(package->archive);
    if (flaw != TH_FORM_FLAWLESS) {
        no_memory = no_memory && package->archive == NULL;
        th_workbook_package_close(package);
        if (no_memory)
            return TH_E_NO_MEMORY;
    } else {
        *ret_package = package;
    }
    *ret_flaw = flaw;
    return 0;
}

void th_workbook_package_close(struct th_workbook_package *package)
{
    if (package != NULL && package->archive != NULL)
        zip_discard(package->archive);
    free(package);
}

/* Reads to the end, where libzip compares the checksum. False when it is not what was announced. */
static bool inflate_part(zip_t *archive, zip_uint64_t index, char *bytes, size_t size)
{
    char more;
    zip_file_t *part = zip_fopen_index(archive, index, 0);
    if (part == NULL)
        return false;
    zip_int64_t got = zip_fread(part, bytes, size);
    bool is_whole = got >= 0 && (size_t)got == size && zip_fread(part, &more, 1) == 0;
    return zip_fclose(part) == 0 && is_whole;
}

static enum th_form_flaw look_at(const char *bytes, size_t size)
{
    if (memchr(bytes, 0, size) != NULL)
        return TH_FORM_FLAW_NOT_TEXT;
    if (memmem(bytes, size, "<!DOCTYPE", 9) != NULL || memmem(bytes, size, "<!ENTITY", 8) != NULL)
        return TH_FORM_FLAW_ENTITIES;
    return TH_FORM_FLAWLESS;
}

int th_workbook_package_read(struct th_workbook_package *package, const char *name,
                             enum th_form_flaw *ret_flaw, char **ret_bytes, size_t *ret_size)
{
    zip_stat_t about;
    zip_int64_t index = zip_name_locate(package->archive, name, ZIP_FL_NOCASE);
    if (index < 0 || zip_stat_index(package->archive, (zip_uint64_t)index, 0, &about) != 0) {
        *ret_flaw = TH_FORM_FLAW_NO_PART;
        return 0;
    }
    size_t size = (size_t)about.size;
    if (about.size > PART_SIZE_MAX || size > TOTAL_SIZE_MAX - package->read_size ||
        (size > RATIO_FROM && about.size / RATIO_MAX > about.comp_size)) {
        *ret_flaw = TH_FORM_FLAW_LARGE;
        return 0;
    }
    char *bytes = malloc(size + 1);
    if (bytes == NULL)
        return TH_E_NO_MEMORY;
    package->read_size += size;
    enum th_form_flaw flaw = inflate_part(package->archive, (zip_uint64_t)index, bytes, size)
                                 ? look_at(bytes, size)
                                 : TH_FORM_FLAW_BAD_PART;
    *ret_flaw = flaw;
    if (flaw != TH_FORM_FLAWLESS) {
        free(bytes);
        return 0;
    }
    bytes[size] = 0;
    *ret_bytes = bytes;
    *ret_size = size;
    return 0;
}
