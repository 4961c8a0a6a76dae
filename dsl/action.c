/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/action.h"
#include <time.h>
#include "dsl/computed_path.h"
#include "dsl/condition.h"

/* What comes after a statement within a loop. */
enum flow { FLOW_ON, FLOW_CONTINUE, FLOW_BREAK };

struct block {
    struct action *items;
    uint32_t count;
};

struct arm {
    struct condition *condition; /* NULL: else */
    struct place place;
    struct block block;
};

/* A field that is set or removed. */
struct destination {
    struct path path;
    struct computed_path *computed; /* instead of the path */
};

struct action {
    enum flow (*run)(const struct action *action, struct act *act);
    const struct statement *source;
    const struct node *value;
    struct destination *targets; /* of an assignment */
    struct arm *arms;            /* of a branch */
    uint32_t count;       /* of targets, of arms */
    uint32_t slot;        /* of a name, of a loop's items */
    uint32_t key_slot;    /* of a loop's keys */
    bool has_key;
    struct block block;   /* of a loop */
    struct failure_where *where;
    struct owned_regex *regexes; /* of all in it; of the outermost one */
};

/* ---- failing ---- */

static void fail(const struct action *action, struct act *act, struct failure failure)
{
    act->failures++;
    act->failure = failure;
    failure_tag(&failure, action->where, act->event, act->pipeline);
}

static bool run_failed(const struct action *action, const struct run *run, struct act *act)
{
    fail(action, act, failure_of(run));
    return false;
}

/* ---- running ---- */

/* A value that may be kept: it has its containers for itself. Those of a name never change: other names
 * may have them, too. False: said. */
static bool compute(const struct action *action, struct act *act, struct value *value)
{
    struct arena *arena = act->event->arena;
    struct run run = {.event = act->event, .names = act->names, .arena = arena};
    if (!node_eval(&run, action->value, value)) return run_failed(action, &run, act);
    if (value->kind == VALUE_MISSING) {
        run_fails(&run, action->value, "is missing");
        return run_failed(action, &run, act);
    }
    bool is_shared = value->kind >= VALUE_ARRAY &&
                     (action->value->run != run_name || action->source->kind == STATEMENT_ASSIGNMENT);
    if (!is_shared) return true;
    if (!arena_allows(arena, value_footprint(value))) {
        run_fails(&run, action->value, "the value is too large");
        return run_failed(action, &run, act);
    }
    *value = value_copy(arena, value, false);
    return true;
}

static const char *set_problem(enum path_result result)
{
    switch (result) {
    case PATH_SET: break;
    case PATH_IGNORED: return "an array has numbers, not names";
    case PATH_NOT_A_MAP: return "a step of the field is neither an object nor an array";
    case PATH_OUT_OF_RANGE: return "the array has no such item";
    case PATH_BAD_TYPE: return "the field takes another type: @timestamp a time, tags strings";
    }
    return NULL;
}

/* NULL (said): a step of it could not be computed. */
static const struct path *path_of(const struct action *action, uint32_t target, struct act *act)
{
    const struct destination *destination = &action->targets[target];
    if (!destination->computed) return &destination->path;
    struct run run = {.event = act->event, .names = act->names, .arena = act->event->arena};
    const struct path *path = computed_path_of(&run, destination->computed);
    if (!path) run_failed(action, &run, act);
    return path;
}

static enum flow run_set(const struct action *action, struct act *act)
{
    struct value value;
    if (!compute(action, act, &value)) return FLOW_ON;
    const struct path *path = path_of(action, 0, act);
    if (!path) return FLOW_ON;
    const char *problem = set_problem(path_set(path, act->event, value));
    const struct target *target = &action->source->assignment->targets[0];
    if (problem) fail(action, act, (struct failure){problem, target->place, target->text});
    return FLOW_ON;
}

static enum flow run_remove(const struct action *action, struct act *act)
{
    for (uint32_t i = 0; i < action->count; i++) {
        const struct path *path = path_of(action, i, act);
        if (path) path_remove(path, act->event);
    }
    return FLOW_ON;
}

