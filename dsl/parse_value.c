/* SPDX-License-Identifier: Apache-2.0 */
/* Values of options: strings, words, numbers, arrays, hashes, plugins (codecs). */
#include "core/text/secrets.h"
#include "core/xmalloc.h"
#include "dsl/parse.h"
#include <stdlib.h>

/* ---- strings ---- */

/* What `\c` stands for; 0xff: the two characters stay. */
static unsigned char unescape(char c)
{
    switch (c) {
    case '"': case '\'': case '\\': return (unsigned char)c;
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case '0': return '\0';
    }
    return 0xff;
}

struct str parse_string_text(struct parser *parser, struct token token)
{
    assert(token.kind == TOKEN_STRING && token.end - token.start >= 2);
    struct str text = str_slice(parser->lexer.text, token.start + 1, token.end - 1);
    parser->last_string = token;
    if (!parser->options->has_escapes || !memchr(text.ptr, '\\', text.len)) return text;
    char *out = arena_alloc(parser->arena, text.len);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = 0xff;
        if (text.ptr[i] == '\\' && i + 1 < text.len) c = unescape(text.ptr[i + 1]);
        if (c == 0xff) out[len++] = text.ptr[i];
        else out[len++] = (char)c, i++;
    }
    return (struct str){out, len};
}

/* ---- words and numbers ---- */

static bool is_word_end(char c) { return is_blank(c) || (c && strchr("{}[](),#\"'=", c)); }

/* `5m`, `a.b`, `/path`, `x`: read as the string that was meant. */
static bool fault_unquoted(struct parser *parser, struct config_value *value, uint32_t start)
{
    struct lexer *lexer = &parser->lexer;
    lexer->at = start;
    while (!lexer_is_end(lexer) && !is_word_end(lexer_peek(lexer, 0))) lexer->at++;
    if (lexer->at == start) return parser_expected(parser, "a value", NULL);
    struct str word = str_slice(lexer->text, start, lexer->at);
    if (word.len > 200) word.len = 200;
    if (parser->is_secret) {
        parser_fault(parser, start, lexer->at, "this value needs quotes");
    } else {
        struct message *message =
            parser_fault(parser, start, lexer->at, "`%.*s` needs quotes", STR_ARG(word));
        diag_hint(parser->diag, message, "write \"%.*s\"", STR_ARG(word));
    }
    *value = (struct config_value){.kind = CONFIG_STRING,
                                   .place = lexer_place(lexer, start, lexer->at),
                                   .text = str_slice(lexer->text, start, lexer->at)};
    return true;
}

bool parse_number(struct parser *parser, struct config_value *value)
{
    struct token token;
    struct lexer *lexer = &parser->lexer;
    if (!lexer_take(lexer, TOKEN_NUMBER, &token)) return false;
    *value = (struct config_value){.kind = CONFIG_NUMBER,
                                   .place = lexer_place(lexer, token.start, token.end),
                                   .text = lexer_text(lexer, token)};
    int64_t integer;
    double real;
    enum number_form form = token.end - token.start > NUMBER_CHARS_MAX
                                ? NUMBER_TOO_LARGE
                                : config_number(value->text, &integer, &real);
    bool has_leading_zero = form == NUMBER_INT && value->text.len > 1 && integer != 0 &&
                            value->text.ptr[value->text.ptr[0] == '-'] == '0';
    if (has_leading_zero) {
        struct message *message = diag_warning(parser->diag, value->place,
                                               "a leading 0 makes this octal: it is %lld",
                                               (long long)integer);
        diag_hint(parser->diag, message, "write %lld, or put it in quotes", (long long)integer);
    } else if (form == NUMBER_BAD_OCTAL) {
        struct message *message = parser_error(parser, value->place,
                                               "a leading 0 makes this octal, where 8 and 9 are no digits");
        diag_hint(parser->diag, message, "remove the 0, or put it in quotes");
    } else if (form == NUMBER_TOO_LARGE) {
        diag_hint(parser->diag, parser_error(parser, value->place, "this number is too large"),
                  "put it in quotes");
    }
    return true;
}

static bool parse_word(struct parser *parser, struct config_value *value)
{
    struct lexer *lexer = &parser->lexer;
    uint32_t start = lexer->at;
    struct token token;
    bool is_word = lexer_take(lexer, TOKEN_BAREWORD, &token);
    struct lexer copy = *lexer;
    bool is_number = !is_word && lexer_take(&copy, TOKEN_NUMBER, &token);
    char next = lexer_peek(is_number ? &copy : lexer, 0);
    bool is_whole = (is_word || is_number) &&
                    (is_word_end(next) || lexer_is_end(is_number ? &copy : lexer));
    if (!is_whole) return fault_unquoted(parser, value, start);
    if (is_number) return parse_number(parser, value);
    *value = (struct config_value){.kind = CONFIG_BAREWORD,
                                   .place = lexer_place(lexer, token.start, token.end),
                                   .text = lexer_text(lexer, token)};
    return true;
}

