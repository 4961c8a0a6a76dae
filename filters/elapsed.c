/* SPDX-License-Identifier: Apache-2.0 */
/* elapsed: the time between two events that have the same id, one tagged as start, one as end. Starts are
 * remembered for all workers of a pipeline; of one only its time and id are kept. A start that waits for
 * longer than the timeout, or that makes room for others (max_start_events), becomes an event of its own.
 * What still waits when the pipeline stops is let go.
 *
 * Departure: add_field and the like run when the elapsed time is there already. */
#include <uv.h>
#include "core/input.h"
#include "core/log.h"
#include "core/plugin.h"
#include "core/state/table.h"

#define TAG_ELAPSED STR("elapsed")
#define TAG_MATCH STR("elapsed_match")
#define TAG_NO_START STR("elapsed_end_without_start")
#define TAG_EXPIRED STR("elapsed_expired_error")

enum { KEEP_FIRST, KEEP_LAST };
static const char *const keep_choices[] = {"first", "last", NULL};

struct elapsed {
    struct str start_tag, end_tag;
    struct path unique_id_field;
    struct duration timeout;
    bool new_event_on_match;
    struct choice keep_start_event;
    int64_t max_start_events;
    struct path time, started, host;
    struct str host_name;
    struct str log_id;
    struct shared *shared;
};

/* What is kept of a start. The key is the id's kind and text. */
struct start {
    struct value timestamp;
    uint64_t since_ns; /* monotonic */
    struct value id;   /* scalar, its text in the key */
};

struct elapsed_state {
    struct table starts;
};

static const struct option elapsed_options[] = {
    OPTION_STRING(struct elapsed, start_tag, .required = true, .help = "Tag of the events that start a task."),
    OPTION_STRING(struct elapsed, end_tag, .required = true, .help = "Tag of the events that end it."),
    OPTION_PATH(struct elapsed, unique_id_field, .required = true,
                .help = "Field with the id of the task, the same in both events."),
    OPTION_DURATION(struct elapsed, timeout, .preset = "1800", .unit = "s",
                    .help = "How long a start waits for its end; then an event tagged elapsed_expired_error "
                            "is made."),
    OPTION_BOOL(struct elapsed, new_event_on_match, .preset = "false",
                .help = "Makes an event of its own with the elapsed time, instead of adding it to the end."),
    OPTION_CHOICE(struct elapsed, keep_start_event, .preset = "first", .choices = keep_choices,
                  .help = "Of several starts with one id: which counts."),
    OPTION_INT(struct elapsed, max_start_events, .preset = "100000", .min = 1, .max = UINT32_MAX,
               .help = "Most starts that wait. Beyond it the oldest expires early and is counted."),
    OPTION_END
};

static void state_init(void *opaque, struct shared *shared)
{
    table_init(&((struct elapsed_state *)opaque)->starts, shared, sizeof(struct start), NULL);
}

static void state_fini(void *opaque) { table_fini(&((struct elapsed_state *)opaque)->starts); }

static const struct shared_type elapsed_shared = {
    .name = "elapsed", .size = sizeof(struct elapsed_state), .init = state_init, .fini = state_fini};

static bool elapsed_create(void *opaque, const struct plugin_context *context)
{
    struct elapsed *self = opaque;
    self->log_id = context->id;
    self->shared = context_share_own(context, &elapsed_shared);
    self->host_name = input_host_name(context->arena);
    path_of_name(&self->time, STR("elapsed_time"), context->arena);
    path_of_name(&self->started, STR("elapsed_timestamp_start"), context->arena);
    path_of_name(&self->host, STR("host"), context->arena);
    return true;
}

/* ---- starts ---- */

/* Numbers and texts that look alike are different ids. */
static struct str key_of_id(const struct value *id, struct arena *arena)
{
    struct buf text = buf_in_arena(arena);
    buf_append_char(&text, (char)('0' + id->kind));
    value_print(id, &text);
    return buf_str(&text);
}

/* As it was, with its text in the key; of a list or map the text alone. */
static struct value id_kept(const struct value *id, struct str key)
{
    struct str text = str_from(key, 1);
    switch ((enum value_kind)id->kind) {
    case VALUE_NUMBER: return value_number(text);
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_DOUBLE:
    case VALUE_TIME: return *id;
    default: return value_string(text);
    }
}

static struct value timestamp_of(const struct event *event, const struct batch *batch)
{
    const struct value *time = event_slot(event, SLOT_TIMESTAMP);
    return time && time->kind == VALUE_TIME ? *time : batch->now;
}

