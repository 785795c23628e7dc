// SPDX-License-Identifier: Apache-2.0
/* What the checks of CRIU's images find, in sets of images that are made here, each with one thing
 * wrong, and that what is usual has no finding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "archive/criu-check.h"
#include "base/memory.h"
#include "criu/image.h"
#include "criu/names.h"

/* Messages of protobuf. */
struct bytes {
    uint8_t data[8192];
    size_t len;
};

static void put_varint(struct bytes *bytes, uint64_t number)
{
    for (; number > 127; number >>= 7)
        bytes->data[bytes->len++] = (uint8_t)(number | 128);
    bytes->data[bytes->len++] = (uint8_t)number;
}

static struct bytes put_number(struct bytes bytes, unsigned field, uint64_t number)
{
    put_varint(&bytes, field << 3);
    put_varint(&bytes, number);
    return bytes;
}

static struct bytes put_bytes(struct bytes bytes, unsigned field, const void *data, size_t len)
{
    put_varint(&bytes, field << 3 | 2);
    put_varint(&bytes, len);
    assert_true(len <= sizeof bytes.data - bytes.len);
    memcpy(bytes.data + bytes.len, data, len);
    bytes.len += len;
    return bytes;
}

static struct bytes put_text(struct bytes bytes, unsigned field, const char *text)
{
    return put_bytes(bytes, field, text, strlen(text));
}

static struct bytes put_message(struct bytes bytes, unsigned field, struct bytes message)
{
    return put_bytes(bytes, field, message.data, message.len);
}

static const struct bytes nothing = {.len = 0};

static void put_word(struct bytes *bytes, uint32_t word)
{
    for (int i = 0; i < 4; i++)
        bytes->data[bytes->len++] = (uint8_t)(word >> 8 * i);
}

static struct bytes image(enum criu_magic magic)
{
    struct bytes bytes = nothing;

    if (magic != CRIU_MAGIC_INVENTORY)
        put_word(&bytes, 0x54564319);
    put_word(&bytes, magic);
    return bytes;
}

static struct bytes add(struct bytes image, struct bytes message)
{
    put_word(&image, (uint32_t)message.len);
    memcpy(image.data + image.len, message.data, message.len);
    image.len += message.len;
    return image;
}

/* A checkpoint of process 1, with a second thread 5, and process 7, which is dead; all of it can be
 * replaced or left out. */
struct set {
    struct bytes inventory, pstree, core, thread, dead, ids, fs, mm, pagemap, files, mountpoints,
        cgroup;
    uint64_t pages_size;
    const char *extra; /* one more name */
};

static struct bytes make_core(unsigned state)
{
    struct bytes core = put_number(nothing, 1, 1);

    if (state)
        core = put_message(core, 3, put_text(put_number(nothing, 1, state), 6, "x"));
    return add(image(CRIU_MAGIC_CORE), core);
}

static struct bytes make_ids(unsigned mnt_ns)
{
    return put_number(put_number(nothing, 2, 2), 9, mnt_ns);
}

/* `flags` of one run of `pages`, in the fields of CRIU 4.2 if `wide`. */
static struct bytes make_pagemap(unsigned pages, unsigned flags, bool wide)
{
    struct bytes entry = put_number(nothing, 1, 0x10000);

    entry = put_number(entry, 2, wide ? 0 : pages);
    entry = put_number(entry, 4, flags);
    if (wide)
        entry = put_number(entry, 5, pages);
    return add(add(image(CRIU_MAGIC_PAGEMAP), put_number(nothing, 1, 1)), entry);
}

static struct bytes add_file(struct bytes files, const char *path)
{
    struct bytes file = put_number(put_number(nothing, 1, 1), 2, 9);

    return add(files, put_message(file, 3, put_text(nothing, 6, path)));
}

static struct bytes add_mount(struct bytes mounts, unsigned fstype, const char *root,
                              const char *mountpoint, const char *key)
{
    struct bytes mount = put_text(put_number(nothing, 1, fstype), 6, root);

    mount = put_text(put_text(mount, 7, mountpoint), 8, "/dev/sda");
    return add(mounts, key ? put_text(mount, 18, key) : mount);
}

