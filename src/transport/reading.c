// SPDX-License-Identifier: Apache-2.0
#include "transport/reading.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/inner-tar.h"
#include "base/file.h"
#include "base/json.h"
#include "base/kube-name.h"
#include "base/memory.h"
#include "checkpoint/judge.h"
#include "stream/codec.h"
#include "stream/input.h"
#include "transport/checkpoint-image.h"

struct source *archive_content_unpack(struct archive_content *content, struct source *stored)
{
    bool is_compressed = content->compression != COMPRESSION_NONE;
    struct source *tar = stored;

    content->expansion =
        (struct expansion){.findings = content->findings,
                           .free_bytes = content->max_unpacked_bytes,
                           .is_archive_compressed = is_compressed,
                           .archive_bytes =
                               is_compressed && content->is_decoded ? content->stored_bytes : NULL,
                           .cancel = content->cancel};
    if (is_compressed && !content->is_decoded)
        tar = decoding_source_new(expansion_count_new(tar, &content->expansion),
                                  content->compression);
    if (content->hashes)
        tar = observing_source_new(tar, &content->archive, NULL, content->cancel);
    return is_compressed ? expansion_guard_new(tar, &content->expansion, NULL)
                         : plain_guard_new(tar, content->findings);
}

/* The arguments of read_sealed(). */
struct sealed_read {
    struct archive_content *content;
    struct source *tar;
    struct walk_visitor visitor;
};

static int read_sealed(void *context, struct error *error)
{
    struct sealed_read *call = context;
    struct archive_content *content = call->content;

    if (content->only_metadata
            ? walk_metadata(&content->walk, call->tar, content->hops_within, error)
            : walk_archive(&content->walk, call->tar, &call->visitor, content->findings, error))
        return -1;
    content->has_checkpoint =
        checkpoint_parse(&content->checkpoint, &content->walk, &content->no_checkpoint) == 0;
    return checkpoint_judge(content->has_checkpoint ? &content->checkpoint : NULL,
                            &content->walk.suspects, content->findings, error);
}

int archive_content_read(struct archive_content *content, struct source *tar,
                         const struct walk_visitor *visitor, struct error *error)
{
    struct sealed_read call = {.content = content, .tar = tar};

    if (visitor)
        call.visitor = *visitor;
    call.visitor.hops_within = content->hops_within;
    call.visitor.cancel = content->cancel;
    call.visitor.expansion = &content->expansion;
    return sandbox_call(read_sealed, &call, error);
}

void archive_content_done(struct archive_content *content)
{
    walk_done(&content->walk);
    checkpoint_done(&content->checkpoint);
}

static const char *told(const char *text)
{
    return text ? text : "(not told)";
}

static int check_file_name(struct findings *findings, const char *path,
                           const struct checkpoint *checkpoint, struct error *error)
{
    const struct container_identity what = {checkpoint->pod_namespace, checkpoint->pod,
                                            checkpoint->container};
    const char *name = file_name(path);

    if (kubelet_file_may_hold(name, &what))
        return 0;
    return finding_report(findings, CHECK_FILE_NAME, NULL, error,
                          "the file is called \"%s\" and holds container %s of pod %s in %s", name,
                          told(what.container), told(what.pod), told(what.pod_namespace));
}

int archive_check_file(struct findings *findings, const char *path, const struct input *file,
                       const struct checkpoint *checkpoint, struct error *error)
{
    if ((input_mode(file) & S_IROTH) &&
        finding_report(findings, CHECK_READABLE_ARCHIVE, NULL, error,
                       "the file's mode is %04o, not 0600", input_mode(file) & 07777U) < 0)
        return -1;
    return check_file_name(findings, path, checkpoint, error);
}

static void limit_writing(struct reading *reading)
{
    if (reading->writable)
        sandbox_limit_writing(reading->writable);
}

/* No total if content is hopped over, because then fewer bytes are read than the size. */
static void announce_total(struct reading *reading)
{
    atomic_store(&reading->progress->bytes_total,
                 reading->size > 0 && !reading->content.hops_within ? reading->size : 0);
}

static int open_archive(struct reading *reading, struct error *error)
{
    struct archive_content *content = &reading->content;
    struct input *input;

    if (input_open(&input, reading->subject->path, reading->cancel, error))
        return -1;
    limit_writing(reading);
    reading->input = input;
    reading->size = input_size(input);
    reading->stored = input_source_new(input, reading->cancel);
    if (reading->way != READING_OBSERVES) {
        input_count_into(input, &reading->progress->bytes_read);
        content->compression = input_compression(input);
        content->is_decoded = content->compression != COMPRESSION_NONE;
        if (content->is_decoded)
            input_decode(input);
        if (reading->way == READING_HOPS && input_can_seek(input))
            content->hops_within = (uint64_t)reading->size;
    }
    announce_total(reading);
    return 0;
}

