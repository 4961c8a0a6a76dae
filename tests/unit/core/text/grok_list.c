/* SPDX-License-Identifier: Apache-2.0 */
/* A list of patterns as one matcher: the winner and its captures must be those of a loop that tries one
 * after the other. Random lists of patterns that share heads, literals and captures, on random lines; and
 * a list as people write them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/event/template.h"
#include "core/text/grok_list.h"
#include "tests/unit/support/events.h"

enum { LISTS = 700, PATTERNS_MAX = 90, LINES = 25, SEED = 20240501 };

static uint32_t random_next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

#define PICK(state, from) pick(state, from, sizeof from / sizeof *from)
static const char *pick(uint64_t *state, const char *const *from, size_t count)
{
    return from[random_next(state) % count];
}

/* ---- patterns and lines ---- */
static const char *const HEADS[] = {"^%{WORD:time} %{NOTSPACE:host}: ", "^%{WORD:time} %{NOTSPACE:host}", "%{INT:n} ", "",
                                    "(?i)", "^(?:%{WORD:a}|%{INT:b}) +", "(?<q>x?)%{DATA:d}, ", "\\A%{USER:u} "};
static const char *const PARTS[] = {"failed", "failed for ", "failed for user ", "login", "%{WORD:w}", "%{INT:n:int}", " ",
                                    "%{GREEDYDATA:rest}", "%{DATA:d}", "(?:from )?", "(?:in|out)", "\\d+", "[^:]*", ": ", "$",
                                    "(?=login)", "(?!failed)", "x{0,2}", "(a|b)*", "(?i:LOGIN)", "é", "\\b", "\\k<w>", "^",
                                    "(?<=: )", "from %{IPV4:ip}", "a*?", "(?>\\w+)", "%{WORD:[o][p]}"};
static const char *const REPEATS[] = {"?", "*", "{0,2}", "+?"};
static const char *const PIECES[] = {"failed", "failed for ", "failed for user ", "login", "word", "17", " ", "from ", "in",
                                     ": ", "aab", "x", "é", "\n", "10.0.0.1", "host: ", "Word host: ", ", ", "LOGIN", "\xff"};

static void pattern_make(uint64_t *state, const char *head, struct buf *out)
{
    buf_append_z(out, random_next(state) % 5 ? head : PICK(state, HEADS));
    uint32_t count = random_next(state) % 5;
    for (uint32_t i = 0; i < count; i++) {
        buf_append_z(out, PICK(state, PARTS));
        /* the same text, and yet another part: `failed` and `failed?` */
        if (random_next(state) % 6 == 0) buf_append_z(out, PICK(state, REPEATS));
        if (random_next(state) % 12 == 0) buf_append_char(out, '|');
    }
}

static void line_make(uint64_t *state, struct buf *out)
{
    if (random_next(state) % 2) buf_append_z(out, "Word host: ");
    for (uint32_t i = random_next(state) % 7; i > 0; i--) buf_append_z(out, PICK(state, PIECES));
    if (random_next(state) % 20) return;
    for (int i = 0; i < REGEX_SHORT_BYTES; i++) buf_append_char(out, 'a'); /* a long one */
}

/* ---- both ways ---- */
struct pair {
    struct arena arena;
    struct grok *groks[2][PATTERNS_MAX]; /* naive, list */
    uint32_t count;
    struct grok_list *list;
    uint32_t matched, limits;
};

static void pair_add(struct pair *pair, const struct grok_library *library, struct str pattern)
{
    struct grok_options options = {.named_only = true};
    for (int way = 0; way < 2; way++) {
        struct grok_problem problem;
        pair->groks[way][pair->count] = grok_compile(library, pattern, &options, &pair->arena, &problem);
        if (!pair->groks[way][pair->count]) return; /* `\k<w>` without one */
    }
    pair->count++;
}

static void pair_end(struct pair *pair)
{
    grok_list_destroy(pair->list);
    for (int way = 0; way < 2; way++)
        for (uint32_t i = 0; i < pair->count; i++) grok_destroy(pair->groks[way][i]);
    arena_fini(&pair->arena);
}

