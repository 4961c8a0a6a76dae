/* SPDX-License-Identifier: Apache-2.0 */
/* Pipelines of several workers are started, asked to reopen their files and stopped at random moments,
 * also before they run and after they have ended, while another thread reads their books as the API
 * does. At the end the books balance and the file holds what was delivered.
 * Built with -fsanitize=thread. STRESS_SEED repeats a run. */
#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "core/log.h"
#include "tests/stress/support.h"

enum { ROUNDS = 60, CONNECTIONS = 12, DELAY_US_MAX = 20000 };

struct watch {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

static void worker_changed(struct worker *worker, void *opaque)
{
    struct watch *watch = opaque;
    (void)worker;
    pthread_mutex_lock(&watch->mutex);
    pthread_cond_signal(&watch->changed);
    pthread_mutex_unlock(&watch->mutex);
}

static void wait_ended(struct watch *watch, const struct pipeline *pipeline)
{
    pthread_mutex_lock(&watch->mutex);
    while (!pipeline_has_ended(pipeline)) pthread_cond_wait(&watch->changed, &watch->mutex);
    pthread_mutex_unlock(&watch->mutex);
}

/* What the API does: reads whatever is published, at any time. */
struct reader {
    struct pipeline *pipeline;
    atomic_bool is_over;
    uint64_t looks;
};

static void *reader_run(void *opaque)
{
    struct reader *reader = opaque;
    struct pipeline *pipeline = reader->pipeline;
    uint64_t before = 0;
    while (!atomic_load(&reader->is_over)) {
        struct books_sum books = pipeline_books(pipeline);
        assert(books.received >= before);
        before = books.received;
        for (uint32_t i = 0; i < pipeline->worker_count; i++) {
            const struct worker *worker = pipeline->workers[i];
            const struct generation *generation = worker_generation(worker);
            const struct worker_counters *counters = worker_counters(worker);
            reader->looks += counter_get(&counters->batches) + counter_get(&counters->busy_ns) +
                             counter_get(&counters->queued) + worker_waits_for(worker).len;
            for (uint32_t k = 0; k < generation->program.filter_count; k++)
                reader->looks += counter_get(&generation->program.filters[k]->counters.in);
            for (uint32_t k = 0; k < generation->program.output_count; k++)
                reader->looks += counter_get(&generation->program.outputs[k]->counters.sent);
        }
    }
    return NULL;
}

/* Lines over many connections, so that all workers have some, until the pipeline closes them. */
struct sender {
    struct sockaddr_in to;
    atomic_bool is_over;
};

static void *sender_run(void *opaque)
{
    struct sender *sender = opaque;
    static const char lines[] = "a 1\nb 2\na 3\nb";
    int files[CONNECTIONS];
    memset(files, -1, sizeof files);
    struct timespec pause = {.tv_nsec = 1000000}; /* the sanitizer makes readers slow, not writers */
    for (; !atomic_load(&sender->is_over); nanosleep(&pause, NULL))
        for (int i = 0; i < CONNECTIONS; i++) {
            if (files[i] < 0) {
                files[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                (void)!connect(files[i], (struct sockaddr *)&sender->to, sizeof sender->to);
            }
            ssize_t sent = send(files[i], lines, sizeof lines - 1, MSG_NOSIGNAL);
            if (sent > 0 && i % 4) continue;
            close(files[i]); /* some after each send: half a line is left */
            files[i] = -1;
        }
    for (int i = 0; i < CONNECTIONS; i++)
        if (files[i] >= 0) close(files[i]);
    return NULL;
}

static void some_time(unsigned *seed)
{
    struct timespec time = {.tv_nsec = (long)(rand_r(seed) % DELAY_US_MAX) * 1000};
    if (rand_r(seed) % 4) nanosleep(&time, NULL);
}

static uint64_t count_lines(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    uint64_t lines = 0;
    for (int c; (c = fgetc(file)) != EOF;) lines += c == '\n';
    fclose(file);
    return lines;
}

static uint64_t round_run(unsigned *seed, const char *path)
{
    bool to_file = rand_r(seed) % 2, is_endless = rand_r(seed) % 2, has_tcp = rand_r(seed) % 4 != 0;
    char text[640], tcp[96] = "";
    int port = free_port();
    if (has_tcp) snprintf(tcp, sizeof tcp, "tcp { host => \"127.0.0.1\" port => %d codec => line }", port);
    snprintf(text, sizeof text,
             "input { %s generator { lines => [\"a 1\", \"b 2\"] count => %d } } filter { grok { match => { "
             "\"message\" => \"^%%{WORD:w} %%{INT:n:int}$\" } } if [w] == \"b\" { drop { } } } output { %s%s%s }",
             tcp, is_endless ? 0 : 300, to_file ? "file { path => \"" : "null { }", to_file ? path : "",
             to_file ? "\" codec => json_lines }" : "");
    struct arena arena;
    arena_init(&arena, NULL);
    struct watch watch = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER};
    struct pipeline *pipeline = build(text, "4", &arena);
    struct reader reader = {.pipeline = pipeline};
    pthread_t thread;
    pthread_create(&thread, NULL, reader_run, &reader);
    struct sender sender = {.to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    pthread_t sends;
    if (has_tcp) pthread_create(&sends, NULL, sender_run, &sender);
    int status = pipeline_start(pipeline, worker_changed, &watch);
    assert(status == 0);
    (void)status;
    for (int i = rand_r(seed) % 4; i > 0; i--) {
        some_time(seed);
        pipeline_reopen(pipeline);
    }
    some_time(seed);
    bool is_stopped = is_endless || has_tcp || rand_r(seed) % 2;
    if (is_stopped) pipeline_stop(pipeline);
    if (rand_r(seed) % 2) pipeline_reopen(pipeline);
    wait_ended(&watch, pipeline);
    /* after the end both are asked for again: a second signal, a slow operator */
    pipeline_reopen(pipeline);
    pipeline_stop(pipeline);
    atomic_store(&sender.is_over, true);
    if (has_tcp) pthread_join(sends, NULL);
    atomic_store(&reader.is_over, true);
    pthread_join(thread, NULL);
    pipeline_join(pipeline);
    struct books_sum books = pipeline_books(pipeline);
    assert(pipeline_state(pipeline) == PIPELINE_FINISHED);
    assert(books.in_flight == 0 && books.dropped == 0 && books.dead_lettered == 0 && books.created == 0);
    assert(books.received == books.delivered + books.filtered);
    assert(is_stopped || books.received == 300 * 2);
    assert(books.delivered == books.filtered || is_stopped);
    uint64_t lines = to_file ? count_lines(path) : books.delivered;
    if (lines != books.delivered) {
        fprintf(stderr, "%llu lines, %llu delivered\n", (unsigned long long)lines, (unsigned long long)books.delivered);
        exit(1);
    }
    pipeline_destroy(pipeline);
    unlink(path);
    arena_fini(&arena);
    return books.received;
}

int main(void)
{
    const char *given = getenv("STRESS_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    printf("STRESS_SEED=%u\n", seed);
    fflush(stdout);
    log_setup(LOG_ERROR, false);
    char path[64];
    snprintf(path, sizeof path, "/tmp/tailrace-stress-%d.json", (int)getpid());
    uint64_t events = 0;
    for (int i = 0; i < ROUNDS; i++) events += round_run(&seed, path);
    printf("%d rounds, %llu events, books and files agree\n", ROUNDS, (unsigned long long)events);
    return 0;
}
