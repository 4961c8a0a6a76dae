/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the follower share: flow.c (statements), flow_condition.c, flow_expression.c,
 * flow_say.c (what is said). One thread. */
#ifndef DSL_FLOW_PARTS_H
#define DSL_FLOW_PARTS_H
#include "dsl/flow.h"

struct flow {
    struct field_set fields;
    struct arena arena;
    struct diag *diag;
    const struct flow_plugins *plugins;
    uint32_t input_at, filter_at, output_at; /* the next of each */
    const struct flow_watch *watch;
    uint32_t depth;
    uint32_t loops;         /* around this: a condition that cannot be decided is false there */
    bool is_output;         /* the filters are behind us */
    bool is_dead;           /* no event comes here */
    struct place dead_end;  /* what took the last */
    uint32_t said;
    const struct expression *unset; /* a test of a field that is never there, not complained of yet */
};

/* ---- plugins (flow_plugin.c) ---- */
void flow_inputs(struct flow *flow, const struct statements *section);
void flow_filter(struct flow *flow, const struct plugin_block *block);
void flow_output(struct flow *flow, const struct plugin_block *block);
/* Removing what is never there is worth a word only when another one was meant. */
void flow_removal(struct flow *flow, const struct path *path, struct place place);

/* ---- assignments (flow_action.c) ---- */
void flow_assignment(struct flow *flow, const struct assignment *assignment);
void flow_remove(struct flow *flow, const struct assignment *assignment);
void flow_let(struct flow *flow, const struct let *let);
/* The target may be anything, or removed: what a loop's block may have done to it. */
void flow_doubt(struct flow *flow, const struct target *target);
/* Fields are written between these two; a failure leaves its reason in @metadata. */
void flow_begin_action(struct flow *flow, struct place place);
void flow_end_action(struct flow *flow, bool can_fail);

/* ---- conditions (flow_condition.c) ---- */
struct outlook {
    bool may_be_true, may_be_false;
};
/* What the condition can be. The fields are as they are where it is `wanted`. */
struct outlook flow_judge(struct flow *flow, const struct expression *condition, bool wanted);
/* Can it be impossible to decide, which counts as false and tags the event? */
bool flow_may_fail(const struct flow *flow, const struct expression *condition);

/* What conditions have said of a value on this way: that it is a constant, or none of some. */
enum { KNOWN_MAX = 64 }; /* constants of one field that it is not */
struct field_known {
    const struct config_value *constant;
    struct place place;
    bool is_equal;
    uint32_t count;
    const struct field_known *next; /* of those that it is not */
};

/* ---- expressions (flow_expression.c) ---- */
struct worth {
    unsigned types; /* enum type_set */
    bool can_fail;
};
/* `is_test`: a missing field is as good as any value. */
struct worth flow_worth(struct flow *flow, const struct expression *expression, bool is_test);

/* ---- saying (flow_say.c) ---- */
struct path flow_path(struct flow *flow, struct str reference);
/* What is written before the first computed step of `[a][(b)]`. False: that is the first step of all. */
bool flow_prefix(struct flow *flow, const struct expression *computed, struct path *prefix);
/* The types of a field that stands in a condition or an expression; its value is used. */
unsigned flow_read(struct flow *flow, const struct expression *field, bool is_test);
struct message *flow_warning(struct flow *flow, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* `[status] == 200`: a value of the field's types is never what is compared with. */
void flow_say_types(struct flow *flow, const struct expression *comparison,
                    const struct expression *field, unsigned types);
/* `+` takes a number, and the operand is none. */
void flow_say_operand(struct flow *flow, const struct expression *operand, unsigned types, unsigned wanted,
                      const char *who);
void flow_say_known(struct flow *flow, const struct expression *comparison, const struct expression *field,
                    const struct field_known *known);
void flow_say_texts(struct flow *flow, const struct expression *comparison, const struct expression *field,
                    const struct field *texts, struct str wanted);
/* The texts that a field's value can be, if all are known. False: others are possible. */
bool flow_texts(const struct field *field, struct str *texts, uint32_t *count);
void flow_say_unread(struct flow *flow);

#endif
