/* SPDX-License-Identifier: Apache-2.0 */
/* Sections, statements, branches, plugins; faults and how to go on after one.
 *
 * After a fault the parser looks for a place where it can surely read again: the next option of the
 * same plugin at the start of a line, the end of the block the fault stands in, or a section at the
 * start of a line. Braces are counted, so a fault within a block does not end the blocks around it. */
#include "dsl/parse.h"
#include "core/text/secrets.h"
#include "core/text/utf8.h"
#include "dsl/classic.h"

enum { FOUND_SHOWN_MAX = 80 }; /* bytes of what stands where something else is expected */

/* ---- faults ---- */

/* The first syntax error of a text also says what Logstash would have said. */
static void note_classic(struct parser *parser)
{
    /* Logstash would have stopped earlier, at what it does not know. */
    if (parser->syntax_at == UINT32_MAX || parser->extension_at <= parser->syntax_at) return;
    struct diag *diag = parser->diag;
    for (uint32_t i = parser->said_before; i < diag->count; i++) {
        struct message *message = &diag->messages[i];
        bool is_it = message->severity == SEVERITY_ERROR && message->place.source == parser->lexer.source &&
                     message->place.start == parser->syntax_at;
        if (!is_it) continue;
        struct buf words = {0};
        uint32_t at;
        if (classic_error(parser->lexer.text, &words, &at)) diag_note(diag, message, "%.*s", STR_ARG(buf_str(&words)));
        buf_fini(&words);
        return;
    }
}

/* A string over several lines just before a fault often lacks its closing quote much earlier. */
static void note_long_string(struct parser *parser, struct message *message, uint32_t start)
{
    struct token token = parser->last_string;
    if (token.end == 0 || token.end > start || start - token.end > 1) return;
    struct str text = lexer_text(&parser->lexer, token);
    if (!memchr(text.ptr, '\n', text.len)) return;
    diag_other(parser->diag, message, lexer_place(&parser->lexer, token.start, token.start + 1),
               "this string ends only there: was its closing quote forgotten?");
}

static void note_failed(struct parser *parser, uint32_t start)
{
    parser->has_failed = true;
    if (start > parser->fault_at) parser->fault_at = start;
}

struct message *parser_fault(struct parser *parser, uint32_t start, uint32_t end, const char *format,
                             ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    note_failed(parser, start);
    struct message *message =
        diag_error(parser->diag, lexer_place(&parser->lexer, start, end), "%s", text);
    if (parser->syntax_at == UINT32_MAX) parser->syntax_at = start;
    note_long_string(parser, message, start);
    return message;
}

struct message *parser_error(struct parser *parser, struct place place, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    note_failed(parser, place.start);
    return diag_error(parser->diag, place, "%s", text);
}

uint32_t parser_word_end(const struct parser *parser)
{
    const struct lexer *lexer = &parser->lexer;
    if (lexer_is_end(lexer)) return lexer->at;
    struct token token;
    struct lexer copy = *lexer;
    if (lexer_take(&copy, TOKEN_NAME, &token)) return token.end;
    uint32_t end = lexer->at;
    if (lexer_take(&copy, TOKEN_STRING, &token) &&
        !memchr(lexer->text.ptr + end, '\n', token.end - end))
        return token.end;
    while (end < lexer->text.len && strchr("&|=<>!~+*", lexer->text.ptr[end]) && lexer->text.ptr[end])
        end++;
    if (end > lexer->at) return end;
    size_t bytes;
    utf8_decode(str_from(lexer->text, lexer->at), &bytes);
    return lexer->at + (bytes ? (uint32_t)bytes : 1);
}

static void note_open_brace(struct parser *parser, struct message *message)
{
    if (parser->braces == 0 || parser->braces > AST_DEPTH_MAX) return;
    uint32_t open = parser->brace_at[parser->braces - 1];
    diag_other(parser->diag, message, lexer_place(&parser->lexer, open, open + 1),
               "this `{` is still open");
}

/* At the end of a text the fault is the brace that was never closed. */
static struct message *fault_end(struct parser *parser, const char *what)
{
    uint32_t end = (uint32_t)parser->lexer.text.len;
    struct message *message =
        parser_fault(parser, end, end, "the text ends where %s is expected", what);
    note_open_brace(parser, message);
    return message;
}

