/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/sim_disk.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/xmalloc.h"

struct sim_change {
    uint64_t offset; /* of bytes; of a size: the size */
    uint32_t len;    /* 0: a size */
    char bytes[SIM_SECTOR];
};

static struct sim_disk *of(const struct file_ops *ops) { return (struct sim_disk *)(uintptr_t)ops; }

/* splitmix64 */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* ---- images ---- */

static void image_size(struct sim_image *image, uint64_t size)
{
    image->bytes = xrealloc(image->bytes, size + 1);
    if (size > image->size) memset(image->bytes + image->size, 0, size - image->size);
    image->size = size;
}

static void image_write(struct sim_image *image, uint64_t offset, const char *bytes, size_t len)
{
    if (offset + len > image->size) image_size(image, offset + len);
    if (len) memcpy(image->bytes + offset, bytes, len);
}

static void image_copy(struct sim_image *to, const struct sim_image *from)
{
    image_size(to, from->size);
    if (from->size) memcpy(to->bytes, from->bytes, from->size);
}

static void change_apply(struct sim_image *image, const struct sim_change *change)
{
    if (change->len)
        image_write(image, change->offset, change->bytes, change->len);
    else
        image_size(image, change->offset);
}

static void change_add(struct sim_file *file, uint64_t offset, const char *bytes, size_t len)
{
    file->changes = xreallocarray(file->changes, file->change_count + 1, sizeof *file->changes);
    struct sim_change *change = &file->changes[file->change_count++];
    *change = (struct sim_change){.offset = offset, .len = (uint32_t)len};
    if (len) memcpy(change->bytes, bytes, len);
    change_apply(&file->now, change);
}

/* ---- names ---- */

static const char *base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static struct sim_name *name_find(struct sim_names *names, const char *name)
{
    for (uint32_t i = 0; i < names->count; i++)
        if (!strcmp(names->items[i].name, name)) return &names->items[i];
    return NULL;
}

static void name_remove(struct sim_names *names, const char *name)
{
    struct sim_name *found = name_find(names, name);
    if (found) *found = names->items[--names->count];
}

static void name_set(struct sim_names *names, const char *name, uint32_t file)
{
    name_remove(names, name);
    assert(names->count < SIM_FILES_MAX);
    struct sim_name *added = &names->items[names->count++];
    snprintf(added->name, sizeof added->name, "%s", name);
    added->file = file;
}

static void folder_apply(struct sim_names *names, const struct sim_folder_change *change)
{
    if (*change->from) name_remove(names, change->from);
    if (*change->to) name_set(names, change->to, change->file);
}

static void folder_change(struct sim_disk *disk, const char *from, const char *to, uint32_t file)
{
    assert(disk->folder_change_count < SIM_FOLDER_CHANGES_MAX);
    struct sim_folder_change *change = &disk->folder_changes[disk->folder_change_count++];
    *change = (struct sim_folder_change){.file = file};
    snprintf(change->from, sizeof change->from, "%s", from);
    snprintf(change->to, sizeof change->to, "%s", to);
    folder_apply(&disk->now, change);
}

static bool is_named(const struct sim_names *names, uint32_t file)
{
    for (uint32_t i = 0; i < names->count; i++)
        if (names->items[i].file == file) return true;
    return false;
}

static bool is_open(const struct sim_disk *disk, uint32_t file)
{
    for (uint32_t i = 0; i < SIM_FILES_MAX; i++)
        if (disk->open[i] == file + 1) return true;
    return false;
}

static void file_free(struct sim_file *file)
{
    free(file->now.bytes);
    free(file->durable.bytes);
    free(file->changes);
    *file = (struct sim_file){0};
}

/* A file may still be named by a change of the folder that is not durable. */
static bool is_pending(const struct sim_disk *disk, uint32_t file)
{
    for (uint32_t i = 0; i < disk->folder_change_count; i++)
        if (disk->folder_changes[i].file == file && *disk->folder_changes[i].to) return true;
    return false;
}

static void collect(struct sim_disk *disk)
{
    for (uint32_t i = 0; i < SIM_FILES_MAX; i++)
        if (disk->files[i].is_used && !is_named(&disk->now, i) && !is_named(&disk->durable, i) &&
            !is_open(disk, i) && !is_pending(disk, i))
            file_free(&disk->files[i]);
}

