/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/grok/cost.h"
#include "core/text/grok_list.h"
#include "core/text/json.h"
#include "core/xmalloc.h"
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

enum {
    ROUNDS = 5,
    GAIN_PERCENT = 5, /* less than this is the clock's */
    BATCH = 64,       /* lines between two looks at the clock, which costs as much as a line */
};

struct price {
    uint32_t number; /* of the candidate */
    double ns;       /* a line, matched or not */
    uint32_t hits;   /* lines that it matches */
    uint32_t wins;   /* … as the first */
};

struct cost {
    const struct candidates *candidates;
    const struct sample *sample;
    uint32_t line_count;
    uint8_t *flags; /* of the lines */
    struct price *prices;
    uint8_t *matches; /* by line and candidate */
    bool *is_before;  /* by candidate and candidate: must stay before */
    struct arena arena;
};

/* ---- measuring ---- */
static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* All lines, the least of several rounds; the first one compiles. */
static void price_measure(struct cost *cost, uint32_t number)
{
    struct price *price = &cost->prices[number];
    struct grok *grok = cost->candidates->items[number].grok;
    double least = 1e9;
    for (int round = 0; round <= ROUNDS; round++) {
        double begin = seconds();
        for (uint32_t i = 0; i < cost->line_count; i++) {
            bool is_match = regex_match(grok->regex, cost->sample->lines[i], cost->flags[i], 0,
                                        NULL) == REGEX_MATCH;
            cost->matches[(size_t)i * cost->candidates->count + number] = is_match;
        }
        double spent = seconds() - begin;
        if (round && spent < least) least = spent;
    }
    price->number = number;
    price->ns = least * 1e9 / cost->line_count;
}

static void lines_count(struct cost *cost)
{
    uint32_t count = cost->candidates->count;
    for (uint32_t i = 0; i < cost->line_count; i++) {
        const uint8_t *matches = cost->matches + (size_t)i * count;
        bool is_won = false;
        for (uint32_t a = 0; a < count; a++) {
            if (!matches[a]) continue;
            cost->prices[a].hits++;
            cost->prices[a].wins += !is_won;
            if (!is_won)
                for (uint32_t b = a + 1; b < count; b++)
                    if (matches[b]) cost->is_before[(size_t)a * count + b] = true;
            is_won = true;
        }
    }
}

static bool is_tried_on(const struct candidates *candidates, uint32_t a, uint32_t b)
{
    return str_eq(candidates->items[a].field, candidates->items[b].field) &&
           candidates->items[a].library == candidates->items[b].library;
}

static double batch_measure(const struct cost *cost, struct grok_list *list, uint32_t first)
{
    struct arena arena;
    struct event events[BATCH];
    uint32_t count = cost->line_count - first < BATCH ? cost->line_count - first : BATCH, which;
    arena_init(&arena, NULL);
    for (uint32_t i = 0; i < count; i++) event_init(&events[i], &arena, value_time(0, 0));
    double begin = seconds();
    for (uint32_t i = 0; i < count; i++)
        grok_list_apply(list, cost->sample->lines[first + i], cost->flags[first + i], &events[i],
                        &which);
    double spent = seconds() - begin;
    arena_fini(&arena);
    return spent;
}

/* All patterns of one filter and field, in an order, as the filter would run them: nanoseconds a
 * line. */
static double order_measure(struct cost *cost, const uint32_t *order, uint32_t count)
{
    struct grok **groks = xcalloc(count + 1, sizeof *groks);
    struct grok_problem problem;
    struct arena arena;
    double least = 1e9;
    arena_init(&arena, NULL);
    for (uint32_t i = 0; i < count; i++) {
        const struct candidate *candidate = &cost->candidates->items[order[i]];
        groks[i] = grok_compile(candidate->library, candidate->grok->pattern,
                                &(struct grok_options){.named_only = true}, &arena, &problem);
        assert(groks[i]); /* it was compiled before */
    }
    struct grok_list *list = grok_list_create(groks, count, &arena);
    for (int round = 0; round <= ROUNDS; round++) {
        double spent = 0;
        for (uint32_t i = 0; i < cost->line_count; i += BATCH)
            spent += batch_measure(cost, list, i);
        if (round && spent < least) least = spent;
    }
    grok_list_destroy(list);
    for (uint32_t i = 0; i < count; i++) grok_destroy(groks[i]);
    free(groks);
    arena_fini(&arena);
    return least * 1e9 / cost->line_count;
}

/* ---- an order ---- */

/* The patterns that win most lines first, each behind those that must stay before it. */
static void order_choose(const struct cost *cost, const uint32_t *members, uint32_t count,
                         uint32_t *order)
{
    bool *is_taken = xcalloc(count + 1, sizeof *is_taken);
    uint32_t all = cost->candidates->count;
    for (uint32_t n = 0; n < count; n++) {
        uint32_t best = count;
        for (uint32_t i = 0; i < count; i++) {
            bool is_free = !is_taken[i];
            for (uint32_t k = 0; k < count && is_free; k++)
                is_free = is_taken[k] || !cost->is_before[(size_t)members[k] * all + members[i]];
            if (is_free &&
                (best == count || cost->prices[members[i]].wins > cost->prices[members[best]].wins))
                best = i;
        }
        assert(best < count); /* only earlier ones must stay before later ones */
        is_taken[best] = true;
        order[n] = members[best];
    }
    free(is_taken);
}

