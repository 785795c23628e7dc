// SPDX-License-Identifier: Apache-2.0
#include "store/layout-files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/store.h"

static const char ref_name_key[] = "org.opencontainers.image.ref.name";
static const char image_name_key[] = "io.containerd.image.name";

/* The specification has no limit. This is the longest "host/path:tag" a registry would take. */
enum { REF_NAME_MAX_LEN = 255 + 1 + 128 };

#define ALPHANUM "[A-Za-z0-9]+"
#define SEPARATOR "([-._:@+]|--)"
#define COMPONENT ALPHANUM "(" SEPARATOR ALPHANUM ")*"
static const char ref[] = "^" COMPONENT "(/" COMPONENT ")*$";

int ref_name_check(const char *name, struct error *error)
{
    if (!name)
        return 0;
    if (strlen(name) > REF_NAME_MAX_LEN)
        return error_set(error, ERROR_USAGE,
                         "a tag in an image layout has at most %d characters, and this one has "
                         "%zu",
                         REF_NAME_MAX_LEN, strlen(name));
    if (!pattern_matches(ref, name))
        return error_set(error, ERROR_USAGE,
                         "a tag in an image layout is letters and digits, with one of "
                         "\"-._:@+/\" or \"--\" between them, and \"%s\" is not",
                         name);
    return 0;
}

json_t *index_new(void)
{
    return json_pack("{s:i,s:s,s:[]}", "schemaVersion", 2, "mediaType", MEDIA_TYPE_INDEX,
                     "manifests");
}

int index_check(json_t *index, struct error *error)
{
    const json_t *version = json_object_get(index, "schemaVersion");
    const json_t *manifests = json_object_get(index, "manifests");

    if (!json_is_integer(version) || json_integer_value(version) != 2)
        return error_set(error, ERROR_FAILED, "no image index: its schemaVersion is not 2");
    if (json_is_object(index) && (!manifests || json_is_null(manifests)))
        json_object_set_new(index, "manifests", json_array());
    else if (!json_is_array(manifests))
        return error_set(error, ERROR_FAILED, "no image index: it has no array \"manifests\"");
    return 0;
}

/* Whether the new entry stands for the same as this one. */
static bool is_replaced(const json_t *entry, const struct descriptor *manifest, const char *tag)
{
    const json_t *annotations = json_object_get(entry, "annotations");

    if (tag)
        return json_text_is(annotations, ref_name_key, tag);
    return !json_object_get(annotations, ref_name_key) &&
           json_text_is(entry, "digest", manifest->digest.text);
}

static json_t *new_entry(const struct descriptor *manifest, const char *tag)
{
    json_t *entry = descriptor_json(manifest);

    if (tag)
        json_object_set_new(entry, "annotations", json_pack("{s:s}", ref_name_key, tag));
    return entry;
}

bool index_set_image(json_t *index, const struct descriptor *manifest, const char *tag)
{
    json_t *entries = json_object_get(index, "manifests");
    size_t found = 0, right = 0;

    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);

        if (!is_replaced(entry, manifest, tag))
            continue;
        found++;
        if (json_text_is(entry, "digest", manifest->digest.text))
            right++;
    }
    if (found == 1 && right == 1)
        return false;
    for (size_t i = json_array_size(entries); i-- > 0;)
        if (is_replaced(json_array_get(entries, i), manifest, tag))
            json_array_remove(entries, i);
    json_array_append_new(entries, new_entry(manifest, tag));
    return true;
}

size_t index_count(const json_t *index)
{
    return json_array_size(json_object_get(index, "manifests"));
}

static const char *entry_name(const json_t *entry, const char *key)
{
    return json_get_nonempty(json_object_get(entry, "annotations"), key);
}

/* What the entries of that annotation stand for: an object of digests. *shared: those of several.
 */