static struct bytes make_cgroup(const char *controller, const char *directory, const char *property)
{
    struct bytes child = put_text(nothing, 1, directory), top = put_text(nothing, 1, "kubepods");

    child = put_message(child, 3, put_text(nothing, 1, property));
    top = put_message(top, 2, child);
    return add(image(CRIU_MAGIC_CGROUP),
               put_message(nothing, 2, put_message(put_text(nothing, 1, controller), 2, top)));
}

static struct set good_set(void)
{
    struct bytes first = put_number(put_number(nothing, 1, 1), 5, 1);
    struct bytes root_ids = put_number(nothing, 1, 2);

    return (struct set){
        .inventory = add(image(CRIU_MAGIC_INVENTORY), put_message(root_ids, 3, make_ids(4))),
        .pstree = add(add(image(CRIU_MAGIC_PSTREE), put_number(first, 5, 5)),
                      put_number(put_number(put_number(nothing, 1, 7), 2, 1), 5, 0)),
        .core = make_core(CRIU_TASK_ALIVE),
        .thread = make_core(0),
        .dead = make_core(CRIU_TASK_DEAD),
        .ids = add(image(CRIU_MAGIC_IDS), make_ids(13)),
        .fs = add(image(CRIU_MAGIC_FS), put_number(nothing, 1, 1)),
        .mm = add(image(CRIU_MAGIC_MM), put_number(nothing, 8, 0x1000)),
        .pagemap = make_pagemap(3, 4, true),
        .files = add_file(add_file(image(CRIU_MAGIC_FILES), "/etc/app/..2026_11/app.conf"),
                          "/srv/a..b/c.."),
        .mountpoints =
            add_mount(add_mount(add_mount(image(CRIU_MAGIC_MOUNTPOINTS), 17, "/", "/", NULL), 12,
                                "/../../x", "/sys/fs/cgroup/cpu", NULL),
                      5, "/", "/data", "/data"),
        .cgroup = make_cgroup("cpu", "kubepods/x", "cpu.shares"),
        .pages_size = 3 * 4096,
    };
}

struct outcome {
    struct findings findings;
    struct criu_traits traits;
};

static void feed(struct criu_check *check, const char *name, const struct bytes *content,
                 uint64_t size)
{
    cleanup_free char *path = xasprintf("checkpoint/%s", name);
    struct member member = {.path = path, .raw_path = path, .size = size};
    struct error error;

    criu_check_member(check, &member, &error);
    if (criu_check_wants(&member) > 0 && content) {
        cleanup(buffer_done) struct buffer buffer = {0};

        buffer_init(&buffer, sizeof content->data);
        buffer_append(&buffer, content->data, content->len);
        criu_check_content(check, &member, &buffer, &error);
    }
}

static void feed_image(struct criu_check *check, const char *name, const struct bytes *content)
{
    if (content->len)
        feed(check, name, content, content->len);
}

/* Pages come before the maps that tell of them, processes before the tree. */
static struct outcome try(const struct set *set)
{
    struct outcome outcome = {.findings.policy.keeps_going = true};
    struct criu_check check;
    struct error error;

    criu_check_init(&check, &outcome.findings);
    feed(&check, "pages-1.img", NULL, set->pages_size);
    feed_image(&check, "core-1.img", &set->core);
    feed_image(&check, "core-5.img", &set->thread);
    feed_image(&check, "core-7.img", &set->dead);
    feed_image(&check, "ids-1.img", &set->ids);
    feed_image(&check, "fs-1.img", &set->fs);
    feed_image(&check, "mm-1.img", &set->mm);
    feed_image(&check, "pagemap-1.img", &set->pagemap);
    feed_image(&check, "files.img", &set->files);
    feed_image(&check, "mountpoints-13.img", &set->mountpoints);
    feed_image(&check, "cgroup.img", &set->cgroup);
    feed_image(&check, "pstree.img", &set->pstree);
    feed_image(&check, "inventory.img", &set->inventory);
    if (set->extra)
        feed(&check, set->extra, NULL, 10);
    criu_check_finish(&check, &error);
    outcome.traits = check.traits;
    check.traits = (struct criu_traits){0};
    criu_check_done(&check);
    return outcome;
}

