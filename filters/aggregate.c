/* SPDX-License-Identifier: Apache-2.0 */
/* aggregate: gathers what the events of one task say in a map, and gives the map to the last event, or to a
 * new one when the task has ended. Maps belong to the pipeline: all aggregate filters with the same task_id
 * text share them, on all workers, and see events in turn.
 *
 *   event ─▶ task_id ─▶ map ─▶ code (event, map) ─▶ kept; or given up at end_of_task
 *                        └─ timeout, inactivity, the next task, no room, the end ─▶ a new event
 *
 * With aggregate_maps_path in one of the pipeline's aggregates, the maps of all of them are saved at a stop, and
 * read again by the worker that starts first (core/state/task_file.h).
 *
 * Departures: maps that are open when the pipeline stops, and are not saved, become events (tagged
 * _aggregatefinalflush) with either of the push options; at max_maps the oldest map times out early. */
#include <assert.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>
#include "core/filter.h"
#include "core/log.h"
#include "core/ruby_option.h"
#include "core/state/kept.h"
#include "core/state/table.h"
#include "core/state/task_file.h"
#include "core/store/file_ops.h"
#include "core/store/open.h"
#include "core/text/number.h"
#include "core/xmalloc.h"

#define TAG_FAILED STR("_aggregateexception")
#define TAG_FINAL STR("_aggregatefinalflush")
#define SECOND_NS 1000000000ll

enum { MAP_CREATE, MAP_UPDATE, MAP_CREATE_OR_UPDATE };
static const char *const action_choices[] = {"create", "update", "create_or_update", NULL};
enum { TIMEOUT_PRESET_S = 1800, MESSAGE_BYTES_MAX = 300 /* of an error, in the log */ };

struct aggregate {
    struct template task_id;
    struct str code, timeout_code;
    struct choice map_action;
    bool end_of_task, push_map_as_event_on_timeout, push_previous_map_as_event;
    struct duration timeout, inactivity_timeout; /* 0: not given */
    struct path timeout_task_id_field, timeout_timestamp_field;
    struct str_list timeout_tags;
    struct str aggregate_maps_path;
    int64_t max_maps, map_count_warning_threshold;
    struct ruby *program, *timeout_program; /* NULL: no code */
    bool has_timeout_options;
    const char *path; /* aggregate_maps_path; NULL: not given */
    bool is_last;     /* of the workers, at the end: it saves */
    struct str id;
    struct shared *shared;
    struct filter *host;
};

struct task {
    struct kept map;
    struct value created, last;         /* by the clock that timeout_timestamp_field names */
    uint64_t created_ns, last_ns;       /* monotonic */
    int64_t timeout_ns, inactivity_ns;  /* of its own, set by code; -1: those of the filter */
};

struct aggregate_state {
    struct table tasks; /* the oldest was created first */
    char *saver;        /* the filter with this state that has aggregate_maps_path; NULL: none */
    bool is_loaded;     /* the saver has looked for its file */
};

