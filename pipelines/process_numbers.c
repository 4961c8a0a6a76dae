/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc and getrusage say about this process. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include "pipelines/stats.h"

static uint64_t count_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    if (!folder) return 0;
    uint64_t count = 0;
    for (struct dirent *entry; (entry = readdir(folder));) count += entry->d_name[0] != '.';
    closedir(folder);
    return count - 1; /* the folder's own */
}

static void read_statm(uint64_t *size, uint64_t *resident)
{
    unsigned long long pages = 0, resident_pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file) {
        if (fscanf(file, "%llu %llu", &pages, &resident_pages) != 2) pages = resident_pages = 0;
        fclose(file);
    }
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    *size = pages * page;
    *resident = resident_pages * page;
}

uint64_t process_numbers_resident(void)
{
    uint64_t size, resident;
    read_statm(&size, &resident);
    return resident;
}

struct process_numbers process_numbers_read(void)
{
    struct process_numbers numbers = {.open_files = count_files()};
    struct rlimit limit;
    if (!getrlimit(RLIMIT_NOFILE, &limit)) numbers.max_files = limit.rlim_cur;
    struct rusage usage;
    if (!getrusage(RUSAGE_SELF, &usage))
        numbers.cpu_ns = ((uint64_t)usage.ru_utime.tv_sec + (uint64_t)usage.ru_stime.tv_sec) * 1000000000u +
                         ((uint64_t)usage.ru_utime.tv_usec + (uint64_t)usage.ru_stime.tv_usec) * 1000u;
    read_statm(&numbers.virtual_bytes, &numbers.resident_bytes);
    if (getloadavg(numbers.load, 3) != 3) numbers.load[0] = numbers.load[1] = numbers.load[2] = 0;
    return numbers;
}
