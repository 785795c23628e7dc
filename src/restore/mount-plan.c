// SPDX-License-Identifier: Apache-2.0
#include "restore/mount-plan.h"

#include <ctype.h>
#include <string.h>

#include "archive/member.h"
#include "base/json.h"
#include "base/kube-name.h"
#include "base/memory.h"
#include "base/text.h"
#include "checkpoint/mount.h"
#include "restore/pod-settings.h"

static int check_destination(const char *destination, struct error *error)
{
    const char *problem = destination[0] != '/'             ? "is no absolute path"
                          : member_path_climbs(destination) ? "has \"..\" in it"
                          : strchr(destination, ':')        ? "has a colon in it"
                          : display_hides(destination)      ? "has characters that cannot be seen"
                          : strlen(destination) > MOUNT_PLAN_MAX_PATH_LEN ? "is too long"
                                                                          : NULL;

    if (!problem)
        return 0;
    error_set(error, ERROR_ARCHIVE,
              "spec.dump has a mount on \"%.256s\", which no pod can declare: the path %s",
              destination, problem);
    return error_advice(error, "no engine writes such a mount: do not restore this archive");
}

static bool has_mount_on(const struct mount_plan *plan, const char *destination)
{
    for (size_t i = 0; i < plan->mount_count; i++)
        if (strcmp(plan->mounts[i].destination, destination) == 0)
            return true;
    return false;
}

static void read_options(struct plan_mount *mount, const json_t *options)
{
    const json_t *option;
    size_t i;

    json_array_foreach(options, i, option)
    {
        const char *text = json_string_value(option);

        if (!text)
            continue;
        if (strcmp(text, "ro") == 0 || strcmp(text, "rro") == 0)
            mount->is_read_only = true;
        if (strcmp(text, "rro") == 0)
            mount->is_recursively_read_only = true;
        if (strcmp(text, "rslave") == 0 || strcmp(text, "slave") == 0)
            mount->propagation = PROPAGATION_FROM_HOST;
        if (strcmp(text, "rshared") == 0 || strcmp(text, "shared") == 0)
            mount->propagation = PROPAGATION_BOTH;
    }
}

static struct plan_mount *add_mount(struct mount_plan *plan, const char *destination,
                                    enum mount_owner owner)
{
    struct plan_mount *mount;

    plan->mounts = xreallocarray(plan->mounts, plan->mount_count + 1, sizeof *plan->mounts);
    mount = &plan->mounts[plan->mount_count++];
    *mount = (struct plan_mount){.owner = owner, .destination = destination};
    return mount;
}

static bool has_volume_called(const struct mount_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->volume_count; i++)
        if (strcmp(plan->volumes[i].name, name) == 0)
            return true;
    return false;
}

/* "/var/lib/App" becomes "var-lib-app". */
static char *label_of_path(const char *path)
{
    char label[DNS_LABEL_MAX_LEN + 1];
    size_t len = 0;

    for (; *path && len < DNS_LABEL_MAX_LEN; path++) {
        if (isascii(*path) && isalnum(*path))
            label[len++] = (char)tolower(*path);
        else if (len > 0 && label[len - 1] != '-')
            label[len++] = '-';
    }
    while (len > 0 && label[len - 1] == '-')
        len--;
    return len ? xstrndup(label, len) : xstrdup("volume");
}

/* The name that the volume had if it is valid, else one made of the path where it is mounted. */
static char *name_volume(const struct mount_plan *plan, const struct plan_volume *volume,
                         const char *destination)
{
    bool is_kept =
        volume->known_as && volume->kind != VOLUME_PERSISTENT && dns_is_label(volume->known_as);
    cleanup_free char *wanted = is_kept ? xstrdup(volume->known_as) : label_of_path(destination);
    char *name = xstrdup(wanted);

    for (size_t i = plan->volume_count + 1; has_volume_called(plan, name); i++) {
        free(name);
        name = xasprintf("%.*s-%zu", DNS_LABEL_MAX_LEN - 6, wanted, i);
    }
    return name;
}

static size_t add_volume(struct mount_plan *plan, struct plan_volume volume,
                         const char *destination)
{
    volume.name = name_volume(plan, &volume, destination);
    plan->volumes = xreallocarray(plan->volumes, plan->volume_count + 1, sizeof *plan->volumes);
    plan->volumes[plan->volume_count] = volume;
    return plan->volume_count++;
}

