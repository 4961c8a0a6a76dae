/* SPDX-License-Identifier: Apache-2.0 */
/* Many texts looked for in one pass: against memmem, on random texts of few letters. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include "core/text/literals.h"

enum { ROUNDS = 3000, TEXTS_MAX = 200, LETTERS = 4, LINE_MAX_BYTES = 300 };

static uint32_t random_next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static struct str random_text(uint64_t *state, struct arena *arena, size_t least, size_t most)
{
    size_t len = least + random_next(state) % (most - least + 1);
    char *bytes = arena_alloc(arena, len + 1);
    /* bytes that share halves, and NUL */
    static const char BYTES[] = {'a', 'b', 'q', '\0', '1', '\xe1', '!'};
    uint32_t kinds = 2 + random_next(state) % (sizeof BYTES - 2);
    for (size_t i = 0; i < len; i++) bytes[i] = BYTES[random_next(state) % kinds];
    return (struct str){bytes, len};
}

static void round_check(uint64_t *state)
{
    struct arena arena;
    arena_init(&arena, NULL);
    uint32_t count = random_next(state) % TEXTS_MAX;
    struct str texts[TEXTS_MAX];
    uint64_t found[TEXTS_MAX / LITERAL_WORD_BITS + 1] = {0};
    for (uint32_t i = 0; i < count; i++) texts[i] = random_text(state, &arena, LITERAL_BYTES_MIN, 9);
    struct literals *literals = literals_create(texts, count, &arena);
    /* from malloc, so that a sanitizer sees what is read beyond it */
    struct str made = random_text(state, &arena, 0, LINE_MAX_BYTES);
    char *copy = malloc(made.len + 1);
    memcpy(copy, made.ptr, made.len);
    char *line = realloc(copy, made.len ? made.len : 1);
    literals_find(literals, (struct str){line, made.len}, found);
    for (uint32_t i = 0; i < count; i++) {
        bool is_there = str_find(made, texts[i]) >= 0;
        bool is_found = found[i / LITERAL_WORD_BITS] >> i % LITERAL_WORD_BITS & 1;
        cr_assert_eq(is_found, is_there, "text %u of %u (%zu bytes) in %zu bytes", i, count, texts[i].len, made.len);
    }
    free(line);
    arena_fini(&arena);
}

Test(literals, what_memmem_finds_is_found, .timeout = 60)
{
    uint64_t state = 7;
    for (int i = 0; i < ROUNDS; i++) round_check(&state);
}

Test(literals, at_every_place_of_a_line)
{
    struct arena arena;
    arena_init(&arena, NULL);
    struct str texts[] = {STR("key=\"value\""), STR("abcd")};
    struct literals *literals = literals_create(texts, 2, &arena);
    for (size_t len = 0; len < 140; len++)
        for (size_t at = 0; at + texts[0].len <= len; at++) {
            char line[140];
            uint64_t found = 0;
            memset(line, 'k', len);
            memcpy(line + at, texts[0].ptr, texts[0].len);
            literals_find(literals, (struct str){line, len}, &found);
            cr_assert_eq(found, 1u, "at %zu of %zu", at, len);
        }
    arena_fini(&arena);
}

Test(literals, none_and_the_most_there_may_be)
{
    struct arena arena;
    arena_init(&arena, NULL);
    uint64_t found[LITERALS_MAX / LITERAL_WORD_BITS] = {0};
    literals_find(literals_create(NULL, 0, &arena), STR("abc"), found);
    cr_expect_eq(found[0], 0u);
    struct str *texts = arena_alloc(&arena, LITERALS_MAX * sizeof *texts);
    for (uint32_t i = 0; i < LITERALS_MAX; i++) texts[i] = arena_printf(&arena, "<<%u>", i);
    literals_find(literals_create(texts, LITERALS_MAX, &arena), STR("a <<17> b <<4095>"), found);
    for (uint32_t i = 0; i < LITERALS_MAX; i++)
        cr_expect_eq(found[i / LITERAL_WORD_BITS] >> i % LITERAL_WORD_BITS & 1, i == 17 || i == 4095);
    arena_fini(&arena);
}
