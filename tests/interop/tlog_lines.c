/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roots, proofs and notes as lines of text, to be compared with another implementation:
 *
 *     tlog_lines make | THE OTHER ONE check
 *     THE OTHER ONE make | tlog_lines check
 *
 * The leaves are "leaf 0", "leaf 1" …; HASH and NOTE are base64. A line that begins with '!' has
 * been changed and has to be refused.
 *
 *     key VKEY
 *     witness VKEY
 *     root SIZE HASH
 *     inclusion INDEX SIZE HASH…
 *     consistency SIZE1 SIZE2 HASH…
 *     note SIZE TIME NOTE             a checkpoint, signed and, unless TIME is 0, cosigned
 *
 * The origin of the checkpoints is that of the Go checksum database, the only one its library
 * reads. `check` ends with 1 when a line is not decided as it says, or too few came.
 */
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/cosignature.h"
#include "proto/tlog/merkle.h"
#include "proto/tlog/note.h"
#include "proto/tlog/prove.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN      "go.sum database tree"
#define NAME        "tonghop.example/log"
#define WITNESS     "witness.example/w1"
#define SIZE_MAX_OF 2000
#define SMALL       64 /* up to here all proofs; then some */
#define SOME        3
#define LEVELS      11
#define LINE_SIZE   8192

static struct th_digest subtrees[LEVELS][SIZE_MAX_OF];
static struct th_digest roots[SIZE_MAX_OF + 1];

static int get_subtree(void *context, unsigned level, uint64_t index, struct th_digest *ret_hash)
{
    (void)context;
    *ret_hash = subtrees[level][index];
    return 0;
}

static const struct th_tlog_source source = {get_subtree, NULL};

static void die(const char *what)
{
    fprintf(stderr, "tlog_lines: %s\n", what);
    exit(1);
}

static void must(int status)
{
    if (status != 0)
        die(th_status_wire_name(status));
}

static void grow_tree(void)
{
    for (uint64_t i = 0; i < SIZE_MAX_OF; i++) {
        char leaf[32];
        int length = snprintf(leaf, sizeof leaf, "leaf %" PRIu64, i);

        th_tlog_hash_leaf(leaf, (size_t)length, &subtrees[0][i]);
    }
    for (unsigned level = 1; level < LEVELS; level++)
        for (uint64_t i = 0; (i + 1) << level <= SIZE_MAX_OF; i++)
            th_tlog_hash_node(&subtrees[level - 1][2 * i], &subtrees[level - 1][2 * i + 1],
                              &subtrees[level][i]);
    for (uint64_t size = 0; size <= SIZE_MAX_OF; size++)
        must(th_tlog_root(&source, size, &roots[size]));
}

/* The proof, and for some also one with a wrong bit. */
static void put_proof(const char *kind, uint64_t a, uint64_t b, struct th_digest *proof, size_t n)
{
    bool also_wrong = n > 0 && (a + b) % 5 == 0;

    for (int wrong = 0; wrong <= (also_wrong ? 1 : 0); wrong++) {
        if (wrong)
            proof[a % n].bytes[b % 32] ^= (uint8_t)(1U << a % 8);
        printf("%s%s %" PRIu64 " %" PRIu64, wrong ? "!" : "", kind, a, b);
        for (size_t i = 0; i < n; i++) {
            char hash[TH_DIGEST_BASE64_SIZE + 1];

            th_tlog_digest_encode(&proof[i], hash);
            printf(" %s", hash);
        }
        printf("\n");
    }
}

static void put_inclusion(uint64_t index, uint64_t size)
{
    struct th_digest proof[TH_MERKLE_PROOF_MAX];
    size_t n = 0;

    must(th_tlog_prove_inclusion(&source, index, size, proof, &n));
    put_proof("inclusion", index, size, proof, n);
}

