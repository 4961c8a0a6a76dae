/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a template: what compiles must render, twice the same but for the clock, and a literal
 * must be its own text unless `%{{}}` vanished from it. */
#include <stdlib.h>
#include "core/event/batch.h"
#include "core/event/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct budget budget = {0};
    struct chunk_pool pool;
    chunk_pool_init(&pool, &budget);
    struct batch *batch = batch_create(&pool, NULL);
    struct event *event = batch_event(batch);
    struct value array = value_array(event->arena, 2);
    array_push(array.array, event->arena, value_double(1.5));
    array_push(array.array, event->arena, value_null());
    event_set_decoded(event, key_of(STR("a")), array);
    event_set_decoded(event, key_of(STR("s")), value_string(STR("text")));
    struct str text = {(const char *)data, size}, problem = {0};
    struct template template;
    if (template_compile(&template, text, event->arena, &problem)) {
        struct buf out = {0};
        template_append(&template, event, &out);
        struct str rendered = template_render(&template, event);
        if (str_find(text, STR("TIME_NOW")) < 0 && !str_eq(buf_str(&out), rendered)) abort();
        if (template.is_literal && str_find(text, STR("%{{}}")) < 0 && !str_eq(rendered, text)) abort();
        buf_fini(&out);
    } else if (problem.len == 0)
        abort();
    batch_destroy(batch);
    chunk_pool_fini(&pool);
    return budget_used(&budget) ? abort(), 1 : 0;
}
