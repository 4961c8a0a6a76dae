/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/grok_list.h"
#include "core/text/literals.h"
#include "core/text/utf8.h"
#include <assert.h>

enum {
    RUNS_CONSIDERED = 4,     /* longest runs of a pattern that are compared with the others' */
    OTHERS_CONSIDERED = 512, /* patterns, evenly spread: a choice among literals, not a claim */
    SHARED_BYTES_MIN = 8,    /* of expanded text: less is not worth a run of its own */
    SHARED_PARTS_MAX = 256,
    PASSED_TRUST =
        64, /* lines in a row whose first parts matched: then they are not asked any more */
};

/* Patterns that begin with the same parts. */
struct family {
    struct regex *head;         /* these parts; NULL: none */
    uint32_t passed;            /* lines in a row that it matched, up to PASSED_TRUST */
    uint64_t line;              /* the last one on which a member failed */
    bool is_asked, is_hopeless; /* on that line */
};

struct grok_list {
    struct grok *const *groks;
    uint32_t count, words;
    struct literals *literals;
    uint32_t literal_count;
    uint64_t *always;         /* patterns that are not waiting for a literal */
    uint64_t *waiting;        /* by literal: the patterns that wait for it */
    uint64_t *found, *chosen; /* of the line at hand */
    struct family *families;
    uint32_t *family_of; /* number of families: none */
    uint32_t family_count;
    uint64_t line;
    atomic_uint_fast64_t
        *ends; /* lines that ended at this pattern: it won, was given up, or is the last */
};

static void bit_set(uint64_t *words, uint32_t bit) { words[bit / 64] |= UINT64_C(1) << bit % 64; }
static bool bit_get(const uint64_t *words, uint32_t bit) { return words[bit / 64] >> bit % 64 & 1; }

/* ---- literals ---- */

/* The number of patterns that contain the text in what they require, counted up to `most`. */
static uint32_t others_with(const struct grok_list *list, struct str text, uint32_t most)
{
    uint32_t count = 0;
    uint32_t step = list->count / OTHERS_CONSIDERED + 1;
    for (uint32_t i = 0; i < list->count && count < most; i += step)
        for (uint32_t k = 0; k < regex_literal_count(list->groks[i]->regex); k++)
            if (str_find(regex_literal_at(list->groks[i]->regex, k), text) >= 0) {
                count++;
                break;
            }
    return count;
}

/* The longest run that is shorter than `below` (or as long, and later than `*number`). */
static struct str run_next(const struct regex *regex, size_t below, uint32_t *number)
{
    struct str best = {NULL, 0};
    uint32_t best_number = 0;
    for (uint32_t i = 0; i < regex_literal_count(regex); i++) {
        struct str run = regex_literal_at(regex, i);
        bool is_later = run.len < below || (run.len == below && i > *number);
        if (!is_later || run.len <= best.len) continue;
        best = run;
        best_number = i;
    }
    *number = best_number;
    return best;
}

/* The run that tells the pattern best from the others; empty: none does. */
static struct str literal_choose(const struct grok_list *list, const struct regex *regex)
{
    struct str best = {NULL, 0}, run = {NULL, SIZE_MAX};
    uint32_t least = UINT32_MAX, number = 0;
    for (int i = 0; i < RUNS_CONSIDERED; i++) {
        run = run_next(regex, run.len, &number);
        if (run.len < LITERAL_BYTES_MIN) break;
        uint32_t others = others_with(list, run, least);
        if (others >= least) continue;
        least = others;
        best = run;
    }
    return best;
}

static void literals_build(struct grok_list *list, struct arena *arena)
{
    struct str *texts = arena_zalloc(arena, (list->count + 1) * sizeof *texts);
    list->waiting =
        arena_zalloc(arena, ((size_t)list->count * list->words + 1) * sizeof *list->waiting);
    for (uint32_t i = 0; i < list->count; i++) {
        struct str text = literal_choose(list, list->groks[i]->regex);
        if (!text.len) {
            bit_set(list->always, i);
            continue;
        }
        uint32_t number = 0;
        while (number < list->literal_count && !str_eq(texts[number], text)) number++;
        texts[number] = text;
        if (number == list->literal_count) list->literal_count++;
        bit_set(list->waiting + (size_t)number * list->words, i);
    }
    list->literals = literals_create(texts, list->literal_count, arena);
}

