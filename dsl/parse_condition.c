/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions as Logstash reads them; where it cannot, dsl/parse_term.c comes in. Operands do not nest but
 * for arrays; conditions nest by parentheses alone.
 *
 * `and` binds tighter than `or`. Logstash means the same, but when two or more `and` stand before an
 * `or` its operator stack reduces only one of them: `a and b and c or d` becomes
 * `a and ((b and c) or d)`. Here it is `(a and b and c) or d`, with a warning, unless the setting asks
 * for Logstash's reading. `xor` and `nand` have no rank there: either is the only operator of its
 * level. */
#include "core/xmalloc.h"
#include "dsl/parse.h"
#include <stdlib.h>

struct expression *parser_node(struct parser *parser, enum expression_kind kind, uint32_t start,
                               uint32_t end)
{
    struct place place = lexer_place(&parser->lexer, start, end);
    if (++parser->nodes > CONDITION_NODES_MAX) {
        parser_error(parser, place, "a condition has more than %d parts", CONDITION_NODES_MAX);
        return NULL;
    }
    if (++parser->tried > CONDITION_TRIED_MAX) {
        diag_hint(parser->diag, parser_error(parser, place, "so many parts are within too many parentheses"),
                  "compute some of it before, by let name = ...");
        parser->fault_weight = FAULT_FINAL; /* whatever a reading that was possible would say */
        return NULL;
    }
    struct expression *node = arena_zalloc(parser->arena, sizeof *node);
    node->kind = kind;
    node->place = place;
    return node;
}

/* ---- operands ---- */

struct expression *parser_constant(struct parser *parser, struct config_value value)
{
    struct expression *node =
        parser_node(parser, EXPRESSION_CONSTANT, value.place.start, value.place.end);
    if (node) node->value = value;
    return node;
}

/* `["x"]` reads as a field whose name has quotes. Right of `in` nobody means that. */
static bool is_quoted_reference(struct lexer lexer, struct token *string)
{
    uint32_t end = lexer.at;
    lexer.at -= 1;
    while (lexer.at > 0 && lexer.text.ptr[lexer.at] != '[') lexer.at--;
    lexer.at++;
    lexer_skip(&lexer);
    if (lexer.at >= end || !lexer_take(&lexer, TOKEN_STRING, string)) return false;
    lexer_skip(&lexer);
    return lexer.at == end - 1;
}

static bool is_number_reference(struct str text)
{
    size_t at = 1;
    while (at < text.len && is_digit(text.ptr[at])) at++;
    return at > 1 && at == text.len - 1;
}

static struct expression *parse_reference(struct parser *parser, struct token token, bool is_list)
{
    struct lexer *lexer = &parser->lexer;
    struct place place = lexer_place(lexer, token.start, token.end);
    struct str text = lexer_text(lexer, token);
    struct token string;
    bool is_single = memchr(text.ptr + 1, '[', text.len - 1) == NULL;
    if (is_single && is_quoted_reference(*lexer, &string)) {
        if (is_list) {
            diag_hint(parser->diag,
                      diag_warning(parser->diag, place, "a list of one: Logstash reads this as a field"),
                      "write == instead of in");
            lexer_back(lexer, token);
            struct config_value list = {0};
            return parse_array(parser, &list) ? parser_constant(parser, list) : NULL;
        }
        diag_hint(parser->diag,
                  diag_warning(parser->diag, place, "this is a field whose name has quotes"),
                  "a field is written without quotes");
    } else if (is_single && is_list && is_number_reference(text)) {
        diag_hint(parser->diag,
                  diag_warning(parser->diag, place, "this is a field, not a list of one number"),
                  "write == instead of in");
    }
    if (str_find(text, STR("[(")) >= 0)
        diag_hint(parser->diag, diag_warning(parser->diag, place, "this is a field whose name has parentheses"),
                  "a step is computed in let name = [a][(b)] before");
    struct expression *node = parser_node(parser, EXPRESSION_FIELD, token.start, token.end);
    if (node) node->text = text;
    return node;
}