static void assert_found(struct set set, enum check expected, const char *text)
{
    struct outcome outcome = try(&set);
    cleanup_free char *line = outcome.findings.count ? finding_line(outcome.findings.list) : NULL;

    if (!line)
        fail_msg("nothing is found of %s", text);
    if (outcome.findings.list[0].check != expected || !strstr(line, text))
        fail_msg("\"%s\" is not about \"%s\"", line, text);
    findings_done(&outcome.findings);
    criu_traits_done(&outcome.traits);
}

/* Without the mounts. */
static struct criu_traits assert_fine(struct set set)
{
    struct outcome outcome = try(&set);
    cleanup_free char *line = outcome.findings.count ? finding_line(outcome.findings.list) : NULL;

    if (line)
        fail_msg("%s", line);
    findings_done(&outcome.findings);
    criu_traits_done(&outcome.traits);
    return outcome.traits;
}

static void test_mounts_in_memory(void **state)
{
    struct set set = good_set();
    struct outcome outcome = try(&set);

    (void)state;
    assert_true(criu_traits_has_memory_mount(&outcome.traits, "/data"));
    assert_false(criu_traits_has_memory_mount(&outcome.traits, "/"));
    assert_false(criu_traits_has_memory_mount(&outcome.traits, "/dat"));
    findings_done(&outcome.findings);
    criu_traits_done(&outcome.traits);
}

static void test_a_whole_set_is_fine(void **state)
{
    struct set set = good_set();
    struct criu_traits traits = assert_fine(set);

    (void)state;
    assert_true(traits.has_wide_maps && traits.has_cgroup_v1);
    assert_false(traits.has_parent || traits.is_newer || traits.has_connections);
    set.pagemap = make_pagemap(3, 6, false); /* present and lazy, as CRIU up to 4.1 writes it */
    set.cgroup = make_cgroup("", "x", "cgroup.freeze");
    traits = assert_fine(set);
    assert_false(traits.has_wide_maps || traits.has_cgroup_v1);
    set.pages_size = 3 * 65536;
    assert_fine(set);
}

static void test_every_image_is_missed(void **state)
{
    struct set set;

    (void)state;
    set = good_set(), set.pstree.len = 0;
    assert_found(set, CHECK_CRIU_IMAGES, "checkpoint/pstree.img: it is missing");
    set = good_set(), set.core.len = 0;
    assert_found(set, CHECK_CRIU_IMAGES, "checkpoint/core-1.img: it is missing");
    set = good_set(), set.thread.len = 0;
    assert_found(set, CHECK_CRIU_IMAGES, "checkpoint/core-5.img: it is missing, of process 1");
    set = good_set(), set.dead.len = 0;
    assert_found(set, CHECK_CRIU_IMAGES, "checkpoint/core-7.img: it is missing");
    set = good_set(), set.mm.len = 0;
    assert_found(set, CHECK_CRIU_IMAGES, "checkpoint/mm-1.img: it is missing");
    set = good_set(), set.ids.len = 0;
    assert_found(set, CHECK_CRIU_IMAGES, "checkpoint/ids-1.img: it is missing");
    set = good_set(), set.fs.len = 0;
    assert_found(set, CHECK_CRIU_IMAGES, "checkpoint/fs-1.img: it is missing");
    set = good_set(), set.files.len = 0;
    assert_found(set, CHECK_CRIU_IMAGES, "checkpoint/files.img: it is missing");
    set = good_set(), set.pagemap.len = 0;
    assert_found(set, CHECK_CRIU_IMAGES, "checkpoint/pagemap-1.img: it is missing");
}

