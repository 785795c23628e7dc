// SPDX-License-Identifier: Apache-2.0
#include "cli/inspect-view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "cli/view.h"

static void print_processes(const json_t *processes, bool shows_all)
{
    struct view_list list = {.shows_all = shows_all};
    json_t *process;
    size_t i;

    printf("\nProcesses (%zu)\n", json_array_size(processes));
    if (json_array_size(processes))
        puts("      PID    UID  STATE    COMMAND");
    json_array_foreach(processes, i, process)
    {
        const json_t *arguments = json_object_get(process, "arguments");
        uint64_t depth = view_number(process, "depth"), threads = view_number(process, "threads");
        const char *state = json_get_text(process, "state"), *name = json_get_text(process, "name");
        cleanup_free char *command =
            arguments ? format_arguments(arguments) : xasprintf("[%s]", name ? name : "?");

        if (!view_list_line(&list))
            continue;
        printf("  %7" PRIu64 "  ", view_number(process, "pid"));
        if (json_object_get(process, "uid"))
            printf("%5" PRIu64, view_number(process, "uid"));
        else
            printf("%5s", "?");
        printf("  %-7s  %*s", state ? state : "?", (int)(depth < 20 ? 2 * depth : 40), "");
        view_print(command);
        if (threads > 1)
            printf("  (%" PRIu64 " threads)", threads);
        putchar('\n');
    }
    view_list_end(&list);
}

/*
 * Many processes have the same environment and the same files. Calls print() once for each value of
 * part(process), behind a line with the processes that have it.
 */
static void print_groups(const json_t *processes, struct view_list *list,
                         json_t *(*part)(const json_t *process),
                         void (*print)(const json_t *part, struct view_list *list))
{
    json_t *parts = json_array(), *value, *process;
    size_t i, count = json_array_size(processes);
    bool *printed = xcalloc(count + 1, sizeof *printed);

    json_array_foreach(processes, i, process) json_array_append_new(parts, part(process));
    json_array_foreach(parts, i, value)
    {
        if (printed[i] || json_is_null(value) || !view_list_line(list))
            continue;
        printf("  PID %" PRIu64, view_number(json_array_get(processes, i), "pid"));
        for (size_t j = i + 1; j < count; j++) {
            if (printed[j] || !json_equal(value, json_array_get(parts, j)))
                continue;
            printed[j] = true;
            printf(", %" PRIu64, view_number(json_array_get(processes, j), "pid"));
        }
        putchar('\n');
        print(value, list);
    }
    free(printed);
    json_decref(parts);
}

/* A new reference, null if there is none. */
static json_t *environment_of(const json_t *process)
{
    json_t *environment = json_object_get(process, "environment");

    return environment ? json_incref(environment) : json_null();
}

static void print_variables(const json_t *variables, struct view_list *list)
{
    int width = 0;
    json_t *variable;
    size_t i;

    json_array_foreach(variables, i, variable)
    {
        int len = (int)json_string_length(json_object_get(variable, "name"));

        if (len > width && len <= VIEW_NAME_WIDTH_MAX)
            width = len;
    }
    json_array_foreach(variables, i, variable)
    {
        cleanup_free char *name = format_text(json_get_text(variable, "name"));
        const char *value = json_get_text(variable, "value");

        if (!view_list_line(list))
            continue;
        printf("    %-*s  ", width, name);
        if (value)
            view_print(value);
        else
            printf("(hidden, %" PRIu64 " byte%s)", view_number(variable, "bytes"),
                   view_number(variable, "bytes") == 1 ? "" : "s");
        putchar('\n');
    }
}

static void print_environment(const json_t *report, bool shows_all)
{
    const json_t *processes = json_object_get(report, "processes");
    const json_t *configured =
        json_object_get(json_object_get(report, "configured"), "environment");
    const json_t *any = json_array_get(configured, 0);
    struct view_list list = {.shows_all = shows_all};

    for (size_t i = 0; !any && i < json_array_size(processes); i++)
        any = json_array_get(json_object_get(json_array_get(processes, i), "environment"), 0);
    printf("\nEnvironment%s\n",
           any && !json_object_get(any, "value") ? " (--show-secrets shows the values)" : "");
    print_groups(processes, &list, environment_of, print_variables);
    if (list.lines == 0 && json_array_size(configured)) {
        puts("  as configured");
        print_variables(configured, &list);
    }
    view_list_end(&list);
}

