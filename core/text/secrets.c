/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/secrets.h"
#include <string.h>

static char fold(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static bool has_word(struct str name, const char *word)
{
    size_t len = strlen(word);
    for (size_t at = 0; at + len <= name.len; at++) {
        size_t same = 0;
        while (same < len && fold(name.ptr[at + same]) == word[same]) same++;
        if (same == len) return true;
    }
    return false;
}

bool secret_is_name(struct str name)
{
    static const char *const words[] = {"password", "passwd", "passphrase", "secret",  "token",
                                        "jaas",     "api_key", "apikey",    "credential", "private_key"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (has_word(name, words[i])) return true;
    return false;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '-' || c == '.';
}

static size_t skip_blanks(struct str text, size_t at)
{
    while (at < text.len && is_blank(text.ptr[at])) at++;
    return at;
}

/* Behind a name: the place of its value, or 0 when no sign leads to one. */
static size_t value_place(struct str text, size_t at)
{
    if (at < text.len && (text.ptr[at] == '"' || text.ptr[at] == '\'')) at++;
    at = skip_blanks(text, at);
    if (at >= text.len || text.ptr[at] == '\0') return 0;
    if (text.ptr[at] == '"' || text.ptr[at] == '\'') return at; /* its sign was forgotten */
    if (!strchr("=:", text.ptr[at])) return 0;
    bool is_arrow = text.ptr[at] == '=' && at + 1 < text.len && text.ptr[at + 1] == '>';
    return skip_blanks(text, at + (is_arrow ? 2 : 1));
}

static size_t quote_end(struct str text, size_t open)
{
    size_t at = open + 1;
    while (at < text.len && text.ptr[at] != text.ptr[open]) at += text.ptr[at] == '\\' ? 2 : 1;
    return at < text.len ? at : text.len;
}

/* The place of the bracket that ends those which open at `at`; quoted texts are stepped over. */
static size_t brackets_end(struct str text, size_t at)
{
    size_t depth = 0;
    for (; at < text.len; at++) {
        char c = text.ptr[at];
        if (c == '"' || c == '\'') at = quote_end(text, at);
        else if (c == '[' || c == '{') depth++;
        else if ((c == ']' || c == '}') && --depth == 0) return at;
    }
    return text.len;
}

/* The value at `at`: what is between its quotes or brackets, or up to a blank or a sign that ends it. */
static struct secret_span value_span(struct str text, size_t at)
{
    char c = text.ptr[at];
    if (c == '"' || c == '\'') return (struct secret_span){at + 1, quote_end(text, at)};
    if (c == '[' || c == '{') return (struct secret_span){at + 1, brackets_end(text, at)};
    size_t end = at;
    while (end < text.len && !is_blank(text.ptr[end]) && !strchr(",]}", text.ptr[end])) end++;
    return (struct secret_span){at, end};
}

static bool is_hidden(struct str text, struct secret_span span)
{
    struct str value = str_slice(text, span.start, span.end);
    return value.len && !(str_starts(value, STR("${")) && str_ends(value, STR("}")));
}

/* The password of `scheme://user:password@host`, where `at` is behind `://`. */
static bool find_in_url(struct str text, size_t at, struct secret_span *span)
{
    size_t colon = 0;
    for (; at < text.len && !is_blank(text.ptr[at]) && !strchr("/\"'", text.ptr[at]); at++) {
        if (text.ptr[at] == ':' && !colon) colon = at;
        if (text.ptr[at] != '@') continue;
        *span = (struct secret_span){colon + 1, at};
        return colon && is_hidden(text, *span);
    }
    return false;
}

/* The password of `--user NAME:PASSWORD` (or `=`), where `at` is behind `--user`. */
static bool find_in_user(struct str text, size_t at, struct secret_span *span)
{
    if (at >= text.len || (text.ptr[at] != ' ' && text.ptr[at] != '=')) return false;
    size_t start = skip_blanks(text, at + 1), end = start;
    while (end < text.len && !is_blank(text.ptr[end])) end++;
    const char *colon = end > start ? memchr(text.ptr + start, ':', end - start) : NULL;
    if (!colon) return false;
    *span = (struct secret_span){(size_t)(colon - text.ptr) + 1, end};
    return is_hidden(text, *span);
}

bool secret_find(struct str text, size_t from, struct secret_span *span)
{
    for (size_t at = from; at < text.len;) {
        if (str_starts(str_from(text, at), STR("://"))) {
            at += 3;
            if (find_in_url(text, at, span)) return true;
        } else if (is_name_char(text.ptr[at])) {
            size_t start = at;
            while (at < text.len && is_name_char(text.ptr[at])) at++;
            if (str_eq_z(str_slice(text, start, at), "--user") && find_in_user(text, at, span)) return true;
            size_t value = secret_is_name(str_slice(text, start, at)) ? value_place(text, at) : 0;
            if (!value || value >= text.len) continue;
            *span = value_span(text, value);
            if (is_hidden(text, *span)) return true;
        } else {
            at++;
        }
    }
    return false;
}
