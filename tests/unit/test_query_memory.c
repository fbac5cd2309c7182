/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of an answer's JSON is refused in turn: the answer is whole, or there is none. */
#include "aggregator/contacts/contacts.h"
#include "tests/support/ledger.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static unsigned allocations, refused; /* refused: which one; 0: none */

static void *allocate(size_t size)
{
    return ++allocations == refused ? NULL : malloc(size);
}

static struct ledger_report full(enum ledger_unit unit, uint32_t revision, int64_t a)
{
    struct ledger_report report = {
        .unit = unit, .revision = revision, .values = {0, a, 1, 20200, 1250, 1, 0, 5}, .models = 2};
    for (int i = L_A; i <= L_TEXT; i++)
        report.has[i] = i != L_SHARE;
    return report;
}

static void fill(struct ledger *ledger)
{
    cr_assert(ledger_send(ledger, full(L_A1, 1, 10)));
    cr_assert(ledger_send(ledger, full(L_B1, 1, 7)));
    ledger_tick_at(ledger, (th_instant){ledger->half_due.ms + 3600000});
    cr_assert(ledger_send(ledger, full(L_A1, 2, 12)));
    cr_assert(ledger_send(ledger, full(L_A2, 1, 3)));
}

static struct th_query query_of(enum th_query_what what)
{
    struct th_query query = ledger_query(what, LEDGER_HALF);
    if (what == TH_QUERY_NARRATIVE)
        query.indicators = th_text_of("TEXT");
    if (what == TH_QUERY_REPORT || what == TH_QUERY_UNIT)
        query.unit = th_text_of("a1");
    return query;
}

/* The first answer is the measure; the last one of the sweep is the one that nothing refuses. */
static void sweep(struct ledger *ledger, enum th_query_what what)
{
    const struct th_query query = query_of(what);
    json_t *whole = ledger_ask(ledger, query);
    allocations = 0;
    json_decref(ledger_ask(ledger, query));
    unsigned count = allocations;
    cr_assert_gt(count, 5, "question %d", (int)what);
    for (unsigned nth = 1; nth <= count; nth++) {
        json_t *answer = NULL;
        allocations = 0;
        refused = nth;
        int status = ledger_status(ledger, query, &answer);
        refused = 0;
        if (status == TH_OK)
            cr_assert(json_equal(answer, whole), "question %d, allocation %u: a part is missing",
                      (int)what, nth);
        else
            cr_assert_eq(status, TH_E_NO_MEMORY, "question %d, allocation %u: status %d", (int)what,
                         nth, status);
        json_decref(answer);
    }
    json_decref(whole);
}

static struct ledger ledger;

static void set_up(void)
{
    json_set_alloc_funcs(allocate, free);
    ledger_open(&ledger, TH_MODE_LIVE);
    fill(&ledger);
}

static void tear_down(void)
{
    ledger_close(&ledger);
}

TestSuite(query_memory, .init = set_up, .fini = tear_down, .timeout = 200);

Test(query_memory, an_answer_is_whole_or_there_is_none)
{
    for (int what = 1; what < TH_QUERY_END; what++)
        sweep(&ledger, (enum th_query_what)what);
}

Test(query_memory, so_is_a_list_with_whom_to_call)
{
    static const char bytes[] = "unit,name,phone\na3,Hà,0269\n";
    struct th_problems problems;
    struct th_contacts contacts;
    th_problems_init(&problems);
    cr_assert_eq(th_contacts_parse("contacts.csv", bytes, sizeof bytes - 1, &problems, &contacts),
                 0);
    ledger.contacts = &contacts;
    sweep(&ledger, TH_QUERY_CHASING);
    ledger.contacts = NULL;
    th_contacts_deinit(&contacts);
    th_problems_deinit(&problems);
}
