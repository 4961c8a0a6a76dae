/* SPDX-License-Identifier: Apache-2.0 */
/* What grok makes of a pattern: grok_show legacy|ecs-v1 PATTERN [FILE [ROUNDS]]
 * Without a file: the expansion, what every match must contain, and the captures. With one: how
 * many of its lines match, and the time a line takes. `*` as pattern lists every name with its
 * captures or, with a file, those that match some of its lines: how many, and the time a line takes. */
#include "core/event/batch.h"
#include "core/text/grok.h"
#include "core/text/utf8.h"
#include "core/xmalloc.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void show_captures(const struct grok *grok)
{
    static const char *const TYPES[] = {"", ":int", ":float"};
    for (uint32_t i = 0; i < grok->capture_count; i++)
        printf("%s%.*s%s", i ? ", " : "", STR_ARG(grok->captures[i].path.text),
               TYPES[grok->captures[i].type]);
    printf("\n");
}

static struct grok *compile(const struct grok_library *library, struct str pattern,
                            struct arena *arena)
{
    struct grok_problem problem;
    struct grok *grok =
        grok_compile(library, pattern, &(struct grok_options){.named_only = true}, arena, &problem);
    if (!grok) printf("refused at %zu: %s %s\n", problem.offset, problem.text, problem.hint);
    return grok;
}

static void list(const struct grok_library *library, struct arena *arena)
{
    struct str name, text;
    for (uint32_t at = 0; grok_library_next(library, &at, &name, &text);) {
        if (grok_name_is_hidden(name)) continue;
        struct grok *grok = compile(library, arena_printf(arena, "%%{%.*s}", STR_ARG(name)), arena);
        printf("%.*s\t", STR_ARG(name));
        if (grok) show_captures(grok);
        grok_destroy(grok);
    }
}

static void show(const struct grok_library *library, struct str pattern, struct grok *grok)
{
    struct buf text = {.len = 0};
    struct grok_problem problem;
    grok_expand(library, pattern, true, &text, NULL, NULL, &problem);
    printf("%.*s\nliteral: \"%.*s\"  at least %zu bytes\n", STR_ARG(buf_str(&text)),
           STR_ARG(regex_literal(grok->regex)), regex_length_min(grok->regex));
    show_captures(grok);
    buf_fini(&text);
}

static struct str file_read(const char *name)
{
    FILE *file = fopen(name, "rb");
    if (!file) exit(1);
    struct buf bytes = {.len = 0};
    for (size_t got = 1; got;) {
        buf_reserve(&bytes, 1 << 20);
        got = fread(bytes.ptr + bytes.len, 1, 1 << 20, file);
        bytes.len += got;
    }
    fclose(file);
    return buf_str(&bytes);
}

struct tally {
    uint64_t lines, hits, limits;
    double ns_line;
};

static struct tally run(struct grok *grok, struct str text, int rounds, bool stores)
{
    struct arena arena;
    arena_init(&arena, NULL);
    struct tally tally = {.lines = 0};
    struct timespec begin, end;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    for (int round = 0; round < rounds; round++) {
        for (struct str rest = text; rest.len; tally.lines++) {
            const char *newline = memchr(rest.ptr, '\n', rest.len);
            struct str line = str_slice(rest, 0, newline ? (size_t)(newline - rest.ptr) : rest.len);
            rest = str_from(rest, line.len + 1);
            uint8_t flags = utf8_is_ascii(line) ? STRING_ASCII | STRING_UTF8 : 0;
            enum regex_verdict verdict;
            if (stores) {
                struct event *event = arena_alloc(&arena, sizeof *event);
                event_init(event, &arena, value_time(0, 0));
                verdict = grok_apply(grok, line, flags, event);
                if (arena.bytes > 8 << 20) arena_fini(&arena), arena_init(&arena, NULL);
            } else {
                verdict = regex_match(grok->regex, line, flags, 0, NULL);
            }
            tally.hits += verdict == REGEX_MATCH;
            tally.limits += verdict == REGEX_LIMIT;
        }
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    double ns = (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);
    tally.ns_line = ns / (double)tally.lines;
    arena_fini(&arena);
    return tally;
}

static void run_show(struct grok *grok, struct str text, int rounds, bool stores)
{
    struct tally tally = run(grok, text, rounds, stores);
    printf("%s: %lu lines, %lu match, %lu limits, %.1f ns a line\n",
           stores ? "match and store" : "match only", tally.lines, tally.hits, tally.limits,
           tally.ns_line);
}

static void run_all(const struct grok_library *library, struct str text, struct arena *arena)
{
    struct str name, pattern;
    for (uint32_t at = 0; grok_library_next(library, &at, &name, &pattern);) {
        if (grok_name_is_hidden(name)) continue;
        struct grok *grok = compile(library, arena_printf(arena, "%%{%.*s}", STR_ARG(name)), arena);
        struct tally tally = grok ? run(grok, text, 1, false) : (struct tally){.lines = 0};
        if (tally.hits || tally.limits)
            printf("%-32.*s %8lu of %lu%s %10.0f ns\n", STR_ARG(name), tally.hits, tally.lines,
                   tally.limits ? " (limits)" : "", tally.ns_line);
        grok_destroy(grok);
    }
}

int main(int argc, char **argv)
{
    if (argc < 3) return 2;
    struct arena arena;
    arena_init(&arena, NULL);
    struct grok_library library;
    grok_library_init(&library, strcmp(argv[1], "ecs-v1") == 0, &arena);
    if (strcmp(argv[2], "*") == 0) {
        if (argc == 3)
            list(&library, &arena);
        else
            run_all(&library, file_read(argv[3]), &arena);
        return 0;
    }
    struct str pattern = str_of(argv[2]);
    struct grok *grok = compile(&library, pattern, &arena);
    if (!grok) return 1;
    if (argc == 3) {
        show(&library, pattern, grok);
    } else {
        struct str text = file_read(argv[3]);
        int rounds = argc > 4 ? atoi(argv[4]) : 1;
        run_show(grok, text, rounds, false);
        if (argc <= 5) run_show(grok, text, rounds, true);
    }
    grok_destroy(grok);
    arena_fini(&arena);
    return 0;
}
