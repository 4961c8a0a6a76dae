/* SPDX-License-Identifier: Apache-2.0 */
/* kv: key=value pairs of a text become fields. The scanner is core/text/kv.h; this file says what becomes
 * of keys and values, and where they go. All pairs are gathered before the first field is written.
 *
 * Departures from Logstash: time and memory are bounded whatever the options say (core/text/kv.h;
 * KV_PAIRS_MAX, KV_DEPTH_MAX, KV_COMPARED_MAX): beyond a bound nothing is stored and the event is tagged. */
#include "core/text/kv.h"
#include "core/log.h"
#include "core/plugin.h"
#include "core/text/case.h"
#include "core/text/char_class.h"

enum {
    KV_PAIRS_MAX = 1 << 16,      /* of one event */
    KV_DEPTH_MAX = 64,           /* of pairs within values, with `recursive`; deeper values stay text */
    KV_COMPARED_MAX = 1 << 20,   /* values compared for `allow_duplicate_values => false`, for an event */
    KV_KNOWN_MAX = 64,           /* keys of an event that are compared with those of the event before */
    KV_KNOWN_BYTES = 32,         /* of such a key */
    KV_MEMORY_STEP = 256,        /* pairs between two looks at the memory */
};

/* Events of one origin have the same keys in the same order: what was found out of the key at a place is kept
 * for the next event. */
struct known_key {
    char text[KV_KNOWN_BYTES];
    uint32_t len, hash;
    bool is_special; /* it may be more than a plain name */
    uint32_t place;  /* in the event, of the field of the pair at this place */
};

struct kv_filter {
    struct path source, target;
    struct str field_split, value_split, field_split_pattern, value_split_pattern;
    struct str trim_key, trim_value, remove_char_key, remove_char_value;
    struct choice transform_key, transform_value;
    struct template prefix;
    struct template_list include_keys, exclude_keys;
    struct str_pairs default_keys;
    bool allow_duplicate_values, allow_empty_values, include_brackets, recursive;
    struct choice whitespace;
    int64_t timeout_millis;
    struct str tag_on_timeout;
    struct str_list tag_on_failure;

    struct kv *kv;
    struct char_cutter key_trim, key_remove, value_trim, value_remove;
    bool changes_keys, changes_values; /* else both are slices of the text */
    struct str id;
    struct known_key known[KV_KNOWN_MAX];
    uint32_t known_count; /* the first so many are plain names, each another, and were the keys of one event */
    bool keys_may_be_known; /* no option asks for more of a pair than to be stored */
    atomic_uint_fast64_t pairs, timeouts;
};

static const char *const CASES[] = {"none", "lowercase", "uppercase", "capitalize", NULL};
static const char *const WHITESPACE[] = {"lenient", "strict", NULL};

