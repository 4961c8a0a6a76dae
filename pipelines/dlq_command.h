/* SPDX-License-Identifier: Apache-2.0 */
/* `tailrace dlq`: dead letters for people. ls, show and purge work on the folders, whether or not an instance
 * writes them; replay is pipelines/dlq_replay.h. The control thread. */
#ifndef PIPELINES_DLQ_COMMAND_H
#define PIPELINES_DLQ_COMMAND_H
#include "core/delivery/dead_letter_look.h"
#include "core/delivery/dead_letter_record.h"
#include "dsl/condition.h"
#include "pipelines/supervisor.h"

struct dlq_flags {
    struct str where, before;
    int64_t limit;
    bool json, replayed, filters;
};

struct dlq_command {
    const struct settings *settings;
    struct str action, pipeline; /* pipeline: may be empty with ls */
    struct dlq_flags flags;
    struct condition *where;     /* NULL: all */
    struct arena *arena;
    struct diag *diag;
    void (*print)(void *opaque, struct buf *text); /* and clears it */
    void *opaque;
};

/* Reads arguments and flags; false: said. The condition is dlq_command_end()'s to free. */
bool dlq_command_read(struct dlq_command *command, const struct str_list *words, const struct setting_list *flags);
void dlq_command_end(struct dlq_command *command);
enum exit_code dlq_command(struct dlq_command *command);

/* Does the condition hold? What cannot be compared does not. */
bool dlq_holds(const struct dlq_command *command, struct event *event);
/* The folder of a pipeline's letters; false, and said: there is none. */
bool dlq_folder(struct dlq_command *command, struct str pipeline, struct str *folder);

#define DLQ_POSITION "replay.position" /* in the pipeline's folder: which letters were replayed */

#endif
