/* SPDX-License-Identifier: Apache-2.0 */
/* The encoder: copies strings 16 bytes at a time while it looks for bytes that need an escape. */
#include "core/text/json.h"
#include "core/text/number.h"
#include "core/text/time.h"
#include "core/text/utf8.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { ESCAPE_MAX = 6, BLOCK = 16 };

/* Which bytes may not simply be copied: those to escape, and those >= 0x80 unless the string is
 * known to be valid UTF-8 (`high` 0). */
static inline bool is_special(unsigned char c, unsigned char high)
{
    return c < 0x20 || c == '"' || c == '\\' || (c & high);
}

#ifdef __SSE2__
static inline unsigned special_mask(__m128i x, unsigned char high)
{
    __m128i stops = _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
                                 _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')));
    stops = _mm_or_si128(stops, _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x));
    stops = _mm_or_si128(stops, _mm_and_si128(x, _mm_set1_epi8((char)high)));
    return (unsigned)_mm_movemask_epi8(stops);
}

static inline uint64_t load(const char *at, size_t bytes)
{
    uint64_t word = 0;
    memcpy(&word, at, bytes);
    return word;
}

/* 4 to 15 bytes as two overlapping words: copied and looked at without a loop. */
static inline bool copy_short(const char *at, size_t len, char *to, unsigned char high)
{
    size_t half = len >= 8 ? 8 : 4;
    uint64_t head = half == 8 ? load(at, 8) : load(at, 4);
    uint64_t tail = half == 8 ? load(at + len - 8, 8) : load(at + len - 4, 4);
    /* a half word's empty bytes must not look like controls */
    uint64_t filler = half == 8 ? 0 : 0x2020202000000000u;
    __m128i x = _mm_set_epi64x((int64_t)(tail | filler), (int64_t)(head | filler));
    memcpy(to, &head, 8);
    if (half == 8)
        memcpy(to + len - 8, &tail, 8);
    else
        memcpy(to + len - 4, &tail, 4);
    return special_mask(x, high) == 0;
}
#endif

/* Copies up to the first special byte; returns how many. `to` has room for `len` and a block. */
static inline size_t copy_plain(const char *from, size_t len, char *to, unsigned char high)
{
    size_t i = 0;
#ifdef __SSE2__
    for (; i + BLOCK <= len; i += BLOCK) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(from + i));
        _mm_storeu_si128((__m128i *)(void *)(to + i), x);
        unsigned mask = special_mask(x, high);
        if (mask) return i + (size_t)__builtin_ctz(mask);
    }
    if (len - i >= 4 && copy_short(from + i, len - i, to + i, high)) return len;
#endif
    for (; i < len && !is_special((unsigned char)from[i], high); i++) to[i] = from[i];
    return i;
}

static size_t escape(unsigned char c, char *to)
{
    static const char names[] = "btn?fr"; /* 8 to 13; 11 has none */
    to[0] = '\\';
    to[1] = (char)c;
    if (c == '"' || c == '\\') return 2;
    assert(c < 0x20);
    if (c >= 8 && c <= 13 && c != 11) {
        to[1] = names[c - 8];
        return 2;
    }
    memcpy(to + 1, "u00", 3);
    to[4] = (char)('0' + (c >> 4));
    to[5] = "0123456789abcdef"[c & 15];
    return 6;
}

/* Writes what stands for the special byte at `from`; returns how many bytes of it were used. */
static size_t put_special(struct str from, struct buf *out)
{
    unsigned char c = (unsigned char)*from.ptr;
    if (c < 0x80) {
        out->len += escape(c, out->ptr + out->len);
        return 1;
    }
    size_t len;
    utf8_decode(from, &len);
    if (len)
        memcpy(out->ptr + out->len, from.ptr, len);
    else
        memcpy(out->ptr + out->len, "\xEF\xBF\xBD", 3);
    out->len += len ? len : 3;
    return len ? len : 1;
}

static inline void put_string(struct str text, unsigned char high, struct buf *out)
{
    buf_reserve(out, text.len + BLOCK + ESCAPE_MAX + 3);
    out->ptr[out->len++] = '"';
    for (;;) {
        size_t plain = copy_plain(text.ptr, text.len, out->ptr + out->len, high);
        out->len += plain;
        if (plain == text.len) break;
        text = str_from(text, plain);
        text = str_from(text, put_special(text, out));
        buf_reserve(out, text.len + BLOCK + ESCAPE_MAX + 3);
    }
    out->ptr[out->len++] = '"';
}

