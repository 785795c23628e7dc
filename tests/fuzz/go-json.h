// SPDX-License-Identifier: Apache-2.0
/*
 * How a program in Go reads JSON, written down a second time to compare with: the rules of
 * encoding/json's scanner and decoder, and nothing of src/. For tests only; one thread.
 */
#ifndef CKPTOCI_FUZZ_GO_JSON_H
#define CKPTOCI_FUZZ_GO_JSON_H

#include <stdbool.h>
#include <stddef.h>

enum go_type { GO_NULL, GO_BOOL, GO_NUMBER, GO_STRING, GO_ARRAY, GO_OBJECT };

struct go_value {
    enum go_type type;
    bool truth;
    char *text;             /* decoded, or the number as it stands; NUL-terminated */
    size_t len;             /* of the text: there may be a NUL in it */
    struct go_value *items; /* elements, or values of members, in their order */
    struct go_value *keys;  /* of an object: strings, each time that they are there */
    size_t count;
};

/* What is in a document that only some readers take. */
struct go_oddities {
    bool replaced; /* what is no UTF-8 has become U+FFFD */
    bool nul;
    bool fraction; /* a number with a fraction or exponent, or of more than 300 digits */
    size_t depth, values;
};

/* NULL: Go refuses it. */
struct go_value *go_parse(const char *bytes, size_t len, struct go_oddities *oddities);
void go_free(struct go_value *value);

/* The member of a structure: the last one that folds to the name. NULL: none. */
const struct go_value *go_field(const struct go_value *object, const char *name);
/* The member of a map. */
const struct go_value *go_entry(const struct go_value *object, const struct go_value *key);
/* Whether the two are one field to Go. */
bool go_folds_alike(const struct go_value *key, const char *name);

#endif
