/* SPDX-License-Identifier: Apache-2.0 */
/* Lines up to an empty one are patterns, the rest is a text: the list must find the winner that a loop
 * finds, with the same captures. */
#include <stdint.h>
#include <stdlib.h>
#include "core/event/batch.h"
#include "core/event/template.h"
#include "core/text/grok_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 500, PATTERNS_MAX = 8 };

static uint32_t compile(struct grok **groks, const struct grok_library *library, struct str *rest, struct arena *arena)
{
    uint32_t count = 0;
    struct grok_problem problem;
    while (rest->len && count < PATTERNS_MAX) {
        struct str line = grok_line_take(rest);
        if (!line.len) break;
        groks[count] = grok_compile(library, line, &(struct grok_options){.named_only = true}, arena, &problem);
        count += groks[count] != NULL;
    }
    return count;
}

static enum regex_verdict naive(struct grok *const *groks, uint32_t count, struct str text, struct event *event, uint32_t *which)
{
    for (*which = 0; *which < count; ++*which) {
        enum regex_verdict verdict = grok_apply(groks[*which], text, 0, event);
        if (verdict != REGEX_NO_MATCH) return verdict;
    }
    return REGEX_NO_MATCH;
}

static void compare(struct grok *const *groks, struct grok_list *list, uint32_t count, struct str text, struct arena *arena)
{
    struct event events[2];
    struct buf texts[2] = {{0}, {0}};
    uint32_t which[2];
    for (int i = 0; i < 2; i++) event_init(&events[i], arena, value_time(0, 0));
    enum regex_verdict expected = naive(groks, count, text, &events[0], &which[0]);
    enum regex_verdict got = grok_list_apply(list, text, 0, &events[1], &which[1]);
    /* what is given up in one may be passed over in the other, or find more time */
    if (expected == REGEX_LIMIT || got == REGEX_LIMIT) return;
    if (got != expected || (got == REGEX_MATCH && which[0] != which[1])) abort();
    for (int i = 0; i < 2; i++) {
        struct value root = {.kind = VALUE_MAP, .map = &events[i].root};
        value_print(&root, &texts[i]);
    }
    if (!str_eq(buf_str(&texts[0]), buf_str(&texts[1]))) abort();
    for (int i = 0; i < 2; i++) buf_fini(&texts[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > INPUT_MAX) return 0;
    char *copy = malloc(size);
    if (!copy) return 0;
    memcpy(copy, data, size);
    struct str rest = {copy, size};
    struct arena arena;
    struct grok_library library;
    struct grok *groks[PATTERNS_MAX];
    arena_init(&arena, NULL);
    grok_library_init(&library, false, &arena);
    uint32_t count = compile(groks, &library, &rest, &arena);
    struct grok_list *list = count ? grok_list_create(groks, count, &arena) : NULL;
    for (int i = 0; list && i < 3; i++) compare(groks, list, count, rest, &arena);
    grok_list_destroy(list);
    for (uint32_t i = 0; i < count; i++) grok_destroy(groks[i]);
    arena_fini(&arena);
    free(copy);
    return 0;
}
