/* SPDX-License-Identifier: Apache-2.0 */
/* truncate: cuts texts to a number of bytes, never within a character; in lists and maps, too. */
#include "core/plugin.h"
#include "core/text/utf8.h"

struct truncate {
    struct path_list fields;
    int64_t length_bytes;
};

static const struct option truncate_options[] = {
    OPTION_PATHS(struct truncate, fields, .help = "Fields to cut; preset: all at the top of the event."),
    OPTION_INT(struct truncate, length_bytes, .required = true, .min = 0, .max = UINT32_MAX,
               .help = "Most bytes that are left of a text."),
    OPTION_END};

/* Back to the end of the last whole character; what is no UTF-8 is cut anywhere. */
static struct str cut(struct str text, size_t most)
{
    struct str head = str_slice(text, 0, most);
    size_t start = most;
    while (start > 0 && most - start < 3 && ((unsigned char)text.ptr[start] & 0xc0) == 0x80) start--;
    size_t len;
    utf8_decode(str_from(text, start), &len);
    return len && start + len > most ? str_slice(text, 0, start) : head;
}

/* Did anything become shorter? */
static bool shorten(struct value *value, size_t most, uint32_t depth)
{
    bool any = false;
    if (depth > VALUE_DEPTH_MAX) return false;
    switch (value->kind) {
    case VALUE_STRING:
        if (value->len <= most) return false;
        *value = value_string(cut(value_text(value), most));
        return true;
    case VALUE_ARRAY:
        ARRAY_EACH(value->array, item) any |= shorten(item, most, depth + 1);
        return any;
    case VALUE_MAP:
        MAP_EACH(value->map, entry) any |= shorten(&entry->value, most, depth + 1);
        return any;
    default: return false;
    }
}

static bool apply_event(const struct truncate *self, struct event *event)
{
    size_t most = (size_t)self->length_bytes;
    bool any = false;
    for (uint32_t i = 0; i < self->fields.count; i++) {
        struct value *value = path_get(&self->fields.items[i], event);
        if (value) any |= shorten(value, most, 0);
    }
    if (self->fields.count == 0)
        MAP_EACH(&event->root, entry) any |= shorten(&entry->value, most, 0);
    return any;
}

static void truncate_apply(void *self, struct batch *batch, const struct selection *in, struct outcome *out)
{
    SELECTION_EACH(batch, in, event)
        if (apply_event(self, event)) outcome_matched(out, event);
}

static void truncate_fields(const void *opaque, struct field_set *fields)
{
    const struct truncate *self = opaque;
    for (uint32_t i = 0; i < self->fields.count; i++) fields_read_if_set(fields, &self->fields.items[i]);
}

const struct filter_type filter_truncate = {
    .name = "truncate",
    .summary = "Cuts texts that are too long.",
    .size = sizeof(struct truncate),
    .options = truncate_options,
    .apply = truncate_apply,
    .fields = truncate_fields,
};