static const struct option aggregate_options[] = {
    OPTION_TEMPLATE(struct aggregate, task_id, .required = true,
                    .help = "What tells tasks apart, with a field in it: \"%{request_id}\". Events without the "
                            "field pass by."),
    OPTION_STRING(struct aggregate, code,
                  .help = "What is done with `event` and `map`, in Ruby (which part of it: docs/ruby.md)."),
    OPTION_CHOICE(struct aggregate, map_action, .preset = "create_or_update", .choices = action_choices,
                  .help = "create: only for the first event of a task; update: only for later ones."),
    OPTION_BOOL(struct aggregate, end_of_task, .preset = "false", .help = "The map is given up behind the event."),
    OPTION_STRING(struct aggregate, aggregate_maps_path,
                  .help = "File in which the maps of all aggregate filters of the pipeline are saved at a stop, and "
                          "read (and removed) at the next start. One of them may have it."),
    OPTION_DURATION(struct aggregate, timeout, .unit = "s",
                    .help = "How long a map lives, 1800 seconds unless given. Options of timeouts are set in "
                            "one of the filters with the same task_id."),
    OPTION_DURATION(struct aggregate, inactivity_timeout, .unit = "s",
                    .help = "How long it lives without an event; at most the timeout."),
    OPTION_STRING(struct aggregate, timeout_code,
                  .help = "What is done with the `event` that is made of a map, in Ruby."),
    OPTION_BOOL(struct aggregate, push_map_as_event_on_timeout, .preset = "false",
                .help = "A map that times out becomes an event."),
    OPTION_BOOL(struct aggregate, push_previous_map_as_event, .preset = "false",
                .help = "A map becomes an event when the next task begins, for events in the order of tasks."),
    OPTION_PATH(struct aggregate, timeout_task_id_field, .help = "Field of such an event that gets the task's id."),
    OPTION_PATH(struct aggregate, timeout_timestamp_field,
                .help = "Field with the time by which a task times out when its next event comes; else the "
                        "present time counts."),
    OPTION_STRINGS(struct aggregate, timeout_tags, .help = "Tags of such an event."),
    OPTION_INT(struct aggregate, map_count_warning_threshold, .preset = "5000", .min = 0, .max = INT64_MAX,
               .help = "More maps than that are warned of, once a minute at most."),
    OPTION_INT(struct aggregate, max_maps, .preset = "100000", .min = 1, .max = UINT32_MAX,
               .help = "Most maps kept. Beyond it the oldest times out early and is counted."),
    OPTION_END
};

/* ---- state ---- */

static void task_drop(void *payload) { kept_fini(&((struct task *)payload)->map); }

static void state_init(void *opaque, struct shared *shared)
{
    table_init(&((struct aggregate_state *)opaque)->tasks, shared, sizeof(struct task), task_drop);
}

static void state_fini(void *opaque)
{
    struct aggregate_state *state = opaque;
    table_fini(&state->tasks);
    free(state->saver);
}

static const struct shared_type aggregate_shared = {
    .name = "aggregate", .size = sizeof(struct aggregate_state), .init = state_init, .fini = state_fini};

/* ---- options ---- */

/* What code may ask of the task's map. */
static const char *const meta_names[] = {"creation_timestamp", "lastevent_timestamp", "task_id",
                                         "timeout", "inactivity_timeout", NULL};
static const struct ruby_local code_locals[] = {{"map", NULL}, {"map_meta", meta_names}};

static bool code_compile(struct aggregate *self, const struct plugin_context *context)
{
    bool ok = true;
    if (self->code.ptr) {
        self->program = ruby_option_compile(context, "code", self->code, code_locals, 2);
        ok = self->program;
    }
    if (self->timeout_code.ptr) {
        self->timeout_program = ruby_option_compile(context, "timeout_code", self->timeout_code, NULL, 0);
        ok &= self->timeout_program != NULL;
    }
    return ok;
}

static void aggregate_destroy(void *opaque)
{
    struct aggregate *self = opaque;
    ruby_destroy(self->program);
    ruby_destroy(self->timeout_program);
}

/* In one filter only of those with the same task_id: they are the maps' own. */
static bool timeouts_check(struct aggregate *self, const struct plugin_context *context)
{
    self->has_timeout_options = self->timeout.ns || self->inactivity_timeout.ns || self->timeout_code.ptr ||
                                self->push_map_as_event_on_timeout || self->push_previous_map_as_event ||
                                self->timeout_task_id_field.text.ptr || self->timeout_timestamp_field.text.ptr ||
                                self->timeout_tags.count;
    bool ok = true;
    if (self->has_timeout_options && !shared_claim(self->shared, context->id)) {
        struct message *message = diag_error(context->diag, context->place,
                                             "another aggregate with the same task_id has options of timeouts");
        diag_hint(context->diag, message, "set timeout, push and timeout_ options in one of them");
        ok = false;
    }
    if (!self->timeout.ns) self->timeout.ns = TIMEOUT_PRESET_S * SECOND_NS;
    if (self->inactivity_timeout.ns > self->timeout.ns) {
        diag_error(context->diag, context_place(context, "inactivity_timeout"),
                   "inactivity_timeout is longer than the timeout of %lld seconds",
                   (long long)(self->timeout.ns / SECOND_NS));
        ok = false;
    }
    if (!self->inactivity_timeout.ns) self->inactivity_timeout.ns = self->timeout.ns;
    return ok;
}

