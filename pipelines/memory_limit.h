/* SPDX-License-Identifier: Apache-2.0 */
/* The ceiling for the memory of the process, so that it pauses before a container is killed for it.
 *
 *   memory.limit, or 4/5 of what the cgroup allows
 *     └─ 7/8 of it: the process's budget          the rest is for batches that are under way at the bound
 *          ├─ events of each pipeline             as its own budget reports them (core/event/chunk.h)
 *          └─ everything else that is resident    code, patterns, librdkafka, malloc: looked at every
 *                                                 MEMORY_LOOK_MS, so that nothing has to be counted twice
 *
 * When it is used up the inputs of all pipelines pause, but for pipelines that hold next to nothing. No
 * pipeline may use more than half of it. Without memory.limit and without a cgroup's limit there is none.
 * The control thread's, but for the budget, which workers read. */
#ifndef PIPELINES_MEMORY_LIMIT_H
#define PIPELINES_MEMORY_LIMIT_H
#include <uv.h>
#include "pipelines/pipeline.h"

enum { MEMORY_LOOK_MS = 250, MEMORY_TRIM_MS = 5000 };

struct memory_limit {
    size_t ceiling;        /* bytes; 0: none */
    struct budget budget;
    size_t beside;         /* of budget.used: what is resident and not events */
    bool is_over;          /* said in the log */
    uint64_t trimmed_ms;
    struct pipeline **pipelines;
    uint32_t pipeline_count;
    uv_timer_t timer;
    bool has_timer;
};

/* The smallest limit on the cgroup's way up, of version 1 or 2; 0: none. `own` is what /proc/self/cgroup
 * says, `root` is /sys/fs/cgroup, `physical` the machine's memory: what is not below it is no limit. */
size_t memory_of_cgroup(const char *own, const char *root, size_t physical);

/* Before pipelines start. `limit`: memory.limit, 0: the cgroup's. */
void memory_limit_start(struct memory_limit *memory, size_t limit, struct pipeline **pipelines,
                        uint32_t pipeline_count, uv_loop_t *loop);
void memory_limit_close(struct memory_limit *memory); /* its timer, while the loop runs */
void memory_limit_detach(struct memory_limit *memory); /* pipelines outlive it; nothing runs */

#endif
