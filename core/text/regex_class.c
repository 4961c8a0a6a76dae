/* SPDX-License-Identifier: Apache-2.0 */
/* Bracket classes and escapes. PCRE2 knows neither nested classes nor `&&`; simple nested ones are
 * merged, the others become alternatives and lookaheads:
 *
 *     [a[bc]]      [abc]                  [a-z&&[^aeiou]]    (?:(?=[a-z])[^aeiou])
 *     [a[^b]]      (?:[a]|[^b])           [^a[^b]]           (?:(?!(?:[a]|[^b]))(?s:.))     */
#include "core/text/regex_parser.h"
#include "core/text/utf8.h"
#include <string.h>

static const char ANY[] = "(?s:.)";

uint32_t parser_take(struct regex_parser *parser)
{
    assert(!parser_ended(parser));
    size_t len;
    uint32_t code = utf8_decode(str_from(parser->in, parser->at), &len);
    assert(len); /* checked as a whole before parsing */
    parser->at += len;
    return code;
}

static int hex_digit(char c)
{
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Up to `max` hex digits; returns how many were taken. */
static uint32_t hex_take(struct regex_parser *parser, uint32_t max, uint32_t *code)
{
    uint32_t count = 0;
    for (*code = 0; count < max && hex_digit(parser_peek(parser, 0)) >= 0; count++)
        *code = *code << 4 | (uint32_t)hex_digit(parser->in.ptr[parser->at++]);
    return count;
}

static bool code_check(struct regex_parser *parser, size_t offset, uint32_t code)
{
    if (code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF)) return true;
    return parser_fail(parser, offset, "U+%X is not a character", code);
}

/* \u0041, \u{41}, \x{41}, \x41 */
static bool escape_hex(struct regex_parser *parser, uint32_t *code)
{
    size_t offset = parser->at - 1;
    bool is_unicode = parser->in.ptr[parser->at++] == 'u';
    if (parser_peek(parser, 0) == '{') {
        parser->at++;
        if (!hex_take(parser, 8, code) || parser_peek(parser, 0) != '}')
            return parser_fail(parser, offset, "hex digits and `}` must follow here");
        parser->at++;
    } else if (hex_take(parser, is_unicode ? 4 : 2, code) < (is_unicode ? 4u : 1u)) {
        return parser_fail(parser, offset, "hex digits must follow here");
    }
    return code_check(parser, offset, *code);
}

static void escape_octal(struct regex_parser *parser, uint32_t *code)
{
    *code = 0;
    for (int n = 0; n < 3 && parser_peek(parser, 0) >= '0' && parser_peek(parser, 0) <= '7'; n++)
        *code = *code << 3 | (uint32_t)(parser->in.ptr[parser->at++] - '0');
    *code &= 0xFF;
}

bool escape_code(struct regex_parser *parser, bool in_class, uint32_t *code)
{
    static const char LETTERS[] = "tnrfae", CODES[] = "\t\n\r\f\a\x1B";
    char c = parser_peek(parser, 0);
    const char *found = c ? strchr(LETTERS, c) : NULL;
    if (found) {
        parser->at++;
        *code = (uint32_t)CODES[found - LETTERS];
        return true;
    }
    switch (c) {
    case 'v':
        parser->at++;
        *code = 0x0B;
        return true; /* PCRE2 has a whole class there */
    case 'x':
    case 'u': return escape_hex(parser, code);
    case '0': escape_octal(parser, code); return true;
    case 'b':
        if (!in_class) return false;
        parser->at++;
        *code = '\b';
        return true;
    case 'c':
        if (parser_peek(parser, 1) < '@' || parser_peek(parser, 1) == 0x7F) break;
        *code = (uint32_t)parser_peek(parser, 1) & 0x1F;
        parser->at += 2;
        return true;
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
        if (!in_class) return false;
        escape_octal(parser, code);
        return true;
    default: break;
    }
    return false;
}

static void byte_code(struct buf *items, unsigned char byte)
{
    static const char digits[] = "0123456789ABCDEF";
    buf_append(items, (struct str){(char[]){'\\', 'x', digits[byte >> 4], digits[byte & 15]}, 4});
}

