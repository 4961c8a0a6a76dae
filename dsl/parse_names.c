/* SPDX-License-Identifier: Apache-2.0 */
/* Names: `let name = expression`, `for name in expression`, and what a bare word in an expression means.
 * A name is known from its statement to the end of the block. Logstash has no statement of a word that `{`
 * does not follow. */
#include "core/text/level.h"
#include "dsl/functions.h"
#include "dsl/parse.h"

/* ---- what a name may be called ---- */

static const char *const constants[] = {"true", "false", "null"};

bool is_language_word(struct str word)
{
    static const char *const words[] = {"true", "false", "null", "and",   "or",  "xor", "nand", "in",
                                        "not",  "if",    "else", "level", "let", "for", "remove"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq_z(word, words[i])) return true;
    return false;
}

static void check_word(struct parser *parser, struct place place, struct str word)
{
    struct message *message;
    if (is_language_word(word))
        message = parser_error(parser, place, "`%.*s` is a word of the language", STR_ARG(word));
    else if (function_find(word))
        message = parser_error(parser, place, "`%.*s` is a function", STR_ARG(word));
    else
        return;
    diag_hint(parser->diag, message, "choose another name, `my_%.*s` for example", STR_ARG(word));
}

/* ---- scopes ---- */

static struct binding *scope_find(const struct scope *scope, struct str name)
{
    for (uint32_t i = scope->count; i-- > 0;)
        if (str_eq(scope->bindings[i]->name, name)) return scope->bindings[i];
    return NULL;
}

bool is_loop_name(const struct scope *scope, struct str name)
{
    const struct binding *binding = scope_find(scope, name);
    return binding && binding->is_of_loop;
}

static void check_hidden(struct parser *parser, const struct binding *binding)
{
    const struct binding *outer = scope_find(&parser->scope, binding->name);
    if (!outer || parser->has_failed) return;
    struct message *message = diag_warning(parser->diag, binding->place, "this hides another name `%.*s`",
                                           STR_ARG(binding->name));
    diag_hint(parser->diag, message, "rename it; what changes is kept in a field, [@metadata][%.*s]",
              STR_ARG(binding->name));
    diag_other(parser->diag, message, outer->place, "first defined here");
}

/* NULL (said): too many are known here. */
static struct binding *declare(struct parser *parser, struct token word)
{
    struct scope *scope = &parser->scope;
    struct place place = lexer_place(&parser->lexer, word.start, word.end);
    if (scope->count == NAMES_MAX) {
        diag_hint(parser->diag, parser_error(parser, place, "more than %d names are known here", NAMES_MAX),
                  "keep some of them in fields, [@metadata][name]");
        return NULL;
    }
    struct binding *binding = arena_zalloc(parser->arena, sizeof *binding);
    binding->name = lexer_text(&parser->lexer, word);
    binding->place = place;
    binding->slot = scope->count;
    binding->declared_before = scope->declared;
    check_word(parser, place, binding->name);
    check_hidden(parser, binding);
    scope->declared = binding;
    scope->bindings[scope->count++] = binding;
    if (scope->count > scope->most) scope->most = scope->count;
    return binding;
}

void scope_leave(struct parser *parser, uint32_t count)
{
    struct scope *scope = &parser->scope;
    assert(count <= scope->count);
    while (scope->count > count) {
        const struct binding *binding = scope->bindings[--scope->count];
        /* a statement that could not be read may use it */
        if (binding->is_used || parser->has_failed) continue;
        diag_hint(parser->diag,
                  diag_warning(parser->diag, binding->place, "the name `%.*s` is never used", STR_ARG(binding->name)),
                  "remove it");
    }
}

/* ---- words in expressions ---- */

static struct str nearest(const struct scope *scope, struct str word)
{
    enum { CONSTANTS = sizeof constants / sizeof *constants };
    struct str names[FUNCTIONS_MAX + CONSTANTS + NAMES_MAX];
    size_t count = function_names(names, FUNCTIONS_MAX);
    for (size_t i = 0; i < CONSTANTS; i++) names[count++] = str_of(constants[i]);
    for (uint32_t i = 0; i < scope->count; i++) names[count++] = scope->bindings[i]->name;
    return suggest(word, names, count);
}

