/* SPDX-License-Identifier: Apache-2.0 */
/* Assignments and their expressions, which Logstash does not have: `[a] = …` and `remove [a], [b]`.
 * Both begin with what can begin no statement there, so no file of it changes its meaning.
 *
 *   expression  := either [ `?` expression `:` expression ]
 *   either      := both { `or` both }
 *   both        := comparison { `and` comparison }
 *   comparison  := default [ (== != < <= > >= =~ !~ `in` `not in`) default ]
 *   default     := sum [ `??` default ]
 *   sum         := product { (+ -) product }
 *   product     := unary { (* / %) unary }
 *   unary       := (`!` | `-`) unary | operand { `[` expression `]` }
 *   field       := ( `[` name `]` | `[` `(` expression `)` `]` ) …
 *   operand     := field | number | string | true | false | null | name | name `(` [ list ] `)`
 *                  | `[` [ list ] `]` | `{` [ name `=>` expression { `,` … } ] `}` | `(` expression `)`
 *
 * `[name]` is a field wherever it may be one; a list of one begins with a quote, a digit or a bracket
 * (`["a"]`, `[1]`). An index follows without a blank, so that the next statement may begin with `[`. */
#include "dsl/parse.h"

static struct expression *parse_whole(struct parser *parser);
static struct expression *parse_unary(struct parser *parser);

/* ---- operators ---- */

enum { RANK_OR, RANK_AND, RANK_COMPARISON, RANK_DEFAULT, RANK_SUM, RANK_PRODUCT, RANK_UNARY };

struct operator {
    const char *sign;
    enum expression_kind kind;
    int rank;
};

/* Longer signs stand before those they begin with. */
static const struct operator operators[] = {
    {"or", EXPRESSION_OR, RANK_OR},          {"and", EXPRESSION_AND, RANK_AND},
    {"==", EXPRESSION_EQ, RANK_COMPARISON},  {"!=", EXPRESSION_NE, RANK_COMPARISON},
    {"<=", EXPRESSION_LE, RANK_COMPARISON},  {">=", EXPRESSION_GE, RANK_COMPARISON},
    {"=~", EXPRESSION_MATCH, RANK_COMPARISON}, {"!~", EXPRESSION_NOT_MATCH, RANK_COMPARISON},
    {"<", EXPRESSION_LT, RANK_COMPARISON},   {">", EXPRESSION_GT, RANK_COMPARISON},
    {"in", EXPRESSION_IN, RANK_COMPARISON},  {"??", EXPRESSION_DEFAULT, RANK_DEFAULT},
    {"+", EXPRESSION_ADD, RANK_SUM},         {"-", EXPRESSION_SUBTRACT, RANK_SUM},
    {"*", EXPRESSION_MULTIPLY, RANK_PRODUCT}, {"/", EXPRESSION_DIVIDE, RANK_PRODUCT},
    {"%", EXPRESSION_REMAINDER, RANK_PRODUCT},
};

/* The operator that stands here, blanks before it too; `*behind` goes on behind it. NULL: none does. */
static const struct operator *operator_ahead(const struct lexer *lexer, struct lexer *behind, struct place *place)
{
    static const struct operator not_in = {"not in", EXPRESSION_NOT_IN, RANK_COMPARISON};
    *behind = *lexer;
    lexer_skip(behind);
    uint32_t start = behind->at;
    const struct operator *found = NULL;
    for (size_t i = 0; i < sizeof operators / sizeof *operators && !found; i++) {
        if (operators[i].sign[0] != lexer_peek(behind, 0)) continue;
        bool is_word = is_name_char(operators[i].sign[0]) && operators[i].sign[0] != '-';
        if (is_word ? lexer_word(behind, operators[i].sign) : lexer_symbol(behind, operators[i].sign))
            found = &operators[i];
    }
    if (!found && lexer_word(behind, "not")) {
        lexer_skip(behind);
        if (lexer_word(behind, "in")) found = &not_in;
    }
    if (!found) return NULL;
    *place = lexer_place(behind, start, behind->at);
    lexer_skip(behind);
    return found;
}

static struct expression *join(struct parser *parser, enum expression_kind kind, struct place sign,
                               struct expression *left, struct expression *right)
{
    struct expression *node =
        right ? parser_node(parser, kind, left->place.start, right->place.end) : NULL;
    if (!node) return NULL;
    node->left = left;
    node->right = right;
    node->operator_place = sign;
    return node;
}

/* Operators of this rank and tighter ones, each looked for once: left to right, `??` from the right. What
 * follows on one here is as loose or looser; a comparison does not follow on a comparison. */
