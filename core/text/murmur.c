/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/murmur.h"

static uint32_t rotate32(uint32_t x, unsigned by) { return x << by | x >> (32 - by); }
static uint64_t rotate64(uint64_t x, unsigned by) { return x << by | x >> (64 - by); }

/* Up to 8 bytes, the lowest first. */
static uint64_t load(const char *at, size_t len)
{
    uint64_t word = 0;
    for (size_t i = len; i > 0; i--) word = word << 8 | (unsigned char)at[i - 1];
    return word;
}

static uint32_t mix32(uint32_t k) { return rotate32(k * 0xcc9e2d51u, 15) * 0x1b873593u; }

uint32_t murmur3_32(struct str text, uint32_t seed)
{
    uint32_t hash = seed;
    size_t at = 0;
    for (; at + 4 <= text.len; at += 4) {
        hash ^= mix32((uint32_t)load(text.ptr + at, 4));
        hash = rotate32(hash, 13) * 5 + 0xe6546b64u;
    }
    if (at < text.len) hash ^= mix32((uint32_t)load(text.ptr + at, text.len - at));
    hash ^= (uint32_t)text.len;
    hash = (hash ^ hash >> 16) * 0x85ebca6bu;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
    return hash ^ hash >> 16;
}

static const uint64_t C1 = 0x87c37b91114253d5u, C2 = 0x4cf5ad432745937fu;

static uint64_t final64(uint64_t hash)
{
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53u;
    return hash ^ hash >> 33;
}

static uint64_t mix_first(uint64_t k) { return rotate64(k * C1, 31) * C2; }
static uint64_t mix_second(uint64_t k) { return rotate64(k * C2, 33) * C1; }

static void store(uint64_t word, uint8_t *out)
{
    for (int i = 0; i < 8; i++) out[i] = (uint8_t)(word >> 8 * i);
}

void murmur3_128(struct str text, uint32_t seed, uint8_t out[16])
{
    uint64_t h1 = seed, h2 = seed;
    size_t at = 0;
    for (; at + 16 <= text.len; at += 16) {
        h1 ^= mix_first(load(text.ptr + at, 8));
        h1 = (rotate64(h1, 27) + h2) * 5 + 0x52dce729u;
        h2 ^= mix_second(load(text.ptr + at + 8, 8));
        h2 = (rotate64(h2, 31) + h1) * 5 + 0x38495ab5u;
    }
    size_t left = text.len - at;
    if (left > 8) h2 ^= mix_second(load(text.ptr + at + 8, left - 8));
    if (left) h1 ^= mix_first(load(text.ptr + at, left < 8 ? left : 8));
    h1 ^= text.len;
    h2 ^= text.len;
    h1 += h2;
    h2 += h1;
    h1 = final64(h1);
    h2 = final64(h2);
    h1 += h2;
    h2 += h1;
    store(h1, out);
    store(h2, out + 8);
}
