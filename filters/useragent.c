/* SPDX-License-Identifier: Apache-2.0 */
/* useragent: takes the text by which browsers and programs introduce themselves apart: name, version, system,
 * device. Engine: core/text/user_agent.h, with uap-core's list, which is read again when it changes
 * (core/store/live_file.h). What was found for a text is kept (core/text/text_cache.h).
 *
 * Departures: the list is a file of the machine's, not one of the program; the cache belongs to a worker's
 * filter, not to the process, and is bounded in bytes, too; `$1` in v1_replacement is the group. */
#include <stdlib.h>
#include <unistd.h>
#include "core/plugin.h"
#include "core/store/live_file.h"
#include "core/text/text_cache.h"
#include "core/text/user_agent.h"

enum {
    LOOK_INTERVAL_S = 60,                /* between two looks at whether the list has changed */
    CACHE_BYTES_MAX = 32 * 1024 * 1024,  /* of a worker's filter */
};
static const char LIST_OF_DEBIAN[] = "/usr/share/uap-core/regexes.yaml"; /* of its package uap-core */

struct useragent {
    struct path source, target;
    struct str regexes, prefix;
    int64_t lru_cache_size;

    struct path paths[UA_PARTS], os_name;
    bool has_os_name, removes_source;
    struct live_file file;
    const void *rules; /* those of which the cache is */
    struct text_cache *cache;
    struct buf found;
    atomic_uint_fast64_t hits, misses, evictions;
};

static const struct option useragent_options[] = {
    OPTION_PATH(struct useragent, source, .required = true, .help = "Field with the user agent's text."),
    OPTION_PATH(struct useragent, target,
                .help = "Field for what is found; preset: [user_agent], without ECS the event itself."),
    OPTION_STRING(struct useragent, regexes,
                  .help = "uap-core's regexes.yaml; preset: that of Debian's package uap-core."),
    OPTION_STRING(struct useragent, prefix, .help = "Put before each name, where ECS is disabled."),
    OPTION_INT(struct useragent, lru_cache_size, .preset = "100000", .min = 1, .max = 10000000,
               .help = "Texts whose result is kept, by each worker; at most 32 MiB."),
    OPTION_END};

/* ---- create ---- */

/* Where each part goes: below the target, or below @metadata. */
static const struct place_of_part {
    const char *legacy, *ecs;
} places[UA_PARTS] = {
    [UA_NAME] = {"name", "[name]"},
    [UA_MAJOR] = {"major", "[@metadata][filter][user_agent][version][major]"},
    [UA_MINOR] = {"minor", "[@metadata][filter][user_agent][version][minor]"},
    [UA_PATCH] = {"patch", "[@metadata][filter][user_agent][version][patch]"},
    [UA_VERSION] = {"version", "[version]"},
    [UA_DEVICE] = {"device", "[device][name]"},
    [UA_OS] = {"os", "[os][name]"},
    [UA_OS_MAJOR] = {"os_major", "[@metadata][filter][user_agent][os][version][major]"},
    [UA_OS_MINOR] = {"os_minor", "[@metadata][filter][user_agent][os][version][minor]"},
    [UA_OS_PATCH] = {"os_patch", "[@metadata][filter][user_agent][os][version][patch]"},
    [UA_OS_VERSION] = {"os_version", "[os][version]"},
    [UA_OS_FULL] = {"os_full", "[os][full]"},
};

static bool path_make(struct path *path, struct str target, struct str name, const struct plugin_context *context)
{
    bool is_whole = str_starts(name, STR("[@metadata]")), is_bracketed = str_starts(target, STR("["));
    struct str text = name;
    if (target.len && !is_whole)
        text = arena_printf(context->arena, is_bracketed ? "%.*s%.*s" : "[%.*s]%.*s", STR_ARG(target), STR_ARG(name));
    return path_compile(path, text, context->arena);
}

static bool paths_create(struct useragent *self, const struct plugin_context *context)
{
    bool is_ecs = context->ecs != ECS_DISABLED, ok = true;
    struct str target = self->target.text;
    if (!target.len && is_ecs) target = STR("[user_agent]");
    for (int i = 0; i < UA_PARTS; i++) {
        struct str name = is_ecs ? str_of(places[i].ecs)
                                 : arena_printf(context->arena, "[%.*s%s]", STR_ARG(self->prefix), places[i].legacy);
        ok &= path_make(&self->paths[i], target, name, context);
    }
    self->has_os_name = !is_ecs;
    struct str os_name = arena_printf(context->arena, "[%.*sos_name]", STR_ARG(self->prefix));
    ok &= path_make(&self->os_name, target, os_name, context);
    self->removes_source = self->target.text.len && path_same(&self->source, &self->target);
    if (ok) return true;
    diag_error(context->diag, context_place(context, "prefix"), "`%.*s` cannot begin the name of a field",
               STR_ARG(self->prefix));
    return false;
}

static void *rules_load(void *opaque, struct str content, const void *old, struct buf *problem)
{
    (void)opaque;
    (void)old;
    return user_agent_rules_read(content, problem);
}

static void rules_destroy(void *table) { user_agent_rules_destroy(table); }

/* A thousand expressions take a quarter of a second to compile: always on a thread. */
static const struct live_file_type rules_file = {
    .noun = "list of user agents", .load = rules_load, .destroy = rules_destroy, .bytes_max = USER_AGENT_FILE_MAX};