static const struct option kv_options[] = {
    OPTION_PATH(struct kv_filter, source, .preset = "message",
                .help = "Field to read: a text, or an array of texts."),
    OPTION_PATH(struct kv_filter, target, .help = "Field that gets all pairs as an object; preset: the event itself."),
    OPTION_STRING(struct kv_filter, field_split, .preset = " ",
                  .help = "Characters between two pairs, written as in a bracket class: `&?`, `\\n`."),
    OPTION_STRING(struct kv_filter, value_split, .preset = "=",
                  .help = "Characters between key and value, written as in a bracket class."),
    OPTION_STRING(struct kv_filter, field_split_pattern,
                  .help = "Regular expression between two pairs, instead of field_split."),
    OPTION_STRING(struct kv_filter, value_split_pattern,
                  .help = "Regular expression between key and value, instead of value_split."),
    OPTION_STRING(struct kv_filter, trim_key, .help = "Characters to remove from both ends of keys: `<>\\[\\],`."),
    OPTION_STRING(struct kv_filter, trim_value, .help = "Characters to remove from both ends of values."),
    OPTION_STRING(struct kv_filter, remove_char_key, .help = "Characters to remove from keys, wherever they are."),
    OPTION_STRING(struct kv_filter, remove_char_value,
                  .help = "Characters to remove from values, wherever they are."),
    OPTION_CHOICE(struct kv_filter, transform_key, .preset = "none", .choices = CASES,
                  .help = "How the letters of keys are written."),
    OPTION_CHOICE(struct kv_filter, transform_value, .preset = "none", .choices = CASES,
                  .help = "How the letters of values are written."),
    OPTION_TEMPLATE(struct kv_filter, prefix, .help = "What is put before each key."),
    OPTION_TEMPLATES(struct kv_filter, include_keys, .help = "Keys to store; preset: all."),
    OPTION_TEMPLATES(struct kv_filter, exclude_keys, .help = "Keys not to store."),
    OPTION_PAIRS(struct kv_filter, default_keys, .help = "Values of keys that the text does not have."),
    OPTION_BOOL(struct kv_filter, allow_duplicate_values, .preset = "true",
                .help = "Whether a key's array may hold a value twice."),
    OPTION_BOOL(struct kv_filter, allow_empty_values, .preset = "false",
                .help = "Whether keys without a value are stored, as empty texts."),
    OPTION_BOOL(struct kv_filter, include_brackets, .preset = "true",
                .help = "Whether (…), […] and <…> quote a value."),
    OPTION_BOOL(struct kv_filter, recursive, .preset = "false",
                .help = "Whether pairs within a value become an object."),
    OPTION_CHOICE(struct kv_filter, whitespace, .preset = "lenient", .choices = WHITESPACE,
                  .help = "Whether blanks may stand around value_split."),
    OPTION_INT(struct kv_filter, timeout_millis, .preset = "30000", .min = 0, .max = INT64_MAX / 1000000,
               .help = "Time for a text; never more than 50 ms."),
    OPTION_STRING(struct kv_filter, tag_on_timeout, .preset = "_kv_filter_timeout",
                  .help = "Tag of events whose text took too long."),
    OPTION_STRINGS(struct kv_filter, tag_on_failure, .preset = "_kv_filter_error",
                   .help = "Tags of events whose pairs could not be stored."),
    OPTION_END};

/* ---- one event ---- */

enum kv_fault { KV_FINE, KV_WRONG, KV_LATE, KV_MEMORY };

struct gather {
    struct kv_filter *self;
    struct event *event;
    struct str prefix;
    uint32_t pairs, compared;
    bool has_special;  /* some key may be more than a plain name */
    bool has_long;     /* some key is not among the known ones: longer than they may be */
    bool may_be_known; /* nothing was gathered yet, and all pairs are in one text */
    bool is_done;      /* known_store() has stored all pairs */
};

static bool is_listed(const struct template_list *list, struct str key, const struct event *event)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct template *name = &list->items[i];
        struct str text = name->is_literal ? name->text : template_render(name, event);
        if (text.len == key.len && bytes_same(text.ptr, key.ptr, key.len)) return true;
    }
    return false;
}

static struct str cased(struct choice choice, struct str text, struct arena *arena)
{
    static const enum case_kind kinds[] = {CASE_LOWER, CASE_LOWER, CASE_UPPER, CASE_CAPITAL};
    return choice.value ? case_map(text, kinds[choice.value], arena) : text;
}

static struct str joined(struct str head, struct str tail, struct arena *arena)
{
    char *text = arena_alloc(arena, head.len + tail.len);
    memcpy(text, head.ptr, head.len);
    memcpy(text + head.len, tail.ptr, tail.len);
    return (struct str){text, head.len + tail.len};
}

/* The key as it is stored. False: the pair is not wanted. */
static bool key_make(const struct gather *gather, struct str *key)
{
    const struct kv_filter *self = gather->self;
    struct arena *arena = gather->event->arena;
    *key = char_cutter_trim(&self->key_trim, *key, arena);
    *key = char_cutter_remove(&self->key_remove, *key, arena);
    *key = cased(self->transform_key, *key, arena);
    if (self->include_keys.count && !is_listed(&self->include_keys, *key, gather->event)) return false;
    if (is_listed(&self->exclude_keys, *key, gather->event)) return false;
    if (gather->prefix.len) *key = joined(gather->prefix, *key, arena);
    return true;
}

static struct str value_make(const struct gather *gather, struct str value)
{
    const struct kv_filter *self = gather->self;
    struct arena *arena = gather->event->arena;
    value = char_cutter_trim(&self->value_trim, value, arena);
    value = char_cutter_remove(&self->value_remove, value, arena);
    return cased(self->transform_value, value, arena);
}

