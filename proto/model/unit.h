/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Organisation units (đơn vị): who reports and who is summed up to.
 *
 * Codes are reused over time with other names, so a unit is (code, valid_from). A list keeps its
 * units ordered by that pair and its tree resolved to indexes; nothing changes after it was built.
 *
 * Pure; a built list may be read by any number of threads. It lives in the arena it was built in.
 */
#ifndef TH_MODEL_UNIT_H
#define TH_MODEL_UNIT_H

#include "base/arena.h"
#include "base/time.h"

#include <stdint.h>

#define TH_UNIT_CODE_MAX  24
#define TH_UNIT_NAME_MAX  200
#define TH_UNIT_COUNT_MAX 20000
#define TH_UNIT_DEPTH_MAX 8
#define TH_UNIT_NONE      UINT32_MAX

enum th_unit_level {
    TH_LEVEL_PROVINCE,
    TH_LEVEL_DISTRICT,
    TH_LEVEL_COMMUNE,
    TH_LEVEL_BODY /* departments and other bodies beside the territorial tree */
};

/* A petition can be counted by a commune and by a department, so totals exist per branch. */
enum th_branch { TH_BRANCH_ALL, TH_BRANCH_COMMUNES, TH_BRANCH_BODIES };

/*        kind           word in files   level     Vietnamese, as before a name */
#define TH_UNIT_KIND_MAP(XX)                                                                       \
    XX(PROVINCE, "tinh", PROVINCE, "tỉnh")                                                         \
    XX(CENTRAL_CITY, "thanh_pho_tw", PROVINCE, "thành phố")                                        \
    XX(RURAL_DISTRICT, "huyen", DISTRICT, "huyện")                                                 \
    XX(URBAN_DISTRICT, "quan", DISTRICT, "quận")                                                   \
    XX(TOWN, "thi_xa", DISTRICT, "thị xã")                                                         \
    XX(PROVINCIAL_CITY, "thanh_pho", DISTRICT, "thành phố")                                        \
    XX(COMMUNE, "xa", COMMUNE, "xã")                                                               \
    XX(WARD, "phuong", COMMUNE, "phường")                                                          \
    XX(TOWNSHIP, "thi_tran", COMMUNE, "thị trấn")                                                  \
    XX(SPECIAL_ZONE, "dac_khu", COMMUNE, "đặc khu")                                                \
    XX(DEPARTMENT, "so", BODY, "")                                                                 \
    XX(AGENCY, "co_quan", BODY, "")                                                                \
    XX(PUBLIC_SERVICE, "su_nghiep", BODY, "")                                                      \
    XX(DIVISION, "phong", BODY, "")                                                                \
    XX(PARTY_OR_MASS, "dang_doan", BODY, "")                                                       \
    XX(JUDICIAL, "tu_phap", BODY, "")                                                              \
    XX(ARMED, "luc_luong", BODY, "")

enum th_unit_kind {
#define XX(kind, word, level, prefix) TH_UNIT_KIND_##kind,
    TH_UNIT_KIND_MAP(XX)
#undef XX
        TH_UNIT_KIND_COUNT
};

struct th_unit {
    const char *code;
    const char *name;
    const char *parent_code; /* "" at the top */
    const char *external_id; /* "" when there is none */
    enum th_unit_kind kind;
    th_day valid_from; /* the first day; TH_UNIT_ALWAYS_FROM when the source is silent */
    th_day valid_to;   /* the first day that it is gone; TH_UNIT_ALWAYS_TO when open */
    uint32_t parent;   /* index in its list, TH_UNIT_NONE at the top */
};

#define TH_UNIT_ALWAYS_FROM ((th_day){INT32_MIN})
#define TH_UNIT_ALWAYS_TO   ((th_day){INT32_MAX})

struct th_unit_list {
    const struct th_unit *units; /* by code, then valid_from */
    uint32_t count;
};

const char *th_unit_kind_word(enum th_unit_kind kind);
const char *th_unit_kind_prefix(enum th_unit_kind kind);
enum th_unit_level th_unit_kind_level(enum th_unit_kind kind);
/* Communes and their like are TH_BRANCH_COMMUNES, all others TH_BRANCH_BODIES. */
enum th_branch th_unit_kind_branch(enum th_unit_kind kind);
/* TH_E_NOT_FOUND for a word that is no kind. */
TH_MUST_CHECK int th_unit_kind_parse(const char *word, size_t word_size,
                                     enum th_unit_kind *ret_kind);

/* 1 to TH_UNIT_CODE_MAX letters, digits and single inner hyphens: never a path, never a blank. */
bool th_unit_code_check(const char *code, size_t code_size);

bool th_unit_is_valid(const struct th_unit *unit, th_day day);
/* The order of a list: below 0, 0 or above 0, by code, then by the first day. */
int th_unit_compare(const struct th_unit *a, const struct th_unit *b);

enum th_unit_problem {
    TH_UNIT_PROBLEM_OVERLAP, /* same code, valid at the same time as the unit before it */
    TH_UNIT_PROBLEM_PARENT,  /* no unit has the parent's code while this one is valid */
    TH_UNIT_PROBLEM_CYCLE    /* its ancestors do not end, or end too deep */
};

/* Told of each problem; `row` is the unit's place in the caller's array before it was ordered. */
typedef void th_unit_report(void *context, enum th_unit_problem problem, uint32_t row);

/*
 * Orders the rows and resolves parents: of several units with the parent's code, the one valid
 * longest together with the child's first day. Borrows the texts of `rows`; the list lives in
 * `arena`. TH_E_INVALID after reporting every problem, TH_E_LIMIT, TH_E_NO_MEMORY.
 */
TH_MUST_CHECK int th_unit_list_build(struct th_arena *arena, const struct th_unit *rows,
                                     uint32_t count, th_unit_report *report, void *context,
                                     struct th_unit_list *ret_list);

/* The unit with this code that is valid on the day; TH_UNIT_NONE when there is none. */
uint32_t th_unit_list_find(const struct th_unit_list *list, const char *code, size_t code_size,
                           th_day day);

#endif