static void class_code(const struct regex_parser *parser, struct buf *items, uint32_t code)
{
    if (code >= 0x80 && !parser->kind.is_utf) { /* its bytes, each */
        char bytes[4];
        size_t len = utf8_encode(code, bytes);
        for (size_t i = 0; i < len; i++) byte_code(items, (unsigned char)bytes[i]);
    } else if (code > 0xFF) {
        buf_printf(items, "\\x{%X}", code);
    } else if ((code | 0x20) >= 'a' && (code | 0x20) <= 'z') {
        buf_append_char(items, (char)code);
    } else if (code >= '0' && code <= '9') {
        buf_append_char(items, (char)code);
    } else {
        byte_code(items, (unsigned char)code);
    }
}

/* In bytes a range that leaves ASCII takes all high bytes: ASCII subjects have none, and what is
 * not UTF-8 has no characters to compare with. */
static void class_range(const struct regex_parser *parser, struct buf *items, uint32_t low,
                        uint32_t high)
{
    if (!parser->kind.is_utf && high >= 0x80) {
        buf_append_z(items, "\\x80-\\xFF");
        if (low >= 0x80) return;
        high = 0x7F;
    }
    class_code(parser, items, low);
    buf_append_char(items, '-');
    class_code(parser, items, high);
}

void code_append(const struct regex_parser *parser, struct buf *out, uint32_t code)
{
    if (code < 0x80) {
        class_code(parser, out, code);
        return;
    }
    char bytes[4];
    size_t len = utf8_encode(code, bytes);
    if (!parser->kind.is_utf) buf_append_z(out, "(?:"); /* a quantifier takes all its bytes */
    buf_append(out, (struct str){bytes, len});
    if (!parser->kind.is_utf) buf_append_char(out, ')');
}

