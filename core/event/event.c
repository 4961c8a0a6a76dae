/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/event.h"
#include <time.h>
#include "core/event/path.h"
#include "core/text/time.h"

/* What every event begins with: the keys of the slots with their hashes, and @version. Computed once
 * before main() and never changed, since hashes are seeded for each process. */
static struct entry slot_entries[SLOT_COUNT];
static uint64_t slot_bloom;

__attribute__((constructor)) static void slots_prepare(void)
{
    static const struct str names[SLOT_COUNT] = {
        [SLOT_TIMESTAMP] = {"@timestamp", 10},
        [SLOT_VERSION] = {"@version", 8},
        [SLOT_MESSAGE] = {"message", 7},
        [SLOT_TAGS] = {"tags", 4},
    };
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        slot_entries[slot] = (struct entry){key_of(names[slot]), VALUE_NONE};
        slot_bloom |= map_bloom_bit(slot_entries[slot].key.hash);
    }
    slot_entries[SLOT_VERSION].value = value_string_flagged(STR("1"), STRING_ASCII | STRING_UTF8);
}

int event_slot_of(struct str name)
{
    for (int slot = 0; slot < SLOT_COUNT; slot++)
        if (str_eq(key_text(&slot_entries[slot].key), name)) return slot;
    return -1;
}

void event_init(struct event *event, struct arena *arena, struct value timestamp)
{
    assert(timestamp.kind == VALUE_TIME);
    *event = (struct event){.arena = arena};
    map_init(&event->root, arena, EVENT_ENTRIES);
    memcpy(event->root.entries, slot_entries, sizeof slot_entries);
    event->root.entries[SLOT_TIMESTAMP].value = timestamp;
    event->root.count = event->root.fixed = SLOT_COUNT;
    event->root.live = 2;
    event->root.bloom = slot_bloom;
    event->metadata_value = (struct value){.kind = VALUE_MAP, .map = &event->metadata};
}

struct value event_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return value_time(now.tv_sec, (uint32_t)now.tv_nsec);
}

/* ---- decoded data ---- */

static void field_set(struct event *event, struct str name, struct value value)
{
    map_set(&event->root, event->arena, key_of(name), value);
}

static void timestamp_take(struct event *event, struct value value)
{
    int64_t seconds;
    uint32_t ns;
    if (value.kind == VALUE_NULL)
        event_slot_set(event, SLOT_TIMESTAMP, event_now());
    else if (value.kind == VALUE_TIME)
        event_slot_set(event, SLOT_TIMESTAMP, value);
    else if (value.kind == VALUE_STRING && time_parse_iso(value_text(&value), &seconds, &ns))
        event_slot_set(event, SLOT_TIMESTAMP, value_time(seconds, ns));
    else {
        event_slot_set(event, SLOT_TIMESTAMP, event_now());
        field_set(event, STR("_@timestamp"), value);
        event_tag(event, STR("_timestampparsefailure"));
    }
}

static struct value array_of(struct arena *arena, struct value item)
{
    struct value array = value_array(arena, 4);
    array_push(array.array, arena, item);
    return array;
}

bool event_tags_are_legal(const struct value *tags)
{
    if (tags->kind == VALUE_STRING) return true;
    if (tags->kind != VALUE_ARRAY) return false;
    ARRAY_EACH(tags->array, item)
        if (item->kind != VALUE_STRING) return false;
    return true;
}

/* What `@timestamp` may have tagged before stays: key order in the data must not matter. */
static void tags_take(struct event *event, struct value value)
{
    bool had_failure = event_has_tag(event, STR("_timestampparsefailure"));
    if (!event_tags_are_legal(&value)) {
        field_set(event, STR("_tags"), array_of(event->arena, value));
        value = array_of(event->arena, value_string(STR("_tagsparsefailure")));
    }
    event_slot_set(event, SLOT_TAGS, value);
    if (had_failure) event_tag(event, STR("_timestampparsefailure"));
}

void event_set_decoded(struct event *event, struct key key, struct value value)
{
    assert(value.kind != VALUE_MISSING);
    struct str name = key_text(&key);
    if (name.len == 4 && str_eq(name, STR("tags")))
        tags_take(event, value);
    else if (name.len == 10 && str_eq(name, STR("@timestamp")))
        timestamp_take(event, value);
    else if (name.len == 9 && str_eq(name, STR("@metadata"))) {
        if (value.kind == VALUE_MAP) event->metadata = *value.map;
    } else
        map_set(&event->root, event->arena, key, value);
}

void event_take_map(struct event *event, const struct map *map)
{
    MAP_EACH(map, entry) event_set_decoded(event, entry->key, entry->value);
}

/* ---- tags ---- */

