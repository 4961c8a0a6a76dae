/* SPDX-License-Identifier: Apache-2.0 */
/* Time of JSON decoding and encoding: `bench_json [FILE [ROUNDS [jansson]]]`. FILE holds one
 * document a line; without it (or `-`) one event of an access log is used. Prints nanoseconds a
 * document; under `valgrind --tool=callgrind` the instructions are what counts. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "core/text/json.h"

static const char sample[] =
    "{\"@timestamp\":\"2024-05-17T10:05:03.000Z\",\"@version\":\"1\",\"clientip\":\"83.149.9.216\","
    "\"ident\":\"-\",\"auth\":\"-\",\"verb\":\"GET\","
    "\"request\":\"/presentations/logstash-monitorama-2013/images/kibana-search.png\",\"httpversion\":\"1.1\",\"response\":200,\"bytes\":203023,"
    "\"referrer\":\"http://semicomplete.com/presentations/\",\"agent\":\"Mozilla/5.0\"}\n";

static struct str read_file(const char *name)
{
    FILE *file = fopen(name, "rb");
    if (!file) exit(2);
    struct buf all = {0};
    size_t got;
    do {
        buf_reserve(&all, 65536);
        got = fread(all.ptr + all.len, 1, 65536, file);
        all.len += got;
    } while (got);
    fclose(file);
    return buf_str(&all);
}

enum { AGAIN = 8 }; /* a clock costs as much as a tenth of a document: time several */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct sums {
    double decode, encode;
    uint64_t documents, bytes, encoded;
};

static void measure(struct str line, struct arena *arena, struct buf *out, struct sums *sums)
{
    struct value value;
    struct json_report error;
    double start = seconds();
    for (int i = 0; i < AGAIN; i++)
        if (!json_decode(line, JSON_WHOLE, arena, &value, &error)) exit(3);
    double middle = seconds();
    for (int i = 0; i < AGAIN; i++) {
        buf_clear(out);
        json_encode_value(&value, out);
    }
    sums->encode += seconds() - middle;
    sums->decode += middle - start;
    sums->encoded += out->len;
}

static void measure_jansson(struct str line, struct sums *sums)
{
    double start = seconds();
    json_t *json = NULL;
    char *text = NULL;
    for (int i = 0; i < AGAIN; i++) {
        json_decref(json);
        if (!(json = json_loadb(line.ptr, line.len, 0, NULL))) exit(3);
    }
    double middle = seconds();
    for (int i = 0; i < AGAIN; i++) {
        free(text);
        text = json_dumps(json, JSON_COMPACT);
    }
    sums->encode += seconds() - middle;
    sums->decode += middle - start;
    sums->encoded += strlen(text);
    free(text);
    json_decref(json);
}

int main(int argc, char **argv)
{
    struct str text = argc > 1 && strcmp(argv[1], "-") != 0 ? read_file(argv[1]) : STR(sample);
    long rounds = argc > 2 ? atol(argv[2]) : 1;
    bool by_jansson = argc > 3;
    struct chunk_pool pool;
    struct budget budget = {0};
    struct arena arena;
    struct buf out = {0};
    struct sums sums = {0};
    chunk_pool_init(&pool, &budget);
    arena_init(&arena, &pool);
    while (rounds--) {
        for (struct str rest = text; rest.len;) {
            ptrdiff_t end = str_find(rest, STR("\n"));
            struct str line = end < 0 ? rest : str_slice(rest, 0, (size_t)end);
            rest = str_from(rest, line.len + 1);
            if (by_jansson)
                measure_jansson(line, &sums);
            else
                measure(line, &arena, &out, &sums);
            sums.documents++;
            sums.bytes += line.len;
            if (arena.bytes > 512 * 1024) arena_fini(&arena);
        }
    }
    double documents = (double)sums.documents;
    printf("%.0f documents of %.0f bytes: decode %.0f ns, encode %.0f ns (%.0f bytes)\n", documents,
           (double)sums.bytes / documents, sums.decode / documents / AGAIN * 1e9,
           sums.encode / documents / AGAIN * 1e9, (double)sums.encoded / documents);
    return 0;
}