/* ---- arrays and hashes ---- */

static bool count_item(struct parser *parser)
{
    if (++parser->items <= AST_ITEMS_MAX) return true;
    struct lexer *lexer = &parser->lexer;
    parser_error(parser, lexer_place(lexer, lexer->at, lexer->at),
                 "more than %d values in one text", AST_ITEMS_MAX);
    lexer->at = (uint32_t)lexer->text.len;
    return false;
}

static void add_item(struct parser *parser, struct config_value *array, struct config_value item)
{
    if (item.kind == CONFIG_PLUGIN) {
        diag_hint(parser->diag,
                  diag_warning(parser->diag, item.place, "a plugin within an array has no effect"),
                  "remove it");
        return;
    }
    array->items = parser_grow(parser, array->items, array->count, sizeof *array->items);
    array->items[array->count++] = item;
}

/* Behind an item: true when another one follows. */
static bool take_comma(struct parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    lexer_skip(lexer);
    uint32_t comma = lexer->at;
    if (!lexer_symbol(lexer, ",")) return false;
    lexer_skip(lexer);
    if (lexer_peek(lexer, 0) != ']') return true;
    diag_hint(parser->diag, parser_fault(parser, comma, comma + 1, "no comma stands before `]`"),
              "remove it");
    return false;
}

bool parse_array(struct parser *parser, struct config_value *value)
{
    struct lexer *lexer = &parser->lexer;
    uint32_t start = lexer->at;
    *value = (struct config_value){.kind = CONFIG_ARRAY};
    lexer_symbol(lexer, "[");
    lexer_skip(lexer);
    bool has_more = lexer_peek(lexer, 0) != ']';
    while (has_more) {
        struct config_value item = {0};
        if (!count_item(parser) || !parse_value(parser, &item)) return false;
        add_item(parser, value, item);
        has_more = take_comma(parser);
    }
    if (!lexer_symbol(lexer, "]")) return parser_expected(parser, "`,` or `]`", NULL);
    value->place = lexer_place(lexer, start, lexer->at);
    return true;
}

static bool parse_key(struct parser *parser, struct config_value *key)
{
    struct lexer *lexer = &parser->lexer;
    struct token token;
    if (lexer_take(lexer, TOKEN_STRING, &token)) {
        *key = (struct config_value){.kind = CONFIG_STRING,
                                     .place = lexer_place(lexer, token.start, token.end),
                                     .text = parse_string_text(parser, token)};
        return true;
    }
    char c = lexer_peek(lexer, 0);
    if (lexer_is_end(lexer) || !(is_name_char(c) || c == '@' || c == '/'))
        return parser_expected(parser, "a key or `}`", c == '[' ? "a field needs quotes here" : NULL);
    return parse_word(parser, key);
}

/* Entries written twice: the same source text is an error, as in Logstash; the same key in other
 * quotes replaces the first silently there, and with a warning here. */
static void check_duplicate(struct parser *parser, struct config_value *hash, uint32_t earlier,
                            uint32_t later)
{
    struct place first = hash->keys[earlier].place, second = hash->keys[later].place;
    struct str text = parser->lexer.text;
    struct str key = hash->keys[later].text;
    struct message *message;
    if (str_eq(str_slice(text, first.start, first.end), str_slice(text, second.start, second.end)))
        diag_hint(parser->diag,
                  message = parser_error(parser, second, "the key `%.*s` is there twice", STR_ARG(key)),
                  "remove one");
    else
        message = diag_warning(parser->diag, second, "the key `%.*s` is there twice: this one counts",
                               STR_ARG(key));
    diag_other(parser->diag, message, first, "first defined here");
}

/* Open addressing over the keys' hashes: generated hashes are large. */
static void check_duplicates(struct parser *parser, struct config_value *hash)
{
    uint32_t slots = 16;
    while (slots < hash->count * 2) slots *= 2;
    uint32_t *table = xcalloc(slots, sizeof *table);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < hash->count; i++) {
        uint32_t at = key_hash(hash->keys[i].text) & (slots - 1);
        while (table[at] && !str_eq(hash->keys[table[at] - 1].text, hash->keys[i].text))
            at = (at + 1) & (slots - 1);
        if (table[at]) {
            check_duplicate(parser, hash, table[at] - 1, i);
            hash->items[table[at] - 1] = hash->items[i];
            continue;
        }
        hash->keys[kept] = hash->keys[i];
        hash->items[kept] = hash->items[i];
        table[at] = ++kept;
    }
    hash->count = kept;
    free(table);
}

