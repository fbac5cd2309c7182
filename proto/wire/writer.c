/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/writer.h"

#include <string.h>

void *th_wire_writer_alloc(struct th_wire_writer *writer, size_t count, size_t size)
{
    if (writer->status < 0 || count == 0)
        return NULL;
    void *memory = th_arena_alloc_array(writer->arena, count, size);
    if (memory == NULL)
        writer->status = TH_E_NO_MEMORY;
    return memory;
}

/* The generated structs do not say const; packing only reads. */
ProtobufCBinaryData th_wire_of_bytes(const uint8_t *bytes, size_t size)
{
    return (ProtobufCBinaryData){.len = size, .data = (uint8_t *)bytes};
}

ProtobufCBinaryData th_wire_of_text(struct th_text text)
{
    return th_wire_of_bytes((const uint8_t *)text.bytes, text.size);
}

ProtobufCBinaryData th_wire_of_string(const char *text)
{
    return th_wire_of_bytes((const uint8_t *)text, strlen(text));
}

ProtobufCBinaryData th_wire_of_digest(const struct th_digest *digest)
{
    return th_wire_of_bytes(digest->bytes, sizeof digest->bytes);
}

ProtobufCBinaryData *th_wire_of_digests(struct th_wire_writer *writer,
                                        const struct th_digest *digests, size_t count)
{
    ProtobufCBinaryData *list = th_wire_writer_alloc(writer, count, sizeof *list);
    for (size_t i = 0; list != NULL && i < count; i++)
        list[i] = th_wire_of_digest(&digests[i]);
    return list;
}

ProtobufCBinaryData *th_wire_of_strings(struct th_wire_writer *writer, const char *const *texts,
                                        size_t count)
{
    ProtobufCBinaryData *list = th_wire_writer_alloc(writer, count, sizeof *list);
    for (size_t i = 0; list != NULL && i < count; i++)
        list[i] = th_wire_of_string(texts[i]);
    return list;
}

uint32_t *th_wire_of_numbers(struct th_wire_writer *writer, const uint16_t *numbers, size_t count)
{
    uint32_t *list = th_wire_writer_alloc(writer, count, sizeof *list);
    for (size_t i = 0; list != NULL && i < count; i++)
        list[i] = numbers[i];
    return list;
}

int th_wire_pack(struct th_wire_writer *writer, const ProtobufCMessage *message, size_t size_max,
                 struct th_bytes *ret_bytes)
{
    if (writer->status < 0)
        return writer->status;
    size_t size = protobuf_c_message_get_packed_size(message);
    if (size > size_max)
        return TH_E_LIMIT;
    uint8_t *bytes = th_arena_alloc(writer->arena, size);
    if (bytes == NULL)
        return TH_E_NO_MEMORY;
    *ret_bytes = (struct th_bytes){bytes, protobuf_c_message_pack(message, bytes)};
    return 0;
}
