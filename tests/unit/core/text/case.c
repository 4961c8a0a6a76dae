/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/case.h"
#include <criterion/criterion.h>

Test(case, maps_text_of_all_scripts)
{
    static const struct {
        const char *text, *upper, *lower, *capital;
    } rows[] = {
        {"", "", "", ""},
        {"Hello World", "HELLO WORLD", "hello world", "Hello world"},
        {"CDE", "CDE", "cde", "Cde"},
        {"cde 1_2", "CDE 1_2", "cde 1_2", "Cde 1_2"},
        {"straße", "STRASSE", "straße", "Straße"},
        {"ßA", "SSA", "ßa", "Ssa"},
        {"ÉCOLE à", "ÉCOLE À", "école à", "École à"},
        {"ΣΊΣΥΦΟΣ", "ΣΊΣΥΦΟΣ", "σίσυφοσ", "Σίσυφοσ"}, /* no final sigma */
        {"привет МИР", "ПРИВЕТ МИР", "привет мир", "Привет мир"},
        {"ﬃ", "FFI", "ﬃ", "Ffi"},
        {"ǆ", "Ǆ", "ǆ", "ǅ"},
        {"Ǆ", "Ǆ", "ǆ", "ǅ"},
        {"İ", "İ", "i\u0307", "İ"},
        {"ΐ", "\u0399\u0308\u0301", "ΐ", "\u0399\u0308\u0301"},
        {"ᾳ", "ΑΙ", "ᾳ", "ᾼ"},
        {"აბ", "ᲐᲑ", "აბ", "აბ"},
        {"𐐨x", "𐐀X", "𐐨x", "𐐀x"},
        {"日本", "日本", "日本", "日本"},
        {"a\xFFß\xC3", "A\xFFSS\xC3", "a\xFFß\xC3", "A\xFFß\xC3"}, /* not UTF-8: as it is */
    };
    struct arena arena;
    arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *expected[] = {rows[i].upper, rows[i].lower, rows[i].capital};
        for (int kind = 0; kind < 3; kind++) {
            struct str out = case_map(str_of(rows[i].text), (enum case_kind)kind, &arena);
            cr_expect(str_eq_z(out, expected[kind]), "`%s` %d: `%.*s`", rows[i].text, kind,
                      STR_ARG(out));
        }
    }
    arena_fini(&arena);
}

Test(case, copies_nothing_when_nothing_changes)
{
    struct arena arena;
    arena_init(&arena, NULL);
    const char *text = "nothing to do";
    cr_assert_eq(case_map(str_of(text), CASE_LOWER, &arena).ptr, text);
    cr_assert_null(arena.chunks);
    arena_fini(&arena);
}

/* Each character alone and behind another: the most that a text can grow. */
Test(case, never_grows_beyond_the_limit)
{
    struct arena arena;
    arena_init(&arena, NULL);
    for (uint32_t code = 0x80; code < 0x20000; code++) {
        if (code >= 0xD800 && code <= 0xDFFF) continue;
        char text[5] = {'a'};
        size_t len = 1;
        if (code < 0x800) {
            text[len++] = (char)(0xC0 | code >> 6);
        } else if (code < 0x10000) {
            text[len++] = (char)(0xE0 | code >> 12);
            text[len++] = (char)(0x80 | (code >> 6 & 0x3F));
        } else {
            text[len++] = (char)(0xF0 | code >> 18);
            text[len++] = (char)(0x80 | (code >> 12 & 0x3F));
            text[len++] = (char)(0x80 | (code >> 6 & 0x3F));
        }
        text[len++] = (char)(0x80 | (code & 0x3F));
        for (int kind = 0; kind < 3; kind++) {
            struct str one = {text + 1, len - 1};
            cr_assert_leq(case_map(one, (enum case_kind)kind, &arena).len, CASE_GROWTH * one.len);
        }
        if (code % 4096 == 0) arena_fini(&arena);
    }
    arena_fini(&arena);
}
