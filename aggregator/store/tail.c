/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/tail.h"

#include "aggregator/store/page_form.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    DEPTH_MAX = 16,
    MISSING_MAX = 65536, /* more than that was never written in one transaction for nothing */
    RETRIES = 100        /* for as many commits of another process at just this moment */
};

struct tail {
    int fd;
    size_t page_bytes;
    uint64_t file_pages;    /* that are there */
    uint64_t missing_count; /* after them, up to the last one */
    uint64_t found;
    uint8_t *is_free; /* for each missing page */
};

static bool read_at(const struct tail *tail, uint64_t offset, void *bytes, size_t size)
{
    uint8_t *at = bytes;
    while (size > 0) {
        ssize_t got = pread(tail->fd, at, size, (off_t)offset);
        if (got <= 0)
            return false;
        at += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return true;
}

/* ---- lists of free pages ---- */

static void note_free(struct tail *tail, const uint8_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t page = th_page_u64(numbers + i * 8);
        if (page < tail->file_pages || page - tail->file_pages >= tail->missing_count)
            continue;
        uint8_t *is_free = &tail->is_free[page - tail->file_pages];
        tail->found += *is_free == 0;
        *is_free = 1;
    }
}

/* A list is its count and the numbers; `size` is that of the value that holds it. */
static bool take_list(struct tail *tail, const uint8_t *list, size_t size)
{
    if (size < 8 || th_page_u64(list) > (size - 8) / 8)
        return false;
    note_free(tail, list + 8, th_page_u64(list));
    return true;
}

static bool take_big_list(struct tail *tail, uint64_t page, size_t size)
{
    uint64_t pages = (TH_PAGE_HEADER_SIZE + size + tail->page_bytes - 1) / tail->page_bytes;
    if (page >= tail->file_pages || pages > tail->file_pages - page)
        return false;
    uint8_t *list = malloc(size);
    bool is_taken = list != NULL &&
                    read_at(tail, page * tail->page_bytes + TH_PAGE_HEADER_SIZE, list, size) &&
                    take_list(tail, list, size);
    free(list);
    return is_taken;
}

/* ---- the tree ---- */

static bool take_page(struct tail *tail, uint64_t number, unsigned depth);

static bool take_node(struct tail *tail, const uint8_t *page, size_t at, bool is_leaf,
                      unsigned depth)
{
    if (at + TH_NODE_HEADER_SIZE > tail->page_bytes)
        return false;
    const uint8_t *node = page + at;
    uint64_t halves = th_page_u16(node) | (uint64_t)th_page_u16(node + 2) << 16;
    uint16_t flags = th_page_u16(node + 4);
    if (!is_leaf)
        return take_page(tail, halves | (uint64_t)flags << 32, depth + 1);
    size_t value = at + TH_NODE_HEADER_SIZE + th_page_u16(node + 6);
    size_t stored = (flags & TH_NODE_LARGE) != 0 ? 8 : (size_t)halves;
    if (value > tail->page_bytes || stored > tail->page_bytes - value)
        return false;
    return (flags & TH_NODE_LARGE) != 0
               ? take_big_list(tail, th_page_u64(page + value), (size_t)halves)
               : take_list(tail, page + value, stored);
}

static bool take_page(struct tail *tail, uint64_t number, unsigned depth)
{
    if (number >= tail->file_pages || depth > DEPTH_MAX)
        return false;
    uint8_t *page = malloc(tail->page_bytes);
    bool is_taken = page != NULL &&
                    read_at(tail, number * tail->page_bytes, page, tail->page_bytes) &&
                    th_page_u64(page) == number;
    uint16_t flags = is_taken ? th_page_u16(page + TH_PAGE_FLAGS_AT) : 0;
    size_t lower = is_taken ? th_page_u16(page + TH_PAGE_LOWER_AT) : 0;
    is_taken = is_taken && (flags == TH_PAGE_BRANCH || flags == TH_PAGE_LEAF) &&
               lower >= TH_PAGE_HEADER_SIZE && lower <= tail->page_bytes;
    for (size_t at = TH_PAGE_HEADER_SIZE; is_taken && at + 2 <= lower; at += 2)
        is_taken = take_node(tail, page, th_page_u16(page + at), flags == TH_PAGE_LEAF, depth);
    free(page);
    return is_taken;
}

/* ---- the snapshot ---- */

/* The root of free pages and the last page, of the meta page of transaction `id`. */
static bool find_meta(const struct tail *tail, uint64_t id, uint64_t *ret_root, uint64_t *ret_last)
{
    for (unsigned i = 0; i < 2; i++) {
        uint8_t meta[TH_META_SIZE];
        if (!read_at(tail, i * tail->page_bytes, meta, sizeof meta) ||
            th_page_u64(meta + TH_META_COMMIT) != id)
            continue;
        *ret_root = th_page_u64(meta + TH_META_DATABASES + TH_DATABASE_ROOT_AT);
        *ret_last = th_page_u64(meta + TH_META_LAST);
        return true;
    }
    return false;
}

static int look(struct tail *tail, uint64_t root, bool *ret_whole)
{
    *ret_whole = false;
    if (root == UINT64_MAX || tail->missing_count > MISSING_MAX)
        return TH_OK; /* no page is free */
    tail->is_free = calloc(tail->missing_count, 1);
    if (tail->is_free == NULL)
        return TH_E_NO_MEMORY;
    *ret_whole = take_page(tail, root, 0) && tail->found == tail->missing_count;
    free(tail->is_free);
    return TH_OK;
}

/* TH_E_BUSY: another process has just committed twice. */
static int check_snapshot(const struct th_env *env, struct tail *tail, bool *ret_whole)
{
    struct th_txn txn = {.txn = NULL};
    struct th_env_usage usage;
    uint64_t root, last;
    int status = th_txn_begin(env, false, &txn); /* its pages are not used again meanwhile */
    if (status != TH_OK)
        return status;
    if (!find_meta(tail, mdb_txn_id(txn.txn), &root, &last))
        status = TH_E_BUSY;
    else if ((status = th_env_usage(env, &usage)) == TH_OK) {
        tail->file_pages = usage.file_bytes / tail->page_bytes;
        tail->missing_count = tail->file_pages > last ? 0 : last + 1 - tail->file_pages;
        *ret_whole = true;
        if (tail->missing_count > 0)
            status = look(tail, root, ret_whole);
    }
    th_txn_abort(&txn);
    return status;
}

int th_tail_check(const struct th_env *env, bool *ret_whole)
{
    struct tail tail = {.fd = -1};
    MDB_stat pages;
    struct th_env_usage usage;
    int status = th_env_usage(env, &usage);
    if (status != TH_OK || usage.file_bytes >= usage.used_bytes) {
        *ret_whole = true;
        return status;
    }
    if (mdb_env_stat(env->env, &pages) != 0 || mdb_env_get_fd(env->env, &tail.fd) != 0)
        return TH_E_IO;
    tail.page_bytes = pages.ms_psize;
    bool is_whole = false;
    status = TH_E_BUSY;
    for (unsigned i = 0; status == TH_E_BUSY && i < RETRIES; i++) {
        tail.found = 0;
        status = check_snapshot(env, &tail, &is_whole);
    }
    if (status == TH_OK)
        *ret_whole = is_whole;
    return status;
}