/* An empty or cut image, or another one in its place. */
static void test_images_that_cannot_be_read(void **state)
{
    struct set set;

    (void)state;
    set = good_set(), set.inventory = image(CRIU_MAGIC_PSTREE);
    assert_found(set, CHECK_CRIU_IMAGES, "checkpoint/inventory.img: it does not begin");
    set = good_set(), set.inventory.len = 4;
    assert_found(set, CHECK_CRIU_IMAGES, "checkpoint/inventory.img: it is empty");
    set = good_set(), set.inventory.len--;
    assert_found(set, CHECK_CRIU_IMAGES, "ends in the middle of a message");
    set = good_set(), set.pstree = image(CRIU_MAGIC_PSTREE);
    assert_found(set, CHECK_CRIU_IMAGES, "checkpoint/pstree.img: it has no process");
    set = good_set(), set.pagemap.len = 8;
    assert_found(set, CHECK_CRIU_IMAGES, "checkpoint/pagemap-1.img: a message");
    set = good_set(), set.files.data[5]++;
    assert_found(set, CHECK_CRIU_IMAGES, "checkpoint/files.img: it does not begin");
}

static void test_pages(void **state)
{
    struct set set = good_set();
    struct criu_traits traits;

    (void)state;
    set.pages_size--;
    assert_found(set, CHECK_CRIU_IMAGES, "it tells of 3 pages, and pages-1.img has 12287 bytes");
    set = good_set(), set.pagemap = make_pagemap(3, 1, true);
    assert_found(set, CHECK_CRIU_IMAGES, "checkpoint/parent, the link to it, is missing");
    set.extra = "parent";
    traits = assert_fine(set);
    assert_true(traits.has_parent);
    set = good_set(), set.pagemap = make_pagemap(3, 2, true);
    assert_found(set, CHECK_CRIU_IMAGES, "page server");
    /* Compressed pages have a flag and fields that are not known here, and are smaller. */
    set = good_set(), set.pagemap = make_pagemap(3, 12, true), set.pages_size = 100;
    traits = assert_fine(set);
    assert_true(traits.is_newer);
}

static void test_paths_that_climb(void **state)
{
    static const char *const files[] = {"/../../etc/x", "..", "/srv/../x", "/x/.."};
    struct set set;

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        set = good_set(), set.files = add_file(set.files, files[i]);
        assert_found(set, CHECK_CRIU_PATH, files[i]);
    }
    set = good_set(), set.mountpoints = add_mount(set.mountpoints, 5, "/", "/../x", NULL);
    assert_found(set, CHECK_CRIU_PATH, "a mount's place is \"/../x\"");
    set = good_set(), set.mountpoints = add_mount(set.mountpoints, 0, "/../x", "/x", "/x");
    assert_found(set, CHECK_CRIU_PATH, "a mount's root is \"/../x\"");
    set = good_set(), set.cgroup = make_cgroup("cpu", "../../etc", "x");
    assert_found(set, CHECK_CRIU_PATH, "a cgroup's path is \"../../etc\"");
    set = good_set(), set.cgroup = make_cgroup("cpu", "x", "../../etc/passwd");
    assert_found(set, CHECK_CRIU_PATH, "a cgroup's property is \"../../etc/passwd\"");
    set = good_set(), set.cgroup = make_cgroup("../x", "x", "y");
    assert_found(set, CHECK_CRIU_PATH, "a cgroup controller is \"../x\"");
    set = good_set(), set.ids = add(image(CRIU_MAGIC_IDS), make_ids(4));
    assert_found(set, CHECK_CRIU_PATH, "process 1 is in the mount namespace of CRIU itself");
    set = good_set(), set.ids = add(image(CRIU_MAGIC_IDS), put_number(nothing, 2, 2));
    assert_fine(set); /* not in that one */
}