/* ---- first parts ---- */

/* Whether parts that stand alone mean what they mean in front of the rest: not where they ask for
 * groups or for the start of the match. */
static bool stands_alone(struct str parts)
{
    for (size_t i = 0; i + 1 < parts.len; i++) {
        if (str_starts(str_from(parts, i), STR("(?("))) return false;
        if (parts.ptr[i] != '\\') continue;
        char c = parts.ptr[++i];
        if (is_digit(c) || c == 'k' || c == 'g' || c == 'K' || c == 'G') return false;
    }
    return true;
}

/* How many bytes of two patterns are the same parts. */
static size_t shared_bytes(const struct regex *a, const struct regex *b)
{
    struct str text = regex_pattern(a), other = regex_pattern(b);
    size_t same = 0, shared = 0;
    while (same < text.len && same < other.len && text.ptr[same] == other.ptr[same]) same++;
    uint32_t count, other_count, at = 0;
    const uint32_t *cuts = regex_cuts(a, &count), *other_cuts = regex_cuts(b, &other_count);
    for (uint32_t i = 0; i < count && i < SHARED_PARTS_MAX && cuts[i] <= same; i++) {
        while (at < other_count && other_cuts[at] < cuts[i]) at++;
        if (at == other_count) break;
        if (other_cuts[at] == cuts[i]) shared = cuts[i];
    }
    return shared;
}

/* The patterns from `first` on that share at least half of what the nearest one shares with it. */
static void family_build(struct grok_list *list, uint32_t first, size_t *shared)
{
    size_t most = 0, least = SIZE_MAX;
    for (uint32_t i = first + 1; i < list->count; i++) {
        bool is_free = list->family_of[i] == list->count;
        shared[i] = is_free ? shared_bytes(list->groks[first]->regex, list->groks[i]->regex) : 0;
        if (shared[i] > most) most = shared[i];
    }
    if (most < SHARED_BYTES_MIN) return;
    for (uint32_t i = first + 1; i < list->count; i++)
        if (shared[i] * 2 >= most && shared[i] < least) least = shared[i];
    struct str parts = str_slice(regex_pattern(list->groks[first]->regex), 0, least);
    if (!stands_alone(parts)) return;
    struct regex_problem problem;
    struct regex *head = regex_compile(parts, &grok_regex_options, &problem);
    if (!head) return;
    list->families[list->family_count] = (struct family){.head = head};
    list->family_of[first] = list->family_count;
    for (uint32_t i = first + 1; i < list->count; i++)
        if (shared[i] * 2 >= most) list->family_of[i] = list->family_count;
    list->family_count++;
}

static void families_build(struct grok_list *list, struct arena *arena)
{
    list->families = arena_zalloc(arena, (list->count / 2 + 1) * sizeof *list->families);
    list->family_of = arena_zalloc(arena, (list->count + 1) * sizeof *list->family_of);
    size_t *shared = arena_zalloc(arena, (list->count + 1) * sizeof *shared);
    for (uint32_t i = 0; i < list->count; i++) list->family_of[i] = list->count;
    for (uint32_t i = 0; i < list->count; i++)
        if (list->family_of[i] == list->count) family_build(list, i, shared);
}

struct grok_list *grok_list_create(struct grok *const *groks, uint32_t count, struct arena *arena)
{
    assert(count && count <= GROK_LIST_MAX);
    struct grok_list *list = arena_zalloc(arena, sizeof *list);
    *list = (struct grok_list){.groks = groks, .count = count, .words = (count + 63) / 64};
    size_t bytes = (list->words + 1) * sizeof(uint64_t);
    list->always = arena_zalloc(arena, bytes);
    list->found = arena_zalloc(arena, bytes);
    list->chosen = arena_zalloc(arena, bytes);
    literals_build(list, arena);
    families_build(list, arena);
    list->ends = arena_zalloc(arena, (count + 1) * sizeof *list->ends);
    for (uint32_t i = 0; i < count; i++) grok_join(groks[i], list->ends + i, count - i);
    return list;
}

