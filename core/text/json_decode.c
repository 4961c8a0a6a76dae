/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder: recursive descent over the bytes. Members and items whose container is still open
 * wait on a stack of 16 byte cells (a member is two: key and value), so that every container is
 * made once, at its exact size. The stack begins on the C stack and moves to malloc when a document
 * is wide. */
#include <stdlib.h>
#include "core/text/json.h"
#include "core/text/number.h"
#include "core/text/utf8.h"
#include "core/xmalloc.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { CELLS_ON_STACK = 256 };

union cell {
    struct key key;
    struct value value;
};
_Static_assert(sizeof(union cell) == 16 && sizeof(struct entry) == 32, "an entry is two cells");

struct reader {
    const char *at, *end;
    struct arena *arena;
    union cell *cells;
    uint32_t used, capacity;
    uint32_t depth, values;
    union cell *heap; /* what cells point to when the C stack was too small */
    const char *reason;
    bool is_binary;
};

static bool fail(struct reader *reader, const char *reason)
{
    reader->reason = reason;
    return false;
}

static bool fail_here(struct reader *reader, const char *reason)
{
    return fail(reader, reader->at == reader->end ? "the text ends too early" : reason);
}

/* The next byte that is not blank, left unread; 0 at the end (a NUL is wrong wherever one looks). */
static inline char next(struct reader *reader)
{
    while (reader->at < reader->end) {
        char c = *reader->at;
        if ((unsigned char)c > ' ' || !is_blank(c)) return c;
        reader->at++;
    }
    return 0;
}

static void cells_grow(struct reader *reader)
{
    size_t used = reader->used * sizeof *reader->cells;
    reader->capacity *= 2;
    union cell *cells = xrealloc(reader->heap, reader->capacity * sizeof *cells);
    if (!reader->heap) memcpy(cells, reader->cells, used);
    reader->heap = reader->cells = cells;
}

static inline union cell *cells_push(struct reader *reader, uint32_t count)
{
    if (reader->capacity - reader->used < count) cells_grow(reader);
    reader->used += count;
    return reader->cells + reader->used - count;
}

/* Where a run of ordinary string bytes ends: at a quote, a backslash, a control or the end.
 * `*high` becomes nonzero when bytes >= 0x80 are among them. */
static inline const char *string_stop(const char *at, const char *end, unsigned *high)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), escape = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1f);
    for (; end - at >= 16; at += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i stops = _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, escape));
        stops = _mm_or_si128(stops, _mm_cmpeq_epi8(_mm_min_epu8(x, control), x));
        unsigned stop = (unsigned)_mm_movemask_epi8(stops), top = (unsigned)_mm_movemask_epi8(x);
        if (stop) {
            unsigned at_stop = (unsigned)__builtin_ctz(stop);
            *high |= top & ((1u << at_stop) - 1);
            return at + at_stop;
        }
        *high |= top;
    }
#endif
    for (; at < end; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '"' || c == '\\' || c < 0x20) break;
        *high |= c & 0x80;
    }
    return at;
}

/* Four hexadecimal digits after `\u`; above 0xFFFF when they are not. */
static uint32_t hex4(const char *at, const char *end)
{
    uint32_t code = 0;
    if (end - at < 4) return UINT32_MAX;
    for (int i = 0; i < 4; i++) {
        char c = at[i], lower = (char)(c | 0x20);
        if (!is_digit(c) && !(lower >= 'a' && lower <= 'f')) return UINT32_MAX;
        code = code * 16 + (uint32_t)(is_digit(c) ? c - '0' : lower - 'a' + 10);
    }
    return code;
}

/* `\uXXXX`, with its second half when it is a surrogate. `reader->at` stands on the `u`. */
static bool read_unicode(struct reader *reader, char **out)
{
    uint32_t code = hex4(reader->at + 1, reader->end);
    if (code > 0xFFFF) return fail(reader, "\\u without four hexadecimal digits");
    if (code >= 0xDC00 && code <= 0xDFFF) return fail(reader, "half a surrogate pair");
    if (code >= 0xD800 && code <= 0xDBFF) {
        const char *second = reader->at + 5;
        bool has_second = reader->end - second >= 6 && second[0] == '\\' && second[1] == 'u';
        uint32_t low = has_second ? hex4(second + 2, reader->end) : 0;
        if (low < 0xDC00 || low > 0xDFFF) return fail(reader, "half a surrogate pair");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        reader->at += 6;
    }
    reader->at += 5;
    *out += utf8_encode(code, *out);
    return true;
}