static bool fault_unterminated(struct parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    struct message *message = parser_fault(parser, lexer->at, lexer->at + 1, "this string never ends");
    char escape[3] = {'\\', lexer_peek(lexer, 0), '\0'};
    uint32_t end = lexer->at;
    while (end < lexer->text.len && lexer->text.ptr[end] != '\n') end++;
    if (str_find(str_slice(lexer->text, lexer->at, end), str_of(escape)) >= 0)
        diag_hint(parser->diag, message, "a backslash before the quote keeps the string open");
    else
        diag_hint(parser->diag, message, "its closing quote is missing");
    lexer->at++;
    return false;
}

/* At a `#` that is still there where comments were skipped: a lone CR cuts it. */
static struct message *fault_comment(struct parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    while (!lexer_is_end(lexer) && lexer_peek(lexer, 0) != '\r') lexer->at++;
    assert(!lexer_is_end(lexer));
    struct message *message =
        parser_fault(parser, lexer->at, lexer->at + 1, "a carriage return alone does not end a comment");
    diag_hint(parser->diag, message, "end lines by LF or CRLF");
    return message;
}

/* What stands from the current place to `end` is not what is expected. */
static struct message *fault_found(struct parser *parser, uint32_t end, const char *what)
{
    uint32_t start = parser->lexer.at;
    struct str found = str_slice(parser->lexer.text, start, end);
    unsigned char first = (unsigned char)found.ptr[0];
    if (first == '#') return fault_comment(parser);
    bool is_text = first == '"' || first == '\'';
    if (is_text && parser->is_secret) return parser_fault(parser, start, end, "expected %s, found a text", what);
    if (first < ' ' || first == 0x7f)
        return parser_fault(parser, start, end, "expected %s, found a control character (byte 0x%02x)", what, first);
    return parser_fault(parser, start, end, "expected %s, found `%.*s`", what,
                        (int)(found.len < FOUND_SHOWN_MAX ? found.len : FOUND_SHOWN_MAX), found.ptr);
}

bool parser_expected(struct parser *parser, const char *what, const char *hint)
{
    struct lexer *lexer = &parser->lexer;
    char c = lexer_peek(lexer, 0);
    struct message *message;
    struct token token;
    struct lexer copy = *lexer;
    if (lexer_is_end(lexer)) {
        message = fault_end(parser, what);
    } else if ((c == '"' || c == '\'') && !lexer_take(&copy, TOKEN_STRING, &token)) {
        return fault_unterminated(parser);
    } else {
        message = fault_found(parser, parser_word_end(parser), what);
    }
    if (hint && !message->hint.len) diag_hint(parser->diag, message, "%s", hint);
    return false;
}

bool parser_enter(struct parser *parser)
{
    if (parser->depth < AST_DEPTH_MAX) {
        parser->depth++;
        return true;
    }
    struct lexer *lexer = &parser->lexer;
    parser_error(parser, lexer_place(lexer, lexer->at, parser_word_end(parser)),
                 "more than %d levels within each other", AST_DEPTH_MAX);
    return false;
}

bool parser_open(struct parser *parser)
{
    uint32_t at = parser->lexer.at;
    if (!lexer_symbol(&parser->lexer, "{")) return false;
    if (parser->braces < AST_DEPTH_MAX) parser->brace_at[parser->braces] = at;
    parser->braces++;
    return true;
}

void parser_close(struct parser *parser)
{
    bool is_there = lexer_symbol(&parser->lexer, "}");
    assert(is_there && parser->braces > 0);
    parser->braces--;
}

void *parser_grow(struct parser *parser, void *items, uint32_t count, size_t size)
{
    /* Capacities are the powers of two: full exactly when the count is one. */
    if (count != 0 && (count & (count - 1)) != 0) return items;
    void *larger = arena_alloc(parser->arena, size * (count ? (size_t)count * 2 : 1));
    if (count) memcpy(larger, items, size * count);
    return larger;
}

/* ---- going on after a fault ---- */

static bool is_line_start(const struct lexer *lexer)
{
    return lexer->at == 0 || lexer->text.ptr[lexer->at - 1] == '\n';
}

