/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/grok.h"
#include "core/text/number.h"
#include "core/xmalloc.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PARENT_EVENT, PARENT_METADATA, PARENTS_FIXED };

const struct regex_options grok_regex_options = {.is_dotall = true, .named_only = true};

/* ---- captures ---- */
/* `NAME:field:type`; without colons the name is the field. */
static struct str name_part(struct str name, uint32_t part)
{
    while (part--) {
        ptrdiff_t colon = str_find(name, STR(":"));
        if (colon < 0) return (struct str){name.ptr, 0};
        name = str_from(name, (size_t)colon + 1);
    }
    ptrdiff_t colon = str_find(name, STR(":"));
    return colon < 0 ? name : str_slice(name, 0, (size_t)colon);
}

static enum grok_type type_of(struct str name)
{
    struct str type = name_part(name, 2);
    if (str_eq(type, STR("int"))) return GROK_INT;
    return str_eq(type, STR("float")) ? GROK_FLOAT : GROK_STRING; /* any other word says nothing */
}

static bool is_overwrite(const struct grok_options *options, struct str field)
{
    for (uint32_t i = 0; i < options->overwrite_count; i++)
        if (str_eq(options->overwrite[i], field)) return true;
    return false;
}

/* `[target][field]`, where field may itself be `[a][b]`: brackets nest and flatten. */
static bool capture_path(struct path *path, struct str field, struct str target,
                         struct arena *arena)
{
    if (!target.len) return path_compile(path, field, arena);
    bool is_bare = target.ptr[0] != '[';
    struct str text = arena_printf(arena, "%s%.*s%s[%.*s]", is_bare ? "[" : "", STR_ARG(target),
                                   is_bare ? "]" : "", STR_ARG(field));
    return path_compile(path, text, arena);
}

static bool captures_build(struct grok *grok, const struct grok_options *options,
                           struct arena *arena, struct grok_problem *problem)
{
    uint32_t count;
    const struct regex_name *names = regex_names(grok->regex, &count);
    grok->captures = arena_zalloc(arena, (count + 1) * sizeof *grok->captures);
    for (uint32_t i = 0; i < count; i++) {
        bool is_known = false;
        for (uint32_t j = 0; j < i && !is_known; j++)
            is_known = str_eq(names[j].name, names[i].name);
        if (is_known) continue;
        struct str field = name_part(names[i].name, 1);
        if (!field.len) field = name_part(names[i].name, 0);
        field = arena_copy(arena, field);
        enum grok_type type = type_of(names[i].name);
        /* all groups of a name follow its first one; only that is coerced (Logstash) */
        for (uint32_t j = i; j < count; j++) {
            if (!str_eq(names[j].name, names[i].name)) continue;
            struct grok_capture *capture = &grok->captures[grok->capture_count++];
            *capture = (struct grok_capture){.group = names[j].group,
                                             .type = (uint8_t)type,
                                             .is_overwrite = is_overwrite(options, field)};
            type = GROK_STRING;
            if (capture_path(&capture->path, field, options->target, arena)) continue;
            snprintf(problem->text, sizeof problem->text,
                     "`%.*s` is not a field reference; write [a][b]", STR_ARG(field));
            return false;
        }
    }
    return true;
}

/* ---- parents ---- */
static uint32_t parent_find(struct grok *grok, uint32_t parent, const struct key *key)
{
    for (uint32_t i = PARENTS_FIXED; i < grok->parent_count; i++)
        if (grok->parents[i].parent == parent &&
            str_eq(key_text(&grok->parents[i].key), key_text(key)))
            return i;
    grok->parents[grok->parent_count] = (struct grok_parent){.parent = parent, .key = *key};
    grok->parents[parent].children++;
    return grok->parent_count++;
}

static void capture_resolve(struct grok *grok, struct grok_capture *capture)
{
    const struct path *path = &capture->path;
    capture->is_direct = path->count > 0 && path->slot < 0;
    if (!capture->is_direct) return;
    capture->parent = path->is_metadata ? PARENT_METADATA : PARENT_EVENT;
    for (uint32_t i = 0; i + 1 < path->count; i++)
        capture->parent = parent_find(grok, capture->parent, &path->steps[i].key);
    capture->key = path->steps[path->count - 1].key;
    grok->parents[capture->parent].children++;
}