static int read_config(struct reading *reading, struct error *error)
{
    const struct descriptor *config = &reading->manifest->parts[0];
    cleanup_free char *text = NULL;

    if (verifying_source_read_blob(reading->images, config, IMAGE_CONFIG_MAX_BYTES, &text, error))
        return error_context(error, "config");
    reading->config = json_parse(text, config->size, NULL);
    return 0;
}

static int open_documents(struct reading *reading, struct error *error)
{
    if (image_source_open(reading->images, error) ||
        checkpoint_image_resolve(reading->images, &reading->subject->image, &reading->platform,
                                 &reading->manifest, error))
        return -1;
    if (checkpoint_image_check(reading->manifest, error)) {
        if (!reading->takes_any_image || reading->manifest->part_count != 2)
            return -1;
        reading->doubt = *error;
    }
    if (checkpoint_image_compression(&reading->manifest->parts[1], &reading->content.compression,
                                     error))
        return -1;
    return reading->wants_config ? read_config(reading, error) : 0;
}

int reading_open_layer(struct reading *reading, struct error *error)
{
    const struct descriptor *layer = &reading->manifest->parts[1];
    struct archive_content *content = &reading->content;

    limit_writing(reading);
    reading->size = (int64_t)layer->size;
    if (image_source_get_blob(reading->images, layer, &reading->stored, error))
        return -1;
    if (reading->way == READING_HOPS && content->compression == COMPRESSION_NONE)
        content->hops_within = layer->size;
    else if (reading->way != READING_OBSERVES)
        reading->stored =
            verifying_source_new(reading->stored, layer, &reading->progress->bytes_read);
    announce_total(reading);
    return 0;
}

int reading_open(struct reading *reading, struct error *error)
{
    if (reading->subject->kind == SUBJECT_ARCHIVE)
        return open_archive(reading, error);
    reading->images =
        destination_source_new(&reading->subject->image, reading->registry, reading->cancel);
    return open_documents(reading, error) ? -1 : reading_open_layer(reading, error);
}

/* Notes what passes, and looks at the first bytes for the compression. */
static int observe(struct reading *reading, struct error *error)
{
    struct source *observed = observing_source_new(steal(reading->stored), &reading->blob,
                                                   &reading->progress->bytes_read, reading->cancel);

    if (compression_probe(observed, &reading->content.compression, &reading->stored, error))
        return -1;
    reading->content.hashes = reading->content.compression != COMPRESSION_NONE;
    return 0;
}

int reading_walk(struct reading *reading, const struct walk_visitor *visitor, struct error *error)
{
    struct archive_content *content = &reading->content;
    int result;

    content->stored_bytes = &reading->progress->bytes_read;
    content->cancel = reading->cancel;
    if (reading->way == READING_OBSERVES && observe(reading, error))
        return -1;
    reading->tar = archive_content_unpack(content, reading->stored);
    result = archive_content_read(content, reading->tar, visitor, error);
    /* The same bytes are not hashed twice. */
    if (reading->way == READING_OBSERVES && content->compression == COMPRESSION_NONE)
        content->archive = reading->blob;
    return result;
}

void reading_check_metadata(struct reading *reading)
{
    const struct archive_content *content = &reading->content;
    const struct checkpoint *checkpoint = &content->checkpoint;
    struct findings *findings = content->findings;
    struct error ignored;

    if (!content->has_checkpoint) {
        finding_report(findings, CHECK_METADATA, NULL, &ignored, "%s", content->no_checkpoint.text);
        return;
    }
    checkpoint_check(checkpoint, findings, &ignored);
    if (!checkpoint->architecture)
        finding_report(findings, CHECK_UNKNOWN_ARCHITECTURE, NULL, &ignored,
                       "the archive does not tell the architecture of the processes in it");
    if (reading->input)
        archive_check_file(findings, reading->subject->path, reading->input, checkpoint, &ignored);
}

static void drain(struct source *source)
{
    struct error ignored;
    const void *data;
    size_t len;

    while (source_next(source, &data, &len, &ignored) > 0)
        ;
}

void reading_drain(struct reading *reading)
{
    if (reading->tar && !reading->content.archive.failed && !reading->blob.failed)
        drain(reading->tar);
    if (reading->stored && !reading->blob.failed)
        drain(reading->stored);
    if (reading->content.compression == COMPRESSION_NONE)
        reading->content.archive = reading->blob;
}

void reading_done(struct reading *reading)
{
    source_free(reading->tar ? reading->tar : reading->stored);
    archive_content_done(&reading->content);
    json_decref(reading->config);
    manifest_free(reading->manifest);
    image_source_free(reading->images);
}
