/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit lists as people keep them: CSV, UTF-8, one unit a line.
 *
 * Two headers are read: the project's own,
 *   code,name,kind,parent,valid_from,valid_to,external_id
 * and that of the nationwide lists, code,name_vi,kind,parent_code, where a `thanh_pho` without a
 * parent is a centrally run city. Columns may stand in any order; code, name, kind and parent must
 * be there. An unknown column, kind, code or date is an error with its line, and all of them are
 * found in one run. An empty field is not stated: rows that agree are one unit, see
 * aggregator/plan/units_merge.h.
 *
 * Not thread-safe with regard to its arguments; keeps nothing between calls.
 */
#ifndef TH_AGGREGATOR_PLAN_UNITS_CSV_H
#define TH_AGGREGATOR_PLAN_UNITS_CSV_H

#include "aggregator/plan/units_merge.h"

#define TH_UNITS_CSV_SIZE_MAX ((size_t)8 * 1024 * 1024)

/*
 * Reads one file. The list and its texts live in `arena`. Every failure but TH_E_NO_MEMORY has
 * added problems: TH_E_NOT_FOUND, TH_E_IO, TH_E_LIMIT, TH_E_SYNTAX, TH_E_INVALID.
 */
TH_MUST_CHECK int th_units_csv_read(const char *path, struct th_arena *arena,
                                    struct th_problems *problems, struct th_unit_list *ret_list);

/*
 * Reads several files into one list: parents may stand in another file, and rows of one or several
 * files that speak of one unit are merged; those that contradict are a problem. All files are read
 * before the first failure is returned. Precondition: paths_count > 0.
 */
TH_MUST_CHECK int th_units_csv_read_all(const char *const paths[], size_t paths_count,
                                        struct th_arena *arena, struct th_problems *problems,
                                        struct th_unit_list *ret_list);

struct th_units_news {
    const struct th_unit *units; /* not known yet, by code and first day; `parent` is not set */
    uint32_t count;
    struct th_unit_list all; /* the known ones and these */
    struct th_units_kept kept;
};

/*
 * The same beside units that are known, which is a built list: parents may stand there. No known
 * unit changes, nor does its parent: what would do that is a problem.
 */
TH_MUST_CHECK int th_units_csv_read_news(const char *const paths[], size_t paths_count,
                                         const struct th_unit_list *known, struct th_arena *arena,
                                         struct th_problems *problems,
                                         struct th_units_news *ret_news);

#endif