/* A capture that writes a map on the way to another one would leave a stale map behind. */
static bool captures_conflict(const struct grok *grok)
{
    for (uint32_t c = 0; c < grok->capture_count; c++)
        for (uint32_t p = PARENTS_FIXED; p < grok->parent_count; p++)
            if (grok->captures[c].is_direct &&
                grok->captures[c].parent == grok->parents[p].parent &&
                str_eq(key_text(&grok->captures[c].key), key_text(&grok->parents[p].key)))
                return true;
    return false;
}

/* Does the capture write where none before it writes? */
static bool is_first(const struct grok *grok, const struct grok_capture *capture)
{
    if (!capture->is_direct) return false;
    for (const struct grok_capture *other = grok->captures; other < capture; other++)
        if (other->is_direct && other->parent == capture->parent &&
            str_eq(key_text(&other->key), key_text(&capture->key)))
            return false;
    return true;
}

static void parents_build(struct grok *grok, struct arena *arena)
{
    uint32_t steps = PARENTS_FIXED;
    for (uint32_t i = 0; i < grok->capture_count; i++) steps += grok->captures[i].path.count;
    grok->parents = arena_zalloc(arena, steps * sizeof *grok->parents);
    grok->maps = arena_zalloc(arena, steps * sizeof *grok->maps);
    grok->blooms = arena_zalloc(arena, steps * sizeof *grok->blooms);
    grok->parent_count = PARENTS_FIXED;
    for (uint32_t i = 0; i < grok->capture_count; i++) {
        capture_resolve(grok, &grok->captures[i]);
        grok->captures[i].is_first = is_first(grok, &grok->captures[i]);
    }
    if (!captures_conflict(grok)) return;
    for (uint32_t i = 0; i < grok->capture_count; i++)
        grok->captures[i].is_direct = grok->captures[i].is_first = false;
}

/* Between two runs that are timed: 1 to twice the mean, so that no rhythm of the input is followed. */
static uint32_t sample_draw(struct grok *grok)
{
    grok->random ^= grok->random << 13;
    grok->random ^= grok->random >> 17;
    grok->random ^= grok->random << 5;
    return 1 + grok->random % (2 * GROK_SAMPLE - 1);
}

/* ---- compiling ---- */
static size_t origin_of(const struct translation_mark *marks, uint32_t count, size_t out)
{
    struct translation view = {.marks = (struct translation_mark *)(uintptr_t)marks,
                               .mark_count = count};
    return translation_origin(&view, out);
}

static struct regex *regex_of(const struct grok_library *library, struct str pattern,
                              bool named_only, struct grok_problem *problem)
{
    struct buf text = {.len = 0};
    struct translation_mark *marks = NULL;
    uint32_t mark_count = 0;
    struct regex *regex = NULL;
    struct regex_problem reason;
    if (grok_expand(library, pattern, named_only, &text, &marks, &mark_count, problem)) {
        regex = regex_compile(buf_str(&text), &grok_regex_options, &reason);
        if (!regex) {
            snprintf(problem->text, sizeof problem->text, "%s", reason.text);
            problem->offset = origin_of(marks, mark_count, reason.offset);
        }
    }
    buf_fini(&text);
    free(marks);
    return regex;
}

struct grok *grok_compile(const struct grok_library *library, struct str pattern,
                          const struct grok_options *options, struct arena *arena,
                          struct grok_problem *problem)
{
    struct regex *regex = regex_of(library, pattern, options->named_only, problem);
    if (!regex) return NULL;
    struct grok *grok = arena_zalloc(arena, sizeof *grok);
    grok->pattern = pattern;
    grok->regex = regex;
    grok->keep_empty = options->keep_empty;
    grok->random = 2463534242u + (uint32_t)pattern.len; /* not 0 */
    grok->sample_in = 1 + sample_draw(grok); /* not the first, which compiles */
    if (!captures_build(grok, options, arena, problem)) {
        regex_destroy(regex);
        return NULL;
    }
    parents_build(grok, arena);
    return grok;
}

void grok_destroy(struct grok *grok)
{
    if (!grok) return;
    regex_destroy(grok->regex);
    grok->regex = NULL;
}