static json_t *files_of(const json_t *process)
{
    static const char *const keys[] = {"files", "working_directory", "root"};
    json_t *part = json_object();

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_object_get(process, keys[i]))
            json_object_set(part, keys[i], json_object_get(process, keys[i]));
    if (json_object_size(part))
        return part;
    json_decref(part);
    return json_null();
}

static void print_file(const char *fd, const json_t *file)
{
    const char *protocol = json_get_text(file, "protocol"), *state = json_get_text(file, "state");
    const char *name = json_get_text(file, "name");

    printf("    %4s  %-8s  ", fd, json_get_text(file, "type"));
    if (protocol)
        printf("%s ", protocol);
    view_print(name ? name : "");
    if (json_object_get(file, "process"))
        printf("of process %" PRIu64, view_number(file, "process"));
    if (state)
        printf(" (%s)", state);
    if (json_object_get(file, "deleted"))
        printf(" (deleted)");
    putchar('\n');
}

static void print_files(const json_t *part, struct view_list *list)
{
    const char *directory = json_get_text(part, "working_directory");
    const char *root = json_get_text(part, "root");
    json_t *file;
    size_t i;

    json_array_foreach(json_object_get(part, "files"), i, file)
    {
        cleanup_free char *fd = xasprintf("%" PRIu64, view_number(file, "fd"));

        if (view_list_line(list))
            print_file(fd, file);
    }
    if (!view_list_line(list))
        return;
    fputs("    working directory ", stdout);
    view_print(directory ? directory : "(not known)");
    if (root && strcmp(root, "/") != 0) {
        fputs(", root ", stdout);
        view_print(root);
    }
    putchar('\n');
}

static void print_open_files(const json_t *report, bool shows_all)
{
    struct view_list list = {.shows_all = shows_all};

    puts("\nOpen files and sockets");
    print_groups(json_object_get(report, "processes"), &list, files_of, print_files);
    view_list_end(&list);
}

enum { LABEL_WIDTH = 13 };

/* A line of a section of facts; none where the value is not known. */
static void print_field(const char *label, const char *value)
{
    if (!value || !*value)
        return;
    printf("  %-*s ", LABEL_WIDTH, label);
    view_print(value);
    putchar('\n');
}

static void print_container(const json_t *report)
{
    const json_t *container = json_object_get(report, "container");
    const json_t *times = json_object_get(report, "times");
    const char *name = json_get_text(container, "name");
    const char *runtime = json_get_text(container, "runtime");
    const char *engine = json_get_text(container, "engine");
    const char *checkpointed = json_get_text(times, "checkpointed");
    const char *from = json_get_text(times, "checkpointed_from");
    cleanup_free char *how = xasprintf("%s%s%s", engine ? engine : "unknown",
                                       runtime ? ", runtime " : "", runtime ? runtime : "");
    cleanup_free char *when =
        checkpointed ? xasprintf("%s%s", checkpointed,
                                 strcmp(from, "config.dump") == 0 ? "" : " (when CRIU ended)")
                     : NULL;
    cleanup_free char *addresses = format_arguments(json_object_get(container, "addresses"));
    cleanup_free char *command =
        format_arguments(json_object_get(json_object_get(report, "configured"), "arguments"));

    puts("Container");
    print_field("name", name ? name : "(not known)");
    print_field("pod", json_get_text(container, "pod"));
    print_field("namespace", json_get_text(container, "namespace"));
    print_field("id", json_get_text(container, "id"));
    print_field("engine", how);
    print_field("architecture", json_get_text(container, "architecture"));
    print_field("address", addresses);
    print_field("command", command);
    print_field("created", json_get_text(times, "created"));
    print_field("checkpointed", when);
}

static void print_image(const json_t *report)
{
    const json_t *image = json_object_get(report, "image");
    const char *name = json_get_text(image, "name"), *digest = json_get_text(image, "digest");
    const char *requested = json_get_text(image, "requested");

    puts("\nBase image");
    print_field("name", name);
    if (requested && (!name || strcmp(name, requested) != 0))
        print_field("requested as", requested);
    print_field("digest", digest ? digest : "(not known)");
    print_field("id", json_get_text(image, "id"));
}