static struct expression *parse_rank(struct parser *parser, int rank)
{
    struct expression *left = parse_unary(parser);
    int tightest = RANK_UNARY;
    struct lexer behind;
    struct place sign;
    const struct operator *operator;
    while (left && (operator = operator_ahead(&parser->lexer, &behind, &sign)) && operator->rank >= rank &&
           operator->rank <= tightest) {
        bool is_from_right = operator->rank == RANK_DEFAULT;
        parser->lexer = behind;
        if (is_from_right && !parser_enter(parser)) return NULL;
        left = join(parser, operator->kind, sign, left,
                    parse_rank(parser, operator->rank + !is_from_right));
        if (is_from_right) parser_leave(parser);
        tightest = operator->rank == RANK_COMPARISON ? RANK_AND : operator->rank;
    }
    return left;
}

static bool parse_choice(struct parser *parser, struct expression *node)
{
    node->items = arena_alloc(parser->arena, 2 * sizeof *node->items);
    node->count = 2;
    lexer_skip(&parser->lexer);
    if (!(node->items[0] = parse_whole(parser))) return false;
    lexer_skip(&parser->lexer);
    if (!lexer_symbol(&parser->lexer, ":"))
        return parser_expected(parser, "`:`", "write condition ? value : other value");
    lexer_skip(&parser->lexer);
    if (!(node->items[1] = parse_whole(parser))) return false;
    node->place.end = node->items[1]->place.end;
    return true;
}

static struct expression *parse_whole(struct parser *parser)
{
    if (!parser_enter(parser)) return NULL;
    struct expression *node = parse_rank(parser, RANK_OR);
    struct lexer copy = parser->lexer;
    lexer_skip(&copy);
    if (node && lexer_symbol(&copy, "?")) {
        struct expression *choice =
            parser_node(parser, EXPRESSION_CONDITIONAL, node->place.start, node->place.end);
        parser->lexer = copy;
        if (choice) choice->left = node;
        node = choice && parse_choice(parser, choice) ? choice : NULL;
    }
    parser_leave(parser);
    return node;
}

/* ---- operands ---- */

static void add_item(struct parser *parser, struct expression *node, struct expression *item)
{
    node->items = parser_grow(parser, node->items, node->count, sizeof *node->items);
    node->items[node->count++] = item;
}

/* Behind an item of a list: true when another follows. `*is_done`: `close` was taken. */
static bool next_item(struct parser *parser, const char *close, bool *is_done)
{
    lexer_skip(&parser->lexer);
    bool has_comma = lexer_symbol(&parser->lexer, ",");
    lexer_skip(&parser->lexer);
    *is_done = lexer_symbol(&parser->lexer, close);
    if (*is_done || has_comma) return !*is_done;
    char what[32];
    snprintf(what, sizeof what, "`,` or `%s`", close);
    return parser_expected(parser, what, NULL);
}

/* An expression between signs that enclose it: `{` is an object there. */
static struct expression *parse_enclosed(struct parser *parser)
{
    bool is_before_block = parser->is_before_block;
    parser->is_before_block = false;
    struct expression *node = parse_whole(parser);
    parser->is_before_block = is_before_block;
    return node;
}

/* Expressions up to `close`; the opening sign is taken. A comma may stand behind the last one. */
static bool parse_list(struct parser *parser, struct expression *node, const char *close)
{
    lexer_skip(&parser->lexer);
    bool is_done = lexer_symbol(&parser->lexer, close);
    while (!is_done) {
        struct expression *item = parse_enclosed(parser);
        if (!item) return false;
        add_item(parser, node, item);
        if (!next_item(parser, close, &is_done) && !is_done) return false;
    }
    node->place.end = parser->lexer.at;
    return true;
}

static bool parse_key(struct parser *parser, struct expression *node)
{
    struct lexer *lexer = &parser->lexer;
    struct token token;
    if (!lexer_take(lexer, TOKEN_STRING, &token) && !lexer_take(lexer, TOKEN_NAME, &token))
        return parser_expected(parser, "a name or `}`", "write { \"name\" => value }");
    node->keys = parser_grow(parser, node->keys, node->count, sizeof *node->keys);
    node->keys[node->count] = token.kind == TOKEN_STRING ? parse_string_text(parser, token)
                                                         : lexer_text(lexer, token);
    lexer_skip(lexer);
    if (!lexer_symbol(lexer, "=>")) return parser_expected(parser, "`=>`", "write name => value");
    lexer_skip(lexer);
    return true;
}

