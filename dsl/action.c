/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/action.h"
#include <time.h>
#include "dsl/computed_path.h"
#include "dsl/condition.h"
#include "dsl/expression_quick.h"

/* What comes after a statement within a loop. */
enum flow { FLOW_ON, FLOW_CONTINUE, FLOW_BREAK };

struct body {
    struct action *items;
    uint32_t count;
};

struct arm {
    struct condition *condition; /* NULL: else */
    struct place place;
    struct body body;
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
    struct path_step *plain;     /* of the one target, when its path is plain */
    struct arm *arms;            /* of a branch */
    uint32_t count;       /* of targets, of arms */
    uint32_t slot;        /* of a name, of a loop's items */
    uint32_t key_slot;    /* of a loop's keys */
    bool has_key;
    struct body body;   /* of a loop */
    struct failure_where *where;
    struct owned_regex *regexes; /* of all in it; of the outermost one */
};

/* Expressions read what statements change. */
static inline struct event *event_of(struct act *act) { return (struct event *)(uintptr_t)act->run.event; }
static inline struct value *names_of(struct act *act) { return (struct value *)(uintptr_t)act->run.names; }

/* ---- failing ---- */

/* What is rare is kept out of the way: inlined, its room on the stack would cost every statement. */
#define RARE __attribute__((noinline))

RARE static void fail(const struct action *action, struct act *act, struct failure failure)
{
    act->failures++;
    act->failure = failure;
    failure_tag(&failure, action->where, event_of(act), act->pipeline);
}

RARE static void run_failed(const struct action *action, struct act *act) { fail(action, act, failure_of(&act->run)); }

/* ---- running ---- */

/* What is no scalar: said when it is missing or failed (VALUE_FAILED), else a container of its own. Those of
 * names and constants never change: other names may have them, too. */
RARE static struct value settle(const struct action *action, struct act *act, struct value value)
{
    const struct node *node = action->value;
    if (value.kind == VALUE_MISSING) value = run_fails(&act->run, node, "is missing");
    if (value.kind == VALUE_ARRAY || value.kind == VALUE_MAP) {
        bool never_changes = node->run == run_name || node->is_constant;
        if (never_changes && action->source->kind != STATEMENT_ASSIGNMENT) return value;
        if (arena_allows(act->run.arena, value_footprint(&value))) return value_copy(act->run.arena, &value, false);
        value = run_fails(&act->run, node, "the value is too large");
    }
    run_failed(action, act);
    return value;
}

/* A value that may be kept, or VALUE_FAILED, which has been said. */
static inline struct value compute(const struct action *action, struct act *act)
{
    const struct node *node = action->value;
    struct value value = quick_eval(&act->run, node);
    bool is_scalar = value.kind < VALUE_ARRAY && value.kind != VALUE_MISSING;
    return is_scalar ? value : settle(action, act, value);
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
    const struct path *path = computed_path_of(&act->run, destination->computed);
    if (!path) run_failed(action, act);
    return path;
}

RARE static enum flow set_anywhere(const struct action *action, struct act *act, struct value value)
{
    const struct path *path = path_of(action, 0, act);
    const char *problem = path ? set_problem(path_set(path, event_of(act), value)) : NULL;
    const struct target *target = &action->source->assignment->targets[0];
    if (problem) fail(action, act, (struct failure){problem, target->place, target->text});
    return FLOW_ON;
}

static enum flow run_set(const struct action *action, struct act *act)
{
    struct value value = compute(action, act);
    if (value.kind == VALUE_FAILED) return FLOW_ON;
    struct path_step *plain = action->plain;
    if (!plain) return set_anywhere(action, act, value);
    map_set_near(&event_of(act)->root, act->run.arena, &plain->key, value, &plain->place);
    return FLOW_ON;
}

/* [list] = push([list], item): the list grows where it is. A copy for each item would cost the square of
 * their number, in a loop. */
static enum flow run_push(const struct action *action, struct act *act)
{
    const struct value *list = path_get(&action->targets[0].path, act->run.event);
    struct arena *arena = act->run.arena;
    bool is_usual = list && list->kind == VALUE_ARRAY && list->array->count < ARRAY_COUNT_MAX &&
                    arena_allows(arena, 2 * (size_t)list->array->count * sizeof *list);
    if (!is_usual) return run_set(action, act);
    struct value item = value_normalised(node_eval(&act->run, action->value->items[1]));
    size_t size = item.kind == VALUE_ARRAY || item.kind == VALUE_MAP ? value_footprint(&item) : 0;
    if (item.kind == VALUE_FAILED || item.kind == VALUE_MISSING || !arena_allows(arena, size))
        return run_set(action, act);
    array_push(list->array, arena, size ? value_copy(arena, &item, false) : item);
    return FLOW_ON;
}

static enum flow run_remove(const struct action *action, struct act *act)
{
    for (uint32_t i = 0; i < action->count; i++) {
        const struct path *path = path_of(action, i, act);
        if (path) path_remove(path, event_of(act));
    }
    return FLOW_ON;
}

static enum flow run_let(const struct action *action, struct act *act)
{
    struct value value = compute(action, act);
    names_of(act)[action->slot] = value.kind == VALUE_FAILED ? VALUE_NONE : value;
    return FLOW_ON;
}

