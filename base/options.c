/* SPDX-License-Identifier: Apache-2.0 */
#include "base/options.h"

#include "base/assert.h"

#include <getopt.h>
#include <stdarg.h>
#include <string.h>
#include <sysexits.h>

#define FIRST_VALUE 256 /* beyond any short option's character */

void th_cli_complain(FILE *err, const char *command, const char *hint, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fprintf(err, "%s%s%s: lỗi: ", TH_CLI_PROGRAM, command[0] == 0 ? "" : " ", command);
    (void)vfprintf(err, format, arguments);
    va_end(arguments);
    (void)fputc('\n', err);
    if (hint != NULL)
        (void)fprintf(err, "    cách sửa: %s\n", hint);
}

int th_cli_finish(FILE *out, FILE *err, int code)
{
    if (fflush(out) == 0 && !ferror(out))
        return code;
    (void)fprintf(err, "%s: lỗi: không ghi được kết quả\n", TH_CLI_PROGRAM);
    return EX_IOERR;
}

static void print_option(const struct th_cli_option *option, FILE *out)
{
    char left[64];
    (void)snprintf(left, sizeof left, "--%s%s%s", option->name,
                   option->value_name == NULL ? "" : " ",
                   option->value_name == NULL ? "" : option->value_name);
    int columns = 0;
    for (size_t i = 0; left[i] != 0; i++)
        columns += ((unsigned char)left[i] & 0xC0) != 0x80 ? 1 : 0;
    (void)fprintf(out, "  %s%*s  %s%s\n", left, columns < 18 ? 18 - columns : 0, "", option->help,
                  option->values != NULL ? " (dùng được nhiều lần)" : "");
}

void th_cli_help(const struct th_cli_command *command, FILE *out)
{
    (void)fprintf(out, "%s\n\nCách dùng:\n  %s %s [TÙY CHỌN]%s%s\n\nTùy chọn:\n", command->summary,
                  TH_CLI_PROGRAM, command->name, command->operands[0] == 0 ? "" : " ",
                  command->operands);
    for (size_t i = 0; i < command->options_count; i++)
        print_option(&command->options[i], out);
    print_option(&(struct th_cli_option){.name = "help", .help = "in hướng dẫn này"}, out);
    (void)fprintf(out, "\nVí dụ:\n%s", command->examples);
}

static enum th_cli_next wrong(const struct th_cli_command *command, FILE *err, const char *message,
                              const char *subject)
{
    char hint[128];
    (void)snprintf(hint, sizeof hint, "xem %s %s --help", TH_CLI_PROGRAM, command->name);
    th_cli_complain(err, command->name, hint, "%s%s%s%s", message, subject == NULL ? "" : " \"",
                    subject == NULL ? "" : subject, subject == NULL ? "" : "\"");
    return TH_CLI_WRONG;
}

/* False when the option was given too often. */
static bool store(const struct th_cli_option *option, const char *value)
{
    if (option->flag != NULL) {
        *option->flag = true;
    } else if (option->text != NULL) {
        if (*option->text != NULL)
            return false;
        *option->text = value;
    } else {
        TH_ASSERT(option->values != NULL);
        if (option->values->count == TH_CLI_VALUES_MAX)
            return false;
        option->values->items[option->values->count++] = value;
    }
    return true;
}

