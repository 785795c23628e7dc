// SPDX-License-Identifier: Apache-2.0
#include "transport/subject.h"

#include <string.h>
#include <sys/stat.h>

#include "stream/codec.h"

static bool begins_with_one_of(const char *text, const char *const *beginnings)
{
    for (; *beginnings; beginnings++)
        if (strncmp(text, *beginnings, strlen(*beginnings)) == 0)
            return true;
    return false;
}

static bool names_transport(const char *text)
{
    static const char *const transports[] = {"docker://", "oci:", "oci-archive:", NULL};

    return begins_with_one_of(text, transports);
}

/* A file that is there is an archive, even where its name could be an image's as well; and a
 * mistyped path must not become a question to a registry. */
static bool is_path(const char *text)
{
    static const char *const beginnings[] = {"/", "./", "../", NULL};
    struct stat st;

    return strcmp(text, "-") == 0 || (stat(text, &st) == 0 && !S_ISDIR(st.st_mode)) ||
           begins_with_one_of(text, beginnings) || codec_names_tar(text);
}

int subject_parse(struct subject *ret, const char *text, struct error *error)
{
    struct subject subject = {.kind = SUBJECT_ARCHIVE, .path = text};

    if (names_transport(text) || !is_path(text)) {
        subject = (struct subject){.kind = SUBJECT_IMAGE};
        if (destination_parse_source(&subject.image, text, error))
            return names_transport(text) ? -1
                                         : error_advice(error, "and there is no file of that name");
    }
    *ret = subject;
    return 0;
}

void subject_done(struct subject *subject)
{
    destination_done(&subject->image);
}

const char *subject_name(const struct subject *subject)
{
    return subject->kind == SUBJECT_IMAGE ? subject->image.name : subject->path;
}
