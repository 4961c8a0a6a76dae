/* SPDX-License-Identifier: Apache-2.0 */
/* Each text is known by four of its bytes in a row, those that logs hold least often, and lies in
 * one of eight buckets, a bit each. For each of the four a table says, by the low half of a byte,
 * in which buckets there is such a byte, another the same by the high half; a place where all eight
 * agree on a bucket is looked at.
 *
 * Of many texts some fit nearly every place: then a table by the four bytes is asked at each. */
#include "core/text/literals.h"
#include "core/text/regex.h"
#include <assert.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

enum { PRINT_BYTES = 4, BUCKETS = 8, NIBBLES = 16, BLOCK = 32, MANY = 256 /* more texts: by the table */ };

struct literal {
    struct str text;
    uint32_t print;    /* its four bytes */
    uint32_t print_at; /* where they stand in it */
    uint32_t number;
    uint32_t next; /* item + 1 with the same head; 0: none */
};

struct literals {
    uint8_t low[PRINT_BYTES][NIBBLES], high[PRINT_BYTES][NIBBLES];
    struct literal *items; /* by bucket */
    uint32_t bucket_start[BUCKETS + 1];
    struct needle *needles; /* instead, without AVX2 */
    uint32_t *heads;        /* instead, of many texts: item + 1 by print_hash(); 0: none */
    uint32_t shift;
    uint32_t count;
};

/* ---- making ---- */
static bool has_blocks(void)
{
#ifdef __x86_64__
    return __builtin_cpu_supports("avx2");
#else
    return false;
#endif
}

/* The four bytes around the rarest one. */
static uint32_t print_choose(struct str text)
{
    struct needle needle = needle_of(text);
    size_t last = text.len - PRINT_BYTES, at = needle.one ? needle.one - 1 : 0;
    return (uint32_t)(at < last ? at : last);
}

static void bucket_learn(struct literals *literals, const struct literal *literal, uint32_t bucket)
{
    for (uint32_t i = 0; i < PRINT_BYTES; i++) {
        uint8_t byte = (uint8_t)literal->text.ptr[literal->print_at + i];
        literals->low[i][byte & 15] |= (uint8_t)(1u << bucket);
        literals->high[i][byte >> 4] |= (uint8_t)(1u << bucket);
    }
}

static struct literal literal_of(struct str text, uint32_t number)
{
    assert(text.len >= LITERAL_BYTES_MIN);
    struct literal literal = {.text = text, .print_at = print_choose(text), .number = number};
    memcpy(&literal.print, text.ptr + literal.print_at, PRINT_BYTES);
    return literal;
}

static inline uint32_t print_hash(const struct literals *literals, uint32_t print)
{
    return print * 0x9E3779B1u >> literals->shift;
}

static void table_make(struct literals *literals, const struct str *texts, struct arena *arena)
{
    uint32_t bits = 1;
    while (1u << bits < 4 * literals->count) bits++;
    literals->shift = 32 - bits;
    literals->heads = arena_zalloc(arena, sizeof *literals->heads << bits);
    for (uint32_t i = 0; i < literals->count; i++) {
        literals->items[i] = literal_of(texts[i], i);
        uint32_t *head = &literals->heads[print_hash(literals, literals->items[i].print)];
        literals->items[i].next = *head;
        *head = i + 1;
    }
}

struct literals *literals_create(const struct str *texts, uint32_t count, struct arena *arena)
{
    assert(count <= LITERALS_MAX);
    struct literals *literals = arena_zalloc(arena, sizeof *literals);
    literals->count = count;
    if (count > MANY) {
        literals->items = arena_zalloc(arena, count * sizeof *literals->items);
        table_make(literals, texts, arena);
        return literals;
    }
    if (!has_blocks()) {
        literals->needles = arena_zalloc(arena, (count + 1) * sizeof *literals->needles);
        for (uint32_t i = 0; i < count; i++) literals->needles[i] = needle_of(texts[i]);
        return literals;
    }
    literals->items = arena_zalloc(arena, (count + 1) * sizeof *literals->items);
    for (uint32_t i = 0; i < count; i++) {
        /* neighbours in a list are often alike: they share a bucket, so that the others are purer */
        uint32_t bucket = (uint32_t)((uint64_t)i * BUCKETS / count);
        literals->items[i] = literal_of(texts[i], i);
        bucket_learn(literals, &literals->items[i], bucket);
        literals->bucket_start[bucket + 1] = i + 1;
    }
    for (uint32_t b = 0; b < BUCKETS; b++)
        if (!literals->bucket_start[b + 1])
            literals->bucket_start[b + 1] = literals->bucket_start[b];
    return literals;
}

/* ---- finding ---- */
static bool is_found(const uint64_t *found, uint32_t number)
{
    return found[number / LITERAL_WORD_BITS] >> number % LITERAL_WORD_BITS & 1;
}