static enum flow run_let(const struct action *action, struct act *act)
{
    if (!compute(action, act, &act->names[action->slot])) act->names[action->slot] = VALUE_NONE;
    return FLOW_ON;
}

/* ---- loops and what stands within them ---- */

static enum flow run_block(const struct block *block, struct act *act)
{
    for (uint32_t i = 0; i < block->count; i++) {
        enum flow flow = block->items[i].run(&block->items[i], act);
        if (flow != FLOW_ON) return flow;
    }
    return FLOW_ON;
}

static enum flow run_branch(const struct action *action, struct act *act)
{
    for (uint32_t i = 0; i < action->count; i++) {
        const struct arm *arm = &action->arms[i];
        struct run run = {.event = act->event, .names = act->names, .arena = act->event->arena};
        enum condition_verdict verdict = arm->condition ? condition_eval(arm->condition, &run) : CONDITION_TRUE;
        if (verdict == CONDITION_FAILED) run_failed(action, &run, act);
        if (verdict == CONDITION_ERROR)
            fail(action, act, (struct failure){condition_problem(arm->condition, &run), arm->place, {0}});
        if (verdict == CONDITION_TRUE) return run_block(&arm->block, act);
    }
    return FLOW_ON;
}

static enum flow run_break(const struct action *action, struct act *act)
{
    (void)action, (void)act;
    return FLOW_BREAK;
}

static enum flow run_continue(const struct action *action, struct act *act)
{
    (void)action, (void)act;
    return FLOW_CONTINUE;
}

static uint64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Why the loops of this event must end now; NULL: they need not. */
static const char *loop_limit(struct act *act)
{
    enum { ROUNDS_UNWATCHED = 16 }; /* asking the clock costs as much as a small round */
    _Static_assert(LOOP_ROUNDS_MAX == 10000, "as the words say");
    if (++act->rounds > LOOP_ROUNDS_MAX) return "more than 10000 rounds";
    if (!arena_allows(act->event->arena, 0)) return "the batch has no more memory";
    if (act->rounds % ROUNDS_UNWATCHED) return NULL;
    uint64_t now = cpu_ns();
    if (!act->loop_end_ns) act->loop_end_ns = now + LOOP_CPU_NS_MAX;
    _Static_assert(LOOP_CPU_NS_MAX == 100000000, "as the words say");
    return now > act->loop_end_ns ? "the loop took more than 100 ms" : NULL;
}

/* One round. False: the loop ends. */
static bool loop_round(const struct action *action, struct act *act, struct value key, struct value item)
{
    const char *limit = act->is_stopped ? NULL : loop_limit(act);
    if (limit) {
        act->is_stopped = true; /* the loops around it, too */
        fail(action, act, (struct failure){limit, action->source->loop->place, {0}});
    }
    if (act->is_stopped) return false;
    if (action->has_key) act->names[action->key_slot] = key;
    act->names[action->slot] = item;
    return run_block(&action->block, act) != FLOW_BREAK;
}

/* The list is the loop's own, or a name's: what the body does to fields does not change it. */
static enum flow run_loop(const struct action *action, struct act *act)
{
    struct value list;
    if (!compute(action, act, &list)) return FLOW_ON;
    if (act->loops++ == 0) {
        act->rounds = 0;
        act->loop_end_ns = 0;
        act->is_stopped = false;
    }
    if (list.kind == VALUE_ARRAY) {
        for (uint32_t i = 0; i < list.array->count; i++)
            if (!loop_round(action, act, value_int(i), list.array->items[i])) break;
    } else if (list.kind == VALUE_MAP) {
        MAP_EACH(list.map, entry)
            if (!loop_round(action, act, value_string(key_text(&entry->key)), entry->value)) break;
    } else {
        struct run run = {.problem = "is neither an array nor an object", .at = action->value};
        run_failed(action, &run, act);
    }
    act->loops--;
    return FLOW_ON;
}