static bool is_called(const struct plan_volume *volume, const struct mount_source *source)
{
    return volume->known_as && source->name && strlen(volume->known_as) == source->name_len &&
           strncmp(volume->known_as, source->name, source->name_len) == 0;
}

/* The volume that is known already: by its name if the source is a path in it, else by its path.
 * NULL: it is new. */
static struct plan_volume *find_volume(const struct mount_plan *plan,
                                       const struct mount_source *source, const char *path)
{
    for (size_t i = 0; i < plan->volume_count; i++) {
        struct plan_volume *volume = &plan->volumes[i];

        if (source->is_sub_path ? is_called(volume, source)
                                : volume->kind == source->kind && strcmp(volume->path, path) == 0)
            return volume;
        /* Known by a path in it so far. */
        if (volume->kind == VOLUME_UNKNOWN && is_called(volume, source)) {
            volume->kind = source->kind;
            volume->path = path;
            volume->plugin = xstrndup(source->plugin, source->plugin_len);
            return volume;
        }
    }
    return NULL;
}

static size_t volume_of(struct mount_plan *plan, const struct mount_source *source,
                        const char *path, const char *destination)
{
    /* Each tmpfs is one of its own. */
    const struct plan_volume *found =
        source->kind == VOLUME_TMPFS ? NULL : find_volume(plan, source, path);
    struct plan_volume volume = {.kind = source->kind, .path = path};

    if (found)
        return (size_t)(found - plan->volumes);
    if (source->name_len)
        volume.known_as = xstrndup(source->name, source->name_len);
    if (source->plugin_len)
        volume.plugin = xstrndup(source->plugin, source->plugin_len);
    return add_volume(plan, volume, destination);
}

/* A mount of spec.dump, seen from its destination. */
struct entry {
    const json_t *json;
    const char *destination, *path;
    struct mount_source source;
    bool is_file;
};

static struct entry read_entry(const json_t *json, const struct mount_ids *ids)
{
    struct entry entry = {.json = json,
                          .destination = json_get_text(json, "destination"),
                          .path = json_get_text(json, "source")};

    if (!entry.path)
        entry.path = "";
    if (json_text_is(json, "type", "tmpfs"))
        entry.source = (struct mount_source){.kind = VOLUME_TMPFS};
    else if (*entry.path == '/')
        entry.source = mount_source_read(entry.path, ids);
    else
        entry.source = (struct mount_source){.kind = VOLUME_UNKNOWN};
    return entry;
}

/* Of the container, as CRI-O tells it in bind.mounts; /etc/passwd always was one. */
static bool is_file(const struct checkpoint *checkpoint, const struct entry *entry)
{
    const json_t *bind;
    size_t i;

    json_array_foreach(checkpoint->bind_mounts, i, bind)
    {
        if (json_text_is(bind, "destination", entry->destination) &&
            json_text_is(bind, "source", entry->path) && json_object_get(bind, "file_type"))
            return !json_text_is(bind, "file_type", "directory");
    }
    return strcmp(entry->destination, "/etc/passwd") == 0;
}

static int add_entry(struct mount_plan *plan, const struct entry *entry, enum mount_owner owner,
                     struct error *error)
{
    struct plan_mount *mount;

    if (check_destination(entry->destination, error))
        return -1;
    if (plan->mount_count == MOUNT_PLAN_MAX_MOUNTS)
        return error_set(error, ERROR_ARCHIVE, "spec.dump has more than %d mounts",
                         MOUNT_PLAN_MAX_MOUNTS);
    mount = add_mount(plan, entry->destination, owner);
    read_options(mount, json_object_get(entry->json, "options"));
    mount->is_sub_path = entry->source.is_sub_path;
    mount->is_file = entry->is_file;
    if (owner == MOUNT_BY_POD)
        mount->volume = volume_of(plan, &entry->source, entry->path, entry->destination);
    plan->has_token = plan->has_token || strcmp(entry->destination, MOUNT_TOKEN_DIRECTORY) == 0;
    if (owner == MOUNT_BY_KUBELET && entry->source.is_termination_log &&
        strcmp(entry->destination, MOUNT_TERMINATION_LOG) != 0)
        plan->termination_log = entry->destination;
    return 0;
}

