/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/dictionary.h"
#include <assert.h>
#include <stdlib.h>
#include "core/event/template.h"
#include "core/text/dictionary_files.h"
#include "core/text/regex.h"
#include "core/xmalloc.h"

struct dictionary {
    enum dictionary_rule rule;
    struct arena arena; /* of keys, values and the map's entries */
    struct map map;
    struct str odd_key;
    struct regex **regexes; /* of the rule regex: by place in map.entries */
    uint32_t regex_count;
    struct by_byte *parts; /* of the rule parts */
};

/* Keys that begin with one byte, in order. */
struct by_byte {
    const struct entry **entries;
    uint32_t count;
};

struct dictionary *dictionary_create(enum dictionary_rule rule)
{
    struct dictionary *dictionary = xcalloc(1, sizeof *dictionary);
    dictionary->rule = rule;
    arena_init(&dictionary->arena, NULL);
    map_init(&dictionary->map, &dictionary->arena, 16);
    return dictionary;
}

void dictionary_destroy(struct dictionary *dictionary)
{
    if (!dictionary) return;
    for (uint32_t i = 0; i < dictionary->regex_count; i++) regex_destroy(dictionary->regexes[i]);
    arena_fini(&dictionary->arena);
    free(dictionary);
}

/* Empty texts may have no bytes at all; keys do. */
static struct key key_for(struct str text) { return key_of(text.len ? text : STR("")); }

/* ---- filling ---- */

bool dictionary_add(struct dictionary *dictionary, struct str key, const struct value *value)
{
    struct key wanted = key_for(key);
    struct value copy = value_copy(&dictionary->arena, value, true);
    struct value *there = map_get(&dictionary->map, &wanted);
    if (there) {
        *there = copy;
        return true;
    }
    if (dictionary->map.live >= DICTIONARY_ENTRIES_MAX) return false;
    if (key.len) wanted.ptr = arena_copy(&dictionary->arena, key).ptr;
    map_append(&dictionary->map, &dictionary->arena, wanted, copy);
    return true;
}

void dictionary_add_odd(struct dictionary *dictionary, struct str key)
{
    if (!dictionary->odd_key.len) dictionary->odd_key = arena_copy(&dictionary->arena, key);
}

bool dictionary_odd_key(const struct dictionary *dictionary, struct str *key)
{
    *key = dictionary->odd_key;
    return key->len > 0;
}

bool dictionary_read(struct dictionary *dictionary, struct str text, enum dictionary_format format,
                     struct buf *problem)
{
    if (str_starts(text, STR("\xEF\xBB\xBF"))) text = str_from(text, 3);
    switch (format) {
    case DICTIONARY_YAML: return dictionary_read_yaml(dictionary, text, problem);
    case DICTIONARY_JSON: return dictionary_read_json(dictionary, text, problem);
    case DICTIONARY_CSV: return dictionary_read_csv(dictionary, text, problem);
    }
    return false;
}

bool dictionary_merge(struct dictionary *dictionary, const struct dictionary *other)
{
    MAP_EACH(&other->map, entry)
    {
        if (map_get(&dictionary->map, &entry->key)) continue;
        if (!dictionary_add(dictionary, key_text(&entry->key), &entry->value)) return false;
    }
    return true;
}

uint32_t dictionary_count(const struct dictionary *dictionary) { return dictionary->map.live; }

/* ---- finishing ---- */

static bool regexes_compile(struct dictionary *dictionary, struct buf *problem)
{
    uint32_t count = dictionary->map.count;
    if (count > DICTIONARY_REGEXES_MAX) {
        buf_printf(problem, "it has more than %d expressions", DICTIONARY_REGEXES_MAX);
        return false;
    }
    dictionary->regexes = arena_zalloc(&dictionary->arena, (count + 1) * sizeof *dictionary->regexes);
    for (uint32_t i = 0; i < count; i++) {
        struct str text = key_text(&dictionary->map.entries[i].key);
        struct regex_problem refused;
        struct regex *regex = regex_compile(text, &(struct regex_options){0}, &refused);
        if (!regex) {
            buf_printf(problem, "the key `%.*s` is no regular expression: %s", STR_ARG(text), refused.text);
            return false;
        }
        dictionary->regexes[dictionary->regex_count++] = regex;
    }
    return true;
}

