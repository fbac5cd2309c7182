/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does not hold in a store: each kind counted, the first ones in words. Private.
 *
 * Not thread-safe; no memory beyond the struct.
 */
#ifndef TH_AUDIT_FINDINGS_H
#define TH_AUDIT_FINDINGS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*        name, word of JSON, what it is called */
#define TH_FINDING_MAP(XX)                                                                         \
    XX(FOLDER, "folder", "tệp của kho")                                                            \
    XX(ROW, "row", "dòng lưu trữ")                                                                 \
    XX(ENTRY, "entry", "bản ghi")                                                                  \
    XX(LEAF, "leaf", "lá của cây băm")                                                             \
    XX(TIME, "time", "thời gian")                                                                  \
    XX(TREE, "tree", "cây băm")                                                                    \
    XX(CHECKPOINT, "checkpoint", "checkpoint")                                                     \
    XX(KEYS, "keys", "khóa ký sổ")                                                                 \
    XX(ENROLMENT, "enrolment", "ghi danh")                                                         \
    XX(SUBMISSION, "submission", "báo cáo gửi lên")                                                \
    XX(READMISSION, "readmission", "báo cáo nhận lại")                                             \
    XX(JUDGEMENT, "judgement", "phán định")                                                        \
    XX(FOLD, "fold", "dựng lại")                                                                   \
    XX(TABLE, "table", "bảng")

enum th_finding_kind {
#define XX(name, word, text) TH_FINDING_##name,
    TH_FINDING_MAP(XX)
#undef XX
        TH_FINDING_COUNT
};

#define TH_FINDINGS_MAX        32
#define TH_REMARKS_MAX         8
#define TH_FINDING_TEXT_SIZE   320
#define TH_FINDING_NO_POSITION UINT64_MAX

struct th_finding {
    enum th_finding_kind kind;
    uint64_t position; /* of the journal; TH_FINDING_NO_POSITION: it is about none */
    char text[TH_FINDING_TEXT_SIZE];
};

struct th_findings {
    uint64_t total;
    uint64_t counts[TH_FINDING_COUNT];
    struct th_finding first; /* the one of the smallest position, else the first */
    struct th_finding items[TH_FINDINGS_MAX];
    size_t items_count;
    char remarks[TH_REMARKS_MAX][TH_FINDING_TEXT_SIZE]; /* no faults; whole sentences */
    size_t remarks_count;
};

__attribute__((format(printf, 4, 5))) void th_findings_add(struct th_findings *findings,
                                                           enum th_finding_kind kind,
                                                           uint64_t position, const char *format,
                                                           ...);

/* What a reader should know and is not wrong. Beyond TH_REMARKS_MAX they are dropped. */
void th_findings_remark(struct th_findings *findings, const char *text);

/* "problems" of an answer: owned, NULL without memory. */
json_t *th_findings_json(const struct th_findings *findings);
/* "remarks" of an answer: the same. */
json_t *th_remarks_json(const struct th_findings *findings);
void th_findings_print(const struct th_findings *findings, FILE *out);

#endif
