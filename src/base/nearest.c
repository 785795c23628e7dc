// SPDX-License-Identifier: Apache-2.0
#include "base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum { WORD_MAX_LEN = 128 };

static bool is_same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The optimal string alignment distance, by the last three rows of its table. */
size_t nearest_distance(const char *word, const char *right)
{
    size_t rows[3][WORD_MAX_LEN + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    size_t len = strnlen(word, WORD_MAX_LEN), right_len = strnlen(right, WORD_MAX_LEN);

    if (len > 0 && strncasecmp(word, right, len) == 0)
        return 0;
    for (size_t j = 0; j <= right_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= len; i++) {
        size_t *free_row = before;

        before = above;
        above = row;
        row = free_row;
        row[0] = i;
        for (size_t j = 1; j <= right_len; j++) {
            row[j] = least(above[j - 1] + !is_same(word[i - 1], right[j - 1]),
                           least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && is_same(word[i - 1], right[j - 2]) &&
                is_same(word[i - 2], right[j - 1]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return row[right_len];
}

const char *nearest_find(const char *word, const char *const *list)
{
    size_t limit = 1 + strnlen(word, WORD_MAX_LEN) / 4;
    const char *nearest = NULL;

    for (; *list; list++) {
        size_t distance = nearest_distance(word, *list);

        if (distance < limit + !nearest) {
            limit = distance;
            nearest = *list;
        }
    }
    return nearest;
}

int nearest_advise(struct error *error, const char *word, const char *const *list,
                   const char *prefix)
{
    const char *nearest = nearest_find(word, list);

    return nearest ? error_advice(error, "did you mean \"%s%s\"?", prefix, nearest) : -1;
}
