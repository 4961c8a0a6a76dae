/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/repl/changes.h"
#include <assert.h>
#include "core/text/json.h"
#include "core/text/utf8.h"

struct walk {
    struct buf *out;
    const char *indent;
    struct buf path; /* `[a][b]` */
    uint32_t depth;
    uint32_t count;
};

/* ---- lines ---- */

/* As JSON, cut between characters when it is long. */
static void draw_value(const struct value *value, struct buf *out)
{
    size_t start = out->len;
    json_encode_value(value, out);
    if (out->len - start <= CHANGES_VALUE_MAX) return;
    size_t kept = utf8_valid_len(str_slice(buf_str(out), start, start + CHANGES_VALUE_MAX));
    buf_truncate(out, start + kept);
    buf_append_z(out, "\xe2\x80\xa6");
}

static void draw_line(struct walk *walk, char sign, const struct value *before,
                      const struct value *after)
{
    buf_printf(walk->out, "%s%c %.*s  ", walk->indent, sign, STR_ARG(buf_str(&walk->path)));
    if (before) draw_value(before, walk->out);
    if (before && after) buf_append_z(walk->out, " -> ");
    if (after) draw_value(after, walk->out);
    buf_append_char(walk->out, '\n');
    walk->count++;
}

static void draw_tag(struct walk *walk, char sign, struct str tag)
{
    buf_printf(walk->out, "%s%c tag %.*s\n", walk->indent, sign, STR_ARG(tag));
    walk->count++;
}

/* ---- fields ---- */

static void compare(struct walk *walk, const struct value *before, const struct value *after);

static void compare_entry(struct walk *walk, struct str name, const struct value *before,
                          const struct value *after)
{
    size_t len = walk->path.len;
    assert(walk->depth <= VALUE_DEPTH_MAX);
    buf_printf(&walk->path, "[%.*s]", STR_ARG(name));
    compare(walk, before, after);
    buf_truncate(&walk->path, len);
}

static void compare_maps(struct walk *walk, const struct map *before, const struct map *after)
{
    if (before)
        MAP_EACH (before, entry)
            compare_entry(walk, key_text(&entry->key), &entry->value,
                          after ? map_get(after, &entry->key) : NULL);
    if (after)
        MAP_EACH (after, entry)
            if (!before || !map_get(before, &entry->key))
                compare_entry(walk, key_text(&entry->key), NULL, &entry->value);
}

static bool is_full_map(const struct value *value)
{
    return value && value->kind == VALUE_MAP && value->map->live;
}

/* Fields of a map that comes or goes are told one by one. */
static void compare(struct walk *walk, const struct value *before, const struct value *after)
{
    bool may_walk = walk->depth < VALUE_DEPTH_MAX && (!before || before->kind == VALUE_MAP) &&
                    (!after || after->kind == VALUE_MAP) &&
                    (is_full_map(before) || is_full_map(after));
    if (before && after && value_equal(before, after)) return;
    if (may_walk) {
        walk->depth++;
        compare_maps(walk, before ? before->map : NULL, after ? after->map : NULL);
        walk->depth--;
        return;
    }
    draw_line(walk, !before ? '+' : !after ? '-' : '~', before, after);
}

/* ---- tags ---- */

static bool has_tag(const struct value *tags, struct str tag)
{
    if (!tags) return false;
    if (tags->kind == VALUE_STRING) return str_eq(value_text(tags), tag);
    ARRAY_EACH (tags->array, item)
        if (str_eq(value_text(item), tag)) return true;
    return false;
}

/* Those of `tags` that `others` lacks. */
static void draw_tags(struct walk *walk, char sign, const struct value *tags,
                      const struct value *others)
{
    if (!tags) return;
    if (tags->kind == VALUE_STRING) {
        if (!has_tag(others, value_text(tags))) draw_tag(walk, sign, value_text(tags));
        return;
    }
    ARRAY_EACH (tags->array, item)
        if (!has_tag(others, value_text(item))) draw_tag(walk, sign, value_text(item));
}

static void compare_tags(struct walk *walk, const struct value *before, const struct value *after)
{
    uint32_t count = walk->count;
    draw_tags(walk, '-', before, after);
    draw_tags(walk, '+', after, before);
    /* the same tags in another order or number */
    if (walk->count == count && !(before && after && value_equal(before, after)) &&
        (before || after))
        compare_entry(walk, STR("tags"), before, after);
}

/* ---- events ---- */

/* The fixed slots by their number, the others by name: first what was there, then what is new. */
static void compare_roots(struct walk *walk, const struct event *before, const struct event *after)
{
    for (int i = 0; i < SLOT_COUNT; i++) {
        enum event_slot slot = (enum event_slot)i;
        const struct value *old = before ? event_slot(before, slot) : NULL,
                           *new = event_slot(after, slot);
        if (slot == SLOT_TAGS)
            compare_tags(walk, old, new);
        else if ((old || new) && (before || slot == SLOT_MESSAGE))
            compare_entry(walk, key_text(&after->root.entries[i].key), old, new);
    }
    static const struct map none = {0};
    const struct map *old = before ? &before->root : &none;
    for (uint32_t i = SLOT_COUNT; before && i < old->count; i++) {
        const struct entry *entry = &old->entries[i];
        if (entry->value.kind != VALUE_MISSING)
            compare_entry(walk, key_text(&entry->key), &entry->value,
                          map_get(&after->root, &entry->key));
    }
    for (uint32_t i = SLOT_COUNT; i < after->root.count; i++) {
        const struct entry *entry = &after->root.entries[i];
        if (entry->value.kind != VALUE_MISSING && !map_get(old, &entry->key))
            compare_entry(walk, key_text(&entry->key), NULL, &entry->value);
    }
}

uint32_t changes_print(const struct event *before, const struct event *after, const char *indent,
                       struct buf *out)
{
    struct walk walk = {.out = out, .indent = indent};
    assert(after->root.count >= SLOT_COUNT && (!before || before->root.count >= SLOT_COUNT));
    compare_roots(&walk, before, after);
    buf_append_z(&walk.path, "[@metadata]");
    compare_maps(&walk, before ? &before->metadata : NULL, &after->metadata);
    buf_fini(&walk.path);
    return walk.count;
}
