/* SPDX-License-Identifier: Apache-2.0 */
/* The encoder: copies text 16 bytes at a time while it looks for bytes that need an escape. Where the
 * next byte goes travels as a pointer from function to function; the buffer learns of it at the end.
 * Whoever writes text or opens a value asks for room() first; MARGIN more is always there for quotes,
 * commas, scalars and what a block writes too far. */
#include "core/text/json.h"
#include "core/text/number.h"
#include "core/text/time.h"
#include "core/text/utf8.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* For what is called for every string with a constant `flip`: gcc takes it for too large. */
#define INLINE inline __attribute__((always_inline))

enum {
    ESCAPE_MAX = 6,      /* bytes of `\u001f` */
    BLOCK = 16,
    MARGIN = 96,         /* NUMBER_PRINT_MAX or TIME_ISO_SIZE, an escape, a block, punctuation */
    REPEATED_BYTES_MIN = 64, /* shorter text is encoded again rather than looked for */
};
_Static_assert(NUMBER_PRINT_MAX + ESCAPE_MAX + 2 * BLOCK <= MARGIN, "a scalar fits the margin");
_Static_assert(TIME_ISO_SIZE + ESCAPE_MAX + 2 * BLOCK <= MARGIN, "a time fits the margin");

struct writer {
    struct buf *out;
    char *end; /* of the buffer's memory */
    struct time_cache *times;
    /* the last long string and its encoded form: `message` and `[event][original]` are the same */
    const char *text;
    size_t text_len, encoded_at, encoded_len;
};

static char *writer_grow(struct writer *writer, char *at, size_t wanted)
{
    struct buf *out = writer->out;
    out->len = (size_t)(at - out->ptr);
    buf_grow(out, wanted);
    writer->end = out->ptr + out->capacity;
    return out->ptr + out->len;
}

/* Where to go on writing: at least `wanted` bytes and the margin are free there. */
static inline char *room(struct writer *writer, char *at, size_t wanted)
{
    size_t left = (size_t)(writer->end - at);
    return left >= wanted + MARGIN ? at : writer_grow(writer, at, wanted + MARGIN);
}

static char *writer_begin(struct writer *writer, struct buf *out, struct time_cache *times)
{
    *writer = (struct writer){.out = out, .times = times};
    buf_reserve(out, MARGIN);
    writer->end = out->ptr + out->capacity;
    return out->ptr + out->len;
}

static void writer_finish(struct writer *writer, const char *at)
{
    assert(at <= writer->end);
    writer->out->len = (size_t)(at - writer->out->ptr);
}

/* ---- strings ---- */

/* Bytes that may not simply be copied: those to escape and, unless the string is known to be valid
 * UTF-8 (`flip` 0x80), those >= 0x80. A signed comparison finds both: bytes >= 0x80 are negative,
 * and with their highest bit flipped above all others. A set bit for each. */
#ifdef __SSE2__
static inline unsigned special_mask(__m128i x, unsigned char flip)
{
    __m128i limit = _mm_set1_epi8((char)(0x20 ^ flip));
    __m128i low = _mm_cmplt_epi8(_mm_xor_si128(x, _mm_set1_epi8((char)flip)), limit);
    __m128i quote = _mm_cmpeq_epi8(x, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, backslash)));
}

static inline unsigned copy_block(char *to, const char *from, unsigned char flip)
{
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)from);
    _mm_storeu_si128((__m128i *)(void *)to, x);
    return special_mask(x, flip);
}

static inline uint64_t load(const char *at, size_t bytes)
{
    uint64_t word = 0;
    memcpy(&word, at, bytes);
    return word;
}

/* Less than a block, not nothing: as two words that overlap, or three bytes that may be the same. The
 * mask's bits are put where the bytes stand. */
static INLINE unsigned copy_rest(char *to, const char *from, size_t len, unsigned char flip)
{
    if (len >= 8) {
        uint64_t head = load(from, 8), tail = load(from + len - 8, 8);
        memcpy(to, &head, 8);
        memcpy(to + len - 8, &tail, 8);
        unsigned mask = special_mask(_mm_set_epi64x((int64_t)tail, (int64_t)head), flip);
        return (mask & 0xff) | mask >> 8 << (len - 8);
    }
    if (len >= 4) {
        uint32_t head = (uint32_t)load(from, 4), tail = (uint32_t)load(from + len - 4, 4);
        memcpy(to, &head, 4);
        memcpy(to + len - 4, &tail, 4);
        unsigned mask =
            special_mask(_mm_cvtsi64_si128((int64_t)((uint64_t)tail << 32 | head)), flip) & 0xff;
        return (mask & 0xf) | mask >> 4 << (len - 4);
    }
    uint8_t first = (uint8_t)from[0], middle = (uint8_t)from[len / 2], last = (uint8_t)from[len - 1];
    to[0] = (char)first;
    to[len / 2] = (char)middle;
    to[len - 1] = (char)last;
    unsigned mask = special_mask(_mm_cvtsi32_si128(first | middle << 8 | last << 16), flip) & 7;
    return mask ? (mask & 1) | (mask >> 1 & 1) << len / 2 | mask >> 2 << (len - 1) : 0;
}
#else
static inline unsigned copy_rest(char *to, const char *from, size_t len, unsigned char flip)
{
    unsigned mask = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)from[i];
        to[i] = (char)c;
        bool is_special = c < 0x20 || c == '"' || c == '\\' || (c >= 0x80 && !flip);
        mask |= (unsigned)is_special << i;
    }
    return mask;
}