bool grok_capture_is_repeated(const struct grok *grok, uint32_t capture)
{
    assert(capture < grok->capture_count);
    for (uint32_t i = 0; i < capture; i++)
        if (str_eq(grok->captures[i].path.text, grok->captures[capture].path.text)) return true;
    return false;
}

bool grok_type_ignored(const struct grok *grok, uint32_t *at, struct str *capture, struct str *type)
{
    uint32_t count;
    const struct regex_name *names = regex_names(grok->regex, &count);
    while (*at < count) {
        *capture = names[(*at)++].name;
        *type = name_part(*capture, 2);
        if (type->len && type_of(*capture) == GROK_STRING) return true;
    }
    return false;
}

/* ---- storing ---- */
static void string_join(struct value *existing, struct arena *arena, struct value value)
{
    struct value both = value_array(arena, 2);
    array_push(both.array, arena, *existing);
    array_push(both.array, arena, value);
    *existing = both;
}

/* What Logstash does where a field exists: strings and arrays collect, anything else keeps what it
 * has. */
static void value_add(const struct grok_capture *capture, struct value *existing,
                      struct event *event, struct value value)
{
    if (capture->is_overwrite || existing->kind == VALUE_NULL) {
        if (capture->path.slot >= 0 || !capture->path.count)
            path_set(&capture->path, event, value); /* @timestamp, tags, @metadata: their type is checked */
        else
            *existing = value;
    } else if (existing->kind == VALUE_ARRAY) {
        if (capture->path.slot == SLOT_TAGS && value.kind != VALUE_STRING) return;
        if (existing->array->count < GROK_FIELD_ITEMS_MAX)
            array_push(existing->array, event->arena, value);
    } else if (existing->kind == VALUE_STRING) {
        if (capture->path.slot == SLOT_TAGS && value.kind != VALUE_STRING) return;
        string_join(existing, event->arena, value);
    }
}

/* The map that holds a capture, made when it is missing; NULL where something else stands. */
static struct map *parent_map(struct grok *grok, uint32_t number, struct event *event)
{
    if (grok->maps[number] || number < PARENTS_FIXED) return grok->maps[number];
    const struct grok_parent *parent = &grok->parents[number];
    struct map *above = parent_map(grok, parent->parent, event);
    if (!above) return NULL;
    struct value *found = map_get(above, &parent->key);
    if (found && found->kind != VALUE_MAP) return NULL;
    struct value made = found ? *found : value_map(event->arena, parent->children);
    if (!found) map_append(above, event->arena, parent->key, made);
    grok->blooms[number] = made.map->bloom;
    return grok->maps[number] = made.map;
}

static struct value capture_value(const struct grok_capture *capture, struct str text, uint8_t flags,
                                  struct arena *arena)
{
    switch ((enum grok_type)capture->type) {
    case GROK_INT: return number_lenient_integer(text, arena);
    case GROK_FLOAT: return value_double(number_lenient_float(text));
    case GROK_STRING: break;
    }
    return value_string_flagged(text, flags);
}

static __attribute__((noinline)) void capture_store(struct grok *grok,
                                                    const struct grok_capture *capture,
                                                    struct event *event, struct value value)
{
    struct map *map = capture->is_direct ? parent_map(grok, capture->parent, event) : NULL;
    struct value *existing = map ? map_get(map, &capture->key) : path_get(&capture->path, event);
    if (existing)
        value_add(capture, existing, event, value);
    else if (map)
        map_append(map, event->arena, capture->key, value);
    else
        path_set(&capture->path, event, value);
}

/* Nearly all captures: a field that the event cannot have. What its map had before anything was
 * stored tells more than what it has now: captures fill the bloom. False: not one of these. */
static inline bool capture_append(struct grok *grok, const struct grok_capture *capture,
                                  struct event *event, struct str text, uint8_t flags)
{
    if (!capture->is_first) return false;
    struct map *map = grok->maps[capture->parent];
    if (!map) map = parent_map(grok, capture->parent, event);
    uint64_t bit = map_bloom_bit(capture->key.hash);
    if (!map || grok->blooms[capture->parent] & bit || !map_has_room(map)) return false;
    struct entry *entry = &map->entries[map->count++];
    map->live++;
    map->bloom |= bit;
    entry->key = capture->key;
    if (capture->type != GROK_STRING) {
        entry->value = capture_value(capture, text, flags, event->arena);
        return true;
    }
    entry->value.kind = VALUE_STRING; /* member by member: gcc packs a struct in registers first */
    entry->value.flags = flags;
    entry->value.unused = 0;
    entry->value.len = (uint32_t)text.len;
    entry->value.text = text.ptr;
    return true;
}

