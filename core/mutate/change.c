/* SPDX-License-Identifier: Apache-2.0 */
/* mutate's steps that change a value where it is: its type (convert), its text (gsub, the cases, strip), or
 * whether it is one text or many (split, join). */
#include "core/mutate/mutate_part.h"
#include "core/text/replace.h"
#include "core/text/utf8.h"

/* ---- the field's value, or each of its items ---- */

typedef enum mutate_result change_value(struct mutate_step *step, struct event *event, struct value *value);

/* Of an array all items are changed or none. */
static enum mutate_result each_item(struct mutate_step *step, struct event *event, struct array *array,
                                    change_value *change)
{
    bool is_tags = step->path.slot == SLOT_TAGS && step->path.count == 1;
    size_t bytes = array->count * sizeof *array->items;
    if (!arena_allows(event->arena, bytes)) return MUTATE_MEMORY;
    struct value *changed = arena_alloc(event->arena, bytes);
    for (uint32_t i = 0; i < array->count; i++) {
        changed[i] = array->items[i];
        enum mutate_result result = change(step, event, &changed[i]);
        if (result != MUTATE_DONE) return result;
        if (is_tags && changed[i].kind != VALUE_STRING) return MUTATE_FAILED;
    }
    if (array->count) memcpy(array->items, changed, bytes);
    return MUTATE_DONE;
}

/* Calls `change` for the field, or for each item of an array. */
static enum mutate_result each_value(struct mutate_step *step, struct event *event, change_value *change)
{
    struct value *value = path_get(&step->path, event);
    if (!value || value->kind == VALUE_MAP) return MUTATE_DONE;
    if (value->kind != VALUE_ARRAY) {
        /* @timestamp and tags keep their types: a change goes through path_set() */
        struct value changed = *value;
        enum mutate_result result = change(step, event, &changed);
        if (result != MUTATE_DONE) return result;
        if (step->path.slot < 0 || (changed.kind == value->kind)) {
            *value = changed;
            return MUTATE_DONE;
        }
        return mutate_written(path_set(&step->path, event, changed));
    }
    return each_item(step, event, value->array, change);
}

/* ---- convert, gsub, case, strip ---- */

static enum mutate_result convert_change(struct mutate_step *step, struct event *event, struct value *value)
{
    assert(step->type < CONVERT_TYPES); /* an unknown type was refused at the start */
    if (!arena_allows(event->arena, value->kind == VALUE_STRING ? value->len : 0))
        return MUTATE_MEMORY;
    return convert_value(value, step->type, event->arena) ? MUTATE_DONE : MUTATE_FAILED;
}

enum mutate_result mutate_convert(struct mutate_step *step, struct event *event)
{
    return each_value(step, event, convert_change);
}

static enum mutate_result gsub_change(struct mutate_step *step, struct event *event, struct value *value)
{
    assert(step->pattern.regex);
    if (value->kind != VALUE_STRING) return MUTATE_DONE;
    struct str out, replacement = template_render(&step->text, event);
    switch (replace_all(step->pattern.regex, value, replacement, event->arena, &out)) {
    case REPLACE_NONE: return MUTATE_DONE;
    case REPLACE_DONE: *value = value_string(out); return MUTATE_DONE;
    case REPLACE_MEMORY: return MUTATE_MEMORY;
    case REPLACE_LIMIT:
    case REPLACE_BAD_NAME: break;
    }
    return MUTATE_FAILED;
}

enum mutate_result mutate_gsub(struct mutate_step *step, struct event *event)
{
    const struct value *value = path_get(&step->path, event);
    if (!value || (value->kind != VALUE_STRING && value->kind != VALUE_ARRAY)) return MUTATE_DONE;
    if (!arena_allows(event->arena, 0)) return MUTATE_MEMORY;
    /* once for all items: the expression's text is the event's, not an item's */
    if (!template_regex_ready(&step->pattern, event)) return MUTATE_FAILED;
    return each_value(step, event, gsub_change);
}

static enum mutate_result case_change(struct mutate_step *step, struct event *event, struct value *value)
{
    if (value->kind != VALUE_STRING) return MUTATE_DONE;
    if (!arena_allows(event->arena, (size_t)value->len * CASE_GROWTH)) return MUTATE_MEMORY;
    struct str text = case_map(value_text(value), step->kind, event->arena);
    assert(text.len <= (size_t)value->len * CASE_GROWTH);
    if (text.ptr != value->text) *value = value_string(text);
    return MUTATE_DONE;
}

