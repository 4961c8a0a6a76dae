/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/crc32c.h"
#include <pthread.h>
#include <string.h>
#if defined __x86_64__
#include <nmmintrin.h>
#elif defined __aarch64__ && defined __ARM_FEATURE_CRC32
#include <arm_acle.h>
#endif

enum { SLICES = 8 };
static const uint32_t POLYNOMIAL = 0x82f63b78u; /* bits reversed: the lowest is the highest power */

static uint32_t table[SLICES][256]; /* [s][b]: what byte b does to the sum s bytes later */
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void table_fill(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        table[0][byte] = crc;
    }
    for (int slice = 1; slice < SLICES; slice++)
        for (uint32_t byte = 0; byte < 256; byte++) {
            uint32_t before = table[slice - 1][byte];
            table[slice][byte] = before >> 8 ^ table[0][before & 255];
        }
}

uint32_t crc32c_by_table(uint32_t crc, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    pthread_once(&table_once, table_fill);
    crc = ~crc;
    for (; len >= SLICES; at += SLICES, len -= SLICES) {
        uint32_t next = 0;
        for (int i = 0; i < SLICES; i++) {
            uint32_t byte = at[i] ^ (i < 4 ? crc >> (8 * i) & 255 : 0);
            next ^= table[SLICES - 1 - i][byte];
        }
        crc = next;
    }
    while (len--) crc = crc >> 8 ^ table[0][(crc ^ *at++) & 255];
    return ~crc;
}

#if defined __x86_64__
#define HAS_INSTRUCTION __builtin_cpu_supports("sse4.2")
struct word { /* eight bytes at any address */
    uint64_t bits;
} __attribute__((packed, may_alias));

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const void *bytes, size_t len)
{
    const struct word *at = bytes;
    uint64_t sum = ~crc;
    for (; len >= 4 * sizeof *at; at += 4, len -= 4 * sizeof *at) {
        sum = _mm_crc32_u64(sum, at[0].bits);
        sum = _mm_crc32_u64(sum, at[1].bits);
        sum = _mm_crc32_u64(sum, at[2].bits);
        sum = _mm_crc32_u64(sum, at[3].bits);
    }
    for (; len >= sizeof *at; at++, len -= sizeof *at) sum = _mm_crc32_u64(sum, at->bits);
    const unsigned char *last = (const unsigned char *)at;
    uint32_t rest = (uint32_t)sum;
    while (len--) rest = _mm_crc32_u8(rest, *last++);
    return ~rest;
}
#elif defined __aarch64__ && defined __ARM_FEATURE_CRC32
#define HAS_INSTRUCTION 1
static uint32_t by_instruction(uint32_t crc, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    uint64_t word;
    for (crc = ~crc; len >= sizeof word; at += sizeof word, len -= sizeof word) {
        memcpy(&word, at, sizeof word);
        crc = __crc32cd(crc, word);
    }
    while (len--) crc = __crc32cb(crc, *at++);
    return ~crc;
}
#else
#define HAS_INSTRUCTION 0
#define by_instruction crc32c_by_table
#endif

uint32_t crc32c(uint32_t crc, const void *bytes, size_t len)
{
    return HAS_INSTRUCTION ? by_instruction(crc, bytes, len) : crc32c_by_table(crc, bytes, len);
}