void parse_name_fault(struct parser *parser, struct token token)
{
    struct diag *diag = parser->diag;
    struct str word = lexer_text(&parser->lexer, token);
    struct message *message = parser_fault(parser, token.start, token.end,
                                           "`%.*s` is neither a field nor a value", STR_ARG(word));
    const struct binding *other = parser->scope.declared;
    while (other && !str_eq(other->name, word)) other = other->declared_before;
    struct str near = nearest(&parser->scope, word);
    const char *call = function_find(near) ? "()" : "";
    bool is_level = word.len > 1 && word.ptr[0] <= 'Z' && level_of_name(word) != LEVEL_NONE;
    if (str_eq_z(word, "not")) {
        diag_hint(diag, message, "write ! before a field or parentheses");
    } else if (other) {
        diag_hint(diag, message, "a name is known to the end of its block only");
        diag_other(diag, message, other->place, "it was defined here");
    } else if (lexer_peek(&parser->lexer, 0) == '.') {
        diag_hint(diag, message, "a field is written [a][b]");
    } else if (str_eq(near, word)) {
        diag_hint(diag, message, "a function has parentheses: %.*s()", STR_ARG(word));
    } else if (is_level) {
        diag_hint(diag, message, "a level stands right of level or level([field])");
    } else if (near.len) {
        diag_hint(diag, message, "did you mean `%.*s%s`?", STR_ARG(near), call);
    } else {
        diag_hint(diag, message, "write [%.*s] or \"%.*s\"", STR_ARG(word), STR_ARG(word));
    }
}

const struct binding *parse_name(struct parser *parser, struct token word)
{
    struct lexer *lexer = &parser->lexer;
    struct binding *binding = scope_find(&parser->scope, lexer_text(lexer, word));
    if (!binding) {
        parse_name_fault(parser, word);
        return NULL;
    }
    binding->is_used = true;
    if (lexer_peek(lexer, 0) != '.') return binding;
    parser_expected(parser, "an operator or the next statement", "an item of a name is written name[\"item\"]");
    return NULL;
}

/* ---- let and for ---- */

/* `let {` and `for {` are plugins. */
static bool is_word_ahead(const struct lexer *lexer, const char *word)
{
    struct lexer copy = *lexer;
    if (!lexer_word(&copy, word)) return false;
    lexer_skip(&copy);
    return lexer_peek(&copy, 0) != '{';
}

bool is_let_ahead(const struct lexer *lexer) { return is_word_ahead(lexer, "let"); }
bool is_loop_ahead(const struct lexer *lexer) { return is_word_ahead(lexer, "for"); }

bool parse_let(struct parser *parser, struct let *let)
{
    struct lexer *lexer = &parser->lexer;
    struct token word;
    if (parser->extension_at == UINT32_MAX) parser->extension_at = lexer->at;
    uint32_t start = lexer->at;
    lexer_word(lexer, "let");
    lexer_skip(lexer);
    if (!lexer_take(lexer, TOKEN_WORD, &word))
        return parser_expected(parser, "a name", lexer_peek(lexer, 0) == '['
                                                     ? "a field is set without let: [field] = value"
                                                     : "write let name = value");
    let->value = parse_assigned(parser, "write let name = value");
    let->place = lexer_place(lexer, start, let->value ? let->value->place.end : lexer->at);
    /* declared in any case: what is wrong with its value is not wrong with those who use it */
    let->binding = declare(parser, word);
    return let->value && let->binding;
}

/* `name` or `name, name` before `in`. */
static bool parse_loop_names(struct parser *parser, struct token words[2], uint32_t *count)
{
    struct lexer *lexer = &parser->lexer;
    for (*count = 0; *count < 2;) {
        lexer_skip(lexer);
        struct lexer copy = *lexer;
        if (lexer_word(&copy, "in") || !lexer_take(lexer, TOKEN_WORD, &words[*count]))
            return parser_expected(parser, "a name", "write for item in [list] { }");
        ++*count;
        lexer_skip(lexer);
        if (*count == 2 || !lexer_symbol(lexer, ",")) break;
    }
    return lexer_word(lexer, "in") ||
           parser_expected(parser, *count < 2 ? "`,` or `in`" : "`in`", "write for item in [list] { }");
}

bool parse_loop_head(struct parser *parser, struct for_loop *loop)
{
    struct lexer *lexer = &parser->lexer;
    struct token words[2];
    uint32_t count, start = lexer->at;
    if (parser->extension_at == UINT32_MAX) parser->extension_at = start;
    lexer_word(lexer, "for");
    bool is_named = parse_loop_names(parser, words, &count);
    lexer_skip(lexer);
    loop->list = is_named ? parse_looped(parser) : NULL;
    loop->place = lexer_place(lexer, start, loop->list ? loop->list->place.end : lexer->at);
    for (uint32_t i = 0; i < count; i++) {
        struct binding *binding = declare(parser, words[i]);
        if (!binding) return false;
        binding->is_of_loop = true;
        binding->is_used = true; /* who wants the names only may leave the items */
        if (i + 1 < count) loop->key = binding;
        else loop->item = binding;
    }
    return loop->list != NULL;
}
