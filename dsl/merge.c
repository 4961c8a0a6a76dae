/* SPDX-License-Identifier: Apache-2.0 */
/* An option given twice in one block. Values are folded from left to right:
 *
 *   hash   + hash     merged key by key; values that meet are joined
 *   array  + array    concatenated
 *   array  + hash     each pair is appended as an array of two
 *   array  + scalar   appended
 *   scalar + anything an array of both; equal scalars stay one
 *   hash   + other    an error
 *
 * A block may give thousands of options, and each of them a long list: what is appended is appended in
 * place (arrays of the parser have room, see parser_grow), and long lists are searched by hash. */
#include "core/xmalloc.h"
#include "dsl/parse.h"
#include <stdlib.h>

enum { SEARCHED_ONE_BY_ONE = 16 }; /* items: so few are searched, or looked for, without hashes */

static bool is_text(const struct config_value *value)
{
    return value->kind == CONFIG_STRING || value->kind == CONFIG_BAREWORD;
}

static bool is_scalar(const struct config_value *value)
{
    return is_text(value) || value->kind == CONFIG_NUMBER;
}

static bool is_same(const struct config_value *a, const struct config_value *b)
{
    if (is_text(a) && is_text(b)) return str_eq(a->text, b->text);
    if (a->kind != b->kind || a->count != b->count) return false;
    if (a->kind == CONFIG_NUMBER) return str_eq(a->text, b->text);
    if (a->kind == CONFIG_PLUGIN) return false;
    for (uint32_t i = 0; i < a->count; i++) {
        if (!is_same(&a->items[i], &b->items[i])) return false;
        if (a->kind == CONFIG_HASH && !str_eq(a->keys[i].text, b->keys[i].text)) return false;
    }
    return true;
}

/* Equal for values that are the same; containers are told apart by their first items alone. */
static uint32_t hash_of(const struct config_value *value)
{
    if (is_scalar(value)) return key_hash(value->text);
    return value->count && value->kind == CONFIG_ARRAY ? hash_of(&value->items[0]) + value->count : value->count;
}

/* ---- finding values in a list that grows ---- */

/* Numbers of items, by hash: open addressing, at most half full. Without slots the list is walked. */
struct index {
    uint32_t *slots; /* 0: free, else the number and one */
    uint32_t mask;
};

static void index_add(struct index *index, const struct config_value *items, uint32_t number)
{
    if (!index->slots) return;
    uint32_t at = hash_of(&items[number]) & index->mask;
    while (index->slots[at]) at = (at + 1) & index->mask;
    index->slots[at] = number + 1;
}

/* Of `count` items, with room for `extra` more. */
static struct index index_of(const struct config_value *items, uint32_t count, uint32_t extra)
{
    struct index index = {0};
    if (count <= SEARCHED_ONE_BY_ONE || extra <= SEARCHED_ONE_BY_ONE) return index;
    uint32_t slots = 16;
    while (slots < 2 * ((uint64_t)count + extra)) slots *= 2;
    index.slots = xcalloc(slots, sizeof *index.slots);
    index.mask = slots - 1;
    for (uint32_t i = 0; i < count; i++) index_add(&index, items, i);
    return index;
}

/* The first item that is the same as `wanted`, or `count`. */
static uint32_t index_find(const struct index *index, const struct config_value *items, uint32_t count,
                           const struct config_value *wanted)
{
    uint32_t found = 0;
    if (!index->slots) {
        while (found < count && !is_same(&items[found], wanted)) found++;
        return found;
    }
    for (uint32_t at = hash_of(wanted) & index->mask; index->slots[at]; at = (at + 1) & index->mask)
        if (is_same(&items[index->slots[at] - 1], wanted)) return index->slots[at] - 1;
    return count;
}

/* ---- joining ---- */

static void append(struct parser *parser, struct config_value *array, struct config_value item)
{
    array->items = parser_grow(parser, array->items, array->count, sizeof *array->items);
    array->items[array->count++] = item;
}

static struct config_value pair_of(struct parser *parser, const struct config_value *old,
                                   const struct config_value *new)
{
    struct config_value pair = {.kind = CONFIG_ARRAY, .place = new->place};
    append(parser, &pair, *old);
    append(parser, &pair, *new);
    return pair;
}