/* The text between the slashes; `\/` is a slash. */
static struct str regex_text(struct parser *parser, struct token token)
{
    struct str text = str_slice(parser->lexer.text, token.start + 1, token.end - 1);
    if (str_find(text, STR("\\/")) < 0) return text;
    char *out = arena_alloc(parser->arena, text.len);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\\' && i + 1 < text.len && text.ptr[i + 1] == '/') continue;
        out[len++] = text.ptr[i];
    }
    return (struct str){out, len};
}

struct expression *parse_regex(struct parser *parser)
{
    struct token token;
    if (!lexer_take(&parser->lexer, TOKEN_REGEX, &token)) {
        uint32_t at = parser->lexer.at;
        diag_hint(parser->diag,
                  parser_fault(parser, at, at + 1, "this regular expression never ends"),
                  "its closing / is missing");
        return NULL;
    }
    struct expression *node = parser_node(parser, EXPRESSION_REGEX, token.start, token.end);
    if (node) node->text = regex_text(parser, token);
    return node;
}

/* `level` or `level([field])`, a word that Logstash does not have. */
static struct expression *parse_level(struct parser *parser, struct token word)
{
    struct lexer *lexer = &parser->lexer;
    if (parser->extension_at == UINT32_MAX) parser->extension_at = word.start;
    struct expression *node = parser_node(parser, EXPRESSION_LEVEL, word.start, word.end);
    struct lexer copy = *lexer;
    lexer_skip(&copy);
    if (!node || !lexer_symbol(&copy, "(")) return node;
    *lexer = copy;
    lexer_skip(lexer);
    struct token field;
    if (!lexer_take(lexer, TOKEN_REFERENCE, &field)) {
        parser_expected(parser, "a field", "write level([field])");
        return NULL;
    }
    node->left = parser_node(parser, EXPRESSION_FIELD, field.start, field.end);
    if (!node->left) return NULL;
    node->left->text = lexer_text(lexer, field);
    lexer_skip(lexer);
    if (!lexer_symbol(lexer, ")")) {
        parser->fault_weight = FAULT_UNLESS_READ;
        parser_expected(parser, "`)`", NULL);
        return NULL;
    }
    node->place.end = lexer->at;
    return node;
}

static struct expression *fault_operand(struct parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    char c = lexer_peek(lexer, 0), next = lexer_peek(lexer, 1);
    const char *hint = NULL;
    if (c == '%' && next == '{') {
        const char *close = memchr(lexer->text.ptr + lexer->at, '}', lexer->text.len - lexer->at);
        uint32_t end = close ? (uint32_t)(close - lexer->text.ptr) + 1 : lexer->at + 2;
        diag_hint(parser->diag,
                  parser_fault(parser, lexer->at, end, "`%%{…}` is not a field of a condition"),
                  "write [field]");
        lexer->at = end;
        return NULL;
    }
    if (c == '.' && is_digit(next)) hint = "a number begins with a digit: write 0 before the dot";
    else if (is_bareword_start(c) && next == '.') hint = "a field is written [a][b]";
    else if (is_bareword_start(c)) hint = "write [field] or \"text\"";
    parser_expected(parser, "a field or a value", hint);
    return NULL;
}

/* `is_list`: right of `in`. */
static struct expression *parse_operand(struct parser *parser, bool is_list)
{
    struct lexer *lexer = &parser->lexer;
    struct token token;
    struct config_value value = {0};
    char c = lexer_peek(lexer, 0);
    if (c == '[') {
        if (lexer_take(lexer, TOKEN_REFERENCE, &token)) return parse_reference(parser, token, is_list);
        return parse_array(parser, &value) ? parser_constant(parser, value) : NULL;
    }
    if (c == '/') return parse_regex(parser);
    if (lexer_take(lexer, TOKEN_STRING, &token)) {
        value = (struct config_value){.kind = CONFIG_STRING,
                                      .place = lexer_place(lexer, token.start, token.end),
                                      .text = parse_string_text(parser, token)};
        return parser_constant(parser, value);
    }
    if (parse_number(parser, &value)) return parser_constant(parser, value);
    if (!lexer_take(lexer, TOKEN_BAREWORD, &token)) return fault_operand(parser);
    if (str_eq_z(lexer_text(lexer, token), "level")) return parse_level(parser, token);
    parse_name_fault(parser, token);
    return NULL;
}