static enum regex_verdict naive_apply(struct pair *pair, struct str line, struct event *event, uint32_t *which)
{
    for (*which = 0; *which < pair->count; ++*which) {
        enum regex_verdict verdict = grok_apply(pair->groks[0][*which], line, 0, event);
        if (verdict != REGEX_NO_MATCH) return verdict;
    }
    return REGEX_NO_MATCH;
}

static void line_check(struct pair *pair, struct str line)
{
    struct arena arena;
    struct event events[2];
    struct buf texts[2] = {{.len = 0}, {.len = 0}};
    enum regex_verdict verdicts[2];
    uint32_t which[2] = {0, 0};
    arena_init(&arena, NULL);
    for (int way = 0; way < 2; way++) event_init(&events[way], &arena, value_time(0, 0));
    verdicts[0] = naive_apply(pair, line, &events[0], &which[0]);
    verdicts[1] = grok_list_apply(pair->list, line, 0, &events[1], &which[1]);
    /* one that is given up alone may be passed over in a list; and a slow one may end in time or not */
    bool is_limit = verdicts[0] == REGEX_LIMIT || verdicts[1] == REGEX_LIMIT;
    pair->limits += is_limit;
    if (!is_limit) {
        struct str pattern = which[0] < pair->count ? pair->groks[0][which[0]]->pattern : STR("none");
        pair->matched += verdicts[0] == REGEX_MATCH;
        cr_assert_eq(verdicts[1], verdicts[0], "%d instead of %d, `%.*s` on \"%.*s\"", verdicts[1], verdicts[0],
                     STR_ARG(pattern), STR_ARG(line));
        if (verdicts[0] == REGEX_MATCH)
            cr_assert_eq(which[1], which[0], "%u instead of %u, `%.*s` on \"%.*s\"", which[1], which[0],
                         STR_ARG(pattern), STR_ARG(line));
        for (int way = 0; way < 2; way++) {
            struct value root = {.kind = VALUE_MAP, .map = &events[way].root};
            value_print(&root, &texts[way]);
        }
        cr_assert(str_eq(buf_str(&texts[0]), buf_str(&texts[1])), "`%.*s` on \"%.*s\": %.*s instead of %.*s",
                  STR_ARG(pattern), STR_ARG(line), STR_ARG(buf_str(&texts[1])), STR_ARG(buf_str(&texts[0])));
    }
    for (int way = 0; way < 2; way++) buf_fini(&texts[way]);
    arena_fini(&arena);
}

static void attempts_check(const struct pair *pair)
{
    if (pair->limits) return;
    for (uint32_t i = 0; i < pair->count; i++) {
        cr_assert_eq(grok_attempts(pair->groks[1][i]), grok_attempts(pair->groks[0][i]), "attempts of pattern %u", i);
        cr_assert_eq(counter_get(&pair->groks[1][i]->counters.hits), counter_get(&pair->groks[0][i]->counters.hits));
    }
}

Test(grok_list, the_winner_and_its_captures_are_those_of_a_loop, .timeout = 120)
{
    uint64_t state = SEED;
    uint32_t matched = 0, lines = 0, with_literal = 0, shared = 0, patterns = 0, limits = 0;
    struct buf text = {.len = 0};
    for (int i = 0; i < LISTS; i++) {
        struct pair pair = {.count = 0};
        struct grok_library library;
        arena_init(&pair.arena, NULL);
        grok_library_init(&library, false, &pair.arena);
        const char *head = PICK(&state, HEADS);
        uint32_t wanted = 1 + random_next(&state) % (random_next(&state) % 20 ? 12 : PATTERNS_MAX);
        for (uint32_t k = 0; k < wanted; k++) {
            buf_clear(&text);
            pattern_make(&state, head, &text);
            pair_add(&pair, &library, arena_copy(&pair.arena, buf_str(&text)));
        }
        if (pair.count) pair.list = grok_list_create(pair.groks[1], pair.count, &pair.arena);
        for (int k = 0; pair.count && k < LINES; k++) {
            buf_clear(&text);
            line_make(&state, &text);
            line_check(&pair, arena_copy(&pair.arena, buf_str(&text)));
            lines++;
        }
        attempts_check(&pair);
        matched += pair.matched;
        limits += pair.limits;
        patterns += pair.count;
        if (pair.count) with_literal += grok_list_literals(pair.list), shared += grok_list_shared(pair.list);
        pair_end(&pair);
    }
    buf_fini(&text);
    cr_log_info("%u lines, %u matched; %u patterns, %u with literals, %u with shared parts", lines, matched, patterns,
                with_literal, shared);
    cr_expect_lt(limits, lines / 50, "%u of %u lines reached a limit", limits, lines);
    cr_expect(matched > lines / 4 && matched < lines, "%u of %u lines matched", matched, lines);
    cr_expect(with_literal > patterns / 6 && shared > patterns / 4, "%u patterns, %u with literals, %u shared", patterns,
              with_literal, shared);
}

