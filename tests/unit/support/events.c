/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/events.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "core/text/time.h"
#include "core/xmalloc.h"

void scene_begin(struct scene *scene)
{
    *scene = (struct scene){0};
    chunk_pool_init(&scene->pool, &scene->budget);
    arena_init(&scene->config, NULL);
    scene->batch = batch_create(&scene->pool, NULL);
    scene->batch->now = value_time(1709622489, 120000000);
}

void scene_end(struct scene *scene)
{
    batch_destroy(scene->batch);
    chunk_pool_fini(&scene->pool);
    arena_fini(&scene->config);
    cr_assert_eq(budget_used(&scene->budget), 0, "memory of the batch was not given back");
}

json_t *scene_json(const char *text)
{
    char *copy = xstrdup(text);
    if (!strchr(copy, '"'))
        for (char *at = copy; *at; at++)
            if (*at == '\'') *at = '"';
    json_error_t error;
    json_t *json = json_loads(copy, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!json) fprintf(stderr, "test: not JSON (%s): %s\n", error.text, text);
    if (!json) abort();
    free(copy);
    return json;
}

static struct str json_str(const json_t *json)
{
    return (struct str){json_string_value(json), json_string_length(json)};
}

struct value scene_value(struct arena *arena, json_t *json)
{
    struct value value;
    const char *key;
    json_t *item;
    size_t i;
    switch (json_typeof(json)) {
    case JSON_NULL: return value_null();
    case JSON_TRUE: return value_bool(true);
    case JSON_FALSE: return value_bool(false);
    case JSON_INTEGER: return value_int(json_integer_value(json));
    case JSON_REAL: return value_double(json_real_value(json));
    case JSON_STRING: return value_string(arena_copy(arena, json_str(json)));
    case JSON_ARRAY:
        value = value_array(arena, (uint32_t)json_array_size(json));
        json_array_foreach(json, i, item) array_push(value.array, arena, scene_value(arena, item));
        return value;
    case JSON_OBJECT:
        value = value_map(arena, (uint32_t)json_object_size(json));
        json_object_foreach(json, key, item)
            map_set(value.map, arena, key_of(arena_copy(arena, str_of(key))),
                    scene_value(arena, item));
        return value;
    }
    abort();
}

struct event *scene_event(struct scene *scene, const char *text)
{
    json_t *json = scene_json(text);
    struct event *event = batch_event(scene->batch);
    struct value map = scene_value(event->arena, json);
    assert(map.kind == VALUE_MAP);
    event_take_map(event, map.map);
    json_decref(json);
    return event;
}

struct path scene_path(struct scene *scene, const char *reference)
{
    struct path path;
    struct str text = arena_copy(&scene->config, str_of(reference)); /* a test's buffer may not live */
    cr_assert(path_compile(&path, text, &scene->config), "illegal path %s", reference);
    return path;
}

/* ---- comparing ---- */

static bool differs(struct buf *out, const struct buf *where, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str place = where->len ? buf_str(where) : STR("the top");
    buf_printf(out, "at %.*s: ", STR_ARG(place));
    buf_vprintf(out, format, args);
    va_end(args);
    return false;
}

static bool map_same(const struct map *map, json_t *expected, bool is_root, struct buf *where,
                     struct buf *out)
{
    size_t where_len = where->len;
    const char *name;
    json_t *item;
    json_object_foreach(expected, name, item)
    {
        if (is_root && !strcmp(name, "@metadata")) continue;
        struct key key = key_of(str_of(name));
        buf_printf(where, "[%s]", name);
        const struct value *value = map_get(map, &key);
        if (!value) return differs(out, where, "is missing");
        if (!scene_same(value, item, where, out)) return false;
        buf_truncate(where, where_len);
    }
    MAP_EACH(map, entry)
    {
        char *z = xstrndup(key_text(&entry->key));
        bool may = json_object_get(expected, z) ||
                   (is_root && (!strcmp(z, "@timestamp") || !strcmp(z, "@version")));
        buf_printf(where, "[%s]", z);
        free(z);
        if (!may) return differs(out, where, "is not expected (kind %d)", entry->value.kind);
        buf_truncate(where, where_len);
    }
    return true;
}