/* The filter that saves the maps of the pipeline; it is known before a worker starts. NULL: none does. */
static const char *saver_of(const struct state_scope *scope)
{
    for (const struct shared *shared = scope->first; shared; shared = shared->next) {
        const struct aggregate_state *state = shared->state;
        if (shared->type == &aggregate_shared && state->saver) return state->saver;
    }
    return NULL;
}

static bool saver_check(struct aggregate *self, const struct plugin_context *context)
{
    const char *saver = saver_of(self->shared->scope);
    if (self->aggregate_maps_path.len == 0) {
        diag_error(context->diag, context_place(context, "aggregate_maps_path"), "aggregate_maps_path is empty");
        return false;
    }
    if (saver && !str_eq_z(self->id, saver)) {
        struct message *message = diag_error(context->diag, context_place(context, "aggregate_maps_path"),
                                             "another aggregate of this pipeline has aggregate_maps_path");
        diag_hint(context->diag, message, "leave it out here: that file has the maps of all of them");
        return false;
    }
    self->path = arena_copy_z(context->arena, self->aggregate_maps_path);
    struct aggregate_state *state = self->shared->state;
    if (!saver) state->saver = xstrndup(self->id);
    return true;
}

static bool aggregate_create(void *opaque, const struct plugin_context *context)
{
    struct aggregate *self = opaque;
    self->id = context->id;
    self->shared = context_share(context, &aggregate_shared, self->task_id.text);
    bool ok = timeouts_check(self, context);
    if (self->task_id.is_literal) {
        struct message *message = diag_error(context->diag, context_place(context, "task_id"),
                                             "task_id has no field in it: all events would be one task");
        diag_hint(context->diag, message, "write task_id => \"%%{field}\"");
        ok = false;
    }
    if (self->aggregate_maps_path.ptr) ok = saver_check(self, context) && ok;
    ok = code_compile(self, context) && ok;
    if (!ok) aggregate_destroy(self); /* what was refused is not destroyed again */
    return ok;
}

/* ---- a map becomes an event ---- */

static void failed_say(const struct aggregate *self, struct event *event, struct str message)
{
    event_tag(event, TAG_FAILED);
    LOG(LOG_WARN, "aggregate.failed", self->id, "code failed for an event, which is tagged: %.*s",
        (int)(message.len < MESSAGE_BYTES_MAX ? message.len : MESSAGE_BYTES_MAX), message.ptr);
}

static struct event *event_push(const struct aggregate *self, struct outcome *out, struct event *parent,
                                const struct table *tasks, struct task *task)
{
    struct event *event = outcome_child(out, parent, false);
    if (!event) return NULL;
    struct value map = value_copy(event->arena, &task->map.value, true);
    event_take_map(event, map.map);
    if (self->timeout_task_id_field.text.ptr)
        path_set(&self->timeout_task_id_field, event,
                 value_string(arena_copy(event->arena, table_key(tasks, task))));
    for (uint32_t i = 0; i < self->timeout_tags.count; i++) event_tag(event, self->timeout_tags.items[i]);
    struct ruby_making making = {out, event};
    struct ruby_work work = {.event = event, .make = ruby_option_make, .opaque = &making};
    if (self->timeout_program && !ruby_run_event(self->timeout_program, &work))
        failed_say(self, event, work.message);
    return event;
}

static bool is_pushed(const struct aggregate *self)
{
    return self->push_map_as_event_on_timeout || self->push_previous_map_as_event;
}

