/* SPDX-License-Identifier: Apache-2.0 */
/* Statement by statement, with what fields there are: branches, loops, ways that end. */
#include "dsl/flow.h"
#include <stdlib.h>
#include "core/xmalloc.h"
#include "dsl/flow_parts.h"

static void follow_list(struct flow *flow, const struct statements *list);

static void stop_at(struct flow *flow, struct flow_stop stop)
{
    stop.depth = flow->depth;
    if (flow->watch && flow->watch->stop) flow->watch->stop(flow->watch->opaque, &stop, &flow->fields);
}

/* ---- branches ---- */

struct arms {
    struct field_changes *items; /* of those through which events go on */
    uint32_t count;
    struct map conditions; /* as text: which arm has it */
    bool may_fail;         /* some condition cannot be decided of every event */
    bool is_over;          /* an arm before takes all events */
    struct place over;
    const struct expression *unset; /* a test of a field that is never there, in that arm */
};

static void say_over(struct flow *flow, const struct branch_arm *arm, const struct arms *arms)
{
    struct message *message = flow_warning(flow, arm->place, "this is never reached");
    diag_other(flow->diag, message, arms->over, "this is always true");
    if (arms->unset)
        diag_note(flow->diag, message, "nothing sets `%.*s` before", STR_ARG(arms->unset->text));
}

/* The place of the same condition in an arm before. */
static bool is_repeated(struct flow *flow, const struct branch *branch, uint32_t number, struct arms *arms)
{
    const struct expression *condition = branch->arms[number].condition;
    struct buf text = buf_in_arena(&flow->arena);
    expression_print(condition, &text);
    struct key key = key_of(buf_take(&text));
    const struct value *before = map_get(&arms->conditions, &key);
    if (!before) {
        map_append(&arms->conditions, &flow->arena, key, value_int(number));
        return false;
    }
    struct message *message =
        flow_warning(flow, condition->place, "this is never reached: the same condition stands before");
    diag_other(flow->diag, message, branch->arms[before->integer].condition->place, "here");
    return true;
}

/* A branch that nothing has been said of, and whose condition tests what is never set. */
static void say_never(struct flow *flow, const struct expression *unset)
{
    struct path path = flow_path(flow, unset->text);
    struct message *message = fields_say_unset(&flow->fields, unset->place, &path);
    diag_note(flow->diag, message, "the branch is never taken");
}

/* Whether events can take the arm; the fields are then as its condition says. */
static bool enter_arm(struct flow *flow, const struct branch *branch, uint32_t number, struct arms *arms)
{
    const struct branch_arm *arm = &branch->arms[number];
    if (arms->is_over) {
        if (arms->over.source) say_over(flow, arm, arms);
        arms->over.source = NULL; /* once is enough */
        return false;
    }
    if (!arm->condition) return true;
    if (is_repeated(flow, branch, number, arms)) return false;
    uint32_t said = flow->said;
    flow->unset = NULL;
    struct outlook verdict = flow_judge(flow, arm->condition, true);
    if (!verdict.may_be_true && flow->said == said && flow->unset) say_never(flow, flow->unset);
    return verdict.may_be_true;
}

static bool has_field(const struct expression *condition)
{
    if (condition->kind == EXPRESSION_FIELD) return true;
    return (condition->left && has_field(condition->left)) || (condition->right && has_field(condition->right));
}

/* The fields as they are for the arms behind. */
static void leave_arm(struct flow *flow, const struct branch_arm *arm, struct arms *arms)
{
    if (!arm->condition || arms->is_over) return;
    bool may_fail = flow_may_fail(flow, arm->condition);
    flow_begin_action(flow, arm->condition->place);
    flow_end_action(flow, may_fail);
    arms->may_fail |= may_fail;
    flow->fields.quiet++;
    arms->is_over = !flow_judge(flow, arm->condition, false).may_be_false;
    flow->fields.quiet--;
    /* of a constant condition enough is said where it is compiled */
    if (!arms->is_over || !has_field(arm->condition)) return;
    arms->over = arm->condition->place;
    arms->unset = flow->unset;
}

static void follow_arm(struct flow *flow, const struct branch *branch, uint32_t number, struct arms *arms)
{
    const struct branch_arm *arm = &branch->arms[number];
    fields_push(&flow->fields);
    bool is_taken = enter_arm(flow, branch, number, arms);
    flow->fields.quiet += !is_taken;
    stop_at(flow, (struct flow_stop){.kind = FLOW_ARM, .arm = arm});
    flow->depth++;
    follow_list(flow, &arm->block);
    flow->depth--;
    flow->fields.quiet -= !is_taken;
    struct field_changes *changes = &arms->items[arms->count];
    fields_pop(&flow->fields, changes);
    if (flow->is_dead) field_changes_fini(changes);
    else arms->count++;
    flow->is_dead = false;
    leave_arm(flow, arm, arms);
}