static bool array_same(const struct array *array, json_t *expected, struct buf *where,
                       struct buf *out)
{
    if (array->count != json_array_size(expected))
        return differs(out, where, "%u items, expected %zu", array->count,
                       json_array_size(expected));
    size_t where_len = where->len;
    for (uint32_t i = 0; i < array->count; i++) {
        buf_printf(where, "[%u]", i);
        if (!scene_same(&array->items[i], json_array_get(expected, i), where, out)) return false;
        buf_truncate(where, where_len);
    }
    return true;
}

static bool number_same(const struct value *value, json_t *expected, struct buf *where,
                        struct buf *out)
{
    struct str digits = value_text(value);
    char *z = xstrndup(digits);
    bool is_real = strpbrk(z, ".eE") != NULL;
    bool same = is_real == json_is_real(expected) &&
                (is_real ? strtod(z, NULL) == json_real_value(expected)
                         : strtoll(z, NULL, 10) == json_integer_value(expected));
    free(z);
    return same || differs(out, where, "number %.*s", STR_ARG(digits));
}

static bool time_same(const struct value *value, json_t *expected, struct buf *where, struct buf *out)
{
    char text[TIME_ISO_SIZE];
    struct str iso = {text, time_print_iso(value->seconds, value->len, text)};
    return str_eq_z(iso, json_string_value(expected)) ||
           differs(out, where, "time %.*s", STR_ARG(iso));
}

bool scene_same(const struct value *value, json_t *expected, struct buf *where, struct buf *out)
{
    static const enum value_kind kinds[] = {
        [JSON_OBJECT] = VALUE_MAP,     [JSON_ARRAY] = VALUE_ARRAY, [JSON_STRING] = VALUE_STRING,
        [JSON_INTEGER] = VALUE_INT,    [JSON_REAL] = VALUE_DOUBLE, [JSON_TRUE] = VALUE_BOOL,
        [JSON_FALSE] = VALUE_BOOL,     [JSON_NULL] = VALUE_NULL,
    };
    if (value->kind == VALUE_NUMBER && json_is_number(expected))
        return number_same(value, expected, where, out);
    if (value->kind == VALUE_TIME && json_is_string(expected))
        return time_same(value, expected, where, out);
    if (value->kind != kinds[json_typeof(expected)])
        return differs(out, where, "kind %d, expected %d", value->kind,
                       kinds[json_typeof(expected)]);
    switch ((enum value_kind)value->kind) {
    case VALUE_MAP: return map_same(value->map, expected, false, where, out);
    case VALUE_ARRAY: return array_same(value->array, expected, where, out);
    case VALUE_STRING:
        return str_eq(value_text(value), json_str(expected)) ||
               differs(out, where, "`%.*s`, expected `%s`", STR_ARG(value_text(value)),
                       json_string_value(expected));
    case VALUE_INT:
        return value->integer == json_integer_value(expected) ||
               differs(out, where, "%lld, expected %lld", (long long)value->integer,
                       (long long)json_integer_value(expected));
    case VALUE_DOUBLE:
        return value->real == json_real_value(expected) ||
               differs(out, where, "%.17g, expected %.17g", value->real,
                       json_real_value(expected));
    case VALUE_BOOL:
        return value->boolean == json_is_true(expected) ||
               differs(out, where, "%s", value->boolean ? "true" : "false");
    default: return true;
    }
}

char *scene_difference(const struct event *event, const char *text)
{
    json_t *expected = scene_json(text);
    struct buf where = {0}, out = {0};
    bool same = map_same(&event->root, expected, true, &where, &out);
    json_t *metadata = json_object_get(expected, "@metadata");
    if (same && metadata) {
        buf_append_z(&where, "[@metadata]");
        same = map_same(&event->metadata, metadata, false, &where, &out);
    }
    char *difference = same ? NULL : xstrndup(buf_str(&out));
    buf_fini(&where);
    buf_fini(&out);
    json_decref(expected);
    return difference;
}

void scene_expect_at(const struct event *event, const char *json, const char *file, int line)
{
    char *difference = scene_difference(event, json);
    cr_assert_null(difference, "%s:%d: %s\n  expected %s", file, line, difference, json);
}

const char *scene_shared(const char *file)
{
    static char path[4096]; /* tests run one after the other in a process */
    const char *root = getenv("TAILRACE_SHARED");
    snprintf(path, sizeof path, "%s/%s", root ? root : "../shared", file);
    return access(path, R_OK) == 0 ? path : NULL;
}