static void print_statistics(const json_t *statistics)
{
    cleanup_free char *frozen = format_us(view_number(statistics, "frozen_time_us"));
    cleanup_free char *freezing = format_us(view_number(statistics, "freezing_time_us"));
    cleanup_free char *memdump = format_us(view_number(statistics, "memdump_time_us"));
    cleanup_free char *memwrite = format_us(view_number(statistics, "memwrite_time_us"));

    if (!statistics) {
        print_field("statistics", "(not known)");
        return;
    }
    printf("  %-*s frozen for %s, after %s of freezing; memory dumped in %s, written in %s\n",
           LABEL_WIDTH, "times", frozen, freezing, memdump, memwrite);
    printf("  %-*s %" PRIu64 " written of %" PRIu64 " scanned", LABEL_WIDTH, "pages",
           view_number(statistics, "pages_written"), view_number(statistics, "pages_scanned"));
    if (view_number(statistics, "pages_skipped_parent"))
        printf(", %" PRIu64 " in an earlier checkpoint",
               view_number(statistics, "pages_skipped_parent"));
    putchar('\n');
}

static void print_sizes(const json_t *sizes)
{
    cleanup_free char *checkpoint = format_bytes(view_number(sizes, "checkpoint"));
    cleanup_free char *pages = format_bytes(view_number(sizes, "memory_pages"));
    cleanup_free char *gpu = format_bytes(view_number(sizes, "gpu_memory_pages"));
    cleanup_free char *rootfs = format_bytes(view_number(sizes, "rootfs_diff"));

    printf("  %-*s images of CRIU %s, of which memory pages %s", LABEL_WIDTH, "sizes", checkpoint,
           pages);
    if (view_number(sizes, "gpu_memory_pages"))
        printf(", memory of a GPU %s", gpu);
    printf("; changed files %s\n", rootfs);
}

static void print_source(const json_t *source)
{
    const char *compression = json_get_text(source, "compression");
    cleanup_free char *size = format_bytes(view_number(source, "size"));
    cleanup_free char *name = format_text(json_get_text(source, "name"));
    bool is_plain = strcmp(compression, "none") == 0;

    printf("  %-*s %s", LABEL_WIDTH, json_get_text(source, "kind"), name);
    if (json_object_get(source, "size"))
        printf(", %s", size);
    printf(", %s\n", is_plain ? "not compressed" : compression);
    print_field("manifest", json_get_text(json_object_get(source, "manifest"), "digest"));
    print_field("layer", json_get_text(json_object_get(source, "layer"), "digest"));
}

static void print_checkpoint(const json_t *report)
{
    const json_t *criu = json_object_get(report, "criu");
    const char *version = json_get_text(criu, "version"), *kernel = json_get_text(criu, "kernel");
    const char *lsm = json_get_text(criu, "lsm");
    cleanup_free char *text = xasprintf("%s%s%s%s%s", version ? version : "(version not known)",
                                        kernel ? " on Linux " : "", kernel ? kernel : "",
                                        lsm && strcmp(lsm, "none") != 0 ? ", with " : "",
                                        lsm && strcmp(lsm, "none") != 0 ? lsm : "");

    puts("\nCheckpoint");
    print_source(json_object_get(report, "source"));
    print_field("CRIU", text);
    print_statistics(json_object_get(criu, "statistics"));
    print_sizes(json_object_get(report, "sizes"));
}

/* File systems of the kernel, which every container has. */
static bool is_kernel_mount(const json_t *mount)
{
    static const char *const types[] = {"proc", "sysfs", "devpts", "mqueue", "cgroup", "cgroup2"};
    const char *type = json_get_text(mount, "type");
    const char *destination = json_get_text(mount, "destination");

    if (!type || !destination)
        return false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return strcmp(type, "tmpfs") == 0 && strcmp(destination, "/dev") == 0;
}

static void print_mount(const json_t *mount, int width, bool shows_all)
{
    cleanup_free char *destination = format_text(json_get_text(mount, "destination"));
    cleanup_free char *type = format_text(json_get_text(mount, "type"));
    cleanup_free char *options = format_arguments(json_object_get(mount, "options"));

    printf("  %-*s  %-6s  ", width, destination, type);
    view_print(json_get_text(mount, "source"));
    if (shows_all && *options) {
        fputs("  ", stdout);
        view_print(options);
    }
    putchar('\n');
}