/* `input {`, `filter {`, `output {` or `test "name" {` at the start of a line. */
static bool is_section_ahead(const struct lexer *lexer)
{
    if (!is_line_start(lexer)) return false;
    struct lexer copy = *lexer;
    if (is_test_ahead(lexer, true)) return true;
    if (!lexer_symbol(&copy, "input") && !lexer_symbol(&copy, "filter") &&
        !lexer_symbol(&copy, "output"))
        return false;
    lexer_skip(&copy);
    return lexer_peek(&copy, 0) == '{';
}

/* One byte, string or comment forward; a quote that does not close on its line is just a byte. */
void parser_step(struct lexer *lexer)
{
    struct token token;
    struct lexer copy = *lexer;
    char c = lexer_peek(lexer, 0);
    if ((c == '"' || c == '\'') && lexer_take(&copy, TOKEN_STRING, &token) &&
        !memchr(lexer->text.ptr + token.start, '\n', token.end - token.start)) {
        lexer->at = copy.at;
    } else if (c == '#') {
        while (!lexer_is_end(lexer) && lexer_peek(lexer, 0) != '\n') lexer->at++;
    } else {
        lexer->at++;
    }
}

static void skip_to_section(struct lexer *lexer)
{
    while (!lexer_is_end(lexer) && !is_section_ahead(lexer)) parser_step(lexer);
}

static bool is_option_ahead(const struct lexer *lexer)
{
    struct lexer copy = *lexer;
    struct token token;
    if (!lexer_take(&copy, TOKEN_NAME, &token) && !lexer_take(&copy, TOKEN_STRING, &token)) return false;
    lexer_skip(&copy);
    return lexer_has(&copy, "=>");
}

/* To the next option of a plugin whose braces are `level` deep, or to its `}`. False: neither is
 * there before the next section or the end. */
static bool recover_option(struct parser *parser, uint32_t level)
{
    struct lexer *lexer = &parser->lexer;
    while (!lexer_is_end(lexer) && !is_section_ahead(lexer)) {
        char c = lexer_peek(lexer, 0);
        if (c == '}') {
            if (parser->braces == level) return true;
            parser_close(parser);
        } else if (c == '{') {
            parser_open(parser);
        } else if (c == '\n' && parser->braces == level) {
            lexer_skip(lexer);
            if (is_option_ahead(lexer)) return true;
        } else {
            parser_step(lexer);
        }
    }
    return false;
}

/* To behind the statement in which the fault stands: the end of its last block, or the `}` of the
 * block around it. */
static void recover_statement(struct parser *parser, uint32_t level)
{
    struct lexer *lexer = &parser->lexer;
    while (!lexer_is_end(lexer) && !is_section_ahead(lexer)) {
        char c = lexer_peek(lexer, 0);
        if (c == '{') {
            parser_open(parser);
        } else if (c != '}') {
            parser_step(lexer);
        } else if (parser->braces <= level) {
            return;
        } else {
            parser_close(parser);
            if (parser->braces > level) continue;
            lexer_skip(lexer);
            if (!lexer_has(lexer, "else")) return;
        }
    }
}

bool parser_to_block(struct parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    while (!lexer_is_end(lexer) && !strchr("{}\n", lexer_peek(lexer, 0))) parser_step(lexer);
    return lexer_peek(lexer, 0) == '{';
}

/* ---- plugins ---- */

static bool is_option_end(struct parser *parser, uint32_t before)
{
    return parser->lexer.at > before && is_blank(parser->lexer.text.ptr[before]);
}

/* Between two options: a blank must come directly behind the value, and no comma. */
static void check_separator(struct parser *parser, uint32_t behind_value)
{
    struct lexer *lexer = &parser->lexer;
    if (lexer_peek(lexer, 0) == ',') {
        struct message *message =
            parser_fault(parser, lexer->at, lexer->at + 1, "no comma stands between options");
        diag_hint(parser->diag, message, "remove it");
        lexer->at++;
        lexer_skip(lexer);
    } else if (!is_option_end(parser, behind_value) && !lexer_is_end(lexer) &&
               lexer_peek(lexer, 0) != '}' && is_option_ahead(lexer)) {
        struct message *message = parser_fault(parser, behind_value, behind_value + 1,
                                               "a blank is missing behind the value");
        diag_hint(parser->diag, message, "put one before this");
    }
}