/* Has the key this value already? A text alone is searched, as Ruby's String#include? does. */
static bool has_value(struct gather *gather, const struct value *old, struct str value)
{
    if (old->kind == VALUE_STRING) return str_find(value_text(old), value) >= 0;
    if (old->kind != VALUE_ARRAY) return false;
    gather->compared += old->array->count;
    ARRAY_EACH(old->array, item)
        if (item->kind == VALUE_STRING && str_eq(value_text(item), value)) return true;
    return false;
}

/* A key that comes again has an array. */
static void pair_store(struct map *map, struct arena *arena, const struct key *key, struct value value)
{
    struct value *old = map_get(map, key);
    if (!old) {
        map_append(map, arena, *key, value);
        return;
    }
    if (old->kind != VALUE_ARRAY) {
        struct value array = value_array(arena, 4);
        array_push(array.array, arena, *old);
        *old = array;
    }
    array_push(old->array, arena, value);
}

static enum kv_fault text_gather(struct gather *gather, const struct value *text, struct map *map, uint32_t depth);

/* The object of the pairs within a value, if there are any. */
static enum kv_fault nested(struct gather *gather, struct value *value, uint32_t depth)
{
    if (!gather->self->recursive || depth == KV_DEPTH_MAX) return KV_FINE;
    struct value inner = value_map(gather->event->arena, 0);
    enum kv_fault fault = text_gather(gather, value, inner.map, depth + 1);
    if (inner.map->live) *value = inner;
    return fault;
}

/* Maps grow by doubling, with their index: about 100 bytes a pair. */
static bool has_room(struct gather *gather, const struct map *map)
{
    if (++gather->pairs % KV_MEMORY_STEP) return gather->pairs <= KV_PAIRS_MAX;
    return arena_allows(gather->event->arena, (size_t)map->count * 3 * sizeof(struct entry));
}

/* May the name be more than a name: brackets, or a field with rules of its own? */
static inline bool is_special(struct str name)
{
    if (name.len && name.ptr[0] == '@') return true;
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] == '[' || name.ptr[i] == ']') return true;
    return (name.len == 4 || name.len == 7) && event_slot_of(name) >= 0;
}

/* The name with its hash, which is that of the event before where the name is the same. */
static inline struct key key_at(struct gather *gather, uint32_t number, struct str name)
{
    struct known_key *known = &gather->self->known[number % KV_KNOWN_MAX];
    if (name.len > KV_KNOWN_BYTES) {
        gather->has_special |= is_special(name);
        gather->has_long = true;
        return key_of(name);
    }
    if (known->len != name.len || !bytes_same(known->text, name.ptr, name.len)) {
        memcpy(known->text, name.ptr, name.len);
        known->len = (uint32_t)name.len;
        known->hash = key_hash(name);
        known->is_special = is_special(name);
    }
    gather->has_special |= known->is_special;
    return (struct key){name.ptr, (uint32_t)name.len, known->hash};
}

/* ---- the keys of the event before ---- */

static inline bool are_known(const struct kv_filter *self, const struct kv_pair *pairs, uint32_t count)
{
    if (count == 0 || count > self->known_count) return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct known_key *known = &self->known[i];
        struct str name = pairs[i].key;
        if (known->len != name.len || !bytes_same(known->text, name.ptr, name.len)) return false;
    }
    return true;
}

static void known_append(const struct kv_filter *self, struct map *map, struct arena *arena,
                         const struct kv_pair *pairs, uint32_t count, uint8_t flags)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct known_key *known = &self->known[i];
        struct key key = {pairs[i].key.ptr, known->len, known->hash};
        map_append(map, arena, key, value_string_flagged(pairs[i].value, flags));
    }
}

static void known_set(struct kv_filter *self, struct event *event, const struct kv_pair *pairs, uint32_t count,
                      uint8_t flags)
{
    struct map *root = &event->root;
    uint64_t before = root->bloom;
    for (uint32_t i = 0; i < count; i++) {
        struct known_key *known = &self->known[i];
        struct key key = {pairs[i].key.ptr, known->len, known->hash};
        struct value value = value_string_flagged(pairs[i].value, flags);
        if (before & map_bloom_bit(known->hash))
            map_set_near(root, event->arena, &key, value, &known->place);
        else
            map_append(root, event->arena, key, value);
    }
}

