/* SPDX-License-Identifier: Apache-2.0 */
/* The library against texts made to be slow: for each pattern the longest text of its cases, repeated,
 * cut short and repeated, and each of its parts drawn out to the length of a long line; beside them
 * repetitions of what many classes accept. No attempt takes more than 20 ms of CPU, whatever its verdict,
 * and a text that matches does so in every compilation of the pattern. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "core/text/grok.h"
#include "core/xmalloc.h"
#include "tests/unit/support/events.h"
#include "tests/unit/support/grok_table.h"

enum { MIB = 1024 * 1024, SAMPLE_MAX = 1024, ROUNDS_MAX = 12 };

/* The promise is about the program as it is released (tests/unit/core/text/regex.c). */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { ATTEMPT_NS_MAX = 200 * 1000 * 1000, IS_RELEASED = false };
#else
enum { ATTEMPT_NS_MAX = 20 * 1000 * 1000, IS_RELEASED = true };
#endif

/* The longest text that matches, by row and set. */
struct samples {
    struct grok_table table;
    struct buf (*texts)[GROK_SETS];
    struct grok_row *named[GROK_NAMED_MAX];
    uint32_t named_count;
    bool is_in[GROK_SETS];
};

static struct samples samples;
static struct arena arena;
static struct grok_library libraries[GROK_SETS];

static void sample_note(void *opaque, const struct grok_case_line *line)
{
    (void)opaque;
    if (line->kind == '=') {
        struct str pattern = line->text, set = grok_word_take(&pattern);
        samples.named_count = grok_named(&samples.table, pattern, samples.named);
        for (int i = 0; i < GROK_SETS; i++)
            samples.is_in[i] = str_eq_z(set, grok_set_names[i]) || str_eq(set, STR("both"));
    }
    if (line->kind != '+' || line->text.len > SAMPLE_MAX) return;
    for (uint32_t n = 0; n < samples.named_count; n++)
        for (int i = 0; i < GROK_SETS; i++) {
            struct buf *text = &samples.texts[samples.named[n] - samples.table.rows][i];
            if (!samples.is_in[i] || line->text.len <= text->len) continue;
            buf_clear(text);
            buf_append(text, line->text);
        }
}

static void begin(void)
{
    arena_init(&arena, NULL);
    grok_table_read(&samples.table);
    samples.texts = calloc(samples.table.count, sizeof *samples.texts);
    cr_assert(samples.texts);
    for (int i = 0; i < GROK_SETS; i++) grok_library_init(&libraries[i], i == GROK_ECS_V1, &arena);
    grok_cases_read(sample_note, NULL);
}

static void end(void)
{
    for (uint32_t i = 0; i < samples.table.count; i++)
        for (int set = 0; set < GROK_SETS; set++) buf_fini(&samples.texts[i][set]);
    free(samples.texts);
    grok_table_free(&samples.table);
    arena_fini(&arena);
}
TestSuite(grok_runaway, .init = begin, .fini = end);

static struct grok *compile(struct str name, int set)
{
    struct grok_problem problem;
    struct str pattern = arena_printf(&arena, "%%{%.*s}", STR_ARG(name));
    struct grok *grok =
        grok_compile(&libraries[set], pattern, &(struct grok_options){.named_only = true}, &arena, &problem);
    cr_assert(grok, "%.*s: %s", STR_ARG(name), problem.text);
    return grok;
}

/* ---- in every compilation ---- */
/* In front of the sample a line that turns the text into UTF-8, and many that make it long. */
static void variants_check(const struct grok_row *row, int set, struct str sample)
{
    struct grok *grok = compile(row->name, set);
    for (int variant = 0; variant < 4; variant++) {
        struct buf text = {.len = 0};
        if (variant & 1) buf_append_z(&text, "é\n");
        for (int i = 0; variant & 2 && i < 2 * REGEX_SHORT_BYTES; i++) buf_append_char(&text, '\n');
        buf_append(&text, sample);
        enum regex_verdict verdict = regex_match(grok->regex, buf_str(&text), 0, 0, NULL);
        cr_expect_eq(verdict, REGEX_MATCH, "%s %.*s, variant %d: %d on %.*s", grok_set_names[set],
                     STR_ARG(row->name), variant, verdict, STR_ARG(sample));
        buf_fini(&text);
    }
    grok_destroy(grok);
}

Test(grok_runaway, what_matches_does_so_short_and_long_in_bytes_and_utf8)
{
    for (uint32_t i = 0; i < samples.table.count; i++)
        for (int set = 0; set < GROK_SETS; set++)
            if (samples.table.rows[i].sets[set].is_there)
                variants_check(&samples.table.rows[i], set, buf_str(&samples.texts[i][set]));
}