/* The end of a task that did not end by itself. */
static void task_expire(const struct aggregate *self, struct outcome *out, struct event *parent,
                        struct table *tasks, struct task *task, bool is_evicted)
{
    if (is_pushed(self)) event_push(self, out, parent, tasks, task);
    if (is_evicted)
        table_evict(tasks, task);
    else
        table_remove(tasks, task);
}

/* ---- one event ---- */

static struct value time_of(const struct aggregate *self, const struct event *event, const struct batch *batch)
{
    if (!self->timeout_timestamp_field.text.ptr) return batch->now;
    const struct value *time = path_get(&self->timeout_timestamp_field, event);
    return time && time->kind == VALUE_TIME ? *time : batch->now;
}

static bool is_over(struct value since, struct value now, int64_t ns)
{
    double passed = (double)(now.seconds - since.seconds) * 1e9 + (double)now.len - (double)since.len;
    return passed > (double)ns;
}

static struct task *task_make(const struct aggregate *self, struct table *tasks, struct outcome *out,
                              struct event *event, struct str key)
{
    if (self->push_previous_map_as_event && tasks->count)
        task_expire(self, out, event, tasks, table_oldest(tasks), false);
    while (!table_has_room(tasks, (uint64_t)self->max_maps, sizeof(struct task) + key.len))
        task_expire(self, out, event, tasks, table_oldest(tasks), true);
    struct task *task = table_add(tasks, key);
    struct value empty = value_map(event->arena, 0);
    kept_set(&task->map, &empty);
    table_charge(tasks, task, 0, kept_bytes(&task->map));
    task->timeout_ns = task->inactivity_ns = -1;
    task->created_ns = uv_hrtime();
    if (self->map_count_warning_threshold && tasks->count > self->map_count_warning_threshold)
        LOG(LOG_WARN, "aggregate.many_maps", self->id, "there are %u maps: do tasks end, and is task_id right?",
            tasks->count);
    return task;
}

/* The task that this event belongs to and acts on, or NULL. */
static struct task *task_of(const struct aggregate *self, struct table *tasks, struct outcome *out,
                            struct event *event, struct str key)
{
    struct value now = time_of(self, event, out->batch);
    struct task *task = table_find(tasks, key);
    if (task && self->timeout_timestamp_field.text.ptr &&
        (is_over(task->created, now, self->timeout.ns) || is_over(task->last, now, self->inactivity_timeout.ns))) {
        task_expire(self, out, event, tasks, task, false);
        task = NULL;
    }
    if (task ? self->map_action.value == MAP_CREATE : self->map_action.value == MAP_UPDATE) return NULL;
    if (!task) {
        task = task_make(self, tasks, out, event, key);
        task->created = now;
    }
    task->last = now;
    task->last_ns = uv_hrtime();
    return task;
}

static void meta_put(struct value *meta, struct arena *arena, const char *name, struct value value)
{
    map_set(meta->map, arena, key_of(str_of(name)), value);
}

static struct value seconds_value(int64_t ns) { return value_double((double)ns / 1e9); }

/* What code has set: seconds, or what it was. */
static int64_t seconds_read(const struct value *meta, const char *name, int64_t before)
{
    const struct key key = key_of(str_of(name));
    const struct value *value = map_get(meta->map, &key);
    bool is_number = value && (value->kind == VALUE_INT || value->kind == VALUE_DOUBLE || value->kind == VALUE_NUMBER);
    if (!is_number) return before;
    double seconds = number_as_double(value);
    return seconds >= 0 && seconds < 1e9 ? (int64_t)(seconds * 1e9) : before;
}

