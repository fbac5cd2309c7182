/* SPDX-License-Identifier: Apache-2.0 */
#include "base/errno_text.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(errno_text, the_usual_causes_are_vietnamese_with_the_system_s_words_behind)
{
    char text[TH_ERRNO_TEXT_SIZE];
    cr_expect_str_eq(th_errno_text(ENOTEMPTY, text), "thư mục không trống (Directory not empty)");
    cr_expect_str_eq(th_errno_text(ENOSPC, text), "đĩa đã đầy (No space left on device)");
}

Test(errno_text, a_cause_that_is_not_listed_keeps_the_system_s_words)
{
    char text[TH_ERRNO_TEXT_SIZE];
    cr_expect_not_null(strstr(th_errno_text(EPIPE, text), "(Broken pipe)"));
}
