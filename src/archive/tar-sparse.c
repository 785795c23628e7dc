// SPDX-License-Identifier: Apache-2.0
#include "archive/tar-sparse.h"

#include "archive/tar-block.h"

enum {
    FIELD_BYTES = 12,
    REGION_BYTES = 2 * FIELD_BYTES,
    HEADER_REGIONS_AT = 386,
    HEADER_REGIONS = 4,
    HEADER_SIZE_AT = 483,
    BLOCK_REGIONS = 21,
};

static const char no_map[] = "the map of its holes is not in order";
static const char not_covered[] = "the map of its holes is of another size than its content";

/* GNU tar reads each region from a new block: all but the last one must fill theirs. */
static const char *add_region(struct tar_sparse *sparse, uint64_t offset, uint64_t len)
{
    if (offset < sparse->end || offset > sparse->size || len > sparse->size - offset ||
        (len > 0 && sparse->is_odd))
        return no_map;
    if (len > sparse->stored - sparse->data)
        return not_covered;
    sparse->end = offset + len;
    sparse->data += len;
    sparse->is_odd = sparse->is_odd || len % TAR_BLOCK_BYTES != 0;
    return NULL;
}

static const char *finish(const struct tar_sparse *sparse)
{
    return sparse->data == sparse->stored ? NULL : not_covered;
}

/* A table of regions, and behind it the byte that tells of more. Readers differ in what ends it
 * early: nothing may follow that. */
static const char *take_table(struct tar_sparse *sparse, const uint8_t *table, size_t count)
{
    uint8_t extended = table[count * REGION_BYTES];
    const char *problem = NULL;
    size_t used = 0;

    while (used < count && table[used * REGION_BYTES] && !problem) {
        const uint8_t *region = table + used++ * REGION_BYTES;
        uint64_t offset, len;

        if (!region[FIELD_BYTES] || !tar_number_parse(region, FIELD_BYTES, INT64_MAX, &offset) ||
            !tar_number_parse(region + FIELD_BYTES, FIELD_BYTES, INT64_MAX, &len))
            return no_map;
        problem = add_region(sparse, offset, len);
    }
    if (problem)
        return problem;
    sparse->more = extended;
    if (extended > 1 || (extended && used < count) ||
        !tar_is_zero(table + used * REGION_BYTES, (count - used) * REGION_BYTES))
        return no_map;
    return sparse->more ? NULL : finish(sparse);
}

const char *tar_sparse_begin(struct tar_sparse *sparse, const uint8_t header[TAR_BLOCK_BYTES],
                             uint64_t stored)
{
    *sparse = (struct tar_sparse){.stored = stored};
    if (!header[HEADER_SIZE_AT] ||
        !tar_number_parse(header + HEADER_SIZE_AT, FIELD_BYTES, INT64_MAX, &sparse->size) ||
        !header[HEADER_REGIONS_AT])
        return no_map;
    return take_table(sparse, header + HEADER_REGIONS_AT, HEADER_REGIONS);
}

const char *tar_sparse_extend(struct tar_sparse *sparse, const uint8_t block[TAR_BLOCK_BYTES])
{
    static const size_t used = BLOCK_REGIONS * REGION_BYTES + 1;

    if (!tar_is_zero(block + used, TAR_BLOCK_BYTES - used))
        return no_map;
    return take_table(sparse, block, BLOCK_REGIONS);
}

void tar_sparse_begin_text(struct tar_sparse *sparse, uint64_t size, uint64_t stored)
{
    *sparse = (struct tar_sparse){.size = size, .stored = stored, .more = true};
}

/* A number is complete: how many regions there are, or a part of one. */
static const char *take_number(struct tar_sparse *sparse)
{
    uint64_t number = sparse->number;

    if (!sparse->in_number)
        return no_map;
    sparse->in_number = false;
    sparse->number = 0;
    if (!sparse->has_count) {
        /* Each has two numbers, with a line end each. */
        if (number == 0 || number > INT64_MAX / 2)
            return no_map;
        sparse->has_count = true;
        sparse->left = 2 * number;
        return NULL;
    }
    sparse->left--;
    sparse->has_offset = !sparse->has_offset;
    if (!sparse->has_offset)
        return add_region(sparse, sparse->offset, number);
    sparse->offset = number;
    return NULL;
}

static const char *take_letter(struct tar_sparse *sparse, uint8_t letter)
{
    bool is_complete = sparse->has_count && sparse->left == 0;

    if (is_complete) /* up to the end of the block */
        return letter ? no_map : NULL;
    if (letter == '\n')
        return take_number(sparse);
    if (letter < '0' || letter > '9' || sparse->number > (INT64_MAX - 9) / 10)
        return no_map;
    sparse->in_number = true;
    sparse->number = sparse->number * 10 + (uint64_t)(letter - '0');
    return NULL;
}

const char *tar_sparse_text(struct tar_sparse *sparse, const uint8_t *data, size_t len,
                            size_t *taken)
{
    for (*taken = 0; *taken < len && sparse->more;) {
        const char *problem;

        /* What the text takes, the content has not. */
        if (sparse->text_bytes % TAR_BLOCK_BYTES == 0) {
            if (sparse->stored - sparse->data < TAR_BLOCK_BYTES)
                return not_covered;
            sparse->stored -= TAR_BLOCK_BYTES;
        }
        problem = take_letter(sparse, data[(*taken)++]);
        if (problem)
            return problem;
        sparse->text_bytes++;
        sparse->more =
            !sparse->has_count || sparse->left > 0 || sparse->text_bytes % TAR_BLOCK_BYTES != 0;
        if (!sparse->more)
            return finish(sparse);
    }
    return NULL;
}
