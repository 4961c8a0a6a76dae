/* SPDX-License-Identifier: Apache-2.0 */
/* Cost of the language's statements over a batch of decoded events: `bench_language` prints nanoseconds
 * an event, `bench_language callgrind` instructions an event, by valgrind: they do not depend on what
 * else the machine does. The cost of a program without statements is taken off; a batch is made anew
 * for each round, which is not measured.
 *
 *     bench_language [callgrind | ROW]      ROW: that one alone, as valgrind runs it */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "core/text/json.h"
#include "dsl/compiler.h"
#include "dsl/parser.h"
#include "dsl/vm.h"

enum { EVENTS = 1000, ROUNDS = 200, ROUNDS_COUNTED = 3 };

/* Of each a statement; the first is what all the others contain, too. */
static const char *const rows[] = {
    "",
    "[n] = 5",
    "[bytes] = 5",
    "[n] = [bytes] + 1",
    "[duration_ms] = [duration] * 1000",
    "[size] = [bytes] > 1000 ? \"large\" : \"small\"",
    "[who] = [auth] + \"@\" + [clientip]",
    "[verb] = downcase([verb]) ?? \"none\"",
    "remove [ident]",
    "[list] = [] for i in [1, 2, 3, 4, 5, 6, 7, 8] { [list] = push([list], i) }",
    "if [status] == 200 { }",
    "if [status] == 404 { }",
    "if [verb] == \"GET\" { }",
    "if \"x\" in [tags] { }",
    "if [status] >= 500 { }",
    "if [verb] =~ /^P/ { }",
    "if [referrer] { }",
};
enum { ROW_COUNT = sizeof rows / sizeof *rows };

static struct str document(uint32_t number)
{
    static const char *const verbs[] = {"GET", "GET", "GET", "POST"};
    static const char *const statuses[] = {"200", "200", "304", "404"};
    static char text[1024];
    int len = snprintf(
        text, sizeof text,
        "{\"clientip\":\"83.149.9.%u\",\"ident\":\"-\",\"auth\":\"ann\",\"verb\":\"%s\","
        "\"request\":\"/presentations/logstash-monitorama-2013/images/kibana-search.png\",\"httpversion\":\"1.1\","
        "\"status\":%s,\"bytes\":%u,\"duration\":0.%u,\"referrer\":\"http://semicomplete.com/\","
        "\"agent\":\"Mozilla/5.0\"%s}",
        number % 250, verbs[number % 4], statuses[number % 4], 100 + number, number % 900 + 1,
        number % 8 ? "" : ",\"tags\":[\"a\",\"x\"]");
    return (struct str){text, (size_t)len};
}

struct bench {
    struct budget budget;
    struct chunk_pool pool;
    struct books books;
    struct ticket_pool *tickets;
    struct source_text source;
    struct arena arena;
    struct diag diag;
    struct config config;
    struct program program;
};

static void bench_begin(struct bench *bench, const char *statement)
{
    struct buf text = {0};
    struct parse_options options = {0};
    *bench = (struct bench){0};
    chunk_pool_init(&bench->pool, &bench->budget);
    bench->tickets = ticket_pool_create(&bench->books);
    arena_init(&bench->arena, NULL);
    diag_init(&bench->diag);
    buf_printf(&text, "filter { %s }", statement);
    bench->source = (struct source_text){STR("bench"), arena_copy(&bench->arena, buf_str(&text))};
    buf_fini(&text);
    struct compiler compiler = {.program = &bench->program, .arena = &bench->arena, .diag = &bench->diag};
    if (!parse_source(&bench->config, &bench->source, &options, &bench->arena, &bench->diag) ||
        !compile(&compiler, &bench->config)) {
        struct buf messages = {0};
        diag_render(&bench->diag, &messages);
        fputs(buf_z(&messages), stderr);
        exit(1);
    }
}

static void bench_end(struct bench *bench)
{
    program_destroy(&bench->program);
    diag_fini(&bench->diag);
    arena_fini(&bench->arena);
    ticket_pool_destroy(bench->tickets);
    chunk_pool_fini(&bench->pool);
}

static struct batch *batch_of_documents(struct bench *bench)
{
    struct batch *batch = batch_create(&bench->pool, bench->tickets);
    for (uint32_t i = 0; i < EVENTS; i++) {
        struct json_report report;
        struct value value;
        struct event *event = batch_event(batch);
        struct str text = arena_copy(&batch->arena, document(i));
        if (!json_decode(text, JSON_WHOLE, &batch->arena, &value, &report)) exit(1);
        event_take_map(event, value.map);
    }
    ticket_count(batch->ticket, batch->count, 0, 0);
    return batch;
}

/* By its name valgrind knows what to count. */
__attribute__((noinline)) void bench_measured(struct program *program, struct batch *batch);
void bench_measured(struct program *program, struct batch *batch) { vm_run(program, batch); }

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Nanoseconds an event: the least of all rounds, which is what nothing else disturbed. */
static double bench_row(const char *statement, int rounds)
{
    struct bench bench;
    double least = 1e9;
    bench_begin(&bench, statement);
    for (int i = 0; i < rounds; i++) {
        struct batch *batch = batch_of_documents(&bench);
        double start = seconds();
        bench_measured(&bench.program, batch);
        double spent = seconds() - start;
        if (spent < least) least = spent;
        batch_destroy(batch);
    }
    bench_end(&bench);
    return least / EVENTS * 1e9;
}

/* Instructions an event, of this program run for the row by valgrind. */
static double instructions_once(const char *self, size_t row)
{
    char command[1024], line[256];
    double counted = -1;
    snprintf(command, sizeof command,
             "valgrind --tool=callgrind --toggle-collect=bench_measured --callgrind-out-file=/dev/null '%s' %zu 2>&1",
             self, row);
    FILE *out = popen(command, "r");
    if (!out) exit(1);
    while (fgets(line, sizeof line, out)) {
        const char *found = strstr(line, "Collected : ");
        if (found) counted = strtod(found + strlen("Collected : "), NULL);
    }
    if (pclose(out) != 0 || counted < 0) {
        fputs("bench_language: valgrind could not be run\n", stderr);
        exit(1);
    }
    return counted / EVENTS / ROUNDS_COUNTED;
}

/* The least of a few runs: hashes are seeded anew in each, and a field that an event lacks is looked for in
 * vain when its hash collides. */
static double instructions(const char *self, size_t row)
{
    enum { RUNS = 4 };
    double least = instructions_once(self, row);
    for (int i = 1; i < RUNS; i++) {
        double counted = instructions_once(self, row);
        if (counted < least) least = counted;
    }
    return least;
}

int main(int argc, char **argv)
{
    bool by_valgrind = argc > 1 && strcmp(argv[1], "callgrind") == 0;
    if (argc > 1 && !by_valgrind) {
        size_t row = strtoul(argv[1], NULL, 10);
        if (row >= ROW_COUNT) return 2;
        bench_row(rows[row], ROUNDS_COUNTED);
        return 0;
    }
    double empty = by_valgrind ? instructions(argv[0], 0) : bench_row(rows[0], ROUNDS);
    printf("%s an event, over batches of %d\n", by_valgrind ? "instructions" : "nanoseconds", EVENTS);
    for (size_t i = 1; i < ROW_COUNT; i++)
        printf("%8.1f  %s\n", (by_valgrind ? instructions(argv[0], i) : bench_row(rows[i], ROUNDS)) - empty, rows[i]);
    return 0;
}