/* One escape; `reader->at` stands behind the backslash. */
static bool read_escape(struct reader *reader, char **out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (reader->at == reader->end) return fail_here(reader, "");
    if (*reader->at == 'u') return read_unicode(reader, out);
    const char *found = memchr(from, *reader->at, sizeof from - 1);
    if (!found) return fail(reader, "an unknown escape");
    *(*out)++ = to[found - from];
    reader->at++;
    return true;
}

/* The closing quote of a string with escapes; the text's end when there is none. */
static const char *string_end(struct reader *reader)
{
    unsigned high = 0;
    const char *at = reader->at;
    for (;;) {
        at = string_stop(at, reader->end, &high);
        if (at == reader->end || *at == '"') return at;
        at += *at == '\\' && at + 1 < reader->end ? 2 : 1;
    }
}

/* A string with escapes, decoded into the arena: never longer than its text. `start` is its first
 * byte, `reader->at` the first backslash or wrong byte. */
static bool read_escaped(struct reader *reader, const char *start, struct str *out)
{
    size_t raw = (size_t)(string_end(reader) - start);
    if (!arena_allows(reader->arena, raw)) return fail(reader, "needs too much memory");
    char *copy = arena_alloc(reader->arena, raw + 1), *to = copy;
    unsigned high = 0;
    for (const char *from = start;;) {
        size_t run = (size_t)(reader->at - from);
        memcpy(to, from, run);
        to += run;
        if (reader->at == reader->end) return fail_here(reader, "");
        if (*reader->at == '"') break;
        if (*reader->at != '\\') return fail(reader, "a control character in a string");
        reader->at++;
        if (!read_escape(reader, &to)) return false;
        from = reader->at;
        reader->at = string_stop(reader->at, reader->end, &high);
    }
    assert((size_t)(to - copy) <= raw);
    reader->at++;
    *out = (struct str){copy, (size_t)(to - copy)};
    return true;
}

/* `reader->at` stands behind the opening quote. `*high`: are there bytes >= 0x80? */
static inline bool read_string(struct reader *reader, struct str *out, unsigned *high)
{
    const char *start = reader->at, *stop = string_stop(start, reader->end, high);
    reader->at = stop;
    if (stop == reader->end || *stop != '"') {
        *high = 1; /* not looked at: utf8_check() will say */
        return read_escaped(reader, start, out);
    }
    reader->at++;
    *out = (struct str){start, (size_t)(stop - start)};
    return true;
}

static bool read_text(struct reader *reader, struct value *out)
{
    unsigned high = 0;
    struct str text;
    reader->at++;
    if (!read_string(reader, &text, &high)) return false;
    if (text.len > UINT32_MAX) return fail(reader, "a string of more than 4 GiB");
    *out = value_string_flagged(text, STRING_ASCII | STRING_UTF8);
    if (high) {
        out->flags = 0;
        reader->is_binary |= value_string_flags(out) == STRING_BINARY;
    }
    return true;
}

static bool read_long_number(struct reader *reader, struct value *out)
{
    bool is_integer;
    struct str rest = {reader->at, (size_t)(reader->end - reader->at)};
    size_t len = number_scan(rest, &is_integer);
    if (!len) return fail(reader, "not a number");
    if (len > JSON_NUMBER_MAX) return fail(reader, "a number of more than 10000 digits");
    struct str digits = {rest.ptr, len};
    *out = value_number(digits);
    int64_t small;
    if (is_integer && !str_eq(digits, STR("-0")) && number_int64(digits, &small) == NUMBER_EXACT)
        *out = value_int(small);
    reader->at += len;
    return true;
}

/* Most numbers are whole, short and begin with no zero. */
static bool read_number(struct reader *reader, struct value *out)
{
    enum { SHORT_MAX = 18 }; /* digits that surely fit */
    const char *digits = reader->at + (*reader->at == '-'), *at = digits;
    int64_t sum = 0;
    while (at < reader->end && is_digit(*at) && at - digits < SHORT_MAX)
        sum = sum * 10 + (*at++ - '0');
    bool goes_on = at < reader->end && (is_digit(*at) || *at == '.' || (*at | 0x20) == 'e');
    if (goes_on || at == digits || (*digits == '0' && at - reader->at > 1))
        return read_long_number(reader, out);
    *out = value_int(digits > reader->at ? -sum : sum);
    reader->at = at;
    return true;
}

static bool read_word(struct reader *reader, struct str word, struct value value, struct value *out)
{
    struct str rest = {reader->at, (size_t)(reader->end - reader->at)};
    if (!str_starts(rest, word)) return fail(reader, "not a value");
    reader->at += word.len;
    *out = value;
    return true;
}