/* ---- expressions ---- */

/* Takes an operator between operands. */
static bool take_operator(struct parser *parser, enum expression_kind *kind)
{
    static const struct { const char *sign; enum expression_kind kind; } operators[] = {
        {"in", EXPRESSION_IN},    {"==", EXPRESSION_EQ},    {"!=", EXPRESSION_NE},
        {"<=", EXPRESSION_LE},    {">=", EXPRESSION_GE},    {"<", EXPRESSION_LT},
        {">", EXPRESSION_GT},     {"=~", EXPRESSION_MATCH}, {"!~", EXPRESSION_NOT_MATCH},
    };
    struct lexer *lexer = &parser->lexer;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        *kind = operators[i].kind;
        if (lexer_symbol(lexer, operators[i].sign)) return true;
    }
    struct lexer copy = *lexer;
    if (!lexer_symbol(&copy, "not ")) return false;
    lexer_skip(&copy);
    if (!lexer_symbol(&copy, "in")) return false;
    *lexer = copy;
    *kind = EXPRESSION_NOT_IN;
    return true;
}

static bool is_list_operator(enum expression_kind kind)
{
    return kind == EXPRESSION_IN || kind == EXPRESSION_NOT_IN;
}

static bool is_match_operator(enum expression_kind kind)
{
    return kind == EXPRESSION_MATCH || kind == EXPRESSION_NOT_MATCH;
}

static struct expression *parse_level_name(struct parser *parser)
{
    struct token token;
    if (!lexer_take(&parser->lexer, TOKEN_BAREWORD, &token)) {
        parser_expected(parser, "a level", "write a level without quotes: DEBUG, INFO, WARN, ERROR");
        return NULL;
    }
    struct expression *node = parser_node(parser, EXPRESSION_LEVEL_NAME, token.start, token.end);
    if (node) node->text = lexer_text(&parser->lexer, token);
    return node;
}

static struct expression *parse_right(struct parser *parser, const struct expression *left,
                                      enum expression_kind kind, struct place sign)
{
    char c = lexer_peek(&parser->lexer, 0);
    if (left->kind == EXPRESSION_LEVEL) {
        parser->fault_weight = FAULT_FINAL;
        if (kind < EXPRESSION_EQ || kind > EXPRESSION_GE) {
            diag_hint(parser->diag, parser_fault(parser, sign.start, sign.end,
                                                 "a level is compared by == != < <= > >="),
                      "write level >= WARN");
            return NULL;
        }
        struct expression *name = parse_level_name(parser);
        if (name) parser->fault_weight = FAULT_BY_DISTANCE;
        return name;
    }
    if (is_match_operator(kind) && c != '"' && c != '\'' && c != '/') {
        parser->fault_weight = FAULT_FINAL;
        parser_expected(parser, "a regular expression", "write /pattern/ or \"pattern\"");
        return NULL;
    }
    struct expression *right = parse_operand(parser, is_list_operator(kind));
    bool is_misplaced = right && (right->kind == EXPRESSION_LEVEL ||
                                  (right->kind == EXPRESSION_REGEX && !is_match_operator(kind)));
    if (!is_misplaced) return right;
    parser->fault_weight = FAULT_FINAL;
    if (right->kind == EXPRESSION_LEVEL)
        diag_hint(parser->diag, parser_fault(parser, right->place.start, right->place.end,
                                             "`level` stands left of a comparison"),
                  "write level >= WARN");
    else
        diag_hint(parser->diag,
                  parser_error(parser, sign, "a regular expression is compared by =~ or !~"),
                  "write =~");
    return NULL;
}

