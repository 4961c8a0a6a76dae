/* SPDX-License-Identifier: Apache-2.0 */
/* Records joined from frames that are cut anywhere, against a model that has all lines before it; and
 * the positions promised meanwhile. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include "core/joiner.h"
#include "core/text/stack_trace.h"
#include "tests/unit/support/net.h"

enum { LINES = 60, ROUNDS = 400, TEXT_MAX = 4096 };

static uint64_t random_next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    return *seed ^= *seed << 17;
}

static bool is_marked(void *self, struct str line, uint32_t *state)
{
    (void)self, (void)state;
    return line.ptr[0] == '+';
}

static uint64_t promised;
static void advance(void *opaque, uint64_t position)
{
    (void)opaque;
    cr_expect_geq(position, promised);
    promised = position;
}
static const struct input_type fed = {.name = "fed"};
static const struct source_hooks hooks = {.advance = advance};

/* What the rules make of all lines at once, newlines within a record as `/`, one record a line. */
static void model(const struct join_rules *rules, struct str text, struct buf *out)
{
    struct buf held = {0};
    uint32_t lines = 0, blanks = 0;
#define END() (lines ? (buf_append(out, buf_str(&held)), buf_append_char(out, '\n'), buf_clear(&held), lines = blanks = 0) : 0u)
    for (size_t at = 0; at < text.len;) {
        size_t end = at;
        while (text.ptr[end] != '\n') end++;
        struct str line = str_slice(text, at, end);
        at = end + 1;
        if (!line.len) {
            if (lines && blanks < rules->lines_max) blanks++;
            continue;
        }
        bool belongs = line.ptr[0] == '+', is_over = lines > rules->lines_max;
        if (!rules->is_next && (!belongs || is_over)) END();
        if (lines) buf_append_char(&held, '/');
        for (uint32_t i = 0; i < blanks; i++) buf_append_char(&held, '/');
        buf_append(&held, line);
        lines += blanks + 1;
        blanks = 0;
        if (rules->is_next && (!belongs || lines > rules->lines_max)) END();
    }
    END();
#undef END
    buf_fini(&held);
}

/* A turn that waits for nothing. */
static void turn(struct bench *bench)
{
    loop_wake(&bench->loop);
    bench_turn(bench);
}

static void feed(struct bench *bench, const struct join_rules *rules, struct str text, uint64_t *seed, bool is_kept)
{
    struct codec codec = bench->codec;
    codec.join = rules;
    bench->input.codec = &codec;
    struct stream stream;
    stream_open(&stream, &bench->input, is_kept ? &hooks : NULL, NULL, NULL);
    uint64_t position = 0;
    for (size_t at = 0; at < text.len;) { /* a frame is a line or more of them, and its newline or not */
        size_t end = at, lines = 1 + random_next(seed) % 4;
        while (end < text.len && lines) lines -= text.ptr[end++] == '\n';
        bool ends_empty = end - at < 2 || text.ptr[end - 2] == '\n'; /* what is empty at the end is nothing */
        struct frame frame = {.bytes = str_slice(text, at, end - (ends_empty ? 0 : random_next(seed) % 2)),
                              .position = position += 10};
        stream_emit(&stream, &frame);
        if (random_next(seed) % 3 == 0) turn(bench);
        at = end;
    }
    if (is_kept) stream_flush(&stream);
    else stream_close(&stream);
    turn(bench);
    cr_expect_eq(promised, is_kept ? position : 0, "all is promised once nothing is held");
    if (is_kept) stream_close(&stream);
    cr_expect_eq(bench->loop.half_frame_bytes, 0);
}

Test(joiner, makes_the_same_records_however_frames_are_cut)
{
    uint64_t seed = 20261128;
    struct bench bench;
    bench_begin(&bench, ECS_DISABLED, NULL);
    bench.input.type = &fed;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct join_rules rules = {.is_next = round % 2, .lines_max = round % 3 ? 1000 : 3, .bytes_max = TEXT_MAX, .belongs = is_marked};
        struct buf text = {0}, expected = {0};
        for (uint32_t i = 0; i < LINES; i++) {
            static const char *const lines[] = {"", "a", "+", "+b", "cd", "+++", "\r"};
            buf_append_z(&text, lines[random_next(&seed) % 7]);
            buf_append_char(&text, '\n');
        }
        model(&rules, buf_str(&text), &expected);
        buf_clear(&bench.events);
        promised = 0;
        feed(&bench, &rules, buf_str(&text), &seed, round % 5 != 0);
        struct str got = buf_str(&bench.events), wanted = buf_str(&expected);
        bool is_same = got.len == wanted.len;
        for (size_t i = 0; is_same && i < got.len; i++)
            is_same = got.ptr[i] == (wanted.ptr[i] == '/' ? '\n' : wanted.ptr[i]);
        cr_assert(is_same, "round %u:\n%.*s\n--\n%.*s", round, STR_ARG(got), STR_ARG(wanted));
        buf_fini(&text);
        buf_fini(&expected);
    }
    bench.input.type = NULL; /* nothing was started */
    bench_end(&bench);
}

Test(joiner, promises_nothing_in_front_of_which_a_line_is_held)
{
    struct join_rules rules = {.lines_max = 100, .bytes_max = TEXT_MAX, .belongs = is_marked};
    struct bench bench;
    bench_begin(&bench, ECS_DISABLED, NULL);
    bench.input.type = &fed;
    struct codec codec = bench.codec;
    codec.join = &rules;
    bench.input.codec = &codec;
    struct stream stream;
    promised = 0;
    stream_open(&stream, &bench.input, &hooks, NULL, NULL);
    static const struct { const char *line; uint64_t promised; } rows[] = {
        {"a", 0}, {"+", 0}, {"b", 2}, {"", 2}, {"+", 2}, {"c", 5}, {"d\n+\ne", 6}, {"+", 6}, {"f", 8}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct frame frame = {.bytes = str_of(rows[i].line), .position = i + 1};
        stream_emit(&stream, &frame);
        turn(&bench);
        cr_expect_eq(promised, rows[i].promised, "row %zu: %llu", i, (unsigned long long)promised);
    }
    stream_restart(&stream); /* what is held is read again */
    cr_expect_eq(bench.loop.half_frame_bytes, 0);
    struct frame frame = {.bytes = STR("g"), .position = 1};
    stream_emit(&stream, &frame);
    promised = 0;
    stream_flush(&stream);
    turn(&bench);
    cr_expect_eq(promised, 1);
    cr_expect_str_eq(buf_z(&bench.events), "a\n+\nb\n\n+\nc\nd\n+\ne\n+\ng\n");
    stream_close(&stream);
    bench.input.type = NULL; /* nothing was started */
    bench_end(&bench);
}