static void find_each(const struct literals *literals, struct str text, uint64_t *found)
{
    for (uint32_t i = 0; i < literals->count; i++)
        if (needle_find(&literals->needles[i], text) >= 0)
            found[i / LITERAL_WORD_BITS] |= UINT64_C(1) << i % LITERAL_WORD_BITS;
}

static void find_by_table(const struct literals *literals, struct str text, uint64_t *found)
{
    for (size_t at = 0; at + PRINT_BYTES <= text.len; at++) {
        uint32_t print;
        memcpy(&print, text.ptr + at, PRINT_BYTES);
        for (uint32_t i = literals->heads[print_hash(literals, print)]; i; i = literals->items[i - 1].next) {
            const struct literal *literal = &literals->items[i - 1];
            if (literal->print != print || at < literal->print_at || is_found(found, literal->number)) continue;
            struct str here = str_from(text, at - literal->print_at);
            if (str_starts(here, literal->text))
                found[literal->number / LITERAL_WORD_BITS] |= UINT64_C(1) << literal->number % LITERAL_WORD_BITS;
        }
    }
}

#ifdef __x86_64__
/* The four bytes of some text of the buckets may stand at `at`. */
static inline void place_check(const struct literals *literals, struct str text, size_t at,
                               unsigned buckets, uint64_t *found)
{
    uint32_t print;
    memcpy(&print, text.ptr + at, PRINT_BYTES);
    for (; buckets; buckets &= buckets - 1) {
        uint32_t bucket = (uint32_t)__builtin_ctz(buckets);
        for (uint32_t i = literals->bucket_start[bucket]; i < literals->bucket_start[bucket + 1];
             i++) {
            const struct literal *literal = &literals->items[i];
            if (literal->print != print || at < literal->print_at ||
                is_found(found, literal->number))
                continue;
            size_t begin = at - literal->print_at;
            if (literal->text.len > text.len - begin) continue;
            if (memcmp(text.ptr + begin, literal->text.ptr, literal->text.len)) continue;
            found[literal->number / LITERAL_WORD_BITS] |= UINT64_C(1)
                                                          << literal->number % LITERAL_WORD_BITS;
        }
    }
}

typedef __m256i block; /* a register */

__attribute__((target("avx2"))) static inline block table_load(const uint8_t *table)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
}

/* For each of 32 bytes the buckets that have it at this place of their four. */
__attribute__((target("avx2"))) static inline block buckets_of(const char *bytes, block low,
                                                               block high)
{
    block half = _mm256_set1_epi8(15), x = _mm256_loadu_si256((const block *)(const void *)bytes);
    block by_low = _mm256_shuffle_epi8(low, _mm256_and_si256(x, half));
    block by_high = _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(x, 4), half));
    return _mm256_and_si256(by_low, by_high);
}

/* Blocks of `from`, of which `count` places count; they are places of `text` from `offset` on. */
__attribute__((target("avx2"))) static void find_blocks(const struct literals *literals,
                                                        const char *from, size_t count,
                                                        struct str text, size_t offset,
                                                        uint64_t *found)
{
    block low[PRINT_BYTES], high[PRINT_BYTES];
    for (int i = 0; i < PRINT_BYTES; i++) {
        low[i] = table_load(literals->low[i]);
        high[i] = table_load(literals->high[i]);
    }
    for (size_t at = 0; at < count; at += BLOCK) {
        block all = buckets_of(from + at, low[0], high[0]);
        for (int i = 1; i < PRINT_BYTES; i++)
            all = _mm256_and_si256(all, buckets_of(from + at + i, low[i], high[i]));
        unsigned some =
            ~(unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(all, _mm256_setzero_si256()));
        if (count - at < BLOCK) some &= (1u << (count - at)) - 1;
        if (!some) continue;
        uint8_t buckets[BLOCK];
        _mm256_storeu_si256((block *)(void *)buckets, all);
        for (; some; some &= some - 1) {
            unsigned bit = (unsigned)__builtin_ctz(some);
            place_check(literals, text, offset + at + bit, buckets[bit], found);
        }
    }
}

/* What is left at the end is searched in a copy that can be read beyond it. */
static void find_all(const struct literals *literals, struct str text, uint64_t *found)
{
    enum { BEHIND = PRINT_BYTES - 1 };
    char copy[2 * BLOCK + BEHIND] = {0};
    size_t whole = text.len < BEHIND ? 0 : (text.len - BEHIND) / BLOCK * BLOCK;
    struct str rest = str_from(text, whole);
    find_blocks(literals, text.ptr, whole, text, 0, found);
    assert(rest.len < BLOCK + BEHIND);
    memcpy(copy, rest.ptr, rest.len);
    if (rest.len >= PRINT_BYTES) find_blocks(literals, copy, rest.len - BEHIND, text, whole, found);
}
#endif

void literals_find(const struct literals *literals, struct str text, uint64_t *found)
{
    if (!literals->count || !text.len) return;
    if (literals->heads) {
        find_by_table(literals, text, found);
        return;
    }
#ifdef __x86_64__
    if (literals->items) {
        find_all(literals, text, found);
        return;
    }
#endif
    find_each(literals, text, found);
}