static bool parse_object(struct parser *parser, struct expression *node)
{
    lexer_skip(&parser->lexer);
    bool is_done = lexer_symbol(&parser->lexer, "}");
    while (!is_done) {
        struct expression *item = parse_key(parser, node) ? parse_enclosed(parser) : NULL;
        if (!item) return false;
        add_item(parser, node, item);
        if (!next_item(parser, "}", &is_done) && !is_done) return false;
    }
    parser->braces--; /* of parser_open() */
    node->place.end = parser->lexer.at;
    return true;
}

/* At `[`: is it a list? Else it is a field. */
static bool is_list_ahead(const struct lexer *lexer)
{
    struct lexer copy = *lexer;
    copy.at++;
    lexer_skip(&copy);
    char c = lexer_peek(&copy, 0);
    if (c == '"' || c == '\'' || c == '-' || c == '[' || c == '{' || c == '(' || c == ']' || is_digit(c))
        return true;
    copy = *lexer;
    struct token token;
    return !lexer_take(&copy, TOKEN_REFERENCE, &token);
}

/* ---- fields ---- */

/* Takes written steps, up to one that is computed. */
static bool take_written(struct lexer *lexer, struct token *token)
{
    struct lexer copy = *lexer;
    if (!lexer_take(&copy, TOKEN_REFERENCE, token)) return false;
    ptrdiff_t computed = str_find(lexer_text(lexer, *token), STR("[("));
    if (computed == 0) return false;
    if (computed > 0) lexer_cut(&copy, token, token->start + (uint32_t)computed);
    *lexer = copy;
    return true;
}

/* `[labels][key]` where `key` is a name of a loop: its value was meant, likely. */
static void check_steps(struct parser *parser, struct token token, bool is_first)
{
    struct str text = lexer_text(&parser->lexer, token);
    for (size_t at = 0; at < text.len;) {
        const char *close = memchr(text.ptr + at, ']', text.len - at);
        size_t end = (size_t)(close - text.ptr);
        struct str step = str_slice(text, at + 1, end);
        if ((at || !is_first) && is_loop_name(&parser->scope, step)) {
            uint32_t start = token.start;
            struct place place = lexer_place(&parser->lexer, start + (uint32_t)at, start + (uint32_t)end + 1);
            diag_hint(parser->diag,
                      diag_warning(parser->diag, place, "this is a field called `%.*s`, not the value of the name",
                                   STR_ARG(step)),
                      "write [(%.*s)], or rename the loop's", STR_ARG(step));
        }
        at = end + 1;
    }
}

static bool check_characters(struct parser *parser, uint32_t start, struct str text, bool is_first)
{
    size_t step = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '[') step = i;
        if (!strchr("\"'() ", text.ptr[i])) continue;
        const char *close = memchr(text.ptr + i, ']', text.len - i);
        diag_hint(parser->diag,
                  parser_fault(parser, start + (uint32_t)step, start + (uint32_t)(close - text.ptr) + 1,
                               "this is no field: its name has a quote, a blank or a parenthesis"),
                  step || !is_first ? "a step that is computed is written [a][(value)]"
                                    : "a field is written [a][b], and a list of one [(value)]");
        return false;
    }
    return true;
}

static struct expression *parse_written(struct parser *parser, bool is_first)
{
    struct lexer *lexer = &parser->lexer;
    struct token token;
    if (!take_written(lexer, &token)) {
        parser_expected(parser, "a field", "a field is written [a][b]");
        return NULL;
    }
    struct str text = lexer_text(lexer, token);
    if (!check_characters(parser, token.start, text, is_first)) return NULL;
    check_steps(parser, token, is_first);
    struct expression *node = parser_node(parser, EXPRESSION_FIELD, token.start, token.end);
    if (node) node->text = text;
    return node;
}

/* `[(expression)]`. */
static struct expression *parse_computed(struct parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    lexer_symbol(lexer, "[");
    struct expression *node = parse_parentheses(parser, parse_whole);
    if (!node) return NULL;
    lexer_skip(lexer);
    if (lexer_symbol(lexer, "]")) return node;
    parser_expected(parser, "`]`", "a step that is computed is written [a][(value)]");
    return NULL;
}

