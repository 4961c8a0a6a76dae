/* SPDX-License-Identifier: Apache-2.0 */
/* /_node/hot_threads: what each thread of the process has used of the CPU, from /proc. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "pipelines/stats.h"

enum { THREADS_MAX = 1024 };

static bool thread_read(const char *id, char name[64], char *state, uint64_t *ticks)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%.16s/stat", id);
    FILE *file = fopen(path, "re");
    if (!file) return false;
    unsigned long user = 0, kernel = 0;
    bool ok = fscanf(file, "%*d (%63[^)]) %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", name, state,
                     &user, &kernel) == 4;
    fclose(file);
    *ticks = user + kernel;
    return ok;
}

json_t *stats_hot_threads(struct stats *stats)
{
    json_t *root = stats_common(stats), *threads = json_array(), *hot = json_object();
    struct process_numbers process = process_numbers_read();
    double tick_ns = 1e9 / (double)sysconf(_SC_CLK_TCK);
    DIR *folder = opendir("/proc/self/task");
    uint32_t count = 0;
    for (struct dirent *entry; folder && (entry = readdir(folder)) && count < THREADS_MAX;) {
        char name[64], state;
        uint64_t ticks;
        if (entry->d_name[0] == '.' || !thread_read(entry->d_name, name, &state, &ticks)) continue;
        double share = process.cpu_ns ? (double)ticks * tick_ns * 100 / (double)process.cpu_ns : 0;
        json_array_append_new(threads, json_pack("{s:s, s:I, s:f, s:s, s:[]}", "name", name, "thread_id",
                                                 (json_int_t)atoll(entry->d_name), "percent_of_cpu_time", share,
                                                 "state", state == 'R' ? "runnable" : "waiting", "traces"));
        count++;
    }
    if (folder) closedir(folder);
    char stamp[32];
    time_t seconds = time(NULL);
    struct tm utc;
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
    json_object_set_new(hot, "time", json_string(stamp));
    json_object_set_new(hot, "busiest_threads", json_integer(count));
    json_object_set_new(hot, "threads", threads);
    json_object_set_new(root, "hot_threads", hot);
    return root;
}