/* An operand alone: its truth. */
static bool check_alone(struct parser *parser, const struct expression *node)
{
    if (node->kind == EXPRESSION_LEVEL) {
        diag_hint(parser->diag, parser_fault(parser, node->place.start, node->place.end,
                                             "a level alone is neither true nor false"),
                  "write level >= WARN");
        return false;
    }
    if (node->kind == EXPRESSION_REGEX)
        diag_hint(parser->diag,
                  diag_warning(parser->diag, node->place, "this is always true"),
                  "write [field] =~ before it");
    return true;
}

static struct expression *parse_comparison(struct parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    struct expression *left = parse_operand(parser, false);
    if (!left) return NULL;
    uint32_t behind = lexer->at;
    lexer_skip(lexer);
    uint32_t sign = lexer->at;
    enum expression_kind kind;
    if (!take_operator(parser, &kind)) {
        /* who writes two blanks between `not` and `in` means Logstash's operator all the same */
        if (lexer_has(lexer, "not")) parser->fault_weight = FAULT_FINAL;
        lexer->at = behind;
        return check_alone(parser, left) ? left : NULL;
    }
    struct place sign_place = lexer_place(lexer, sign, lexer->at);
    if (left->kind == EXPRESSION_REGEX) {
        parser->fault_weight = FAULT_FINAL;
        parser_error(parser, left->place, "a regular expression stands right of =~ or !~");
        return NULL;
    }
    lexer_skip(lexer);
    struct expression *right = parse_right(parser, left, kind, sign_place);
    struct expression *node = right ? parser_node(parser, kind, left->place.start, right->place.end) : NULL;
    if (!node) return NULL;
    node->left = left;
    node->right = right;
    node->operator_place = sign_place;
    return node;
}

static struct expression *parse_level_of_operators(struct parser *parser);

struct expression *parse_parentheses(struct parser *parser, struct expression *(*parse_inner)(struct parser *))
{
    struct lexer *lexer = &parser->lexer;
    bool is_before_block = parser->is_before_block;
    lexer_symbol(lexer, "(");
    lexer_skip(lexer);
    parser->is_before_block = false;
    struct expression *node = parse_inner(parser);
    parser->is_before_block = is_before_block;
    if (!node) return NULL;
    lexer_skip(lexer);
    if (!lexer_symbol(lexer, ")")) {
        parser_expected(parser, "an operator or `)`", NULL);
        return NULL;
    }
    node->is_grouped = true;
    return node;
}

static struct expression *parse_negation(struct parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    uint32_t start = lexer->at;
    lexer_symbol(lexer, "!");
    lexer_skip(lexer);
    struct expression *inner = NULL;
    struct token field;
    if (lexer_peek(lexer, 0) == '(') {
        inner = parse_parentheses(parser, parse_level_of_operators);
    } else if (lexer_take(lexer, TOKEN_REFERENCE, &field)) {
        inner = parse_reference(parser, field, false);
    } else {
        parser_expected(parser, "a field or `(` behind `!`", "put parentheses around what is negated");
    }
    struct expression *node = inner ? parser_node(parser, EXPRESSION_NOT, start, lexer->at) : NULL;
    if (node) node->left = inner;
    return node;
}

struct expression *parse_logstash_term(struct parser *parser)
{
    if (!parser_enter(parser)) return NULL;
    char c = lexer_peek(&parser->lexer, 0);
    struct expression *node = c == '('   ? parse_parentheses(parser, parse_level_of_operators)
                              : c == '!' ? parse_negation(parser)
                                         : parse_comparison(parser);
    parser_leave(parser);
    return node;
}

/* ---- operators between expressions ---- */

struct junction {
    enum expression_kind kind;
    struct place place;
};

/* The terms and operators of one level of parentheses; term i stands before junction i. */
struct chain {
    struct expression **terms;
    struct junction *junctions;
    uint32_t count; /* of terms */
};

static struct expression *join(struct parser *parser, struct junction junction,
                               struct expression *left, struct expression *right)
{
    if (!left || !right) return NULL;
    struct expression *node =
        parser_node(parser, junction.kind, left->place.start, right->place.end);
    if (!node) return NULL;
    node->left = left;
    node->right = right;
    node->operator_place = junction.place;
    return node;
}

