/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/witness_state.h"

#include "base/file.h"
#include "proto/tlog/note.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX   ".checkpoint"
#define EVIDENCE "evidence"

enum { NAME_SIZE = 33, ROOT_SIZE = 17 };

int th_witness_state_open(const char *folder, bool make, struct th_witness_state *ret_state)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && make) {
        int status = th_file_make_folder(folder, 0700);
        if (status != 0 && status != TH_E_EXISTS)
            return status;
        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (fd < 0)
        return errno == ENOENT ? TH_E_NOT_FOUND : TH_E_IO;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const int error = errno;
        int status = error == EWOULDBLOCK ? TH_E_BUSY : TH_E_IO;
        (void)close(fd);
        errno = error;
        return status;
    }
    *ret_state = (struct th_witness_state){folder, fd};
    return 0;
}

void th_witness_state_close(struct th_witness_state *state)
{
    (void)close(state->fd);
}

/* An origin may have a slash; its digest has none. */
static void name_of(const char *origin, char ret_name[NAME_SIZE])
{
    struct th_digest digest;
    char hex[TH_DIGEST_HEX_SIZE + 1];
    th_tlog_sha256(&(struct th_tlog_part){origin, strlen(origin)}, 1, &digest);
    th_tlog_digest_to_hex(&digest, hex);
    (void)snprintf(ret_name, NAME_SIZE, "%.32s", hex);
}

int th_witness_path(const struct th_witness_state *state, const char *origin,
                    char ret_path[TH_WITNESS_PATH_SIZE])
{
    char name[NAME_SIZE];
    name_of(origin, name);
    int size = snprintf(ret_path, TH_WITNESS_PATH_SIZE, "%s/%s" SUFFIX, state->folder, name);
    return size < 0 || size >= TH_WITNESS_PATH_SIZE ? TH_E_LIMIT : 0;
}

static int read_checkpoint(const char *path, char **ret_note, size_t *ret_size,
                           struct th_checkpoint *ret_checkpoint)
{
    char *text;
    size_t size;
    struct th_note note;
    struct th_checkpoint checkpoint;
    int status = th_file_read(path, TH_NOTE_SIZE_MAX, &text, &size);
    if (status != 0)
        return status == TH_E_LIMIT ? TH_E_CORRUPT : status;
    status = th_tlog_note_split(text, size, &note);
    if (status == 0)
        status = th_tlog_checkpoint_parse(note.text, note.text_size, &checkpoint);
    if (status != 0) {
        free(text);
        return TH_E_CORRUPT;
    }
    *ret_note = text;
    *ret_size = size;
    *ret_checkpoint = checkpoint;
    return 0;
}

int th_witness_kept(const struct th_witness_state *state, const char *origin, char **ret_note,
                    size_t *ret_size, struct th_checkpoint *ret_checkpoint)
{
    char path[TH_WITNESS_PATH_SIZE], *note;
    size_t size;
    struct th_checkpoint checkpoint;
    int status = th_witness_path(state, origin, path);
    if (status == 0)
        status = read_checkpoint(path, &note, &size, &checkpoint);
    if (status != 0)
        return status;
    if (strcmp(checkpoint.origin, origin) != 0) {
        free(note);
        return TH_E_CORRUPT;
    }
    *ret_note = note;
    *ret_size = size;
    *ret_checkpoint = checkpoint;
    return 0;
}

int th_witness_keep(const struct th_witness_state *state, const char *origin, struct th_bytes note)
{
    char path[TH_WITNESS_PATH_SIZE];
    int status = th_witness_path(state, origin, path);
    return status == 0 ? th_file_write(path, 0644, note.bytes, note.size) : status;
}

/* ---- evidence ---- */

static int make_folder(const char *path)
{
    int status = th_file_make_folder(path, 0755);
    return status == TH_E_EXISTS ? 0 : status;
}

static int put(const char *folder, const char *name, struct th_bytes bytes)
{
    char path[TH_WITNESS_PATH_SIZE];
    int size = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (size < 0 || size >= (int)sizeof path)
        return TH_E_LIMIT;
    return th_file_write(path, 0644, bytes.bytes, bytes.size);
}

int th_witness_keep_evidence(const struct th_witness_state *state,
                             const struct th_witness_evidence *evidence,
                             char ret_path[TH_WITNESS_PATH_SIZE])
{
    char name[NAME_SIZE], root[TH_DIGEST_HEX_SIZE + 1], path[TH_WITNESS_PATH_SIZE];
    name_of(evidence->checkpoint->origin, name);
    th_tlog_digest_to_hex(&evidence->checkpoint->root, root);
    int size = snprintf(path, sizeof path, "%s/" EVIDENCE "/%.16s-%llu-%.16s", state->folder, name,
                        (unsigned long long)evidence->checkpoint->size, root);
    if (size < 0 || size >= (int)sizeof path)
        return TH_E_LIMIT;
    char *last = strrchr(path, '/');
    *last = '\0';
    int status = make_folder(path);
    *last = '/';
    if (status == 0)
        status = make_folder(path);
    if (status == 0)
        status = put(path, "kept.checkpoint", evidence->kept);
    if (status == 0)
        status = put(path, "shown.checkpoint", evidence->shown);
    if (status == 0)
        status = put(path, "proof", evidence->proof);
    if (status == 0)
        memcpy(ret_path, path, sizeof path);
    return status;
}

/* ---- listing ---- */

static bool ends_in(const char *name, const char *suffix)
{
    size_t size = strlen(name), suffix_size = strlen(suffix);
    return size > suffix_size && strcmp(name + size - suffix_size, suffix) == 0;
}

static int is_checkpoint(const struct dirent *entry)
{
    return ends_in(entry->d_name, SUFFIX);
}

int th_witness_list(const struct th_witness_state *state, th_witness_fn *fn, void *context)
{
    struct dirent **entries;
    int status = 0, count = scandir(state->folder, &entries, is_checkpoint, alphasort);
    if (count < 0)
        return TH_E_IO;
    for (int i = 0; i < count; i++) {
        char path[TH_WITNESS_PATH_SIZE], *note = NULL;
        size_t size;
        struct th_checkpoint checkpoint;
        int length = snprintf(path, sizeof path, "%s/%s", state->folder, entries[i]->d_name);
        int found = length < (int)sizeof path ? read_checkpoint(path, &note, &size, &checkpoint)
                                              : TH_E_LIMIT;
        if (status == 0)
            status = fn(context, entries[i]->d_name, found, found == 0 ? &checkpoint : NULL);
        free(note);
        free(entries[i]);
    }
    free(entries);
    return status;
}

int th_witness_count_evidence(const struct th_witness_state *state, unsigned *ret_count)
{
    char path[TH_WITNESS_PATH_SIZE];
    unsigned count = 0;
    int length = snprintf(path, sizeof path, "%s/" EVIDENCE, state->folder);
    if (length < 0 || length >= (int)sizeof path)
        return TH_E_LIMIT;
    DIR *folder = opendir(path);
    if (folder == NULL && errno != ENOENT)
        return TH_E_IO;
    if (folder != NULL) {
        for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
            count += entry->d_name[0] != '.';
        (void)closedir(folder);
    }
    *ret_count = count;
    return 0;
}
