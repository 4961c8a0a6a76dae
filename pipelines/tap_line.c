/* SPDX-License-Identifier: Apache-2.0 */
/* A tap's lines: an event as JSON with where and when it passed. */
#include "core/text/json.h"
#include "pipelines/tap_part.h"

static bool value_fits(const struct value *value, size_t *left, uint32_t depth);

static bool bytes_fit(size_t bytes, size_t *left)
{
    if (bytes > *left) return false;
    *left -= bytes;
    return true;
}

static bool map_fits(const struct map *map, size_t *left, uint32_t depth)
{
    for (uint32_t i = 0; i < map->count; i++) {
        const struct entry *entry = &map->entries[i];
        if (entry->value.kind == VALUE_MISSING) continue;
        if (!bytes_fit(entry->key.len, left) || !value_fits(&entry->value, left, depth + 1))
            return false;
    }
    return true;
}

static bool value_fits(const struct value *value, size_t *left, uint32_t depth)
{
    if (!bytes_fit(sizeof *value, left)) return false;
    if (depth > VALUE_DEPTH_MAX) return true; /* printed as null */
    switch ((enum value_kind)value->kind) {
    case VALUE_STRING:
    case VALUE_NUMBER: return bytes_fit(value->len, left);
    case VALUE_MAP: return map_fits(value->map, left, depth);
    case VALUE_ARRAY:
        for (uint32_t i = 0; i < value->array->count; i++)
            if (!value_fits(&value->array->items[i], left, depth + 1)) return false;
        return true;
    default: return true;
    }
}

bool tap_event_fits(const struct event *event, bool metadata)
{
    size_t left = TAP_EVENT_BYTES_MAX;
    return map_fits(&event->root, &left, 0) && (!metadata || map_fits(&event->metadata, &left, 0));
}

static void put_event(struct tap_part *part, const struct event *event, struct buf *out)
{
    json_encode_event(event, &part->times, out);
    if (!part->tap->options.metadata) return;
    assert(out->len >= 2 && out->ptr[out->len - 1] == '}');
    buf_truncate(out, out->len - 1);
    buf_append_z(out, out->ptr[out->len - 1] == '{' ? "\"@metadata\":" : ",\"@metadata\":");
    json_encode_map(&event->metadata, out);
    buf_append_char(out, '}');
}

void tap_line_put(struct tap_part *part, enum tap_at at, uint64_t id, bool is_child,
                  const struct event *event, struct buf *out)
{
    char text[TIME_ISO_SIZE];
    struct value now = event_now();
    buf_append(out, part->head[at == TAP_AT_OUT]);
    buf_append(out,
               (struct str){text, time_print_iso_cached(&part->times, now.seconds, now.len, text)});
    buf_append_char(out, '"');
    if (id) buf_printf(out, ",\"id\":\"%u-%llu\"", part->worker, (unsigned long long)id);
    if (is_child) buf_append_z(out, ",\"child\":true");
    buf_append_z(out, ",\"event\":");
    if (event)
        put_event(part, event, out);
    else
        buf_append_z(out, "null");
    buf_append_z(out, "}\n");
}
