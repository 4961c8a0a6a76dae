/* SPDX-License-Identifier: Apache-2.0 */
/* An option given twice in one block. Values are folded from left to right:
 *
 *   hash   + hash     merged key by key; values that meet are joined
 *   array  + array    concatenated
 *   array  + hash     each pair is appended as an array of two
 *   array  + scalar   appended
 *   scalar + anything an array of both; equal scalars stay one
 *   hash   + other    an error
 */
#include "dsl/parse.h"

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

static bool has_item(const struct config_value *array, const struct config_value *item)
{
    for (uint32_t i = 0; i < array->count; i++)
        if (is_same(&array->items[i], item)) return true;
    return false;
}

/* A copy of the array with room for `extra` more: merged values do not share items. */
static struct config_value array_with_room(struct parser *parser, const struct config_value *array,
                                           uint32_t extra)
{
    struct config_value copy = *array;
    copy.items = arena_alloc(parser->arena, ((size_t)array->count + extra) * sizeof *copy.items);
    if (array->count) memcpy(copy.items, array->items, array->count * sizeof *copy.items);
    return copy;
}

static struct config_value pair_of(struct parser *parser, const struct config_value *old,
                                   const struct config_value *new)
{
    struct config_value pair = {.kind = CONFIG_ARRAY, .place = new->place, .count = 2};
    pair.items = arena_alloc(parser->arena, 2 * sizeof *pair.items);
    pair.items[0] = *old;
    pair.items[1] = *new;
    return pair;
}

static struct config_value join_arrays(struct parser *parser, const struct config_value *old,
                                       const struct config_value *new, bool keep_same)
{
    struct config_value joined = array_with_room(parser, old, new->count);
    for (uint32_t i = 0; i < new->count; i++)
        if (keep_same || !has_item(&joined, &new->items[i])) joined.items[joined.count++] = new->items[i];
    return joined;
}

static struct config_value append_hash(struct parser *parser, const struct config_value *old,
                                       const struct config_value *hash)
{
    struct config_value joined = array_with_room(parser, old, hash->count);
    for (uint32_t i = 0; i < hash->count; i++)
        joined.items[joined.count++] = pair_of(parser, &hash->keys[i], &hash->items[i]);
    return joined;
}

static struct config_value merge_hashes(struct parser *parser, const struct config_value *old,
                                        const struct config_value *new, bool is_first_level);

/* Two values of one key of merged hashes. */
static struct config_value merge_entry(struct parser *parser, const struct config_value *old,
                                       const struct config_value *new, bool is_first_level)
{
    if (old->kind == CONFIG_HASH && new->kind == CONFIG_HASH)
        return merge_hashes(parser, old, new, false);
    if (old->kind == CONFIG_ARRAY && new->kind == CONFIG_ARRAY)
        return join_arrays(parser, old, new, is_first_level);
    if (old->kind == CONFIG_ARRAY) {
        struct config_value one = {.kind = CONFIG_ARRAY, .count = 1};
        one.items = (struct config_value *)new;
        return join_arrays(parser, old, &one, false);
    }
    return is_same(old, new) ? *old : pair_of(parser, old, new);
}

static struct config_value merge_hashes(struct parser *parser, const struct config_value *old,
                                        const struct config_value *new, bool is_first_level)
{
    struct config_value merged = array_with_room(parser, old, new->count);
    size_t room = (size_t)old->count + new->count;
    merged.keys = arena_alloc(parser->arena, room * sizeof *merged.keys);
    if (old->count) memcpy(merged.keys, old->keys, old->count * sizeof *merged.keys);
    for (uint32_t i = 0; i < new->count; i++) {
        uint32_t at = 0;
        while (at < old->count && !str_eq(old->keys[at].text, new->keys[i].text)) at++;
        if (at < old->count) {
            merged.items[at] = merge_entry(parser, &old->items[at], &new->items[i], is_first_level);
            continue;
        }
        merged.keys[merged.count] = new->keys[i];
        merged.items[merged.count++] = new->items[i];
    }
    return merged;
}

static struct config_value fold(struct parser *parser, const struct setting *first,
                                const struct setting *again)
{
    const struct config_value *old = &first->value, *new = &again->value;
    if (old->kind == CONFIG_HASH && new->kind == CONFIG_HASH)
        return merge_hashes(parser, old, new, true);
    if (old->kind == CONFIG_HASH) {
        struct message *message =
            parser_error(parser, again->key_place, "`%.*s` is given again, and not as a hash",
                         STR_ARG(again->key));
        diag_other(parser->diag, message, first->key_place, "first given here");
        return *old;
    }
    if (old->kind == CONFIG_ARRAY && new->kind == CONFIG_ARRAY) return join_arrays(parser, old, new, true);
    if (old->kind == CONFIG_ARRAY && new->kind == CONFIG_HASH) return append_hash(parser, old, new);
    if (old->kind == CONFIG_ARRAY) {
        struct config_value joined = array_with_room(parser, old, 1);
        joined.items[joined.count++] = *new;
        return joined;
    }
    return is_scalar(old) && is_same(old, new) ? *old : pair_of(parser, old, new);
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
