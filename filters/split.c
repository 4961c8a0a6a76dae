/* SPDX-License-Identifier: Apache-2.0 */
/* split: an event becomes one for each line of a text, or for each item of an array; they stand where it
 * stood, and it is gone. Empty pieces are left out.
 *
 * As in Logstash an array or a text without any piece leaves no event at all. What would not fit in a batch
 * is not split: the event is whole, tagged `_memory_limit`. */
#include "core/log.h"
#include "core/plugin.h"

struct split {
    struct path field, target;
    struct str terminator;
    struct str id;
};

static const struct option split_options[] = {
    OPTION_PATH(struct split, field, .preset = "message", .help = "Field to split: a text or an array."),
    OPTION_STRING(struct split, terminator, .preset = "\n", .help = "What ends a piece of a text; preset: a newline."),
    OPTION_PATH(struct split, target, .help = "Field that gets the piece; preset: the one that is split."),
    OPTION_END};

/* ---- pieces ---- */

static bool is_wanted(const struct value *piece)
{
    return piece->kind != VALUE_NULL && !(piece->kind == VALUE_STRING && piece->len == 0);
}

static uint32_t pieces_count(struct str text, struct str terminator)
{
    uint32_t count = 1;
    for (ptrdiff_t at; (at = str_find(text, terminator)) >= 0; count++)
        text = str_from(text, (size_t)at + terminator.len);
    return count;
}

/* False: they do not fit. */
static bool text_split(struct str text, struct str terminator, struct arena *arena, struct array *pieces)
{
    uint32_t count = text.len ? pieces_count(text, terminator) : 0;
    if (count > ARRAY_COUNT_MAX || !arena_allows(arena, count * sizeof(struct value))) return false;
    pieces->items = arena_alloc(arena, count * sizeof(struct value));
    for (; pieces->count < count; pieces->count++) {
        ptrdiff_t at = str_find(text, terminator);
        struct str piece = at < 0 ? text : str_slice(text, 0, (size_t)at);
        pieces->items[pieces->count] = value_string(piece);
        text = str_from(text, piece.len + terminator.len);
    }
    return true;
}

/* ---- one event ---- */

/* May each piece be put there? Tried on the event itself, which is put back as it was when not. */
static bool takes_pieces(const struct path *target, struct event *event, const struct array *pieces)
{
    const struct value *present = path_get(target, event);
    struct value old = present ? *present : VALUE_NONE;
    bool ok = true, is_changed = false;
    for (uint32_t i = 0; i < pieces->count && ok; i++) {
        if (!is_wanted(&pieces->items[i])) continue;
        ok = path_set(target, event, pieces->items[i]) == PATH_SET;
        is_changed |= ok;
    }
    if (ok || !is_changed) return ok;
    if (old.kind == VALUE_MISSING)
        path_remove(target, event);
    else
        path_set(target, event, old);
    return false;
}

/* `pieces` lie outside of the event, or in the array that it loses. What the trial has left in the target is not
 * copied. */
static void children_make(const struct path *target, struct event *event, const struct array *pieces,
                          struct outcome *out)
{
    struct value *last = target->count ? path_get(target, event) : NULL;
    if (last) *last = value_null();
    for (uint32_t i = 0; i < pieces->count; i++) {
        if (!is_wanted(&pieces->items[i])) continue;
        struct event *child = outcome_child(out, event, true);
        assert(child);
        event_copy(child, event, false);
        enum path_result result = path_set(target, child, pieces->items[i]);
        assert(result == PATH_SET);
    }
    outcome_cancelled(out, event);
}

static bool has_room(const struct event *event, const struct array *pieces, size_t footprint,
                     const struct batch *batch)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < pieces->count; i++) count += is_wanted(&pieces->items[i]);
    return count <= BATCH_EVENTS_MAX - batch->count &&
           arena_allows(event->arena, count * (footprint + 4 * sizeof(struct outcome_child)));
}

static void too_large(const struct split *self, struct event *event, struct outcome *out)
{
    LOG(LOG_WARN, "split.memory_limit", self->id,
        "an event is not split, its pieces do not fit in the %d MiB of a batch: it goes on whole, tagged _memory_limit",
        ARENA_BYTES_MAX >> 20);
    outcome_failed(out, event, STR("_memory_limit"));
}

static void wrong_type(const struct split *self, struct event *event, struct outcome *out)
{
    LOG(LOG_WARN, "split.field_type", self->id, "`%.*s` is neither a text nor an array: not split",
        STR_ARG(self->field.text));
    outcome_failed(out, event, STR("_split_type_failure"));
}

static void pieces_give(const struct split *self, struct event *event, const struct array *pieces,
                        struct outcome *out)
{
    const struct path *target = self->target.text.len ? &self->target : &self->field;
    struct value *field = path_get(&self->field, event), whole = *field;
    if (!self->target.text.len) *field = value_null(); /* children do not have it */
    size_t footprint = event_footprint(event);
    *field = whole;
    if (!has_room(event, pieces, footprint, out->batch))
        too_large(self, event, out);
    else if (!takes_pieces(target, event, pieces))
        wrong_type(self, event, out);
    else
        children_make(target, event, pieces, out);
}

static void event_split(const struct split *self, struct event *event, struct outcome *out)
{
    const struct value *field = path_get(&self->field, event);
    struct array pieces = {0};
    if (!field || (field->kind != VALUE_STRING && field->kind != VALUE_ARRAY))
        wrong_type(self, event, out);
    else if (field->kind == VALUE_ARRAY)
        pieces = *field->array, pieces_give(self, event, &pieces, out);
    else if (!text_split(value_text(field), self->terminator, event->arena, &pieces))
        too_large(self, event, out);
    else if (pieces.count != 1)
        pieces_give(self, event, &pieces, out);
}

static void split_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    SELECTION_EACH(batch, in, event) event_split(opaque, event, out);
}

static bool split_create(void *opaque, const struct plugin_context *context)
{
    struct split *self = opaque;
    self->id = context->id;
    if (self->terminator.len) return true;
    diag_hint(context->diag,
              diag_error(context->diag, context_place(context, "terminator"), "`terminator` is empty"),
              "write what ends a piece, or leave it out for a newline");
    return false;
}

static void split_fields(const void *opaque, struct field_set *fields)
{
    const struct split *self = opaque;
    fields_read(fields, &self->field);
    fields_fail(fields);
    if (self->target.text.len)
        fields_may_put(fields, &self->target, TYPE_ANY & ~(unsigned)TYPE_MISSING);
    else
        fields_may_change(fields, &self->field, TYPE_ANY & ~(unsigned)TYPE_MISSING);
}

const struct filter_type filter_split = {
    .name = "split",
    .summary = "Makes an event of each line of a text, or of each item of an array.",
    .size = sizeof(struct split),
    .options = split_options,
    .create = split_create,
    .apply = split_apply,
    .fields = split_fields,
};
