/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a field reference: compiled, it must read, write and remove on an event of all kinds of
 * values; what was written must be read back, what was removed must be gone. */
#include <stdlib.h>
#include "core/event/batch.h"
#include "core/event/path.h"

static struct value sample(struct arena *arena)
{
    struct value array = value_array(arena, 2), map = value_map(arena, 2);
    array_push(array.array, arena, value_int(1));
    array_push(array.array, arena, value_null());
    map_set(map.map, arena, key_of(STR("a")), array);
    map_set(map.map, arena, key_of(STR("0")), value_string(STR("s")));
    return map;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct budget budget = {0};
    struct chunk_pool pool;
    chunk_pool_init(&pool, &budget);
    struct batch *batch = batch_create(&pool, NULL);
    struct event *event = batch_event(batch);
    event_set_decoded(event, key_of(STR("a")), sample(event->arena));
    event_set_decoded(event, key_of(STR("tags")), value_string(STR("t")));
    event_set_decoded(event, key_of(STR("@metadata")), sample(event->arena));
    struct path path;
    if (path_compile(&path, (struct str){(const char *)data, size}, event->arena)) {
        path_get(&path, event);
        if (path_set(&path, event, value_int(7)) == PATH_SET) {
            const struct value *value = path_get(&path, event);
            if (!value || value->kind != VALUE_INT || value->integer != 7) abort();
        }
        uint32_t live = event->root.live;
        const struct value removed = path_remove(&path, event);
        if (event->root.live > live) abort();
        if (removed.kind == VALUE_INT && path.count == 1 && path_get(&path, event)) abort();
    }
    batch_destroy(batch);
    chunk_pool_fini(&pool);
    return budget_used(&budget) ? abort(), 1 : 0;
}