/* The name of a Unix socket is its process's own; a watched path is the kernel's. */
static void test_sockets_and_watches(void **state)
{
    struct bytes socket = put_text(put_number(nothing, 2, 8), 11, "../run/app.sock");
    struct bytes handle = put_message(nothing, 7, put_text(nothing, 4, "/../etc"));
    struct set set = good_set();

    (void)state;
    set.files =
        add(set.files, put_message(put_number(nothing, 1, 5), 16, put_text(socket, 14, "/srv")));
    assert_fine(set);
    set.files =
        add(set.files, put_message(put_number(nothing, 1, 8), 13, put_message(nothing, 5, handle)));
    assert_found(set, CHECK_CRIU_PATH, "a watched path is");
    set = good_set();
    set.files = add(set.files,
                    put_message(put_number(nothing, 1, 5), 16, put_text(socket, 14, "/srv/../..")));
    assert_found(set, CHECK_CRIU_PATH, "the directory of a Unix socket is");
}

static void test_connections(void **state)
{
    struct bytes socket = put_number(put_number(nothing, 4, 1), 5, 6); /* stream, TCP */
    struct set set = good_set();

    (void)state;
    set.files = add(set.files, put_message(nothing, 4, put_number(socket, 6, 10)));
    assert_false(assert_fine(set).has_connections);
    set.files = add(set.files, put_message(nothing, 4, put_number(socket, 6, 1)));
    assert_true(assert_fine(set).has_connections);
    set.inventory = add(image(CRIU_MAGIC_INVENTORY), put_number(put_number(nothing, 1, 2), 10, 1));
    assert_false(assert_fine(set).has_connections);
}

static void test_what_acts_on_the_host(void **state)
{
    static const char *const names[] = {"binfmt-misc.img",  "binfmt-misc-3.img", "iptables-10.img",
                                        "ip6tables-10.img", "nftables-10.img",   "netns-ct-10.img",
                                        "apparmor.img",     "route-10.img"};
    struct set set;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        set = good_set(), set.extra = names[i];
        assert_found(set, CHECK_CRIU_HOST_ACTION, names[i]);
    }
    set = good_set(), set.mountpoints = add_mount(set.mountpoints, 16, "/", "/mnt", NULL);
    assert_found(set, CHECK_CRIU_HOST_ACTION, "it mounts \"/dev/sda\" of the node on \"/mnt\"");
    set = good_set(), set.mountpoints = add_mount(set.mountpoints, 17, "/", "/mnt", NULL);
    assert_found(set, CHECK_CRIU_HOST_ACTION, "as overlay");
}

static void test_a_ghost_device(void **state)
{
    struct findings findings = {.policy.keeps_going = true};
    struct bytes disk = put_number(put_number(nothing, 3, 0060600), 6, 8 << 8 | 1);
    struct bytes null = put_number(put_number(nothing, 3, 0020666), 6, 1 << 8 | 3);
    struct bytes file = put_number(nothing, 3, 0100600);
    struct criu_check check;

    (void)state;
    criu_check_init(&check, &findings);
    null = add(image(CRIU_MAGIC_GHOST_FILE), null);
    feed_image(&check, "ghost-file-1.img", &null);
    file = add(image(CRIU_MAGIC_GHOST_FILE), file);
    feed(&check, "ghost-file-a.img", &file, 1 << 30); /* its content is behind the message */
    assert_int_equal(findings.count, 0);
    disk = add(image(CRIU_MAGIC_GHOST_FILE), disk);
    feed_image(&check, "ghost-file-b.img", &disk);
    assert_int_equal(findings.counts[CHECK_DEVICE_NODE], 1);
    criu_check_done(&check);
    findings_done(&findings);
}

static void test_names(void **state)
{
    static const char *const usual[] = {"descriptors.json",
                                        "stats-dump",
                                        "tmpfs-dev-46.tar.gz.img",
                                        "amdgpu-kfd-1.img",
                                        "tcp-stream-af.img",
                                        "ipcns-var-11.img",
                                        "pagemap-shmem-18446744073.img",
                                        "dump.log"};
    static const char *const unusual[] = {"core-01.img",        "core-1.img.bak", "x.img",
                                          "core-x.img",         "inventory",      "sub/core-1.img",
                                          "core-4294967296.img"};
    struct set set = good_set();

    (void)state;
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        assert_true(criu_name_parse(usual[i]).kind != CRIU_KIND_NONE);
    for (size_t i = 0; i < sizeof unusual / sizeof *unusual; i++) {
        set.extra = unusual[i];
        assert_found(set, CHECK_CRIU_UNKNOWN_FILE, unusual[i]);
    }
}

