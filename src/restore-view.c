// SPDX-License-Identifier: Apache-2.0
#include "restore-view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void restore_view_print_notes(const struct restore_kit *kit)
{
    print_notes(stderr, kit, "");
}

char *restore_view_yaml(const struct restore_kit *kit)
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

char *restore_view_document(const json_t *document)
{
    char *text = NULL;
    size_t len = 0;
    FILE *stream = open_text(&text, &len);

    json_dumpf(document, stream, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    fputc('\n', stream);
    fclose(stream);
    return text;
}

char *restore_view_json(const struct restore_kit *kit)
{
    json_t *list;
    char *text;

    if (json_array_size(kit->documents) == 1)
        return restore_view_document(json_array_get(kit->documents, 0));
    list =
        json_pack("{s:s, s:s, s:O}", "apiVersion", "v1", "kind", "List", "items", kit->documents);
    text = restore_view_document(list);
    json_decref(list);
    return text;
}

char *restore_view_crictl(const struct restore_kit *kit)
{
    json_t *both = json_pack("{s:O, s:O}", "pod-config.json", json_array_get(kit->documents, 0),
                             "container-config.json", json_array_get(kit->documents, 1));
    char *text = restore_view_document(both);

    json_decref(both);
    return text;
}