/* ---- a list as people write them ---- */
static const char *const SSHD[] = {
    "^%{SYSLOGBASE} Failed password for invalid user %{USERNAME:user} from %{IP:ip} port %{INT:port}",
    "^%{SYSLOGBASE} Failed password for %{USERNAME:user} from %{IP:ip} port %{INT:port}",
    "^%{SYSLOGBASE} Accepted %{WORD:method} for %{USERNAME:user} from %{IP:ip} port %{INT:port}",
    "^%{SYSLOGBASE} %{GREEDYDATA:rest}",
};
static const struct { const char *line; uint32_t which; } SSHD_LINES[] = {
    {"Dec 10 06:55:46 LabSZ sshd[24200]: Failed password for invalid user webmaster from 173.234.31.186 port 38926 ssh2", 0},
    {"Dec 10 06:55:46 LabSZ sshd[24200]: Failed password for root from 173.234.31.186 port 38926 ssh2", 1},
    {"Dec 10 06:55:46 LabSZ sshd[24200]: Accepted publickey for root from 173.234.31.186 port 38926 ssh2", 2},
    {"Dec 10 06:55:46 LabSZ sshd[24200]: Connection closed by 1.2.3.4", 3},
    {"Dec 10 06:55:46 LabSZ sshd[24200]: Failed password for (odd) from nowhere", 3},
    {"no syslog line: Failed password for invalid user root from 1.2.3.4 port 1", 4},
};

Test(grok_list, of_an_ssh_server)
{
    struct pair pair = {.count = 0};
    struct grok_library library;
    arena_init(&pair.arena, NULL);
    grok_library_init(&library, false, &pair.arena);
    for (size_t i = 0; i < sizeof SSHD / sizeof *SSHD; i++) pair_add(&pair, &library, str_of(SSHD[i]));
    pair.list = grok_list_create(pair.groks[1], pair.count, &pair.arena);
    cr_expect_eq(grok_list_literals(pair.list), 3);
    cr_expect_eq(grok_list_shared(pair.list), 4);
    for (size_t i = 0; i < sizeof SSHD_LINES / sizeof *SSHD_LINES; i++) {
        struct event event;
        uint32_t which = 4;
        event_init(&event, &pair.arena, value_time(0, 0));
        line_check(&pair, str_of(SSHD_LINES[i].line));
        grok_list_apply(pair.list, str_of(SSHD_LINES[i].line), 0, &event, &which);
        cr_expect_eq(which, SSHD_LINES[i].which, "%s: %u", SSHD_LINES[i].line, which);
    }
    /* the last line fails by its first parts: of those whose literal it has only the first is run */
    struct grok *second = pair.groks[1][1];
    uint64_t runs = counter_get(&second->counters.runs), attempts = grok_attempts(second);
    struct event event;
    uint32_t which;
    event_init(&event, &pair.arena, value_time(0, 0));
    grok_list_apply(pair.list, str_of(SSHD_LINES[5].line), 0, &event, &which);
    cr_expect_eq(counter_get(&second->counters.runs), runs);
    cr_expect_eq(grok_attempts(second), attempts + 1);
    pair_end(&pair);
}

