/* SPDX-License-Identifier: Apache-2.0 */
/* fingerprint: a short text that stands for a field's value, or for several fields together. Engines:
 * core/text/digest.h, murmur.h, ip.h, uuid.h.
 *
 * Departure: what is no IPv4 address is tagged `_fingerprintfailure` by IPV4_NETWORK (there: the pipeline
 * ends). */
#include <stdlib.h>
#include "core/plugin.h"
#include "core/text/digest.h"
#include "core/text/encode.h"
#include "core/text/ip.h"
#include "core/text/murmur.h"
#include "core/text/number.h"
#include "core/text/replace.h"
#include "core/text/uuid.h"

enum method { SHA1, SHA256, SHA384, SHA512, MD5, MURMUR3, MURMUR3_128, IPV4_NETWORK, UUID, PUNCTUATION };
static const char *const METHODS[] = {"SHA1",         "SHA256", "SHA384",     "SHA512", "MD5", "MURMUR3", "MURMUR3_128",
                                      "IPV4_NETWORK", "UUID",   "PUNCTUATION", NULL};
static const enum digest DIGESTS[] = {DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512, DIGEST_MD5};

struct fingerprint {
    struct path_list source;
    struct path target;
    struct choice method;
    struct secret key;
    bool base64encode, concatenate_sources, concatenate_all_fields;

    struct path *sorted; /* the sources, by name */
    int64_t prefix;      /* of IPV4_NETWORK */
    struct regex *other; /* what PUNCTUATION takes away */
    struct uuid_source uuids;
    struct buf text;
};

static const struct option fingerprint_options[] = {
    OPTION_PATHS(struct fingerprint, source, .preset = "message", .help = "Fields whose values are taken."),
    OPTION_PATH(struct fingerprint, target,
                .help = "Field for the result; preset: [event][hash], `fingerprint` where ECS is disabled."),
    OPTION_CHOICE(struct fingerprint, method, .preset = "SHA1", .choices = METHODS,
                  .help = "A digest, a fast hash, the network of an IPv4 address, a UUID, or punctuation alone."),
    OPTION_SECRET(struct fingerprint, key,
                  .help = "Makes digests keyed (HMAC); for IPV4_NETWORK the length of the prefix, as in 24."),
    OPTION_BOOL(struct fingerprint, base64encode, .preset = "false", .help = "Digests as base64, not hexadecimal."),
    OPTION_BOOL(struct fingerprint, concatenate_sources, .preset = "false",
                .help = "One result of all sources together, with their names, in order of the names."),
    OPTION_BOOL(struct fingerprint, concatenate_all_fields, .preset = "false",
                .help = "One result of all fields of the event, @metadata excepted."),
    OPTION_END};

/* ---- create ---- */

static int path_order(const void *a, const void *b)
{
    return str_cmp(((const struct path *)a)->text, ((const struct path *)b)->text);
}

static bool prefix_create(struct fingerprint *self, const struct plugin_context *context)
{
    struct value number;
    bool is_read = number_parse_integer(self->key.text, NUMBER_PLAIN, context->arena, &number);
    if (is_read && number.kind == VALUE_INT && number.integer >= 0 && number.integer <= 32) {
        self->prefix = number.integer;
        return true;
    }
    diag_hint(context->diag,
              diag_error(context->diag, context_place(context, "key"),
                         "IPV4_NETWORK needs the length of the prefix as its `key`"),
              "a number from 0 to 32, as in key => 24");
    return false;
}

static bool fingerprint_create(void *opaque, const struct plugin_context *context)
{
    struct fingerprint *self = opaque;
    struct regex_problem problem;
    const char *preset = context->ecs == ECS_DISABLED ? "fingerprint" : "[event][hash]";
    if (!self->target.text.len) path_compile(&self->target, str_of(preset), context->arena);
    self->sorted = arena_alloc(context->arena, (self->source.count + 1) * sizeof *self->sorted);
    memcpy(self->sorted, self->source.items, self->source.count * sizeof *self->sorted);
    qsort(self->sorted, self->source.count, sizeof *self->sorted, path_order);
    if (self->method.value == IPV4_NETWORK) return prefix_create(self, context);
    if (self->method.value != PUNCTUATION) return true;
    self->other = regex_compile(STR("[^\\p{P}\\p{S}]+"), &(struct regex_options){0}, &problem);
    assert(self->other);
    return true;
}

static void fingerprint_destroy(void *opaque)
{
    struct fingerprint *self = opaque;
    regex_destroy(self->other);
    buf_fini(&self->text);
}

/* ---- the text of values ---- */

static int entry_order(const void *a, const void *b)
{
    const struct entry *const *first = a, *const *second = b;
    return str_cmp(key_text(&(*first)->key), key_text(&(*second)->key));
}

