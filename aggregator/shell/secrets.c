/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/shell/secrets.h"

#include "base/errno_text.h"
#include "base/file.h"
#include "proto/tlog/hash.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_SIZE = 32, LINE_SIZE = TH_DIGEST_BASE64_SIZE + 1, PATH_SIZE = 512 };

#define CURVE_FILE "secrets/curve.key"
#define LOG_FILE   "secrets/log.key"
#define NEXT_FILE  "secrets/log.key.next"

void th_secrets_forbid_dumps(void)
{
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static int complete(const char *realm, struct th_secrets *secrets)
{
    (void)sodium_mlock(secrets, sizeof *secrets);
    (void)crypto_scalarmult_base(secrets->curve_public, secrets->curve_secret);
    int status = th_tlog_signer_init(realm, secrets->log_seed, &secrets->signer);
    if (status < 0)
        th_secrets_deinit(secrets);
    return status;
}

int th_secrets_make(const char *realm, struct th_secrets *ret_secrets)
{
    randombytes_buf(ret_secrets->curve_secret, sizeof ret_secrets->curve_secret);
    randombytes_buf(ret_secrets->log_seed, sizeof ret_secrets->log_seed);
    return complete(realm, ret_secrets);
}

void th_secrets_deinit(struct th_secrets *secrets)
{
    (void)sodium_munlock(secrets, sizeof *secrets); /* wipes */
}

static int write_key(const char *folder, const char *name, const uint8_t key[KEY_SIZE])
{
    char path[PATH_SIZE];
    char line[LINE_SIZE + 1];
    size_t length = 0;
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return TH_E_LIMIT;
    int status = th_tlog_base64_encode(key, KEY_SIZE, sizeof line, line, &length);
    if (status == 0) {
        line[length++] = '\n';
        status = th_file_create(path, 0600, line, length);
    }
    sodium_memzero(line, sizeof line);
    return status;
}

int th_secrets_write(const char *folder, const struct th_secrets *secrets)
{
    char path[PATH_SIZE];
    if (snprintf(path, sizeof path, "%s/secrets", folder) >= (int)sizeof path)
        return TH_E_LIMIT;
    int status = th_file_make_folder(path, 0700);
    if (status == 0)
        status = write_key(folder, CURVE_FILE, secrets->curve_secret);
    return status < 0 ? status : write_key(folder, LOG_FILE, secrets->log_seed);
}

int th_secrets_write_next(const char *folder, const struct th_secrets *secrets)
{
    char path[PATH_SIZE];
    if (snprintf(path, sizeof path, "%s/" NEXT_FILE, folder) >= (int)sizeof path)
        return TH_E_LIMIT;
    if (unlink(path) != 0 && errno != ENOENT)
        return TH_E_IO;
    return write_key(folder, NEXT_FILE, secrets->log_seed);
}

int th_secrets_promote(const char *folder)
{
    char next[PATH_SIZE];
    char path[PATH_SIZE];
    if (snprintf(next, sizeof next, "%s/" NEXT_FILE, folder) >= (int)sizeof next ||
        snprintf(path, sizeof path, "%s/" LOG_FILE, folder) >= (int)sizeof path)
        return TH_E_LIMIT;
    if (rename(next, path) != 0)
        return errno == ENOENT ? TH_E_NOT_FOUND : TH_E_IO;
    return th_file_sync_parent(path);
}

/* A copy that somebody else put back may be his: the key is in order, and is not to be replaced. */
static int tell_unread(const char *path, int cause, char problem[TH_SECRETS_PROBLEM_SIZE])
{
    char text[TH_ERRNO_TEXT_SIZE];
    const int status = th_errno_status(cause);
    (void)snprintf(problem, TH_SECRETS_PROBLEM_SIZE, "%s: không đọc được tệp khóa (%s); %s", path,
                   th_errno_text(cause, text),
                   status == TH_E_FORBIDDEN
                       ? "chạy bằng người dùng sở hữu kho, hoặc đổi chủ tệp (chown)"
                       : "kiểm tra tệp và đĩa");
    return status == TH_E_FORBIDDEN ? status : TH_E_IO;
}

/* A regular file of ours that nobody else may read or write. */
static int check_mode(const char *path, char problem[TH_SECRETS_PROBLEM_SIZE])
{
    struct stat about;
    char cause[TH_ERRNO_TEXT_SIZE];
    const int failed = lstat(path, &about) == 0 ? 0 : errno;
    if (failed != 0 && failed != ENOENT)
        return tell_unread(path, failed, problem);
    if (failed != 0) {
        (void)snprintf(problem, TH_SECRETS_PROBLEM_SIZE,
                       "%s: không đọc được tệp khóa (%s); lấy lại từ bản sao lưu", path,
                       th_errno_text(failed, cause));
        return TH_E_NOT_FOUND;
    }
    if (!S_ISREG(about.st_mode)) {
        (void)snprintf(problem, TH_SECRETS_PROBLEM_SIZE, "%s: tệp khóa phải là tệp thường", path);
        return TH_E_FORBIDDEN;
    }
    if ((about.st_mode & 0177) != 0) {
        (void)snprintf(
            problem, TH_SECRETS_PROBLEM_SIZE,
            "%s: tệp khóa có quyền %04o, người khác có thể dùng được; chạy: chmod 600 %s", path,
            (unsigned)(about.st_mode & 07777), path);
        return TH_E_FORBIDDEN;
    }
    return 0;
}

static int read_key(const char *folder, const char *name, char problem[TH_SECRETS_PROBLEM_SIZE],
                    uint8_t ret_key[KEY_SIZE])
{
    char path[PATH_SIZE];
    char *text = NULL;
    size_t size = 0;
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return TH_E_LIMIT;
    int status = check_mode(path, problem);
    if (status < 0)
        return status;
    errno = 0;
    status = th_file_read(path, 256, &text, &size);
    if (status == TH_E_IO && errno != 0)
        return tell_unread(path, errno, problem);
    size_t key_size = 0;
    if (status == 0 && (size != LINE_SIZE || text[size - 1] != '\n'))
        status = TH_E_SYNTAX;
    if (status == 0)
        status = th_tlog_base64_decode(text, size - 1, KEY_SIZE, ret_key, &key_size);
    if (status == 0 && key_size != KEY_SIZE)
        status = TH_E_SYNTAX;
    if (text != NULL)
        sodium_memzero(text, size);
    free(text);
    if (status < 0)
        (void)snprintf(problem, TH_SECRETS_PROBLEM_SIZE,
                       "%s: không phải một khóa (cần đúng 44 ký tự base64 và một dấu xuống dòng); "
                       "lấy lại từ bản sao lưu",
                       path);
    return status;
}

static bool is_key_of(const uint8_t seed[KEY_SIZE], const uint8_t public_key[KEY_SIZE])
{
    uint8_t own[crypto_sign_PUBLICKEYBYTES];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    (void)crypto_sign_seed_keypair(own, secret, seed);
    sodium_memzero(secret, sizeof secret);
    return sodium_memcmp(own, public_key, sizeof own) == 0;
}

/* The seed whose key the log has now; a rotation that was interrupted is finished. */
static int read_seed(const char *folder, const uint8_t log_key[KEY_SIZE],
                     char problem[TH_SECRETS_PROBLEM_SIZE], uint8_t ret_seed[KEY_SIZE])
{
    char next_problem[TH_SECRETS_PROBLEM_SIZE];
    int status = read_key(folder, LOG_FILE, problem, ret_seed);
    if (status == 0 && is_key_of(ret_seed, log_key))
        return 0;
    if (status < 0 && status != TH_E_NOT_FOUND)
        return status;
    /* The problem of log.key is the one to tell, unless the next one is the key. */
    int next = read_key(folder, NEXT_FILE, next_problem, ret_seed);
    if (next == TH_E_FORBIDDEN) {
        memcpy(problem, next_problem, sizeof next_problem);
        return next;
    }
    if (next == 0 && is_key_of(ret_seed, log_key)) {
        status = th_secrets_promote(folder);
        if (status < 0)
            (void)snprintf(problem, TH_SECRETS_PROBLEM_SIZE,
                           "%s/" NEXT_FILE ": không đổi tên thành log.key được: %s", folder,
                           th_status_text(status));
        else
            problem[0] = 0;
        return status;
    }
    if (status == 0)
        (void)snprintf(problem, TH_SECRETS_PROBLEM_SIZE,
                       "%s/" LOG_FILE ": không phải khóa đang ký nhật ký của kho này; lấy lại tệp "
                       "đúng từ bản sao lưu khóa",
                       folder);
    return status == 0 ? TH_E_CONFIG : status;
}

int th_secrets_read(const char *folder, const char *realm,
                    const uint8_t log_key[TH_NOTE_PUBLIC_KEY_SIZE],
                    char ret_problem[TH_SECRETS_PROBLEM_SIZE], struct th_secrets *ret_secrets)
{
    ret_problem[0] = 0;
    int status = read_key(folder, CURVE_FILE, ret_problem, ret_secrets->curve_secret);
    if (status == 0)
        status = read_seed(folder, log_key, ret_problem, ret_secrets->log_seed);
    if (status < 0) {
        th_secrets_deinit(ret_secrets); /* what was read of it */
        return status;
    }
    return complete(realm, ret_secrets);
}

int th_secrets_read_signer(const char *folder, const struct th_vkey *vkey,
                           char ret_problem[TH_SECRETS_PROBLEM_SIZE],
                           struct th_note_signer *ret_signer)
{
    uint8_t seed[KEY_SIZE];
    ret_problem[0] = 0;
    int status = read_seed(folder, vkey->public_key, ret_problem, seed);
    if (status == 0)
        status = th_tlog_signer_init(vkey->name, seed, ret_signer);
    sodium_memzero(seed, sizeof seed);
    return status;
}

/* ---- another key for the log ---- */

int th_secrets_make_next(const char *folder, const char *realm,
                         char ret_problem[TH_SECRETS_PROBLEM_SIZE], struct th_secrets *ret_secrets,
                         bool *ret_is_curve_new)
{
    ret_problem[0] = 0;
    int status = read_key(folder, CURVE_FILE, ret_problem, ret_secrets->curve_secret);
    bool is_new = status == TH_E_NOT_FOUND;
    if (is_new)
        randombytes_buf(ret_secrets->curve_secret, sizeof ret_secrets->curve_secret);
    if (status < 0 && !is_new)
        return status;
    ret_problem[0] = 0;
    randombytes_buf(ret_secrets->log_seed, sizeof ret_secrets->log_seed);
    status = complete(realm, ret_secrets);
    if (status == 0)
        *ret_is_curve_new = is_new;
    return status;
}

int th_secrets_write_curve(const char *folder, const struct th_secrets *secrets)
{
    char path[PATH_SIZE];
    if (snprintf(path, sizeof path, "%s/secrets", folder) >= (int)sizeof path)
        return TH_E_LIMIT;
    int status = th_file_make_folder(path, 0700);
    return status < 0 && status != TH_E_EXISTS
               ? status
               : write_key(folder, CURVE_FILE, secrets->curve_secret);
}

int th_secrets_keep(const char *folder, const struct th_vkey *vkey,
                    char ret_problem[TH_SECRETS_PROBLEM_SIZE])
{
    uint8_t seed[KEY_SIZE];
    char name[sizeof LOG_FILE + 9];
    ret_problem[0] = 0;
    (void)snprintf(name, sizeof name, LOG_FILE ".%02x%02x%02x%02x", vkey->id[0], vkey->id[1],
                   vkey->id[2], vkey->id[3]);
    int status = read_key(folder, LOG_FILE, ret_problem, seed);
    if (status == 0)
        status = write_key(folder, name, seed);
    sodium_memzero(seed, sizeof seed);
    return status == TH_E_EXISTS ? 0 : status;
}

void th_secrets_drop_next(const char *folder)
{
    char path[PATH_SIZE];
    if (snprintf(path, sizeof path, "%s/" NEXT_FILE, folder) < (int)sizeof path)
        (void)unlink(path);
}
