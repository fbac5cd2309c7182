/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The standing of one unit towards one obligation at an instant (tình trạng báo cáo), and the
 * instants of its reminders. Pure.
 */
#ifndef TH_CORE_STANDING_H
#define TH_CORE_STANDING_H

#include "aggregator/core/row.h"
#include "proto/model/plan.h"

/*        name, word on the wire and in JSON, label for an officer */
#define TH_STANDING_MAP(XX)                                                                        \
    XX(NOT_DUE, "not_due", "chưa đến hạn")                                                         \
    XX(DUE_SOON, "due_soon", "sắp đến hạn")                                                        \
    XX(OVERDUE, "overdue", "quá hạn")                                                              \
    XX(ON_TIME, "on_time", "đúng hạn")                                                             \
    XX(LATE, "late", "trễ")                                                                        \
    XX(UNDECIDED, "undecided", "chờ xác định giờ")                                                 \
    XX(RECEIVED, "received", "đã nhận")

enum th_standing {
#define XX(name, word, label) TH_STANDING_##name,
    TH_STANDING_MAP(XX)
#undef XX
        TH_STANDING_COUNT
};

/* The instant of the reminder `days` before the due day: 08:00 +07:00. Precondition: has_due. */
th_instant th_obligation_reminder(const struct th_obligation *obligation, uint16_t days);

/* `row` is NULL when the unit has not reported. Without a row an obligation that has no due date or
 * is suspended is never due; due soon begins with the first reminder, or seven days before the due
 * instant when the obligation has no reminders. */
enum th_standing th_standing_of(const struct th_obligation *obligation, const struct th_row *row,
                                th_instant now);
const char *th_standing_word(enum th_standing standing);
const char *th_standing_label(enum th_standing standing);

#endif