/* Ruby's names that PCRE2 has as POSIX classes, which follow Unicode exactly when UCP is on. */
static bool posix_name(struct str name)
{
    static const char *const NAMES[] = {"alnum", "alpha", "ascii", "blank", "cntrl",
                                        "digit", "graph", "lower", "print", "punct",
                                        "space", "upper", "word",  "xdigit"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (name.len == strlen(NAMES[i]) && strncasecmp(name.ptr, NAMES[i], name.len) == 0)
            return true;
    return false;
}

/* \p{Name}, \p{^Name}, \P{Name}; `at` on the p. */
static bool escape_property(struct regex_parser *parser, struct buf *items)
{
    size_t offset = parser->at - 1;
    bool is_negated = parser->in.ptr[parser->at] == 'P';
    if (parser_peek(parser, 1) != '{')
        return parser_fail(parser, offset, "`{` and a property's name must follow \\p");
    struct str rest = str_from(parser->in, parser->at + 2);
    ptrdiff_t end = str_find(rest, STR("}"));
    if (end < 1) return parser_fail(parser, offset, "the property's name has no end `}`");
    struct str name = str_slice(rest, 0, (size_t)end);
    parser->at += 2 + name.len + 1;
    if (name.ptr[0] == '^') {
        is_negated = !is_negated;
        name = str_from(name, 1);
    }
    for (size_t i = 0; i < name.len; i++)
        if (!is_digit(name.ptr[i]) && ((name.ptr[i] | 0x20) < 'a' || (name.ptr[i] | 0x20) > 'z') &&
            name.ptr[i] != '_')
            return parser_fail(parser, offset, "`%.*s` is not a property", STR_ARG(name));
    if (posix_name(name)) {
        buf_append_z(items, is_negated ? "[:^" : "[:");
        for (size_t i = 0; i < name.len; i++) buf_append_char(items, (char)(name.ptr[i] | 0x20));
        buf_append_z(items, ":]");
    } else {
        buf_printf(items, "\\%c{%.*s}", is_negated ? 'P' : 'p', STR_ARG(name));
    }
    return true;
}

bool escape_set(struct regex_parser *parser, struct buf *items)
{
    /* ASCII whatever the mode: under UCP the short forms would follow Unicode. */
    static const struct {
        char letter;
        const char *bytes, *utf;
    } SETS[] = {
        {'d', "\\d", "0-9"},
        {'D', "\\D", "\\x00-\\x2F\\x3A-\\x{10FFFF}"},
        {'w', "\\w", "0-9A-Z_a-z"},
        {'W', "\\W", "\\x00-\\x2F\\x3A-\\x40\\x5B-\\x5E\\x60\\x7B-\\x{10FFFF}"},
        {'s', "\\s", "\\x09-\\x0D\\x20"},
        {'S', "\\S", "\\x00-\\x08\\x0E-\\x1F\\x21-\\x{10FFFF}"},
        {'h', "0-9A-Fa-f", "0-9A-Fa-f"},
        {'H', "\\x00-\\x2F\\x3A-\\x40\\x47-\\x60\\x67-\\xFF",
         "\\x00-\\x2F\\x3A-\\x40\\x47-\\x60\\x67-\\x{10FFFF}"},
    };
    char letter = parser_peek(parser, 0);
    if (letter == 'p' || letter == 'P') return escape_property(parser, items);
    for (size_t i = 0; i < sizeof SETS / sizeof *SETS; i++) {
        if (SETS[i].letter != letter) continue;
        parser->at++;
        /* (?u): the short form, which follows Unicode under UCP; \h has no such meaning */
        if (parser->flags.unicode && (letter | 0x20) != 'h')
            buf_printf(items, "\\%c", letter);
        else
            buf_append_z(items, parser->kind.is_utf ? SETS[i].utf : SETS[i].bytes);
        return true;
    }
    return false;
}

static void class_fini(struct regex_class *class)
{
    buf_fini(&class->items);
    buf_fini(&class->extras);
}

/* The class as one expression. */
static void class_text(const struct regex_class *class, struct buf *out)
{
    struct str items = buf_str(&class->items), extras = buf_str(&class->extras);
    if (class->is_whole) {
        if (class->is_negated)
            buf_printf(out, "(?:(?!%.*s)%s)", STR_ARG(items), ANY);
        else
            buf_append(out, items);
    } else if (!extras.len) {
        buf_append_z(out, class->is_negated ? "[^" : "[");
        buf_append(out, items);
        buf_append_char(out, ']');
    } else if (class->is_negated) {
        buf_printf(out, "(?:(?!%.*s)", STR_ARG(str_from(extras, 1)));
        if (items.len)
            buf_printf(out, "[^%.*s])", STR_ARG(items));
        else
            buf_printf(out, "%s)", ANY);
    } else if (items.len) {
        buf_printf(out, "(?:[%.*s]%.*s)", STR_ARG(items), STR_ARG(extras));
    } else {
        buf_printf(out, "(?:%.*s)", STR_ARG(str_from(extras, 1)));
    }
}

static bool class_read(struct regex_parser *parser, struct regex_class *class);

/* A class within a class: merged when it can stand between the outer brackets. */
static bool class_nested(struct regex_parser *parser, struct regex_class *outer)
{
    struct regex_class inner = {.single = 0};
    bool ok = class_read(parser, &inner);
    if (ok && !inner.is_negated && !inner.is_whole) {
        buf_append(&outer->items, buf_str(&inner.items));
        buf_append(&outer->extras, buf_str(&inner.extras));
        outer->singles += inner.singles;
        outer->others += inner.others;
        outer->single = inner.single;
    } else if (ok) {
        buf_append_char(&outer->extras, '|');
        class_text(&inner, &outer->extras);
        outer->others++;
    }
    class_fini(&inner);
    return ok;
}

/* `[:alpha:]`, `[:^alpha:]` at `at`; false when it is not one, and then `[` opens a nested class.
 */
static bool class_posix(struct regex_parser *parser, struct regex_class *class)
{
    struct str rest = str_from(parser->in, parser->at);
    if (!str_starts(rest, STR("[:"))) return false;
    ptrdiff_t end = str_find(rest, STR(":]"));
    if (end < 3) return false;
    struct str name = str_slice(rest, 2, (size_t)end);
    bool is_negated = name.ptr[0] == '^';
    if (is_negated) name = str_from(name, 1);
    if (!posix_name(name)) return false;
    buf_printf(&class->items, "[:%s", is_negated ? "^" : "");
    for (size_t i = 0; i < name.len; i++)
        buf_append_char(&class->items, (char)(name.ptr[i] | 0x20));
    buf_append_z(&class->items, ":]");
    class->others++;
    parser->at += (size_t)end + 2;
    return true;
}

/* One character or set; `*is_code` tells which. Sets are appended, characters are not. */
static bool class_member(struct regex_parser *parser, struct regex_class *class, uint32_t *code,
                         bool *is_code)
{
    *is_code = true;
    if (parser_peek(parser, 0) != '\\') {
        *code = parser_take(parser);
        return true;
    }
    size_t offset = parser->at++;
    if (parser_ended(parser)) return parser_fail(parser, offset, "the text ends with a backslash");
    if (escape_code(parser, true, code)) return true;
    if (parser->failed) return false;
    if (escape_set(parser, &class->items)) {
        *is_code = false;
        class->others++;
        return true;
    }
    if (parser->failed) return false;
    *code = parser_take(parser);
    return true;
}

/* A member, or a range when `-` and a second character follow. */
static bool class_member_or_range(struct regex_parser *parser, struct regex_class *class)
{
    size_t offset = parser->at;
    uint32_t low, high;
    bool is_code;
    if (!class_member(parser, class, &low, &is_code)) return false;
    if (!is_code) return true;
    char next = parser_peek(parser, 1);
    if (parser_peek(parser, 0) != '-' || parser->at + 1 >= parser->in.len || next == ']' ||
        next == '[') {
        class->singles++;
        class->single = low;
        /* What is not UTF-8 is not to lose bytes because a negated class names é. */
        if (low < 0x80 || parser->kind.is_utf || !class->is_negated)
            class_code(parser, &class->items, low);
        else
            class->others++;
        return true;
    }
    parser->at++;
    if (!class_member(parser, class, &high, &is_code)) return false;
    class->others++;
    if (!is_code) { /* [a-\d]: three members */
        class_code(parser, &class->items, low);
        class_code(parser, &class->items, '-');
        return true;
    }
    if (high < low) return parser_fail(parser, offset, "the range ends before it begins");
    class_range(parser, &class->items, low, high);
    return true;
}

/* `&&`: what was read so far must hold too. */
static void class_intersect(struct regex_class *class, struct buf *operands)
{
    struct regex_class operand = *class;
    operand.is_negated = false;
    buf_append_z(operands, "(?=");
    if (class->items.len || class->extras.len)
        class_text(&operand, operands);
    else
        buf_append_z(operands, "(?!)");
    buf_append_char(operands, ')');
    buf_clear(&class->items);
    buf_clear(&class->extras);
}

static bool class_members(struct regex_parser *parser, struct regex_class *class,
                          struct buf *operands)
{
    size_t begin = parser->at;
    while (!parser_ended(parser)) {
        char c = parser_peek(parser, 0);
        /* a first `]` is itself when another one follows */
        bool is_first =
            parser->at == begin && str_find(str_from(parser->in, begin + 1), STR("]")) >= 0;
        if (c == ']' && !is_first) {
            parser->at++;
            return true;
        }
        if (c == '&' && parser_peek(parser, 1) == '&') {
            parser->at += 2;
            class_intersect(class, operands);
        } else if (c == '[' && !class_posix(parser, class)) {
            parser->at++;
            if (!class_nested(parser, class)) return false;
        } else if (c != '[' && !class_member_or_range(parser, class)) {
            return false;
        }
    }
    return parser_fail(parser, begin - 1, "`[` has no end `]`");
}

static bool class_read(struct regex_parser *parser, struct regex_class *class)
{
    size_t begin = parser->at - 1;
    if (++parser->depth > REGEX_DEPTH_MAX)
        return parser_fail(parser, begin, "nested too deeply (at most %d)", REGEX_DEPTH_MAX);
    if (parser_peek(parser, 0) == '^') {
        class->is_negated = true;
        parser->at++;
    }
    struct buf operands = {.len = 0};
    bool ok = class_members(parser, class, &operands);
    bool is_empty = !class->items.len && !class->extras.len;
    if (ok && operands.len) {
        struct regex_class last = *class;
        last.is_negated = false;
        buf_append_z(&operands, "");
        if (is_empty)
            buf_append_z(&operands, "(?!)");
        else
            class_text(&last, &operands);
        buf_clear(&class->items);
        buf_clear(&class->extras);
        buf_printf(&class->items, "(?:%.*s)", STR_ARG(buf_str(&operands)));
        class->is_whole = true;
    } else if (ok && is_empty) {
        /* in bytes [^é] names nothing that could be excluded */
        if (class->others)
            buf_append_z(&class->items, ANY), class->is_whole = true, class->is_negated = false;
        else
            ok = parser_fail(parser, begin, "the class is empty");
    }
    buf_fini(&operands);
    parser->depth--;
    return ok;
}

bool class_parse(struct regex_parser *parser, struct buf *out, uint32_t *literal)
{
    struct regex_class class = {.single = 0};
    bool ok = class_read(parser, &class);
    if (ok) class_text(&class, out);
    bool is_literal = class.singles == 1 && !class.others && !class.is_negated && !class.is_whole;
    *literal = ok && is_literal ? class.single : UINT32_MAX;
    class_fini(&class);
    return ok;
}
