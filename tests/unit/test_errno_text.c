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

Test(errno_text, only_what_may_be_the_disk_is_told_as_the_disk)
{
    cr_expect_eq(th_errno_status(ENOSPC), TH_E_STORAGE);
    cr_expect_eq(th_errno_status(EACCES), TH_E_FORBIDDEN);
    cr_expect_eq(th_errno_status(EISDIR), TH_E_INVALID);
    cr_expect_eq(th_errno_status(ENOTDIR), TH_E_NOT_FOUND);
    cr_expect_eq(th_errno_status(EIO), TH_E_IO);
}