static bool parse_option(struct parser *parser, struct setting *setting)
{
    struct lexer *lexer = &parser->lexer;
    struct token name;
    if (!lexer_take(lexer, TOKEN_NAME, &name) && !lexer_take(lexer, TOKEN_STRING, &name))
        return parser_expected(parser, "an option or `}`",
                               lexer_has(lexer, "=>") ? "the option before this has no value" : NULL);
    bool is_quoted = name.kind == TOKEN_STRING;
    setting->key_place = lexer_place(lexer, name.start, name.end);
    setting->key = str_slice(lexer->text, name.start + is_quoted, name.end - is_quoted);
    parser->is_secret = secret_is_name(setting->key);
    lexer_skip(lexer);
    if (lexer_peek(lexer, 0) == '}') {
        struct message *message =
            parser_fault(parser, name.start, name.end, "the option `%.*s` has no value", STR_ARG(setting->key));
        diag_hint(parser->diag, message, "write %.*s => …; a value of several words needs quotes",
                  STR_ARG(setting->key));
        return false;
    }
    if (!lexer_symbol(lexer, "=>")) {
        bool is_other_sign = strchr("=:", lexer_peek(lexer, 0)) && !lexer_is_end(lexer);
        return parser_expected(parser, "`=>`",
                               is_other_sign ? "write `=>` here" : "write `=>` before this");
    }
    lexer_skip(lexer);
    bool is_read = parse_value(parser, &setting->value);
    parser->is_secret = false;
    return is_read;
}

bool parse_settings(struct parser *parser, bool is_codec_single, struct str plugin,
                    struct setting **settings, uint32_t *count)
{
    struct lexer *lexer = &parser->lexer;
    uint32_t level = parser->braces;
    assert(level > 0);
    *count = 0;
    lexer_skip(lexer);
    while (lexer_peek(lexer, 0) != '}') {
        struct setting setting = {0};
        if (*count == AST_SETTINGS_MAX) {
            parser_error(parser, lexer_place(lexer, lexer->at, parser_word_end(parser)),
                         "a plugin has more than %d options", AST_SETTINGS_MAX);
            return false;
        }
        if (parse_option(parser, &setting)) {
            uint32_t behind = lexer->at;
            *settings = parser_grow(parser, *settings, *count, sizeof **settings);
            (*settings)[(*count)++] = setting;
            lexer_skip(lexer);
            check_separator(parser, behind);
        } else if (!recover_option(parser, level)) {
            return false;
        }
    }
    parser_close(parser);
    merge_settings(parser, is_codec_single, plugin, *settings, count);
    return true;
}

static bool is_near(struct str word, struct str keyword)
{
    return suggest(word, &keyword, 1).len > 0;
}

static bool fault_no_block(struct parser *parser, struct token name)
{
    struct lexer *lexer = &parser->lexer;
    struct str word = lexer_text(lexer, name);
    const char *hint = NULL;
    if (str_eq_z(word, "elsif") || str_eq_z(word, "elif")) hint = "write `else if`";
    else if (strchr("[(!\"", lexer_peek(lexer, 0)) && is_near(word, STR("if"))) hint = "did you mean `if`?";
    else if (str_starts(word, STR("else")) || is_near(word, STR("else")))
        hint = "write else { … } directly behind the block of its `if`";
    if (!hint) return parser_expected(parser, "`{` after the plugin's name", NULL);
    struct message *message =
        parser_fault(parser, name.start, name.end, "`%.*s` begins no statement", STR_ARG(word));
    diag_hint(parser->diag, message, "%s", hint);
    return false;
}

/* At `{`: do statements stand within? Of options `=>` comes behind a name. */
static bool is_block_ahead(const struct lexer *lexer)
{
    struct lexer copy = *lexer;
    struct token name;
    if (!lexer_symbol(&copy, "{")) return false;
    lexer_skip(&copy);
    if (!lexer_take(&copy, TOKEN_NAME, &name)) return false;
    bool is_if = str_eq_z(lexer_text(&copy, name), "if");
    lexer_skip(&copy);
    return lexer_peek(&copy, 0) == '{' || (is_if && lexer_peek(&copy, 0) != '=');
}

