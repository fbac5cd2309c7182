/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signed envelope. It is scanned where it stands, so that the reports' bytes are the frame's;
 * the signature is checked before any report is read.
 */
#include "proto/wire/submission.h"

#include "base/assert.h"
#include "proto/tlog/hash.h"
#include "proto/wire/header_parts.h"
#include "proto/wire/reader.h"
#include "proto/wire/scan.h"
#include "proto/wire/writer.h"
#include "report.pb-c.h"

#include <sodium.h>
#include <string.h>

static const char domain[] = "tonghop submission v1\n";

enum { DOMAIN_SIZE = sizeof domain - 1 };

struct signed_bytes {
    uint8_t bytes[DOMAIN_SIZE + TH_LIMIT_HEADER_SIZE_MAX];
    size_t size;
};

/* Precondition: the header has at most TH_LIMIT_HEADER_SIZE_MAX bytes. */
static void gather_signed(struct th_bytes header, struct signed_bytes *ret_signed)
{
    TH_ASSERT(header.size <= TH_LIMIT_HEADER_SIZE_MAX);
    memcpy(ret_signed->bytes, domain, DOMAIN_SIZE);
    memcpy(ret_signed->bytes + DOMAIN_SIZE, header.bytes, header.size);
    ret_signed->size = DOMAIN_SIZE + header.size;
}

static struct th_digest hash(struct th_bytes bytes)
{
    struct th_digest digest;
    const struct th_tlog_part part = {bytes.bytes, bytes.size};
    th_tlog_sha256(&part, 1, &digest);
    return digest;
}

int th_wire_header_encode(const struct th_submission_header *header, struct th_arena *arena,
                          struct th_bytes *ret_bytes)
{
    struct th_wire_writer writer = {.arena = arena};
    Tonghop__SubmissionHeader message = TONGHOP__SUBMISSION_HEADER__INIT;
    message.mode = (Tonghop__Mode)header->mode;
    message.realm = th_wire_of_text(header->realm);
    message.unit = th_wire_of_text(header->unit);
    message.plan_sha256 = th_wire_of_digest(&header->plan_digest);
    message.prepared = header->prepared.ms;
    message.nonce = th_wire_of_bytes(header->nonce, sizeof header->nonce);
    message.key = th_wire_of_bytes(header->key.bytes, sizeof header->key.bytes);
    message.n_report_sha256 = header->reports_count;
    message.report_sha256 =
        th_wire_of_digests(&writer, header->report_digests, header->reports_count);
    return th_wire_pack(&writer, &message.base, TH_LIMIT_HEADER_SIZE_MAX, ret_bytes);
}

void th_wire_header_sign(struct th_bytes header, const uint8_t secret_key[64],
                         uint8_t ret_signature[TH_SIGNATURE_SIZE])
{
    struct signed_bytes to_sign;
    gather_signed(header, &to_sign);
    int failed = crypto_sign_detached(ret_signature, NULL, to_sign.bytes, to_sign.size, secret_key);
    TH_ASSERT(failed == 0);
}

int th_wire_submission_encode(struct th_bytes header, const uint8_t signature[TH_SIGNATURE_SIZE],
                              const struct th_bytes *reports, size_t reports_count,
                              struct th_arena *arena, struct th_bytes *ret_bytes)
{
    if (reports_count > TH_LIMIT_REPORTS_MAX)
        return TH_E_LIMIT;
    struct th_wire_writer writer = {.arena = arena};
    Tonghop__Submission message = TONGHOP__SUBMISSION__INIT;
    ProtobufCBinaryData list[TH_LIMIT_REPORTS_MAX];
    for (size_t i = 0; i < reports_count; i++)
        list[i] = th_wire_of_bytes(reports[i].bytes, reports[i].size);
    message.header = th_wire_of_bytes(header.bytes, header.size);
    message.signature = th_wire_of_bytes(signature, TH_SIGNATURE_SIZE);
    message.n_report = reports_count;
    message.report = list;
    return th_wire_pack(&writer, &message.base, TH_LIMIT_SUBMISSION_SIZE_MAX, ret_bytes);
}

struct envelope {
    struct th_bytes header;
    struct th_bytes signature;
    struct th_bytes reports[TH_LIMIT_REPORTS_MAX];
    size_t reports_count;
};

static int take_once(struct th_bytes content, struct th_bytes *ret_slot)
{
    if (ret_slot->bytes != NULL)
        return TH_E_SYNTAX;
    *ret_slot = content;
    return 0;
}

