/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/gone_workers.h"
#include <assert.h>
#include <stdlib.h>
#include "core/text/str.h"

struct looking {
    uint32_t worker, workers;
    uint32_t *numbers, count, most;
};

/* Only what a worker's folder is called: no sign, no zero in front. */
static void name_look(void *opaque, const char *name)
{
    struct looking *looking = opaque;
    char *end;
    unsigned long long number = strtoull(name, &end, 10);
    if (!is_digit(*name) || *end || (name[0] == '0' && name[1]) || number > UINT32_MAX) return;
    if (number < looking->workers || number % looking->workers != looking->worker) return;
    if (looking->count < looking->most) looking->numbers[looking->count++] = (uint32_t)number;
}

static int ascending(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

uint32_t gone_workers(const struct file_ops *files, const char *folder, uint32_t worker, uint32_t workers,
                      uint32_t *numbers, uint32_t most)
{
    assert(worker < workers);
    struct looking looking = {.worker = worker, .workers = workers, .numbers = numbers, .most = most};
    files->list(files, folder, name_look, &looking);
    qsort(numbers, looking.count, sizeof *numbers, ascending);
    return looking.count;
}