/* To `old`; without what is there already unless `keep_same`. */
static struct config_value join_arrays(struct parser *parser, struct config_value old,
                                       const struct config_value *new, bool keep_same)
{
    struct index index = {0};
    if (!keep_same) index = index_of(old.items, old.count, new->count);
    for (uint32_t i = 0; i < new->count; i++) {
        bool is_there = !keep_same && index_find(&index, old.items, old.count, &new->items[i]) < old.count;
        if (is_there) continue;
        append(parser, &old, new->items[i]);
        index_add(&index, old.items, old.count - 1);
    }
    free(index.slots);
    return old;
}

static struct config_value append_hash(struct parser *parser, struct config_value old,
                                       const struct config_value *hash)
{
    for (uint32_t i = 0; i < hash->count; i++)
        append(parser, &old, pair_of(parser, &hash->keys[i], &hash->items[i]));
    return old;
}

static struct config_value merge_hashes(struct parser *parser, struct config_value old,
                                        const struct config_value *new, bool is_first_level);

/* Two values of one key of merged hashes. */
static struct config_value merge_entry(struct parser *parser, const struct config_value *old,
                                       const struct config_value *new, bool is_first_level)
{
    if (old->kind == CONFIG_HASH && new->kind == CONFIG_HASH)
        return merge_hashes(parser, *old, new, false);
    if (old->kind == CONFIG_ARRAY && new->kind == CONFIG_ARRAY)
        return join_arrays(parser, *old, new, is_first_level);
    if (old->kind == CONFIG_ARRAY) {
        struct config_value one = {.kind = CONFIG_ARRAY, .count = 1};
        one.items = (struct config_value *)new;
        return join_arrays(parser, *old, &one, false);
    }
    return is_same(old, new) ? *old : pair_of(parser, old, new);
}

static struct config_value merge_hashes(struct parser *parser, struct config_value old,
                                        const struct config_value *new, bool is_first_level)
{
    struct index index = index_of(old.keys, old.count, new->count);
    uint32_t before = old.count; /* keys of one hash are different: the new ones are not searched */
    for (uint32_t i = 0; i < new->count; i++) {
        uint32_t at = index_find(&index, old.keys, before, &new->keys[i]);
        if (at < before) {
            old.items[at] = merge_entry(parser, &old.items[at], &new->items[i], is_first_level);
            continue;
        }
        old.keys = parser_grow(parser, old.keys, old.count, sizeof *old.keys);
        old.keys[old.count] = new->keys[i];
        append(parser, &old, new->items[i]);
    }
    free(index.slots);
    return old;
}

static struct config_value fold(struct parser *parser, const struct setting *first,
                                const struct setting *again)
{
    const struct config_value *old = &first->value, *new = &again->value;
    if (old->kind == CONFIG_HASH && new->kind == CONFIG_HASH)
        return merge_hashes(parser, *old, new, true);
    if (old->kind == CONFIG_HASH) {
        struct message *message =
            parser_error(parser, again->key_place, "`%.*s` is given again, and not as a hash",
                         STR_ARG(again->key));
        diag_other(parser->diag, message, first->key_place, "first given here");
        return *old;
    }
    if (old->kind == CONFIG_ARRAY && new->kind == CONFIG_ARRAY) return join_arrays(parser, *old, new, true);
    if (old->kind == CONFIG_ARRAY && new->kind == CONFIG_HASH) return append_hash(parser, *old, new);
    if (old->kind == CONFIG_ARRAY) {
        struct config_value joined = *old;
        append(parser, &joined, *new);
        return joined;
    }
    if (is_scalar(old) && is_same(old, new)) return *old;
    struct config_value pair = pair_of(parser, old, new);
    pair.is_joined = true;
    return pair;
}

static bool is_second_codec(struct parser *parser, struct str plugin, const struct setting *first,
                            const struct setting *again)
{
    bool is_plugin = first->value.kind == CONFIG_PLUGIN || again->value.kind == CONFIG_PLUGIN;
    if (!is_plugin && !str_eq_z(first->key, "codec")) return false;
    struct message *message = parser_error(parser, again->key_place, "`%.*s` has two codecs",
                                           STR_ARG(plugin));
    diag_hint(parser->diag, message, "remove one");
    diag_other(parser->diag, message, first->key_place, "first given here");
    return true;
}

void merge_settings(struct parser *parser, bool is_codec_single, struct str plugin,
                    struct setting *settings, uint32_t *count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < *count; i++) {
        uint32_t at = 0;
        while (at < kept && !str_eq(settings[at].key, settings[i].key)) at++;
        if (at == kept) {
            settings[kept++] = settings[i];
        } else if (!is_codec_single || !is_second_codec(parser, plugin, &settings[at], &settings[i])) {
            settings[at].value = fold(parser, &settings[at], &settings[i]);
        }
    }
    *count = kept;
}
