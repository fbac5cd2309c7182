/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/document/package.h"

#include <stdlib.h>
#include <string.h>
#include <zip.h>

#define TAG_MAX 64

static int status_of(const zip_error_t *error)
{
    return zip_error_code_zip(error) == ZIP_ER_MEMORY ? TH_E_NO_MEMORY : TH_E_IO;
}

/* ---- writing ---- */

/* MS-DOS date and time of Vietnam, which a ZIP keeps; it knows no year before 1980. */
static void dos_time(th_instant instant, zip_uint16_t *ret_time, zip_uint16_t *ret_date)
{
    th_day day = th_day_of_instant(instant);
    struct th_civil_date date = th_date_of_day(day);
    int64_t seconds = (instant.ms - th_day_start(day).ms) / 1000;
    int year = date.year < 1980 ? 0 : date.year - 1980;
    *ret_time =
        (zip_uint16_t)((seconds / 3600) << 11 | (seconds / 60 % 60) << 5 | seconds % 60 / 2);
    *ret_date = (zip_uint16_t)(year << 9 | date.month << 5 | date.day);
}

static int add_part(zip_t *archive, const struct th_package_part *part, th_instant time)
{
    zip_uint16_t dos_clock, dos_date;
    zip_source_t *source = zip_source_buffer(archive, part->bytes, part->size, 0);
    if (source == NULL)
        return TH_E_NO_MEMORY;
    zip_int64_t index = zip_file_add(archive, part->name, source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
        zip_source_free(source);
        return TH_E_NO_MEMORY;
    }
    dos_time(time, &dos_clock, &dos_date);
    if (zip_file_set_dostime(archive, (zip_uint64_t)index, dos_clock, dos_date, 0) != 0 ||
        zip_set_file_compression(archive, (zip_uint64_t)index,
                                 part->is_stored ? ZIP_CM_STORE : ZIP_CM_DEFLATE, 9) != 0)
        return TH_E_NO_MEMORY;
    return TH_OK;
}

static int take_bytes(zip_source_t *source, struct th_document_file *ret_document)
{
    zip_stat_t about;
    if (zip_source_stat(source, &about) != 0 || zip_source_open(source) != 0)
        return TH_E_IO;
    char *bytes = malloc(about.size == 0 ? 1 : about.size);
    zip_int64_t got = bytes == NULL ? -1 : zip_source_read(source, bytes, about.size);
    (void)zip_source_close(source);
    if (got < 0 || (zip_uint64_t)got != about.size) {
        free(bytes);
        return bytes == NULL ? TH_E_NO_MEMORY : TH_E_IO;
    }
    *ret_document = (struct th_document_file){bytes, about.size};
    return TH_OK;
}

int th_package_make(const struct th_package_part *parts, size_t count, th_instant time,
                    struct th_document_file *ret_document)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, &error);
    zip_t *archive =
        source == NULL ? NULL : zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, &error);
    int status = archive == NULL ? status_of(&error) : TH_OK;
    zip_error_fini(&error);
    if (archive == NULL) {
        zip_source_free(source);
        return status;
    }
    zip_source_keep(source); /* the archive takes one, this function keeps one */
    for (size_t i = 0; i < count && status == TH_OK; i++)
        status = add_part(archive, &parts[i], time);
    if (status == TH_OK && zip_close(archive) != 0) {
        status = status_of(zip_get_error(archive));
        zip_discard(archive);
    } else if (status != TH_OK) {
        zip_discard(archive);
    }
    if (status == TH_OK)
        status = take_bytes(source, ret_document);
    zip_source_free(source);
    return status;
}

/* ---- looking ---- */

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ':';
}

/* True when the text ends with the closing tag of its first element. */
static bool is_closed(const char *text, size_t size)
{
    const char *end = text + size, *at = text;
    while (at < end && !(at[0] == '<' && at + 1 < end && is_name(at[1])))
        at++;
    const char *name = at + 1;
    size_t name_size = 0;
    while (at < end && name + name_size < end && is_name(name[name_size]))
        name_size++;
    while (end > text && (end[-1] == '\n' || end[-1] == '\r' || end[-1] == ' '))
        end--;
    if (at >= end || name_size == 0 || name_size > TAG_MAX)
        return false;
    const char *tail = end - name_size - 3;
    if (end[-1] == '>' && end[-2] == '/')
        return true; /* an element without content */
    return tail > at && memcmp(tail, "</", 2) == 0 && memcmp(tail + 2, name, name_size) == 0 &&
           end[-1] == '>';
}

static int check_part(zip_t *archive, zip_uint64_t index)
{
    zip_stat_t about;
    if (zip_stat_index(archive, index, 0, &about) != 0)
        return TH_E_IO;
    size_t name_size = strlen(about.name);
    bool is_xml = (name_size > 4 && strcmp(about.name + name_size - 4, ".xml") == 0) ||
                  (name_size > 5 && strcmp(about.name + name_size - 5, ".rels") == 0);
    char *bytes = malloc(about.size == 0 ? 1 : about.size);
    zip_file_t *file = bytes == NULL ? NULL : zip_fopen_index(archive, index, 0);
    zip_int64_t got = file == NULL ? -1 : zip_fread(file, bytes, about.size);
    int status = bytes == NULL ? TH_E_NO_MEMORY : TH_OK;
    char end; /* the checksum is looked at when nothing follows */
    if (file != NULL && zip_fread(file, &end, 1) != 0)
        got = -1;
    if (file != NULL && zip_fclose(file) != 0)
        got = -1;
    if (status == TH_OK &&
        (got < 0 || (zip_uint64_t)got != about.size || (is_xml && !is_closed(bytes, about.size))))
        status = TH_E_IO;
    free(bytes);
    return status;
}

int th_package_check(const char *bytes, size_t size)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(bytes, size, 0, &error);
    zip_t *archive =
        source == NULL ? NULL : zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
    int status = archive == NULL ? status_of(&error) : TH_OK;
    zip_error_fini(&error);
    if (archive == NULL) {
        zip_source_free(source);
        return status;
    }
    zip_int64_t count = zip_get_num_entries(archive, 0);
    if (count <= 0)
        status = TH_E_IO;
    for (zip_int64_t i = 0; i < count && status == TH_OK; i++)
        status = check_part(archive, (zip_uint64_t)i);
    zip_discard(archive);
    return status;
}
