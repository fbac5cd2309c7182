/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/home/keys.h"

#include "base/file.h"
#include "base/text.h"
#include "proto/tlog/hash.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define KEY_TEXT_SIZE 44 /* base64 of 32 bytes */
#define FILE_SIZE     (2 * (KEY_TEXT_SIZE + 1))

/* sodium_malloc guards and locks the page; each node has one such page. */
static struct th_home_keys *allocate(void)
{
    return sodium_malloc(sizeof(struct th_home_keys));
}

void th_home_keys_free(struct th_home_keys *keys)
{
    sodium_free(keys); /* wipes */
}

static void derive(struct th_home_keys *keys, const uint8_t seed[crypto_sign_SEEDBYTES],
                   const uint8_t curve_secret[TH_CURVE_SECRET_SIZE])
{
    crypto_sign_seed_keypair(keys->sign_key.bytes, keys->sign_secret, seed);
    memcpy(keys->curve_secret, curve_secret, TH_CURVE_SECRET_SIZE);
    crypto_scalarmult_base(keys->curve_key, keys->curve_secret);
}

int th_home_keys_make(struct th_home_keys **ret_keys)
{
    struct th_home_keys *keys = allocate();
    if (keys == NULL)
        return TH_E_NO_MEMORY;
    uint8_t seed[crypto_sign_SEEDBYTES], curve_secret[TH_CURVE_SECRET_SIZE];
    randombytes_buf(seed, sizeof seed);
    randombytes_buf(curve_secret, sizeof curve_secret);
    derive(keys, seed, curve_secret);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(curve_secret, sizeof curve_secret);
    *ret_keys = keys;
    return 0;
}

int th_home_keys_write(const char *path, const struct th_home_keys *keys)
{
    char text[FILE_SIZE + 1];
    uint8_t seed[crypto_sign_SEEDBYTES];
    crypto_sign_ed25519_sk_to_seed(seed, keys->sign_secret);
    size_t size;
    int status = th_tlog_base64_encode(seed, sizeof seed, KEY_TEXT_SIZE + 1, text, &size);
    if (status == 0)
        status = th_tlog_base64_encode(keys->curve_secret, TH_CURVE_SECRET_SIZE, KEY_TEXT_SIZE + 1,
                                       text + KEY_TEXT_SIZE + 1, &size);
    text[KEY_TEXT_SIZE] = '\n';
    text[FILE_SIZE - 1] = '\n';
    if (status == 0)
        status = th_file_create(path, 0600, text, FILE_SIZE);
    sodium_memzero(text, sizeof text);
    sodium_memzero(seed, sizeof seed);
    return status;
}

static int refuse(struct th_problems *problems, const char *path, const char *hint,
                  const char *message)
{
    th_problems_add(problems, (struct th_place){path, 0, 0}, hint, "%s", message);
    return TH_E_CONFIG;
}

static bool decode_key(const char *text, uint8_t key[32])
{
    size_t size;
    return text[KEY_TEXT_SIZE] == '\n' &&
           th_tlog_base64_decode(text, KEY_TEXT_SIZE, 32, key, &size) == 0 && size == 32;
}

int th_home_keys_read(const char *path, struct th_problems *problems,
                      struct th_home_keys **ret_keys)
{
    struct stat file;
    if (stat(path, &file) == 0 && (file.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        char hint[TH_TEXT_WORD_SIZE + 32], word[TH_TEXT_WORD_SIZE];
        (void)snprintf(hint, sizeof hint, "chạy: chmod 600 %s", th_text_word(path, word));
        return refuse(problems, path, hint, "người khác trên máy này đọc được khóa bí mật");
    }
    char *text;
    size_t size;
    int status = th_file_read(path, 4096, &text, &size);
    if (status == TH_E_NO_MEMORY)
        return status;
    static const char hint[] = "khôi phục node.key từ bản sao, hoặc tạo nút mới bằng tonghop-node "
                               "init rồi xin ghi danh lại";
    if (status != 0) {
        th_problems_add(problems, (struct th_place){path, 0, 0}, hint, "%s",
                        th_status_text(status));
        return status;
    }
    uint8_t seed[32], curve_secret[32];
    bool is_good = size == FILE_SIZE && decode_key(text, seed) &&
                   decode_key(text + KEY_TEXT_SIZE + 1, curve_secret);
    sodium_memzero(text, size);
    free(text);
    struct th_home_keys *keys = is_good ? allocate() : NULL;
    if (keys != NULL)
        derive(keys, seed, curve_secret);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(curve_secret, sizeof curve_secret);
    if (!is_good)
        return refuse(problems, path, hint, "không phải hai khóa, mỗi khóa một dòng 44 ký tự");
    if (keys == NULL)
        return TH_E_NO_MEMORY;
    *ret_keys = keys;
    return 0;
}

void th_home_keys_forbid_dumps(void)
{
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