static enum mount_owner owner_of(const struct entry *entry, bool knows_passwd)
{
    enum mount_owner owner = mount_owner(entry->destination, knows_passwd);

    return owner == MOUNT_BY_POD && entry->source.is_termination_log ? MOUNT_BY_KUBELET : owner;
}

static int read_mounts(struct mount_plan *plan, const struct checkpoint *checkpoint,
                       bool knows_passwd, struct error *error)
{
    struct mount_ids ids = mount_ids_read(checkpoint->spec, checkpoint->config);
    const json_t *json;
    size_t i;

    json_array_foreach(json_object_get(checkpoint->spec, "mounts"), i, json)
    {
        struct entry entry = read_entry(json, &ids);
        enum mount_owner owner;

        /* Of several mounts on one place, one has to be declared. */
        if (!entry.destination || has_mount_on(plan, entry.destination))
            continue;
        entry.is_file = is_file(checkpoint, &entry);
        if (entry.is_file && entry.source.kind == VOLUME_ENGINE)
            entry.source.kind = VOLUME_ENGINE_FILE;
        plan->has_passwd = plan->has_passwd || strcmp(entry.destination, "/etc/passwd") == 0;
        owner = owner_of(&entry, knows_passwd);
        if (owner != MOUNT_BY_ENGINE && add_entry(plan, &entry, owner, error))
            return -1;
    }
    return 0;
}

/* Block devices that a volume has given the container are no mounts. */
static int read_devices(struct mount_plan *plan, const json_t *spec, struct error *error)
{
    const json_t *json;
    size_t i;

    /* All that the host had. */
    if (spec_is_privileged(spec))
        return 0;
    json_array_foreach(json_object_get(json_object_get(spec, "linux"), "devices"), i, json)
    {
        const char *path = json_get_text(json, "path");
        struct entry entry = {.json = json,
                              .destination = path,
                              .path = path,
                              .source = {.kind = VOLUME_DEVICE}};

        if (!path || !json_text_is(json, "type", "b") || has_mount_on(plan, path))
            continue;
        if (add_entry(plan, &entry, MOUNT_BY_POD, error))
            return -1;
        plan->mounts[plan->mount_count - 1].is_device = true;
    }
    return 0;
}

/* An emptyDir with `medium: Memory` is a bind mount as any other; CRIU tells that it is a tmpfs. */
static void mark_memory(struct mount_plan *plan, const struct criu_traits *traits)
{
    for (size_t i = 0; i < plan->mount_count; i++) {
        const struct plan_mount *mount = &plan->mounts[i];

        if (mount->owner == MOUNT_BY_POD && plan->volumes[mount->volume].kind == VOLUME_EMPTY_DIR &&
            criu_traits_has_memory_mount(traits, mount->destination))
            plan->volumes[mount->volume].kind = VOLUME_TMPFS;
    }
}

int mount_plan_read(struct mount_plan *ret, const struct checkpoint *checkpoint, bool knows_passwd,
                    struct error *error)
{
    cleanup(mount_plan_done) struct mount_plan plan = {0};

    if (read_mounts(&plan, checkpoint, knows_passwd, error) ||
        read_devices(&plan, checkpoint->spec, error))
        return -1;
    mark_memory(&plan, &checkpoint->criu);
    *ret = plan;
    plan = (struct mount_plan){0};
    return 0;
}

void mount_plan_done(struct mount_plan *plan)
{
    for (size_t i = 0; i < plan->volume_count; i++) {
        free(plan->volumes[i].name);
        free(plan->volumes[i].known_as);
        free(plan->volumes[i].plugin);
    }
    free(plan->volumes);
    free(plan->mounts);
    *plan = (struct mount_plan){0};
}

bool plan_mount_wants_path(const struct mount_plan *plan, const struct plan_mount *mount)
{
    if (mount->is_sub_path)
        return true;
    if (!mount->is_file || mount->owner != MOUNT_BY_POD)
        return false;
    switch (plan->volumes[mount->volume].kind) {
    case VOLUME_PERSISTENT:
    case VOLUME_HOST:
    case VOLUME_UNKNOWN:
        return true;
    default:
        return false;
    }
}

bool plan_volume_begins_empty(const struct plan_volume *volume)
{
    return volume->kind == VOLUME_EMPTY_DIR || volume->kind == VOLUME_TMPFS ||
           volume->kind == VOLUME_ENGINE;
}
