// SPDX-License-Identifier: Apache-2.0
/* A restore kit as text, and the files that the text is written to. */
#ifndef CKPTOCI_RESTORE_OUTPUT_H
#define CKPTOCI_RESTORE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/sandbox.h"
#include "base/tmpfile.h"
#include "restore/kit.h"

/* New strings. The Pods in YAML, with the notes as comments on top. */
char *restore_text_yaml(const struct restore_kit *kit);
/* In JSON: the Pod, or a List of them. */
char *restore_text_json(const struct restore_kit *kit);
/* In JSON: the configurations for crictl, each under the name of its file. */
char *restore_text_crictl(const struct restore_kit *kit);
/* One document of the kit in JSON. */
char *restore_text_document(const json_t *document);

/* The notes, on standard error. */
void restore_print_notes(const struct restore_kit *kit);

/*
 * A file, or a directory with two. Nothing is there before all of it is complete. Embedded in its
 * owner, zero-initialised; one thread.
 *
 *     restore_output_open_file(&output, ..., &error)     // early, so that the work is not in vain
 *     restore_output_write(&output, texts, &error)
 *     restore_output_done(&output)
 */
enum { RESTORE_OUTPUT_MAX_FILES = 2 };

struct restore_output {
    struct output_file files[RESTORE_OUTPUT_MAX_FILES];
    size_t count;
    char *made_directory; /* to be removed unless something was written; or NULL */
};

/* What is written to stays writable in the sandbox. */
int restore_output_open_file(struct restore_output *output, const char *path, bool may_replace,
                             struct sandbox *writable, struct error *error);
/* Makes the directory if there is none. -1: also where there is something else in it than files of
 * these names. */
int restore_output_open_directory(struct restore_output *output, const char *directory,
                                  const char *const names[RESTORE_OUTPUT_MAX_FILES],
                                  bool may_replace, struct sandbox *writable, struct error *error);
/* A text for each file. */
int restore_output_write(struct restore_output *output, char *const *texts, struct error *error);
void restore_output_done(struct restore_output *output);

#endif
