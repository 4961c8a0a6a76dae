/* SPDX-License-Identifier: Apache-2.0 */
/* Logs of workers that there are no more: a folder for each worker's number, FOLDER/N. A worker takes over those whose
 * number is not below that of the workers, and leaves its own remainder. Blocks: at the start. */
#ifndef CORE_STORE_GONE_WORKERS_H
#define CORE_STORE_GONE_WORKERS_H
#include <stdint.h>
#include "core/store/file_ops.h"

/* Their numbers, ascending, at most `most` of them; how many. None when there is no such folder. */
uint32_t gone_workers(const struct file_ops *files, const char *folder, uint32_t worker, uint32_t workers,
                      uint32_t *numbers, uint32_t most);

#endif