void grok_list_destroy(struct grok_list *list)
{
    for (uint32_t i = 0; list && i < list->family_count; i++) regex_destroy(list->families[i].head);
}

uint32_t grok_list_literals(const struct grok_list *list)
{
    uint32_t without = 0;
    for (uint32_t i = 0; i < list->count; i++) without += bit_get(list->always, i);
    return list->count - without;
}

uint32_t grok_list_shared(const struct grok_list *list)
{
    uint32_t shared = 0;
    for (uint32_t i = 0; i < list->count; i++) shared += list->family_of[i] < list->count;
    return shared;
}

/* ---- matching ---- */
static void choose(struct grok_list *list, struct str subject)
{
    uint32_t literal_words = (list->literal_count + 63) / 64;
    memcpy(list->chosen, list->always, list->words * sizeof *list->chosen);
    memset(list->found, 0, literal_words * sizeof *list->found);
    literals_find(list->literals, subject, list->found);
    for (uint32_t w = 0; w < literal_words; w++)
        for (uint64_t some = list->found[w]; some; some &= some - 1) {
            size_t number = w * 64 + (uint32_t)__builtin_ctzll(some);
            const uint64_t *waiting = list->waiting + number * list->words;
            for (uint32_t i = 0; i < list->words; i++) list->chosen[i] |= waiting[i];
        }
}

static struct family *family_get(struct grok_list *list, uint32_t number)
{
    return list->family_of[number] < list->count ? &list->families[list->family_of[number]] : NULL;
}

/* One of the family failed on this line: is it for what they share? */
static bool is_hopeless(struct grok_list *list, struct family *family, struct str subject,
                        uint8_t flags)
{
    if (!family || family->line != list->line) return false;
    if (family->is_asked || family->passed == PASSED_TRUST) return family->is_hopeless;
    family->is_asked = true;
    family->is_hopeless = regex_match(family->head, subject, flags, 0, NULL) == REGEX_NO_MATCH;
    family->passed = family->is_hopeless ? 0 : family->passed + 1;
    return family->is_hopeless;
}

/* What is trusted to match is asked again after a line that nothing matched. */
static void families_doubt(struct grok_list *list)
{
    for (uint32_t i = 0; i < list->family_count; i++)
        if (list->families[i].passed == PASSED_TRUST) list->families[i].passed = PASSED_TRUST / 2;
}

static enum regex_verdict try_chosen(struct grok_list *list, struct str subject, uint8_t flags,
                                     struct event *event, uint32_t *which)
{
    list->line++;
    for (uint32_t w = 0; w < list->words; w++)
        for (uint64_t some = list->chosen[w]; some; some &= some - 1) {
            uint32_t number = w * 64 + (uint32_t)__builtin_ctzll(some);
            struct family *family = family_get(list, number);
            if (is_hopeless(list, family, subject, flags)) continue;
            bool has_literal = !bit_get(list->always, number);
            enum regex_verdict verdict =
                grok_run(list->groks[number], subject, flags, has_literal, event);
            if (verdict != REGEX_NO_MATCH) {
                *which = number;
                return verdict;
            }
            if (!family || family->line == list->line) continue;
            family->line = list->line;
            family->is_asked = family->is_hopeless = false;
        }
    families_doubt(list);
    return REGEX_NO_MATCH;
}

enum regex_verdict grok_list_apply(struct grok_list *list, struct str subject, uint8_t string_flags,
                                   struct event *event, uint32_t *which)
{
    if (!(string_flags & (STRING_ASCII | STRING_UTF8 | STRING_BINARY))) {
        static const uint8_t FLAGS[] = {[UTF8_ASCII] = STRING_ASCII | STRING_UTF8,
                                        [UTF8_VALID] = STRING_UTF8,
                                        [UTF8_INVALID] = STRING_BINARY};
        string_flags = FLAGS[utf8_check(subject)]; /* once, not for each pattern */
    }
    choose(list, subject);
    enum regex_verdict verdict = try_chosen(list, subject, string_flags, event, which);
    counter_add(&list->ends[verdict == REGEX_NO_MATCH ? list->count - 1 : *which], 1);
    return verdict;
}
