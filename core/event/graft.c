/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/graft.h"
#include <assert.h>
#include <stdlib.h>
#include "core/xmalloc.h"

struct graft_roots {
    struct map fields, metadata;
};

/* ---- making ---- */

/* So much room at the end of the block. */
static uint32_t take(struct graft *graft, size_t bytes)
{
    uint32_t at = graft->size;
    size_t size = at + ((bytes + 7) & ~(size_t)7);
    assert(size <= GRAFT_BYTES_MAX);
    graft->memory = xrealloc(graft->memory, size);
    graft->size = (uint32_t)size;
    return at;
}

/* The pointer at `place` leads to `target`. While the block grows it is kept as an offset. */
static void lead(struct graft *graft, size_t place, uint32_t target)
{
    uintptr_t offset = target;
    memcpy(graft->memory + place, &offset, sizeof offset);
    graft->pointers =
        xrealloc(graft->pointers, (graft->pointer_count + 1) * sizeof *graft->pointers);
    graft->pointers[graft->pointer_count++] = (uint32_t)place;
}

static void lay_map(struct graft *graft, uint32_t place, const struct map *map);

static void lay_value(struct graft *graft, size_t place, const struct value *value)
{
    assert(value->kind != VALUE_ARRAY);
    memcpy(graft->memory + place, value, sizeof *value);
    if (value->kind == VALUE_STRING || value->kind == VALUE_NUMBER) {
        uint32_t text = take(graft, value->len);
        if (value->len) memcpy(graft->memory + text, value->text, value->len);
        lead(graft, place + offsetof(struct value, text), text);
    } else if (value->kind == VALUE_MAP) {
        uint32_t child = take(graft, sizeof(struct map));
        lay_map(graft, child, value->map);
        lead(graft, place + offsetof(struct value, map), child);
    }
}

static bool is_laid(const struct map *map, const struct entry *entry)
{
    return entry->value.kind != VALUE_MISSING && (uint32_t)(entry - map->entries) >= map->fixed;
}

static void lay_map(struct graft *graft, uint32_t place, const struct map *map)
{
    struct map copy = {0};
    for (const struct entry *entry = map->entries; entry < map_end(map); entry++)
        copy.count += is_laid(map, entry);
    assert(copy.count < MAP_INDEX_MIN);
    copy.live = copy.capacity = copy.count;
    uint32_t entries = copy.count ? take(graft, copy.count * sizeof(struct entry)) : 0, n = 0;
    for (const struct entry *entry = map->entries; entry < map_end(map); entry++) {
        if (!is_laid(map, entry)) continue;
        size_t at = entries + n++ * sizeof *entry;
        memcpy(graft->memory + at + offsetof(struct entry, key), &entry->key, sizeof entry->key);
        if (graft->has_names) {
            struct str name = key_text(&entry->key);
            uint32_t text = take(graft, name.len);
            if (name.len) memcpy(graft->memory + text, name.ptr, name.len);
            lead(graft, at + offsetof(struct entry, key) + offsetof(struct key, ptr), text);
        }
        copy.bloom |= map_bloom_bit(entry->key.hash);
        lay_value(graft, at + offsetof(struct entry, value), &entry->value);
    }
    memcpy(graft->memory + place, &copy, sizeof copy);
    if (copy.count) lead(graft, place + offsetof(struct map, entries), entries);
}

static void lay_roots(struct graft *graft, const struct event *model)
{
    uint32_t roots = take(graft, sizeof(struct graft_roots));
    assert(roots == 0);
    lay_map(graft, roots + (uint32_t)offsetof(struct graft_roots, fields), &model->root);
    lay_map(graft, roots + (uint32_t)offsetof(struct graft_roots, metadata), &model->metadata);
}

void graft_init(struct graft *graft, const struct event *model)
{
    *graft = (struct graft){0};
    lay_roots(graft, model);
}

/* Bytes that it takes at most; GRAFT_BYTES_MAX: it cannot be laid. Maps of maps are few: the depth is that of what
 * can be packed. */
static size_t map_size(const struct map *map)
{
    size_t size = sizeof(struct map), count = 0;
    for (const struct entry *entry = map->entries; entry < map_end(map); entry++) {
        if (!is_laid(map, entry)) continue;
        const struct value *value = &entry->value;
        if (value->kind == VALUE_ARRAY || ++count >= MAP_INDEX_MIN) return GRAFT_BYTES_MAX;
        size += sizeof *entry + entry->key.len + 8;
        if (value->kind == VALUE_STRING || value->kind == VALUE_NUMBER) size += (size_t)value->len + 8;
        if (value->kind == VALUE_MAP) size += map_size(value->map);
        if (size >= GRAFT_BYTES_MAX) return GRAFT_BYTES_MAX;
    }
    return size;
}

bool graft_init_whole(struct graft *graft, const struct event *model)
{
    *graft = (struct graft){.has_names = true};
    if (map_size(&model->root) + map_size(&model->metadata) >= GRAFT_BYTES_MAX / 2) return false;
    lay_roots(graft, model);
    return true;
}

void graft_fini(struct graft *graft)
{
    free(graft->memory);
    free(graft->pointers);
    *graft = (struct graft){0};
}

/* ---- giving ---- */

/* Gives `map` what it does not have; what stands where a map should be stays. */
static void merge(struct map *map, struct arena *arena, const struct map *given)
{
    for (struct entry *entry = given->entries; entry < map_end(given); entry++) {
        struct value *found = map_get(map, &entry->key);
        if (!found)
            map_append(map, arena, entry->key, entry->value);
        else if (found->kind == VALUE_MAP && entry->value.kind == VALUE_MAP)
            merge(found->map, arena, entry->value.map);
    }
}

void graft_apply(const struct graft *graft, struct event *event)
{
    char *copy = arena_alloc(event->arena, graft->size);
    memcpy(copy, graft->memory, graft->size);
    for (uint32_t i = 0; i < graft->pointer_count; i++) {
        char **pointer = (char **)(void *)(copy + graft->pointers[i]);
        *pointer = copy + (uintptr_t)*pointer;
    }
    struct graft_roots *roots = (struct graft_roots *)(void *)copy;
    merge(&event->root, event->arena, &roots->fields);
    if (event->metadata.count == 0)
        event->metadata = roots->metadata;
    else
        merge(&event->metadata, event->arena, &roots->metadata);
}
