/* SPDX-License-Identifier: Apache-2.0 */
#include "core/queue/queue_words.h"
#include <errno.h>
#include <uv.h>
#include "core/log.h"

typedef unsigned long long number;

void queue_say_loss(struct str pipeline, const struct spool_loss *loss)
{
    if (loss->kind == SPOOL_LOSS_NONE) return;
    LOG(LOG_ERROR, "queue.lost", pipeline,
        "records %llu to %llu of the queue are lost: %s, %llu bytes at byte %llu of %020llu.seg; "
        "all others are read",
        (number)loss->first, (number)loss->last, spool_loss_word(loss->kind), (number)loss->bytes, (number)loss->offset,
        (number)loss->segment);
}

void queue_say_found(struct str pipeline, const char *folder, const struct spool_report *report)
{
    const struct spool_loss *torn = &report->torn;
    if (torn->kind)
        LOG(LOG_INFO, "queue.cut", pipeline,
            "%s: %llu bytes at byte %llu of %020llu.seg were not written to the end when the process was stopped: cut "
            "off, nobody had been told that they were kept",
            folder, (number)torn->bytes, (number)torn->offset, (number)torn->segment);
    queue_say_loss(pipeline, &report->missing);
    if (report->is_checkpoint_lost)
        LOG(LOG_WARN, "queue.checkpoint_lost", pipeline,
            "%s: how far it was read is not known any more: all that is there is read again", folder);
    for (uint32_t i = 0; i < report->foreign && i < SPOOL_NAMES_MAX; i++)
        LOG(LOG_WARN, "queue.foreign_file", pipeline, "%s/%s is not the queue's and is left alone", folder,
            report->foreign_names[i]);
}

void queue_say_refused(struct str pipeline, const char *folder, int error, const struct spool_report *report)
{
    if (error == -EAGAIN)
        LOG(LOG_ERROR, "queue.locked", pipeline,
            "the queue in %s is open in another process; stop that, or give another folder with path.queue", folder);
    else if (error == -EPROTONOSUPPORT)
        LOG(LOG_ERROR, "queue.newer", pipeline,
            "%s/%s is of format %u, which a newer version wrote; nothing was changed: use that version, or give "
            "another folder with path.queue", folder, report->newer_name, report->newer_format);
    else
        LOG(LOG_ERROR, "queue.unusable", pipeline, "the queue in %s cannot be opened: %s", folder, uv_strerror(error));
}