/* ---- loops and what stands within them ---- */

static enum flow run_body(const struct body *body, struct act *act)
{
    for (uint32_t i = 0; i < body->count; i++) {
        enum flow flow = body->items[i].run(&body->items[i], act);
        if (flow != FLOW_ON) return flow;
    }
    return FLOW_ON;
}

static enum flow run_branch(const struct action *action, struct act *act)
{
    for (uint32_t i = 0; i < action->count; i++) {
        const struct arm *arm = &action->arms[i];
        enum condition_verdict verdict =
            arm->condition ? condition_eval(arm->condition, &act->run) : CONDITION_TRUE;
        if (verdict == CONDITION_FAILED) run_failed(action, act);
        if (verdict == CONDITION_ERROR)
            fail(action, act, (struct failure){condition_problem(arm->condition, &act->run), arm->place, {0}});
        if (verdict == CONDITION_TRUE) return run_body(&arm->body, act);
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
    if (!arena_allows(act->run.arena, 0)) return "the batch has no more memory";
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
    if (action->has_key) names_of(act)[action->key_slot] = key;
    names_of(act)[action->slot] = item;
    return run_body(&action->body, act) != FLOW_BREAK;
}

/* The list is the loop's own, or a name's: what the body does to fields does not change it. */
static enum flow run_loop(const struct action *action, struct act *act)
{
    struct value list = compute(action, act);
    if (list.kind == VALUE_FAILED) return FLOW_ON;
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
        run_fails(&act->run, action->value, "is neither an array nor an object");
        run_failed(action, act);
    }
    act->loops--;
    return FLOW_ON;
}

/* The commonest statement: [field] = expression, in one loop. */
static uint32_t run_sets(const struct action *action, struct act *act, const struct batch *batch,
                         const struct selection *in, struct value *names, uint32_t slots)
{
    struct path_step *plain = action->plain;
    struct arena *arena = act->run.arena;
    for (uint32_t i = 0; i < in->count; i++) {
        uint32_t index = in->index[i];
        if (!arena_allows(arena, 0)) return i;
        struct event *event = batch->events[index];
        act->run.event = event;
        if (slots) act->run.names = names + (size_t)index * slots;
        struct value value = compute(action, act);
        if (value.kind != VALUE_FAILED) map_set_near(&event->root, arena, &plain->key, value, &plain->place);
    }
    return in->count;
}

uint32_t action_run(const struct action *action, struct act *act, const struct batch *batch,
                    const struct selection *in, struct value *names, uint32_t slots)
{
    if (action->plain) return run_sets(action, act, batch, in, names, slots);
    for (uint32_t i = 0; i < in->count; i++) {
        uint32_t index = in->index[i];
        if (!arena_allows(act->run.arena, 0)) return i;
        act->run.event = batch->events[index];
        if (slots) act->run.names = names + (size_t)index * slots;
        enum flow flow = action->run(action, act);
        assert(flow == FLOW_ON);
    }
    return in->count;
}

void action_skip(const struct action *action, struct value *names)
{
    if (action->source->kind == STATEMENT_LET) names[action->slot] = VALUE_NONE;
}

/* ---- compiling ---- */

static bool compile_action(struct compilation *compilation, const struct statement *statement, struct action *action);

static bool compile_body(struct compilation *compilation, const struct statements *list, struct body *body)
{
    bool is_right = true;
    body->items = arena_zalloc(compilation->arena, (list->count + 1) * sizeof *body->items);
    for (uint32_t i = 0; i < list->count; i++)
        is_right &= compile_action(compilation, &list->items[i], &body->items[body->count++]);
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
        is_right &= compile_body(compilation, &branch->arms[i].block, &arm->body);
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
    bool is_right = compile_body(compilation, &loop->body, &action->body);
    return action->value && is_list && is_right;
}

static bool compile_target(struct compilation *compilation, const struct target *target,
                           struct destination *destination)
{
    if (target->computed) {
        destination->computed = computed_path_compile(compilation, target->computed);
        return destination->computed != NULL;
    }
    struct path *path = &destination->path;
    if (path_compile(path, target->text, compilation->arena)) return true;
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

/* Not of [tags], which takes strings only. */
static bool is_push(const struct expression *value, const struct destination *target)
{
    return !target->computed && target->path.slot < 0 && value->kind == EXPRESSION_CALL &&
           str_eq_z(value->text, "push") && value->items[0]->kind == EXPRESSION_FIELD &&
           str_eq(value->items[0]->text, target->path.text);
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
    if (is_push(assignment->value, target)) action->run = run_push;
    else if (!target->computed && path_is_plain(&target->path)) action->plain = target->path.steps;
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

static void body_release(const struct body *body);

static void action_release(const struct action *action)
{
    for (uint32_t i = 0; action->arms && i < action->count; i++) {
        if (action->arms[i].condition) condition_destroy(action->arms[i].condition);
        body_release(&action->arms[i].body);
    }
    body_release(&action->body);
}

static void body_release(const struct body *body)
{
    for (uint32_t i = 0; i < body->count; i++) action_release(&body->items[i]);
}

void action_destroy(struct action *action)
{
    action_release(action);
    regexes_destroy(action->regexes);
    action->regexes = NULL;
}
