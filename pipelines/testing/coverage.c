/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/testing/coverage.h"
#include <assert.h>
#include <stdlib.h>
#include "core/xmalloc.h"
#include "filters/grok.h"

enum { OUTCOME_TRUE, OUTCOME_FALSE };

/* The source that stands for the file of this one. */
static const struct source_text *source_of(struct coverage *coverage,
                                           const struct source_text *source)
{
    char *name = xstrndup(source->name), *real = realpath(name, NULL);
    if (!real)
        real = name; /* a text that is no file, or is gone by now */
    else
        free(name);
    for (uint32_t i = 0; i < coverage->file_count; i++) {
        if (strcmp(coverage->files[i].real, real)) continue;
        free(real);
        return coverage->files[i].source;
    }
    if (coverage->file_count == coverage->file_capacity) {
        coverage->file_capacity = coverage->file_capacity ? coverage->file_capacity * 2 : 16;
        coverage->files =
            xreallocarray(coverage->files, coverage->file_capacity, sizeof *coverage->files);
    }
    coverage->files[coverage->file_count++] = (struct coverage_file){real, source};
    return source;
}

static void item_add(struct coverage *coverage, struct coverage_item item)
{
    if (!item.place.source) return;
    assert(item.what);
    if (item.place.source != coverage->last) {
        coverage->last = item.place.source;
        coverage->last_stands = source_of(coverage, coverage->last);
    }
    item.place.source = coverage->last_stands;
    if (coverage->count == coverage->capacity) {
        coverage->capacity = coverage->capacity ? coverage->capacity * 2 : 64;
        coverage->items =
            xreallocarray(coverage->items, coverage->capacity, sizeof *coverage->items);
    }
    coverage->items[coverage->count++] = item;
}

/* The false outcome of a condition before an `else` is that `else`. */
static void condition_add(struct coverage *coverage, const struct program *program,
                          const struct instruction *at)
{
    const struct program_condition *row = &program->conditions[at->a];
    uint64_t tested = counter_get(&row->tested), held = counter_get(&row->held);
    uint64_t fell = tested - held - counter_get(&row->dropped);
    assert(at->jump < program->code_count && held <= tested);
    const struct instruction *next = &program->code[at->jump];
    bool has_else = next->opcode == OP_ELSE;
    item_add(coverage, (struct coverage_item){.kind = COVERAGE_BRANCHES,
                                              .place = at->place,
                                              .outcome = OUTCOME_TRUE,
                                              .hits = held,
                                              .what = tested ? "this condition was never true"
                                                             : "this condition was never reached"});
    item_add(coverage,
             (struct coverage_item){.kind = COVERAGE_BRANCHES,
                                    .place = has_else ? next->place : at->place,
                                    .outcome = OUTCOME_FALSE,
                                    .hits = fell,
                                    .what = has_else ? "this else was never taken"
                                            : tested ? "this condition was never false"
                                                     : "this condition was never reached"});
}

/* That a pattern was tried says nothing of it: only what matched was reached. */
static void patterns_add(struct coverage *coverage, const struct filter *filter)
{
    struct grok *const *groks;
    uint32_t count = grok_filter_patterns(filter->self, &groks);
    for (uint32_t i = 0; i < count; i++)
        item_add(coverage, (struct coverage_item){.kind = COVERAGE_PATTERNS,
                                                  .place = grok_filter_place(filter->self, i),
                                                  .hits = counter_get(&groks[i]->counters.hits),
                                                  .what = "this pattern never matched"});
}

static void filter_add(struct coverage *coverage, const struct filter *filter, struct place place)
{
    item_add(coverage, (struct coverage_item){.kind = COVERAGE_FILTERS,
                                              .place = place,
                                              .hits = counter_get(&filter->counters.in),
                                              .what = "no event came to this filter"});
    if (!strcmp(filter->type->name, "grok")) patterns_add(coverage, filter);
}

void coverage_add(struct coverage *coverage, const struct program *program)
{
    for (uint32_t i = 0; i < program->code_count; i++) {
        const struct instruction *at = &program->code[i];
        struct coverage_item item = {.place = at->place};
        switch ((enum opcode)at->opcode) {
        case OP_TEST: condition_add(coverage, program, at); break;
        case OP_FILTER: filter_add(coverage, program->filters[at->a], at->place); break;
        case OP_RUN:
            item.kind = COVERAGE_FILTERS;
            item.hits = counter_get(&program->actions[at->a].in);
            item.what = "no event came to this statement";
            item_add(coverage, item);
            break;
        case OP_OUTPUT:
            item.kind = COVERAGE_OUTPUTS;
            item.hits = counter_get(&program->outputs[at->a]->counters.offered);
            item.what = "no event went to this output";
            item_add(coverage, item);
            break;
        default: break;
        }
    }
}

/* By file, place, kind and outcome: equal items are the same thing counted by several programs. */
static int item_cmp(const void *left, const void *right)
{
    const struct coverage_item *a = left, *b = right;
    int order = str_cmp(a->place.source->name, b->place.source->name);
    if (order) return order;
    if (a->place.start != b->place.start) return a->place.start < b->place.start ? -1 : 1;
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    return (a->outcome > b->outcome) - (a->outcome < b->outcome);
}

void coverage_settle(struct coverage *coverage)
{
    uint32_t kept = 0;
    if (coverage->count) qsort(coverage->items, coverage->count, sizeof *coverage->items, item_cmp);
    for (uint32_t i = 0; i < coverage->count; i++) {
        struct coverage_item *last = kept ? &coverage->items[kept - 1] : NULL;
        if (!last || item_cmp(last, &coverage->items[i])) {
            coverage->items[kept++] = coverage->items[i];
            continue;
        }
        last->hits += coverage->items[i].hits;
        /* "never true" says more than "never reached" */
        if (!strstr(coverage->items[i].what, "reached")) last->what = coverage->items[i].what;
    }
    coverage->count = kept;
}

void coverage_fini(struct coverage *coverage)
{
    for (uint32_t i = 0; i < coverage->file_count; i++) free(coverage->files[i].real);
    free(coverage->files);
    free(coverage->items);
    *coverage = (struct coverage){0};
}

/* A condition that was never reached lacks both outcomes, which is said once. */
bool coverage_is_told(const struct coverage *coverage, uint32_t number)
{
    assert(number < coverage->count);
    const struct coverage_item *item = &coverage->items[number], *before = number ? item - 1 : NULL;
    if (item->hits) return false;
    return !before || before->place.source != item->place.source ||
           before->place.start != item->place.start || strcmp(before->what, item->what);
}

struct coverage_sum coverage_sum(const struct coverage *coverage)
{
    struct coverage_sum sum = {0};
    for (uint32_t i = 0; i < coverage->count; i++) {
        sum.all[coverage->items[i].kind]++;
        sum.reached[coverage->items[i].kind] += coverage->items[i].hits > 0;
    }
    return sum;
}

const char *coverage_kind_name(enum coverage_kind kind)
{
    static const char *const names[] = {"branches", "filters", "patterns", "outputs"};
    assert(kind < COVERAGE_KINDS);
    return names[kind];
}

uint32_t coverage_percent(const struct coverage_sum *sum)
{
    uint64_t reached = 0, all = 0;
    for (int i = 0; i < COVERAGE_KINDS; i++) {
        reached += sum->reached[i];
        all += sum->all[i];
    }
    assert(reached <= all);
    return all ? (uint32_t)(reached * 100 / all) : 100;
}
