/* SPDX-License-Identifier: Apache-2.0 */
/* A grok pattern (first line) on a text (the rest): expansion, captures, storing. The first byte
 * chooses the set and the options. */
#include "core/event/batch.h"
#include "core/text/grok.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 400 };

/* The built-in patterns are read once; each input gets a copy to define upon. */
static struct grok_library library_copy(enum grok_set set, struct arena *arena)
{
    static struct arena memory;
    static struct grok_library built_in[GROK_SETS];
    if (!built_in[set].arena) {
        if (!built_in[!set].arena) arena_init(&memory, NULL);
        grok_library_init(&built_in[set], set == GROK_ECS_V1, &memory);
    }
    struct value names = {.kind = VALUE_MAP, .map = &built_in[set].names};
    return (struct grok_library){.arena = arena, .names = *value_copy(arena, &names, false).map};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > INPUT_MAX) return 0;
    char *copy = malloc(size);
    if (!copy) return 0;
    memcpy(copy, data, size);
    struct str pattern = {copy + 1, size - 1}, text = {copy + size, 0};
    ptrdiff_t newline = str_find(pattern, STR("\n"));
    if (newline >= 0) {
        text = str_from(pattern, (size_t)newline + 1);
        pattern.len = (size_t)newline;
    }
    struct arena arena;
    arena_init(&arena, NULL);
    struct grok_library library = library_copy(data[0] & 1 ? GROK_ECS_V1 : GROK_LEGACY, &arena);
    grok_library_read(&library, text);
    struct str overwrite = STR("a");
    struct grok_options options = {.named_only = data[0] & 2,
                                   .keep_empty = data[0] & 4,
                                   .overwrite = &overwrite,
                                   .overwrite_count = 1,
                                   .target = data[0] & 8 ? STR("t") : STR("")};
    struct grok_problem problem;
    struct grok *grok = grok_compile(&library, pattern, &options, &arena, &problem);
    if (!grok && (!problem.text[0] || problem.offset > pattern.len)) abort();
    if (grok) {
        struct event event;
        event_init(&event, &arena, value_time(0, 0));
        event_slot_set(&event, SLOT_MESSAGE, value_string(text));
        for (int i = 0; i < 3; i++) grok_apply(grok, text, 0, &event);
    }
    grok_destroy(grok);
    arena_fini(&arena);
    free(copy);
    return 0;
}