/* A field: its steps are written or computed. */
static struct expression *parse_field(struct parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    struct expression *path = NULL;
    uint32_t start = lexer->at;
    do {
        bool is_computed = lexer_has(lexer, "[(");
        struct expression *step = is_computed ? parse_computed(parser) : parse_written(parser, !path);
        if (!step || (!path && !is_computed && !lexer_has(lexer, "[("))) return step;
        if (!path && !(path = parser_node(parser, EXPRESSION_PATH, start, lexer->at))) return NULL;
        add_item(parser, path, step);
    } while (lexer_peek(lexer, 0) == '[');
    path->place.end = lexer->at;
    path->text = str_slice(lexer->text, start, lexer->at);
    return path;
}

/* ---- operands ---- */

static struct expression *parse_known_name(struct parser *parser, struct token word)
{
    const struct binding *binding = parse_name(parser, word);
    struct expression *node = binding ? parser_node(parser, EXPRESSION_NAME, word.start, word.end) : NULL;
    if (node) node->binding = binding;
    return node;
}

static struct expression *parse_word(struct parser *parser)
{
    static const struct { const char *word; enum expression_kind kind; } constants[] = {
        {"true", EXPRESSION_TRUE}, {"false", EXPRESSION_FALSE}, {"null", EXPRESSION_NULL},
    };
    struct lexer *lexer = &parser->lexer;
    struct token token;
    if (!lexer_take(lexer, TOKEN_WORD, &token)) {
        parser_expected(parser, "a field or a value", NULL);
        return NULL;
    }
    struct str word = lexer_text(lexer, token);
    bool is_other_word = is_language_word(word) && !str_eq_z(word, "level"); /* which is a function, too */
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (str_eq_z(word, constants[i].word))
            return parser_node(parser, constants[i].kind, token.start, token.end);
    struct lexer copy = *lexer;
    lexer_skip(&copy);
    if (is_other_word || !lexer_symbol(&copy, "(")) return parse_known_name(parser, token);
    *lexer = copy;
    struct expression *node = parser_node(parser, EXPRESSION_CALL, token.start, token.end);
    if (!node) return NULL;
    node->text = word;
    node->operator_place = lexer_place(lexer, token.start, token.end);
    return parse_list(parser, node, ")") ? node : NULL;
}

static struct expression *parse_operand(struct parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    uint32_t start = lexer->at;
    struct config_value value = {0};
    struct token token;
    struct expression *node;
    switch (lexer_peek(lexer, 0)) {
    case '(': return parse_parentheses(parser, parse_whole);
    case '/': return parse_regex(parser);
    case '[':
        if (!is_list_ahead(lexer)) return parse_field(parser);
        lexer_symbol(lexer, "[");
        node = parser_node(parser, EXPRESSION_ARRAY, start, start + 1);
        return node && parse_list(parser, node, "]") ? node : NULL;
    case '{':
        if (parser->is_before_block) break;
        parser_open(parser);
        node = parser_node(parser, EXPRESSION_OBJECT, start, start + 1);
        return node && parse_object(parser, node) ? node : NULL;
    default: break;
    }
    if (parse_number(parser, &value)) return parser_constant(parser, value);
    if (!lexer_take(lexer, TOKEN_STRING, &token)) return parse_word(parser);
    value = (struct config_value){.kind = CONFIG_STRING,
                                  .place = lexer_place(lexer, token.start, token.end),
                                  .text = parse_string_text(parser, token)};
    return parser_constant(parser, value);
}

/* `x[i]`: without a blank before the bracket. */
static struct expression *parse_indexed(struct parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    uint32_t start = lexer->at;
    struct expression *node = parse_operand(parser);
    while (node && lexer_peek(lexer, 0) == '[') {
        struct place sign = lexer_place(lexer, lexer->at, lexer->at + 1);
        lexer_symbol(lexer, "[");
        lexer_skip(lexer);
        struct expression *index = parse_enclosed(parser);
        lexer_skip(lexer);
        if (!index) return NULL;
        if (!lexer_symbol(lexer, "]")) {
            parser_expected(parser, "`]`", NULL);
            return NULL;
        }
        node = join(parser, EXPRESSION_INDEX, sign, node, index);
        if (node) node->place = lexer_place(lexer, start, lexer->at);
    }
    return node;
}

static struct expression *parse_unary(struct parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    uint32_t start = lexer->at;
    char sign = lexer_peek(lexer, 0);
    bool is_number = sign == '-' && is_digit(lexer_peek(lexer, 1));
    if (is_number || (sign != '!' && sign != '-')) return parse_indexed(parser);
    if (!parser_enter(parser)) return NULL;
    lexer_symbol(lexer, sign == '!' ? "!" : "-");
    lexer_skip(lexer);
    struct expression *inner = parse_unary(parser);
    struct expression *node =
        inner ? parser_node(parser, sign == '!' ? EXPRESSION_NOT : EXPRESSION_NEGATE, start, lexer->at)
              : NULL;
    if (node) {
        node->left = inner;
        node->operator_place = lexer_place(lexer, start, start + 1);
    }
    parser_leave(parser);
    return node;
}