enum mutate_result mutate_case(struct mutate_step *step, struct event *event)
{
    return each_value(step, event, case_change);
}

/* Ruby's white space and NUL, which its strip takes, too. */
static bool is_stripped(char c) { return is_blank(c) || c == '\v' || c == '\f' || c == '\0'; }

static enum mutate_result strip_change(struct mutate_step *step, struct event *event, struct value *value)
{
    (void)step;
    (void)event;
    if (value->kind != VALUE_STRING) return MUTATE_FAILED; /* an item; Logstash raises, too */
    while (value->len && is_stripped(value->text[0])) value->text++, value->len--;
    while (value->len && is_stripped(value->text[value->len - 1])) value->len--;
    return MUTATE_DONE;
}

enum mutate_result mutate_strip(struct mutate_step *step, struct event *event)
{
    const struct value *value = path_get(&step->path, event);
    bool fits = value && (value->kind == VALUE_STRING || value->kind == VALUE_ARRAY);
    return fits ? each_value(step, event, strip_change) : MUTATE_DONE;
}

/* ---- split, join ---- */

/* The next piece of `rest` by Ruby's rules: one space stands for any run of white space, the empty
 * separator for the border of characters. False at the end. */
static bool piece_take(struct str *rest, struct str separator, struct str *piece)
{
    if (rest->len == 0) return false;
    size_t len, skip = separator.len;
    if (separator.len == 0) {
        utf8_decode(*rest, &len);
        if (len == 0) len = 1;
    } else if (str_eq(separator, STR(" "))) {
        while (rest->len && is_stripped(rest->ptr[0])) *rest = str_from(*rest, 1);
        for (len = 0; len < rest->len && !is_stripped(rest->ptr[len]);) len++;
        skip = len < rest->len;
        if (len == 0) return false;
    } else {
        ptrdiff_t found = str_find(*rest, separator);
        len = found < 0 ? rest->len : (size_t)found;
        if (found < 0) skip = 0;
    }
    assert(len + skip <= rest->len);
    *piece = str_slice(*rest, 0, len);
    *rest = str_from(*rest, len + skip);
    return true;
}

enum mutate_result mutate_split(struct mutate_step *step, struct event *event)
{
    const struct value *value = path_get(&step->path, event);
    if (!value_is_string(value)) return MUTATE_DONE;
    /* one item a byte at most, and array_push() doubles */
    size_t items = value->len / (step->separator.len ? step->separator.len : 1) + 1;
    if (!arena_allows(event->arena, items * 3 * sizeof *value)) return MUTATE_MEMORY;
    struct str rest = value_text(value), piece;
    struct value array = value_array(event->arena, 4);
    uint32_t count = 0; /* up to the last piece that is not empty */
    while (piece_take(&rest, step->separator, &piece)) {
        if (array.array->count == ARRAY_COUNT_MAX) return MUTATE_MEMORY;
        array_push(array.array, event->arena, value_string(piece));
        if (piece.len) count = array.array->count;
    }
    assert(count <= array.array->count);
    array.array->count = count;
    return mutate_written(path_set(&step->path, event, array));
}

static void join_append(const struct array *array, struct str separator, struct arena *arena,
                        bool *is_first, struct buf *out)
{
    ARRAY_EACH(array, item)
    {
        if (item->kind == VALUE_ARRAY) {
            join_append(item->array, separator, arena, is_first, out);
            continue;
        }
        if (!*is_first) buf_append(out, separator);
        *is_first = false;
        struct value text = *item;
        convert_value(&text, CONVERT_STRING, arena);
        value_print(&text, out);
    }
}

enum mutate_result mutate_join(struct mutate_step *step, struct event *event)
{
    const struct value *value = path_get(&step->path, event);
    if (!value || value->kind != VALUE_ARRAY) return MUTATE_DONE;
    /* a value's footprint is more than its text, but for controls in maps, which are escaped */
    size_t most = value_footprint(value) * 6 + step->separator.len * value_footprint(value) / 16;
    if (!arena_allows(event->arena, most)) return MUTATE_MEMORY;
    struct buf out = {0};
    bool is_first = true;
    join_append(value->array, step->separator, event->arena, &is_first, &out);
    struct str text = arena_copy(event->arena, buf_str(&out));
    buf_fini(&out);
    return mutate_written(path_set(&step->path, event, value_string(text)));
}