static void put_consistency(uint64_t size1, uint64_t size2)
{
    struct th_digest proof[TH_MERKLE_PROOF_MAX];
    size_t n = 0;

    must(th_tlog_prove_consistency(&source, size1, size2, proof, &n));
    put_proof("consistency", size1, size2, proof, n);
}

static void put_note(const char *word, uint64_t size, int64_t time_s, const char *note,
                     size_t note_size)
{
    char text[LINE_SIZE];
    size_t length = 0;

    must(th_tlog_base64_encode(note, note_size, sizeof text, text, &length));
    printf("%s %" PRIu64 " %" PRId64 " %s\n", word, size, time_s, text);
}

static void put_notes(uint64_t size, const struct th_note_signer *signer,
                      const struct th_witness_signer *witness)
{
    struct th_checkpoint checkpoint = {.origin = ORIGIN, .size = size, .root = roots[size]};
    int64_t time_s = size % 2 == 0 ? 0 : INT64_C(1746700000) + (int64_t)size;
    char note[2048];
    size_t note_size = 0;

    must(th_tlog_checkpoint_format(&checkpoint, sizeof note, note, &note_size));
    must(th_tlog_note_sign(note, note_size, signer, sizeof note, note, &note_size));
    if (time_s != 0)
        must(th_tlog_cosign(note, note_size, witness, time_s, sizeof note, note, &note_size));
    put_note("note", size, time_s, note, note_size);
    note[size % note_size] = (char)(note[size % note_size] ^ 1);
    put_note("!note", size, time_s, note, note_size);
}

static void make(void)
{
    const uint8_t seed[TH_NOTE_SEED_SIZE] = {1};
    struct th_note_signer signer;
    struct th_witness_signer witness;
    char vkey[TH_NOTE_VKEY_TEXT_MAX + 1];
    char hash[TH_DIGEST_BASE64_SIZE + 1];
    size_t length = 0;

    must(th_tlog_signer_init(NAME, seed, &signer));
    must(th_witness_signer_init(WITNESS, seed, &witness));
    must(th_tlog_vkey_encode(&signer.vkey, sizeof vkey, vkey, &length));
    printf("key %s\n", vkey);
    must(th_witness_key_encode(&witness.key, sizeof vkey, vkey, &length));
    printf("witness %s\n", vkey);
    for (uint64_t size = 0; size <= SIZE_MAX_OF; size++) {
        uint64_t count = size <= SMALL ? size : SOME;

        th_tlog_digest_encode(&roots[size], hash);
        printf("root %" PRIu64 " %s\n", size, hash);
        for (uint64_t i = 0; i < count; i++) {
            uint64_t index = size <= SMALL ? i : (size * 31 + i * 977) % size;

            put_inclusion(index, size);
            put_consistency(index + 1, size);
        }
        put_notes(size, &signer, &witness);
    }
}

/* What `check` has been told. */
struct told {
    struct th_vkey key;
    struct th_witness_key witness;
    unsigned right, wrong; /* lines decided as they say */
};

static uint64_t number(const char *text)
{
    uint64_t value = 0;

    if (text == NULL)
        die("a line is too short");
    must(th_tlog_decimal_decode(text, strlen(text), &value));
    return value;
}

static uint64_t size_of(const char *text)
{
    uint64_t size = number(text);

    if (size > SIZE_MAX_OF)
        die("a tree is too large");
    return size;
}

static struct th_digest digest(const char *text)
{
    struct th_digest value;

    if (text == NULL)
        die("a line is too short");
    must(th_tlog_digest_decode(text, strlen(text), &value));
    return value;
}

