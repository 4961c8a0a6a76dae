/* SPDX-License-Identifier: Apache-2.0 */
/* Texts, patterns and %-literals. */
#include "core/ruby/parse.h"
#include "core/text/utf8.h"

/* A text as it is put together: what is known so far, and finished parts when there is `#{ }`. */
struct piece {
    struct buf text;
    struct node_list parts;
};

static void piece_end(struct ruby_parser *p, struct piece *piece, size_t start)
{
    if (!piece->text.len) return;
    node_add(p, &piece->parts,
             node_value(p, ruby_string(arena_copy(p->arena, buf_str(&piece->text))), start));
    buf_clear(&piece->text);
}

static bool interpolate(struct ruby_parser *p, struct piece *piece, size_t start)
{
    piece_end(p, piece, start);
    p->at += 2;
    struct ruby_node *inner = read_statements(p);
    if (!inner || !want_sign(p, "}")) return false;
    node_add(p, &piece->parts, inner);
    return true;
}

static uint32_t digits_read(struct ruby_parser *p, unsigned base, unsigned most)
{
    uint32_t number = 0;
    for (unsigned i = 0; i < most; i++, p->at++) {
        char c = peek(p);
        unsigned digit = is_digit(c)                          ? (unsigned)(c - '0')
                         : (c | 32) >= 'a' && (c | 32) <= 'f' ? (unsigned)((c | 32) - 'a' + 10)
                                                              : 99;
        if (digit >= base) break;
        number = number * base + digit;
    }
    return number;
}

/* Behind the backslash of a text in double quotes. */
static bool escape_read(struct ruby_parser *p, struct buf *out)
{
    static const char from[] = "ntresabfv", to[] = "\n\t\r\x1b \a\b\f\v";
    char c = peek(p);
    const char *known = c ? strchr(from, c) : NULL;
    if (known) {
        p->at++;
        buf_append_char(out, to[known - from]);
    } else if (c == 'u') {
        p->at++;
        bool has_brace = take_sign(p, "{");
        uint32_t code = digits_read(p, 16, has_brace ? 6 : 4);
        char bytes[4];
        if ((has_brace && !take_sign(p, "}")) || code > 0x10ffff ||
            (code >= 0xd800 && code < 0xe000))
            return read_error(p, p->at - 1, p->at, "this is no character"), false;
        buf_append(out, (struct str){bytes, utf8_encode(code, bytes)});
    } else if (c == 'x') {
        p->at++;
        buf_append_char(out, (char)digits_read(p, 16, 2));
    } else if (c >= '0' && c <= '7') {
        buf_append_char(out, (char)digits_read(p, 8, 3));
    } else if (c == '\n') {
        p->at++;
    } else if (!at_end(p)) {
        buf_append_char(out, c);
        p->at++;
    }
    return true;
}

static char closing_of(char open)
{
    return (char)(open == '('   ? ')'
                  : open == '[' ? ']'
                  : open == '{' ? '}'
                  : open == '<' ? '>'
                                : open);
}

/* Up to `close`; `is_raw`: single quotes. */
static struct ruby_node *text_read(struct ruby_parser *p, char open, char close, bool is_raw,
                                   size_t start)
{
    struct piece piece = {.text = {0}};
    uint32_t depth = 0;
    struct ruby_node *node = NULL;
    for (;;) {
        char c = peek(p);
        if (at_end(p)) {
            read_error(p, start, start + 1, "this text has no end");
            break;
        }
        if (c == close && !depth) {
            p->at++;
            if (!piece.parts.count) {
                node =
                    node_value(p, ruby_string(arena_copy(p->arena, buf_str(&piece.text))), start);
                break;
            }
            piece_end(p, &piece, start);
            node = node_new(p, do_template, start);
            node->items = piece.parts.items;
            node->count = piece.parts.count;
            break;
        }
        if (open != close && c == open) depth++;
        if (open != close && c == close) depth--;
        if (c == '\\' && is_raw) {
            char next = peek_at(p, p->at + 1);
            bool is_escape = next == '\\' || next == close || next == open;
            p->at += is_escape ? 2 : 1;
            buf_append_char(&piece.text, is_escape ? next : '\\');
        } else if (c == '\\') {
            p->at++;
            if (!escape_read(p, &piece.text)) break;
        } else if (c == '#' && peek_at(p, p->at + 1) == '{' && !is_raw) {
            if (!interpolate(p, &piece, start)) break;
        } else {
            buf_append_char(&piece.text, c);
            p->at++;
        }
    }
    buf_fini(&piece.text);
    return node;
}

