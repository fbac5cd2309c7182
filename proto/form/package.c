/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "proto/form/package.h"

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

#define AGAIN_HINT                                                                                 \
    "mở tệp bằng Excel rồi lưu lại kiểu \"Excel Workbook (*.xlsx)\", hoặc lập lại biểu"

struct th_form_package {
    const char *file;
    struct th_problems *problems;
    zip_t *archive;
    size_t read_size;
};

static int refuse(const char *file, struct th_problems *problems, int status, const char *hint,
                  const char *what)
{
    th_problems_add(problems, (struct th_place){file, 0, 0}, hint, "%s", what);
    return status;
}

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

static int check_parts(const struct th_form_package *package)
{
    const char *names[PARTS_MAX];
    zip_int64_t count = zip_get_num_entries(package->archive, 0);
    if (count < 0 || count > PARTS_MAX)
        return refuse(package->file, package->problems, TH_E_LIMIT, AGAIN_HINT,
                      "tệp Excel có quá nhiều phần bên trong");
    for (zip_uint64_t i = 0; i < (zip_uint64_t)count; i++) {
        zip_stat_t about;
        const char *name = zip_get_name(package->archive, i, ZIP_FL_ENC_RAW);
        if (name == NULL || strlen(name) > NAME_MAX_SIZE ||
            zip_stat_index(package->archive, i, 0, &about) != 0)
            return refuse(package->file, package->problems, TH_E_SYNTAX, AGAIN_HINT,
                          "tệp Excel hỏng: không đọc được danh sách bên trong");
        if (ends_with(name, "vbaProject.bin") || strncasecmp(name, "xl/macrosheets/", 15) == 0)
            return refuse(package->file, package->problems, TH_E_SYNTAX,
                          "lưu lại kiểu \"Excel Workbook (*.xlsx)\", không có macro",
                          "tệp Excel có macro; biểu không dùng macro và không nhận tệp có macro");
        if ((about.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 &&
            about.encryption_method != ZIP_EM_NONE)
            return refuse(package->file, package->problems, TH_E_SYNTAX, "bỏ mật khẩu rồi lưu lại",
                          "tệp có mật khẩu nên không đọc được");
    }
    if (has_twins(package->archive, (size_t)count, names))
        return refuse(package->file, package->problems, TH_E_SYNTAX, AGAIN_HINT,
                      "tệp Excel hỏng: có hai phần bên trong trùng tên");
    return 0;
}

int th_form_package_open(const char *file, const char *bytes, size_t size,
                         struct th_problems *problems, struct th_form_package **ret_package)
{
    zip_error_t error;
    struct th_form_package *package = calloc(1, sizeof *package);
    if (package == NULL)
        return TH_E_NO_MEMORY;
    *package = (struct th_form_package){.file = file, .problems = problems};
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(bytes, size, 0, &error);
    if (source != NULL)
        package->archive = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
    bool no_memory = zip_error_code_zip(&error) == ZIP_ER_MEMORY;
    zip_error_fini(&error);
    int status = 0;
    if (package->archive == NULL) {
        zip_source_free(source);
        status = no_memory ? TH_E_NO_MEMORY
                           : refuse(file, problems, TH_E_SYNTAX, AGAIN_HINT,
                                    "tệp Excel hỏng hoặc bị cắt cụt, không mở được");
    } else {
        status = check_parts(package);
    }
    if (status < 0) {
        th_form_package_close(package);
        return status;
    }
    *ret_package = package;
    return 0;
}

void th_form_package_close(struct th_form_package *package)
{
    if (package != NULL && package->archive != NULL)
        zip_discard(package->archive);
    free(package);
}

bool th_form_package_has(struct th_form_package *package, const char *name)
{
    return zip_name_locate(package->archive, name, ZIP_FL_NOCASE) >= 0;
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

int th_form_package_read(struct th_form_package *package, const char *name, char **ret_bytes,
                         size_t *ret_size)
{
    zip_stat_t about;
    zip_int64_t index = zip_name_locate(package->archive, name, ZIP_FL_NOCASE);
    if (index < 0 || zip_stat_index(package->archive, (zip_uint64_t)index, 0, &about) != 0)
        return refuse(package->file, package->problems, TH_E_SYNTAX, AGAIN_HINT,
                      "đây không phải là tệp Excel, hoặc tệp thiếu phần bên trong");
    size_t size = (size_t)about.size;
    if (about.size > PART_SIZE_MAX || size > TOTAL_SIZE_MAX - package->read_size ||
        (size > RATIO_FROM && about.size / RATIO_MAX > about.comp_size))
        return refuse(package->file, package->problems, TH_E_LIMIT,
                      "lập lại biểu bằng lệnh template rồi chép số sang; xóa dòng, trang thừa",
                      "tệp Excel quá lớn khi giải nén");
    char *bytes = malloc(size + 1);
    if (bytes == NULL)
        return TH_E_NO_MEMORY;
    package->read_size += size;
    const char *what = NULL;
    if (!inflate_part(package->archive, (zip_uint64_t)index, bytes, size))
        what = "tệp Excel hỏng: có phần không giải nén được";
    else if (memchr(bytes, 0, size) != NULL)
        what = "tệp Excel hỏng: có phần không phải là chữ UTF-8";
    else if (memmem(bytes, size, "<!DOCTYPE", 9) != NULL ||
             memmem(bytes, size, "<!ENTITY", 8) != NULL)
        what = "tệp có khai báo DTD hoặc thực thể XML, Excel không bao giờ ghi như vậy";
    if (what != NULL) {
        free(bytes);
        return refuse(package->file, package->problems, TH_E_SYNTAX, AGAIN_HINT, what);
    }
    bytes[size] = 0;
    *ret_bytes = bytes;
    *ret_size = size;
    return 0;
}