static uint32_t file_new(struct sim_disk *disk)
{
    collect(disk);
    uint32_t i = 0;
    while (i < SIM_FILES_MAX && disk->files[i].is_used) i++;
    assert(i < SIM_FILES_MAX);
    disk->files[i].is_used = true;
    image_size(&disk->files[i].now, 0);
    image_size(&disk->files[i].durable, 0);
    return i;
}

uint64_t sim_used(const struct sim_disk *disk)
{
    uint64_t used = 0;
    for (uint32_t i = 0; i < SIM_FILES_MAX; i++)
        if (disk->files[i].is_used && (is_named(&disk->now, i) || is_open(disk, i))) used += disk->files[i].now.size;
    return used;
}

/* ---- the calls ---- */

enum fate { FATE_DONE, FATE_STOPS, FATE_FAILS };

/* Counts a call that changes something, and says what becomes of it. */
static enum fate call(struct sim_disk *disk)
{
    if (disk->is_stopped) return FATE_FAILS;
    disk->calls++;
    if (disk->stop_at && disk->calls == disk->stop_at) {
        disk->is_stopped = true;
        return FATE_STOPS;
    }
    bool fails = disk->fail_at && (disk->keeps_failing ? disk->calls >= disk->fail_at : disk->calls == disk->fail_at);
    return fails ? FATE_FAILS : FATE_DONE;
}

static int error_of(const struct sim_disk *disk)
{
    return disk->is_stopped ? -ESHUTDOWN : disk->fail_error ? disk->fail_error : -EIO;
}

static struct sim_file *file_of(struct sim_disk *disk, int fd)
{
    assert(fd >= 0 && fd < SIM_FILES_MAX && disk->open[fd]);
    return &disk->files[disk->open[fd] - 1];
}

static int sim_open(const struct file_ops *ops, const char *path, enum file_mode mode)
{
    struct sim_disk *disk = of(ops);
    struct sim_name *found = name_find(&disk->now, base(path));
    uint32_t file = found ? found->file : 0;
    if (mode == FILE_CREATE) {
        if (call(disk) != FATE_DONE) return error_of(disk);
        if (!found) {
            file = file_new(disk);
            folder_change(disk, "", base(path), file);
        } else
            change_add(&disk->files[file], 0, NULL, 0);
    } else if (disk->is_stopped || !found)
        return disk->is_stopped ? -ESHUTDOWN : -ENOENT;
    int fd = 0;
    while (fd < SIM_FILES_MAX && disk->open[fd]) fd++;
    assert(fd < SIM_FILES_MAX);
    disk->open[fd] = file + 1;
    return fd;
}

static void sim_close(const struct file_ops *ops, int fd)
{
    assert(file_of(of(ops), fd));
    of(ops)->open[fd] = 0;
}

static ptrdiff_t sim_read(const struct file_ops *ops, int fd, char *to, size_t len, uint64_t offset)
{
    struct sim_disk *disk = of(ops);
    const struct sim_image *image = &file_of(disk, fd)->now;
    if (disk->is_stopped || disk->reads_fail) return error_of(disk);
    if (offset >= image->size) return 0;
    if (len > image->size - offset) len = (size_t)(image->size - offset);
    if (len > 1) len -= draw(&disk->random) % (len / 2 + 1) * (draw(&disk->random) % 8 == 0); /* a short one */
    memcpy(to, image->bytes + offset, len);
    return (ptrdiff_t)len;
}

/* Cut at sectors, each of which is kept or lost by itself. */
static void write_pieces(struct sim_file *file, struct str bytes, uint64_t offset)
{
    while (bytes.len) {
        size_t len = SIM_SECTOR - offset % SIM_SECTOR;
        if (len > bytes.len) len = bytes.len;
        change_add(file, offset, bytes.ptr, len);
        bytes = str_from(bytes, len);
        offset += len;
    }
}