static void print_mounts(const json_t *mounts, bool shows_all)
{
    struct view_list list = {.shows_all = shows_all};
    size_t i, of_kernel = 0;
    int width = 0;
    json_t *mount;

    printf("\nMounts (%zu)\n", json_array_size(mounts));
    json_array_foreach(mounts, i, mount)
    {
        int len = (int)json_string_length(json_object_get(mount, "destination"));

        if (len > width && len <= VIEW_NAME_WIDTH_MAX)
            width = len;
    }
    json_array_foreach(mounts, i, mount)
    {
        if (!shows_all && is_kernel_mount(mount))
            of_kernel++;
        else if (view_list_line(&list))
            print_mount(mount, width, shows_all);
    }
    if (of_kernel)
        printf("  and %zu of the kernel's own: proc, sysfs ...\n", of_kernel);
    view_list_end(&list);
}

/* Directories are in the list because files in them are; they say little. */
static bool is_shown(const json_t *change, bool shows_all)
{
    return shows_all || !json_text_is(change, "type", "directory") ||
           !json_text_is(change, "change", "changed");
}

static void print_changes(const json_t *report, bool shows_all)
{
    const json_t *changes = json_object_get(report, "changes");
    struct view_list list = {.shows_all = shows_all};
    uint64_t omitted = view_number(report, "changes_omitted");
    json_t *change;
    size_t i;

    puts("\nChanged files");
    json_array_foreach(changes, i, change)
    {
        const char *type = json_get_text(change, "type");
        cleanup_free char *size = format_bytes(view_number(change, "size"));

        if (!is_shown(change, shows_all) || !view_list_line(&list))
            continue;
        printf("  %-7s  ", json_get_text(change, "change"));
        view_print(json_get_text(change, "path"));
        if (json_object_get(change, "size"))
            printf(", %s", size);
        else if (type)
            printf(", %s", type);
        putchar('\n');
    }
    if (list.lines == 0)
        puts("  none");
    view_list_end(&list);
    if (omitted)
        printf("  ... and %" PRIu64 " more than can be listed\n", omitted);
}

static void print_annotations(const json_t *report)
{
    json_t *annotations = json_object_get(report, "annotations"), *value;
    const char *key;

    puts("\nAnnotations");
    json_object_foreach(annotations, key, value)
    {
        const char *text = json_string_value(value);

        fputs("  ", stdout);
        view_print(key);
        fputs("  ", stdout);
        view_print(text ? text : "(hidden; --show-secrets shows it)");
        putchar('\n');
    }
}

static void print_finding(const json_t *finding)
{
    const char *member = json_get_text(finding, "member");
    const char *consequence = json_get_text(finding, "consequence");
    cleanup_free char *line =
        xasprintf("%s: %s%s%s%s%s", json_get_text(finding, "check"), member ? member : "",
                  member ? ": " : "", json_get_text(finding, "detail"), consequence ? "; " : "",
                  consequence ? consequence : "");

    printf("  %-8s ", json_get_text(finding, "verdict"));
    view_print(line);
    putchar('\n');
}

static void print_findings(const json_t *report)
{
    const json_t *findings = json_object_get(report, "findings");
    const json_t *notes = json_object_get(report, "notes");
    json_t *finding, *note;
    size_t i;

    if (json_array_size(findings) + json_array_size(notes) == 0)
        return;
    puts("\nFindings");
    json_array_foreach(findings, i, finding) print_finding(finding);
    json_array_foreach(notes, i, note)
    {
        printf("  %-8s ", "note");
        view_print(json_string_value(note));
        putchar('\n');
    }
}

void inspect_view_print(const json_t *report, bool shows_all)
{
    print_container(report);
    print_image(report);
    print_checkpoint(report);
    print_processes(json_object_get(report, "processes"), shows_all);
    print_environment(report, shows_all);
    print_open_files(report, shows_all);
    print_mounts(json_object_get(report, "mounts"), shows_all);
    print_changes(report, shows_all);
    if (shows_all)
        print_annotations(report);
    print_findings(report);
}
