// SPDX-License-Identifier: Apache-2.0
/* The table of what engines ask for, and what its functions share with the reasoning. */
#ifndef CKPTOCI_ENGINES_RULES_H
#define CKPTOCI_ENGINES_RULES_H

#include "engines/reasoning.h"

/* Versions that are treated alike. */
struct engine_range {
    enum engine engine;
    const char *versions;
    struct engine_version sample; /* one of them */
};

/* Every version, in order; ends with ENGINE_UNKNOWN. */
extern const struct engine_range engine_ranges[];

/* Who asks, by which rule, for what; all borrowed. */
struct inquiry {
    enum engine engine;
    const char *rule; /* its name */
    const struct restore_subject *subject;
    struct reasoning *reasoning;
};

/* Adds a line; takes `items`, which may be NULL. */
void reasoning_add(const struct inquiry *in, enum verdict verdict, json_t *items,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

struct engine_rule {
    enum engine engine;                 /* ENGINE_UNKNOWN: all of them */
    struct engine_version from, before; /* before all zero: up to the newest */
    const char *name;
    /* A NULL text: ask check(). A fact with VERDICT_NO ends the reasoning. */
    enum verdict verdict;
    const char *text;
    void (*check)(const struct inquiry *in);
};

/* Ends with a NULL name. The order is that of the lines. */
extern const struct engine_rule engine_rules[];

#endif