/* ---- time ---- */
static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static struct {
    char *text;
    size_t len;
    uint32_t attempts, limits;
    int64_t worst_ns; /* of all attempts, each the best of its rounds */
    char worst[80];   /* whose it was */
} line;

/* `head`, then `fill` again and again up to the length of the line. */
static struct str drawn_out(struct str head, struct str fill)
{
    size_t at = head.len < line.len ? head.len : line.len;
    memcpy(line.text, head.ptr, at);
    for (size_t i = 0; at < line.len; i++) line.text[at++] = fill.ptr[i % fill.len];
    return (struct str){line.text, line.len};
}

/* The first attempt may compile; a machine shared with others wobbles. Verdicts do not. */
static void attempt(struct grok *grok, const char *set, struct str name, struct str subject, const char *what)
{
    int64_t best = INT64_MAX;
    enum regex_verdict first = REGEX_LIMIT, verdict;
    for (int round = 0; round < ROUNDS_MAX && (best >= ATTEMPT_NS_MAX || round < 1); round++) {
        int64_t begun = cpu_ns();
        verdict = regex_match(grok->regex, subject, 0, 0, NULL);
        int64_t ns = cpu_ns() - begun;
        if (ns < best) best = ns;
        if (first == REGEX_LIMIT) first = verdict;
        cr_expect(verdict == first || verdict == REGEX_LIMIT, "%s %.*s: first %d, then %d", set, STR_ARG(name),
                  first, verdict);
    }
    line.attempts++;
    line.limits += verdict == REGEX_LIMIT;
    if (best > line.worst_ns) {
        line.worst_ns = best;
        snprintf(line.worst, sizeof line.worst, "%s %.*s, %s", set, STR_ARG(name), what);
    }
    cr_expect(best < ATTEMPT_NS_MAX, "%s %.*s took %.1f ms on %s, %.*s", set, STR_ARG(name), (double)best / 1e6,
              what, STR_ARG(str_slice(subject, 0, 80)));
}

static const char *const FILLS[] = {"a",  "1",  "1.",  ":",  "a ", "/",  "\"",  "\t", "a;", "a=1 ", "[a] ",
                                    "::", "-1 ", "é", "\n", ".a", "(", "a,b", "%41", "Jan ", "1.1.1.1 "};
enum { FILLS_COUNT = sizeof FILLS / sizeof *FILLS, CUTS = 6 };

static void row_attempts(const struct grok_row *row, int set, struct str sample, uint32_t fills)
{
    static uint32_t turn;
    struct grok *grok = compile(row->name, set);
    const char *name = grok_set_names[set];
    attempt(grok, name, row->name, drawn_out(STR(""), sample.len ? sample : STR(" ")), "its text repeated");
    if (sample.len > 1) {
        struct str near = str_slice(sample, 0, sample.len - 1);
        attempt(grok, name, row->name, drawn_out(STR(""), near), "a near miss repeated");
    }
    for (size_t i = 1; i <= CUTS && sample.len > CUTS; i++) {
        struct str head = str_slice(sample, 0, sample.len * i / (CUTS + 1));
        attempt(grok, name, row->name, drawn_out(head, str_from(head, head.len - 1)), "a part drawn out");
    }
    for (uint32_t i = 0; i < fills; i++)
        attempt(grok, name, row->name, drawn_out(STR(""), str_of(FILLS[turn++ % FILLS_COUNT])), "a repetition");
    grok_destroy(grok);
}

/* By `./test`'s mode: how long the line is, and how many of the repetitions a pattern meets, in turn. */
static const struct { const char *mode; size_t len; uint32_t fills; } MODES[] = {
    {"quick", MIB / 16, 2}, {"gate", MIB, 6}, {"long", MIB, FILLS_COUNT}};

Test(grok_runaway, no_pattern_takes_longer_than_its_budget, .timeout = 900)
{
    const char *mode = getenv("TAILRACE_TEST_MODE");
    uint32_t chosen = 0;
    for (uint32_t i = 0; mode && i < sizeof MODES / sizeof *MODES; i++)
        if (strcmp(mode, MODES[i].mode) == 0) chosen = i;
    line.len = IS_RELEASED ? MODES[chosen].len : MIB / 64;
    line.text = xmalloc(line.len);
    for (uint32_t i = 0; i < samples.table.count; i++)
        for (int set = 0; set < GROK_SETS; set++)
            if (samples.table.rows[i].sets[set].is_there)
                row_attempts(&samples.table.rows[i], set, buf_str(&samples.texts[i][set]),
                             IS_RELEASED ? MODES[chosen].fills : 1);
    free(line.text);
    cr_log_info("%u attempts, %u ended by the budget; the longest %.1f ms (%s)", line.attempts, line.limits,
                (double)line.worst_ns / 1e6, line.worst);
    cr_expect_gt(line.attempts, 4000);
}
