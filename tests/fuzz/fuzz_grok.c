/* SPDX-License-Identifier: Apache-2.0 */
/* A grok pattern (first line) on a text (the rest): expansion, captures, storing. The first byte
 * chooses the set and the options. */
#include "core/event/batch.h"
#include "core/text/grok.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 400 };

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
    struct grok_library library;
    grok_library_init(&library, data[0] & 1, &arena);
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
