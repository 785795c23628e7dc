// SPDX-License-Identifier: Apache-2.0
/*
 * A checkpoint archive, uncompressed: what the walk keeps of it, what a report tells of it, and
 * where the index of a tar file says that members lie. In how many pieces the bytes come must make
 * no difference.
 */
#include <string.h>

#include "archive/walk.h"
#include "config.h"
#include "fuzz.h"
#include "inspect/report.h"
#include "inspect/snapshot.h"
#include "store/tar.h"

enum { HEADER_BYTES = 512, CHECKSUM_AT = 148, CHECKSUM_BYTES = 8, MAGIC_AT = 257 };

static int walk(struct walk *walk, struct findings *findings, const uint8_t *data, size_t size,
                size_t piece, struct error *error)
{
    struct fuzz_source source;

    *walk = (struct walk){0};
    *error = (struct error){0};
    fuzz_source_init(&source, data, size, piece);
    return walk_archive(walk, &source.source, NULL, findings, error);
}

static void require_same(const struct buffer *a, const struct buffer *b)
{
    fuzz_require(a->len == b->len);
    fuzz_require(a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* What was found, in words. */
static void require_findings(const struct findings *findings, bool refused)
{
    cleanup(json_decrefp) json_t *json = findings_json(findings);

    fuzz_require(json_array_size(json) >= findings->count);
    fuzz_require(!refused || findings_refusal(findings));
    for (size_t i = 0; i < findings->count; i++) {
        cleanup_free char *line = finding_line(&findings->list[i]);

        for (const char *c = line; *c; c++)
            fuzz_require((unsigned char)*c >= ' ' && *c != 0x7f);
    }
}

static void require_same_walk(const struct walk *a, const struct walk *b)
{
    fuzz_require(a->spec_dump.len <= METADATA_MAX_BYTES);
    fuzz_require(a->config_dump.len <= METADATA_MAX_BYTES);
    fuzz_require(a->core_head.len <= CORE_HEAD_BYTES);
    require_same(&a->spec_dump, &b->spec_dump);
    require_same(&a->config_dump, &b->config_dump);
    require_same(&a->core_head, &b->core_head);
}

static void fuzz_walk(const uint8_t *data, size_t size, bool keeps_going)
{
    const struct finding_policy policy = {.keeps_going = keeps_going};
    cleanup(findings_done) struct findings whole_findings = {.policy = policy};
    cleanup(findings_done) struct findings pieces_findings = {.policy = policy};
    cleanup(walk_done) struct walk whole, pieces;
    struct error whole_error, pieces_error;
    int result = walk(&whole, &whole_findings, data, size, size, &whole_error);

    fuzz_require(walk(&pieces, &pieces_findings, data, size, 331, &pieces_error) == result);
    require_findings(&whole_findings, result < 0);
    fuzz_require(whole_findings.count == pieces_findings.count);
    fuzz_require(
        memcmp(whole_findings.counts, pieces_findings.counts, sizeof whole_findings.counts) == 0);
    if (result < 0) {
        fuzz_require_error(&whole_error);
        fuzz_require(whole_error.kind == ERROR_ARCHIVE);
        fuzz_require(pieces_error.kind == whole_error.kind); /* libarchive's texts may differ */
        return;
    }
    fuzz_require(whole.bytes == size);
    require_same_walk(&whole, &pieces);
}

/* However bad the archive is, there is a report, and it can be written down. */
static void fuzz_report(const uint8_t *data, size_t size)
{
    cleanup(findings_done) struct findings findings = {.policy = {.keeps_going = true}};
    cleanup(snapshot_done) struct snapshot snapshot;
    cleanup(json_decrefp) json_t *report = NULL;
    cleanup_free char *text = NULL;
    struct walk_visitor visitor;
    struct fuzz_source source;
    cleanup(walk_done) struct walk walk = {0};
    struct error error;

    snapshot_init(&snapshot);
    visitor = snapshot_visitor(&snapshot);
    fuzz_source_init(&source, data, size, size);
    walk_archive(&walk, &source.source, &visitor, &findings, &error);
    report = report_make(&snapshot, &walk, NULL, true);
    text = json_dumps(report, JSON_ENSURE_ASCII);
    fuzz_require(json_is_object(report) && text);
}

static void fuzz_index(const uint8_t *data, size_t size)
{
    cleanup(tar_index_freep) struct tar_index *index = NULL;
    const struct tar_place *place;
    struct error error = {0};

    if (tar_index_new(&index, fuzz_file_fd(data, size), &error) < 0) {
        fuzz_require_error(&error);
        return;
    }
    place = tar_index_find(index, "index.json");
    if (place)
        fuzz_require(place->offset <= size && place->size <= size - place->offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_walk(data, size, false);
    fuzz_walk(data, size, true);
    fuzz_report(data, size);
    fuzz_index(data, size);
    return 0;
}

#ifdef ENABLE_FUZZING
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

/* POSIX.1-1988 ustar: the sum of a header's bytes, with spaces where the sum itself is. */
static void mend_checksum(uint8_t *header)
{
    unsigned sum = 0;

    memset(header + CHECKSUM_AT, ' ', CHECKSUM_BYTES);
    for (int i = 0; i < HEADER_BYTES; i++)
        sum += header[i];
    for (int i = CHECKSUM_BYTES - 3; i >= 0; i--, sum >>= 3)
        header[CHECKSUM_AT + i] = (uint8_t)('0' + (sum & 7));
    header[CHECKSUM_AT + CHECKSUM_BYTES - 2] = '\0';
}

/* Nearly every change of a header makes its checksum wrong, and nothing behind that would ever be
 * tried. One in eight stays wrong. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    size = LLVMFuzzerMutate(data, size, max_size);
    if (seed % 8 == 0)
        return size;
    for (size_t at = 0; at + HEADER_BYTES <= size; at += HEADER_BYTES)
        if (memcmp(data + at + MAGIC_AT, "ustar", 5) == 0)
            mend_checksum(data + at);
    return size;
}
#endif