static inline unsigned copy_block(char *to, const char *from, unsigned char flip)
{
    return copy_rest(to, from, BLOCK, flip);
}
#endif

static size_t escape(unsigned char c, char *to)
{
    static const char names[] = "btn?fr"; /* 8 to 13; 11 has none */
    to[0] = '\\';
    assert(c < 0x20);
    if (c >= 8 && c <= 13 && c != 11) {
        to[1] = names[c - 8];
        return 2;
    }
    memcpy(to + 1, "u00", 3);
    to[4] = (char)('0' + (c >> 4));
    to[5] = "0123456789abcdef"[c & 15];
    return ESCAPE_MAX;
}

/* Where reading and writing go on. */
struct cursor {
    const char *from;
    char *at;
};

/* What stands for the control or the bytes >= 0x80 at the start of `text`. */
static __attribute__((noinline)) struct cursor put_unusual(struct str text, char *at)
{
    unsigned char c = (unsigned char)*text.ptr;
    if (c < 0x80) return (struct cursor){text.ptr + 1, at + escape(c, at)};
    size_t len;
    utf8_decode(text, &len);
    memcpy(at, len ? text.ptr : "\xEF\xBF\xBD", len ? len : 3);
    return (struct cursor){text.ptr + (len ? len : 1), at + (len ? len : 3)};
}

/* The special byte at `from`; makes room for the rest. */
static inline struct cursor put_special(struct writer *writer, const char *from, const char *end,
                                        char *at)
{
    at = room(writer, at, (size_t)(end - from));
    char c = *from;
    if (c != '"' && c != '\\') return put_unusual((struct str){from, (size_t)(end - from)}, at);
    at[0] = '\\';
    at[1] = c;
    return (struct cursor){from + 1, at + 2};
}

/* There is room for the text. Made twice, with a constant for `flip`. */
static INLINE char *put_bytes(struct writer *writer, struct str text, unsigned char flip, char *at)
{
    struct cursor cursor = {text.ptr, at};
    const char *end = text.ptr + text.len;
    while (end - cursor.from >= BLOCK) {
        unsigned mask = copy_block(cursor.at, cursor.from, flip);
        size_t plain = mask ? (size_t)__builtin_ctz(mask) : BLOCK;
        cursor.from += plain;
        cursor.at += plain;
        if (mask) cursor = put_special(writer, cursor.from, end, cursor.at);
    }
    while (cursor.from < end) {
        size_t len = (size_t)(end - cursor.from);
        unsigned mask = copy_rest(cursor.at, cursor.from, len, flip);
        if (!mask) return cursor.at + len;
        size_t plain = (size_t)__builtin_ctz(mask);
        cursor = put_special(writer, cursor.from + plain, end, cursor.at + plain);
    }
    return cursor.at;
}

static __attribute__((noinline)) char *put_valid(struct writer *writer, struct str text, char *at)
{
    return put_bytes(writer, text, 0x80, at);
}

static __attribute__((noinline)) char *put_unchecked(struct writer *writer, struct str text, char *at)
{
    return put_bytes(writer, text, 0, at);
}

/* A long string that is the last one again is copied as it was encoded. */
static char *put_long(struct writer *writer, struct str text, bool is_valid, char *at)
{
    if (text.ptr == writer->text && text.len == writer->text_len) {
        at = room(writer, at, writer->encoded_len);
        memcpy(at, writer->out->ptr + writer->encoded_at, writer->encoded_len);
        return at + writer->encoded_len;
    }
    size_t begin = (size_t)(at - writer->out->ptr);
    at = is_valid ? put_valid(writer, text, at) : put_unchecked(writer, text, at);
    writer->text = text.ptr;
    writer->text_len = text.len;
    writer->encoded_at = begin;
    writer->encoded_len = (size_t)(at - writer->out->ptr) - begin;
    return at;
}

static char *put_text(struct writer *writer, struct str text, bool is_valid, char *at)
{
    *at++ = '"';
    if (text.len >= REPEATED_BYTES_MIN)
        at = put_long(writer, text, is_valid, at);
    else
        at = is_valid ? put_valid(writer, text, at) : put_unchecked(writer, text, at);
    *at = '"';
    return at + 1;
}

/* Most strings of events are short, known to be valid and need no escape. */
static INLINE char *put_string(struct writer *writer, const struct value *string, char *at)
{
    struct str text = {string->text, string->len};
    bool is_valid = string->flags & STRING_UTF8;
    if (!is_valid || text.len - 1 >= BLOCK - 1 || copy_rest(at + 1, text.ptr, text.len, 0x80))
        return put_text(writer, text, is_valid, at);
    *at = at[text.len + 1] = '"';
    return at + text.len + 2;
}

