/* SPDX-License-Identifier: Apache-2.0 */
/* From the settings queue.* to the limits of each worker's log on disk. Control thread. */
#ifndef PIPELINES_QUEUE_SETTINGS_H
#define PIPELINES_QUEUE_SETTINGS_H
#include "pipelines/settings.h"
#include "pipelines/worker.h"

enum {
    QUEUE_WORKER_BYTES_MIN = 2 * 1024 * 1024, /* of queue.max_bytes for each worker */
    QUEUE_SEGMENTS_MIN = 4,                   /* files that a worker's part is divided into at least */
};

/* Says what does not go together. */
bool queue_settings_check(const struct settings *settings, const struct setting_list *list, struct diag *diag);
/* False: memory. The folder is of the arena. */
bool queue_settings_apply(const struct settings *settings, struct worker_queue *queue, struct arena *arena);

#endif