/* ---- telling ---- */
static int by_price(const void *a, const void *b)
{
    const struct price *one = a, *other = b;
    if (one->ns != other->ns) return one->ns > other->ns ? -1 : 1;
    return one->number < other->number ? -1 : 1;
}

static void prices_tell(struct cost *cost, bool is_json, struct buf *out)
{
    struct price *sorted =
        arena_alloc(&cost->arena, (cost->candidates->count + 1) * sizeof *sorted);
    memcpy(sorted, cost->prices, cost->candidates->count * sizeof *sorted);
    qsort(sorted, cost->candidates->count, sizeof *sorted, by_price);
    if (!is_json)
        buf_printf(
            out,
            "%u lines, %u patterns, the dearest first\n  ns a line   matches      wins  pattern\n",
            cost->line_count, cost->candidates->count);
    for (uint32_t i = 0; i < cost->candidates->count; i++) {
        const struct price *price = &sorted[i];
        const struct candidate *candidate = &cost->candidates->items[price->number];
        if (is_json) {
            buf_printf(out, "{\"pattern\":%u,\"text\":", price->number + 1);
            json_encode_string(candidate->grok->pattern, out);
            buf_printf(out, ",\"ns\":%.1f,\"matches\":%u,\"wins\":%u}\n", price->ns, price->hits,
                       price->wins);
            continue;
        }
        buf_printf(out, "%11.0f %9u %9u  ", price->ns, price->hits, price->wins);
        candidate_name(candidate, out);
        buf_append_z(out, "  ");
        candidate_text(candidate, out);
        buf_append_char(out, '\n');
    }
}

static void order_tell(struct cost *cost, const uint32_t *members, const uint32_t *order,
                       uint32_t count, bool is_json, struct buf *out)
{
    bool is_same = memcmp(members, order, count * sizeof *order) == 0;
    double now = order_measure(cost, members, count);
    double then = is_same ? now : order_measure(cost, order, count);
    bool is_better = then * 100 < now * (100 - GAIN_PERCENT);
    if (is_json) {
        buf_printf(out, "{\"order_ns\":%.1f,\"best_order_ns\":%.1f,\"best_order\":[", now,
                   is_better ? then : now);
        for (uint32_t i = 0; i < count; i++)
            buf_printf(out, "%s%u", i ? "," : "", (is_better ? order : members)[i] + 1);
        buf_append_z(out, "]}\n");
        return;
    }
    buf_append_z(out, "\nas ");
    candidate_name(&cost->candidates->items[members[0]], out);
    buf_printf(out, " and what follows it: %.0f ns a line", now);
    if (!is_better) {
        buf_append_z(out, "; no order that gives the same results is clearly faster\n");
        return;
    }
    buf_printf(out, "; in this order, with the same results on these lines, %.0f ns:\n", then);
    for (uint32_t i = 0; i < count; i++) {
        buf_append_z(out, "  ");
        candidate_name(&cost->candidates->items[order[i]], out);
        buf_append_z(out, "  ");
        candidate_text(&cost->candidates->items[order[i]], out);
        buf_append_char(out, '\n');
    }
}

static void orders_tell(struct cost *cost, bool is_json, struct buf *out)
{
    uint32_t all = cost->candidates->count;
    uint32_t *members = arena_alloc(&cost->arena, (all + 1) * sizeof *members),
             *order = arena_alloc(&cost->arena, (all + 1) * sizeof *order);
    bool *is_told = arena_zalloc(&cost->arena, all + 1);
    for (uint32_t first = 0; first < all; first++) {
        uint32_t count = 0;
        if (is_told[first]) continue;
        for (uint32_t i = first; i < all; i++)
            if (is_tried_on(cost->candidates, first, i)) is_told[i] = true, members[count++] = i;
        if (count < 2 || count > GROK_LIST_MAX) continue;
        order_choose(cost, members, count, order);
        order_tell(cost, members, order, count, is_json, out);
    }
}

bool cost_tell(const struct candidates *candidates, const struct sample *sample, bool is_json,
               struct buf *out, struct diag *diag)
{
    if (!sample->count)
        return diag_error(diag, (struct place){0}, "the sample has no lines"), false;
    if (candidates->count > COST_PATTERNS_MAX)
        return diag_error(diag, (struct place){0}, "there are more than %d patterns",
                          COST_PATTERNS_MAX),
               false;
    struct cost cost = {.candidates = candidates, .sample = sample, .line_count = sample->count};
    if (cost.line_count > COST_LINES_MAX) cost.line_count = COST_LINES_MAX;
    uint32_t count = candidates->count;
    arena_init(&cost.arena, NULL);
    cost.flags = arena_zalloc(&cost.arena, cost.line_count);
    cost.prices = arena_zalloc(&cost.arena, count * sizeof *cost.prices);
    cost.matches = arena_zalloc(&cost.arena, (size_t)cost.line_count * count);
    cost.is_before = arena_zalloc(&cost.arena, (size_t)count * count);
    for (uint32_t i = 0; i < cost.line_count; i++) {
        struct value line = value_string(sample->lines[i]);
        cost.flags[i] = value_string_flags(&line);
    }
    for (uint32_t i = 0; i < count; i++) price_measure(&cost, i);
    lines_count(&cost);
    prices_tell(&cost, is_json, out);
    orders_tell(&cost, is_json, out);
    arena_fini(&cost.arena);
    return true;
}