static struct expression *group_standard(struct parser *parser, const struct chain *chain)
{
    struct expression *whole = NULL;
    struct junction before = {0};
    for (uint32_t i = 0; i < chain->count; i++) {
        struct expression *part = chain->terms[i];
        for (; i + 1 < chain->count && chain->junctions[i].kind != EXPRESSION_OR; i++)
            part = join(parser, chain->junctions[i], part, chain->terms[i + 1]);
        whole = whole ? join(parser, before, whole, part) : part;
        if (!whole) return NULL;
        if (i + 1 < chain->count) before = chain->junctions[i];
    }
    return whole;
}

static void reduce(struct parser *parser, struct expression **output, uint32_t *outputs,
                   struct junction junction)
{
    assert(*outputs >= 2);
    output[*outputs - 2] = join(parser, junction, output[*outputs - 2], output[*outputs - 1]);
    --*outputs;
}

/* Logstash's operator stack, fault included: at a lower operator one pending higher one is reduced,
 * not all of them. */
static struct expression *group_as_logstash(struct parser *parser, const struct chain *chain)
{
    struct expression **output = xcalloc(chain->count, sizeof *output);
    struct junction *stack = xcalloc(chain->count, sizeof *stack);
    uint32_t outputs = 0, depth = 0;
    for (uint32_t i = 0; i < chain->count; i++) {
        output[outputs++] = chain->terms[i];
        if (i + 1 == chain->count) break;
        struct junction next = chain->junctions[i];
        bool is_lower = depth && stack[depth - 1].kind == EXPRESSION_AND && next.kind == EXPRESSION_OR;
        if (is_lower) reduce(parser, output, &outputs, stack[--depth]);
        stack[depth++] = next;
    }
    while (depth) reduce(parser, output, &outputs, stack[--depth]);
    struct expression *whole = output[0];
    free(output);
    free(stack);
    return whole;
}

/* Two `and` or more directly before an `or`: the first such `or`. */
static const struct junction *find_misread(const struct chain *chain)
{
    uint32_t ands = 0;
    for (uint32_t i = 0; i + 1 < chain->count; i++) {
        if (chain->junctions[i].kind == EXPRESSION_OR && ands >= 2) return &chain->junctions[i];
        ands = chain->junctions[i].kind == EXPRESSION_AND ? ands + 1 : 0;
    }
    return NULL;
}

static bool has_computed(const struct expression *node)
{
    if (node->is_computed) return true;
    return (node->left && has_computed(node->left)) || (node->right && has_computed(node->right));
}

/* Is it a condition that Logstash reads, too? */
static bool is_logstash_chain(const struct chain *chain)
{
    for (uint32_t i = 0; i < chain->count; i++)
        if (has_computed(chain->terms[i])) return false;
    return true;
}

static struct expression *group(struct parser *parser, const struct chain *chain)
{
    for (uint32_t i = 0; i + 1 < chain->count && chain->count > 2; i++) {
        struct junction junction = chain->junctions[i];
        if (junction.kind == EXPRESSION_AND || junction.kind == EXPRESSION_OR) continue;
        diag_hint(parser->diag,
                  parser_error(parser, junction.place, "`%s` stands beside other operators",
                               junction.kind == EXPRESSION_XOR ? "xor" : "nand"),
                  "put parentheses around its two sides");
        return NULL;
    }
    const struct junction *misread = find_misread(chain);
    if (!misread || !is_logstash_chain(chain)) return group_standard(parser, chain);
    struct message *message = diag_warning(parser->diag, misread->place,
                                           "Logstash groups this condition differently");
    diag_hint(parser->diag, message, "put parentheses around the `and` parts");
    diag_note(parser->diag, message, "%s",
              parser->options->is_strict_precedence
                  ? "as the setting asks, it is read as Logstash reads it: a and ((b and c) or d)"
                  : "it is read as (a and b and c) or d; Logstash reads a and ((b and c) or d)");
    return parser->options->is_strict_precedence ? group_as_logstash(parser, chain)
                                                 : group_standard(parser, chain);
}