void action_run(const struct action *action, struct act *act)
{
    enum flow flow = action->run(action, act);
    assert(flow == FLOW_ON && act->loops == 0);
}

void action_skip(const struct action *action, struct act *act)
{
    if (action->source->kind == STATEMENT_LET) act->names[action->slot] = VALUE_NONE;
}

/* ---- compiling ---- */

static bool compile_action(struct compilation *compilation, const struct statement *statement, struct action *action);

static bool compile_block(struct compilation *compilation, const struct statements *list, struct block *block)
{
    bool is_right = true;
    block->items = arena_zalloc(compilation->arena, (list->count + 1) * sizeof *block->items);
    for (uint32_t i = 0; i < list->count; i++)
        is_right &= compile_action(compilation, &list->items[i], &block->items[block->count++]);
    return is_right;
}

static bool compile_branch(struct compilation *compilation, const struct branch *branch, struct action *action)
{
    bool is_right = true;
    action->run = run_branch;
    action->arms = arena_zalloc(compilation->arena, branch->count * sizeof *action->arms);
    for (uint32_t i = 0; i < branch->count; i++) {
        const struct expression *condition = branch->arms[i].condition;
        struct arm *arm = &action->arms[action->count++];
        if (condition) {
            arm->place = condition->place;
            arm->condition = condition_compile(condition, compilation->arena, compilation->diag);
            is_right &= arm->condition != NULL;
        }
        is_right &= compile_block(compilation, &branch->arms[i].block, &arm->block);
    }
    return is_right;
}

static void type_loop_names(const struct for_loop *loop, unsigned types)
{
    unsigned keys = types & TYPE_ARRAY ? (unsigned)TYPE_INTEGER : 0u;
    if (types & TYPE_OBJECT) keys |= TYPE_STRING;
    if (loop->key) loop->key->types = keys;
    loop->item->types = TYPE_ANY;
}

static bool compile_loop(struct compilation *compilation, const struct for_loop *loop, struct action *action)
{
    action->run = run_loop;
    action->slot = loop->item->slot;
    action->has_key = loop->key != NULL;
    if (loop->key) action->key_slot = loop->key->slot;
    action->value = expression_compile(compilation, loop->list);
    unsigned types = action->value ? action->value->types : TYPE_ANY;
    type_loop_names(loop, types);
    bool is_list = !action->value || check_type(compilation, action->value, TYPE_ARRAY | TYPE_OBJECT, "`for`");
    bool is_right = compile_block(compilation, &loop->body, &action->block);
    return action->value && is_list && is_right;
}

static bool compile_target(struct compilation *compilation, const struct target *target,
                           struct destination *destination)
{
    if (target->computed) {
        destination->computed = computed_path_compile(compilation, target->computed);
        return destination->computed != NULL;
    }
    if (path_compile(&destination->path, target->text, compilation->arena)) return true;
    diag_error(compilation->diag, target->place, "a field reference has more than %d steps", PATH_STEPS_MAX);
    return false;
}

static bool misfit(struct compilation *compilation, struct place place, const char *problem, const char *hint)
{
    diag_hint(compilation->diag, diag_error(compilation->diag, place, "%s", problem), "%s", hint);
    return false;
}

/* An array for [tags]: none of its items is surely no string. */
static bool check_tags(struct compilation *compilation, const struct node *value)
{
    static const char *const problem = "[tags] holds strings";
    static const char *const hint = "use to_string()";
    bool is_list = value->is_constant && value->constant.kind == VALUE_ARRAY;
    if (is_list && !event_tags_are_legal(&value->constant))
        return misfit(compilation, value->source->place, problem, hint);
    for (uint32_t i = 0; value->run == run_array && i < value->count; i++)
        if (!(value->items[i]->types & TYPE_STRING))
            return misfit(compilation, value->items[i]->source->place, problem, hint);
    return true;
}

