/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether data.mdb has all its pages. LMDB does not write a page that one transaction took at the
 * end and gave back: until the file is made longer (th_env_extend()) a sound one may end before its
 * last page, also after a kill or a loss of power. A file that was cut ends before a page that is
 * used, and reading that would end the process (SIGBUS).
 */
#ifndef TH_STORE_TAIL_H
#define TH_STORE_TAIL_H

#include "aggregator/store/env.h"

/*
 * Looks for the pages that are missing in the snapshot's tree of free pages, which it reads from
 * the file and not from the map. TH_OK also when `ret_whole` is false; else TH_E_IO,
 * TH_E_NO_MEMORY, TH_E_BUSY.
 */
TH_MUST_CHECK int th_tail_check(const struct th_env *env, bool *ret_whole);

#endif
