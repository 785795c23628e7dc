// SPDX-License-Identifier: Apache-2.0
/* Allocation that does not fail: without memory the program ends. The results go to free(). */
#ifndef CKPTOCI_BASE_MEMORY_H
#define CKPTOCI_BASE_MEMORY_H

#include <stddef.h>

void *xcalloc(size_t count, size_t size);
void *xreallocarray(void *pointer, size_t count, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t len);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define NEW(type) ((type *)xcalloc(1, sizeof(type)))

#endif