/* Stores pairs whose keys are known to be plain, and each another: none is looked for among the others. */
static bool known_store(struct gather *gather, const struct kv_pair *pairs, uint32_t count, uint8_t flags)
{
    struct kv_filter *self = gather->self;
    struct event *event = gather->event;
    counter_add(&self->pairs, count);
    if (!self->target.text.len) return known_set(self, event, pairs, count, flags), true;
    struct value object = value_map(event->arena, count);
    known_append(self, object.map, event->arena, pairs, count, flags);
    return path_set(&self->target, event, object) == PATH_SET;
}

/* ---- any keys ---- */

static enum kv_fault pair_take(struct gather *gather, const struct kv_pair *pair, uint8_t flags, struct map *map,
                               uint32_t depth)
{
    struct kv_filter *self = gather->self;
    struct str name = pair->key, text = pair->value;
    if (self->changes_keys && !key_make(gather, &name)) return KV_FINE;
    if (self->changes_values) {
        text = value_make(gather, text);
        flags = 0;
    }
    if (!has_room(gather, map)) return KV_MEMORY;
    struct key key = key_at(gather, map->count, name);
    if (!self->allow_duplicate_values) {
        const struct value *old = map_get(map, &key);
        if (old && has_value(gather, old, text)) return KV_FINE;
        if (gather->compared > KV_COMPARED_MAX) return KV_LATE;
    }
    struct value value = value_string_flagged(text, flags);
    enum kv_fault fault = nested(gather, &value, depth);
    if (fault == KV_FINE) pair_store(map, gather->event->arena, &key, value);
    return fault;
}

static uint32_t empty_drop(struct kv_pair *pairs, uint32_t count)
{
    uint32_t left = 0;
    while (left < count && pairs[left].value.len) left++;
    for (uint32_t i = left; i < count; i++)
        if (pairs[i].value.len) pairs[left++] = pairs[i];
    return left;
}

/* Splitters are ASCII, or found between characters: a part of valid UTF-8 is valid. */
static enum kv_fault text_gather(struct gather *gather, const struct value *text, struct map *map, uint32_t depth)
{
    struct kv_filter *self = gather->self;
    struct kv_scan scan = {.text = value_text(text), .flags = text->flags};
    uint8_t flags = text->flags & (STRING_ASCII | STRING_UTF8);
    struct kv_pair pairs[KV_KNOWN_MAX];
    enum kv_verdict verdict;
    do {
        uint32_t count = kv_next(self->kv, &scan, pairs, KV_KNOWN_MAX, &verdict);
        if (!self->allow_empty_values) count = empty_drop(pairs, count);
        if (verdict == KV_END && gather->may_be_known && are_known(self, pairs, count)) {
            gather->is_done = true;
            return known_store(gather, pairs, count, flags) ? KV_FINE : KV_WRONG;
        }
        gather->may_be_known = false;
        self->known_count = 0;
        for (uint32_t i = 0; i < count; i++) {
            enum kv_fault fault = pair_take(gather, &pairs[i], flags, map, depth);
            if (fault != KV_FINE) return fault;
        }
    } while (verdict == KV_PAIR);
    return verdict == KV_LIMIT ? KV_LATE : KV_FINE;
}

static void source_is_wrong(const struct kv_filter *self, const char *what)
{
    LOG(LOG_WARN, "kv.source_type", self->id, "`%.*s` is %s, not a text: passed on as it is",
        STR_ARG(self->source.text), what);
}

static enum kv_fault source_gather(struct gather *gather, struct value *source, struct map *map)
{
    if (!source || source->kind == VALUE_NULL) return KV_FINE;
    if (source->kind == VALUE_STRING) {
        value_string_flags(source);
        return text_gather(gather, source, map, 0);
    }
    if (source->kind != VALUE_ARRAY) {
        source_is_wrong(gather->self, source->kind == VALUE_MAP ? "an object" : "a number or the like");
        return KV_FINE;
    }
    ARRAY_EACH(source->array, item)
    {
        if (item->kind != VALUE_STRING) return KV_WRONG;
        value_string_flags(item);
        enum kv_fault fault = text_gather(gather, item, map, 0);
        if (fault != KV_FINE) return fault;
    }
    return KV_FINE;
}

static void defaults_add(struct gather *gather, struct map *map)
{
    const struct str_pairs *pairs = &gather->self->default_keys;
    for (uint32_t i = 0; i < pairs->count; i++) {
        struct key key = key_of(pairs->items[i].name);
        gather->has_special |= is_special(pairs->items[i].name);
        if (!map_get(map, &key)) map_append(map, gather->event->arena, key, value_string(pairs->items[i].value));
    }
}

