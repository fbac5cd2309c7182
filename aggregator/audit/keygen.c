/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/commands.h"

#include "aggregator/audit/trust.h"
#include "aggregator/audit/witness_key.h"
#include "base/options.h"

#include <sysexits.h>

#define NAME "keygen"

int th_audit_keygen(int argc, char **argv, FILE *out, FILE *err)
{
    const char *name = NULL;
    const struct th_cli_option options[] = {
        {.name = "name",
         .value_name = "TÊN",
         .help = "tên người chứng kiến, không có dấu cách và dấu +",
         .text = &name},
    };
    const struct th_cli_command command = {
        .name = NAME,
        .operands = "TỆP",
        .summary = "Tạo khóa của người chứng kiến: TỆP (bí mật, 0600) và TỆP.vkey (công khai).",
        .examples = "  " TH_CLI_PROGRAM " keygen thanh-tra.key --name thanhtra.gialai.gov.vn\n",
        .options = options,
        .options_count = sizeof options / sizeof options[0],
        .operands_min = 1,
        .operands_max = 1,
    };
    char **operands = NULL;
    int operands_count = 0;
    char vkey[TH_NOTE_VKEY_TEXT_MAX + 1];
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &operands_count, &exit_code))
        return exit_code;
    if (name == NULL) {
        th_cli_complain(err, NAME, "ví dụ: --name thanhtra.gialai.gov.vn", "thiếu --name TÊN");
        return EX_USAGE;
    }
    char cause[TH_ERRNO_TEXT_SIZE];
    int status = th_witness_key_make(operands[0], name, vkey);
    if (status == TH_E_SYNTAX || status == TH_E_TEXT || status == TH_E_LIMIT) {
        th_cli_complain(err, NAME, "dùng chữ thường, số, dấu chấm, gạch ngang, gạch chéo",
                        "tên không dùng được: “%s”", name);
        return EX_USAGE;
    }
    if (status != 0) {
        th_cli_complain(err, NAME,
                        status == TH_E_EXISTS ? "khóa đã có không bao giờ bị ghi đè: chọn tên khác"
                                              : "kiểm tra đường dẫn và quyền ghi",
                        "%s: %s", operands[0], th_trust_cause(status, cause));
        return EX_CANTCREAT;
    }
    (void)fprintf(out, "%s\n", vkey);
    return th_cli_finish(out, err, EX_OK);
}