static bool take_junction(struct lexer *lexer, struct junction *junction)
{
    static const struct { const char *word; enum expression_kind kind; } words[] = {
        {"and", EXPRESSION_AND}, {"or", EXPRESSION_OR}, {"xor", EXPRESSION_XOR}, {"nand", EXPRESSION_NAND},
    };
    uint32_t start = lexer->at;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!lexer_symbol(lexer, words[i].word)) continue;
        *junction = (struct junction){words[i].kind, lexer_place(lexer, start, lexer->at)};
        return true;
    }
    return false;
}

bool is_junction_ahead(const struct lexer *lexer)
{
    struct lexer copy = *lexer;
    struct junction junction;
    return take_junction(&copy, &junction);
}

static struct expression *parse_level_of_operators(struct parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    struct chain chain = {0};
    for (;;) {
        struct expression *term = parse_term(parser);
        if (!term) return NULL;
        chain.terms = parser_grow(parser, chain.terms, chain.count, sizeof *chain.terms);
        chain.terms[chain.count++] = term;
        uint32_t behind = lexer->at;
        lexer_skip(lexer);
        struct junction junction;
        if (!take_junction(lexer, &junction)) {
            lexer->at = behind;
            return group(parser, &chain);
        }
        chain.junctions =
            parser_grow(parser, chain.junctions, chain.count - 1, sizeof *chain.junctions);
        chain.junctions[chain.count - 1] = junction;
        lexer_skip(lexer);
    }
}

/* ---- what stands behind a condition and does not belong there ---- */

/* A word that is mistyped: `adn`. */
static const char *near_operator(const struct lexer *lexer)
{
    static const struct str words[] = {{"and", 3}, {"or", 2}, {"xor", 3}, {"nand", 4}, {"in", 2}};
    static const char *const hints[] = {"did you mean `and`?", "did you mean `or`?", "did you mean `xor`?",
                                        "did you mean `nand`?", "did you mean `in`?"};
    struct lexer copy = *lexer;
    struct token token;
    if (!lexer_take(&copy, TOKEN_NAME, &token)) return NULL;
    struct str near = suggest(lexer_text(lexer, token), words, sizeof words / sizeof *words);
    for (size_t i = 0; near.len && i < sizeof words / sizeof *words; i++)
        if (words[i].ptr == near.ptr) return hints[i];
    return NULL;
}

static const char *operator_hint(const struct lexer *lexer, const struct expression *condition)
{
    static const struct { const char *found, *hint; } rows[] = {
        {"&&", "write and"},      {"||", "write or"},  {"AND", "write and"},
        {"OR", "write or"},       {"=", "write =="},   {"<>", "write !="},
        {"contains", "write \"text\" in [field]"},     {"is ", "write =="},
        {"eq ", "write =="},      {"ne ", "write !="},
    };
    const struct expression *last = condition;
    while (last->right) last = last->right;
    if (lexer_has(lexer, "[") && last->kind == EXPRESSION_FIELD)
        return "a field reference has no blanks between its brackets";
    if (lexer_has(lexer, "not")) return "exactly one space stands between not and in";
    if (last->kind == EXPRESSION_NOT) return "put parentheses around what ! negates";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (lexer_has(lexer, rows[i].found)) return rows[i].hint;
    return near_operator(lexer);
}

struct expression *parse_condition(struct parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    parser->nodes = parser->tried = 0;
    const struct lexer start = *lexer;
    struct expression *condition = parse_level_of_operators(parser);
    if (!condition) return NULL;
    lexer_skip(lexer);
    if (lexer_peek(lexer, 0) == '?') {
        *lexer = start;
        condition = parse_own_condition(parser);
        if (!condition) return NULL;
        lexer_skip(lexer);
    }
    if (parser->is_condition ? lexer_is_end(lexer) : lexer_peek(lexer, 0) == '{') return condition;
    parser_expected(parser, parser->is_condition ? "an operator or the end" : "an operator or `{`",
                    operator_hint(lexer, condition));
    return NULL;
}