static ptrdiff_t sim_write(const struct file_ops *ops, int fd, struct str bytes, uint64_t offset)
{
    struct sim_disk *disk = of(ops);
    struct sim_file *file = file_of(disk, fd);
    enum fate fate = call(disk);
    disk->is_write_torn |= fate == FATE_STOPS;
    if (fate == FATE_STOPS) bytes.len = bytes.len * disk->torn / 256;
    if (fate == FATE_FAILS && (disk->is_stopped || disk->fail_error)) return error_of(disk);
    if (fate == FATE_FAILS) bytes.len = (bytes.len + 1) / 2;
    uint64_t used = sim_used(disk), end = offset + bytes.len;
    uint64_t growth = end > file->now.size ? end - file->now.size : 0;
    if (disk->room && growth && used + growth > disk->room) {
        uint64_t lacking = used + growth - disk->room;
        if (lacking >= bytes.len) return -ENOSPC;
        bytes.len -= (size_t)lacking;
    }
    write_pieces(file, bytes, offset);
    return fate == FATE_STOPS ? -ESHUTDOWN : (ptrdiff_t)bytes.len;
}

static int sim_sync(const struct file_ops *ops, int fd)
{
    struct sim_disk *disk = of(ops);
    struct sim_file *file = file_of(disk, fd);
    enum fate fate = call(disk);
    if (fate == FATE_STOPS || disk->is_stopped) return -ESHUTDOWN;
    for (uint32_t i = 0; i < file->change_count; i++)
        if (fate == FATE_DONE || draw(&disk->random) & 1) change_apply(&file->durable, &file->changes[i]);
    file->change_count = 0;
    return fate == FATE_DONE ? 0 : error_of(disk);
}

static int resize(const struct file_ops *ops, int fd, uint64_t size, bool may_shrink)
{
    struct sim_disk *disk = of(ops);
    struct sim_file *file = file_of(disk, fd);
    if (call(disk) != FATE_DONE) return error_of(disk);
    uint64_t growth = size > file->now.size ? size - file->now.size : 0;
    if (disk->room && growth && sim_used(disk) + growth > disk->room) return -ENOSPC;
    if (growth || may_shrink) change_add(file, size, NULL, 0);
    return 0;
}

static int sim_truncate(const struct file_ops *ops, int fd, uint64_t size) { return resize(ops, fd, size, true); }
static int sim_allocate(const struct file_ops *ops, int fd, uint64_t size) { return resize(ops, fd, size, false); }

static int64_t sim_size(const struct file_ops *ops, int fd) { return (int64_t)file_of(of(ops), fd)->now.size; }

static int sim_lock(const struct file_ops *ops, int fd)
{
    (void)file_of(of(ops), fd);
    return 0;
}

static int sim_rename(const struct file_ops *ops, const char *from, const char *to)
{
    struct sim_disk *disk = of(ops);
    if (call(disk) != FATE_DONE) return error_of(disk);
    struct sim_name *found = name_find(&disk->now, base(from));
    if (!found) return -ENOENT;
    folder_change(disk, base(from), base(to), found->file);
    return 0;
}

static int sim_remove(const struct file_ops *ops, const char *path)
{
    struct sim_disk *disk = of(ops);
    if (call(disk) != FATE_DONE) return error_of(disk);
    struct sim_name *found = name_find(&disk->now, base(path));
    if (!found) return -ENOENT;
    folder_change(disk, base(path), "", found->file);
    collect(disk);
    return 0;
}

static int sim_make_folder(const struct file_ops *ops, const char *path)
{
    (void)path;
    return call(of(ops)) == FATE_DONE ? 0 : error_of(of(ops));
}

/* The log's folder is called sim/log; its parent has nothing. */
static int sim_sync_folder(const struct file_ops *ops, const char *path)
{
    struct sim_disk *disk = of(ops);
    if (call(disk) != FATE_DONE) return error_of(disk);
    if (strcmp(base(path), "log") != 0) return 0;
    for (uint32_t i = 0; i < disk->folder_change_count; i++)
        folder_apply(&disk->durable, &disk->folder_changes[i]);
    disk->folder_change_count = 0;
    collect(disk);
    return 0;
}

static int sim_list(const struct file_ops *ops, const char *path, void (*each)(void *opaque, const char *name),
                    void *opaque)
{
    (void)path;
    struct sim_disk *disk = of(ops);
    if (disk->is_stopped) return -ESHUTDOWN;
    for (uint32_t i = 0; i < disk->now.count; i++) each(opaque, disk->now.items[i].name);
    return 0;
}

static uint64_t sim_random(const struct file_ops *ops) { return draw(&of(ops)->random); }

