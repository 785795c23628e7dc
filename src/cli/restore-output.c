// SPDX-License-Identifier: Apache-2.0
#include "cli/restore-output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "yaml/yaml.h"

enum { LINE_WIDTH = 100 };

static FILE *open_text(char **text, size_t *len)
{
    FILE *stream = open_memstream(text, len);

    if (!stream)
        abort();
    return stream;
}

/* What is behind a dash is indented as far as what follows it. Of several spaces one is left:
 * otherwise the archive's words could be moved to where a line of ours begins. */
static void print_wrapped(FILE *stream, const char *prefix, const char *line)
{
    int indent = strncmp(line, "- ", 2) == 0 ? 2 : 0, width = LINE_WIDTH - (int)strlen(prefix);
    int column = 0;

    fputs(prefix, stream);
    while (*line) {
        int word = (int)strcspn(line, " ");

        if (column > indent && column + 1 + word > width) {
            fprintf(stream, "\n%s%*s", prefix, indent, "");
            column = indent;
        } else if (column > 0) {
            column += fprintf(stream, " ");
        }
        column += fprintf(stream, "%.*s", word, line);
        line += word;
        line += strspn(line, " ");
    }
    fputc('\n', stream);
}

/* A command stays in one line, so that it can be copied. */
static void print_notes(FILE *stream, const struct restore_kit *kit, const char *prefix)
{
    const json_t *note;
    size_t i;

    json_array_foreach(kit->notes, i, note)
    {
        const char *line = json_string_value(note);

        if (!*line)
            fprintf(stream, "%s\n", *prefix ? "#" : "");
        else if (*line == ' ')
            fprintf(stream, "%s%s\n", prefix, line);
        else
            print_wrapped(stream, prefix, line);
    }
}

void restore_print_notes(const struct restore_kit *kit)
{
    print_notes(stderr, kit, "");
}

char *restore_text_yaml(const struct restore_kit *kit)
{
    char *text = NULL;
    size_t len = 0, i;
    FILE *stream = open_text(&text, &len);
    json_t *document;

    print_notes(stream, kit, "# ");
    json_array_foreach(kit->documents, i, document)
    {
        cleanup_free char *yaml = yaml_from_json(document);

        fprintf(stream, "---\n%s", yaml);
    }
    fclose(stream);
    return text;
}

char *restore_text_document(const json_t *document)
{
    cleanup_free char *text = json_show(document, JSON_INDENT(2));

    return xasprintf("%s\n", text);
}

char *restore_text_json(const struct restore_kit *kit)
{
    json_t *list;
    char *text;

    if (json_array_size(kit->documents) == 1)
        return restore_text_document(json_array_get(kit->documents, 0));
    list =
        json_pack("{s:s, s:s, s:O}", "apiVersion", "v1", "kind", "List", "items", kit->documents);
    text = restore_text_document(list);
    json_decref(list);
    return text;
}

char *restore_text_crictl(const struct restore_kit *kit)
{
    json_t *both = json_pack("{s:O, s:O}", "pod-config.json", json_array_get(kit->documents, 0),
                             "container-config.json", json_array_get(kit->documents, 1));
    char *text = restore_text_document(both);

    json_decref(both);
    return text;
}

static int open_file(struct restore_output *output, const char *path, bool may_replace,
                     struct error *error)
{
    struct output_file *file = &output->files[output->count++];

    output_file_init(file, path);
    file->may_replace = may_replace;
    file->file.mode = 0644; /* no memory is in it */
    return output_file_open(file, error);
}

int restore_output_open_file(struct restore_output *output, const char *path, bool may_replace,
                             struct sandbox *writable, struct error *error)
{
    sandbox_keep_directory_of(writable, path);
    return open_file(output, path, may_replace, error);
}

/* Somebody's other files would hide what belongs together. */
static int check_directory(const char *directory, const char *const *names, struct error *error)
{
    cleanup(closedirp) DIR *stream = opendir(directory);
    const struct dirent *entry;

    if (!stream)
        return error_set_errno(error, errno, "write %s: open directory", directory);
    while ((entry = readdir(stream))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            strncmp(entry->d_name, TMPFILE_PREFIX, strlen(TMPFILE_PREFIX)) == 0 ||
            strcmp(entry->d_name, names[0]) == 0 || strcmp(entry->d_name, names[1]) == 0)
            continue;
        error_set(error, ERROR_FAILED, "write %s: there is %s in this directory", directory,
                  entry->d_name);
        return error_advice(error, "name one that is empty or does not exist yet");
    }
    return 0;
}

static int make_directory(struct restore_output *output, const char *directory,
                          const char *const *names, struct error *error)
{
    if (mkdir(directory, 0777) == 0) {
        output->made_directory = xstrdup(directory);
        return 0;
    }
    if (errno == EEXIST)
        return check_directory(directory, names, error);
    error_set_errno(error, errno, "write %s: create directory", directory);
    return error_advice(error, "choose another place with --output");
}

int restore_output_open_directory(struct restore_output *output, const char *given,
                                  const char *const names[RESTORE_OUTPUT_MAX_FILES],
                                  bool may_replace, struct sandbox *writable, struct error *error)
{
    cleanup_free char *directory = xstrdup(given);
    size_t len = strlen(directory);

    while (len > 1 && directory[len - 1] == '/')
        directory[--len] = '\0';
    if (make_directory(output, directory, names, error))
        return -1;
    sandbox_keep(writable, SANDBOX_TREE, directory);
    /* Removing a directory is a right of the one above. */
    if (output->made_directory)
        sandbox_keep_directory_of(writable, directory);
    for (size_t i = 0; i < RESTORE_OUTPUT_MAX_FILES; i++) {
        cleanup_free char *path = xasprintf("%s/%s", directory, names[i]);

        if (open_file(output, path, may_replace, error))
            return -1;
    }
    return 0;
}

int restore_output_write(struct restore_output *output, char *const *texts, struct error *error)
{
    for (size_t i = 0; i < output->count; i++)
        if (tmpfile_append(&output->files[i].file, texts[i], strlen(texts[i]), error) ||
            tmpfile_sync(&output->files[i].file, error))
            return -1;
    for (size_t i = 0; i < output->count; i++)
        if (output_file_publish(&output->files[i], error))
            return -1;
    free(steal(output->made_directory));
    return 0;
}

void restore_output_done(struct restore_output *output)
{
    for (size_t i = 0; i < output->count; i++)
        output_file_done(&output->files[i]);
    if (output->made_directory)
        rmdir(output->made_directory);
    free(output->made_directory);
    *output = (struct restore_output){0};
}
