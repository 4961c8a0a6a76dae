/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/murmur.h"
#include <criterion/criterion.h>
#include "core/text/encode.h"

/* Known answers: texts of every remainder of a block. */
Test(murmur, known_answers_of_32_bits)
{
    static const struct {
        const char *text;
        uint32_t seed, hash;
    } rows[] = {{"", 0, 0}, {"", 1, 0x514e28b7}, {"", 0xffffffff, 0x81f16f39}, {"a", 0x9747b28c, 0x7fa09ea6},
                {"aa", 0x9747b28c, 0x5d211726}, {"aaa", 0x9747b28c, 0x283e0130}, {"aaaa", 0x9747b28c, 0x5a97808a},
                {"123.123.123.123", 0, 4013733395u}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(murmur3_32(str_of(rows[i].text), rows[i].seed), rows[i].hash, "%s", rows[i].text);
}

Test(murmur, known_answers_of_128_bits)
{
    static const struct {
        struct str text;
        const char *hash;
    } rows[] = {{STR("123.123.123.123"), "41cbc4056eed401d091dfbeabf7ea9e0"},
                {{"\x7b\0\0\0", 4}, "286816c693ac410ed63e1430dcd6f6fe"},
                {{"\x3f\x42\x0f\x80\0\0\0\0", 8}, "fdc7699a82556c8c584131f0133ee989"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t hash[16];
        char hex[33] = {0};
        murmur3_128(rows[i].text, 2, hash);
        hex_encode((struct str){(char *)hash, 16}, hex);
        cr_expect_str_eq(hex, rows[i].hash);
    }
}