void sim_init(struct sim_disk *disk, uint64_t seed)
{
    *disk = (struct sim_disk){.random = seed, .torn = 128};
    disk->ops = (struct file_ops){
        .open = sim_open,         .close = sim_close,     .read = sim_read,
        .write = sim_write,       .sync = sim_sync,       .truncate = sim_truncate,
        .allocate = sim_allocate, .size = sim_size,       .lock = sim_lock,
        .rename = sim_rename,     .remove = sim_remove,   .make_folder = sim_make_folder,
        .sync_folder = sim_sync_folder, .list = sim_list, .random = sim_random,
    };
}

void sim_fini(struct sim_disk *disk)
{
    for (uint32_t i = 0; i < SIM_FILES_MAX; i++) file_free(&disk->files[i]);
}

/* ---- coming up again ---- */

static bool survives(enum sim_survival survival, uint32_t number, uint32_t count, uint64_t *random, uint64_t odds)
{
    switch (survival) {
    case SIM_KILLED: return true;
    case SIM_SYNCED: return false;
    case SIM_LAST: return number + 1 == count;
    case SIM_NOT_FIRST: return number > 0;
    case SIM_RANDOM: return draw(random) % 8 < odds;
    }
    return false;
}

void sim_survive(const struct sim_disk *disk, enum sim_survival survival, uint64_t seed, struct sim_disk *after)
{
    sim_init(after, seed ^ disk->random);
    uint64_t odds = 1 + draw(&seed) % 7;
    struct sim_names names = disk->durable;
    for (uint32_t i = 0; i < disk->folder_change_count; i++)
        if (survives(survival, i, disk->folder_change_count, &seed, odds)) folder_apply(&names, &disk->folder_changes[i]);
    after->now = after->durable = names;
    for (uint32_t i = 0; i < SIM_FILES_MAX; i++) {
        const struct sim_file *file = &disk->files[i];
        if (!is_named(&names, i)) continue;
        assert(file->is_used);
        struct sim_file *to = &after->files[i];
        to->is_used = true;
        image_copy(&to->now, survival == SIM_KILLED ? &file->now : &file->durable);
        for (uint32_t c = 0; c < file->change_count && survival != SIM_KILLED; c++)
            if (survives(survival, c, file->change_count, &seed, odds)) change_apply(&to->now, &file->changes[c]);
        image_copy(&to->durable, &to->now);
        if (survival != SIM_KILLED) continue;
        /* nothing was made durable by being killed */
        image_copy(&to->durable, &file->durable);
        to->change_count = file->change_count;
        to->changes = xreallocarray(NULL, to->change_count + 1, sizeof *to->changes);
        if (to->change_count) memcpy(to->changes, file->changes, to->change_count * sizeof *to->changes);
    }
    if (survival != SIM_KILLED) return;
    after->durable = disk->durable;
    after->folder_change_count = disk->folder_change_count;
    memcpy(after->folder_changes, disk->folder_changes, sizeof after->folder_changes);
    for (uint32_t i = 0; i < SIM_FILES_MAX; i++) { /* files that only the durable names have */
        if (after->files[i].is_used || !disk->files[i].is_used) continue;
        after->files[i].is_used = true;
        image_copy(&after->files[i].now, &disk->files[i].now);
        image_copy(&after->files[i].durable, &disk->files[i].durable);
    }
}

/* ---- somebody's hand ---- */

struct sim_image *sim_content(struct sim_disk *disk, const char *name)
{
    struct sim_name *found = name_find(&disk->now, name);
    return found ? &disk->files[found->file].now : NULL;
}

void sim_put(struct sim_disk *disk, const char *name, struct str bytes)
{
    uint32_t file = file_new(disk);
    image_write(&disk->files[file].now, 0, bytes.ptr, bytes.len);
    image_copy(&disk->files[file].durable, &disk->files[file].now);
    name_set(&disk->now, name, file);
    name_set(&disk->durable, name, file);
}

void sim_drop(struct sim_disk *disk, const char *name)
{
    name_remove(&disk->now, name);
    name_remove(&disk->durable, name);
    collect(disk);
}

void sim_resize(struct sim_disk *disk, const char *name, uint64_t size)
{
    struct sim_name *found = name_find(&disk->now, name);
    assert(found);
    image_size(&disk->files[found->file].now, size);
    image_size(&disk->files[found->file].durable, size);
}