/* ---- storing ---- */

static bool field_store(struct event *event, const struct entry *pair)
{
    struct path path;
    return path_compile(&path, key_text(&pair->key), event->arena) &&
           path_set(&path, event, pair->value) == PATH_SET;
}

/* Names are references here, as in Logstash: `a[b]` is none, and then nothing is stored. */
static bool names_are_legal(const struct map *map, struct arena *arena)
{
    struct path path;
    MAP_EACH(map, pair)
        if (is_special(key_text(&pair->key)) && !path_compile(&path, key_text(&pair->key), arena)) return false;
    return true;
}

static bool specials_store(struct event *event, const struct map *map)
{
    if (!names_are_legal(map, event->arena)) return false;
    MAP_EACH(map, pair)
    {
        if (!is_special(key_text(&pair->key)))
            map_set(&event->root, event->arena, pair->key, pair->value);
        else if (!field_store(event, pair))
            return false;
    }
    return true;
}

static bool fields_store(struct gather *gather, const struct map *map)
{
    struct event *event = gather->event;
    if (gather->has_special) return specials_store(event, map);
    struct known_key *known = gather->self->known;
    for (uint32_t i = 0; i < map->count; i++) {
        const struct entry *pair = &map->entries[i];
        map_set_near(&event->root, event->arena, &pair->key, pair->value, &known[i % KV_KNOWN_MAX].place);
    }
    return true;
}

static enum kv_fault event_parse(struct kv_filter *self, struct event *event, bool *is_stored)
{
    struct gather gather = {.self = self, .event = event};
    struct value *source = path_get(&self->source, event);
    bool is_simple = self->keys_may_be_known && value_is_string(source);
    gather.may_be_known = is_simple;
    if (self->prefix.text.len) gather.prefix = template_render(&self->prefix, event);
    struct value pairs = value_map(event->arena, 0);
    enum kv_fault fault = source_gather(&gather, source, pairs.map);
    *is_stored = gather.is_done && fault == KV_FINE;
    if (gather.is_done || fault != KV_FINE) return fault;
    bool all_known = !gather.has_special && !gather.has_long && gather.pairs == pairs.map->count;
    self->known_count = is_simple && all_known && gather.pairs <= KV_KNOWN_MAX ? gather.pairs : 0;
    defaults_add(&gather, pairs.map);
    if (!pairs.map->live) return KV_FINE;
    counter_add(&self->pairs, pairs.map->live);
    *is_stored = self->target.text.len ? path_set(&self->target, event, pairs) == PATH_SET
                                       : fields_store(&gather, pairs.map);
    return *is_stored ? KV_FINE : KV_WRONG;
}

static void kv_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    struct kv_filter *self = opaque;
    SELECTION_EACH(batch, in, event)
    {
        bool is_stored = false;
        regex_event_begin();
        switch (event_parse(self, event, &is_stored)) {
        case KV_FINE:
            if (is_stored) outcome_matched(out, event);
            break;
        case KV_WRONG: outcome_failed_tags(out, event, self->tag_on_failure); break;
        case KV_MEMORY: outcome_failed(out, event, STR("_memory_limit")); break;
        case KV_LATE:
            counter_add(&self->timeouts, 1);
            outcome_failed(out, event, self->tag_on_timeout);
            break;
        }
    }
    regex_event_end();
}

/* ---- compiling ---- */

static bool empty_check(const struct plugin_context *context, const char *option, struct str text)
{
    for (uint32_t i = 0; i < context->setting_count; i++) {
        if (text.len || !str_eq_z(context->settings[i].key, option)) continue;
        struct message *message = diag_error(context->diag, context_place(context, option), "`%s` is empty", option);
        diag_hint(context->diag, message, "write what splits, or leave the option out");
        return false;
    }
    return true;
}

static void refused(const struct plugin_context *context, const char *option, struct str text,
                    const struct regex_problem *why)
{
    struct place place = context_place(context, option);
    size_t from = why->offset < text.len ? why->offset : 0;
    struct message *message = diag_error(context->diag, place_within(place, text, from, text.len), "%s: %s", option,
                                         why->text);
    bool is_set = !str_ends(str_of(option), STR("_pattern"));
    if (is_set) diag_note(context->diag, message, "%s is the inside of a bracket class: `&?`, `\\t`, `a-f`", option);
}