enum th_cli_next th_cli_parse(const struct th_cli_command *command, int argc, char **argv,
                              FILE *out, FILE *err, char ***ret_operands, int *ret_operands_count)
{
    TH_ASSERT(command->options_count <= TH_CLI_OPTIONS_MAX);
    struct option all[TH_CLI_OPTIONS_MAX + 2] = {{0}};
    size_t count = command->options_count;
    for (size_t i = 0; i < count; i++)
        all[i] = (struct option){command->options[i].name,
                                 command->options[i].flag == NULL ? required_argument : no_argument,
                                 NULL, FIRST_VALUE + (int)i};
    all[count] = (struct option){"help", no_argument, NULL, 'h'};
    opterr = 0;
    optind = 0; /* glibc: starts anew */
    for (;;) {
        int before = optind == 0 ? 1 : optind;
        int found = getopt_long(argc, argv, ":h", all, NULL);
        if (found == -1)
            break;
        /* The word that was read: non-options before it may have been moved behind it. */
        const char *word = argv[optind > before ? optind - 1 : before];
        if (found == 'h') {
            th_cli_help(command, out);
            return TH_CLI_STOP;
        }
        if (found == ':')
            return wrong(command, err, "thiếu giá trị của tùy chọn", word);
        if (found == '?' && optopt >= FIRST_VALUE)
            return wrong(command, err, "tùy chọn này không nhận giá trị:", word);
        if (found == '?')
            return wrong(command, err, "không có tùy chọn", word);
        const struct th_cli_option *option = &command->options[found - FIRST_VALUE];
        if (!store(option, optarg))
            return wrong(command, err, "tùy chọn được ghi quá nhiều lần:", option->name);
    }
    if (argc - optind < command->operands_min)
        return wrong(command, err, "thiếu", command->operands);
    if (argc - optind > command->operands_max)
        return wrong(command, err, "thừa", argv[optind + command->operands_max]);
    *ret_operands = argv + optind;
    *ret_operands_count = argc - optind;
    return TH_CLI_RUN;
}

bool th_cli_begin(const struct th_cli_command *command, int argc, char **argv, FILE *out, FILE *err,
                  char ***ret_operands, int *ret_operands_count, int *ret_exit_code)
{
    enum th_cli_next next =
        th_cli_parse(command, argc, argv, out, err, ret_operands, ret_operands_count);
    if (next != TH_CLI_RUN)
        *ret_exit_code = next == TH_CLI_STOP ? th_cli_finish(out, err, EX_OK) : EX_USAGE;
    return next == TH_CLI_RUN;
}

/* ---- a program of several commands ---- */

static void print_program(const struct th_cli_program *program, FILE *out)
{
    (void)fprintf(out, "%s\n\nCách dùng:\n  %s LỆNH [TÙY CHỌN] ...\n\nLệnh:\n", program->summary,
                  TH_CLI_PROGRAM);
    for (size_t i = 0; i < program->entries_count; i++)
        (void)fprintf(out, "  %-13s %s\n", program->entries[i].name, program->entries[i].help);
    (void)fprintf(out,
                  "\n  help LỆNH     hướng dẫn của một lệnh\n  --help        in hướng dẫn này\n"
                  "  --version     in phiên bản\n\nVí dụ:\n%s",
                  program->examples);
}

static const struct th_cli_entry *find_entry(const struct th_cli_program *program, const char *name)
{
    for (size_t i = 0; i < program->entries_count; i++)
        if (strcmp(program->entries[i].name, name) == 0)
            return &program->entries[i];
    th_cli_complain(stderr, "", "xem " TH_CLI_PROGRAM " --help", "không có lệnh \"%s\"", name);
    return NULL;
}

int th_cli_dispatch(const struct th_cli_program *program, int argc, char **argv)
{
    const char *word = argc < 2 ? "" : argv[1];
    if (word[0] == 0) {
        print_program(program, stderr);
        return EX_USAGE;
    }
    bool is_help = strcmp(word, "help") == 0;
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || (is_help && argc == 2)) {
        print_program(program, stdout);
        return th_cli_finish(stdout, stderr, EX_OK);
    }
    if (strcmp(word, "--version") == 0) {
        (void)printf("%s %s\n", TH_CLI_PROGRAM, program->version);
        return th_cli_finish(stdout, stderr, EX_OK);
    }
    const struct th_cli_entry *entry = find_entry(program, is_help ? argv[2] : word);
    if (entry == NULL)
        return EX_USAGE;
    if (is_help) {
        char help[] = "--help";
        char *line[] = {argv[2], argc > 3 ? argv[3] : help, help, NULL}; /* keys show */
        return entry->run(argc > 3 ? 3 : 2, line, stdout, stderr);
    }
    return entry->run(argc - 1, argv + 1, stdout, stderr);
}
