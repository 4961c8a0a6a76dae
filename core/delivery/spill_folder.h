/* SPDX-License-Identifier: Apache-2.0 */
/* Where the logs of spills lie: PATH.DATA/spill/PIPELINE/WORKER/OUTPUT, names with %XX for what is no plain
 * character. Finding them blocks: at the start. */
#ifndef CORE_DELIVERY_SPILL_FOLDER_H
#define CORE_DELIVERY_SPILL_FOLDER_H
#include "core/store/file_ops.h"
#include "core/text/buf.h"

struct output;
/* The folder of this output's log on a worker, NUL-ended. */
void spill_folder(struct buf *path, struct str path_data, const struct output *output, uint32_t worker);
/* Numbers of workers that are not there any more and whose logs are this one's to empty; at most `most`, ascending. */
uint32_t spill_folder_workers(struct str path_data, const struct output *output, uint32_t *numbers, uint32_t most);
/* How many events wait in it; 0 when there is no log. */
uint64_t spill_folder_count(const char *folder);
/* Logs of outputs that the pipeline does not have any more: a warning for each that is not empty. */
void spill_folders_report(struct str path_data, struct str pipeline, struct output *const *outputs, uint32_t count);

#endif