/* ---- conditions and loops ---- */

static struct expression *parse_rank_or_choice(struct parser *parser, bool is_choice)
{
    if (!parser_enter(parser)) return NULL;
    parser->is_before_block = true;
    struct expression *node = is_choice ? parse_whole(parser) : parse_rank(parser, RANK_COMPARISON);
    parser->is_before_block = false;
    parser_leave(parser);
    return node;
}

struct expression *parse_own_term(struct parser *parser)
{
    struct expression *node = parse_rank_or_choice(parser, false);
    if (node) node->is_computed = true;
    return node;
}

struct expression *parse_own_condition(struct parser *parser)
{
    struct expression *node = parse_rank_or_choice(parser, true);
    if (node) node->is_computed = true;
    return node;
}

struct expression *parse_looped(struct parser *parser)
{
    parser->nodes = parser->tried = 0;
    return parse_rank_or_choice(parser, true);
}

/* ---- statements ---- */

bool is_assignment_ahead(const struct lexer *lexer)
{
    struct lexer copy = *lexer;
    if (lexer_peek(&copy, 0) == '[') return true;
    if (!lexer_word(&copy, "remove")) return false;
    lexer_skip(&copy);
    return lexer_peek(&copy, 0) == '[';
}

static bool parse_target(struct parser *parser, struct assignment *assignment)
{
    struct lexer *lexer = &parser->lexer;
    parser->nodes = parser->tried = 0;
    if (lexer_peek(lexer, 0) != '[') return parser_expected(parser, "a field", "a field is written [a][b]");
    struct expression *field = parse_field(parser);
    if (!field) return false;
    struct str text = str_slice(lexer->text, field->place.start, field->place.end);
    assignment->targets =
        parser_grow(parser, assignment->targets, assignment->count, sizeof *assignment->targets);
    assignment->targets[assignment->count++] =
        (struct target){text, field->place, field->kind == EXPRESSION_PATH ? field : NULL};
    return true;
}

static bool parse_remove(struct parser *parser, struct assignment *assignment)
{
    struct lexer *lexer = &parser->lexer;
    for (;;) {
        lexer_skip(lexer);
        if (!parse_target(parser, assignment)) return false;
        assignment->place.end = lexer->at;
        struct lexer copy = *lexer;
        lexer_skip(&copy);
        if (!lexer_symbol(&copy, ",")) return true;
        *lexer = copy;
    }
}

struct expression *parse_right_side(struct parser *parser)
{
    parser->nodes = parser->tried = 0;
    return parse_whole(parser);
}

struct expression *parse_assigned(struct parser *parser, const char *hint)
{
    struct lexer *lexer = &parser->lexer;
    lexer_skip(lexer);
    char next = lexer_peek(lexer, 1);
    if (lexer_peek(lexer, 0) != '=' || next == '=' || next == '>' || next == '~') {
        parser_expected(parser, "`=`", next == '=' || next == '~' ? "a comparison stands behind `if`" : hint);
        return NULL;
    }
    lexer_symbol(lexer, "=");
    lexer_skip(lexer);
    struct expression *value = parse_right_side(parser);
    if (!value) return NULL;
    struct lexer copy = *lexer;
    lexer_skip(&copy);
    if (lexer_peek(&copy, 0) != '=') return value;
    *lexer = copy;
    parser_expected(parser, "an operator or the next statement",
                    lexer_peek(&copy, 1) == '=' ? "put parentheses around the comparison before this"
                                                : "is the value of the assignment before this missing?");
    return NULL;
}

static bool parse_set(struct parser *parser, struct assignment *assignment)
{
    if (!parse_target(parser, assignment)) return false;
    assignment->value = parse_assigned(parser, "write [field] = value");
    if (!assignment->value) return false;
    assignment->place.end = assignment->value->place.end;
    return true;
}

bool parse_assignment(struct parser *parser, struct assignment *assignment)
{
    struct lexer *lexer = &parser->lexer;
    if (parser->extension_at == UINT32_MAX) parser->extension_at = lexer->at;
    assignment->place = lexer_place(lexer, lexer->at, lexer->at + 1);
    return lexer_word(lexer, "remove") ? parse_remove(parser, assignment) : parse_set(parser, assignment);
}
