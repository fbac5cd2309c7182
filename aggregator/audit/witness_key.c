/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/witness_key.h"

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

enum { LINE_SIZE = TH_DIGEST_BASE64_SIZE + 1, PATH_SIZE = 4096, MODES = 07777, OWNER_ALONE = 0600 };

/* For the rest of the process: what it reads or makes is in no core file. */
static void forbid_dumps(void)
{
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static int public_path(const char *path, char ret_path[PATH_SIZE])
{
    int size = snprintf(ret_path, PATH_SIZE, "%s%s", path, TH_WITNESS_VKEY_SUFFIX);
    return size < 0 || size >= PATH_SIZE ? TH_E_LIMIT : 0;
}

int th_witness_key_make(const char *path, const char *name,
                        char ret_vkey[TH_NOTE_VKEY_TEXT_MAX + 1])
{
    uint8_t seed[TH_NOTE_SEED_SIZE];
    char other[PATH_SIZE], line[LINE_SIZE + 1], vkey[TH_NOTE_VKEY_TEXT_MAX + 2];
    size_t length = 0, vkey_length = 0;
    struct th_witness_signer signer;
    forbid_dumps();
    randombytes_buf(seed, sizeof seed);
    int status = public_path(path, other);
    if (status == 0)
        status = th_witness_signer_init(name, seed, &signer);
    if (status != 0)
        return status;
    status = th_witness_key_encode(&signer.key, sizeof vkey - 1, vkey, &vkey_length);
    if (status == 0)
        status = th_tlog_base64_encode(seed, sizeof seed, sizeof line, line, &length);
    if (status == 0) {
        line[length++] = '\n';
        status = th_file_create(path, OWNER_ALONE, line, length);
    }
    if (status == 0) {
        memcpy(ret_vkey, vkey, vkey_length + 1);
        vkey[vkey_length++] = '\n';
        status = th_file_create(other, 0644, vkey, vkey_length);
        if (status != 0)
            (void)unlink(path); /* half a key is none */
    }
    th_witness_signer_deinit(&signer);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(line, sizeof line);
    return status;
}

static int check_mode(const char *path, char problem[TH_WITNESS_KEY_PROBLEM_SIZE])
{
    struct stat about;
    char cause[TH_ERRNO_TEXT_SIZE];
    if (lstat(path, &about) != 0) {
        int error = errno;
        (void)snprintf(problem, TH_WITNESS_KEY_PROBLEM_SIZE,
                       "%.1000s: không đọc được tệp khóa (%s); tạo bằng tonghop-audit keygen", path,
                       th_errno_text(error, cause));
        return error == ENOENT ? TH_E_NOT_FOUND : TH_E_IO;
    }
    if (!S_ISREG(about.st_mode)) {
        (void)snprintf(problem, TH_WITNESS_KEY_PROBLEM_SIZE, "%.1000s: tệp khóa phải là tệp thường",
                       path);
        return TH_E_FORBIDDEN;
    }
    if ((about.st_mode & MODES) != OWNER_ALONE) {
        (void)snprintf(problem, TH_WITNESS_KEY_PROBLEM_SIZE,
                       "%.600s: tệp khóa có quyền %04o, phải là 0600; chạy: chmod 600 %.600s", path,
                       (unsigned)(about.st_mode & MODES), path);
        return TH_E_FORBIDDEN;
    }
    return 0;
}

/* The line of a small file without its newline; owned. */
static int read_line(const char *path, char problem[TH_WITNESS_KEY_PROBLEM_SIZE], char **ret_line,
                     size_t *ret_length)
{
    size_t size = 0;
    int status = th_file_read(path, 1024, ret_line, &size);
    if (status == 0 && (size == 0 || (*ret_line)[size - 1] != '\n')) {
        sodium_memzero(*ret_line, size);
        free(*ret_line);
        status = TH_E_SYNTAX;
    }
    if (status != 0)
        (void)snprintf(problem, TH_WITNESS_KEY_PROBLEM_SIZE, "%.1000s: %s", path,
                       status == TH_E_SYNTAX ? "không phải một khóa: cần đúng một dòng"
                                             : th_status_text(status));
    else
        *ret_length = size - 1;
    return status;
}

static int read_secret(const char *path, char problem[TH_WITNESS_KEY_PROBLEM_SIZE],
                       uint8_t seed[TH_NOTE_SEED_SIZE])
{
    char *line;
    size_t length = 0, size = 0;
    int status = check_mode(path, problem);
    if (status == 0)
        status = read_line(path, problem, &line, &length);
    if (status != 0)
        return status;
    status = th_tlog_base64_decode(line, length, TH_NOTE_SEED_SIZE, seed, &size);
    if (status == 0 && size != TH_NOTE_SEED_SIZE)
        status = TH_E_SYNTAX;
    sodium_memzero(line, length);
    free(line);
    if (status == 0)
        return 0;
    (void)snprintf(problem, TH_WITNESS_KEY_PROBLEM_SIZE,
                   "%.1000s: không phải một khóa (cần đúng 44 ký tự base64 và một dấu xuống dòng)",
                   path);
    return TH_E_SYNTAX;
}

static int read_public(const char *path, char problem[TH_WITNESS_KEY_PROBLEM_SIZE],
                       struct th_witness_key *ret_key)
{
    char *line, other[PATH_SIZE];
    size_t length = 0;
    int status = public_path(path, other);
    if (status == 0)
        status = read_line(other, problem, &line, &length);
    if (status != 0)
        return status;
    status = th_witness_key_decode(line, length, ret_key);
    free(line);
    if (status != 0)
        (void)snprintf(problem, TH_WITNESS_KEY_PROBLEM_SIZE,
                       "%.1000s: không phải khóa công khai của người chứng kiến", other);
    return status;
}

int th_witness_key_read(const char *path, char ret_problem[TH_WITNESS_KEY_PROBLEM_SIZE],
                        struct th_witness_signer *ret_signer)
{
    uint8_t seed[TH_NOTE_SEED_SIZE];
    struct th_witness_key key;
    struct th_witness_signer signer;
    (void)snprintf(ret_problem, TH_WITNESS_KEY_PROBLEM_SIZE, "%.1000s: đường dẫn quá dài", path);
    forbid_dumps();
    int status = read_secret(path, ret_problem, seed);
    if (status == 0)
        status = read_public(path, ret_problem, &key);
    if (status == 0)
        status = th_witness_signer_init(key.name, seed, &signer);
    sodium_memzero(seed, sizeof seed);
    if (status != 0)
        return status;
    if (memcmp(signer.key.public_key, key.public_key, sizeof key.public_key) != 0) {
        th_witness_signer_deinit(&signer);
        (void)snprintf(ret_problem, TH_WITNESS_KEY_PROBLEM_SIZE,
                       "%.1000s và %s bên cạnh là hai khóa khác nhau", path,
                       TH_WITNESS_VKEY_SUFFIX);
        return TH_E_INVALID;
    }
    *ret_signer = signer;
    return 0;
}