static void info_add(const struct elapsed *self, struct event *event, struct value time,
                     const struct start *start)
{
    path_set(&self->time, event, time);
    path_set(&self->started, event, start->timestamp);
}

static struct event *event_made(const struct elapsed *self, struct outcome *out, struct event *parent,
                                const struct start *start)
{
    struct event *event = outcome_child(out, parent, true);
    if (!event) return NULL;
    event_tag(event, TAG_ELAPSED);
    path_set(&self->unique_id_field, event, value_copy(event->arena, &start->id, true));
    path_set(&self->host, event, value_string(self->host_name));
    return event;
}

static void expired_make(const struct elapsed *self, struct outcome *out, struct event *parent,
                         const struct start *start)
{
    struct event *event = event_made(self, out, parent, start);
    if (!event) return;
    event_tag(event, TAG_EXPIRED);
    info_add(self, event, value_int((int64_t)((uv_hrtime() - start->since_ns) / 1000000000)), start);
}

static void start_keep(const struct elapsed *self, struct table *starts, struct batch *batch,
                       struct outcome *out, struct event *event, const struct value *id)
{
    struct str key = key_of_id(id, event->arena);
    struct start *start = table_find(starts, key);
    if (start && self->keep_start_event.value == KEEP_FIRST) return;
    while (!start && !table_has_room(starts, (uint64_t)self->max_start_events, sizeof *start + key.len)) {
        struct start *oldest = table_oldest(starts);
        expired_make(self, out, event, oldest);
        table_evict(starts, oldest);
    }
    if (!start) start = table_add(starts, key);
    table_touch(starts, start);
    *start = (struct start){.timestamp = timestamp_of(event, batch), .since_ns = uv_hrtime()};
    start->id = id_kept(id, table_key(starts, start));
}

/* ---- ends ---- */

static double seconds_between(struct value from, struct value to)
{
    return (double)(to.seconds - from.seconds) + ((double)to.len - (double)from.len) / 1e9;
}

static void end_match(const struct elapsed *self, struct table *starts, struct batch *batch,
                      struct outcome *out, struct event *event, const struct value *id)
{
    struct start *start = table_find(starts, key_of_id(id, event->arena));
    if (!start) {
        event_tag(event, TAG_NO_START);
        return;
    }
    struct event *told = self->new_event_on_match ? event_made(self, out, event, start) : event;
    if (told) {
        event_tag(told, TAG_ELAPSED);
        event_tag(told, TAG_MATCH);
        info_add(self, told, value_double(seconds_between(start->timestamp, timestamp_of(event, batch))), start);
    }
    table_remove(starts, start);
}

static void elapsed_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    const struct elapsed *self = opaque;
    struct elapsed_state *state = shared_enter(self->shared);
    SELECTION_EACH (batch, in, event) {
        const struct value *found = path_get(&self->unique_id_field, event);
        if (!found || found->kind == VALUE_NULL) continue;
        struct value id = *found;
        bool is_start = event_has_tag(event, self->start_tag);
        if (!is_start && !event_has_tag(event, self->end_tag)) continue;
        outcome_matched(out, event);
        if (is_start)
            start_keep(self, &state->starts, batch, out, event, &id);
        else
            end_match(self, &state->starts, batch, out, event, &id);
    }
    shared_leave(self->shared);
}

static void elapsed_flush(void *opaque, struct batch *batch, struct outcome *out, bool is_final)
{
    (void)batch;
    const struct elapsed *self = opaque;
    struct elapsed_state *state = shared_enter(self->shared);
    uint64_t now = uv_hrtime(), timeout = (uint64_t)self->timeout.ns;
    struct start *start; /* the oldest has waited for longest */
    while ((start = table_oldest(&state->starts)) && now - start->since_ns >= timeout && outcome_has_room(out)) {
        expired_make(self, out, NULL, start);
        table_remove(&state->starts, start);
    }
    if (is_final && start && !out->has_more)
        LOG(LOG_INFO, "elapsed.unfinished", self->log_id, "%u starts had no end yet: they are let go",
            state->starts.count);
    shared_leave(self->shared);
}

static void elapsed_fields(const void *opaque, struct field_set *fields)
{
    const struct elapsed *self = opaque;
    fields_read_if_set(fields, &self->unique_id_field);
    fields_forget(fields); /* events of its own come behind it, which lack what others have */
}

const struct filter_type filter_elapsed = {
    .name = "elapsed",
    .summary = "Measures the time between a start and an end.",
    .size = sizeof(struct elapsed),
    .options = elapsed_options,
    .create = elapsed_create,
    .apply = elapsed_apply,
    .flush = elapsed_flush,
    .fields = elapsed_fields,
};
