/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file SCRUB: lines of text in this order, each ended by a newline, numbers in decimal,
 * instants in milliseconds since 1970.
 *
 *   tonghop scrub 1
 *   passes N
 *   began N
 *   ended N
 *   rows N
 *   faults N
 *   <a name>          once for each name that is known, at most TH_SCRUB_FAULTS_MAX
 */
#include "aggregator/store/folder.h"
#include "aggregator/store/scrub.h"
#include "base/file.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME  "SCRUB"
#define FIRST_LINE "tonghop scrub 1"
enum { HEAD_MAX = 256, FILE_MAX = HEAD_MAX + TH_SCRUB_FAULTS_MAX * TH_SCRUB_TEXT_SIZE };

static size_t names_count(uint64_t faults)
{
    return faults < TH_SCRUB_FAULTS_MAX ? (size_t)faults : TH_SCRUB_FAULTS_MAX;
}

int th_scrub_report_write(const char *folder, const struct th_scrub_report *report)
{
    char text[FILE_MAX];
    char path[TH_STORE_PATH_MAX];
    if (th_folder_path(folder, FILE_NAME, path) != 0)
        return TH_E_IO;
    size_t size = (size_t)snprintf(
        text, HEAD_MAX,
        FIRST_LINE "\npasses %" PRIu64 "\nbegan %" PRId64 "\nended %" PRId64 "\nrows %" PRIu64
                   "\nfaults %" PRIu64 "\n",
        report->passes, report->began.ms, report->ended.ms, report->rows, report->faults);
    for (size_t i = 0; i < names_count(report->faults); i++) {
        size_t name_size = strlen(report->names[i]);
        memcpy(text + size, report->names[i], name_size);
        size += name_size;
        text[size++] = '\n';
    }
    return th_file_write(path, 0600, text, size);
}

/* ---- reading ---- */

struct lines {
    const char *at; /* NUL behind the last line */
    bool failed;
};

/* The next line without its newline. */
static struct th_text take_line(struct lines *lines)
{
    size_t size = strcspn(lines->at, "\n");
    struct th_text line = {lines->at, size};
    if (lines->at[size] != '\n')
        lines->failed = true;
    else
        lines->at += size + 1;
    return line;
}

static int64_t take_number(struct lines *lines, const char *word, int64_t min)
{
    struct th_text line = take_line(lines);
    size_t word_size = strlen(word);
    int64_t number = 0;
    if (lines->failed || line.size <= word_size || memcmp(line.bytes, word, word_size) != 0 ||
        th_text_parse_int(line.bytes + word_size, line.size - word_size, min, INT64_MAX, &number) !=
            0)
        lines->failed = true;
    return number;
}

static void take_name(struct lines *lines, char ret_name[TH_SCRUB_TEXT_SIZE])
{
    struct th_text line = take_line(lines);
    if (lines->failed || line.size == 0 || line.size >= TH_SCRUB_TEXT_SIZE ||
        th_text_check(line.bytes, line.size, TH_TEXT_ONE_LINE) != 0) {
        lines->failed = true;
        return;
    }
    memcpy(ret_name, line.bytes, line.size);
    ret_name[line.size] = '\0';
}

static int parse(const char *text, size_t size, struct th_scrub_report *ret_report)
{
    struct lines lines = {text, strlen(text) != size};
    struct th_scrub_report report = {.passes = 0};
    struct th_text first = take_line(&lines);
    if (first.size != strlen(FIRST_LINE) || memcmp(first.bytes, FIRST_LINE, first.size) != 0)
        return TH_E_CORRUPT;
    report.passes = (uint64_t)take_number(&lines, "passes ", 0);
    report.began.ms = take_number(&lines, "began ", INT64_MIN);
    report.ended.ms = take_number(&lines, "ended ", INT64_MIN);
    report.rows = (uint64_t)take_number(&lines, "rows ", 0);
    report.faults = (uint64_t)take_number(&lines, "faults ", 0);
    for (size_t i = 0; !lines.failed && i < names_count(report.faults); i++)
        take_name(&lines, report.names[i]);
    if (lines.failed || *lines.at != '\0')
        return TH_E_CORRUPT;
    *ret_report = report;
    return 0;
}

int th_scrub_report_read(const char *folder, struct th_scrub_report *ret_report)
{
    char path[TH_STORE_PATH_MAX];
    char *text;
    size_t size;
    if (th_folder_path(folder, FILE_NAME, path) != 0)
        return TH_E_IO;
    int status = th_file_read(path, FILE_MAX, &text, &size);
    if (status != 0)
        return status == TH_E_LIMIT ? TH_E_CORRUPT : status;
    status = parse(text, size, ret_report);
    free(text);
    return status;
}
