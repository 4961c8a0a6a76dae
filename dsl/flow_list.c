/* SPDX-License-Identifier: Apache-2.0 */
/* Which fields there are, for people and editors. */
#include "dsl/flow.h"

/* ---- all that can be there ---- */

struct listing {
    struct field_set *fields;
    struct arena *arena;
    struct flow_fields *list;
    uint32_t capacity;
};

static void add_places(struct flow_field *item, const struct field_state *state)
{
    item->has_more_places = state->has_more_sites;
    for (uint32_t i = 0; i < state->site_count; i++) {
        if (state->sites[i]->origin == FIELD_REMOVED) continue;
        item->places[item->place_count++] = field_site_place(state->sites[i]);
    }
}

static void list_field(struct listing *listing, const struct field *field)
{
    struct flow_fields *list = listing->list;
    unsigned types = field_types(listing->fields, field);
    if (types == TYPE_MISSING) return;
    if (list->count == listing->capacity) {
        uint32_t capacity = listing->capacity ? 2 * listing->capacity : 32;
        list->items = arena_regrow(listing->arena, list->items, listing->capacity * sizeof *list->items,
                                   capacity * sizeof *list->items);
        listing->capacity = capacity;
    }
    struct buf name = buf_in_arena(listing->arena);
    field_print(listing->fields, field, &name);
    struct flow_field *item = &list->items[list->count++];
    *item = (struct flow_field){.name = buf_take(&name), .types = types,
                                .is_open = types & TYPE_OBJECT && field_is_open(listing->fields, field)};
    add_places(item, &field->state);
    for (const struct field *child = field->child; child; child = child->next) list_field(listing, child);
}

void flow_list(struct field_set *fields, struct arena *arena, struct flow_fields *list)
{
    struct listing listing = {.fields = fields, .arena = arena, .list = list};
    *list = (struct flow_fields){.is_open = field_is_open(fields, &fields->root),
                                 .is_metadata_open = field_is_open(fields, &fields->metadata)};
    for (const struct field *child = fields->root.child; child; child = child->next)
        list_field(&listing, child);
    for (const struct field *child = fields->metadata.child; child; child = child->next)
        list_field(&listing, child);
}

/* ---- at a place ---- */

/* Where an answer is taken: at a statement, or at the begin of an arm's empty block. */
struct spot {
    const struct statement *statement;
    bool is_after;
    const struct branch_arm *arm;
    uint32_t start; /* of it */
};

struct search {
    struct place place;
    struct spot found;
    struct arena *arena;
    struct flow_fields *list;
    bool is_done;
};

static bool begins_before(const struct search *search, struct place place)
{
    return place.source == search->place.source && place.start <= search->place.start;
}

/* The last statement that begins before the place, and what is within it. */
static void search_list(struct search *search, const struct statements *list)
{
    const struct statement *last = NULL;
    for (uint32_t i = 0; i < list->count; i++)
        if (begins_before(search, statement_place(&list->items[i]))) last = &list->items[i];
    if (!last || statement_place(last).start < search->found.start) return;
    bool is_block = last->kind == STATEMENT_BRANCH || last->kind == STATEMENT_FOR;
    struct place whole = last->kind == STATEMENT_PLUGIN ? last->plugin->place : statement_place(last);
    search->found = (struct spot){.statement = last, .start = whole.start};
    search->found.is_after = !is_block && search->place.start >= whole.end;
    if (last->kind == STATEMENT_FOR) search_list(search, &last->loop->body);
    if (last->kind != STATEMENT_BRANCH) return;
    const struct branch_arm *arm = NULL;
    for (uint32_t i = 0; i < last->branch->count; i++)
        if (begins_before(search, last->branch->arms[i].place)) arm = &last->branch->arms[i];
    /* a condition is read before it holds */
    bool is_behind = arm && (!arm->condition || search->place.start >= arm->condition->place.end);
    if (!is_behind) return;
    search->found = (struct spot){.arm = arm, .start = arm->place.start};
    search_list(search, &arm->block);
}

static void search_stop(void *opaque, const struct flow_stop *stop, struct field_set *fields)
{
    struct search *search = opaque;
    bool is_arm = stop->kind == FLOW_ARM && stop->arm == search->found.arm;
    enum flow_stop_kind wanted = search->found.is_after ? FLOW_AFTER : FLOW_BEFORE;
    bool is_statement = search->found.statement && stop->kind == wanted &&
                        stop->statement == search->found.statement;
    if (search->is_done || (!is_arm && !is_statement)) return;
    flow_list(fields, search->arena, search->list);
    search->is_done = true;
}

bool flow_at(const struct config *config, const struct flow_plugins *plugins, struct place place,
             struct arena *arena, struct flow_fields *list)
{
    struct search search = {.place = place, .arena = arena, .list = list};
    struct flow_watch watch = {search_stop, &search};
    struct diag diag;
    search_list(&search, &config->sections[SECTION_FILTER]);
    search_list(&search, &config->sections[SECTION_OUTPUT]);
    diag_init(&diag);
    flow_follow(config, plugins, &watch, &diag);
    diag_fini(&diag);
    return search.is_done;
}
