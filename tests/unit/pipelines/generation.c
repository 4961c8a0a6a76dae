/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/generation.h"
#include <criterion/criterion.h>
#include "core/filter.h"
#include "core/text/buf.h"
#include "dsl/checker.h"
#include "dsl/parser.h"

static const char TEXT[] = "filter {\n"
                           "  throttle { key => \"%{k}\" after_count => 3 }\n"
                           "  elapsed { start_tag => \"a\" end_tag => \"b\" unique_id_field => \"i\" }\n"
                           "  metrics { meter => [\"all\"] }\n"
                           "  aggregate { task_id => \"%{t}\" }\n"
                           "  translate { source => \"s\" target => \"t\" dictionary => { \"a\" => \"b\" } }\n"
                           "}\n";
enum { FILTERS = 5, WITH_STATE = 4 };

static struct arena arena;
static struct budget budget;
static struct state_scope scope;

static void set_up(void)
{
    arena_init(&arena, NULL);
    budget = (struct budget){0};
    state_scope_init(&scope, &budget, 1);
}
static void tear_down(void)
{
    state_scope_fini(&scope);
    arena_fini(&arena);
}
TestSuite(generation, .init = set_up, .fini = tear_down);

static struct generation *build(struct config *config, struct source_text *source, struct diag *diag, const char *text)
{
    struct parse_options parsing = {0};
    struct generation_options options = {.pipeline = STR("main"), .workers = 1, .ecs = ECS_V8, .scope = &scope};
    *source = (struct source_text){STR("web.conf"), str_of(text)};
    *config = (struct config){0};
    diag_init(diag);
    cr_assert(parse_source(config, source, &parsing, &arena, diag));
    struct checker_options checking = {.filters = filter_types, .inputs = input_types, .outputs = output_types};
    cr_assert(check_config(config, &checking, &arena, diag));
    struct generation *generation = generation_create(config, &options, diag);
    struct buf messages = {0};
    diag_render(diag, &messages);
    cr_assert(generation, "%s", buf_z(&messages));
    buf_fini(&messages);
    return generation;
}

static void discard(struct generation *generation, struct diag *diag)
{
    generation_destroy(generation);
    diag_fini(diag);
}

Test(generation, a_second_one_of_the_same_text_has_the_state_of_the_first)
{
    struct config configs[2];
    struct source_text sources[2];
    struct diag diags[2];
    struct generation *first = build(&configs[0], &sources[0], &diags[0], TEXT);
    struct generation *second = build(&configs[1], &sources[1], &diags[1], TEXT);
    uint32_t with_state = 0;
    cr_assert_eq(first->program.filter_count, (uint32_t)FILTERS);
    cr_assert_eq(second->program.filter_count, (uint32_t)FILTERS);
    for (uint32_t i = 0; i < FILTERS; i++) {
        const struct filter *one = first->program.filters[i], *other = second->program.filters[i];
        with_state += one->shared != NULL;
        cr_expect_eq(one->shared, other->shared, "%s", one->type->name);
    }
    cr_expect_eq(with_state, (uint32_t)WITH_STATE);
    cr_expect_eq(scope.count, (uint32_t)WITH_STATE);
    struct shared *shared = second->program.filters[0]->shared;
    uint64_t bytes = counter_get(&shared->counters.bytes);
    discard(first, &diags[0]);
    cr_expect_eq(counter_get(&shared->counters.bytes), bytes, "the state outlives those that made it");
    discard(second, &diags[1]);
}

/* Of two texts with the same filters in the same order: do the filters have the same state? */
static void compare(const char *before, const char *after, bool is_same)
{
    struct config configs[2];
    struct source_text sources[2];
    struct diag diags[2];
    struct generation *first = build(&configs[0], &sources[0], &diags[0], before);
    struct generation *second = build(&configs[1], &sources[1], &diags[1], after);
    bool same = first->program.filters[0]->shared == second->program.filters[0]->shared;
    cr_expect_eq(same, is_same, "%s, then %s", before, after);
    discard(first, &diags[0]);
    discard(second, &diags[1]);
}

Test(generation, a_block_that_was_changed_begins_anew)
{
    const char *before = "filter { throttle { id => \"a\" key => \"%{k}\" after_count => 3 } }";
    compare(before, "filter { throttle { id => \"a\"  key => '%{k}' after_count => 3 } } # said otherwise", true);
    compare(before, "filter { throttle { id => \"a\" key => \"%{k}\" after_count => 4 } }", false);
    compare(before, "filter { throttle { id => \"b\" key => \"%{k}\" after_count => 3 } }", false);
    before = "filter { metrics { id => \"a\" meter => [\"ab\"] } }";
    compare(before, "filter { metrics { id => \"a\" meter => [\"a\", \"b\"] } }", false);
    before = "filter { aggregate { id => \"a\" task_id => \"%{t}\" timeout => 5 } }";
    compare(before, "filter { aggregate { id => \"a\" task_id => \"%{t}\" timeout => 6 } }", true);
    compare(before, "filter { aggregate { id => \"a\" task_id => \"%{u}\" timeout => 5 } }", false);
}
