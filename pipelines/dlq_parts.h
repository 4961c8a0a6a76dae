/* SPDX-License-Identifier: Apache-2.0 */
/* What the actions of `tailrace dlq` share: going through the letters of a pipeline, and words for people. Of
 * pipelines/dlq_*.c alone; the control thread. */
#ifndef PIPELINES_DLQ_PARTS_H
#define PIPELINES_DLQ_PARTS_H
#include "pipelines/dlq_command.h"

typedef unsigned long long number;

struct dlq_letter {
    const struct dead_letter_view *view;
    uint64_t sequence;
    struct dead_letter_record record;
    struct event *event;
    bool is_replayed;
};

struct dlq_walk {
    struct dlq_command *command;
    struct str folder;
    struct dead_letter_marks marks, purged;
    bool (*visit)(void *opaque, const struct dlq_letter *letter); /* false: enough */
    void *opaque;
    uint64_t damaged, bytes;
};

void dlq_marks_load(struct dlq_walk *walk);
/* Adds the letters that are purged among others. */
void dlq_purged_load(struct str folder, struct dead_letter_marks *purged);
/* Visits the letters that the condition holds for and that are not purged. 0 or a negative errno. */
int dlq_walk(struct dlq_walk *walk);
/* Says what went wrong. */
enum exit_code dlq_walk_end(struct dlq_walk *walk, int status);

static inline const char *plural(uint64_t count) { return count == 1 ? "" : "s"; }
void dlq_append_time(struct buf *out, uint64_t time_ns);
/* What a terminal would take for a command is told in hexadecimal. */
void dlq_append_text(struct buf *out, struct str text);

/* Said; false. */
bool dlq_refuse(struct dlq_command *command, const char *what, const char *hint);

enum exit_code dlq_list(struct dlq_command *command);
enum exit_code dlq_show(struct dlq_command *command);
enum exit_code dlq_purge(struct dlq_command *command);

#endif
