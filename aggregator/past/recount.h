/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A book's rollups, counted again from its reports in one snapshot and compared with those that are
 * stored: what a checksum cannot see, a row that is whole and wrong.
 *
 * Works in memory of its own, about that of one book in core. Thread rule: that of the view.
 */
#ifndef TH_PAST_RECOUNT_H
#define TH_PAST_RECOUNT_H

#include "aggregator/store/store.h"

/*
 * `ret_agrees`: every rollup is stored as it is counted, and no other one is. False also for a book
 * that no plan has. True for an unsettled book: its rollups are not stored yet. TH_E_CORRUPT: a
 * unit, a plan or a report cannot be read, so that nothing can be counted; TH_E_NO_MEMORY, or what
 * the view says.
 */
TH_MUST_CHECK int th_past_recount(struct th_view *view, struct th_book_id book, bool *ret_agrees);

/*
 * Counts the rollups of every unsettled book (aggregator/store/overlay.h) and lays them over the
 * view, which then shows all tables as they are when everything is settled; once a snapshot. With
 * nothing unsettled it costs nothing. Statuses as above.
 */
TH_MUST_CHECK int th_past_lay(struct th_view *view);

#endif
