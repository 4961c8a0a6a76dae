/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/lsp/positions.h"
#include <criterion/criterion.h>

/* é has 2 bytes and 1 unit, 𝄞 4 bytes and 2 units. */
static const struct row {
    const char *text;
    uint32_t offset;
    struct position utf16, utf8;
} rows[] = {
    {"", 0, {0, 0}, {0, 0}},
    {"ab", 2, {0, 2}, {0, 2}},
    {"ab\n", 3, {1, 0}, {1, 0}},
    {"ab\ncd", 4, {1, 1}, {1, 1}},
    {"ab\r\ncd", 4, {1, 0}, {1, 0}},
    {"ab\rcd", 3, {1, 0}, {1, 0}},
    {"ab\r\r\ncd", 5, {2, 0}, {2, 0}},
    {"éa", 2, {0, 1}, {0, 2}},
    {"𝄞a", 4, {0, 2}, {0, 4}},
    {"x\né𝄞é|", 9, {1, 3}, {1, 6}},
    {"\n\n\n", 2, {2, 0}, {2, 0}},
};

static struct lines lines;
static void end(void) { lines_fini(&lines); }
TestSuite(lsp_positions, .fini = end);

Test(lsp_positions, offsets_and_positions_are_each_others_inverse)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str text = str_of(rows[i].text);
        lines_index(&lines, text);
        for (int k = 0; k < 2; k++) {
            enum encoding encoding = k ? ENCODING_UTF8 : ENCODING_UTF16;
            struct position want = k ? rows[i].utf8 : rows[i].utf16;
            if (rows[i].offset > text.len) continue;
            struct position got = position_of(&lines, text, encoding, rows[i].offset);
            if (strchr(rows[i].text, '|')) { /* the offset lies within é: its beginning counts */
                cr_expect_eq(got.character, want.character, "%s: %u", rows[i].text, got.character);
                continue;
            }
            cr_expect(got.line == want.line && got.character == want.character, "row %zu: %u %u", i, got.line,
                      got.character);
            cr_expect_eq(position_offset(&lines, text, encoding, want), rows[i].offset, "row %zu", i);
        }
    }
}

Test(lsp_positions, what_the_text_does_not_have_is_moved_to_the_nearest)
{
    struct str text = STR("a𝄞b\r\nc\n");
    lines_index(&lines, text);
    static const struct { struct position at; uint32_t utf16, utf8; } moved[] = {
        {{0, 2}, 1, 1},  /* within the character */
        {{0, 3}, 5, 1},
        {{0, 5}, 6, 5},
        {{0, 99}, 6, 6}, /* before the line's end, CR LF included */
        {{1, 99}, 9, 9},
        {{2, 0}, 10, 10},
        {{2, 5}, 10, 10},
        {{77, 0}, 10, 10},
        {{UINT32_MAX, UINT32_MAX}, 10, 10},
    };
    for (size_t i = 0; i < sizeof moved / sizeof *moved; i++) {
        cr_expect_eq(position_offset(&lines, text, ENCODING_UTF16, moved[i].at), moved[i].utf16, "%zu", i);
        cr_expect_eq(position_offset(&lines, text, ENCODING_UTF8, moved[i].at), moved[i].utf8, "%zu", i);
    }
    struct position behind = position_of(&lines, text, ENCODING_UTF16, 7);
    cr_expect(behind.line == 0 && behind.character == 4, "between CR and LF is the line's end");
}
