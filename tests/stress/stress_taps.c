/* SPDX-License-Identifier: Apache-2.0 */
/* Taps are opened, read, left unread and closed at random on a running pipeline of several workers, also
 * while it stops and after its end, as the API does it on the control thread. The books balance whatever
 * looks at the events, what a tap says adds up, and no tap is left behind.
 * Built with -fsanitize=thread. STRESS_SEED repeats a run. */
#include <arpa/inet.h>
#include <assert.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "core/log.h"
#include "pipelines/tap_ring.h"
#include "pipelines/taps.h"
#include "tests/stress/support.h"

enum { RING_LINES = 300000, RING_LINE_MAX = 200 };
enum { ROUNDS = 12, CONNECTIONS = 8, STEPS_MAX = 300, STEP_MS = 1 };

struct watcher {
    struct open_tap *open;
    uint64_t lines;
    bool is_plain; /* neither condition nor sample nor limit: all that passes is shown or counted */
};

struct round {
    unsigned seed;
    uv_loop_t loop;
    uv_timer_t step;
    uv_async_t changed;
    struct supervisor supervisor;
    struct taps *taps;
    struct watcher watchers[TAPS_MAX];
    uint32_t steps, stop_at;
    uint64_t opened, refused, lines;
};

/* ---- events ---- */

struct sender {
    struct sockaddr_in to;
    atomic_bool is_over;
};

static void *sender_run(void *opaque)
{
    struct sender *sender = opaque;
    static const char lines[] = "a 1\nb 2\nc 3\nnone\n";
    struct timespec pause = {.tv_nsec = 500000};
    int files[CONNECTIONS];
    for (int i = 0; i < CONNECTIONS; i++) {
        files[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)!connect(files[i], (struct sockaddr *)&sender->to, sizeof sender->to);
    }
    for (; !atomic_load(&sender->is_over); nanosleep(&pause, NULL))
        for (int i = 0; i < CONNECTIONS; i++) (void)!send(files[i], lines, sizeof lines - 1, MSG_NOSIGNAL);
    for (int i = 0; i < CONNECTIONS; i++) close(files[i]);
    return NULL;
}

static struct pipeline *pipeline_of(int port, struct arena *arena)
{
    struct str text = arena_printf(
        arena, "input { tcp { id => \"in\" host => \"127.0.0.1\" port => %d codec => line } } filter { grok { id => \"g\" "
               "match => { \"message\" => \"^%%{WORD:w} %%{INT:n:int}$\" } } if [w] == \"b\" { drop { id => \"d\" } } "
               "mutate { id => \"m\" add_tag => [\"t\"] remove_field => [\"w\"] } } output { null { id => \"o\" } }", port);
    return build(arena_copy_z(arena, text), "3", arena);
}

/* ---- watchers ---- */

static int one_of(struct round *round, int count) { return rand_r(&round->seed) % count; }

static void watcher_open(struct round *round, struct watcher *watcher)
{
    static const char *const plugins[] = {"", "g", "m", "d", "o"};
    static const char *const conditions[] = {"", "", "[n] > 1", "[w] =~ /^[ab]$/ or \"t\" in [tags]"};
    struct tap_refusal refusal = {0};
    struct tap_options options = {
        .plugin = str_of(plugins[one_of(round, 5)]), .where = str_of(conditions[one_of(round, 4)]),
        .at.value = one_of(round, 4), .rate = one_of(round, 3) ? 0 : 50, .sample = 1 + one_of(round, 2),
        .limit = one_of(round, 3) ? 0 : 1 + one_of(round, 500), .seconds = 60, .metadata = one_of(round, 2)};
    *watcher = (struct watcher){.open = taps_open(round->taps, &options, "stress", &refusal),
                                .is_plain = !options.where.len && options.sample == 1 && !options.limit};
    round->opened += watcher->open != NULL;
    round->refused += !watcher->open; /* nothing is behind an output, or all has ended */
    json_decref(refusal.error);
}

static void watcher_read(struct watcher *watcher, size_t most)
{
    char bytes[4096];
    struct tap *tap = taps_tap(watcher->open);
    for (size_t len, all = 0; all < most && (len = tap_read(tap, bytes, sizeof bytes)) > 0; all += len)
        for (size_t i = 0; i < len; i++) watcher->lines += bytes[i] == '\n';
}

static void watcher_close(struct round *round, struct watcher *watcher, bool is_quiet)
{
    struct tap_counts counts = tap_count(taps_tap(watcher->open));
    uint64_t lost = counts.rate + counts.slow_watcher + counts.busy + counts.large;
    assert(counts.shown + lost <= counts.passed || !watcher->is_plain);
    assert(counts.shown + lost == counts.passed || !watcher->is_plain || !is_quiet);
    round->lines += watcher->lines;
    taps_close(watcher->open);
    watcher->open = NULL;
}

static void step(uv_timer_t *timer)
{
    struct round *round = timer->data;
    struct watcher *watcher = &round->watchers[one_of(round, TAPS_MAX)];
    if (!watcher->open)
        watcher_open(round, watcher);
    else if (one_of(round, 3))
        watcher_read(watcher, (size_t)one_of(round, 100000));
    else
        watcher_close(round, watcher, false);
    if (++round->steps == round->stop_at) pipeline_stop(round->supervisor.pipelines[0]);
}