bool event_has_tag(const struct event *event, struct str tag)
{
    const struct value *tags = event_slot(event, SLOT_TAGS);
    if (!tags) return false;
    if (tags->kind == VALUE_STRING) return str_eq(value_text(tags), tag);
    ARRAY_EACH(tags->array, item)
        if (item->kind == VALUE_STRING && str_eq(value_text(item), tag)) return true;
    return false;
}

void event_tag_append(struct event *event, struct str tag)
{
    struct value *tags = event_slot(event, SLOT_TAGS);
    struct value value = value_string(tag);
    if (!tags)
        event_slot_set(event, SLOT_TAGS, array_of(event->arena, value));
    else {
        assert(tags->kind == VALUE_STRING || tags->kind == VALUE_ARRAY);
        if (tags->kind == VALUE_STRING) *tags = array_of(event->arena, *tags);
        if (tags->array->count < TAGS_MAX) array_push(tags->array, event->arena, value);
    }
}

void event_tag(struct event *event, struct str tag)
{
    if (!event_has_tag(event, tag)) event_tag_append(event, tag);
}

void event_untag(struct event *event, struct str tag)
{
    struct value *tags = event_slot(event, SLOT_TAGS);
    if (!tags) return;
    if (tags->kind == VALUE_STRING) {
        if (str_eq(value_text(tags), tag)) *tags = value_array(event->arena, 0);
        return;
    }
    struct array *array = tags->array;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < array->count; i++)
        if (array->items[i].kind != VALUE_STRING || !str_eq(value_text(&array->items[i]), tag))
            array->items[kept++] = array->items[i];
    array->count = kept;
}

/* ---- add_field ---- */

/* Ruby's Array(): nothing for null, a map's pairs, an array itself, else a list of one. */
static struct value array_from(struct arena *arena, struct value value)
{
    if (value.kind == VALUE_ARRAY) return value;
    if (value.kind == VALUE_NULL) return value_array(arena, 4);
    if (value.kind != VALUE_MAP) return array_of(arena, value);
    struct value array = value_array(arena, value.map->live + 1);
    MAP_EACH(value.map, entry)
    {
        struct value pair = array_of(arena, value_string(key_text(&entry->key)));
        array_push(pair.array, arena, entry->value);
        array_push(array.array, arena, pair);
    }
    return array;
}

bool event_add_field(struct event *event, const struct path *path, struct value value)
{
    const struct value *old = path_get(path, event);
    if (!old) return path_set(path, event, value) == PATH_SET;
    bool is_tags = path->slot == SLOT_TAGS && path->count == 1;
    if (is_tags && value.kind != VALUE_STRING) return false;
    if (path->count == 0 || (path->slot == SLOT_TIMESTAMP && path->count == 1)) return false;
    struct value array = array_from(event->arena, *old);
    if (array.array->count >= (is_tags ? (uint32_t)TAGS_MAX : (uint32_t)ARRAY_COUNT_MAX))
        return false;
    array_push(array.array, event->arena, value);
    return old->kind == VALUE_ARRAY || path_set(path, event, array) == PATH_SET;
}

/* ---- copies ---- */

void event_copy(struct event *copy, const struct event *event, bool text_too)
{
    assert(copy->root.count == SLOT_COUNT && copy->metadata.live == 0);
    struct arena *arena = copy->arena;
    for (uint32_t i = 0; i < event->root.count; i++) {
        const struct entry *entry = &event->root.entries[i];
        struct value value = value_copy(arena, &entry->value, text_too);
        if (i < SLOT_COUNT)
            event_slot_set(copy, (enum event_slot)i, value);
        else if (value.kind != VALUE_MISSING) {
            struct key key = entry->key;
            if (text_too) key.ptr = arena_copy(arena, key_text(&key)).ptr;
            map_append(&copy->root, arena, key, value);
        }
    }
    copy->metadata = *value_copy(arena, &event->metadata_value, text_too).map;
}

static size_t containers_footprint(const struct value *value)
{
    size_t bytes = 0;
    if (value->kind == VALUE_ARRAY) {
        ARRAY_EACH(value->array, item) bytes += containers_footprint(item) + sizeof *item;
        return bytes + sizeof *value->array;
    }
    if (value->kind != VALUE_MAP) return 0;
    MAP_EACH(value->map, entry) bytes += containers_footprint(&entry->value) + sizeof *entry;
    return bytes + sizeof *value->map;
}

/* Above EVENT_ENTRIES the root has grown by doubling. */
size_t event_footprint(const struct event *event)
{
    struct value root = {.kind = VALUE_MAP, .map = (struct map *)(uintptr_t)&event->root};
    size_t fields = event->root.count > EVENT_ENTRIES ? event->root.count * 3 : EVENT_ENTRIES;
    return sizeof *event + fields * sizeof(struct entry) + containers_footprint(&root) +
           containers_footprint(&event->metadata_value);
}