struct ruby_node *read_string(struct ruby_parser *p)
{
    size_t start = p->at;
    char quote = p->text.ptr[p->at++];
    if (quote == '`')
        return read_error(p, start, start + 1, "commands of the system cannot be run");
    return text_read(p, quote, quote, quote == '\'', start);
}

/* A pattern up to `close` and its flags. */
struct ruby_node *read_regex(struct ruby_parser *p, char close)
{
    size_t start = p->at - 1;
    struct piece piece = {.text = {0}};
    struct ruby_node *node = NULL;
    bool ok = true;
    for (; ok && !at_end(p) && peek(p) != close;) {
        char c = peek(p), next = peek_at(p, p->at + 1);
        if (c == '#' && next == '{') {
            ok = interpolate(p, &piece, start);
        } else if (c == '\\' && p->at + 1 < p->text.len) {
            if (next != '/') buf_append_char(&piece.text, c);
            buf_append_char(&piece.text, next);
            p->at += 2;
        } else {
            buf_append_char(&piece.text, c);
            p->at++;
        }
    }
    if (ok && at_end(p)) read_error(p, start, start + 1, "this pattern has no end"), ok = false;
    if (!ok) return buf_fini(&piece.text), NULL;
    p->at++;
    unsigned options = 0;
    for (; is_letter(peek(p)); p->at++) {
        char c = peek(p);
        if (c == 'i')
            options |= REGEX_CASELESS;
        else if (c == 'm')
            options |= REGEX_DOTALL;
        else if (c == 'x')
            options |= REGEX_EXTENDED;
        else if (c != 'o' && c != 'u' && c != 'n') {
            buf_fini(&piece.text);
            return read_error(p, p->at, p->at + 1, "patterns have no flag `%c`", c);
        }
    }
    if (!piece.parts.count) {
        struct regex_problem problem;
        struct regex *regex = ruby_regex_compile(buf_str(&piece.text), options, p->arena, &problem);
        if (!regex) {
            read_error(p, start + 1, p->at, "%s", problem.text);
        } else {
            struct ruby_regex *owned = arena_alloc(p->arena, sizeof *owned);
            *owned = (struct ruby_regex){regex, p->ruby->regexes};
            p->ruby->regexes = owned;
            node = node_value(p, ruby_of_pointer(RUBY_REGEX, regex), start);
            node->name = arena_copy(p->arena, buf_str(&piece.text));
        }
    } else {
        piece_end(p, &piece, start);
        node = node_new(p, do_pattern, start);
        node->items = piece.parts.items;
        node->count = piece.parts.count;
        node->slot = options;
    }
    buf_fini(&piece.text);
    return node;
}

static struct ruby_node *words_read(struct ruby_parser *p, char close, bool are_symbols,
                                    size_t start)
{
    struct node_list list = {0};
    for (;;) {
        while (is_blank(peek(p)) && !at_end(p)) p->at++;
        if (at_end(p)) return read_error(p, start, start + 2, "this list of words has no end");
        if (take_sign(p, (char[]){close, '\0'})) break;
        size_t at = p->at;
        while (!at_end(p) && !is_blank(peek(p)) && peek(p) != close) p->at++;
        struct str word = str_slice(p->text, at, p->at);
        node_add(p, &list, node_value(p, are_symbols ? ruby_symbol(word) : ruby_string(word), at));
    }
    struct ruby_node *node = node_new(p, do_list, start);
    node->items = list.items;
    node->count = list.count;
    return node;
}

struct ruby_node *read_words(struct ruby_parser *p)
{
    size_t start = p->at++;
    char kind = peek(p);
    if (is_letter(kind)) p->at++;
    char open = peek(p);
    if (at_end(p) || is_name(open) || is_blank(open))
        return read_error(p, start, start + 1, "a value is expected here");
    p->at++;
    char close = closing_of(open);
    if (kind == 'w' || kind == 'W') return words_read(p, close, false, start);
    if (kind == 'i' || kind == 'I') return words_read(p, close, true, start);
    if (kind == 'r') return read_regex(p, close);
    if (kind == 'q' || kind == 'Q' || !is_letter(kind))
        return text_read(p, open, close, kind == 'q', start);
    return read_error(p, start, p->at, "`%%%c` is not supported", kind);
}

struct ruby_node *read_heredoc(struct ruby_parser *p)
{
    size_t start = p->at;
    read_error(p, start, start + 2, "texts that begin with `<<` are not supported");
    return read_hint(p, "use a text in quotes: it may have several lines"), NULL;
}
