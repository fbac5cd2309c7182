/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports and submissions as bytes (report.proto), and the signature over their header.
 *
 * Decoding is strict: an unknown field, a missing one, a text that is not accepted text
 * (base/text.h), arrays of different length, numbers that do not ascend, an enum word that does not
 * exist, anything over proto/model/limits.h is refused. Bytes are never encoded again to be hashed
 * or compared: a digest is over what arrived.
 *
 * Thread-safe: no state. Results live in the given arena and borrow the bytes that were decoded,
 * the texts of header and reports where they came.
 */
#ifndef TH_WIRE_SUBMISSION_H
#define TH_WIRE_SUBMISSION_H

#include "base/arena.h"
#include "base/bytes.h"
#include "proto/model/report.h"

/* Into the arena. TH_E_LIMIT over TH_LIMIT_REPORT_SIZE_MAX, TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_wire_report_encode(const struct th_report *report, struct th_arena *arena,
                                        struct th_bytes *ret_bytes);
/* TH_E_SYNTAX, TH_E_TEXT, TH_E_LIMIT, TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_wire_report_decode(struct th_bytes bytes, struct th_arena *arena,
                                        struct th_report *ret_report);

/* The digests of the header are taken from there; header.reports_count of them. */
TH_MUST_CHECK int th_wire_header_encode(const struct th_submission_header *header,
                                        struct th_arena *arena, struct th_bytes *ret_bytes);

/* Signs header bytes with an Ed25519 secret key (libsodium's 64-byte form) and the domain string
 * "tonghop submission v1\n". */
void th_wire_header_sign(struct th_bytes header, const uint8_t secret_key[64],
                         uint8_t ret_signature[TH_SIGNATURE_SIZE]);

/* Header, signature and reports as one Submission. `reports_count` at most TH_LIMIT_REPORTS_MAX. */
TH_MUST_CHECK int th_wire_submission_encode(struct th_bytes header,
                                            const uint8_t signature[TH_SIGNATURE_SIZE],
                                            const struct th_bytes *reports, size_t reports_count,
                                            struct th_arena *arena, struct th_bytes *ret_bytes);

/*
 * Decodes a Submission, checks each report's digest against the header, and the signature with the
 * header's own key. Whether that key has authority over the unit is the core's to say.
 * TH_E_SIGNATURE: signature wrong, or a digest that does not fit its report; otherwise as
 * th_wire_report_decode(). Gives the digest of the whole as well. Each report's plan and unit need
 * not fit the header: the core says so.
 */
TH_MUST_CHECK int th_wire_submission_decode(struct th_bytes bytes, struct th_arena *arena,
                                            struct th_submission *ret_submission);

/* The same without signature and any digest but the header's, for bytes that were checked before
 * (journal). */
TH_MUST_CHECK int th_wire_submission_decode_trusted(struct th_bytes bytes, struct th_arena *arena,
                                                    struct th_submission *ret_submission);

#endif
