/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines of the programs' commands: options, operands, help, and errors in Vietnamese.
 *
 * A command describes itself once; parsing, --help and the error for a wrong line come from that.
 * Options and operands may stand in any order; "--" ends the options. Nothing is kept between
 * calls, but getopt is not thread-safe: parse from one thread.
 *
 * Compiled into each program's library of commands, whose build defines TH_CLI_PROGRAM, the name of
 * the program that help and errors show.
 */
#ifndef TH_BASE_OPTIONS_H
#define TH_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TH_CLI_VALUES_MAX  64 /* of an option that may be repeated */
#define TH_CLI_OPTIONS_MAX 24 /* of one command */

struct th_cli_values {
    const char *items[TH_CLI_VALUES_MAX];
    size_t count;
};

/* Exactly one of the three targets is set; it says what kind of option this is. */
struct th_cli_option {
    const char *name;             /* without dashes */
    const char *value_name;       /* as help shows it, "TỆP"; NULL for a flag */
    const char *help;             /* one line */
    bool *flag;                   /* set to true */
    const char **text;            /* given at most once */
    struct th_cli_values *values; /* may be repeated */
};

struct th_cli_command {
    const char *name;     /* "plan check" */
    const char *operands; /* as help shows them, "TỆP"; "" when there are none */
    const char *summary;  /* one line */
    const char *examples; /* whole lines, each indented by two blanks */
    const struct th_cli_option *options;
    size_t options_count;
    int operands_min;
    int operands_max;
};

enum th_cli_next {
    TH_CLI_RUN,  /* go on */
    TH_CLI_STOP, /* help was printed: the command is done */
    TH_CLI_WRONG /* an error was printed: exit with EX_USAGE */
};

/*
 * argv[0] is the command's own word. Values and operands borrow from argv, which may be reordered.
 * `ret_operands` is the first operand in argv, `ret_operands_count` how many there are.
 */
enum th_cli_next th_cli_parse(const struct th_cli_command *command, int argc, char **argv,
                              FILE *out, FILE *err, char ***ret_operands, int *ret_operands_count);

/*
 * How a command begins: false when the line was wrong or asked for help, and what is to be said is
 * said: then return `*ret_exit_code`. Otherwise as th_cli_parse().
 */
bool th_cli_begin(const struct th_cli_command *command, int argc, char **argv, FILE *out, FILE *err,
                  char ***ret_operands, int *ret_operands_count, int *ret_exit_code);

/* Help on standard output. */
void th_cli_help(const struct th_cli_command *command, FILE *out);

/* "PROGRAM plan check: lỗi: …" and what to do (NULL for nothing), on two lines. */
void th_cli_complain(FILE *err, const char *command, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Flushes; EX_IOERR instead of `code` when something could not be written. */
int th_cli_finish(FILE *out, FILE *err, int code);

/* A program of several commands. */
struct th_cli_entry {
    const char *name;
    int (*run)(int argc, char **argv, FILE *out, FILE *err); /* argv[0] is the name */
    const char *help;                                        /* one line */
};

struct th_cli_program {
    const char *summary; /* one line */
    const char *version;
    const char *examples; /* whole lines, each indented by two blanks */
    const struct th_cli_entry *entries;
    size_t entries_count;
};

/* Finds the command of argv[1] and calls it; answers help, --help and --version itself. Returns an
 * exit code of sysexits(3). */
int th_cli_dispatch(const struct th_cli_program *program, int argc, char **argv);

#endif
