/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>
#include "core/text/number.h"
#include "core/xmalloc.h"
#include "pipelines/testing/test.h"

struct test *test_list_add(struct test_list *list)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 64;
        list->items = xreallocarray(list->items, list->capacity, sizeof *list->items);
    }
    struct test *test = &list->items[list->count++];
    memset(test, 0, sizeof *test);
    test->setup.ecs.value = ECS_CHOICE_PIPELINE;
    return test;
}

uint32_t line_count_to(struct line_count *count, struct place place)
{
    assert(place.source && place.start <= place.source->text.len);
    if (count->source != place.source || count->at > place.start)
        *count = (struct line_count){place.source, 0, 1};
    for (; count->at < place.start; count->at++)
        count->line += place.source->text.ptr[count->at] == '\n';
    return count->line;
}

void test_list_fini(struct test_list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        for (uint32_t k = 0; k < list->items[i].condition_count; k++)
            condition_destroy(list->items[i].conditions[k].condition);
    free(list->items);
    *list = (struct test_list){.arena = list->arena};
}

/* ---- values ---- */

static struct value word_value(struct str word)
{
    if (str_eq_z(word, "null")) return value_null();
    if (str_eq_z(word, "true")) return value_bool(true);
    if (str_eq_z(word, "false")) return value_bool(false);
    return value_string(word);
}

/* A number as a JSON document would have brought it, where it could have been in one. */
static struct value number_value(struct str text)
{
    int64_t integer = 0;
    double real = 0;
    bool is_integer;
    enum number_form form = config_number(text, &integer, &real);
    if (form == NUMBER_INT) return value_int(integer);
    return number_scan(text, &is_integer) == text.len ? value_number(text) : value_double(real);
}

/* Depth is bounded by the parser. */
struct value test_value(const struct config_value *value, struct arena *arena)
{
    struct value result;
    switch (value->kind) {
    case CONFIG_BAREWORD: return word_value(value->text);
    case CONFIG_NUMBER: return number_value(value->text);
    case CONFIG_ARRAY:
        result = value_array(arena, value->count);
        for (uint32_t i = 0; i < value->count; i++)
            array_push(result.array, arena, test_value(&value->items[i], arena));
        return result;
    case CONFIG_HASH:
        result = value_map(arena, value->count);
        for (uint32_t i = 0; i < value->count; i++)
            map_set(result.map, arena, key_of(value->keys[i].text),
                    test_value(&value->items[i], arena));
        return result;
    default: return value_string(value->text);
    }
}

/* ---- trees ---- */

/* The map below a key, made when there is none. NULL: something else is there. */
static struct map *tree_child(struct map *map, struct arena *arena, struct key key)
{
    struct value *child = map_get(map, &key);
    if (!child) {
        struct value fresh = value_map(arena, 4);
        map_set(map, arena, key, fresh);
        return fresh.map;
    }
    return child->kind == VALUE_MAP ? child->map : NULL;
}

bool test_tree_put(struct value *tree, struct arena *arena, struct str reference,
                   struct value value)
{
    struct path path;
    struct map *map = tree->map;
    assert(tree->kind == VALUE_MAP);
    if (!str_starts(reference, STR("["))) {
        map_set(map, arena, key_of(reference), value);
        return true;
    }
    if (!path_compile(&path, reference, arena)) return false;
    if (path.is_metadata && path.count) map = tree_child(map, arena, key_of(STR("@metadata")));
    for (uint32_t i = 0; map && i + 1 < path.count; i++)
        map = tree_child(map, arena, path.steps[i].key);
    if (map)
        map_set(map, arena, path.count ? path.steps[path.count - 1].key : key_of(STR("@metadata")),
                value);
    return map != NULL;
}

const struct key *test_tree_of(const struct map *map, struct arena *arena, struct value *tree)
{
    assert(tree);
    *tree = value_map(arena, map->live);
    MAP_EACH (map, entry)
        if (!test_tree_put(tree, arena, key_text(&entry->key), entry->value)) return &entry->key;
    return NULL;
}

void test_tree_merge(struct map *map, struct arena *arena, const struct map *from)
{
    MAP_EACH (from, entry) {
        struct value *old = map_get(map, &entry->key);
        if (old && old->kind == VALUE_MAP && entry->value.kind == VALUE_MAP)
            test_tree_merge(old->map, arena, entry->value.map);
        else
            map_set(map, arena, entry->key, value_copy(arena, &entry->value, false));
    }
}

struct str test_path_text(const struct path *path, struct arena *arena)
{
    assert(path->count <= PATH_STEPS_MAX);
    struct buf text = buf_in_arena(arena);
    if (path->is_metadata) buf_append_z(&text, "[@metadata]");
    for (uint32_t i = 0; i < path->count; i++)
        buf_printf(&text, "[%.*s]", STR_ARG(key_text(&path->steps[i].key)));
    return buf_take(&text);
}