/* An `else` where none can be, or one that is mistyped. */
static bool fault_else(struct parser *parser, struct token name)
{
    struct str word = lexer_text(&parser->lexer, name);
    struct message *message =
        parser_fault(parser, name.start, name.end, "`%.*s` begins no statement", STR_ARG(word));
    if (str_eq_z(word, "else"))
        diag_hint(parser->diag, message, "write else { … } directly behind the block of its `if`");
    else
        diag_hint(parser->diag, message, "did you mean `else`?");
    return false;
}

static bool parse_plugin(struct parser *parser, bool is_filter, struct plugin_block *plugin)
{
    struct lexer *lexer = &parser->lexer;
    struct token name;
    if (!lexer_take(lexer, TOKEN_NAME, &name) && !lexer_take(lexer, TOKEN_STRING, &name))
        return parser_expected(parser, "a plugin, `if` or `}`", NULL);
    plugin->is_quoted = name.kind == TOKEN_STRING;
    plugin->name = lexer_text(lexer, name);
    plugin->name_place = lexer_place(lexer, name.start, name.end);
    lexer_skip(lexer);
    if (is_near(plugin->name, STR("else")) && is_block_ahead(lexer)) return fault_else(parser, name);
    if (!parser_open(parser)) return fault_no_block(parser, name);
    uint32_t errors = parser->diag->errors;
    parser->is_secret = false;
    if (!parse_settings(parser, !is_filter, plugin->name, &plugin->settings, &plugin->setting_count))
        return false;
    plugin->has_fault = parser->diag->errors != errors;
    plugin->place = lexer_place(lexer, name.start, lexer->at);
    return true;
}

/* ---- branches ---- */

/* Does `if` at the current place open a branch? `iffy {` and `if {` are plugins. */
static bool is_branch_ahead(const struct lexer *lexer)
{
    struct lexer copy = *lexer;
    struct token name, number;
    if (!lexer_has(&copy, "if") || !lexer_take(&copy, TOKEN_NAME, &name)) return false;
    uint32_t behind_name = copy.at;
    lexer_skip(&copy);
    if (lexer_peek(&copy, 0) != '{') return name.end - name.start == 2 || lexer_peek(&copy, 0) == '(';
    copy.at = name.start + 2; /* `if5 {` reads as a condition that is a number */
    return lexer_take(&copy, TOKEN_NUMBER, &number) && number.end == behind_name;
}

static bool parse_arm(struct parser *parser, enum section_kind section, uint32_t keyword,
                      bool has_condition, struct branch *branch)
{
    struct lexer *lexer = &parser->lexer;
    struct branch_arm arm = {.place = lexer_place(lexer, keyword, lexer->at)};
    lexer_skip(lexer);
    if (has_condition) {
        uint32_t level = parser->braces;
        arm.condition = parse_condition(parser);
        if (!arm.condition) parser->braces = level;
        if (!arm.condition && !parser_to_block(parser)) return false;
        lexer_skip(lexer);
    }
    if (!parse_block(parser, section, &arm.block)) return false;
    arm.close = lexer_place(lexer, lexer->at - 1, lexer->at);
    branch->arms = parser_grow(parser, branch->arms, branch->count, sizeof *branch->arms);
    branch->arms[branch->count++] = arm;
    return true;
}

/* Takes `else`, `else if` when an arm follows here. A plugin may be called `else` or `elsewhere`,
 * but not directly behind a block of a branch. */
static bool take_else(struct lexer *lexer, bool *has_condition)
{
    struct lexer copy = *lexer;
    if (!lexer_symbol(&copy, "else")) return false;
    uint32_t behind = copy.at;
    lexer_skip(&copy);
    *has_condition = false;
    if (lexer_peek(&copy, 0) != '{') {
        if (!is_branch_ahead(&copy)) return false;
        lexer_symbol(&copy, "if");
        behind = copy.at;
        *has_condition = true;
    }
    *lexer = copy;
    lexer->at = behind;
    return true;
}

static bool parse_branch(struct parser *parser, enum section_kind section, struct branch *branch)
{
    struct lexer *lexer = &parser->lexer;
    uint32_t keyword = lexer->at;
    lexer_symbol(lexer, "if");
    bool has_condition = true;
    for (;;) {
        if (!parse_arm(parser, section, keyword, has_condition, branch)) return false;
        uint32_t behind = lexer->at;
        lexer_skip(lexer);
        keyword = lexer->at;
        if (!has_condition || !take_else(lexer, &has_condition)) {
            lexer->at = behind;
            return true;
        }
    }
}

