/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/spool/checkpoint.h"
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include "core/store/spool/record.h"
#include "core/text/crc32c.h"

static const char magic[4] = "TRLC";

/* As it lies on the disk; all numbers little-endian. */
struct slot_cursor {
    uint64_t done;
    uint8_t name_len;
    char name[SPOOL_CURSOR_NAME_MAX];
};

struct slot {
    char magic[4];
    uint16_t format, count;
    uint64_t generation, synced;
    struct slot_cursor cursors[SPOOL_CURSORS_MAX];
    char zeros[CHECKPOINT_SLOT_BYTES - 24 - SPOOL_CURSORS_MAX * 64 - 4];
    uint32_t crc;
};
_Static_assert(sizeof(struct slot) == CHECKPOINT_SLOT_BYTES, "no padding, whole blocks");
_Static_assert(sizeof(struct slot_cursor) == 64, "no padding");

static uint32_t slot_crc(const struct slot *slot) { return crc32c(0, slot, offsetof(struct slot, crc)); }

void checkpoint_put(char to[CHECKPOINT_SLOT_BYTES], const struct checkpoint *checkpoint)
{
    assert(checkpoint->count <= SPOOL_CURSORS_MAX);
    struct slot slot = {.format = htole16(SPOOL_FORMAT), .count = htole16((uint16_t)checkpoint->count)};
    memcpy(slot.magic, magic, sizeof magic);
    slot.generation = htole64(checkpoint->generation);
    slot.synced = htole64(checkpoint->synced);
    for (uint32_t i = 0; i < checkpoint->count; i++) {
        const struct checkpoint_cursor *from = &checkpoint->cursors[i];
        size_t len = strlen(from->name);
        assert(len > 0 && len <= SPOOL_CURSOR_NAME_MAX);
        slot.cursors[i].done = htole64(from->done);
        slot.cursors[i].name_len = (uint8_t)len;
        memcpy(slot.cursors[i].name, from->name, len);
    }
    slot.crc = htole32(slot_crc(&slot));
    memcpy(to, &slot, sizeof slot);
}

static bool cursor_get(const struct slot_cursor *from, struct checkpoint_cursor *to)
{
    *to = (struct checkpoint_cursor){.done = le64toh(from->done)};
    if (from->name_len == 0 || from->name_len > SPOOL_CURSOR_NAME_MAX || to->done > SPOOL_SEQUENCE_MAX) return false;
    memcpy(to->name, from->name, from->name_len);
    return strlen(to->name) == from->name_len;
}

enum checkpoint_state checkpoint_get(const char from[CHECKPOINT_SLOT_BYTES], struct checkpoint *checkpoint,
                                     uint16_t *format)
{
    struct slot slot;
    memcpy(&slot, from, sizeof slot);
    if (memcmp(slot.magic, magic, sizeof magic) != 0 || le32toh(slot.crc) != slot_crc(&slot)) return CHECKPOINT_BAD;
    *format = le16toh(slot.format);
    if (*format > SPOOL_FORMAT) return CHECKPOINT_NEWER;
    *checkpoint = (struct checkpoint){.generation = le64toh(slot.generation),
                                      .synced = le64toh(slot.synced),
                                      .count = le16toh(slot.count)};
    if (checkpoint->count > SPOOL_CURSORS_MAX || checkpoint->synced > SPOOL_SEQUENCE_MAX) return CHECKPOINT_BAD;
    for (uint32_t i = 0; i < checkpoint->count; i++)
        if (!cursor_get(&slot.cursors[i], &checkpoint->cursors[i])) return CHECKPOINT_BAD;
    return CHECKPOINT_GOOD;
}

int checkpoint_make(const struct file_ops *files, const char *path, const char *temporary)
{
    char slots[2 * CHECKPOINT_SLOT_BYTES];
    checkpoint_put(slots, &(struct checkpoint){.generation = 0});
    memcpy(slots + CHECKPOINT_SLOT_BYTES, slots, CHECKPOINT_SLOT_BYTES);
    int fd = files->open(files, temporary, FILE_CREATE);
    if (fd < 0) return fd;
    int error = file_write_all(files, fd, (struct str){slots, sizeof slots}, 0);
    if (error == 0) error = files->sync(files, fd);
    files->close(files, fd);
    if (error == 0) error = files->rename(files, temporary, path);
    if (error) files->remove(files, temporary);
    return error;
}

int checkpoint_read(const struct file_ops *files, int fd, struct checkpoint *checkpoint, uint16_t *format)
{
    int best = CHECKPOINT_BAD;
    for (uint64_t slot = 0; slot < 2; slot++) {
        char bytes[CHECKPOINT_SLOT_BYTES];
        struct checkpoint one;
        int error = file_read_all(files, fd, bytes, sizeof bytes, slot * sizeof bytes);
        if (error == -ENODATA) continue; /* cut off by somebody: not whole */
        if (error) return error;
        enum checkpoint_state state = checkpoint_get(bytes, &one, format);
        if (state == CHECKPOINT_NEWER) return CHECKPOINT_NEWER;
        if (state == CHECKPOINT_BAD) continue;
        if (best == CHECKPOINT_BAD || one.generation > checkpoint->generation) *checkpoint = one;
        best = CHECKPOINT_GOOD;
    }
    return best;
}

int checkpoint_write(const struct file_ops *files, int fd, struct checkpoint *checkpoint)
{
    char bytes[CHECKPOINT_SLOT_BYTES];
    struct checkpoint next = *checkpoint;
    next.generation++;
    checkpoint_put(bytes, &next);
    int error = file_write_all(files, fd, (struct str){bytes, sizeof bytes}, (next.generation & 1) * sizeof bytes);
    if (error == 0) error = files->sync(files, fd);
    if (error == 0) checkpoint->generation = next.generation;
    return error;
}
