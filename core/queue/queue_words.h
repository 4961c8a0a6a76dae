/* SPDX-License-Identifier: Apache-2.0 */
/* What the log says of a queue on disk: what was found when it was opened, and what is lost. Any thread. */
#ifndef CORE_QUEUE_QUEUE_WORDS_H
#define CORE_QUEUE_QUEUE_WORDS_H
#include "core/store/spool/spool.h"

void queue_say_loss(struct str pipeline, const struct spool_loss *loss);
void queue_say_found(struct str pipeline, const char *folder, const struct spool_report *report);
/* Why it cannot be opened, and what to do. */
void queue_say_refused(struct str pipeline, const char *folder, int error, const struct spool_report *report);

#endif