/* ---- statements and sections ---- */

void statements_add(struct parser *parser, struct statements *list, struct statement statement)
{
    list->items = parser_grow(parser, list->items, list->count, sizeof *list->items);
    list->items[list->count++] = statement;
}

/* A loop is run for one event after the other, a filter for many at once. */
static void fault_in_loop(struct parser *parser, const struct plugin_block *plugin)
{
    diag_hint(parser->diag,
              parser_error(parser, plugin->name_place, "the filter `%.*s` cannot stand within `for`",
                           STR_ARG(plugin->name)),
              "put it before or behind the loop; fields are set by [field] = value");
}

static void warn_unreachable(struct parser *parser, const struct statements *list)
{
    enum statement_kind last = list->count ? list->items[list->count - 1].kind : STATEMENT_PLUGIN;
    if (last != STATEMENT_BREAK && last != STATEMENT_CONTINUE) return;
    uint32_t start = parser->lexer.at;
    diag_hint(parser->diag,
              diag_warning(parser->diag, lexer_place(&parser->lexer, start, parser_word_end(parser)),
                           "this is never reached"),
              "it stands behind `%s`", last == STATEMENT_BREAK ? "break" : "continue");
}

static bool parse_statement(struct parser *parser, enum section_kind section,
                            struct statements *list)
{
    struct statement statement = {0};
    bool is_read;
    if (++parser->statements > AST_STATEMENTS_MAX) {
        parser_error(parser, lexer_place(&parser->lexer, parser->lexer.at, parser->lexer.at),
                     "more than %d plugins and branches in one text", AST_STATEMENTS_MAX);
        parser->lexer.at = (uint32_t)parser->lexer.text.len;
        return false;
    }
    parser->lexer.mark = MARK_STATEMENT;
    warn_unreachable(parser, list);
    if (is_own_ahead(&parser->lexer, &statement)) {
        parse_own(parser, section, statement, list);
        return true;
    }
    if (is_branch_ahead(&parser->lexer)) {
        statement.kind = STATEMENT_BRANCH;
        statement.branch = arena_zalloc(parser->arena, sizeof *statement.branch);
        uint32_t start = parser->lexer.at;
        is_read = parse_branch(parser, section, statement.branch);
        if (section == SECTION_INPUT)
            diag_hint(parser->diag,
                      diag_warning(parser->diag, lexer_place(&parser->lexer, start, start + 2),
                                   "conditions have no effect on inputs: all of them are started"),
                      "move the condition into a filter");
    } else {
        statement.kind = STATEMENT_PLUGIN;
        statement.plugin = arena_zalloc(parser->arena, sizeof *statement.plugin);
        is_read = parse_plugin(parser, section == SECTION_FILTER, statement.plugin);
    }
    if (!is_read) return false;
    if (parser->loops && statement.kind == STATEMENT_PLUGIN) fault_in_loop(parser, statement.plugin);
    else statements_add(parser, list, statement);
    return true;
}

/* The end of the text or a section where the `}` of a block should be. */
static void fault_unclosed(struct parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    if (lexer_is_end(lexer)) {
        fault_end(parser, "`}`");
        return;
    }
    note_open_brace(parser, parser_fault(parser, lexer->at, parser_word_end(parser),
                                         "a section begins before `}`"));
}

bool is_statement_ahead(const struct lexer *lexer)
{
    struct lexer copy = *lexer;
    struct statement own;
    struct token token;
    if (is_branch_ahead(lexer)) return true;
    if (lexer_take(&copy, TOKEN_REFERENCE, &token)) {
        lexer_skip(&copy);
        return lexer_peek(&copy, 0) == '=' && !strchr("=>~", lexer_peek(&copy, 1));
    }
    if (lexer_peek(lexer, 0) != '[' && is_own_ahead(lexer, &own)) return true;
    if (!lexer_take(&copy, TOKEN_NAME, &token)) return false;
    lexer_skip(&copy);
    return lexer_peek(&copy, 0) == '{';
}