static json_t *collect_names(const json_t *entries, const char *key, json_t **shared)
{
    json_t *digests = json_object(), *entry;
    size_t i;

    *shared = json_object();
    json_array_foreach(entries, i, entry)
    {
        const char *name = entry_name(entry, key);
        json_t *digest = json_object_get(entry, "digest");
        const json_t *other = name ? json_object_get(digests, name) : NULL;

        if (other && !json_equal(other, digest))
            json_object_set_new(*shared, name, json_true());
        else if (name && digest)
            json_object_set(digests, name, digest);
    }
    return digests;
}

bool index_name_is_shared(const json_t *index, const char *tag)
{
    const json_t *entries = json_object_get(index, "manifests");
    const json_t *first = NULL;
    bool has_full_name = false, differs = false;

    for (size_t i = 0; tag && i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);

        if (!json_text_is(json_object_get(entry, "annotations"), ref_name_key, tag))
            continue;
        first = first ? first : entry;
        differs = differs ||
                  !json_equal(json_object_get(first, "digest"), json_object_get(entry, "digest"));
        has_full_name = has_full_name || entry_name(entry, image_name_key);
    }
    return differs && has_full_name;
}

static bool has_entry(const json_t *index, const char *digest, const char *name)
{
    const json_t *entries = json_object_get(index, "manifests");

    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);

        if (json_text_is(entry, "digest", digest) &&
            (!name || json_text_is(json_object_get(entry, "annotations"), ref_name_key, name)))
            return true;
    }
    return false;
}

const char *index_find_lost(const json_t *before, const json_t *after)
{
    const json_t *entries = json_object_get(before, "manifests");

    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        const char *digest = json_get_text(entry, "digest"),
                   *name = entry_name(entry, ref_name_key);

        if (digest && !has_entry(after, digest, name))
            return name ? name : digest;
    }
    return NULL;
}

const char *index_find_other_name(const json_t *index, const char *tag)
{
    const json_t *entries = json_object_get(index, "manifests");

    for (size_t i = 0; i < json_array_size(entries); i++) {
        const char *name = entry_name(json_array_get(entries, i), ref_name_key);

        if (name && (!tag || strcmp(name, tag) != 0))
            return name;
    }
    return NULL;
}

void index_list_names(const json_t *index, json_t **names, json_t **unnamed)
{
    const json_t *entries = json_object_get(index, "manifests");
    cleanup(json_decrefp) json_t *shared = NULL, *seen = json_object();
    cleanup(json_decrefp) json_t *digests = collect_names(entries, ref_name_key, &shared);
    json_t *entry;
    size_t i;

    *names = json_array();
    *unnamed = json_array();
    json_array_foreach(entries, i, entry)
    {
        const char *name = entry_name(entry, ref_name_key);
        const char *full = entry_name(entry, image_name_key);
        const json_t *other = full ? json_object_get(digests, full) : NULL;

        /* Not where somebody else has it for a ref.name, which counts more. */
        if (full && (!name || json_object_get(shared, name)) &&
            (!other || json_equal(other, json_object_get(entry, "digest"))))
            name = full;
        if (!name)
            json_array_append(*unnamed, json_object_get(entry, "digest"));
        else if (!json_object_get(seen, name))
            json_array_append_new(*names, json_string(name));
        if (name)
            json_object_set_new(seen, name, json_true());
    }
}

static const json_t *find_by(const json_t *entries, const char *key, const char *name,
                             bool *ambiguous)
{
    const json_t *found = NULL;

    for (size_t i = 0; i < json_array_size(entries) && !*ambiguous; i++) {
        const json_t *entry = json_array_get(entries, i);

        if (!json_text_is(json_object_get(entry, "annotations"), key, name))
            continue;
        *ambiguous = found && !json_equal(json_object_get(found, "digest"),
                                          json_object_get(entry, "digest"));
        found = found ? found : entry;
    }
    return *ambiguous ? NULL : found;
}

