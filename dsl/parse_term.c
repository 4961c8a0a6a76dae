/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a condition, between `and`, `or` and parentheses, have two readings. What Logstash can read
 * is read as it does, and keeps its meaning. What is a syntax error there is an expression, as in an
 * assignment: calls, arithmetic, names, `true`, `!` before anything.
 *
 *     [a] == 1 and length([tags]) > 3        the first part is Logstash's, the second an expression
 *     ([a] + 1) * 2 > 4                      its parentheses cannot hold a condition: all of it is one
 *
 * Of a part that is neither, the faults of the reading that came farther are said, and Logstash's when both
 * came to the same place or when its fault tells more (enum fault_weight). Parentheses within each other are
 * read from within, each once as a condition, and again as part of every expression around it: the work
 * grows with the square of their depth, up to CONDITION_TRIED_MAX. */
#include "dsl/parse.h"

/* All that a reading changes. */
struct mark {
    struct lexer lexer;
    uint32_t depth, braces, nodes, items, extension_at, syntax_at;
    struct token last_string;
    bool has_failed;
    struct diag_mark said;
};

static struct mark mark(const struct parser *parser)
{
    return (struct mark){parser->lexer,      parser->depth,        parser->braces,    parser->nodes,
                         parser->items,      parser->extension_at, parser->syntax_at, parser->last_string,
                         parser->has_failed, diag_mark(parser->diag)};
}

/* What was said stays. */
static void go_to(struct parser *parser, const struct mark *mark)
{
    parser->lexer = mark->lexer;
    parser->depth = mark->depth;
    parser->braces = mark->braces;
    parser->nodes = mark->nodes;
    parser->items = mark->items;
    parser->extension_at = mark->extension_at;
    parser->syntax_at = mark->syntax_at;
    parser->last_string = mark->last_string;
    parser->has_failed = mark->has_failed;
}

struct reading {
    struct expression *node; /* NULL: a fault that could not be passed over */
    struct mark behind;
    uint32_t end;            /* what stands behind it, or the farthest fault */
    bool is_right;           /* it was read without a fault, and a condition can go on there */
    enum fault_weight weight;
};

static bool can_go_on(const struct lexer *lexer)
{
    char c = lexer_peek(lexer, 0);
    return c == '{' || c == ')' || is_junction_ahead(lexer);
}

static struct reading read(struct parser *parser, struct expression *(*parse)(struct parser *))
{
    struct reading reading = {0};
    bool had_failed = parser->has_failed;
    parser->fault_at = 0;
    parser->has_failed = false;
    parser->fault_weight = FAULT_BY_DISTANCE;
    reading.node = parse(parser);
    struct lexer copy = parser->lexer;
    lexer_skip(&copy);
    reading.end = parser->has_failed ? parser->fault_at : copy.at;
    reading.is_right = !parser->has_failed && can_go_on(&copy);
    reading.weight = parser->fault_weight;
    assert(reading.node || parser->has_failed);
    parser->has_failed |= had_failed;
    reading.behind = mark(parser);
    return reading;
}

/* `![a] == "x"`: whoever writes it means !([a] == "x"). */
static bool is_negated_field(const struct expression *node)
{
    return node && node->kind == EXPRESSION_NOT && !node->is_grouped && node->left->kind == EXPRESSION_FIELD &&
           !node->left->is_grouped;
}

/* Goes on behind the reading that is chosen, which may have faults. */
static struct expression *choose(struct parser *parser, const struct reading *reading)
{
    go_to(parser, &reading->behind);
    parser->fault_at = reading->end;
    parser->fault_weight = reading->weight;
    return reading->node;
}

struct expression *parse_term(struct parser *parser)
{
    struct mark start = mark(parser);
    struct reading logstash = read(parser, parse_logstash_term);
    if (logstash.is_right || logstash.weight == FAULT_FINAL || is_negated_field(logstash.node))
        return logstash.node;
    go_to(parser, &start);
    struct reading own = read(parser, parse_own_term);
    bool is_own = own.is_right || own.weight == FAULT_FINAL ||
                  (own.end > logstash.end && logstash.weight == FAULT_BY_DISTANCE);
    if (!is_own) {
        diag_forget(parser->diag, logstash.behind.said);
        return choose(parser, &logstash);
    }
    diag_forget_between(parser->diag, start.said, logstash.behind.said);
    if (start.lexer.at < own.behind.extension_at) own.behind.extension_at = start.lexer.at;
    return choose(parser, &own);
}
