/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/action.h"
#include "core/log.h"

#define TAG_EXPRESSION_FAILURE STR("_expression_failure")

struct action {
    void (*run)(const struct action *action, struct act *act);
    const struct statement *source;
    const struct node *value;
    struct path *targets; /* of an assignment */
    uint32_t count;
    uint32_t slot;        /* of a name */
    struct owned_regex *regexes;
};

/* ---- failing ---- */

static void fail(struct act *act, const char *problem, struct place place, struct str subject)
{
    struct event *event = act->event;
    struct line_column where = place_line(place);
    struct str file = place.source->name;
    struct str text = arena_printf(event->arena, "%.*s:%u:%u: %.*s%s%s", STR_ARG(file), where.line, where.column,
                                   STR_ARG(subject), subject.len ? " " : "", problem);
    act->failures++;
    act->failure = (struct action_failure){problem, place, subject};
    event_tag(event, TAG_EXPRESSION_FAILURE);
    map_set(&event->metadata, event->arena, key_of(STR("expression_failure")), value_string(text));
    LOG(LOG_DEBUG, "pipeline.expression_failed", act->pipeline, "%.*s", STR_ARG(text));
}

/* "[a] is missing", but no subject for "a division by zero". */
static bool run_failed(const struct run *run, struct act *act)
{
    const struct expression *source = run->at->source;
    bool is_named = source->kind == EXPRESSION_FIELD || source->kind == EXPRESSION_NAME ||
                    source->kind == EXPRESSION_INDEX;
    bool is_said_of_it = strncmp(run->problem, "is ", 3) == 0 || strncmp(run->problem, "has ", 4) == 0;
    struct str written = str_slice(source->place.source->text, source->place.start, source->place.end);
    fail(act, run->problem, source->place, is_named && is_said_of_it ? written : (struct str){0});
    return false;
}

/* ---- running ---- */

/* A value that may be kept: it has its containers for itself. False: said. */
static bool compute(const struct action *action, struct act *act, struct value *value)
{
    struct arena *arena = act->event->arena;
    struct run run = {.event = act->event, .names = act->names, .arena = arena};
    if (!node_eval(&run, action->value, value)) return run_failed(&run, act);
    if (value->kind == VALUE_MISSING) {
        run_fails(&run, action->value, "is missing");
        return run_failed(&run, act);
    }
    if (value->kind < VALUE_ARRAY) return true;
    if (!arena_allows(arena, value_footprint(value))) {
        run_fails(&run, action->value, "the value is too large");
        return run_failed(&run, act);
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

static void run_set(const struct action *action, struct act *act)
{
    struct value value;
    if (!compute(action, act, &value)) return;
    const char *problem = set_problem(path_set(&action->targets[0], act->event, value));
    if (!problem) return;
    const struct target *target = &action->source->assignment->targets[0];
    fail(act, problem, target->place, target->text);
}

static void run_remove(const struct action *action, struct act *act)
{
    for (uint32_t i = 0; i < action->count; i++) path_remove(&action->targets[i], act->event);
}

static void run_let(const struct action *action, struct act *act)
{
    if (!compute(action, act, &act->names[action->slot])) act->names[action->slot] = VALUE_NONE;
}

void action_run(const struct action *action, struct act *act) { action->run(action, act); }

void action_skip(const struct action *action, struct act *act)
{
    if (action->source->kind == STATEMENT_LET) act->names[action->slot] = VALUE_NONE;
}

/* ---- compiling ---- */

static bool compile_assignment(struct compilation *compilation, const struct assignment *assignment,
                               struct action *action)
{
    bool is_right = true;
    action->run = assignment->value ? run_set : run_remove;
    action->count = assignment->count;
    action->targets = arena_zalloc(compilation->arena, assignment->count * sizeof *action->targets);
    for (uint32_t i = 0; i < assignment->count; i++) {
        if (path_compile(&action->targets[i], assignment->targets[i].text, compilation->arena)) continue;
        diag_error(compilation->diag, assignment->targets[i].place, "a field reference has more than %d steps",
                   PATH_STEPS_MAX);
        is_right = false;
    }
    if (!assignment->value) return is_right;
    action->value = expression_compile(compilation, assignment->value);
    return is_right && action->value;
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

struct action *action_compile(const struct statement *statement, struct arena *arena, struct diag *diag)
{
    struct action *action = arena_zalloc(arena, sizeof *action);
    struct compilation compilation = {.arena = arena, .diag = diag};
    action->source = statement;
    bool is_right = false;
    switch (statement->kind) {
    case STATEMENT_ASSIGNMENT: is_right = compile_assignment(&compilation, statement->assignment, action); break;
    case STATEMENT_LET: is_right = compile_let(&compilation, statement->let, action); break;
    case STATEMENT_PLUGIN:
    case STATEMENT_BRANCH: assert(false && "not a statement for one event");
    }
    action->regexes = compilation.regexes;
    if (is_right) return action;
    action_destroy(action);
    return NULL;
}

void action_destroy(struct action *action)
{
    regexes_destroy(action->regexes);
    action->regexes = NULL;
}