static bool file_create(struct useragent *self, const struct plugin_context *context)
{
    struct buf problem = {0};
    const char *path = LIST_OF_DEBIAN;
    if (self->regexes.len) {
        path = arena_copy_z(context->arena, self->regexes);
    } else if (access(path, R_OK) != 0) {
        struct message *message =
            diag_error(context->diag, context->place, "`regexes` is needed: there is no list of user agents");
        diag_hint(context->diag, message, "install Debian's package uap-core, or give the regexes.yaml of uap-core");
        return false;
    }
    self->file = (struct live_file){
        .type = &rules_file, .opaque = self, .id = context->id, .path = path, .interval_s = LOOK_INTERVAL_S};
    bool ok = live_file_open(&self->file, event_now().seconds, &problem);
    if (!ok)
        diag_error(context->diag, context_place(context, "regexes"),
                   "the list of user agents `%s` cannot be read: %.*s", self->file.path, STR_ARG(buf_str(&problem)));
    buf_fini(&problem);
    return ok;
}

static bool useragent_create(void *opaque, const struct plugin_context *context)
{
    struct useragent *self = opaque;
    if (!paths_create(self, context) || !file_create(self, context)) return false;
    self->cache = text_cache_create((uint32_t)self->lru_cache_size, CACHE_BYTES_MAX);
    return true;
}

static void useragent_destroy(void *opaque)
{
    struct useragent *self = opaque;
    live_file_close(&self->file);
    text_cache_destroy(self->cache);
    buf_fini(&self->found);
}

/* ---- what is kept: for each part its length and its bytes ---- */

enum { PART_ABSENT = 0 }; /* no part is empty */

static void parts_write(const struct user_agent *agent, struct buf *out)
{
    uint32_t lengths[UA_PARTS];
    for (int i = 0; i < UA_PARTS; i++) lengths[i] = (uint32_t)agent->parts[i].len;
    buf_clear(out);
    buf_append(out, (struct str){(const char *)lengths, sizeof lengths});
    for (int i = 0; i < UA_PARTS; i++) buf_append(out, agent->parts[i]);
}

static void parts_read(struct str kept, struct arena *arena, struct user_agent *agent)
{
    uint32_t lengths[UA_PARTS];
    memcpy(lengths, kept.ptr, sizeof lengths);
    struct str rest = arena_copy(arena, str_from(kept, sizeof lengths));
    for (int i = 0; i < UA_PARTS; i++) {
        agent->parts[i] = (struct str){0};
        if (lengths[i] == PART_ABSENT) continue;
        agent->parts[i] = str_slice(rest, 0, lengths[i]);
        rest = str_from(rest, lengths[i]);
    }
}

/* ---- apply ---- */

static void look_up(struct useragent *self, struct user_agent_rules *rules, struct str text, struct arena *arena,
                    struct user_agent *agent)
{
    struct str kept;
    if (text_cache_get(self->cache, text, &kept)) {
        counter_add(&self->hits, 1);
        parts_read(kept, arena, agent);
        return;
    }
    counter_add(&self->misses, 1);
    user_agent_read(rules, text, arena, agent);
    parts_write(agent, &self->found);
    text_cache_put(self->cache, text, buf_str(&self->found));
    parts_read(buf_str(&self->found), arena, agent); /* what the rules' own texts were is the event's */
}

static bool apply_event(struct useragent *self, struct user_agent_rules *rules, struct event *event)
{
    const struct value *source = path_get(&self->source, event);
    struct user_agent agent;
    if (source && source->kind == VALUE_ARRAY) source = source->array->count ? source->array->items : NULL;
    if (!value_is_string(source) || !source->len) return false;
    look_up(self, rules, value_text(source), event->arena, &agent);
    if (self->removes_source) path_remove(&self->source, event);
    for (int i = 0; i < UA_PARTS; i++)
        if (agent.parts[i].len) path_set(&self->paths[i], event, value_string(agent.parts[i]));
    if (self->has_os_name) path_set(&self->os_name, event, value_string(agent.parts[UA_OS]));
    return true;
}

static void useragent_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    struct useragent *self = opaque;
    struct user_agent_rules *rules = live_file_current(&self->file, batch->now.seconds);
    if (rules != self->rules) text_cache_clear(self->cache);
    self->rules = rules;
    SELECTION_EACH(batch, in, event)
        if (apply_event(self, rules, event)) outcome_matched(out, event);
    counter_add(&self->evictions, text_cache_evicted(self->cache) - counter_get(&self->evictions));
}

static void useragent_fields(const void *opaque, struct field_set *fields)
{
    const struct useragent *self = opaque;
    fields_read(fields, &self->source);
    if (self->removes_source) fields_may_change(fields, &self->source, TYPE_FIELD);
    for (int i = 0; i < UA_PARTS; i++) fields_may_put(fields, &self->paths[i], TYPE_STRING);
    if (self->has_os_name) fields_may_put(fields, &self->os_name, TYPE_STRING);
}

static uint32_t useragent_metrics(void *opaque, struct metric_row *rows, uint32_t capacity)
{
    struct useragent *self = opaque;
    const struct metric_row all[] = {{"cache_hits", &self->hits},
                                     {"cache_misses", &self->misses},
                                     {"cache_evictions", &self->evictions},
                                     {"reloads", &self->file.reloads},
                                     {"reload_failures", &self->file.failures}};
    uint32_t count = sizeof all / sizeof *all;
    if (capacity < count) return 0;
    memcpy(rows, all, sizeof all);
    return count;
}

const struct filter_type filter_useragent = {
    .name = "useragent",
    .summary = "Takes the text of a user agent apart: name, version, system, device.",
    .size = sizeof(struct useragent),
    .options = useragent_options,
    .create = useragent_create,
    .apply = useragent_apply,
    .destroy = useragent_destroy,
    .metrics = useragent_metrics,
    .fields = useragent_fields,
    .is_ecs = true,
};
