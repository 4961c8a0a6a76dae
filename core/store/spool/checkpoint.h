/* SPDX-License-Identifier: Apache-2.0 */
/* What a log remembers beside its records: how far each cursor is done, and how far senders were promised.
 *
 *   checkpoint  two slots of 4096 bytes, written in turn: while one is written the other is whole
 *   slot     4  "TRLC"    2  format version   2  count of cursors   8  generation   8  highest number synced
 *           64  each cursor: 8  done up to this number   1  length of the name   55  name
 *                         zeros    4  CRC-32C of the 4092 bytes before
 *
 * The file is made once, whole, with its bytes on the disk; from then on it is only written in place. So a
 * checkpoint needs no room, and one that fails leaves the one before. Blocks: for the disk thread. */
#ifndef CORE_STORE_SPOOL_CHECKPOINT_H
#define CORE_STORE_SPOOL_CHECKPOINT_H
#include "core/store/file_ops.h"

#define CHECKPOINT_NAME "checkpoint"
#define CHECKPOINT_TEMPORARY "checkpoint.tmp"

enum {
    CHECKPOINT_SLOT_BYTES = 4096,
    SPOOL_CURSORS_MAX = 32,
    SPOOL_CURSOR_NAME_MAX = 55, /* bytes */
};

struct checkpoint_cursor {
    uint64_t done; /* all records up to this number */
    char name[SPOOL_CURSOR_NAME_MAX + 1];
};

struct checkpoint {
    uint64_t generation; /* 0: none was ever written */
    uint64_t synced;
    uint32_t count;
    struct checkpoint_cursor cursors[SPOOL_CURSORS_MAX];
};

enum checkpoint_state { CHECKPOINT_GOOD, CHECKPOINT_BAD, CHECKPOINT_NEWER };

void checkpoint_put(char to[CHECKPOINT_SLOT_BYTES], const struct checkpoint *checkpoint);
/* NEWER: only the version, in *format, is to be relied on. */
enum checkpoint_state checkpoint_get(const char from[CHECKPOINT_SLOT_BYTES], struct checkpoint *checkpoint,
                                     uint16_t *format);

/* Makes the file `path`, by way of `temporary`, with both slots empty; the caller syncs the folder. */
int checkpoint_make(const struct file_ops *files, const char *path, const char *temporary);
/* The newer of the slots that are whole: a checkpoint_state, or a negative errno. */
int checkpoint_read(const struct file_ops *files, int fd, struct checkpoint *checkpoint, uint16_t *format);
/* Durable when it returns 0, and then the next generation. Else the old one holds, and it may be tried again. */
int checkpoint_write(const struct file_ops *files, int fd, struct checkpoint *checkpoint);

#endif
