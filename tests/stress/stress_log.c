/* SPDX-License-Identifier: Apache-2.0 */
/* Many threads log at once, through places of their own and one they share, while the level and the
 * format are being switched: every line is whole, and the shared place says or counts each occurrence.
 * Built with -fsanitize=thread. */
#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/log.h"

enum { THREADS = 8, LINES = 2000 };

static struct log_site shared = {.code = "stress.shared"};

static void *writer_run(void *opaque)
{
    int number = *(int *)opaque;
    for (int i = 0; i < LINES; i++) {
        struct log_site own = {.code = "stress.own"}; /* not held back */
        log_write(&own, LOG_WARN, STR("own"), "begin %d %d end", number, i);
        log_write(&shared, LOG_WARN, STR("shared"), "begin %d %d end", number, i);
        LOG(LOG_DEBUG, "stress.debug", STR("debug"), "begin %d %d end", number, i);
    }
    return NULL;
}

static atomic_bool is_over;

static void *switcher_run(void *opaque)
{
    (void)opaque;
    for (int i = 0; !atomic_load(&is_over); i++) {
        log_setup(LOG_WARN, i % 2);
        log_level_set(i % 3 ? LOG_DEBUG : LOG_ERROR);
        assert(log_level_get() == LOG_DEBUG || log_level_get() == LOG_ERROR);
    }
    return NULL;
}

static bool is_whole(const char *line)
{
    bool json = *line == '{';
    const char *begin = strstr(line, "begin "), *end = strstr(line, " end");
    return begin && end && begin < end && !strstr(begin + 1, "begin ") && strstr(line, "stress.") &&
           (json ? line[strlen(line) - 2] == '}' : *line == '2');
}

int main(void)
{
    char path[] = "/tmp/tailrace-stress-log-XXXXXX";
    int file = mkstemp(path), before = dup(STDERR_FILENO);
    assert(file >= 0 && before >= 0);
    dup2(file, STDERR_FILENO);
    fcntl(STDERR_FILENO, F_SETFL, O_APPEND);
    pthread_t threads[THREADS], switcher;
    int numbers[THREADS];
    pthread_create(&switcher, NULL, switcher_run, NULL);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, writer_run, &numbers[i]);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    atomic_store(&is_over, true);
    pthread_join(switcher, NULL);
    dup2(before, STDERR_FILENO);

    FILE *said = fopen(path, "r");
    char line[LOG_LINE_MAX];
    uint64_t lines = 0, of_shared = 0, held_back = 0;
    while (fgets(line, sizeof line, said)) {
        if (!is_whole(line)) {
            fprintf(stderr, "not a whole line: %s", line);
            return 1;
        }
        lines++;
        if (!strstr(line, "stress.shared")) continue;
        of_shared++;
        const char *more = strstr(line, "\"held_back\":");
        if (more) held_back += strtoul(more + 12, NULL, 10);
        more = strstr(line, ") [");
        if (more) held_back += strtoul(more + 3, NULL, 10);
    }
    fclose(said);
    unlink(path);
    held_back += atomic_load(&shared.held_back);
    if (of_shared + held_back != THREADS * LINES || of_shared < LOG_BURST) {
        fprintf(stderr, "%llu said and %llu held back of %d\n", (unsigned long long)of_shared,
                (unsigned long long)held_back, THREADS * LINES);
        return 1;
    }
    printf("%llu whole lines; shared place: %llu said, %llu held back\n", (unsigned long long)lines,
           (unsigned long long)of_shared, (unsigned long long)held_back);
    return 0;
}
