/* SPDX-License-Identifier: Apache-2.0 */
/* Which time the keyring is asked about. */
#include "aggregator/daemon/parts.h"
#include "aggregator/shell/clock_linux.h"
#include "tests/support/ledger.h"

#include <criterion/criterion.h>

#define DAY_MS INT64_C(86400000)

static struct ledger ledger;
static struct th_daemon daemon_parts;

static void start(enum th_mode mode)
{
    ledger_open(&ledger, mode);
    daemon_parts.driver = ledger.driver;
    daemon_parts.store_port = ledger.port;
    atomic_store(&daemon_parts.still_ms, TH_NO_INSTANT);
    atomic_store(&daemon_parts.lead_ms, TH_NO_INSTANT);
}

/* The ledger's wall clock says 2025, this machine's does not: to the journal it is suspect. */
Test(daemon_time, while_the_clock_is_suspect_the_journals_time_counts_and_goes_on)
{
    start(TH_MODE_LIVE);
    cr_assert_gt(th_daemon_now(&daemon_parts).ms, th_clock_now().wall.ms - DAY_MS,
                 "as long as nothing else is known");
    th_daemon_note_time(&daemon_parts);
    int64_t before = th_driver_time(ledger.driver, th_clock_now()).ms;
    int64_t told = th_daemon_now(&daemon_parts).ms;
    int64_t after = th_driver_time(ledger.driver, th_clock_now()).ms;
    cr_assert(before <= told && told <= after);
    cr_assert_gt(th_clock_now().wall.ms - told, DAY_MS);
    ledger_close(&ledger);
}

Test(daemon_time, a_rehearsals_stands_still)
{
    start(TH_MODE_REHEARSAL);
    th_daemon_note_time(&daemon_parts);
    cr_assert_eq(th_daemon_now(&daemon_parts).ms, th_driver_time(ledger.driver, th_clock_now()).ms);
    ledger_close(&ledger);
}
