/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/memory_limit.h"
#include <assert.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/log.h"
#include "pipelines/stats.h"

enum { MIB = 1024 * 1024, CGROUP_TEXT_MAX = 16 * 1024 };

/* ---- what the cgroup allows ---- */

/* A file with one number; 0: none, or `max`. */
static size_t limit_read(const char *folder, const char *name)
{
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    unsigned long long bytes = 0;
    if (fscanf(file, "%llu", &bytes) != 1) bytes = 0;
    fclose(file);
    return bytes;
}

/* From the group up to the root: the smallest limit counts. Within a container the group's own path is
 * often not to be seen, its root is. */
static size_t limit_of_path(const char *root, const char *group, size_t group_len, const char *name)
{
    char folder[PATH_MAX];
    int len = snprintf(folder, sizeof folder, "%s%.*s", root, (int)group_len, group);
    if (len < 0 || (size_t)len >= sizeof folder) return 0;
    size_t smallest = 0;
    for (size_t root_len = strlen(root);;) {
        size_t limit = limit_read(folder, name);
        if (limit && (!smallest || limit < smallest)) smallest = limit;
        char *slash = strrchr(folder, '/');
        if (!slash || (size_t)(slash - folder) < root_len) return smallest;
        *slash = 0;
    }
}

static bool has_controller(const char *list, size_t len, const char *wanted)
{
    size_t wanted_len = strlen(wanted);
    for (const char *at = list, *end = list + len; at < end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        size_t own = (size_t)((comma ? comma : end) - at);
        if (own == wanted_len && memcmp(at, wanted, own) == 0) return true;
        at += own + 1;
    }
    return false;
}

/* A line is `NUMBER:CONTROLLERS:PATH`; version 2 has number 0 and no controllers. */
static size_t limit_of_line(const char *line, size_t len, const char *root)
{
    const char *first = memchr(line, ':', len);
    if (!first) return 0;
    const char *second = memchr(first + 1, ':', len - (size_t)(first + 1 - line));
    if (!second) return 0;
    const char *path = second + 1;
    size_t path_len = len - (size_t)(path - line);
    if (second == first + 1) return limit_of_path(root, path, path_len, "memory.max");
    if (!has_controller(first + 1, (size_t)(second - first - 1), "memory")) return 0;
    char folder[PATH_MAX];
    int made = snprintf(folder, sizeof folder, "%s/memory", root);
    if (made < 0 || (size_t)made >= sizeof folder) return 0;
    return limit_of_path(folder, path, path_len, "memory.limit_in_bytes");
}

size_t memory_of_cgroup(const char *own, const char *root, size_t physical)
{
    size_t smallest = 0;
    for (const char *line = own; *line;) {
        size_t len = strcspn(line, "\n");
        size_t limit = limit_of_line(line, len, root);
        if (limit && (!smallest || limit < smallest)) smallest = limit;
        line += len + (line[len] == '\n');
    }
    return smallest < physical ? smallest : 0;
}

static size_t memory_of_own_cgroup(void)
{
    char own[CGROUP_TEXT_MAX];
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file) return 0;
    own[fread(own, 1, sizeof own - 1, file)] = 0;
    fclose(file);
    return memory_of_cgroup(own, "/sys/fs/cgroup",
                            (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE));
}

/* ---- looking ---- */

static const struct pipeline *largest(const struct memory_limit *memory)
{
    const struct pipeline *found = memory->pipelines[0];
    for (uint32_t i = 1; i < memory->pipeline_count; i++)
        if (budget_used(&memory->pipelines[i]->budget) > budget_used(&found->budget))
            found = memory->pipelines[i];
    return found;
}

/* Said when it begins and when it is over by a margin, not at each crossing. */
static void limit_say(struct memory_limit *memory, size_t used)
{
    if (memory->is_over) {
        memory->is_over = used > memory->budget.limit - memory->budget.limit / 8;
        if (!memory->is_over)
            LOG(LOG_INFO, "memory.below_limit", (struct str){0}, "memory is below memory.limit again: inputs go on");
    } else if (used >= memory->budget.limit) {
        memory->is_over = true;
        const struct pipeline *most = largest(memory);
        LOG(LOG_WARN, "memory.limit", most->id,
            "memory is used up: %zu of %zu MiB, %zu of them beside events; inputs pause until outputs have taken "
            "more. Most is held by pipeline `%.*s`: %zu MiB",
            used / MIB, memory->ceiling / MIB, memory->beside / MIB, STR_ARG(most->id),
            budget_used(&most->budget) / MIB);
    }
}

static void memory_look(uv_timer_t *timer)
{
    struct memory_limit *memory = timer->data;
    size_t events = 0, resident = (size_t)process_numbers_resident();
    for (uint32_t i = 0; i < memory->pipeline_count; i++) {
        budget_report(&memory->pipelines[i]->budget);
        events += budget_used(&memory->pipelines[i]->budget);
    }
    size_t beside = resident > events ? resident - events : 0;
    size_t used = atomic_fetch_add(&memory->budget.used, beside - memory->beside) + beside - memory->beside;
    memory->beside = beside;
    limit_say(memory, used);
    uint64_t now = uv_now(timer->loop);
    if (used < memory->budget.limit || now < memory->trimmed_ms + MEMORY_TRIM_MS) return;
    /* what malloc keeps for later may be all that is too much, and nothing else would give it back */
    memory->trimmed_ms = now;
    malloc_trim(0);
}

void memory_limit_start(struct memory_limit *memory, size_t limit, struct pipeline **pipelines,
                        uint32_t pipeline_count, uv_loop_t *loop)
{
    size_t cgroup = limit ? 0 : memory_of_own_cgroup();
    *memory = (struct memory_limit){.ceiling = limit ? limit : cgroup / 5 * 4,
                                    .pipelines = pipelines, .pipeline_count = pipeline_count};
    if (!memory->ceiling || !pipeline_count) return;
    memory->budget.limit = memory->ceiling - memory->ceiling / 8;
    LOG(LOG_INFO, "memory.ceiling", (struct str){0}, "memory stays below %zu MiB: %s", memory->ceiling / MIB,
        limit ? "memory.limit" : "4/5 of what the cgroup allows");
    size_t most = memory->budget.limit / 2;
    if (most < PIPELINE_MEMORY_MIN) most = PIPELINE_MEMORY_MIN;
    for (uint32_t i = 0; i < pipeline_count; i++) {
        struct budget *budget = &pipelines[i]->budget;
        assert(!budget->parent);
        budget->parent = &memory->budget;
        if (!budget->limit || budget->limit > most) budget->limit = most;
    }
    uv_timer_init(loop, &memory->timer);
    memory->timer.data = memory;
    memory->has_timer = true;
    memory_look(&memory->timer);
    uv_timer_start(&memory->timer, memory_look, MEMORY_LOOK_MS, MEMORY_LOOK_MS);
}

void memory_limit_close(struct memory_limit *memory)
{
    if (memory->has_timer) uv_close((uv_handle_t *)&memory->timer, NULL);
}

void memory_limit_detach(struct memory_limit *memory)
{
    for (uint32_t i = 0; i < memory->pipeline_count; i++) memory->pipelines[i]->budget.parent = NULL;
}