static bool code_run(const struct aggregate *self, struct table *tasks, struct outcome *out, struct event *event,
                     struct task *task)
{
    struct arena *arena = event->arena;
    struct value locals[] = {value_copy(arena, &task->map.value, true), value_map(arena, 8)};
    struct value *map = &locals[0], *meta = &locals[1];
    int64_t timeout = task->timeout_ns < 0 ? self->timeout.ns : task->timeout_ns;
    int64_t inactivity = task->inactivity_ns < 0 ? self->inactivity_timeout.ns : task->inactivity_ns;
    meta_put(meta, arena, "task_id", value_string(arena_copy(arena, table_key(tasks, task))));
    meta_put(meta, arena, "creation_timestamp", task->created);
    meta_put(meta, arena, "lastevent_timestamp", task->last);
    meta_put(meta, arena, "timeout", seconds_value(timeout));
    meta_put(meta, arena, "inactivity_timeout", seconds_value(inactivity));
    struct ruby_making making = {out, event};
    struct ruby_work work = {.event = event, .locals = locals, .make = ruby_option_make, .opaque = &making};
    bool ok = ruby_run_event(self->program, &work);
    size_t before = kept_bytes(&task->map);
    assert(map->kind == VALUE_MAP && meta->kind == VALUE_MAP); /* code changes them, it cannot exchange them */
    kept_set(&task->map, map);
    table_charge(tasks, task, before, kept_bytes(&task->map));
    int64_t wanted = seconds_read(meta, "timeout", timeout);
    if (wanted != timeout) task->timeout_ns = wanted;
    wanted = seconds_read(meta, "inactivity_timeout", inactivity);
    if (wanted != inactivity) task->inactivity_ns = wanted;
    if (!ok) failed_say(self, event, work.message);
    if (work.is_cancelled) outcome_cancelled(out, event);
    else if (!ok) outcome_failed(out, event, TAG_FAILED);
    return ok && !work.is_cancelled;
}

/* Maps have grown: the oldest others make room. */
static void room_make(const struct aggregate *self, struct table *tasks, struct outcome *out, struct event *event,
                      const struct task *kept)
{
    struct task *oldest = table_oldest(tasks);
    while (oldest != kept && !table_has_room(tasks, 0, 0)) {
        task_expire(self, out, event, tasks, oldest, true);
        oldest = table_oldest(tasks);
    }
}

/* A field that is missing leaves its placeholder in the text. */
static void aggregate_event(const struct aggregate *self, struct table *tasks, struct outcome *out,
                            struct event *event)
{
    struct str key = template_render(&self->task_id, event);
    if (str_eq(key, self->task_id.text)) return;
    struct task *task = task_of(self, tasks, out, event, key);
    if (!task) return;
    bool ok = !self->program || code_run(self, tasks, out, event, task);
    if (ok) outcome_matched(out, event);
    if (self->end_of_task)
        table_remove(tasks, task);
    else if (task->timeout_ns == 0)
        task_expire(self, out, event, tasks, task, false);
    else
        room_make(self, tasks, out, event, task);
}

static void aggregate_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    const struct aggregate *self = opaque;
    struct aggregate_state *state = shared_enter(self->shared);
    SELECTION_EACH (batch, in, event) aggregate_event(self, &state->tasks, out, event);
    shared_leave(self->shared);
}

/* ---- timeouts ---- */

static bool is_expired(const struct aggregate *self, const struct task *task, uint64_t now)
{
    int64_t timeout = task->timeout_ns < 0 ? self->timeout.ns : task->timeout_ns;
    int64_t inactivity = task->inactivity_ns < 0 ? self->inactivity_timeout.ns : task->inactivity_ns;
    return now - task->created_ns >= (uint64_t)timeout || now - task->last_ns >= (uint64_t)inactivity;
}