static void news(void *opaque) { (void)opaque; /* watchers read when it is their turn */ }

/* ---- a round ---- */

static void worker_changed(struct worker *worker, void *opaque)
{
    (void)worker;
    uv_async_send(opaque);
}

static void states_look(uv_async_t *handle)
{
    struct round *round = handle->data;
    if (!pipeline_has_ended(round->supervisor.pipelines[0])) return;
    for (int i = 0; i < TAPS_MAX; i++) step(&round->step); /* on what has ended */
    taps_stop(round->taps);
    uv_close((uv_handle_t *)&round->step, NULL);
    uv_close((uv_handle_t *)&round->changed, NULL);
}

static void watchers_end(struct round *round)
{
    for (int i = 0; i < TAPS_MAX; i++) {
        struct watcher *watcher = &round->watchers[i];
        if (!watcher->open) continue;
        watcher_read(watcher, SIZE_MAX);
        assert(tap_is_over(taps_tap(watcher->open)));
        watcher_close(round, watcher, true);
    }
}

static void loop_start(struct round *round)
{
    int status = uv_loop_init(&round->loop);
    assert(status == 0);
    (void)status;
    uv_timer_init(&round->loop, &round->step);
    uv_async_init(&round->loop, &round->changed, states_look);
    round->step.data = round->changed.data = round;
    round->taps = taps_create(&round->supervisor, &round->loop, news, round);
    uv_timer_start(&round->step, step, STEP_MS, STEP_MS);
}

static uint64_t round_run(struct round *round)
{
    struct arena arena;
    arena_init(&arena, NULL);
    int port = free_port();
    struct pipeline *pipeline = pipeline_of(port, &arena);
    struct sender sender = {.to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    pthread_t sends;
    round->supervisor = (struct supervisor){.pipelines = &pipeline, .pipeline_count = 1};
    round->steps = 0;
    round->stop_at = 1 + (uint32_t)one_of(round, STEPS_MAX);
    loop_start(round);
    int status = pipeline_start(pipeline, worker_changed, &round->changed);
    assert(status == 0);
    (void)status;
    pipeline_wait_started(pipeline);
    pthread_create(&sends, NULL, sender_run, &sender);
    uv_run(&round->loop, UV_RUN_DEFAULT);
    pipeline_join(pipeline);
    atomic_store(&sender.is_over, true);
    pthread_join(sends, NULL);
    watchers_end(round);
    taps_destroy(round->taps);
    status = uv_loop_close(&round->loop);
    assert(status == 0);
    struct books_sum books = pipeline_books(pipeline);
    assert(books.in_flight == 0 && books.dropped == 0 && books.received == books.delivered + books.filtered);
    pipeline_destroy(pipeline);
    arena_fini(&arena);
    return books.received;
}

/* ---- a ring that is always full ---- */

static size_t ring_line(char line[RING_LINE_MAX], uint32_t number)
{
    int len = snprintf(line, RING_LINE_MAX, "%u:", number);
    size_t all = (size_t)len + number % 150;
    memset(line + len, '-', all - (size_t)len);
    line[all] = '\n';
    return all + 1;
}

static void *ring_write(void *opaque)
{
    char line[RING_LINE_MAX];
    for (uint32_t i = 0; i < RING_LINES; i++) {
        size_t len = ring_line(line, i);
        while (!tap_ring_write(opaque, (struct str){line, len})) sched_yield();
    }
    return NULL;
}

static void ring_run(void)
{
    struct tap_ring ring;
    pthread_t writer;
    char got[64 * 1024], line[RING_LINE_MAX];
    tap_ring_init(&ring);
    pthread_create(&writer, NULL, ring_write, &ring);
    size_t at = 0, len = ring_line(line, 0);
    for (uint32_t number = 0; number < RING_LINES;) {
        size_t size = tap_ring_take(&ring, tap_ring_written(&ring), got, sizeof got);
        if (!size) sched_yield();
        for (size_t i = 0; i < size; i++) {
            assert(got[i] == line[at]);
            if (++at < len) continue;
            at = 0;
            len = ring_line(line, ++number);
        }
    }
    pthread_join(writer, NULL);
    tap_ring_fini(&ring);
}

int main(void)
{
    const char *given = getenv("STRESS_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    printf("STRESS_SEED=%u\n", seed);
    fflush(stdout);
    log_setup(LOG_ERROR, false);
    ring_run();
    struct round *round = calloc(1, sizeof *round);
    round->seed = seed;
    uint64_t events = 0;
    for (int i = 0; i < ROUNDS; i++) events += round_run(round);
    printf("%d rounds, %llu events, %llu taps opened, %llu refused, %llu lines read\n", ROUNDS,
           (unsigned long long)events, (unsigned long long)round->opened, (unsigned long long)round->refused,
           (unsigned long long)round->lines);
    assert(round->lines > 0);
    free(round);
    return 0;
}