static void parts_sort(struct dictionary *dictionary)
{
    struct by_byte *parts = arena_zalloc(&dictionary->arena, 256 * sizeof *parts);
    MAP_EACH(&dictionary->map, entry)
        if (entry->key.len) parts[(unsigned char)entry->key.ptr[0]].count++;
    for (int byte = 0; byte < 256; byte++) {
        parts[byte].entries = arena_alloc(&dictionary->arena, parts[byte].count * sizeof(struct entry *) + 1);
        parts[byte].count = 0;
    }
    MAP_EACH(&dictionary->map, entry)
    {
        if (!entry->key.len) continue; /* it would stand everywhere */
        struct by_byte *row = &parts[(unsigned char)entry->key.ptr[0]];
        row->entries[row->count++] = entry;
    }
    dictionary->parts = parts;
}

bool dictionary_finish(struct dictionary *dictionary, struct buf *problem)
{
    assert(!dictionary->regexes && !dictionary->parts);
    if (dictionary->rule == DICTIONARY_REGEX) return regexes_compile(dictionary, problem);
    if (dictionary->rule == DICTIONARY_PARTS) parts_sort(dictionary);
    return true;
}

/* ---- asking ---- */

const struct value *dictionary_find(struct dictionary *dictionary, struct value *text)
{
    assert(dictionary->rule != DICTIONARY_PARTS && text->kind == VALUE_STRING);
    if (dictionary->rule == DICTIONARY_EXACT) {
        struct key key = key_for(value_text(text));
        return map_get(&dictionary->map, &key);
    }
    uint8_t flags = value_string_flags(text);
    for (uint32_t i = 0; i < dictionary->regex_count; i++)
        if (regex_match(dictionary->regexes[i], value_text(text), flags, 0, NULL) == REGEX_MATCH)
            return &dictionary->map.entries[i].value;
    return NULL;
}

/* The first key, in order, that stands at the beginning of `text`. */
static const struct entry *part_at(const struct dictionary *dictionary, struct str text)
{
    const struct by_byte *row = &dictionary->parts[(unsigned char)text.ptr[0]];
    for (uint32_t i = 0; i < row->count; i++)
        if (str_starts(text, key_text(&row->entries[i]->key))) return row->entries[i];
    return NULL;
}

enum dictionary_verdict dictionary_replace(const struct dictionary *dictionary, struct str text, struct arena *arena,
                                           struct str *out)
{
    assert(dictionary->rule == DICTIONARY_PARTS);
    struct buf made = buf_in_arena(arena);
    size_t copied = 0, at = 0;
    while (at < text.len) {
        const struct entry *entry = part_at(dictionary, str_from(text, at));
        if (!entry) {
            at++;
            continue;
        }
        size_t most = entry->value.kind == VALUE_STRING ? entry->value.len : value_footprint(&entry->value) * 6;
        if (!arena_allows(arena, 2 * (made.len + (at - copied) + most))) return DICTIONARY_MEMORY;
        buf_append(&made, str_slice(text, copied, at));
        value_print(&entry->value, &made);
        at += entry->key.len;
        copied = at;
    }
    if (copied == 0) return DICTIONARY_UNCHANGED;
    if (!arena_allows(arena, made.len + (text.len - copied))) return DICTIONARY_MEMORY;
    buf_append(&made, str_from(text, copied));
    *out = made.len ? buf_take(&made) : STR("");
    return str_eq(*out, text) ? DICTIONARY_UNCHANGED : DICTIONARY_REPLACED;
}
