/* SPDX-License-Identifier: Apache-2.0 */
#include "base/status.h"

#include <criterion/criterion.h>

Test(status, every_failure_has_its_own_negative_number_and_word)
{
    static const int all[] = {
#define XX(code, number, wire, retry, http, exit, text) TH_E_##code,
        TH_STATUS_MAP(XX)
#undef XX
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        cr_assert_lt(all[i], 0);
        for (size_t j = 0; j < i; j++) {
            cr_assert_neq(all[i], all[j]);
            cr_assert_str_neq(th_status_wire_name(all[i]), th_status_wire_name(all[j]));
        }
    }
}

Test(status, exit_codes_are_those_of_sysexits)
{
    cr_assert_eq(th_status_exit_code(TH_OK), 0);
    cr_assert_eq(th_status_exit_code(TH_E_SYNTAX), 65);
    cr_assert_eq(th_status_exit_code(TH_E_BUSY), 75);
    cr_assert_eq(th_status_exit_code(TH_E_CONFIG), 78);
}

Test(status, what_may_pass_later_is_to_be_sent_again)
{
    cr_assert_eq(th_status_retry(TH_E_STORAGE), TH_RETRY_LATER);
    cr_assert_eq(th_status_retry(TH_E_SIGNATURE), TH_RETRY_NEVER);
    cr_assert_eq(th_status_retry(TH_E_IO), TH_RETRY_FATAL);
}

Test(status, an_unknown_number_reads_as_invalid)
{
    cr_assert_str_eq(th_status_wire_name(-9999), "invalid");
    cr_assert_str_eq(th_status_wire_name(7), "invalid");
}