/* By the filter that has the options of timeouts; when none has, by whoever is asked. */
static void aggregate_flush(void *opaque, struct batch *batch, struct outcome *out, bool is_final)
{
    (void)batch;
    struct aggregate *self = opaque;
    bool is_saved = is_final && saver_of(self->shared->scope);
    bool is_pushed_at_end = is_saved ? self->push_previous_map_as_event : is_pushed(self);
    self->is_last |= is_final;
    if (!self->has_timeout_options && shared_is_claimed(self->shared)) return;
    struct aggregate_state *state = shared_enter(self->shared);
    struct table *tasks = &state->tasks;
    uint64_t now = uv_hrtime();
    struct task *task = table_oldest(tasks);
    while (task && outcome_has_room(out)) {
        struct task *next = table_newer(tasks, task);
        bool is_expired_now = is_expired(self, task, now);
        if (is_expired_now || (is_final && is_pushed_at_end)) {
            struct event *event = is_pushed(self) ? event_push(self, out, NULL, tasks, task) : NULL;
            if (event && is_final) event_tag(event, TAG_FINAL);
            table_remove(tasks, task);
        }
        task = next;
    }
    if (is_final && !is_saved && !out->has_more && tasks->count)
        LOG(LOG_INFO, "aggregate.unfinished", self->id, "%u tasks had no end yet: their maps are let go", tasks->count);
    shared_leave(self->shared);
}

/* ---- maps on disk ---- */

static int64_t now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

static uint64_t tasks_save(struct shared *shared, struct buf *out)
{
    struct aggregate_state *state = shared_enter(shared);
    struct table *tasks = &state->tasks;
    uint64_t now = uv_hrtime(), count = tasks->count;
    if (count) task_file_set(out, shared->key, count);
    for (struct task *task = table_oldest(tasks); task; task = table_newer(tasks, task)) {
        struct task_saved saved = {table_key(tasks, task),
                                   task->map.value,
                                   task->created,
                                   task->last,
                                   (int64_t)(now - task->created_ns),
                                   (int64_t)(now - task->last_ns),
                                   task->timeout_ns,
                                   task->inactivity_ns};
        task_file_task(out, &saved);
    }
    shared_leave(shared);
    return count;
}

static void maps_save(const struct aggregate *self)
{
    struct buf out = {0};
    uint64_t count = 0;
    task_file_begin(&out, now_s());
    for (struct shared *shared = self->shared->scope->first; shared; shared = shared->next)
        if (shared->type == &aggregate_shared) count += tasks_save(shared, &out);
    task_file_end(&out);
    int status = out.len > TASK_FILE_BYTES_MAX ? UV_EFBIG
                 : count                       ? file_replace(self->path, buf_str(&out), 0600)
                                               : 0;
    if (status)
        LOG(LOG_ERROR, "aggregate.not_saved", self->id, "%llu maps could not be saved in %s: %s; they are lost",
            (unsigned long long)count, self->path, uv_strerror(status));
    else if (count)
        LOG(LOG_INFO, "aggregate.saved", self->id, "%llu maps are saved in %s", (unsigned long long)count, self->path);
    buf_fini(&out);
}

/* Time that passed while nothing ran counts, too, as it does for Logstash. */
static uint64_t since(int64_t age_ns, int64_t away_s)
{
    int64_t most = INT64_MAX / 4;
    int64_t away_ns = away_s > most / SECOND_NS ? most : away_s * SECOND_NS;
    return uv_hrtime() - (uint64_t)(age_ns > most ? most : age_ns) - (uint64_t)away_ns;
}

static void task_put(const struct aggregate *self, struct table *tasks, const struct task_saved *saved, int64_t away_s)
{
    if (table_find(tasks, saved->key)) return; /* twice in a file: the first */
    while (!table_has_room(tasks, (uint64_t)self->max_maps, sizeof(struct task) + saved->key.len))
        table_evict(tasks, table_oldest(tasks));
    struct task *task = table_add(tasks, saved->key);
    kept_set(&task->map, &saved->map);
    table_charge(tasks, task, 0, kept_bytes(&task->map));
    task->created = saved->created;
    task->last = saved->last;
    task->created_ns = since(saved->age_ns, away_s);
    task->last_ns = since(saved->idle_ns, away_s);
    task->timeout_ns = saved->timeout_ns;
    task->inactivity_ns = saved->inactivity_ns;
}

/* The state of the filters with this task_id, or NULL. */
static struct shared *state_named(const struct state_scope *scope, struct str task_id)
{
    for (struct shared *shared = scope->first; shared; shared = shared->next)
        if (shared->type == &aggregate_shared && str_eq(shared->key, task_id)) return shared;
    return NULL;
}