static bool read_value(struct reader *reader, struct value *out);

static bool enter(struct reader *reader)
{
    if (++reader->depth > JSON_DEPTH_MAX) return fail(reader, "nested too deep");
    reader->at++;
    return true;
}

/* May a container of `count` parts of `size` bytes be made? Its head included. */
static inline bool has_room(struct reader *reader, uint32_t count, size_t size)
{
    if (arena_allows(reader->arena, sizeof(struct map) + count * size)) return true;
    return fail(reader, "needs too much memory");
}

static bool read_array(struct reader *reader, struct value *out)
{
    uint32_t base = reader->used, count = 0;
    if (!enter(reader)) return false;
    if (next(reader) == ']') {
        reader->at++;
    } else {
        for (char c = ','; c == ',';) {
            struct value item;
            if (!read_value(reader, &item)) return false;
            if (++count > JSON_ITEMS_MAX) return fail(reader, "an array of too many items");
            cells_push(reader, 1)->value = item;
            c = next(reader);
            if (c != ',' && c != ']') return fail_here(reader, "neither `,` nor `]`");
            reader->at++;
        }
    }
    if (!has_room(reader, count, sizeof(struct value))) return false;
    *out = value_array(reader->arena, count);
    if (count) memcpy(out->array->items, reader->cells + base, count * sizeof(struct value));
    out->array->count = count;
    reader->used = base;
    reader->depth--;
    return true;
}

static inline bool read_member(struct reader *reader)
{
    unsigned high = 0;
    struct str name;
    struct value value;
    if (next(reader) != '"') return fail_here(reader, "not a key in double quotes");
    reader->at++;
    if (!read_string(reader, &name, &high)) return false;
    if (high && utf8_check(name) == UTF8_INVALID) reader->is_binary = true;
    if (name.len > UINT32_MAX) return fail(reader, "a key of more than 4 GiB");
    if (next(reader) != ':') return fail_here(reader, "a key without `:`");
    reader->at++;
    if (!read_value(reader, &value)) return false;
    union cell *cells = cells_push(reader, 2);
    cells[0].key = key_of(name);
    cells[1].value = value;
    return true;
}

static bool read_object(struct reader *reader, struct value *out)
{
    uint32_t base = reader->used, count = 0;
    if (!enter(reader)) return false;
    if (next(reader) == '}') {
        reader->at++;
    } else {
        for (char c = ','; c == ',';) {
            if (!read_member(reader)) return false;
            if (++count > JSON_MEMBERS_MAX) return fail(reader, "an object of too many members");
            c = next(reader);
            if (c != ',' && c != '}') return fail_here(reader, "neither `,` nor `}`");
            reader->at++;
        }
    }
    if (!has_room(reader, count, sizeof(struct entry) + 4 * sizeof(uint32_t))) return false;
    *out = value_map_of(reader->arena, (const struct entry *)(const void *)(reader->cells + base),
                        count);
    reader->used = base;
    reader->depth--;
    return true;
}

static bool read_value(struct reader *reader, struct value *out)
{
    if (++reader->values > JSON_VALUES_MAX) return fail(reader, "too many values");
    switch (next(reader)) {
    case '"': return read_text(reader, out);
    case '{': return read_object(reader, out);
    case '[': return read_array(reader, out);
    case 't': return read_word(reader, STR("true"), value_bool(true), out);
    case 'f': return read_word(reader, STR("false"), value_bool(false), out);
    case 'n': return read_word(reader, STR("null"), value_null(), out);
    case '-':
    case '0' ... '9': return read_number(reader, out);
    default: return fail_here(reader, "not a value");
    }
}

bool json_decode(struct str text, enum json_rule rule, struct arena *arena, struct value *out,
                 struct json_report *report)
{
    union cell cells[CELLS_ON_STACK];
    struct reader reader = {.at = text.ptr,
                            .end = text.ptr + text.len,
                            .arena = arena,
                            .cells = cells,
                            .capacity = CELLS_ON_STACK};
    if (str_starts(text, STR("\xEF\xBB\xBF"))) reader.at += 3;
    struct value value = VALUE_NONE;
    bool done = read_value(&reader, &value);
    if (done && rule == JSON_WHOLE && (next(&reader) || reader.at < reader.end))
        done = fail(&reader, "text behind the document");
    free(reader.heap);
    if (done) *out = value;
    *report = (struct json_report){(size_t)(reader.at - text.ptr), reader.reason, reader.is_binary};
    return done;
}

bool json_is_blank(struct str text)
{
    size_t at = 0;
    while (at < text.len && is_blank(text.ptr[at])) at++;
    return at == text.len;
}
