/* SPDX-License-Identifier: Apache-2.0 */
/* Fields that the exchanged files have in common. Private to proto/exchange, and to the reader of
 * node.yaml. */
#ifndef TH_EXCHANGE_FIELDS_H
#define TH_EXCHANGE_FIELDS_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/yaml.h"

#include <stdio.h>

#define TH_EXCHANGE_ASK_AGAIN "xin lại tệp này từ nơi đã gửi; không sửa bằng tay"

/* A mapping with the key keys[0], whose value is "tonghop", and format 1; no other keys. Without
 * keys[0] it is another file, not a `file_name`: that is the one problem then. */
TH_MUST_CHECK int th_exchange_check_head(struct th_yaml_node root, const char *file_name,
                                         const char *const *keys, size_t keys_count,
                                         struct th_problems *problems);
/* One line of text with a NUL; TH_E_INVALID when longer than `capacity` - 1. */
TH_MUST_CHECK int th_exchange_get_text(struct th_yaml_node root, const char *key, size_t capacity,
                                       struct th_problems *problems, char *ret_text);
/* Exactly `size` bytes from base64. */
TH_MUST_CHECK int th_exchange_get_bytes(struct th_yaml_node root, const char *key, size_t size,
                                        struct th_problems *problems, uint8_t *ret_bytes);
/* Up to `capacity` bytes from base64. */
TH_MUST_CHECK int th_exchange_decode_bytes(struct th_yaml_node node, size_t capacity,
                                           struct th_problems *problems, uint8_t *ret_bytes,
                                           size_t *ret_size);
/* Any bytes up to `size_max` from base64, into the arena. */
TH_MUST_CHECK int th_exchange_read_bytes(struct th_yaml_node node, size_t size_max,
                                         struct th_arena *arena, struct th_problems *problems,
                                         struct th_bytes *ret_bytes);

/* Writes what `print` prints, or nothing: th_file_write() with mode 0644. TH_E_NO_MEMORY, TH_E_IO,
 * and what `print` says. */
TH_MUST_CHECK int th_exchange_write(const char *path, int (*print)(FILE *out, const void *value),
                                    const void *value);

/* A line: base64 in quotes. TH_E_IO, TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_exchange_write_base64(FILE *out, const void *bytes, size_t size);

#endif