static void follow_branch(struct flow *flow, const struct branch *branch)
{
    struct arms arms = {.items = xcalloc(branch->count + 1, sizeof *arms.items)};
    map_init(&arms.conditions, &flow->arena, 8);
    fields_push(&flow->fields); /* of what the conditions before an arm leave */
    for (uint32_t i = 0; i < branch->count; i++) follow_arm(flow, branch, i, &arms);
    bool has_else = !branch->arms[branch->count - 1].condition;
    fields_pop(&flow->fields, &arms.items[arms.count]);
    if (has_else || arms.is_over) field_changes_fini(&arms.items[arms.count]);
    else arms.count++;
    flow->is_dead = !arms.count;
    if (arms.count) fields_join(&flow->fields, arms.items, arms.count, false);
    flow_begin_action(flow, branch->arms[0].place);
    flow_end_action(flow, arms.may_fail); /* the joined arms know only of what they have changed themselves */
    for (uint32_t i = 0; i < arms.count; i++) field_changes_fini(&arms.items[i]);
    free(arms.items);
}

/* ---- loops ---- */

/* What the block sets may be anything, in any round and behind them. */
static void doubt_targets(struct flow *flow, const struct statements *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct statement *statement = &list->items[i];
        for (uint32_t k = 0; statement->kind == STATEMENT_ASSIGNMENT && k < statement->assignment->count; k++)
            flow_doubt(flow, &statement->assignment->targets[k]);
        if (statement->kind == STATEMENT_FOR) doubt_targets(flow, &statement->loop->body);
        for (uint32_t k = 0; statement->kind == STATEMENT_BRANCH && k < statement->branch->count; k++)
            doubt_targets(flow, &statement->branch->arms[k].block);
    }
}

static void follow_loop(struct flow *flow, const struct for_loop *loop)
{
    struct field_site *before = flow->fields.sites;
    struct field_changes changes;
    bool was_dead = flow->is_dead;
    flow_worth(flow, loop->list, false);
    flow_begin_action(flow, loop->place);
    flow_end_action(flow, true); /* a limit, a condition that cannot be decided */
    fields_push(&flow->fields);
    doubt_targets(flow, &loop->body);
    flow->depth++;
    flow->loops++;
    follow_list(flow, &loop->body);
    flow->loops--;
    flow->depth--;
    fields_pop(&flow->fields, &changes);
    field_changes_fini(&changes);
    flow->is_dead = was_dead;
    doubt_targets(flow, &loop->body);
    /* the next round may read what this one has set */
    for (struct field_site *site = flow->fields.sites; site != before; site = site->next)
        site->is_read = true;
}

/* ---- statements ---- */

static void follow_statement(struct flow *flow, const struct statement *statement)
{
    switch (statement->kind) {
    case STATEMENT_PLUGIN:
        if (flow->is_output) flow_output(flow, statement->plugin);
        else flow_filter(flow, statement->plugin);
        break;
    case STATEMENT_BRANCH: follow_branch(flow, statement->branch); break;
    case STATEMENT_ASSIGNMENT:
        if (statement->assignment->value) flow_assignment(flow, statement->assignment);
        else flow_remove(flow, statement->assignment);
        break;
    case STATEMENT_LET: flow_let(flow, statement->let); break;
    case STATEMENT_FOR: follow_loop(flow, statement->loop); break;
    case STATEMENT_BREAK:
    case STATEMENT_CONTINUE: break;
    }
}

static void say_unreachable(struct flow *flow, const struct statement *statement)
{
    struct message *message =
        flow_warning(flow, statement_place(statement), "this is never reached: every event is dropped before");
    diag_other(flow->diag, message, flow->dead_end, "dropped here");
}

static void follow_list(struct flow *flow, const struct statements *list)
{
    bool is_dead = false;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct statement *statement = &list->items[i];
        if (flow->is_dead && !is_dead) say_unreachable(flow, statement);
        flow->fields.quiet += flow->is_dead && !is_dead;
        is_dead |= flow->is_dead;
        flow->is_dead = false;
        stop_at(flow, (struct flow_stop){.kind = FLOW_BEFORE, .statement = statement});
        follow_statement(flow, statement);
        stop_at(flow, (struct flow_stop){.kind = FLOW_AFTER, .statement = statement});
    }
    flow->fields.quiet -= is_dead;
    flow->is_dead |= is_dead;
}

void flow_follow(const struct config *config, const struct flow_plugins *plugins,
                 const struct flow_watch *watch, struct diag *diag)
{
    struct flow flow = {.diag = diag, .plugins = plugins, .watch = watch};
    arena_init(&flow.arena, NULL);
    fields_init(&flow.fields, &flow.arena, diag);
    flow_inputs(&flow, &config->sections[SECTION_INPUT]);
    stop_at(&flow, (struct flow_stop){.kind = FLOW_INPUTS});
    follow_list(&flow, &config->sections[SECTION_FILTER]);
    fields_mark_read(&flow.fields); /* outputs take all there is */
    flow.fields.quiet += flow.is_dead;
    flow.is_dead = false;
    flow.is_output = true;
    stop_at(&flow, (struct flow_stop){.kind = FLOW_OUTPUTS});
    follow_list(&flow, &config->sections[SECTION_OUTPUT]);
    flow.fields.quiet = 0;
    flow_say_unread(&flow);
    fields_fini(&flow.fields);
    arena_fini(&flow.arena);
}
