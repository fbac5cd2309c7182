/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The auditor's commands. Each takes its own word as argv[0] and returns an exit code of
 * sysexits(3); EX_DATAERR: what was looked at does not hold.
 */
#ifndef TH_AUDIT_COMMANDS_H
#define TH_AUDIT_COMMANDS_H

#include <stdio.h>

int th_audit_check_receipt(int argc, char **argv, FILE *out, FILE *err);
int th_audit_prove(int argc, char **argv, FILE *out, FILE *err);
int th_audit_export(int argc, char **argv, FILE *out, FILE *err);
int th_audit_diff(int argc, char **argv, FILE *out, FILE *err);
int th_audit_consistency(int argc, char **argv, FILE *out, FILE *err);
int th_audit_keygen(int argc, char **argv, FILE *out, FILE *err);
int th_audit_witness(int argc, char **argv, FILE *out, FILE *err);
int th_audit_verify(int argc, char **argv, FILE *out, FILE *err);
int th_audit_replay(int argc, char **argv, FILE *out, FILE *err);

#endif