/* The entries of a map that are there, by name. */
static uint32_t entries_sorted(const struct map *map, struct arena *arena, const struct entry ***entries)
{
    uint32_t count = 0;
    *entries = arena_alloc(arena, (map->live + 1) * sizeof **entries);
    MAP_EACH(map, entry) (*entries)[count++] = entry;
    qsort(*entries, count, sizeof **entries, entry_order);
    return count;
}

static void text_append(const struct value *value, uint32_t depth, struct arena *arena, struct buf *out)
{
    const struct entry **entries;
    bool is_first = true;
    if (depth > VALUE_DEPTH_MAX) return;
    switch (value->kind) {
    case VALUE_MAP:
        for (uint32_t i = 0, count = entries_sorted(value->map, arena, &entries); i < count; i++) {
            if (i) buf_append_char(out, '|');
            buf_append(out, key_text(&entries[i]->key));
            buf_append_char(out, '|');
            text_append(&entries[i]->value, depth + 1, arena, out);
        }
        break;
    case VALUE_ARRAY:
        ARRAY_EACH(value->array, item)
        {
            if (!is_first) buf_append_char(out, '|');
            is_first = false;
            text_append(item, depth + 1, arena, out);
        }
        break;
    case VALUE_DOUBLE:
        buf_reserve(out, NUMBER_PRINT_MAX);
        out->len += number_print_ruby(value->real, out->ptr + out->len);
        break;
    default: value_print(value, out);
    }
}

static void pair_append(struct str name, const struct value *value, struct arena *arena, struct buf *out)
{
    buf_append_char(out, '|');
    buf_append(out, name);
    buf_append_char(out, '|');
    if (value) text_append(value, 0, arena, out);
}

static void sources_append(const struct fingerprint *self, const struct event *event, struct buf *out)
{
    for (uint32_t i = 0; i < self->source.count; i++)
        pair_append(self->sorted[i].text, path_get(&self->sorted[i], event), event->arena, out);
    buf_append_char(out, '|');
}

static void fields_append(const struct event *event, struct buf *out)
{
    const struct entry **entries;
    uint32_t count = entries_sorted(&event->root, event->arena, &entries);
    for (uint32_t i = 0; i < count; i++)
        pair_append(key_text(&entries[i]->key), &entries[i]->value, event->arena, out);
    buf_append_char(out, '|');
}

/* ---- results ---- */

static struct value encoded(const struct fingerprint *self, struct str bytes, struct arena *arena)
{
    size_t size = self->base64encode ? base64_size(bytes.len) : 2 * bytes.len;
    char *text = arena_alloc(arena, size);
    if (self->base64encode) base64_encode(bytes, text);
    else hex_encode(bytes, text);
    return value_string_flagged((struct str){text, size}, STRING_ASCII | STRING_UTF8);
}

static struct value digest_of(const struct fingerprint *self, struct str text, struct arena *arena)
{
    unsigned char bytes[DIGEST_BYTES_MAX];
    enum digest digest = DIGESTS[self->method.value];
    size_t len = self->key.text.len ? digest_keyed(digest, self->key.text, text, bytes)
                                    : digest_bytes(digest, text, bytes);
    return encoded(self, (struct str){(const char *)bytes, len}, arena);
}

/* Whole numbers are hashed as such: 8 bytes, the lowest first, and 4 by the 128-bit hash when they fit. */
static struct value murmur_of(const struct fingerprint *self, struct str text, const int64_t *integer,
                              struct arena *arena)
{
    char bytes[8];
    uint8_t hash[16];
    bool is_long = self->method.value == MURMUR3_128;
    if (integer) {
        for (int i = 0; i < 8; i++) bytes[i] = (char)((uint64_t)*integer >> 8 * i & 255);
        text = (struct str){bytes, is_long && *integer >= INT32_MIN && *integer <= INT32_MAX ? 4 : 8};
    }
    if (!is_long) return value_int(murmur3_32(text, 0));
    murmur3_128(text, 2, hash);
    return encoded(self, (struct str){(const char *)hash, sizeof hash}, arena);
}

static bool network_of(const struct fingerprint *self, struct str text, struct arena *arena, struct value *out)
{
    struct ip ip;
    char printed[IP_TEXT_MAX];
    if (!ip_read(text, &ip) || ip.bits != 32) return false;
    ip_mask(&ip, (uint32_t)self->prefix);
    *out = value_string(arena_copy(arena, ip_print(&ip, printed)));
    return true;
}