static int decide_proof(const char *kind, char **rest)
{
    uint64_t a = size_of(strtok_r(NULL, " ", rest));
    uint64_t b = size_of(strtok_r(NULL, " ", rest));
    struct th_digest proof[TH_MERKLE_PROOF_MAX];
    const char *word;
    size_t n = 0;

    while ((word = strtok_r(NULL, " ", rest)) != NULL) {
        if (n == TH_MERKLE_PROOF_MAX)
            return TH_E_LIMIT;
        proof[n++] = digest(word);
    }
    if (strcmp(kind, "consistency") == 0)
        return th_tlog_verify_consistency(a, b, proof, n, &roots[a], &roots[b]);
    return a < SIZE_MAX_OF ? th_tlog_verify_inclusion(&subtrees[0][a], a, b, proof, n, &roots[b])
                           : TH_E_RANGE;
}

static int decide_note(const struct told *told, char **rest)
{
    static char note[LINE_SIZE];
    uint64_t size = size_of(strtok_r(NULL, " ", rest));
    uint64_t time_s = number(strtok_r(NULL, " ", rest));
    const char *text = strtok_r(NULL, " ", rest);
    struct th_checkpoint checkpoint;
    struct th_note opened;
    size_t note_size = 0;
    int64_t seen = 0;
    int rc;

    if (text == NULL)
        die("a line is too short");
    must(th_tlog_base64_decode(text, strlen(text), sizeof note, note, &note_size));
    rc = th_tlog_note_verify(note, note_size, &told->key, 1, &opened);
    if (rc == 0)
        rc = th_tlog_checkpoint_parse(opened.text, opened.text_size, &checkpoint);
    if (rc == 0 && time_s != 0)
        rc = th_tlog_cosignature_verify(note, note_size, &told->witness, &seen);
    if (rc == 0 && ((uint64_t)seen != time_s || checkpoint.size != size ||
                    strcmp(checkpoint.origin, ORIGIN) != 0 ||
                    !th_tlog_digest_equal(&checkpoint.root, &roots[size])))
        rc = TH_E_INVALID;
    return rc;
}

static int decide(struct told *told, const char *kind, char **rest)
{
    const char *word;
    uint64_t size;
    struct th_digest root;

    if (strcmp(kind, "inclusion") == 0 || strcmp(kind, "consistency") == 0)
        return decide_proof(kind, rest);
    if (strcmp(kind, "note") == 0)
        return decide_note(told, rest);
    if (strcmp(kind, "root") == 0) {
        size = size_of(strtok_r(NULL, " ", rest));
        root = digest(strtok_r(NULL, " ", rest));
        return th_tlog_digest_equal(&root, &roots[size]) ? 0 : TH_E_INVALID;
    }
    word = strtok_r(NULL, " ", rest);
    if (word != NULL && strcmp(kind, "key") == 0)
        return th_tlog_vkey_decode(word, strlen(word), &told->key);
    if (word != NULL && strcmp(kind, "witness") == 0)
        return th_witness_key_decode(word, strlen(word), &told->witness);
    die("an unknown line");
    return TH_E_SYNTAX;
}

static void check(void)
{
    static char line[LINE_SIZE];
    static char copy[LINE_SIZE];
    struct told told = {.right = 0};

    while (fgets(line, sizeof line, stdin) != NULL) {
        char *rest = NULL;
        bool is_wrong = line[0] == '!';
        const char *kind;

        line[strcspn(line, "\n")] = '\0';
        memcpy(copy, line, sizeof copy);
        kind = strtok_r(line + (is_wrong ? 1 : 0), " ", &rest);
        if (kind == NULL || (decide(&told, kind, &rest) != 0) != is_wrong)
            die(copy);
        *(is_wrong ? &told.wrong : &told.right) += 1;
    }
    printf("%u lines hold, %u are refused\n", told.right, told.wrong);
    if (told.right < 18000 || told.wrong < 4000)
        die("too few lines");
}

int main(int argc, char **argv)
{
    if (sodium_init() < 0)
        die("no crypto");
    grow_tree();
    if (argc == 2 && strcmp(argv[1], "make") == 0)
        make();
    else if (argc == 2 && strcmp(argv[1], "check") == 0)
        check();
    else
        die("make or check");
    return 0;
}
