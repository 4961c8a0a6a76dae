/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/crc32c.h"
#include <criterion/criterion.h>
#include <string.h>

Test(crc32c, gives_the_known_sums)
{
    char zeros[32] = {0}, ones[32], rising[32];
    memset(ones, 0xff, sizeof ones);
    for (int i = 0; i < 32; i++) rising[i] = (char)i;
    /* RFC 3720, B.4, and the usual check value */
    const struct { const char *bytes; size_t len; uint32_t sum; } rows[] = {
        {"", 0, 0}, {"123456789", 9, 0xe3069283}, {zeros, 32, 0x8a9136aa}, {ones, 32, 0x62a8ab43},
        {rising, 32, 0x46dd794e},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(crc32c(0, rows[i].bytes, rows[i].len), rows[i].sum, "%zu", i);
        cr_expect_eq(crc32c_by_table(0, rows[i].bytes, rows[i].len), rows[i].sum, "%zu", i);
    }
}

Test(crc32c, is_the_same_by_table_at_every_length_and_in_pieces)
{
    char bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)(i * i * 7 + i);
    for (size_t start = 0; start < 9; start++)
        for (size_t len = 0; start + len <= sizeof bytes; len++) {
            uint32_t sum = crc32c_by_table(5, bytes + start, len);
            cr_assert_eq(crc32c(5, bytes + start, len), sum, "%zu bytes at %zu", len, start);
            size_t half = len / 3;
            cr_assert_eq(crc32c(crc32c(5, bytes + start, half), bytes + start + half, len - half), sum);
        }
}