static bool punctuation_of(const struct fingerprint *self, struct str text, struct arena *arena, struct value *out)
{
    struct value subject = value_string(text);
    struct str kept;
    switch (replace_all(self->other, &subject, STR(""), arena, &kept)) {
    case REPLACE_NONE: *out = value_string(arena_copy(arena, text)); return true;
    case REPLACE_DONE: *out = value_string(kept); return true;
    default: return false;
    }
}

/* Of a text; `integer` when the value is a whole number. */
static bool result_of(struct fingerprint *self, struct str text, const int64_t *integer, struct arena *arena,
                      struct value *out)
{
    switch ((enum method)self->method.value) {
    case MURMUR3:
    case MURMUR3_128: *out = murmur_of(self, text, integer, arena); return true;
    case IPV4_NETWORK: return network_of(self, text, arena, out);
    case PUNCTUATION: return punctuation_of(self, text, arena, out);
    default: *out = digest_of(self, text, arena); return true;
    }
}

static bool scalar_result(struct fingerprint *self, const struct value *value, struct arena *arena, struct value *out)
{
    if (value->kind == VALUE_STRING) return result_of(self, value_text(value), NULL, arena, out);
    buf_clear(&self->text);
    text_append(value, 0, arena, &self->text);
    return result_of(self, buf_str(&self->text), value->kind == VALUE_INT ? &value->integer : NULL, arena, out);
}

/* A list gives a list. */
static bool value_result(struct fingerprint *self, const struct value *value, struct arena *arena, struct value *out)
{
    if (value->kind != VALUE_ARRAY) return scalar_result(self, value, arena, out);
    if (!arena_allows(arena, value->array->count * (sizeof *value + 2 * DIGEST_BYTES_MAX))) return false;
    *out = value_array(arena, value->array->count);
    ARRAY_EACH(value->array, item)
    {
        struct value one;
        if (!scalar_result(self, item, arena, &one)) return false;
        array_push(out->array, arena, one);
    }
    return true;
}

/* ---- apply ---- */

/* The sources one after the other: the last that is there has the target. */
static bool each_source(struct fingerprint *self, struct event *event)
{
    const struct path *sources = self->method.value == PUNCTUATION ? self->sorted : self->source.items;
    for (uint32_t i = 0; i < self->source.count; i++) {
        const struct value *value = path_get(&sources[i], event);
        struct value result;
        if (!value || value->kind == VALUE_NULL) continue;
        if (!value_result(self, value, event->arena, &result)) return false;
        path_set(&self->target, event, result);
    }
    return true;
}

static bool apply_event(struct fingerprint *self, struct event *event)
{
    struct value result;
    if (!arena_allows(event->arena, 0)) return false;
    if (self->method.value == UUID) {
        char *text = arena_alloc(event->arena, UUID_SIZE);
        uuid_next(&self->uuids, text);
        path_set(&self->target, event, value_string_flagged((struct str){text, UUID_SIZE}, STRING_ASCII | STRING_UTF8));
        return true;
    }
    bool is_joined = self->concatenate_all_fields || self->concatenate_sources;
    if (!is_joined || self->method.value == PUNCTUATION) return each_source(self, event);
    buf_clear(&self->text);
    if (self->concatenate_all_fields) fields_append(event, &self->text);
    else sources_append(self, event, &self->text);
    if (!result_of(self, buf_str(&self->text), NULL, event->arena, &result)) return false;
    path_set(&self->target, event, result);
    return true;
}

static void fingerprint_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    struct fingerprint *self = opaque;
    SELECTION_EACH(batch, in, event)
    {
        regex_event_begin();
        if (apply_event(self, event)) outcome_matched(out, event);
        else outcome_failed(out, event, STR("_fingerprintfailure"));
    }
    regex_event_end();
}

static void fingerprint_fields(const void *opaque, struct field_set *fields)
{
    const struct fingerprint *self = opaque;
    unsigned type = self->method.value == MURMUR3 ? TYPE_INTEGER : TYPE_STRING;
    bool is_joined = self->concatenate_all_fields || self->concatenate_sources;
    if (self->method.value == UUID) {
        fields_may_put(fields, &self->target, TYPE_STRING);
        return;
    }
    if (!self->concatenate_all_fields)
        for (uint32_t i = 0; i < self->source.count; i++) fields_read_if_set(fields, &self->source.items[i]);
    fields_fail(fields);
    fields_may_put(fields, &self->target, is_joined ? type : type | TYPE_ARRAY);
}

const struct filter_type filter_fingerprint = {
    .name = "fingerprint",
    .summary = "Makes a digest or hash of fields.",
    .size = sizeof(struct fingerprint),
    .options = fingerprint_options,
    .create = fingerprint_create,
    .apply = fingerprint_apply,
    .destroy = fingerprint_destroy,
    .fields = fingerprint_fields,
    .is_ecs = true,
};
