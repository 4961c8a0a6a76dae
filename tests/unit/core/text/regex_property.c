/* SPDX-License-Identifier: Apache-2.0 */
/* Random patterns on random texts: what is tested before a match (literal, least length), the pinned
 * try and the guarded compilation must never change the answer. The naive answer is PCRE2's own, on
 * the plain translation. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <criterion/criterion.h>
#include <pcre2.h>
#include <stdlib.h>
#include "core/event/value.h"
#include "core/text/regex_translate.h"

enum { PATTERNS = 4000, TEXTS = 12 };

static uint32_t random_next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static const char *pick(uint64_t *state, const char *const *from, size_t count) { return from[random_next(state) % count]; }

static void pattern_make(uint64_t *state, struct buf *out, int depth)
{
    static const char *const ATOMS[] = {"a", "b", "c", "ab", "bc", "cab", "[ab]", "[^a]", ".", "\\b", "^", "$", "\xc3\xa9", "\\w", "\\s", " ", "[c]", "\\Aa", "\\d"};
    static const char *const OPENS[] = {"(?:", "(", "(?>", "(?=", "(?!", "(?i:", "(?<n>", "(?<=a|bc)(?:", "(?i)(?:"};
    static const char *const QUANTIFIERS[] = {"", "", "", "", "*", "+", "?", "*?", "{2}", "{0,2}", "{1,3}?", "?+", "{,1}", "??"};
    uint32_t count = 1 + random_next(state) % 4;
    for (uint32_t i = 0; i < count; i++) {
        if (depth < 3 && random_next(state) % 3 == 0) {
            buf_append_z(out, pick(state, OPENS, sizeof OPENS / sizeof *OPENS));
            pattern_make(state, out, depth + 1);
            if (random_next(state) % 3 == 0) {
                buf_append_char(out, '|');
                pattern_make(state, out, depth + 1);
            }
            buf_append_char(out, ')');
        } else {
            buf_append_z(out, pick(state, ATOMS, sizeof ATOMS / sizeof *ATOMS));
        }
        buf_append_z(out, pick(state, QUANTIFIERS, sizeof QUANTIFIERS / sizeof *QUANTIFIERS));
    }
}

static void text_make(uint64_t *state, struct buf *out)
{
    static const char *const PIECES[] = {"a", "b", "c", "ab", "bca", " ", "\n", "\xc3\xa9", "A", "B", "1", "cab"};
    uint32_t count = random_next(state) % 14;
    for (uint32_t i = 0; i < count; i++) buf_append_z(out, pick(state, PIECES, sizeof PIECES / sizeof *PIECES));
}

static pcre2_code *naive_compile(struct str pattern, bool is_utf)
{
    struct translation translation;
    struct regex_problem problem;
    int code;
    size_t offset;
    struct regex_options options = {.is_dotall = true};
    pcre2_code *compiled = NULL;
    if (regex_translate(&translation, pattern, &options, (struct regex_kind){.is_utf = is_utf, .mode = REGEX_PINNED}, &problem))
        compiled = pcre2_compile((PCRE2_SPTR)translation.text.ptr, translation.text.len,
                                 PCRE2_MULTILINE | PCRE2_DOTALL | PCRE2_NO_START_OPTIMIZE | PCRE2_NO_AUTO_POSSESS |
                                     (is_utf ? PCRE2_UTF | PCRE2_UCP : 0), &code, &offset, NULL);
    translation_fini(&translation);
    return compiled;
}

static void texts_check(struct regex *regex, pcre2_code *naive, struct str pattern, bool is_utf, uint64_t *state,
                        uint32_t *limits)
{
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(naive, NULL);
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(context, 1000000);
    struct buf text = {.len = 0};
    for (int i = 0; i < TEXTS; i++) {
        buf_clear(&text);
        text_make(state, &text);
        buf_reserve(&text, 1);
        struct str subject = buf_str(&text);
        int expected = pcre2_match(naive, (PCRE2_SPTR)subject.ptr, subject.len, 0, 0, data, context);
        struct regex_match match;
        enum regex_verdict verdict = regex_match(regex, subject, is_utf ? STRING_UTF8 : STRING_BINARY, 0, &match);
        /* exponential ones, such as (?:.*?)*: their number is checked below */
        *limits += verdict == REGEX_LIMIT;
        if (verdict == REGEX_LIMIT || (expected < 0 && expected != PCRE2_ERROR_NOMATCH)) continue;
        cr_assert_eq(verdict == REGEX_MATCH, expected > 0, "/%.*s/ on \"%.*s\": %d, naively %d", STR_ARG(pattern), STR_ARG(subject), verdict, expected);
        if (expected < 0) continue;
        const size_t *offsets = pcre2_get_ovector_pointer(data);
        for (uint32_t g = 0; g < match.count; g++)
            cr_assert(match.offsets[2 * g] == offsets[2 * g] && match.offsets[2 * g + 1] == offsets[2 * g + 1],
                      "/%.*s/ on \"%.*s\": group %u", STR_ARG(pattern), STR_ARG(subject), g);
    }
    buf_fini(&text);
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
}

Test(regex_property, nothing_is_lost, .timeout = 60)
{
    uint64_t state = 20240229;
    struct buf pattern = {.len = 0};
    uint32_t tried = 0, with_literal = 0, limits = 0;
    for (int i = 0; i < PATTERNS; i++) {
        buf_clear(&pattern);
        pattern_make(&state, &pattern, 0);
        struct regex_problem problem;
        struct regex *regex = regex_compile(buf_str(&pattern), &(struct regex_options){.is_dotall = true}, &problem);
        if (!regex) continue;
        tried++;
        with_literal += regex_literal(regex).len > 0;
        for (int is_utf = 0; is_utf < 2; is_utf++) {
            pcre2_code *naive = naive_compile(buf_str(&pattern), is_utf);
            if (naive) texts_check(regex, naive, buf_str(&pattern), is_utf, &state, &limits);
            pcre2_code_free(naive);
        }
        regex_destroy(regex);
    }
    buf_fini(&pattern);
    cr_expect(limits < PATTERNS / 20, "%u limits", limits);
    cr_expect(tried > PATTERNS / 3 && with_literal > PATTERNS / 5, "%u tried, %u with a literal", tried, with_literal);
}
