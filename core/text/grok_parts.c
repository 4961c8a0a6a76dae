/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/grok_parts.h"
#include <assert.h>

static char at(struct str text, size_t place) { return place < text.len ? text.ptr[place] : '\0'; }

static bool is_word(char c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || (c & 0x80);
}

static size_t behind(struct str text, size_t begin, char end)
{
    while (begin < text.len && text.ptr[begin] != end) begin++;
    return begin < text.len ? begin + 1 : text.len;
}

/* ---- how long ---- */
static size_t escape_len(struct str text)
{
    char c = at(text, 1), next = at(text, 2);
    if (c && strchr("pPxu", c) && next == '{') return behind(text, 3, '}');
    if ((c == 'k' || c == 'g') && next == '<') return behind(text, 3, '>');
    if (c == 'x') return text.len < 4 ? text.len : 4;
    if (c == 'u') return text.len < 6 ? text.len : 6;
    return text.len < 2 ? text.len : 2;
}

static size_t class_len(struct str text)
{
    size_t depth = 0, place = 0;
    while (place < text.len) {
        char c = text.ptr[place];
        place += c == '\\' ? 2 : 1;
        if (c == '[') {
            depth++;
            if (at(text, place) == '^') place++;
            if (at(text, place) == ']') place++; /* a first one is itself */
        } else if (c == ']' && --depth == 0) {
            break;
        }
    }
    return place < text.len ? place : text.len;
}

static size_t group_len(struct str text)
{
    size_t depth = 0, place = 0;
    while (place < text.len) {
        char c = text.ptr[place];
        struct grok_reference reference;
        if (c == '%' && at(text, place + 1) == '{' &&
            grok_reference_read(str_from(text, place), &reference)) {
            place += reference.len;
            continue;
        }
        if (c == '[') {
            place += class_len(str_from(text, place));
            continue;
        }
        place += c == '\\' ? 2 : 1;
        if (c == '(') depth++;
        if (c == ')' && --depth == 0) break;
    }
    return place < text.len ? place : text.len;
}

static size_t quantifier_len(struct str text)
{
    char c = at(text, 0);
    size_t len = 1;
    if (c == '{') {
        while (is_digit(at(text, len)) || at(text, len) == ',') len++;
        if (len == 1 || at(text, len) != '}') return 0;
        len++;
    } else if (!c || !strchr("*+?", c)) {
        return 0;
    }
    while (at(text, len) && strchr("*+?", at(text, len))) len++;
    return len;
}

/* ---- what it is ---- */
static size_t escape_read(struct str rest, struct grok_part *part)
{
    char c = at(rest, 1);
    size_t len = escape_len(rest);
    bool is_letter = is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    part->kind = is_letter ? GROK_PART_OTHER : GROK_PART_TEXT;
    if (c && strchr("AbBGzZ", c)) part->kind = GROK_PART_ANCHOR;
    if (part->kind == GROK_PART_TEXT && len > 1) part->literal = str_slice(rest, 1, len);
    return len;
}

/* Only (?:…), (?<name>…) and (…) are entered. */
static size_t group_read(struct str rest, struct grok_part *part)
{
    size_t len = group_len(rest), begin = 1;
    part->kind = GROK_PART_GROUP;
    if (at(rest, 1) == '?') {
        char c = at(rest, 2), next = at(rest, 3);
        begin = c == ':' ? 3 : c == '<' && next != '=' && next != '!' ? behind(rest, 3, '>') : 0;
    }
    if (begin && begin < len) part->body = str_slice(rest, begin, len - 1);
    return len;
}

/* Letters and digits; the last one stands alone when a quantifier follows it. */
static size_t word_read(struct str rest, struct grok_part *part)
{
    size_t len = 1, last = 0;
    part->kind = GROK_PART_TEXT;
    if (is_word(rest.ptr[0]))
        while (is_word(at(rest, len))) {
            if ((rest.ptr[len] & 0xC0) != 0x80) last = len; /* where a character begins */
            len++;
        }
    if (last && quantifier_len(str_from(rest, len))) len = last;
    part->literal = str_slice(rest, 0, len);
    return len;
}

static size_t part_read(struct str rest, struct grok_part *part)
{
    char c = rest.ptr[0];
    if (c == '%' && at(rest, 1) == '{' && grok_reference_read(rest, &part->reference)) {
        part->kind = GROK_PART_REFERENCE;
        part->is_any =
            str_eq_z(part->reference.name, "DATA") || str_eq_z(part->reference.name, "GREEDYDATA");
        return part->reference.len;
    }
    switch (c) {
    case '\\': return escape_read(rest, part);
    case '(': return group_read(rest, part);
    case '[': part->kind = GROK_PART_OTHER; return class_len(rest);
    case '.': part->kind = GROK_PART_OTHER; return 1;
    case '^':
    case '$': part->kind = GROK_PART_ANCHOR; return 1;
    default: return word_read(rest, part);
    }
}

struct grok_part grok_part_take(struct str *rest)
{
    assert(rest->len);
    struct grok_part part = {.kind = GROK_PART_OTHER};
    size_t len = part_read(*rest, &part), more = quantifier_len(str_from(*rest, len));
    part.is_repeated = more > 0;
    part.is_any |= rest->ptr[0] == '.' && more && at(*rest, 1) != '?' && at(*rest, 1) != '{';
    if (part.is_repeated && part.kind == GROK_PART_TEXT) part.kind = GROK_PART_OTHER;
    part.text = str_slice(*rest, 0, len + more);
    *rest = str_from(*rest, len + more);
    return part;
}

bool grok_alternative_take(struct str *rest, bool *has_more, struct str *alternative)
{
    if (!*has_more) return false;
    struct str whole = *rest;
    *has_more = false;
    while (rest->len) {
        if (rest->ptr[0] == '|') {
            *alternative = str_slice(whole, 0, whole.len - rest->len);
            *rest = str_from(*rest, 1);
            *has_more = true;
            return true;
        }
        grok_part_take(rest);
    }
    *alternative = whole;
    return true;
}