static bool parse_entry(struct parser *parser, struct config_value *hash)
{
    struct lexer *lexer = &parser->lexer;
    struct config_value key = {0}, item = {0};
    if (!parse_key(parser, &key)) return false;
    lexer_skip(lexer);
    if (!lexer_symbol(lexer, "=>")) return parser_expected(parser, "`=>` behind the key", NULL);
    lexer_skip(lexer);
    bool was_secret = parser->is_secret;
    parser->is_secret |= secret_is_name(key.text);
    bool is_read = parse_value(parser, &item);
    parser->is_secret = was_secret;
    if (!is_read) return false;
    if (item.kind == CONFIG_PLUGIN)
        parser_error(parser, item.place, "a plugin cannot be a value of a hash");
    hash->keys = parser_grow(parser, hash->keys, hash->count, sizeof *hash->keys);
    hash->items = parser_grow(parser, hash->items, hash->count, sizeof *hash->items);
    hash->keys[hash->count] = key;
    hash->items[hash->count++] = item;
    return true;
}

static bool parse_hash(struct parser *parser, struct config_value *value)
{
    struct lexer *lexer = &parser->lexer;
    uint32_t start = lexer->at;
    *value = (struct config_value){.kind = CONFIG_HASH};
    parser_open(parser);
    lexer_skip(lexer);
    while (lexer_peek(lexer, 0) != '}') {
        if (!count_item(parser) || !parse_entry(parser, value)) return false;
        lexer_skip(lexer);
        uint32_t comma = lexer->at;
        if (!lexer_symbol(lexer, ",")) continue;
        diag_hint(parser->diag,
                  parser_fault(parser, comma, comma + 1, "no comma stands between entries of a hash"),
                  "remove it");
        lexer_skip(lexer);
    }
    parser_close(parser);
    value->place = lexer_place(lexer, start, lexer->at);
    check_duplicates(parser, value);
    return true;
}

/* ---- any value ---- */

/* A name with `{` behind it. */
static bool is_plugin_ahead(const struct lexer *lexer)
{
    struct lexer copy = *lexer;
    struct token token;
    if (!lexer_take(&copy, TOKEN_NAME, &token) && !lexer_take(&copy, TOKEN_STRING, &token)) return false;
    lexer_skip(&copy);
    return lexer_peek(&copy, 0) == '{';
}

static bool parse_nested_plugin(struct parser *parser, struct config_value *value)
{
    struct lexer *lexer = &parser->lexer;
    struct token token;
    *value = (struct config_value){.kind = CONFIG_PLUGIN};
    if (lexer_take(lexer, TOKEN_NAME, &token)) {
        value->text = lexer_text(lexer, token);
    } else {
        lexer_take(lexer, TOKEN_STRING, &token);
        value->text = parse_string_text(parser, token);
    }
    lexer_skip(lexer);
    parser_open(parser);
    if (!parse_settings(parser, false, value->text, &value->settings, &value->count)) return false;
    /* Complaints about the plugin point at its name. */
    value->place = lexer_place(lexer, token.start, token.end);
    return true;
}

static bool parse_any(struct parser *parser, struct config_value *value)
{
    struct lexer *lexer = &parser->lexer;
    struct token token;
    char c = lexer_peek(lexer, 0);
    if (is_plugin_ahead(lexer)) return parse_nested_plugin(parser, value);
    if (c == '[') return parse_array(parser, value);
    if (c == '{') return parse_hash(parser, value);
    if (c == '"' || c == '\'') {
        if (!lexer_take(lexer, TOKEN_STRING, &token)) return parser_expected(parser, "a value", NULL);
        *value = (struct config_value){.kind = CONFIG_STRING,
                                       .place = lexer_place(lexer, token.start, token.end),
                                       .text = parse_string_text(parser, token)};
        return true;
    }
    if (lexer_is_end(lexer) || is_word_end(c)) return parser_expected(parser, "a value", NULL);
    return parse_word(parser, value);
}

bool parse_value(struct parser *parser, struct config_value *value)
{
    if (!parser_enter(parser)) return false;
    bool is_read = parse_any(parser, value);
    parser_leave(parser);
    return is_read;
}