/* With `puts` false it is only looked whether all of it can be read: then all of it is taken, or nothing. */
static uint64_t sets_read(const struct aggregate *self, struct task_file *file, bool puts)
{
    uint64_t count = 0;
    int64_t away_s = now_s() - file->written_s;
    struct str name;
    struct task_saved saved;
    while (task_file_next_set(file, &name)) {
        struct shared *shared = state_named(self->shared->scope, name);
        struct aggregate_state *state = shared && puts ? shared_enter(shared) : NULL;
        if (!shared && puts)
            LOG(LOG_WARN, "aggregate.unknown_maps", self->id,
                "no filter has the task_id `%.*s` any more: its %llu saved maps are let go", STR_ARG(name),
                (unsigned long long)file->tasks);
        while (file->tasks && !file->problem) {
            struct arena arena;
            arena_init(&arena, NULL);
            if (task_file_next(file, &arena, &saved) && state) {
                task_put(self, &state->tasks, &saved, away_s > 0 ? away_s : 0);
                count++;
            }
            arena_fini(&arena);
        }
        if (state) shared_leave(shared);
    }
    return count;
}

static bool bytes_take(const struct aggregate *self, struct str bytes)
{
    struct task_file check, file;
    if (task_file_open(&check, bytes)) sets_read(self, &check, false);
    if (check.problem) {
        LOG(LOG_ERROR, "aggregate.maps_refused", self->id,
            "%s: %s. Nothing of it is read; move it away to start without these maps", self->path, check.problem);
        return false;
    }
    task_file_open(&file, bytes);
    uint64_t count = sets_read(self, &file, true);
    LOG(LOG_INFO, "aggregate.loaded", self->id, "%llu maps are read from %s", (unsigned long long)count, self->path);
    return true;
}

/* Read once and removed, as Logstash does: a file that stays would bring back what has ended since. */
static int maps_load(const struct aggregate *self)
{
    struct buf bytes = {0};
    int status = task_file_load(self->path, &bytes);
    if (status)
        LOG(LOG_ERROR, "aggregate.maps_refused", self->id, "%s cannot be read: %s", self->path, uv_strerror(status));
    else if (bytes.len && !bytes_take(self, buf_str(&bytes)))
        status = UV_EINVAL;
    else if (bytes.len)
        status = file_ops_real.remove(&file_ops_real, self->path);
    buf_fini(&bytes);
    return status;
}

static int aggregate_start(void *opaque, struct filter *host)
{
    struct aggregate *self = opaque;
    self->host = host;
    if (!self->path) return 0;
    struct aggregate_state *state = shared_enter(self->shared);
    bool was_loaded = state->is_loaded;
    state->is_loaded = true;
    shared_leave(self->shared);
    return was_loaded ? 0 : maps_load(self);
}

/* Behind the last event of all workers: what was pushed at the end has gone through all filters. */
static void aggregate_stop(void *opaque)
{
    struct aggregate *self = opaque;
    if (self->path && self->is_last) maps_save(self);
    filter_stopped(self->host);
}

static void aggregate_fields(const void *opaque, struct field_set *fields)
{
    const struct aggregate *self = opaque;
    uint32_t at = 0;
    const struct path *path;
    while ((path = template_next_field(&self->task_id, &at))) fields_read_if_set(fields, path);
    if (self->timeout_timestamp_field.text.ptr) fields_read_if_set(fields, &self->timeout_timestamp_field);
    if (self->program || is_pushed(self)) fields_forget(fields); /* code may do anything; events are made */
}

const struct filter_type filter_aggregate = {
    .name = "aggregate",
    .summary = "Gathers what the events of one task say.",
    .size = sizeof(struct aggregate),
    .options = aggregate_options,
    .create = aggregate_create,
    .apply = aggregate_apply,
    .flush = aggregate_flush,
    .start = aggregate_start,
    .stop = aggregate_stop,
    .destroy = aggregate_destroy,
    .fields = aggregate_fields,
};