const json_t *index_find_image(const json_t *index, const char *name, bool *ambiguous)
{
    const json_t *entries = json_object_get(index, "manifests"), *found;

    *ambiguous = false;
    if (!name)
        return json_array_size(entries) == 1 ? json_array_get(entries, 0) : NULL;
    found = find_by(entries, ref_name_key, name, ambiguous);
    return found || *ambiguous ? found : find_by(entries, image_name_key, name, ambiguous);
}

bool index_find_manifest(const json_t *index, const char *tag, struct digest *digest)
{
    const json_t *entries = json_object_get(index, "manifests"), *found = NULL;
    const char *text;

    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        const json_t *annotations = json_object_get(entry, "annotations");

        if (tag ? !json_text_is(annotations, ref_name_key, tag)
                : json_object_get(annotations, ref_name_key) != NULL)
            continue;
        if (tag && found)
            return false;
        found = entry;
    }
    text = json_get_text(found, "digest");
    return text && digest_parse(digest, text) == 0 &&
           json_text_is(found, "mediaType", MEDIA_TYPE_MANIFEST);
}

int index_format(const json_t *index, char **text, struct error *error)
{
    cleanup_free char *dumped = json_dumps(index, JSON_COMPACT);

    if (!dumped)
        return error_set(error, ERROR_FAILED, "format the image index: out of memory");
    if (strlen(dumped) > INDEX_MAX_BYTES)
        return error_set(error, ERROR_FAILED,
                         "the image index would be larger than %d bytes; remove images from this "
                         "layout or choose another directory",
                         INDEX_MAX_BYTES);
    *text = steal(dumped);
    return 0;
}

static int read_all(int fd, struct buffer *text, struct error *error)
{
    char block[16 << 10];
    struct stat st;
    ssize_t len;

    if (fstat(fd, &st))
        return error_set_errno(error, errno, "stat");
    if (!S_ISREG(st.st_mode))
        return error_set(error, ERROR_FAILED, "not a regular file");
    while ((len = read(fd, block, sizeof block)) != 0) {
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return error_set_errno(error, errno, "read");
        if (buffer_append(text, block, (size_t)len))
            return error_set(error, ERROR_FAILED, "larger than %zu bytes", text->max);
    }
    return 0;
}

static int parse(json_t **json, const struct buffer *text, struct error *error)
{
    *json = json_parse(text->data, text->len, error);
    if (!*json)
        return error_context(error, "not JSON");
    if (json_is_object(*json))
        return 0;
    json_decref(steal(*json));
    return error_set(error, ERROR_FAILED, "not a JSON object");
}

/* Does not wait for a writer where a FIFO has this name. */
static int open_for_reading(int dir_fd, const char *name)
{
    return openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

int json_file_bytes(struct buffer *content, int dir_fd, const char *name, struct error *error)
{
    cleanup_close int fd = open_for_reading(dir_fd, name);

    if (fd < 0)
        return error_set_errno(error, errno, "open");
    return read_all(fd, content, error);
}

int json_file_read(json_t **json, int dir_fd, const char *place, const char *name, size_t max,
                   struct error *error)
{
    cleanup_close int fd = open_for_reading(dir_fd, name);
    cleanup(buffer_done) struct buffer text;

    buffer_init(&text, max);
    *json = NULL;
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0)
        return error_set_errno(error, errno, "read %s/%s", place, name);
    if (read_all(fd, &text, error) || parse(json, &text, error)) {
        error_context(error, "read %s/%s", place, name);
        return error_advice(error, "repair this image layout or choose another directory");
    }
    return 0;
}

int tmpfile_append_source(struct tmpfile *file, struct source *source, struct progress *progress,
                          struct error *error)
{
    const void *data;
    size_t len;
    int more;

    while ((more = source_next(source, &data, &len, error)) > 0) {
        if (tmpfile_append(file, data, len, error))
            return -1;
        atomic_fetch_add(&progress->bytes_sent, (int64_t)len);
    }
    return more;
}
