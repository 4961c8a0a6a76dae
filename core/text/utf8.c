/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/utf8.h"
#include <assert.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#ifdef __SSE2__
static inline __m128i block_at(const char *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

/* A bit for each byte >= 0x80. */
static inline unsigned high_mask(const char *at) { return (unsigned)_mm_movemask_epi8(block_at(at)); }

static inline bool has_high_64(const char *at)
{
    __m128i low = _mm_or_si128(block_at(at), block_at(at + 16));
    return _mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(block_at(at + 32), block_at(at + 48))));
}
#endif

/* Bytes of the ASCII head of `text`. */
static size_t ascii_len(struct str text)
{
    size_t i = 0;
#ifdef __SSE2__
    while (i + 64 <= text.len && !has_high_64(text.ptr + i)) i += 64;
    for (; i + 16 <= text.len; i += 16) {
        unsigned high = high_mask(text.ptr + i);
        if (high) return i + (size_t)__builtin_ctz(high);
    }
    /* the rest once more, as the end of a whole block whose head is known */
    if (text.len >= 16 && i < text.len && !high_mask(text.ptr + text.len - 16)) return text.len;
#endif
    while (i < text.len && (unsigned char)text.ptr[i] < 0x80) i++;
    return i;
}

bool utf8_is_ascii(struct str text) { return ascii_len(text) == text.len; }

uint32_t utf8_decode(struct str text, size_t *len)
{
    assert(text.len);
    const unsigned char *s = (const unsigned char *)text.ptr;
    *len = 0;
    if (s[0] < 0x80) {
        *len = 1;
        return s[0];
    }
    if (s[0] < 0xC2 || s[0] > 0xF4) return 0;
    size_t wanted = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    if (text.len < wanted) return 0;
    uint32_t code = s[0] & (0x7Fu >> wanted);
    for (size_t i = 1; i < wanted; i++) {
        if ((s[i] & 0xC0) != 0x80) return 0;
        code = code << 6 | (s[i] & 0x3F);
    }
    if (wanted == 3 && (code < 0x800 || (code >= 0xD800 && code <= 0xDFFF))) return 0;
    if (wanted == 4 && (code < 0x10000 || code > 0x10FFFF)) return 0;
    *len = wanted;
    return code;
}

size_t utf8_valid_len(struct str text)
{
    size_t at = 0;
    while (at < text.len) {
        at += ascii_len(str_from(text, at));
        if (at == text.len) break;
        size_t len;
        utf8_decode(str_from(text, at), &len);
        if (!len) return at;
        at += len;
    }
    return at;
}

enum utf8_verdict utf8_check(struct str text)
{
    size_t ascii = ascii_len(text);
    if (ascii == text.len) return UTF8_ASCII;
    struct str rest = str_from(text, ascii);
    return utf8_valid_len(rest) == rest.len ? UTF8_VALID : UTF8_INVALID;
}

size_t utf8_encode(uint32_t code, char out[4])
{
    assert(code <= 0x10FFFF && !(code >= 0xD800 && code <= 0xDFFF));
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i; i--, code >>= 6) out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)((0xF00u >> len & 0xFF) | code);
    return len;
}