/* Fields that do not take everything: what can never be stored is wrong at start. */
static bool check_fit(struct compilation *compilation, const struct path *path, const struct assignment *assignment,
                      const struct node *value)
{
    struct place place = assignment->targets[0].place;
    struct place what = value->source->place;
    if (path->is_metadata && path->count == 0)
        return value->types & TYPE_OBJECT ||
               misfit(compilation, what, "[@metadata] is an object", "write [@metadata][name] = value");
    if (path->slot == SLOT_TIMESTAMP && path->count > 1)
        return misfit(compilation, place, "[@timestamp] is a time: it has no parts", "set another field");
    if (path->slot == SLOT_TIMESTAMP)
        return value->types & TYPE_TIME ||
               misfit(compilation, what, "[@timestamp] takes a time", "parse_time() and from_unix() make one");
    if (path->slot != SLOT_TAGS) return true;
    if (path->count > 1)
        return misfit(compilation, place, "an item of [tags] cannot be set",
                      "write [tags] = push([tags] ?? [], \"tag\")");
    if (!(value->types & (TYPE_STRING | TYPE_ARRAY)))
        return misfit(compilation, what, "[tags] holds strings", "write [\"tag\"]");
    return check_tags(compilation, value);
}

static bool compile_assignment(struct compilation *compilation, const struct assignment *assignment,
                               struct action *action)
{
    bool is_right = true;
    action->run = assignment->value ? run_set : run_remove;
    action->count = assignment->count;
    action->targets = arena_zalloc(compilation->arena, assignment->count * sizeof *action->targets);
    for (uint32_t i = 0; i < assignment->count; i++)
        is_right &= compile_target(compilation, &assignment->targets[i], &action->targets[i]);
    if (!assignment->value) return is_right;
    action->value = expression_compile(compilation, assignment->value);
    if (!is_right || !action->value) return false;
    const struct destination *target = &action->targets[0];
    return target->computed || check_fit(compilation, &target->path, assignment, action->value);
}

static bool compile_let(struct compilation *compilation, const struct let *let, struct action *action)
{
    action->run = run_let;
    action->slot = let->binding->slot;
    action->value = expression_compile(compilation, let->value);
    let->binding->types = TYPE_FIELD;
    if (!action->value) return false;
    unsigned types = action->value->types;
    let->binding->types = types | (action->value->can_fail ? (unsigned)TYPE_MISSING : 0u);
    return true;
}

static bool compile_action(struct compilation *compilation, const struct statement *statement, struct action *action)
{
    action->source = statement;
    action->where = arena_alloc(compilation->arena, sizeof *action->where);
    action->where->start = UINT32_MAX;
    switch (statement->kind) {
    case STATEMENT_ASSIGNMENT: return compile_assignment(compilation, statement->assignment, action);
    case STATEMENT_LET: return compile_let(compilation, statement->let, action);
    case STATEMENT_FOR: return compile_loop(compilation, statement->loop, action);
    case STATEMENT_BRANCH: return compile_branch(compilation, statement->branch, action);
    case STATEMENT_BREAK: action->run = run_break; return true;
    case STATEMENT_CONTINUE: action->run = run_continue; return true;
    case STATEMENT_PLUGIN: break;
    }
    assert(false && "a plugin is not run for one event");
    return false;
}

struct action *action_compile(const struct statement *statement, struct arena *arena, struct diag *diag)
{
    struct action *action = arena_zalloc(arena, sizeof *action);
    struct compilation compilation = {.arena = arena, .diag = diag};
    bool is_right = compile_action(&compilation, statement, action);
    action->regexes = compilation.regexes;
    if (is_right) return action;
    action_destroy(action);
    return NULL;
}

static void block_release(const struct block *block);

static void action_release(const struct action *action)
{
    for (uint32_t i = 0; action->arms && i < action->count; i++) {
        if (action->arms[i].condition) condition_destroy(action->arms[i].condition);
        block_release(&action->arms[i].block);
    }
    block_release(&action->block);
}

static void block_release(const struct block *block)
{
    for (uint32_t i = 0; i < block->count; i++) action_release(&block->items[i]);
}

void action_destroy(struct action *action)
{
    action_release(action);
    regexes_destroy(action->regexes);
    action->regexes = NULL;
}
