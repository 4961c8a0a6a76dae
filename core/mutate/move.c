/* SPDX-License-Identifier: Apache-2.0 */
/* mutate's steps that put whole values somewhere: coerce, update, replace, rename, merge and copy. */
#include "core/mutate/mutate_part.h"

/* Sets a template's text; the template can multiply what is in the event. */
static enum mutate_result text_set(const struct mutate_step *step, struct event *event)
{
    if (!arena_allows(event->arena, 0)) return MUTATE_MEMORY;
    return mutate_written(path_set(&step->path, event, template_value(&step->text, event)));
}

/* ---- coerce, update, replace, rename ---- */

enum mutate_result mutate_coerce(struct mutate_step *step, struct event *event)
{
    const struct value *value = path_get(&step->path, event);
    return value && value->kind == VALUE_NULL ? text_set(step, event) : MUTATE_DONE;
}

enum mutate_result mutate_update(struct mutate_step *step, struct event *event)
{
    return path_get(&step->path, event) ? text_set(step, event) : MUTATE_DONE;
}

enum mutate_result mutate_replace(struct mutate_step *step, struct event *event)
{
    return text_set(step, event);
}

/* Puts a removed value back where it was; in an array the items behind it move up again. */
static void put_back(const struct path *path, struct event *event, struct value value)
{
    assert(path->count > 0);
    struct path parent_path = *path;
    parent_path.count--;
    const struct value *parent = path->count > 1 ? path_get(&parent_path, event) : NULL;
    if (!parent || parent->kind != VALUE_ARRAY) {
        path_set(path, event, value);
        return;
    }
    struct array *array = parent->array;
    int32_t index = path->steps[path->count - 1].index;
    uint32_t at = (uint32_t)(index < 0 ? index + (int32_t)array->count + 1 : index);
    array_push(array, event->arena, value);
    assert(at < array->count); /* the value was there before, and nothing has become shorter since */
    memmove(array->items + at + 1, array->items + at, (array->count - 1 - at) * sizeof value);
    array->items[at] = value;
}

/* Departure from Logstash: a rename whose target cannot be written leaves the field where it was
 * (there: it is lost). */
static enum mutate_result rename_paths(const struct path *from, const struct path *to,
                                       struct event *event)
{
    if (!path_get(from, event)) return MUTATE_DONE;
    struct value value = path_remove(from, event);
    if (path_set(to, event, value) == PATH_SET) return MUTATE_DONE;
    put_back(from, event, value); /* also where a write would be silently nothing: a name in an array */
    return MUTATE_FAILED;
}

enum mutate_result mutate_rename(struct mutate_step *step, struct event *event)
{
    assert(step->name.is_literal && step->other_name.is_literal);
    return rename_paths(&step->path, &step->other, event);
}

enum mutate_result mutate_rename_dynamic(struct mutate_step *step, struct event *event)
{
    if (!arena_allows(event->arena, 0)) return MUTATE_MEMORY;
    struct path from, to;
    if (!path_compile(&from, template_render(&step->name, event), event->arena) ||
        !path_compile(&to, template_render(&step->other_name, event), event->arena))
        return MUTATE_FAILED;
    return rename_paths(&from, &to, event);
}

/* ---- merge, copy ---- */

/* Ruby's concat(Array(value)); items that change their owner are not copied. */
static void items_append(struct array *array, const struct value *value, bool copied,
                         struct arena *arena)
{
    if (!value || value->kind == VALUE_NULL) return;
    const struct value *items = value->kind == VALUE_ARRAY ? value->array->items : value;
    uint32_t count = value->kind == VALUE_ARRAY ? value->array->count : 1;
    for (uint32_t i = 0; i < count; i++)
        array_push(array, arena, copied ? value_copy(arena, &items[i], false) : items[i]);
}

static enum mutate_result maps_merge(const struct value *into, const struct value *added,
                                     struct arena *arena)
{
    assert(into->kind == VALUE_MAP && added->kind == VALUE_MAP);
    if (into->map == added->map) return MUTATE_DONE; /* into itself: nothing is new, and nothing need be copied */
    MAP_EACH(added->map, entry)
        map_set(into->map, arena, entry->key, value_copy(arena, &entry->value, false));
    return MUTATE_DONE;
}

static enum mutate_result merge_one(const struct path *path, const struct value *into,
                                    const struct value *added, struct event *event)
{
    bool into_map = into && into->kind == VALUE_MAP, added_map = added && added->kind == VALUE_MAP;
    if (into_map != added_map) return MUTATE_DONE; /* a map and something else: not possible */
    /* twice: array_push() doubles */
    size_t most = (added ? value_footprint(added) : 0) * 2;
    if (into && into->kind == VALUE_ARRAY) most += into->array->count * sizeof *into * 2;
    if (!arena_allows(event->arena, most)) return MUTATE_MEMORY;
    if (into_map) return maps_merge(into, added, event->arena);
    struct value array = value_array(event->arena, 4);
    items_append(array.array, into, false, event->arena);
    items_append(array.array, added, true, event->arena);
    if (array.array->count > ARRAY_COUNT_MAX) return MUTATE_MEMORY;
    return mutate_written(path_set(path, event, array));
}

/* Several fields may be added to one. An array or a map takes them all; but Logstash reads the
 * destination once, so to a scalar or to nothing only the last one stays added. */
enum mutate_result mutate_merge(struct mutate_step *step, struct event *event)
{
    const struct value *into = path_get(&step->path, event);
    struct value first = into ? *into : VALUE_NONE;
    bool grows = into && (into->kind == VALUE_ARRAY || into->kind == VALUE_MAP);
    enum mutate_result result = MUTATE_DONE;
    for (uint32_t i = 0; i < step->added.count && result == MUTATE_DONE; i++) {
        into = grows ? path_get(&step->path, event) : first.kind ? &first : NULL;
        result = merge_one(&step->path, into, path_get(&step->added.items[i], event), event);
    }
    return result;
}

enum mutate_result mutate_copy(struct mutate_step *step, struct event *event)
{
    const struct value *value = path_get(&step->path, event);
    if (!value || value->kind == VALUE_NULL) return MUTATE_DONE;
    if (!arena_allows(event->arena, value_footprint(value))) return MUTATE_MEMORY;
    return mutate_written(path_set(&step->other, event, value_copy(event->arena, value, false)));
}