void parse_statements(struct parser *parser, enum section_kind section, struct statements *list)
{
    struct lexer *lexer = &parser->lexer;
    uint32_t level = parser->braces;
    for (;;) {
        lexer_skip(lexer);
        if (lexer_is_end(lexer) || lexer_peek(lexer, 0) == '}' || is_section_ahead(lexer)) return;
        uint32_t before = lexer->at;
        if (parse_statement(parser, section, list)) continue;
        recover_statement(parser, level);
        if (lexer->at == before) parser_step(lexer);
    }
}

bool parse_block(struct parser *parser, enum section_kind section, struct statements *list)
{
    struct lexer *lexer = &parser->lexer;
    if (!parser_enter(parser)) return false;
    uint32_t names = parser->scope.count;
    lexer->mark = MARK_BLOCK;
    bool is_open = parser_open(parser);
    assert(is_open && "callers have seen the brace");
    uint32_t level = parser->braces;
    parse_statements(parser, section, list);
    bool is_read = parser->braces == level && lexer_peek(lexer, 0) == '}';
    if (is_read) parser_close(parser);
    else if (!parser->has_failed) fault_unclosed(parser);
    scope_leave(parser, names);
    parser_leave(parser);
    return is_read;
}

const char *section_name(enum section_kind section)
{
    static const char *const names[] = {"input", "filter", "output"};
    assert(section < SECTION_KINDS);
    return names[section];
}

static bool take_section(struct lexer *lexer, enum section_kind *section)
{
    for (int i = 0; i < SECTION_KINDS; i++) {
        *section = (enum section_kind)i;
        if (lexer_symbol(lexer, section_name(*section))) return true;
    }
    return false;
}

/* What stands where a section should: says it and looks for the next one. */
static void fault_section(struct parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    uint32_t start = lexer->at, end = parser_word_end(parser);
    struct str word = str_slice(lexer->text, start, end);
    struct message *message;
    if (word.ptr[0] == '}') {
        message = parser_fault(parser, start, end, "this `}` closes nothing");
        diag_hint(parser->diag, message, "remove it, or write the `{` that is missing before");
    } else if (word.ptr[0] == '#') {
        fault_comment(parser);
        end = lexer->at;
    } else {
        static const struct str names[] = {{"input", 5}, {"filter", 6}, {"output", 6}, {"test", 4}};
        message = fault_found(parser, end, "a section");
        struct str near = suggest(word, names, sizeof names / sizeof *names);
        if (near.len) diag_hint(parser->diag, message, "did you mean `%.*s`?", STR_ARG(near));
        else diag_hint(parser->diag, message, "sections are input, filter and output");
    }
    lexer->at = end;
    skip_to_section(lexer);
}

static void parse_section(struct parser *parser, struct config *config)
{
    struct lexer *lexer = &parser->lexer;
    enum section_kind section;
    uint32_t start = lexer->at;
    parser->braces = 0;
    lexer->mark = MARK_STATEMENT;
    if (is_test_ahead(lexer, false)) {
        if (!parse_test(parser, config)) skip_to_section(lexer);
        return;
    }
    if (!take_section(lexer, &section) || is_name_char(lexer_peek(lexer, 0))) {
        lexer->at = start;
        fault_section(parser);
        return;
    }
    lexer_skip(lexer);
    if (lexer_peek(lexer, 0) == '{') {
        parse_block(parser, section, &config->sections[section]);
        return;
    }
    parser_expected(parser, "`{` behind the section's name", NULL);
    skip_to_section(lexer);
}

bool parse_source(struct config *config, const struct source_text *source,
                  const struct parse_options *options, struct arena *arena, struct diag *diag)
{
    struct parser parser = {.options = options, .arena = arena, .diag = diag,
                            .extension_at = UINT32_MAX, .syntax_at = UINT32_MAX, .said_before = diag->count};
    lexer_init(&parser.lexer, source);
    parser.lexer.log = options->tokens;
    lexer_skip(&parser.lexer);
    while (!lexer_is_end(&parser.lexer)) {
        parse_section(&parser, config);
        lexer_skip(&parser.lexer);
    }
    note_classic(&parser);
    assert(parser.scope.count == 0);
    if (parser.scope.most > config->slots) config->slots = parser.scope.most;
    if (options->tokens) options->tokens->count = parser.lexer.taken;
    return !parser.has_failed;
}