/* ---- what is timed ---- */
Test(grok_list, runs_are_timed_at_random)
{
    enum { RUNS = 64 * 400 };
    struct arena arena, line;
    struct grok_library library;
    struct grok_problem problem;
    arena_init(&arena, NULL);
    grok_library_init(&library, false, &arena);
    struct grok *grok =
        grok_compile(&library, STR("x"), &(struct grok_options){.named_only = true}, &arena, &problem);
    uint32_t even = 0, odd = 0;
    for (uint32_t i = 0; i < RUNS; i++) {
        struct event event;
        uint64_t before = counter_get(&grok->counters.sampled);
        arena_init(&line, NULL);
        event_init(&event, &line, value_time(0, 0));
        grok_apply(grok, STR("x"), 0, &event);
        arena_fini(&line);
        bool is_timed = counter_get(&grok->counters.sampled) > before;
        cr_assert(!is_timed || i, "the first run compiles");
        if (is_timed && i % 2) odd++;
        else even += is_timed;
    }
    /* about 400, of lines that alternate about as many of each kind */
    cr_expect(even + odd > 320 && even + odd < 480, "%u of %d", even + odd, RUNS);
    cr_expect(even > 130 && odd > 130, "%u and %u", even, odd);
    cr_expect_eq(counter_get(&grok->counters.runs), RUNS);
    cr_expect_eq(grok_attempts(grok), RUNS);
    grok_destroy(grok);
    arena_fini(&arena);
}

/* ---- limits ---- */
Test(grok_list, what_is_given_up_ends_the_search_and_is_counted_for_its_pattern)
{
    enum { LEN = 30000 };
    static const char *const PATTERNS[] = {"^%{INT:n}$", "(?:a(?=.)|x)*[bc]", "^%{WORD:never}$"};
    struct pair pair = {.count = 0};
    struct grok_library library;
    struct event event;
    arena_init(&pair.arena, NULL);
    grok_library_init(&library, false, &pair.arena);
    for (int i = 0; i < 3; i++) pair_add(&pair, &library, str_of(PATTERNS[i]));
    pair.list = grok_list_create(pair.groks[1], pair.count, &pair.arena);
    char *text = arena_alloc(&pair.arena, LEN);
    memset(text, 'a', LEN);
    event_init(&event, &pair.arena, value_time(0, 0));
    uint32_t which = 9;
    cr_expect_eq(grok_list_apply(pair.list, (struct str){text, LEN}, 0, &event, &which), REGEX_LIMIT);
    cr_expect_eq(which, 1);
    cr_expect_eq(grok_attempts(pair.groks[1][0]), 1);
    cr_expect_eq(grok_attempts(pair.groks[1][1]), 1);
    cr_expect_eq(counter_get(&pair.groks[1][1]->counters.limits), 1);
    cr_expect_eq(grok_attempts(pair.groks[1][2]), 0);
    pair_end(&pair);
}

/* As many as there may be, each with bytes of its own. */
Test(grok_list, the_most_patterns_there_may_be, .timeout = 120)
{
    struct arena arena;
    struct grok_library library;
    struct grok_problem problem;
    struct event event;
    arena_init(&arena, NULL);
    grok_library_init(&library, false, &arena);
    struct grok **groks = arena_zalloc(&arena, GROK_LIST_MAX * sizeof *groks);
    for (uint32_t i = 0; i < GROK_LIST_MAX; i++)
        groks[i] = grok_compile(&library, arena_printf(&arena, "<<%u>>(?<n>.)", i),
                                &(struct grok_options){.named_only = true}, &arena, &problem);
    struct grok_list *list = grok_list_create(groks, GROK_LIST_MAX, &arena);
    for (uint32_t i = 0; i < GROK_LIST_MAX; i += 63) {
        uint32_t which = GROK_LIST_MAX;
        event_init(&event, &arena, value_time(0, 0));
        struct str line = arena_printf(&arena, "x <<%u>>y <<%u>>z", i, GROK_LIST_MAX - 1);
        cr_assert_eq(grok_list_apply(list, line, 0, &event, &which), REGEX_MATCH);
        cr_assert_eq(which, i);
    }
    grok_list_destroy(list);
    for (uint32_t i = 0; i < GROK_LIST_MAX; i++) grok_destroy(groks[i]);
    arena_fini(&arena);
}
