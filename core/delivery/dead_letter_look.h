/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a pipeline's dead letters: all logs of its folder, whoever writes them meanwhile. Nothing is changed
 * but by dead_letter_look_remove(). Blocks; one thread at a time. */
#ifndef CORE_DELIVERY_DEAD_LETTER_LOOK_H
#define CORE_DELIVERY_DEAD_LETTER_LOOK_H
#include "core/delivery/dead_letter_marks.h"
#include "core/store/spool/spool.h"

enum { DEAD_LETTER_LOGS_MAX = 512 };
/* In the pipeline's folder: marks of letters that are purged, though their file is there for the sake of others. */
#define DEAD_LETTERS_PURGED "purge.position"

struct dead_letter_view {
    char name[DEAD_LETTER_LOG_NAME_MAX + 1];
    char *folder;
    uint64_t next;  /* number of the letter to be read next */
    uint64_t until; /* the last number to be read; 0: as many as there are */
    bool is_bounded; /* `until` becomes what there is when it is opened first */
    struct spool spool;
    struct spool_cursor cursor;
    bool is_open;
    int64_t changed_ns, looked_ns; /* newest change that was seen, and when */
    uint64_t last_segment;
    uint64_t lost; /* letters that could not be read */
};

struct dead_letter_look {
    const struct file_ops *files;
    char *folder; /* PATH/PIPELINE */
    struct dead_letter_view *views[DEAD_LETTER_LOGS_MAX];
    uint32_t count;
};

void dead_letter_look_init(struct dead_letter_look *look, struct str folder, const struct file_ops *files);
void dead_letter_look_fini(struct dead_letter_look *look);
/* Finds logs, also those that came since: new ones stand at the end, in order, with `next` 1. 0, or a negative
 * errno; -ENOENT: there is no such folder. */
int dead_letter_look_find(struct dead_letter_look *look);
/* Opens it as it is now; 0 or a negative errno. */
int dead_letter_view_open(struct dead_letter_look *look, struct dead_letter_view *view);
void dead_letter_view_close(struct dead_letter_view *view);
/* The next letter: 0, SPOOL_END or a negative errno. Opens the log if something has changed since it ended. */
int dead_letter_view_read(struct dead_letter_look *look, struct dead_letter_view *view, struct spool_record *record);
/* Deletes whole files of letters up to this number; how many, or a negative errno. Of a log that a process has open
 * the newest file stays. */
int dead_letter_look_remove(const struct dead_letter_look *look, const char *folder, uint64_t done);

#endif