void json_encode_string(struct str text, struct buf *out) { put_string(text, 0x80, out); }

static void put_double(double number, struct buf *out)
{
    buf_reserve(out, NUMBER_PRINT_MAX + 2);
    char *at = out->ptr + out->len;
    size_t len = number_print_java(number, at + 1);
    if (is_digit(at[len])) { /* all finite numbers end in a digit */
        memmove(at, at + 1, len);
        out->len += len;
        return;
    }
    at[0] = at[len + 1] = '"';
    out->len += len + 2;
}

static void put_time(const struct value *time, struct buf *out)
{
    buf_reserve(out, TIME_ISO_SIZE + 2);
    char *at = out->ptr + out->len;
    *at++ = '"';
    at += time_print_iso(time->seconds, time->len, at);
    *at++ = '"';
    out->len = (size_t)(at - out->ptr);
}

static void put_value(const struct value *value, uint32_t depth, struct buf *out);

/* Copies a short run; `to` has room for a block more. */
static inline void copy_key(char *to, const char *from, size_t len)
{
    if (len > BLOCK) {
        memcpy(to, from, len);
    } else if (len >= 8) {
        memcpy(to, from, 8);
        memcpy(to + len - 8, from + len - 8, 8);
    } else if (len >= 4) {
        memcpy(to, from, 4);
        memcpy(to + len - 4, from + len - 4, 4);
    } else
        for (size_t i = 0; i < len; i++) to[i] = from[i];
}

/* `"key":`; most keys are known to need no escape. */
static inline void put_key(const struct key *key, struct buf *out)
{
    if (key->hash & KEY_IS_PLAIN) {
        buf_reserve(out, key->len + BLOCK);
        char *at = out->ptr + out->len;
        *at = '"';
        copy_key(at + 1, key->ptr, key->len);
        at[key->len + 1] = '"';
        at[key->len + 2] = ':';
        out->len += key->len + 3;
        return;
    }
    put_string(key_text(key), 0x80, out);
    out->ptr[out->len++] = ':'; /* put_string() leaves room behind itself */
}

static void put_map(const struct map *map, uint32_t depth, struct buf *out)
{
    buf_append_char(out, '{');
    size_t start = out->len;
    MAP_EACH(map, entry)
    {
        put_key(&entry->key, out);
        put_value(&entry->value, depth, out);
        buf_append_char(out, ',');
    }
    out->len -= out->len > start; /* the last comma */
    buf_append_char(out, '}');
}

static void put_array(const struct array *array, uint32_t depth, struct buf *out)
{
    buf_append_char(out, '[');
    for (uint32_t i = 0; i < array->count; i++) {
        if (i) buf_append_char(out, ',');
        put_value(&array->items[i], depth, out);
    }
    buf_append_char(out, ']');
}

static void put_value(const struct value *value, uint32_t depth, struct buf *out)
{
    switch ((enum value_kind)value->kind) {
    case VALUE_STRING:
        put_string(value_text(value), value->flags & STRING_UTF8 ? 0 : 0x80, out);
        return;
    case VALUE_INT:
        buf_reserve(out, NUMBER_PRINT_MAX);
        out->len += number_print_int(value->integer, out->ptr + out->len);
        return;
    case VALUE_NUMBER: buf_append(out, value_text(value)); return;
    case VALUE_DOUBLE: put_double(value->real, out); return;
    case VALUE_TIME: put_time(value, out); return;
    case VALUE_BOOL: buf_append(out, value->boolean ? STR("true") : STR("false")); return;
    case VALUE_MAP:
        if (depth < VALUE_DEPTH_MAX) return put_map(value->map, depth + 1, out);
        break;
    case VALUE_ARRAY:
        if (depth < VALUE_DEPTH_MAX) return put_array(value->array, depth + 1, out);
        break;
    case VALUE_MISSING:
    case VALUE_NULL: break;
    }
    buf_append(out, STR("null"));
}

void json_encode_value(const struct value *value, struct buf *out) { put_value(value, 0, out); }

void json_encode_map(const struct map *map, struct buf *out) { put_map(map, 1, out); }
