/* SPDX-License-Identifier: Apache-2.0 */
/* A pattern (first line) on a text (the rest): translation in every kind, and what is tested before
 * a match must not lose one that the plain translation finds. The first byte chooses options. */
#include "core/event/value.h"
#include "core/text/regex_translate.h"
#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATTERN_MAX = 300, TEXT_MAX = 200 }; /* compiling is what takes long */

/* 1 match, 0 none, -1 unknown */
static int naive(const struct translation *translation, const struct regex_options *options,
                 struct str text)
{
    uint32_t flags = PCRE2_MULTILINE | PCRE2_NO_START_OPTIMIZE;
    if (options->is_dotall) flags |= PCRE2_DOTALL;
    if (options->is_caseless) flags |= PCRE2_CASELESS;
    int code;
    size_t offset;
    pcre2_code *compiled =
        pcre2_compile((PCRE2_SPTR)(translation->text.ptr ? translation->text.ptr : ""),
                      translation->text.len, flags, &code, &offset, NULL);
    if (!compiled) return -1;
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(compiled, NULL);
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(context, 20000);
    int rc = pcre2_match(compiled, (PCRE2_SPTR)text.ptr, text.len, 0, 0, match, context);
    pcre2_match_context_free(context);
    pcre2_match_data_free(match);
    pcre2_code_free(compiled);
    return rc > 0 ? 1 : rc == PCRE2_ERROR_NOMATCH ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > PATTERN_MAX + TEXT_MAX) return 0;
    char *copy = malloc(size);
    if (!copy) return 0;
    memcpy(copy, data, size);
    struct str input = {copy + 1, size - 1}, text = {copy + size, 0};
    ptrdiff_t newline = str_find(input, STR("\n"));
    if (newline >= 0) {
        text = str_from(input, (size_t)newline + 1);
        input.len = (size_t)newline;
    }
    struct regex_options options = {
        .is_dotall = data[0] & 1, .is_caseless = data[0] & 2, .named_only = data[0] & 4};
    struct regex_problem problem = {.offset = 0};
    struct translation translation;
    for (int mode = 0; mode < REGEX_MODES; mode++) {
        for (int is_utf = 0; is_utf < 2; is_utf++) {
            bool ok = regex_translate(&translation, input, &options,
                                      (struct regex_kind){is_utf, (enum regex_mode)mode}, &problem);
            if (!ok && (problem.offset > input.len || !problem.text[0])) abort();
            translation_fini(&translation);
        }
    }
    int expected = -1;
    if (regex_translate(&translation, input, &options, (struct regex_kind){false, REGEX_PINNED},
                        &problem))
        expected = naive(&translation, &options, text);
    translation_fini(&translation);
    struct regex *regex = regex_compile(input, &options, &problem);
    if (regex) {
        enum regex_verdict verdict = regex_match(regex, text, STRING_BINARY, 0, NULL);
        if (expected >= 0 && verdict != REGEX_LIMIT && (verdict == REGEX_MATCH) != expected)
            abort();
        regex_match(regex, text, 0, 0, NULL); /* in its own mode */
    }
    regex_destroy(regex);
    free(copy);
    return 0;
}