static int scan_envelope(struct th_bytes bytes, struct envelope *ret_envelope)
{
    struct th_wire_scan scan = {bytes};
    struct envelope envelope = {.reports_count = 0};
    while (scan.rest.size > 0) {
        struct th_wire_field field;
        int status = th_wire_scan_next(&scan, &field);
        if (status < 0)
            return status;
        if (!field.has_content)
            return TH_E_SYNTAX;
        if (field.number == 1) {
            status = take_once(field.content, &envelope.header);
        } else if (field.number == 2) {
            status = take_once(field.content, &envelope.signature);
        } else if (field.number == 3) {
            if (envelope.reports_count == TH_LIMIT_REPORTS_MAX)
                return TH_E_LIMIT;
            envelope.reports[envelope.reports_count++] = field.content;
        } else {
            status = TH_E_SYNTAX;
        }
        if (status < 0)
            return status;
    }
    if (envelope.header.bytes == NULL || envelope.signature.size != TH_SIGNATURE_SIZE ||
        envelope.reports_count == 0)
        return TH_E_SYNTAX;
    *ret_envelope = envelope;
    return 0;
}

static int read_header(struct th_bytes bytes, struct th_arena *arena,
                       struct th_submission_header *ret_header)
{
    if (bytes.size > TH_LIMIT_HEADER_SIZE_MAX)
        return TH_E_LIMIT;
    struct th_wire_reader reader;
    struct th_wire_header message;
    th_wire_reader_init(&reader, arena, TH_LIMIT_DECODE_ARENA_BYTES);
    if (!th_wire_take_header_apart(bytes, &message))
        return TH_E_SYNTAX;
    struct th_submission_header header = {
        .mode = (enum th_mode)message.mode,
        .realm = th_wire_text(&reader, message.realm, 1, TH_LIMIT_REALM_SIZE_MAX, 0),
        .unit = th_wire_unit_code(&reader, message.unit),
        .plan_digest = th_wire_digest(&reader, message.plan_sha256),
        .prepared = th_wire_instant(&reader, message.prepared),
        .reports_count = message.digests_count,
    };
    th_wire_fixed(&reader, message.nonce, header.nonce, sizeof header.nonce);
    th_wire_fixed(&reader, message.key, header.key.bytes, sizeof header.key.bytes);
    th_wire_require(&reader, header.reports_count <= TH_LIMIT_REPORTS_MAX, TH_E_LIMIT);
    header.report_digests = th_wire_digests(&reader, message.digests, message.digests_count);
    if (reader.status == 0)
        *ret_header = header;
    return reader.status;
}

static int verify(const struct envelope *envelope, const struct th_submission_header *header)
{
    struct signed_bytes to_verify;
    gather_signed(envelope->header, &to_verify);
    if (crypto_sign_verify_detached(envelope->signature.bytes, to_verify.bytes, to_verify.size,
                                    header->key.bytes) != 0)
        return TH_E_SIGNATURE;
    for (size_t i = 0; i < envelope->reports_count; i++) {
        struct th_digest digest = hash(envelope->reports[i]);
        if (!th_tlog_digest_equal(&digest, &header->report_digests[i]))
            return TH_E_SIGNATURE;
    }
    return 0;
}

static int read_submission(struct th_bytes bytes, bool is_trusted, struct th_arena *arena,
                           struct th_submission *ret_submission)
{
    if (bytes.size > TH_LIMIT_SUBMISSION_SIZE_MAX)
        return TH_E_LIMIT;
    struct envelope envelope;
    struct th_submission submission = {.reports = NULL};
    int status = scan_envelope(bytes, &envelope);
    if (status == 0)
        status = read_header(envelope.header, arena, &submission.header);
    if (status == 0 && submission.header.reports_count != envelope.reports_count)
        status = TH_E_SYNTAX;
    if (status == 0 && !is_trusted)
        status = verify(&envelope, &submission.header);
    if (status < 0)
        return status;
    size_t count = envelope.reports_count;
    struct th_report *reports = th_arena_alloc_array(arena, count, sizeof *reports);
    struct th_text *raw = th_arena_alloc_array(arena, count, sizeof *raw);
    if (reports == NULL || raw == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        status = th_wire_report_decode(envelope.reports[i], arena, &reports[i]);
        if (status < 0)
            return status;
        raw[i] =
            (struct th_text){(const char *)envelope.reports[i].bytes, envelope.reports[i].size};
    }
    submission.header_digest = hash(envelope.header);
    submission.reports = reports;
    submission.reports_raw = raw;
    *ret_submission = submission;
    return 0;
}

int th_wire_submission_decode(struct th_bytes bytes, struct th_arena *arena,
                              struct th_submission *ret_submission)
{
    int status = read_submission(bytes, false, arena, ret_submission);
    if (status == 0) {
        ret_submission->raw_digest = hash(bytes);
        ret_submission->has_raw_digest = true;
    }
    return status;
}

int th_wire_submission_decode_trusted(struct th_bytes bytes, struct th_arena *arena,
                                      struct th_submission *ret_submission)
{
    return read_submission(bytes, true, arena, ret_submission);
}