static void parents_reset(struct grok *grok, struct event *event)
{
    for (uint32_t i = PARENTS_FIXED; i < grok->parent_count; i++) grok->maps[i] = NULL;
    struct map *metadata =
        event->metadata_value.kind == VALUE_MAP ? event->metadata_value.map : NULL;
    grok->maps[PARENT_EVENT] = &event->root;
    grok->blooms[PARENT_EVENT] = event->root.bloom;
    grok->maps[PARENT_METADATA] = metadata;
    grok->blooms[PARENT_METADATA] = metadata ? metadata->bloom : 0;
}

static void grok_store(struct grok *grok, const struct regex_match *match, struct str subject,
                       uint8_t string_flags, struct event *event)
{
    /* A part of what is ASCII or valid is that too; of a part of the rest nothing is known. */
    uint8_t flags = string_flags & (STRING_ASCII | STRING_UTF8);
    parents_reset(grok, event);
    assert(subject.len <= UINT32_MAX);
    const struct grok_capture *end = grok->captures + grok->capture_count;
    for (const struct grok_capture *capture = grok->captures; capture < end; capture++) {
        struct str text = {NULL, 0};
        bool took_part = regex_group(match, subject, capture->group, &text);
        if (!text.len && !grok->keep_empty) continue;
        if (took_part && capture_append(grok, capture, event, text, flags)) continue;
        capture_store(grok, capture, event,
                      took_part ? capture_value(capture, text, flags, event->arena) : value_null());
    }
}

/* ---- matching ---- */
static int64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static __attribute__((noinline)) enum regex_verdict match_timed(struct grok *grok, struct str subject, uint8_t flags,
                                                                bool has_literal, struct regex_match *match)
{
    int64_t begin = monotonic_ns();
    enum regex_verdict verdict = has_literal ? regex_match_likely(grok->regex, subject, flags, 0, match)
                                             : regex_match(grok->regex, subject, flags, 0, match);
    counter_add(&grok->counters.sampled, 1);
    counter_add(&grok->counters.sampled_ns, (uint64_t)(monotonic_ns() - begin));
    grok->sample_in = sample_draw(grok);
    return verdict;
}

enum regex_verdict grok_run(struct grok *grok, struct str subject, uint8_t string_flags,
                            bool has_literal, struct event *event)
{
    struct regex_match match;
    enum regex_verdict verdict;
    if (--grok->sample_in == 0)
        verdict = match_timed(grok, subject, string_flags, has_literal, &match);
    else if (has_literal)
        verdict = regex_match_likely(grok->regex, subject, string_flags, 0, &match);
    else
        verdict = regex_match(grok->regex, subject, string_flags, 0, &match);
    counter_add(&grok->counters.runs, 1);
    if (verdict == REGEX_MATCH) {
        counter_add(&grok->counters.hits, 1);
        grok_store(grok, &match, subject, string_flags, event);
    } else if (verdict == REGEX_LIMIT) {
        counter_add(&grok->counters.limits, 1);
    }
    return verdict;
}

enum regex_verdict grok_apply(struct grok *grok, struct str subject, uint8_t string_flags,
                              struct event *event)
{
    counter_add(&grok->counters.alone, 1);
    return grok_run(grok, subject, string_flags, false, event);
}

void grok_join(struct grok *grok, const atomic_uint_fast64_t *ends, uint32_t count)
{
    assert(!grok->list_ends);
    grok->list_ends = ends;
    grok->list_ends_count = count;
}

/* A sum of counters that only grow, so it only grows itself. */
uint64_t grok_attempts(const struct grok *grok)
{
    uint64_t attempts = counter_get(&grok->counters.alone);
    for (uint32_t i = 0; i < grok->list_ends_count; i++) attempts += counter_get(&grok->list_ends[i]);
    return attempts;
}
