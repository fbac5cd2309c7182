/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.yaml: what a province gives to each unit, once: where its aggregator listens, which keys
 * it has, and the compiled plans and units, so that a node can write forms and check reports before
 * it has ever been connected. Holds no secret.
 *
 *     server: tonghop
 *     format: 1
 *     mode: rehearsal                     or live
 *     realm: tonghop/64/rehearsal         origin of the log
 *     address: tcp://127.0.0.1:7411
 *     publish: tcp://127.0.0.1:7412
 *     curve_key: BASE64                   CURVE public key of the aggregator, 32 bytes
 *     log_key: VKEY                       C2SP vkey that checks receipts
 *     units: BASE64                       a UnitList (plan.proto)
 *     plans: [BASE64, …]                  each a Plan
 *
 * Thread-safe; no state.
 */
#ifndef TH_EXCHANGE_SERVER_FILE_H
#define TH_EXCHANGE_SERVER_FILE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/problems.h"
#include "proto/model/report.h"
#include "proto/tlog/note.h"

#define TH_SERVER_ADDRESS_MAX   200
#define TH_SERVER_FILE_SIZE_MAX ((size_t)16 * 1024 * 1024)

struct th_server_file {
    enum th_mode mode;
    char realm[TH_LIMIT_REALM_SIZE_MAX + 1];
    char address[TH_SERVER_ADDRESS_MAX + 1];
    char publish[TH_SERVER_ADDRESS_MAX + 1];
    uint8_t curve_key[TH_CURVE_KEY_SIZE];
    struct th_vkey log_key;
    struct th_bytes units;
    const struct th_bytes *plans;
    size_t plans_count;
};

/* Writes the whole file or nothing: a temporary file beside it, fsync, rename. TH_E_IO. */
TH_MUST_CHECK int th_server_file_write(const char *path, const struct th_server_file *file);
/* Into the arena. Each failure adds a problem, except TH_E_NO_MEMORY. The plans and units are not
 * decoded. */
TH_MUST_CHECK int th_server_file_read(const char *path, struct th_arena *arena,
                                      struct th_problems *problems,
                                      struct th_server_file *ret_file);

#endif
