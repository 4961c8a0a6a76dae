/* SPDX-License-Identifier: Apache-2.0 */
/* What is made for who writes patterns, on any pattern (first line) and text (the rest): its parts, its
 * doubts, how far it got; and patterns proposed for the text's lines, which must match them. */
#include <stdint.h>
#include <stdlib.h>
#include "core/diag.h"
#include "core/text/grok.h"
#include "core/text/grok_doubts.h"
#include "core/text/grok_explain.h"
#include "core/text/grok_suggest.h"
#include "core/text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 300, SUGGESTIONS = 8 };

static void parts_check(struct str pattern)
{
    size_t whole = pattern.len, sum = 0;
    while (pattern.len) {
        struct grok_part part = grok_part_take(&pattern);
        if (!part.text.len) abort();
        sum += part.text.len;
    }
    if (sum != whole) abort();
}

static void pattern_check(const struct grok_library *library, struct str pattern, struct str text, struct arena *arena)
{
    struct grok_problem problem;
    struct grok_miss miss;
    struct grok *grok =
        grok_compile(library, pattern, &(struct grok_options){.named_only = true}, arena, &problem);
    if (!grok) return;
    struct source_text source = {STR("pattern"), pattern};
    struct diag diag;
    diag_init(&diag);
    grok_doubts_say(library, pattern, (struct place){&source, 0, (uint32_t)pattern.len}, &diag);
    diag_fini(&diag);
    struct grok_explainer *explainer = grok_explainer_create(library, pattern, arena);
    grok_explain(explainer, text, &miss);
    if (miss.offset > text.len || !miss.column || !miss.expected[0] || !miss.found[0]) abort();
    grok_explainer_destroy(explainer);
    grok_destroy(grok);
}

static void suggest_check(const struct grok_library *library, struct grok_suggester *suggester, struct str text,
                          struct arena *arena)
{
    struct grok_suggestion found[SUGGESTIONS];
    while (text.len) {
        struct str line = grok_line_take(&text);
        if (line.len) grok_suggester_add(suggester, line);
    }
    uint32_t count = grok_suggestions(suggester, found, SUGGESTIONS);
    for (uint32_t i = 0; i < count; i++) {
        struct grok_problem problem;
        struct grok *grok = grok_compile(library, found[i].pattern, &(struct grok_options){.named_only = true}, arena, &problem);
        bool is_utf8 = utf8_check(found[i].example) != UTF8_INVALID; /* a pattern is UTF-8 */
        if (is_utf8 && (!grok || regex_match(grok->regex, found[i].example, 0, 0, NULL) == REGEX_NO_MATCH)) abort();
        grok_destroy(grok);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > INPUT_MAX) return 0;
    char *copy = malloc(size);
    if (!copy) return 0;
    memcpy(copy, data, size);
    struct str rest = {copy, size};
    struct str pattern = grok_line_take(&rest);
    if (!rest.len) rest = STR("x");
    struct arena arena;
    struct grok_library library;
    arena_init(&arena, NULL);
    grok_library_init(&library, false, &arena);
    parts_check(pattern);
    pattern_check(&library, pattern, rest, &arena);
    if (data[size - 1] == '\n') { /* some of them: it compiles two dozen expressions */
        struct grok_suggester *suggester = grok_suggester_create(false, &arena);
        suggest_check(&library, suggester, rest, &arena);
        grok_suggester_destroy(suggester);
    }
    arena_fini(&arena);
    free(copy);
    return 0;
}