/* What is nested deeper than any cgroup does not use up the stack. */
static void test_deep_cgroups(void **state)
{
    struct bytes directory = put_text(nothing, 1, "x");
    struct set set = good_set();

    (void)state;
    for (int i = 0; i < 200; i++)
        directory = put_message(nothing, 2, directory);
    set.cgroup =
        add(image(CRIU_MAGIC_CGROUP), put_message(nothing, 2, put_message(nothing, 2, directory)));
    assert_found(set, CHECK_CRIU_IMAGES, "more than 64 deep");
}

static void test_what_is_too_large(void **state)
{
    struct findings findings = {.policy.keeps_going = true};
    struct criu_check check;
    struct bytes files = image(CRIU_MAGIC_FILES);

    (void)state;
    criu_check_init(&check, &findings);
    feed(&check, "files.img", &files, (16 << 20) + 1); /* its paths are not seen */
    assert_int_equal(findings.counts[CHECK_CRIU_IMAGES], 1);
    files = image(CRIU_MAGIC_MM);
    feed(&check, "mm-1.img", &files, 20 << 20); /* of very many mappings */
    assert_int_equal(findings.counts[CHECK_CRIU_IMAGES], 1);
    criu_check_done(&check);
    findings_done(&findings);
}

/* Many images of the largest size: those with paths must all be seen, of others some will do. */
static void test_much_of_it(void **state)
{
    struct findings findings = {.policy.keeps_going = true};
    cleanup(buffer_done) struct buffer content = {0};
    struct bytes core = make_core(CRIU_TASK_DEAD), mounts = image(CRIU_MAGIC_MOUNTPOINTS);
    struct member member = {.path = "checkpoint/core-1.img", .size = CRIU_MESSAGE_MAX_BYTES};
    struct criu_check check;
    struct error error;

    (void)state;
    criu_check_init(&check, &findings);
    buffer_init(&content, CRIU_IMAGE_MAX_BYTES);
    buffer_append(&content, core.data, core.len);
    content.data = xreallocarray(content.data, CRIU_IMAGE_MAX_BYTES + 1, 1);
    memset(content.data + content.len, 0, CRIU_IMAGE_MAX_BYTES - content.len);
    content.len = CRIU_MESSAGE_MAX_BYTES;
    for (int i = 0; i < 30; i++)
        assert_int_equal(criu_check_content(&check, &member, &content, &error), 0);
    assert_int_equal(findings.count, 0);
    assert_int_equal(check.other_bytes, CRIU_CHECK_OTHERS_MAX_BYTES);
    memcpy(content.data, mounts.data, mounts.len);
    memset(content.data + mounts.len, 0, core.len);
    content.len = CRIU_IMAGE_MAX_BYTES;
    member.path = "checkpoint/mountpoints-1.img";
    member.size = content.len;
    for (int i = 0; i < 3; i++)
        criu_check_content(&check, &member, &content, &error);
    assert_int_equal(findings.counts[CHECK_CRIU_IMAGES], 1);
    criu_check_done(&check);
    findings_done(&findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_set_is_fine),
        cmocka_unit_test(test_mounts_in_memory),
        cmocka_unit_test(test_every_image_is_missed),
        cmocka_unit_test(test_images_that_cannot_be_read),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_paths_that_climb),
        cmocka_unit_test(test_sockets_and_watches),
        cmocka_unit_test(test_connections),
        cmocka_unit_test(test_what_acts_on_the_host),
        cmocka_unit_test(test_a_ghost_device),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_deep_cgroups),
        cmocka_unit_test(test_what_is_too_large),
        cmocka_unit_test(test_much_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