void json_encode_string(struct str text, struct buf *out)
{
    struct writer writer;
    char *at = writer_begin(&writer, out, NULL);
    at = room(&writer, at, text.len);
    writer_finish(&writer, put_text(&writer, text, false, at));
}

/* ---- other scalars ---- */

static char *put_double(double number, char *at)
{
    size_t len = number_print_java(number, at + 1);
    if (is_digit(at[len])) { /* all finite numbers end in a digit */
        memmove(at, at + 1, len);
        return at + len;
    }
    at[0] = at[len + 1] = '"';
    return at + len + 2;
}

static char *put_time(const struct writer *writer, const struct value *time, char *at)
{
    *at++ = '"';
    at += time_print_iso_cached(writer->times, time->seconds, time->len, at);
    *at = '"';
    return at + 1;
}

static inline char *put_plain(char *at, struct str text)
{
    memcpy(at, text.ptr, text.len);
    return at + text.len;
}

/* ---- containers ---- */

static char *put_value(struct writer *writer, const struct value *value, uint32_t depth, char *at);

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

/* `"key":`; most keys are known to need no escape. There is room for it. */
static inline char *put_key(struct writer *writer, struct key key, char *at)
{
    if (key.hash & KEY_IS_PLAIN) {
        *at++ = '"';
        copy_key(at, key.ptr, key.len);
        at += key.len;
        *at++ = '"';
    } else
        at = put_text(writer, key_text(&key), false, at);
    *at = ':';
    return at + 1;
}

static inline size_t text_len(const struct value *value)
{
    return value->kind == VALUE_STRING || value->kind == VALUE_NUMBER ? value->len : 0;
}

static char *put_map(struct writer *writer, const struct map *map, uint32_t depth, char *at)
{
    const struct entry *end = map_end(map);
    *at++ = '{';
    for (const struct entry *entry = map->entries; entry < end; entry++) {
        if (entry->value.kind == VALUE_MISSING) continue;
        struct key key = entry->key; /* bytes written might be its own, for all the compiler knows */
        at = room(writer, at, key.len + text_len(&entry->value));
        at = put_key(writer, key, at);
        if (entry->value.kind == VALUE_STRING && key.hash & KEY_IS_PLAIN)
            at = put_string(writer, &entry->value, at);
        else /* asks for room again */
            at = put_value(writer, &entry->value, depth, at);
        *at++ = ',';
    }
    at = room(writer, at - (at[-1] == ','), 0);
    *at = '}';
    return at + 1;
}

static char *put_array(struct writer *writer, const struct array *array, uint32_t depth, char *at)
{
    *at++ = '[';
    for (uint32_t i = 0; i < array->count; i++) {
        if (i) *at++ = ',';
        at = put_value(writer, &array->items[i], depth, at);
    }
    at = room(writer, at, 0);
    *at = ']';
    return at + 1;
}

/* Leaves at least one byte of room behind itself, for a comma. */
static char *put_value(struct writer *writer, const struct value *value, uint32_t depth, char *at)
{
    at = room(writer, at, text_len(value));
    switch ((enum value_kind)value->kind) {
    case VALUE_STRING: return put_string(writer, value, at);
    case VALUE_INT: return at + number_print_int(value->integer, at);
    case VALUE_NUMBER: return put_plain(at, value_text(value));
    case VALUE_DOUBLE: return put_double(value->real, at);
    case VALUE_TIME: return put_time(writer, value, at);
    case VALUE_BOOL: return put_plain(at, value->boolean ? STR("true") : STR("false"));
    case VALUE_MAP:
        if (depth < VALUE_DEPTH_MAX) return put_map(writer, value->map, depth + 1, at);
        break;
    case VALUE_ARRAY:
        if (depth < VALUE_DEPTH_MAX) return put_array(writer, value->array, depth + 1, at);
        break;
    case VALUE_MISSING:
    case VALUE_NULL: break;
    }
    return put_plain(at, STR("null"));
}

static void encode(const struct value *value, struct time_cache *times, struct buf *out)
{
    struct writer writer;
    char *at = writer_begin(&writer, out, times);
    writer_finish(&writer, put_value(&writer, value, 0, at));
}

void json_encode_value(const struct value *value, struct buf *out)
{
    struct time_cache times;
    times.len = 0; /* empty; the rest is not looked at then */
    encode(value, &times, out);
}

static struct value value_of_map(const struct map *map)
{
    return (struct value){.kind = VALUE_MAP, .map = (struct map *)(uintptr_t)map};
}

void json_encode_map(const struct map *map, struct buf *out)
{
    struct value value = value_of_map(map);
    json_encode_value(&value, out);
}

void json_encode_event(const struct event *event, struct time_cache *times, struct buf *out)
{
    struct value value = value_of_map(&event->root);
    encode(&value, times, out);
}
