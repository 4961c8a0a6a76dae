/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/path.h"
#include "core/text/utf8.h"

static enum path_escapes escapes; /* read-only once the first path is compiled */

void path_escapes_set(enum path_escapes style) { escapes = style; }

/* ---- compiling ---- */

/* Java's Integer.parseInt: an optional sign, then digits, within 32 bits. */
static bool index_parse(struct str text, int32_t *index)
{
    size_t at = text.len && (text.ptr[0] == '-' || text.ptr[0] == '+');
    bool is_negative = at && text.ptr[0] == '-';
    if (at == text.len) return false;
    int64_t number = 0;
    for (; at < text.len; at++) {
        if (!is_digit(text.ptr[at])) return false;
        number = number * 10 + (text.ptr[at] - '0');
        if (number > (int64_t)INT32_MAX + 1) return false;
    }
    if (is_negative) number = -number;
    if (number > INT32_MAX) return false;
    *index = (int32_t)number;
    return true;
}

struct path_step path_step_of(struct str name)
{
    struct path_step step = {.key = key_of(name)};
    step.is_index = index_parse(name, &step.index);
    return step;
}

/* ---- escapes ---- */

static int hex_digit(char c)
{
    if (is_digit(c)) return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte of `%XX` at the start of `text`, or -1. */
static int percent_byte(struct str text)
{
    if (text.len < 3 || text.ptr[0] != '%') return -1;
    int high = hex_digit(text.ptr[1]), low = hex_digit(text.ptr[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* The bytes of `&#NNN;` at the start of `text`; `*used` is its own length. 0: there is none. */
static size_t ampersand_bytes(struct str text, size_t *used, char out[4])
{
    uint32_t code = 0;
    size_t at = 2;
    if (!str_starts(text, STR("&#"))) return 0;
    for (; at < text.len && is_digit(text.ptr[at]) && code <= 0x10ffff; at++)
        code = code * 10 + (uint32_t)(text.ptr[at] - '0');
    bool is_scalar = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    if (at == 2 || at >= text.len || text.ptr[at] != ';' || !is_scalar) return 0;
    *used = at + 1;
    return utf8_encode(code, out);
}

/* The name as it is in events. What would be no text stays as written. */
static struct str unescape(struct str name, struct arena *arena)
{
    char mark = escapes == PATH_ESCAPES_PERCENT ? '%' : '&';
    if (escapes == PATH_ESCAPES_NONE || !memchr(name.ptr, mark, name.len)) return name;
    char *out = arena_alloc(arena, name.len);
    size_t len = 0;
    for (size_t at = 0; at < name.len;) {
        struct str rest = str_from(name, at);
        char bytes[4] = {rest.ptr[0]};
        size_t used = 1, count = 1;
        if (escapes == PATH_ESCAPES_PERCENT && percent_byte(rest) >= 0) {
            bytes[0] = (char)percent_byte(rest);
            used = 3;
        } else if (escapes == PATH_ESCAPES_AMPERSAND) {
            size_t found = ampersand_bytes(rest, &used, bytes);
            if (found) count = found;
        }
        memcpy(out + len, bytes, count);
        len += count;
        at += used;
    }
    struct str plain = {out, len};
    return utf8_valid_len(plain) == len ? plain : name;
}

/* ---- references ---- */

/* Puts the names into `steps`; false when the brackets are not legal. A bracket holds either a name
 * or bracketed parts, never both: `seen` says what the open bracket has had so far. */
static bool steps_read(struct str text, struct path_step *steps, uint32_t *count, struct arena *arena)
{
    enum { NOTHING, NAME, PARTS } seen = NOTHING;
    uint32_t depth = 0;
    for (size_t at = 0; at < text.len;) {
        char c = text.ptr[at];
        if (c == '[') {
            if (seen == NAME) return false;
            depth++;
            at++;
            seen = NOTHING;
        } else if (c == ']') {
            if (!depth || seen == NOTHING) return false;
            depth--;
            at++;
            seen = PARTS;
        } else {
            if (!depth || seen != NOTHING || *count == PATH_STEPS_MAX) return false;
            size_t start = at;
            while (at < text.len && text.ptr[at] != '[' && text.ptr[at] != ']') at++;
            steps[(*count)++] = path_step_of(unescape(str_slice(text, start, at), arena));
            seen = NAME;
        }
    }
    return depth == 0;
}

bool path_same(const struct path *a, const struct path *b)
{
    bool same = a->count == b->count && a->is_metadata == b->is_metadata;
    for (uint32_t i = 0; same && i < a->count; i++) same = key_same(&a->steps[i].key, &b->steps[i].key);
    return same;
}

void path_of_steps(struct path *path, struct path_step *steps, uint32_t count)
{
    assert(count);
    struct str first = key_text(&steps[0].key);
    bool is_metadata = str_eq(first, STR("@metadata"));
    path->is_metadata = is_metadata;
    path->slot = is_metadata ? -1 : (int8_t)event_slot_of(first);
    path->steps = steps + is_metadata;
    path->count = count - is_metadata;
}

static void path_finish(struct path *path, const struct path_step *steps, uint32_t count,
                        struct arena *arena)
{
    struct path_step *kept = arena_alloc(arena, count * sizeof *steps);
    memcpy(kept, steps, count * sizeof *steps);
    path_of_steps(path, kept, count);
}

bool path_compile(struct path *path, struct str reference, struct arena *arena)
{
    struct path_step steps[PATH_STEPS_MAX];
    uint32_t count = 0;
    *path = (struct path){.slot = -1, .text = reference};
    if (str_find(reference, STR("[")) < 0 && str_find(reference, STR("]")) < 0)
        steps[count++] = path_step_of(unescape(reference, arena));
    else if (!steps_read(reference, steps, &count, arena))
        return false;
    path_finish(path, steps, count, arena);
    return true;
}

void path_of_name(struct path *path, struct str name, struct arena *arena)
{
    *path = (struct path){.text = name};
    struct path_step step = path_step_of(path->text);
    path_finish(path, &step, 1, arena);
}

/* ---- reading ---- */

/* The item's place in an array of `count`; -1 when the step names none. */
static int64_t item_at(const struct path_step *step, uint32_t count)
{
    if (!step->is_index) return -1;
    int64_t at = step->index < 0 ? (int64_t)count + step->index : step->index;
    return at < (int64_t)count ? at : -1;
}

static struct value *step_read(struct path_step *step, const struct value *container)
{
    if (container->kind == VALUE_MAP) return map_get_near(container->map, &step->key, &step->place);
    if (container->kind != VALUE_ARRAY) return NULL;
    int64_t at = item_at(step, container->array->count);
    return at < 0 ? NULL : &container->array->items[at];
}

/* The value of the first `count` steps. */
static struct value *walk(const struct path *path, const struct event *event, uint32_t count)
{
    struct value root = {.kind = VALUE_MAP, .map = (struct map *)(uintptr_t)&event->root};
    if (count == 0) return (struct value *)(uintptr_t)&event->metadata_value;
    struct value *at;
    if (path->slot >= 0)
        at = event_slot(event, (enum event_slot)path->slot);
    else
        at = step_read(&path->steps[0], path->is_metadata ? &event->metadata_value : &root);
    for (uint32_t i = 1; at && i < count; i++) at = step_read(&path->steps[i], at);
    return at;
}

struct value *path_walk(const struct path *path, const struct event *event)
{
    assert(path->count || path->is_metadata);
    return walk(path, event, path->count);
}

/* ---- writing ---- */

/* Where in the array a write goes; beyond the end too. */
static enum path_result item_place(const struct path_step *step, const struct array *array,
                                   const struct arena *arena, uint32_t *place)
{
    if (!step->is_index) return PATH_IGNORED;
    int64_t at = step->index < 0 ? (int64_t)array->count + step->index : step->index;
    if (at < 0 || at > PATH_INDEX_MAX) return PATH_OUT_OF_RANGE;
    /* twice: array_push() doubles */
    if (at >= array->capacity && !arena_allows(arena, 2 * (size_t)at * sizeof(struct value)))
        return PATH_OUT_OF_RANGE;
    *place = (uint32_t)at;
    return PATH_SET;
}

/* Puts `value` at `place`, padding with null. */
static void item_put(struct array *array, struct arena *arena, uint32_t place, struct value value)
{
    while (array->count <= place) array_push(array, arena, value_null());
    array->items[place] = value;
}

/* Writes one step into a container that exists. */
static enum path_result step_write(const struct path_step *step, struct value *container,
                                   struct arena *arena, struct value value)
{
    if (container->kind == VALUE_MAP) {
        map_set(container->map, arena, step->key, value);
        return PATH_SET;
    }
    if (container->kind != VALUE_ARRAY) return PATH_NOT_A_MAP;
    uint32_t place;
    enum path_result result = item_place(step, container->array, arena, &place);
    if (result == PATH_SET) item_put(container->array, arena, place, value);
    return result;
}

/* The first step that has no value. A null item of an array counts as missing: that is what padding
 * leaves behind. A null field does not: it was written by somebody. */
static uint32_t steps_present(const struct path *path, struct value *root, struct value **last)
{
    *last = root;
    for (uint32_t i = 0; i < path->count; i++) {
        struct value *next = step_read(&path->steps[i], *last);
        if (!next) return i;
        if ((*last)->kind == VALUE_ARRAY && next->kind == VALUE_NULL) return i;
        *last = next;
    }
    return path->count;
}

/* `value` below maps for the steps from `first` on. */
static struct value wrapped(const struct path *path, uint32_t first, struct arena *arena,
                            struct value value)
{
    for (uint32_t i = path->count; i-- > first;) {
        struct value map = value_map(arena, 4);
        map_append(map.map, arena, path->steps[i].key, value);
        value = map;
    }
    return value;
}

static enum path_result slot_check(const struct path *path, const struct value *value)
{
    if (path->slot == SLOT_TIMESTAMP)
        return path->count == 1 && value->kind == VALUE_TIME ? PATH_SET : PATH_BAD_TYPE;
    if (path->slot == SLOT_TAGS)
        return path->count == 1 && event_tags_are_legal(value) ? PATH_SET : PATH_BAD_TYPE;
    return PATH_SET;
}

static enum path_result metadata_replace(struct event *event, const struct value *value)
{
    if (value->kind != VALUE_MAP) return PATH_BAD_TYPE;
    if (value->map != &event->metadata) event->metadata = *value->map;
    return PATH_SET;
}

static struct value root_of(const struct path *path, struct event *event)
{
    return (struct value){.kind = VALUE_MAP,
                          .map = path->is_metadata ? &event->metadata : &event->root};
}

/* Writes below `last`, where the steps from `missing` on have no value. Nothing is made before the
 * write is known to go through. */
static enum path_result steps_make(const struct path *path, uint32_t missing, struct value *last,
                                   struct arena *arena, struct value value)
{
    uint32_t place;
    enum path_result result = PATH_SET;
    if (last->kind == VALUE_ARRAY)
        result = item_place(&path->steps[missing], last->array, arena, &place);
    else if (last->kind != VALUE_MAP)
        result = PATH_NOT_A_MAP;
    if (result != PATH_SET) return result;
    return step_write(&path->steps[missing], last, arena, wrapped(path, missing + 1, arena, value));
}

enum path_result path_set(const struct path *path, struct event *event, struct value value)
{
    assert(value.kind != VALUE_MISSING);
    if (path->count == 0) return metadata_replace(event, &value);
    enum path_result result = slot_check(path, &value);
    if (result != PATH_SET) return result;
    if (path->count == 1) {
        if (path->slot >= 0)
            event_slot_set(event, (enum event_slot)path->slot, value);
        else
            map_set_near(path->is_metadata ? &event->metadata : &event->root, event->arena,
                         &path->steps[0].key, value, &path->steps[0].place);
        return PATH_SET;
    }
    struct value root = root_of(path, event);
    struct value *last;
    uint32_t present = steps_present(path, &root, &last);
    if (present < path->count) return steps_make(path, present, last, event->arena, value);
    *last = value;
    return PATH_SET;
}

void path_set_absent_slow(const struct path *path, struct event *event, struct value value)
{
    if (path->count < 2 || path->slot >= 0) {
        if (!path_get(path, event)) path_set(path, event, value);
        return;
    }
    struct value root = root_of(path, event);
    struct value *last;
    uint32_t present = steps_present(path, &root, &last);
    if (present == path->count) return;
    bool is_null_item = present + 1 == path->count && step_read(&path->steps[present], last);
    if (!is_null_item) steps_make(path, present, last, event->arena, value);
}

/* ---- removing ---- */

static struct value metadata_take(struct event *event)
{
    struct value taken = value_map(event->arena, 0);
    *taken.map = event->metadata;
    map_init(&event->metadata, event->arena, 0);
    return taken;
}

static struct value step_remove(struct path_step *step, const struct value *container)
{
    struct value *found = step_read(step, container);
    if (!found) return VALUE_NONE;
    struct value value = *found;
    if (container->kind == VALUE_MAP)
        map_drop(container->map, found);
    else
        array_remove(container->array, (uint32_t)(found - container->array->items));
    return value;
}

struct value path_remove(const struct path *path, struct event *event)
{
    if (path->count == 0) return metadata_take(event);
    struct value root = root_of(path, event);
    if (path->count == 1) return step_remove(&path->steps[0], &root);
    const struct value *parent = walk(path, event, path->count - 1);
    return parent ? step_remove(&path->steps[path->count - 1], parent) : VALUE_NONE;
}
