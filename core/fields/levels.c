/* SPDX-License-Identifier: Apache-2.0 */
/* States, the notes of what they were, and how the ways of a branch come together. */
#include <stdlib.h>
#include "core/fields/state.h"
#include "core/xmalloc.h"

void fields_init(struct field_set *fields, struct arena *arena, struct diag *diag)
{
    static const struct {
        struct str name;
        uint16_t types;
    } first[] = {{{"@timestamp", 10}, TYPE_TIME},
                 {{"@version", 8}, TYPE_STRING},
                 {{"tags", 4}, TYPE_STRING | TYPE_ARRAY | TYPE_MISSING}};
    *fields = (struct field_set){.arena = arena, .diag = diag, .mask = 2 * FIELDS_MAX - 1};
    _Static_assert((2 * FIELDS_MAX & (2 * FIELDS_MAX - 1)) == 0, "a mask");
    fields->table = xcalloc(fields->mask + 1, sizeof(struct field *));
    fields->root.state.types = fields->metadata.state.types = TYPE_OBJECT;
    fields->metadata.key = key_of(STR("@metadata"));
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        fields_name_child(fields, &fields->root, key_of(first[i].name))->state =
            (struct field_state){.types = first[i].types};
}

void fields_fini(struct field_set *fields)
{
    assert(fields->level == 0);
    free(fields->table);
    free(fields->notes);
    *fields = (struct field_set){0};
}

/* ---- states ---- */

static void site_add(struct field_state *state, struct field_site *site)
{
    for (uint32_t i = 0; i < state->site_count; i++)
        if (state->sites[i] == site) return;
    if (state->site_count < FIELD_SITES_MAX) {
        state->sites[state->site_count++] = site;
        return;
    }
    state->has_more_sites = true;
    site->is_read = true; /* nobody will be able to tell */
}

/* The state of an event that came this way or that. */
static void state_or(struct field_state *state, const struct field_state *other)
{
    state->types |= other->types;
    state->is_inherited |= other->is_inherited;
    state->is_open |= other->is_open;
    state->has_more_sites |= other->has_more_sites;
    for (uint32_t i = 0; i < other->site_count; i++) site_add(state, other->sites[i]);
    if (state->known != other->known) state->known = NULL;
}

static void stopped_or(struct field_note *note, const struct field_state *state)
{
    if (note->has_stopped) state_or(&note->stopped, state);
    else note->stopped = *state;
    note->has_stopped = true;
}

static struct field_note *note_add(struct field_set *fields, struct field *field)
{
    if (fields->note_count == fields->note_capacity) {
        fields->note_capacity = fields->note_capacity ? 2 * fields->note_capacity : 256;
        fields->notes = xreallocarray(fields->notes, fields->note_capacity, sizeof *fields->notes);
    }
    struct field_note *note = &fields->notes[fields->note_count];
    *note = (struct field_note){
        .field = field, .before = field->state, .level = field->level, .note = field->note};
    field->level = fields->level;
    field->note = fields->note_count++;
    return note;
}

void field_write(struct field_set *fields, struct field *field, const struct field_state *state)
{
    bool is_tags = field->parent == &fields->root && str_eq(key_text(&field->key), STR("tags"));
    if (is_tags) return; /* any failure adds one: always possible, never certain */
    if (fields->level) {
        bool is_first = field->level != fields->level;
        struct field_note *note = is_first ? note_add(fields, field) : &fields->notes[field->note];
        if (fields->stops > note->written) stopped_or(note, &field->state);
        note->written = fields->stops;
    }
    field->state = *state;
}

/* ---- levels ---- */

void fields_push(struct field_set *fields)
{
    assert(fields->level + 1 < FIELDS_LEVELS_MAX); /* the parser limits nesting */
    fields->levels[++fields->level] = fields->note_count;
}

void fields_pop(struct field_set *fields, struct field_changes *changes)
{
    assert(fields->level > 0);
    uint32_t first = fields->levels[fields->level--];
    assert(first <= fields->note_count);
    changes->count = fields->note_count - first;
    changes->items = xcalloc(changes->count + 1, sizeof *changes->items);
    for (uint32_t i = 0; i < changes->count; i++) {
        const struct field_note *note = &fields->notes[first + i];
        struct field *field = note->field;
        assert(field->note == first + i); /* noted once a level */
        changes->items[i] = (struct field_change){field, field->state};
        field->state = note->before;
        field->level = note->level;
        field->note = note->note;
    }
    fields->note_count = first;
}

void field_changes_fini(struct field_changes *changes)
{
    free(changes->items);
    *changes = (struct field_changes){0};
}

/* A field that some of the ways have changed. */
struct joined {
    struct field *field;
    struct field_state state;
    uint32_t ways;
};

static uint32_t joined_add(struct joined *joined, uint32_t count, const struct field_change *change)
{
    struct field *field = change->field;
    assert(field->join <= count);
    if (!field->join) {
        joined[count] = (struct joined){field, change->state, 1};
        field->join = ++count;
        return count;
    }
    struct joined *at = &joined[field->join - 1];
    state_or(&at->state, &change->state);
    at->ways++;
    return count;
}

void fields_join(struct field_set *fields, const struct field_changes *arms, uint32_t count, bool stays)
{
    assert(count || stays);
    size_t room = 1;
    for (uint32_t i = 0; i < count; i++) room += arms[i].count;
    struct joined *joined = xcalloc(room, sizeof *joined);
    uint32_t changed = 0;
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < arms[i].count; k++)
            changed = joined_add(joined, changed, &arms[i].items[k]);
    for (uint32_t i = 0; i < changed; i++) {
        struct field *field = joined[i].field;
        field->join = 0;
        if (joined[i].ways < count + stays) state_or(&joined[i].state, &field->state);
        field_write(fields, field, &joined[i].state);
    }
    free(joined);
}

/* ---- plugins ---- */

void fields_begin(struct field_set *fields, const struct field_user *user, enum field_origin origin)
{
    assert(!fields->user); /* one speaks at a time */
    fields->user = user;
    fields->origin = origin;
    fields->place = (struct place){0};
    fields->stops = 0;
    fields->is_cancelled = false;
    fields_push(fields);
}

void fields_fail(struct field_set *fields) { fields->stops++; }
void fields_cancel(struct field_set *fields) { fields->is_cancelled = true; }

bool fields_end(struct field_set *fields)
{
    uint32_t first = fields->levels[fields->level], stops = fields->stops;
    bool goes_on = !fields->is_cancelled || stops;
    for (uint32_t i = first; i < fields->note_count; i++) {
        struct field_note *note = &fields->notes[i];
        if (stops > note->written) stopped_or(note, &note->field->state);
        if (!note->has_stopped) continue;
        if (fields->is_cancelled) note->field->state = note->stopped;
        else state_or(&note->field->state, &note->stopped);
    }
    fields->stops = 0;
    fields->user = NULL;
    struct field_changes changes;
    fields_pop(fields, &changes);
    for (uint32_t i = 0; goes_on && i < changes.count; i++)
        field_write(fields, changes.items[i].field, &changes.items[i].state);
    field_changes_fini(&changes);
    return goes_on;
}
