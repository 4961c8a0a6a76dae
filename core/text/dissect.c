/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/dissect.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ---- compiling ---- */

static bool wrong(struct dissect_problem *problem, size_t start, size_t end, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static bool wrong(struct dissect_problem *problem, size_t start, size_t end, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(problem->text, sizeof problem->text, format, args);
    va_end(args);
    problem->start = start;
    problem->end = end;
    return false;
}

/* `/2` or `->` at the end of the key; each once, in either order. */
static bool suffix_take(struct str *key, struct dissect_field *field, bool *has_order)
{
    if (!field->is_padded && str_ends(*key, STR("->"))) {
        field->is_padded = true;
        key->len -= 2;
        return true;
    }
    size_t digits = 0;
    while (digits < key->len && digits < 2 && is_digit(key->ptr[key->len - 1 - digits])) digits++;
    if (*has_order || !digits || digits == key->len || key->ptr[key->len - 1 - digits] != '/') return false;
    for (size_t i = key->len - digits; i < key->len; i++)
        field->order = field->order * 10 + (uint32_t)(key->ptr[i] - '0');
    *has_order = true;
    key->len -= digits + 1;
    return true;
}

/* What stands between `%{` and `}`. */
static bool field_read(struct dissect_field *field, struct str key, struct dissect_problem *problem)
{
    struct str written = key;
    bool has_order = false;
    while (suffix_take(&key, field, &has_order)) { }
    char sign = key.len ? key.ptr[0] : '?';
    field->kind = sign == '?'   ? DISSECT_SKIP
                  : sign == '+' ? DISSECT_APPEND
                  : sign == '&' ? DISSECT_INDIRECT
                                : DISSECT_PLAIN;
    field->key = field->kind == DISSECT_PLAIN || !key.len ? key : str_from(key, 1);
    if (field->kind == DISSECT_PLAIN || field->kind == DISSECT_SKIP) return true;
    bool is_both = field->key.len && (field->key.ptr[0] == '&' || field->key.ptr[0] == '+');
    if (is_both)
        return wrong(problem, field->start, field->end, "`%%{%.*s}` cannot be appended to and name a field at once",
                     STR_ARG(written));
    if (!field->key.len)
        return wrong(problem, field->start, field->end, "`%%{%.*s}` names no field", STR_ARG(written));
    return true;
}

static size_t find_from(struct str text, struct str part, size_t from)
{
    ptrdiff_t found = str_find(str_from(text, from), part);
    return found < 0 ? text.len : from + (size_t)found;
}

static uint32_t fields_count(struct str pattern)
{
    uint32_t count = 0;
    for (size_t at = 0; (at = find_from(pattern, STR("%{"), at)) < pattern.len; at += 2) count++;
    return count;
}

/* Each field, and the literal text behind it. */
static bool fields_read(struct dissect *out, struct str pattern, struct dissect_problem *problem)
{
    size_t at = out->head.len;
    while (at < pattern.len) {
        size_t close = find_from(pattern, STR("}"), at);
        if (close == pattern.len) return wrong(problem, at, at + 2, "`%%{` has no end `}`");
        struct dissect_field *field = &out->fields[out->count++];
        *field = (struct dissect_field){.start = (uint32_t)at, .end = (uint32_t)close + 1};
        if (!field_read(field, str_slice(pattern, at + 2, close), problem)) return false;
        at = find_from(pattern, STR("%{"), close + 1);
        field->delimiter = str_slice(pattern, close + 1, at);
        bool is_adjacent = !field->delimiter.len && at < pattern.len;
        if (is_adjacent && !out->never_matches) out->adjacent = out->count;
        out->never_matches |= is_adjacent;
    }
    return true;
}

/* Literal text at the end is followed by a field that nobody wants. */
static void end_close(struct dissect *out)
{
    bool has_end = out->fields[out->count - 1].delimiter.len;
    if (has_end) out->fields[out->count++] = (struct dissect_field){.kind = DISSECT_SKIP};
    for (uint32_t i = 0; i < out->count; i++) {
        struct str before = i ? out->fields[i - 1].delimiter : out->head;
        out->fields[i].joiner = before.len ? before : STR(" ");
    }
}

bool dissect_compile(struct dissect *out, struct str pattern, struct arena *arena, struct dissect_problem *problem)
{
    *out = (struct dissect){.head = str_slice(pattern, 0, find_from(pattern, STR("%{"), 0))};
    uint32_t count = fields_count(pattern);
    if (!count) return wrong(problem, 0, pattern.len, "the pattern has no field `%%{…}`");
    if (count > DISSECT_FIELDS_MAX)
        return wrong(problem, 0, pattern.len, "the pattern has more than %d fields", DISSECT_FIELDS_MAX);
    out->fields = arena_zalloc(arena, (count + 1) * sizeof *out->fields);
    if (!fields_read(out, pattern, problem)) return false;
    end_close(out);
    return true;
}

/* ---- matching ---- */

#ifdef __SSE2__
static inline unsigned byte_mask(const char *at, char byte)
{
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(byte)));
}
#endif

/* Fields are short: the call of memchr() would cost more than the search. */
static inline size_t byte_find(struct str text, size_t at, char byte)
{
#ifdef __SSE2__
    for (; at + 16 <= text.len; at += 16) {
        unsigned mask = byte_mask(text.ptr + at, byte);
        if (mask) return at + (size_t)__builtin_ctz(mask);
    }
#endif
    while (at < text.len && text.ptr[at] != byte) at++;
    return at;
}

/* text.len: it is not there. */
static inline size_t delimiter_find(struct str text, size_t at, struct str delimiter)
{
    for (;; at++) {
        at = byte_find(text, at, delimiter.ptr[0]);
        if (delimiter.len == 1 || at == text.len) return at;
        if (text.len - at < delimiter.len) return text.len;
        if (memcmp(text.ptr + at + 1, delimiter.ptr + 1, delimiter.len - 1) == 0) return at;
    }
}

/* As in Logstash, nothing is passed over where the first delimiter stands at the very start: `%{a},%{b}` on
 * `,x` gives an empty `a`, and `,x` for `b`. */
bool dissect_match(const struct dissect *dissect, struct str text, struct str *values)
{
    if (dissect->never_matches || !str_starts(text, dissect->head)) return false;
    assert(dissect->count);
    size_t at = dissect->head.len;
    uint32_t last = dissect->count - 1;
    for (uint32_t i = 0; i < last; i++) {
        const struct dissect_field *field = &dissect->fields[i];
        size_t found = delimiter_find(text, at, field->delimiter);
        if (found == text.len) return false;
        values[i] = str_slice(text, at, found);
        if (found == 0) continue;
        at = found + field->delimiter.len;
        while (field->is_padded && str_starts(str_from(text, at), field->delimiter)) at += field->delimiter.len;
    }
    values[last] = str_from(text, at);
    return true;
}