static bool cutter_make(const struct plugin_context *context, struct char_cutter *cutter, const char *option,
                        struct str body)
{
    struct regex_problem why;
    if (char_cutter_init(cutter, body, &why)) return true;
    refused(context, option, body, &why);
    return false;
}

static bool scanner_make(struct kv_filter *self, const struct plugin_context *context)
{
    struct kv_syntax syntax = {self->field_split,         self->value_split,      self->field_split_pattern,
                               self->value_split_pattern, self->whitespace.value, self->include_brackets};
    struct kv_problem problem;
    self->kv = kv_create(&syntax, &problem);
    if (self->kv) {
        if (self->timeout_millis) kv_budget_set(self->kv, self->timeout_millis * 1000000);
        return true;
    }
    const char *option = problem.what == &syntax.field_split     ? "field_split"
                         : problem.what == &syntax.value_split   ? "value_split"
                         : problem.what == &syntax.field_pattern ? "field_split_pattern"
                                                                 : "value_split_pattern";
    refused(context, option, *problem.what, &problem.why);
    return false;
}

static void kv_filter_destroy(void *opaque)
{
    struct kv_filter *self = opaque;
    kv_destroy(self->kv);
    char_cutter_fini(&self->key_trim);
    char_cutter_fini(&self->key_remove);
    char_cutter_fini(&self->value_trim);
    char_cutter_fini(&self->value_remove);
}

static bool kv_filter_create(void *opaque, const struct plugin_context *context)
{
    struct kv_filter *self = opaque;
    self->id = context->id;
    bool ok = empty_check(context, "value_split", self->value_split);
    ok &= empty_check(context, "field_split", self->field_split);
    ok &= empty_check(context, "field_split_pattern", self->field_split_pattern);
    ok &= empty_check(context, "value_split_pattern", self->value_split_pattern);
    ok &= cutter_make(context, &self->key_trim, "trim_key", self->trim_key);
    ok &= cutter_make(context, &self->key_remove, "remove_char_key", self->remove_char_key);
    ok &= cutter_make(context, &self->value_trim, "trim_value", self->trim_value);
    ok &= cutter_make(context, &self->value_remove, "remove_char_value", self->remove_char_value);
    ok = ok && scanner_make(self, context);
    self->changes_keys = self->trim_key.len || self->remove_char_key.len || self->transform_key.value ||
                         self->prefix.text.len || self->include_keys.count || self->exclude_keys.count;
    self->changes_values = self->trim_value.len || self->remove_char_value.len || self->transform_value.value;
    self->keys_may_be_known = !self->changes_keys && !self->changes_values && !self->recursive &&
                              !self->default_keys.count;
    if (!ok) kv_filter_destroy(self);
    return ok;
}

static void kv_filter_fields(const void *opaque, struct field_set *fields)
{
    const struct kv_filter *self = opaque;
    fields_read(fields, &self->source);
    if (self->prefix.text.len) fields_read_template(fields, &self->prefix);
    for (uint32_t i = 0; i < self->include_keys.count; i++) fields_read_template(fields, &self->include_keys.items[i]);
    for (uint32_t i = 0; i < self->exclude_keys.count; i++) fields_read_template(fields, &self->exclude_keys.items[i]);
    fields_fail(fields);
    if (self->target.text.len) {
        fields_put(fields, &self->target, TYPE_OBJECT);
        return;
    }
    fields_open(fields);
    fields_fail(fields); /* in the midst of the pairs */
}

static uint32_t kv_filter_metrics(void *opaque, struct metric_row *rows, uint32_t capacity)
{
    struct kv_filter *self = opaque;
    if (capacity < 2) return 0;
    rows[0] = (struct metric_row){"pairs", &self->pairs};
    rows[1] = (struct metric_row){"timeouts", &self->timeouts};
    return 2;
}

const struct filter_type filter_kv = {
    .name = "kv",
    .summary = "Parses key=value pairs.",
    .size = sizeof(struct kv_filter),
    .options = kv_options,
    .create = kv_filter_create,
    .apply = kv_apply,
    .destroy = kv_filter_destroy,
    .metrics = kv_filter_metrics,
    .fields = kv_filter_fields,
    .is_ecs = true,
};
