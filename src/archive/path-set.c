// SPDX-License-Identifier: Apache-2.0
#include "archive/path-set.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/*
 * A slot: 48 bits of the hash of the path in lower case, 15 of the hash of the path, and whether it
 * is a symlink. 0 is an empty slot. Open addressing, at most three quarters full.
 */
enum { FIRST_CAPACITY = 64, EXACT_BITS = 15 };

#define FOLDED_MASK (~(uint64_t)0xffff)
#define EXACT_MASK ((((uint64_t)1 << EXACT_BITS) - 1) << 1)
#define SYMLINK_BIT ((uint64_t)1)

struct path_set {
    uint64_t *slots;
    size_t capacity; /* a power of two */
    size_t count;
};

struct path_set *path_set_new(void)
{
    struct path_set *set = NEW(struct path_set);

    set->capacity = FIRST_CAPACITY;
    set->slots = xcalloc(set->capacity, sizeof *set->slots);
    return set;
}

void path_set_free(struct path_set *set)
{
    if (!set)
        return;
    free(set->slots);
    free(set);
}

/* Spreads the last bytes' influence over all bits (the finisher of MurmurHash3). */
static uint64_t mix(uint64_t hash)
{
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdULL;
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53ULL;
    return hash ^ hash >> 33;
}

/* FNV-1a over the path and over the path in lower case. */
static uint64_t key_of(const char *path, size_t len)
{
    uint64_t exact = 0xcbf29ce484222325ULL, folded = exact, key;

    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)path[i];
        unsigned char lower = byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte + 32) : byte;

        exact = (exact ^ byte) * 0x100000001b3ULL;
        folded = (folded ^ lower) * 0x100000001b3ULL;
    }
    key = (mix(folded) & FOLDED_MASK) | (mix(exact) & EXACT_MASK);
    return key & FOLDED_MASK ? key : key | (uint64_t)1 << 16;
}

static size_t home_of(const struct path_set *set, uint64_t key)
{
    return (size_t)(key >> 16) & (set->capacity - 1);
}

static void insert(struct path_set *set, uint64_t slot)
{
    size_t at = home_of(set, slot);

    while (set->slots[at])
        at = (at + 1) & (set->capacity - 1);
    set->slots[at] = slot;
}

static void grow(struct path_set *set)
{
    uint64_t *old = set->slots;
    size_t old_capacity = set->capacity;

    set->capacity *= 2;
    set->slots = xcalloc(set->capacity, sizeof *set->slots);
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i])
            insert(set, old[i]);
    free(old);
}

/* The slot of the same path, NULL without one; *variant: one of the same path in lower case. */
static const uint64_t *find(const struct path_set *set, uint64_t key, bool *variant)
{
    *variant = false;
    for (size_t at = home_of(set, key); set->slots[at]; at = (at + 1) & (set->capacity - 1)) {
        if ((set->slots[at] ^ key) & FOLDED_MASK)
            continue;
        if (((set->slots[at] ^ key) & EXACT_MASK) == 0)
            return &set->slots[at];
        *variant = true;
    }
    return NULL;
}

enum path_match path_set_add(struct path_set *set, const char *path, bool is_symlink)
{
    uint64_t key = key_of(path, strlen(path));
    bool variant;

    if (find(set, key, &variant))
        return PATH_THERE;
    if (4 * (set->count + 1) > 3 * set->capacity)
        grow(set);
    insert(set, key | (is_symlink ? SYMLINK_BIT : 0));
    set->count++;
    return variant ? PATH_CASE_VARIANT : PATH_NEW;
}

bool path_set_has(const struct path_set *set, const char *path, size_t len, bool *is_symlink)
{
    bool variant;
    const uint64_t *slot = find(set, key_of(path, len), &variant);

    if (slot && is_symlink)
        *is_symlink = *slot & SYMLINK_BIT;
    return slot;
}

size_t path_set_symlink_above(const struct path_set *set, const char *path)
{
    const char *slash = path;
    bool is_symlink = false;

    while ((slash = strchr(slash, '/'))) {
        size_t len = (size_t)(slash - path);

        if (len > 0 && path_set_has(set, path, len, &is_symlink) && is_symlink)
            return len;
        slash++;
    }
    return 0;
}
