// SPDX-License-Identifier: Apache-2.0
#include "archive/path-set.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/memory.h"

/*
 * A slot: 48 bits of the hash of the path in lower case, 15 of the hash of the path, and whether it
 * is a symlink. 0 is an empty slot. Open addressing, at most three quarters full.
 */
enum { FIRST_CAPACITY = 64, EXACT_BITS = 15 };

#define FOLDED_MASK (~(uint64_t)0xffff)
#define EXACT_MASK ((((uint64_t)1 << EXACT_BITS) - 1) << 1)
#define SYMLINK_BIT ((uint64_t)1)

struct table {
    uint64_t *slots;
    size_t capacity; /* a power of two */
    size_t count;
};

/* Symlinks are in both. They are few, and looked for under the name of every directory. */
struct path_set {
    struct table paths, symlinks;
};

/*
 * The bytes of a path are the coefficients of a polynomial over the integers modulo the prime
 * 2^61 - 1, whose value at a secret point is the hash. Two paths of up to n bytes agree at no more
 * than n of the 2^61 points (Carter and Wegman), so that nobody can prepare paths that collide, nor
 * fill one part of the table. The hash of a longer path goes on from that of the directory above.
 */
#define PRIME (((uint64_t)1 << 61) - 1)
__extension__ typedef unsigned __int128 uint128;

static uint64_t exact_point, folded_point;

static void choose_points(void)
{
    uint64_t random[2];

    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        abort();
    exact_point = 1 + random[0] % (PRIME - 1);
    folded_point = 1 + random[1] % (PRIME - 1);
}

struct path_hash {
    uint64_t exact, folded; /* below PRIME */
};

/* No coefficient is 0, so that paths of different lengths are different polynomials. */
static uint64_t next_value(uint64_t value, unsigned char byte, uint64_t point)
{
    uint128 product = (uint128)(value + byte + 1) * point;
    uint64_t sum = (uint64_t)(product & PRIME) + (uint64_t)(product >> 61);

    sum = (sum & PRIME) + (sum >> 61);
    return sum >= PRIME ? sum - PRIME : sum;
}

static struct path_hash next_hash(struct path_hash hash, char c)
{
    unsigned char byte = (unsigned char)c;
    unsigned char lower = byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte + 32) : byte;

    return (struct path_hash){.exact = next_value(hash.exact, byte, exact_point),
                              .folded = next_value(hash.folded, lower, folded_point)};
}

/* Spreads all bits over all bits, and loses none (the finisher of MurmurHash3). */
static uint64_t mix(uint64_t hash)
{
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdULL;
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53ULL;
    return hash ^ hash >> 33;
}

static uint64_t key_of(struct path_hash hash)
{
    uint64_t key = (mix(hash.folded) & FOLDED_MASK) | (mix(hash.exact) & EXACT_MASK);

    return key & FOLDED_MASK ? key : key | (uint64_t)1 << 16;
}

static uint64_t key_of_path(const char *path, size_t len)
{
    struct path_hash hash = {0};

    for (size_t i = 0; i < len; i++)
        hash = next_hash(hash, path[i]);
    return key_of(hash);
}

static void table_init(struct table *table)
{
    table->capacity = FIRST_CAPACITY;
    table->slots = xcalloc(table->capacity, sizeof *table->slots);
}

struct path_set *path_set_new(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct path_set *set = NEW(struct path_set);

    pthread_once(&once, choose_points);
    table_init(&set->paths);
    table_init(&set->symlinks);
    return set;
}

void path_set_free(struct path_set *set)
{
    if (!set)
        return;
    free(set->paths.slots);
    free(set->symlinks.slots);
    free(set);
}

static size_t home_of(const struct table *table, uint64_t key)
{
    return (size_t)(key >> 16) & (table->capacity - 1);
}

static void insert(struct table *table, uint64_t slot)
{
    size_t at = home_of(table, slot);

    while (table->slots[at])
        at = (at + 1) & (table->capacity - 1);
    table->slots[at] = slot;
}

static void grow(struct table *table)
{
    struct table old = *table;

    table->capacity *= 2;
    table->slots = xcalloc(table->capacity, sizeof *table->slots);
    for (size_t i = 0; i < old.capacity; i++)
        if (old.slots[i])
            insert(table, old.slots[i]);
    free(old.slots);
}

static void add(struct table *table, uint64_t slot)
{
    if (4 * (table->count + 1) > 3 * table->capacity)
        grow(table);
    insert(table, slot);
    table->count++;
}

/* The slot of the same path, NULL without one; *variant: one of the same path in lower case. */
static const uint64_t *find(const struct table *table, uint64_t key, bool *variant)
{
    *variant = false;
    for (size_t at = home_of(table, key); table->slots[at]; at = (at + 1) & (table->capacity - 1)) {
        if ((table->slots[at] ^ key) & FOLDED_MASK)
            continue;
        if (((table->slots[at] ^ key) & EXACT_MASK) == 0)
            return &table->slots[at];
        *variant = true;
    }
    return NULL;
}

enum path_match path_set_add(struct path_set *set, const char *path, bool is_symlink)
{
    uint64_t key = key_of_path(path, strlen(path));
    bool variant;

    if (find(&set->paths, key, &variant))
        return PATH_THERE;
    add(&set->paths, key | (is_symlink ? SYMLINK_BIT : 0));
    if (is_symlink)
        add(&set->symlinks, key | SYMLINK_BIT);
    return variant ? PATH_CASE_VARIANT : PATH_NEW;
}

bool path_set_has(const struct path_set *set, const char *path, size_t len, bool *is_symlink)
{
    bool variant;
    const uint64_t *slot = find(&set->paths, key_of_path(path, len), &variant);

    if (slot && is_symlink)
        *is_symlink = *slot & SYMLINK_BIT;
    return slot;
}

size_t path_set_symlink_above(const struct path_set *set, const char *path)
{
    struct path_hash hash = {0};
    bool variant;

    if (set->symlinks.count == 0)
        return 0;
    for (size_t len = 0; path[len]; len++) {
        if (path[len] == '/' && len > 0 && find(&set->symlinks, key_of(hash), &variant))
            return len;
        hash = next_hash(hash, path[len]);
    }
    return 0;
}
