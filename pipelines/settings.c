/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/settings.h"
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "core/delivery/dead_letters.h"
#include "core/environment.h"
#include "core/yaml.h"
#include "pipelines/api_address.h"
#include "pipelines/queue_settings.h"

enum { REPEATS_LOOKED_FOR = 2000 }; /* keys of one map: every pair is compared */

#define SETTING(kind_, ctype_, key_, member_, ...)                                                 \
    {.name = key_, .kind = kind_,                                                                  \
     .offset = offsetof(struct settings, member_) +                                                \
               0 * sizeof(_Generic(((struct settings *)0)->member_, ctype_: 1)),                   \
     __VA_ARGS__}
#define BOOL(key_, member_, ...) SETTING(OPTION_IS_BOOL, bool, key_, member_, __VA_ARGS__)
#define INT(key_, member_, ...) SETTING(OPTION_IS_INT, int64_t, key_, member_, __VA_ARGS__)
#define TEXT(key_, member_, ...) SETTING(OPTION_IS_STRING, struct str, key_, member_, __VA_ARGS__)
#define CHOICE(key_, member_, ...) SETTING(OPTION_IS_CHOICE, struct choice, key_, member_, __VA_ARGS__)
#define TIME(key_, member_, ...) SETTING(OPTION_IS_DURATION, struct duration, key_, member_, __VA_ARGS__)
#define IGNORED(key_, help_) OPTION_IGNORED(key_, help_)

static const char *const ordered_choices[] = {"auto", "true", "false", NULL};
static const char *const ecs_setting_choices[] = {"disabled", "v1", "v8", NULL};
static const char *const queue_choices[] = {"memory", "persisted", NULL};
static const char *const dead_letter_choices[] = {"drop_newer", "drop_older", NULL}; /* enum dead_letters_policy */
static const char *const compression_choices[] = {"none", "speed", "balanced", "size", "disabled", NULL};
static const char *const tap_choices[] = {"auto", "true", "false", NULL};
static const char *const auth_choices[] = {"none", "basic", NULL};
static const char *const level_choices[] = {"fatal", "error", "warn", "info", "debug", "trace", NULL};
static const char *const escape_choices[] = {"none", "percent", "ampersand", NULL}; /* enum path_escapes */
static const char *const format_choices[] = {"plain", "json", NULL};

const struct option settings_options[] = {
    TEXT("node.name", node_name, .help = "Name of this instance; the host's name unless given."),
    TEXT("path.data", path_data, .help = "Folder for positions and identity, locked while running."),
    TEXT("path.settings", path_settings, .help = "Folder of logstash.yml and pipelines.yml."),
    TEXT("path.logs", path_logs, .help = "Accepted; the log goes to standard error."),
    SETTING(OPTION_IS_STRINGS, struct str_list, "path.config", path_config,
            .help = "File, folder or glob of the pipeline's text."),
    TEXT("config.string", config_string, .help = "The pipeline's text itself."),
    BOOL("config.test_and_exit", test_and_exit, .preset = "false",
         .help = "Check the configuration, print the verdict and exit."),
    BOOL("config.reload.automatic", reload_automatic, .preset = "false",
         .help = "Watch the configuration and reload it. Not in this version: restart instead."),
    TIME("config.reload.interval", reload_interval, .preset = "3s", .unit = "ns",
         .help = "How often to look for changes."),
    BOOL("config.debug", config_debug, .preset = "false", .help = "Log the compiled program at debug level."),
    BOOL("config.support_escapes", support_escapes, .preset = "false",
         .help = "Read \\n, \\t, \\\" and the like in quoted text."),
    CHOICE("config.field_reference.escape_style", escape_style, .preset = "none", .choices = escape_choices,
           .help = "How a field reference may write brackets: %5B (percent), &#91; (ampersand) or not at all."),
    BOOL("compat.strict_precedence", strict_precedence, .preset = "false",
         .help = "Group `a and b and c or d` as Logstash does: a and ((b and c) or d)."),
    TEXT("pipeline.id", pipeline_id, .preset = "main", .help = "Name of the pipeline."),
    INT("pipeline.workers", workers, .preset = "1", .min = 1, .max = WORKERS_MAX,
        .help = "Threads of the pipeline; each reads, filters and writes by itself."),
    INT("pipeline.batch.size", batch_size, .preset = "125", .min = 1, .max = BATCH_SIZE_MAX,
        .help = "Most events that run through the filters together."),
    INT("pipeline.batch.delay", batch_delay, .preset = "5", .min = 0, .max = 60000,
        .help = "Longest wait of an event for its batch, in milliseconds. Batches end with the turn "
                "of the loop that filled them, so events never wait."),
    CHOICE("pipeline.ordered", ordered, .preset = "auto", .choices = ordered_choices,
           .help = "Accepted; the order of each source is always kept."),
    CHOICE("pipeline.ecs_compatibility", ecs_compatibility, .preset = "v8",
           .choices = ecs_setting_choices, .help = "Field names: Elastic Common Schema or the old ones."),
    BOOL("pipeline.unsafe_shutdown", unsafe_shutdown, .preset = "false",
         .help = "Accepted; see shutdown.timeout."),
    SETTING(OPTION_IS_SIZE, struct byte_size, "pipeline.memory", memory, .preset = "64mb",
            .unit = "1024", .min = PIPELINE_MEMORY_MIN, .max = INT64_MAX,
            .help = "Memory for events of one pipeline; its inputs pause when it is used up."),
    SETTING(OPTION_IS_SIZE, struct byte_size, "memory.limit", memory_limit, .preset = "0", .unit = "1024",
            .min = 0, .max = INT64_MAX,
            .help = "Memory of the process; the inputs of all pipelines pause near it. "
                    "0: 4/5 of what the cgroup (container) allows, without one no limit."),
    CHOICE("queue.type", queue_type, .preset = "memory", .choices = queue_choices,
           .help = "memory, or persisted: what inputs receive that cannot be read again is on disk before it goes on."),
    TEXT("path.queue", path_queue, .help = "Folder of the queues on disk; PATH.DATA/queue unless given."),
    SETTING(OPTION_IS_SIZE, struct byte_size, "queue.max_bytes", queue_max_bytes, .preset = "1024mb", .unit = "1024",
            .min = 0, .max = INT64_MAX,
            .help = "Most bytes of a pipeline's queue on disk, divided among its workers; 0: no limit."),
    SETTING(OPTION_IS_SIZE, struct byte_size, "queue.page_capacity", queue_page_capacity, .preset = "64mb",
            .unit = "1024", .min = QUEUE_PAGE_BYTES_MIN, .max = QUEUE_PAGE_BYTES_LIMIT,
            .help = "Bytes of one file of the queue; less where a worker's part of queue.max_bytes is small."),
    INT("queue.max_events", queue_max_events, .preset = "0", .min = 0, .max = INT64_MAX,
        .help = "Most events that wait in a pipeline's queue, divided among its workers; 0: no limit."),
    INT("queue.checkpoint.acks", queue_checkpoint_acks, .preset = "1024", .min = 0, .max = INT64_MAX,
        .help = "After so many delivered events the queue writes down how far it is; 0: each second alone."),
    CHOICE("queue.compression", queue_compression, .preset = "none", .choices = compression_choices,
           .help = "none. The others are accepted; nothing is compressed in this version."),
    BOOL("queue.drain", queue_drain, .preset = "false", .help = "A stop waits until the queue on disk is empty."),
    BOOL("dead_letter_queue.enable", dead_letter_queue_enable, .preset = "false",
         .help = "Keep events that an output refuses for ever, or that cannot be evaluated, on disk."),
    TEXT("path.dead_letter_queue", path_dead_letter_queue,
         .help = "Folder of dead letters; path.data/dead_letter_queue unless given."),
    SETTING(OPTION_IS_SIZE, struct byte_size, "dead_letter_queue.max_bytes", dead_letter_queue_max_bytes,
            .preset = "1024mb", .unit = "1024", .min = DEAD_LETTERS_BYTES_MIN, .max = INT64_MAX,
            .help = "Most bytes of a pipeline's dead letters, shared out evenly to its workers."),
    CHOICE("dead_letter_queue.storage_policy", dead_letter_queue_storage_policy, .preset = "drop_newer",
           .choices = dead_letter_choices,
           .help = "At max_bytes: new letters are dropped (drop_newer), or the oldest files deleted (drop_older)."),
    TIME("dead_letter_queue.retain.age", dead_letter_queue_retain_age, .preset = "0s", .unit = "s", .min = 0,
         .max = INT64_MAX, .help = "Files whose letters are all older are deleted; 0: none is too old."),
    TIME("shutdown.timeout", shutdown_timeout, .preset = "0s", .unit = "s",
         .help = "Longest time to drain at a stop; then what is left is said and the process ends. 0: no limit."),
    BOOL("api.enabled", api_enabled, .preset = "true", .help = "Serve metrics, health and statistics."),
    TEXT("api.environment", api_environment, .preset = "production", .help = "Accepted and shown."),
    TEXT("api.http.host", api_host, .preset = "127.0.0.1",
         .help = "Address of the API. Another than loopback needs api.auth.type: basic."),
    TEXT("api.http.port", api_port, .preset = "9600-9700", .help = "Port, or range: the first free one."),
    CHOICE("api.tap.enabled", api_tap_enabled, .preset = "auto", .choices = tap_choices,
           .help = "May events be looked at through the API (`tailrace tap`)? auto: on loopback only."),
    CHOICE("api.auth.type", api_auth_type, .preset = "none", .choices = auth_choices,
           .help = "none or basic."),
    TEXT("api.auth.basic.username", api_auth_username, .help = "User of the API."),
    SETTING(OPTION_IS_SECRET, struct secret, "api.auth.basic.password", api_auth_password,
            .help = "Password of the API."),
    CHOICE("log.level", log_level, .preset = "info", .choices = level_choices,
           .help = "What the log says: fatal, error, warn, info, debug or trace."),
    CHOICE("log.format", log_format, .preset = "plain", .choices = format_choices,
           .help = "plain or json."),
    IGNORED("path.plugins", "Ruby plugins: without effect here."),
    IGNORED("pipeline.batch.output_chunking.growth_threshold_factor", "Without effect here."),
    IGNORED("pipeline.batch.metrics.sampling_mode", "Without effect here."),
    IGNORED("pipeline.reloadable", "Without effect here."),
    IGNORED("pipeline.recoverable", "Without effect here."),
    IGNORED("pipeline.system", "Without effect here."),
    IGNORED("pipeline.separate_logs", "Without effect here."),
    IGNORED("pipeline.plugin_classloaders", "JVM only: without effect here."),
    IGNORED("pipeline.buffer.type", "JVM only: without effect here."),
    IGNORED("ssl.reload.automatic", "Without effect here."),
    IGNORED("queue.checkpoint.writes", "Without effect here: every event is synced before it goes on."),
    IGNORED("queue.checkpoint.retry", "Without effect here: it is always tried again."),
    IGNORED("queue.checkpoint.interval", "Without effect here: it is one second."),
    IGNORED("dead_letter_queue.flush_interval", "Dead letters are synced and readable at once: without effect."),
    IGNORED("dead_letter_queue.flush_check_interval", "Without effect here."),
    IGNORED("metric.collect", "Metrics are always kept."),
    IGNORED("api.ssl.enabled", "Without effect here: put a proxy in front for TLS."),
    IGNORED("api.ssl.keystore.path", "Without effect here."),
    IGNORED("api.ssl.keystore.password", "Without effect here."),
    IGNORED("api.ssl.supported_protocols", "Without effect here."),
    IGNORED("api.auth.basic.password_policy.mode", "Without effect here."),
    IGNORED("api.auth.basic.password_policy.length.minimum", "Without effect here."),
    IGNORED("api.auth.basic.password_policy.include.upper", "Without effect here."),
    IGNORED("api.auth.basic.password_policy.include.lower", "Without effect here."),
    IGNORED("api.auth.basic.password_policy.include.digit", "Without effect here."),
    IGNORED("api.auth.basic.password_policy.include.symbol", "Without effect here."),
    IGNORED("log.format.json.fix_duplicate_message_fields", "Without effect here."),
    IGNORED("slowlog.threshold.warn", "Without effect here."),
    IGNORED("slowlog.threshold.info", "Without effect here."),
    IGNORED("slowlog.threshold.debug", "Without effect here."),
    IGNORED("slowlog.threshold.trace", "Without effect here."),
    IGNORED("allow_superuser", "Without effect here."),
    IGNORED("keystore.file", "Without effect here."),
    IGNORED("keystore.classname", "JVM only: without effect here."),
    OPTION_END};

/* Keys that a pipeline of its own may have; the others are the process's. */
static const char *const pipeline_prefixes[] = {
    "path.config", "config.string", "config.debug", "config.support_escapes", "pipeline.", "queue.",
    "compat.strict_precedence",
    "path.queue", "dead_letter_queue.", "path.dead_letter_queue", "config.reload."};

bool settings_key_is_foreign(struct str key)
{
    return str_starts(key, STR("xpack.")) || str_starts(key, STR("monitoring.")) ||
           str_starts(key, STR("otel."));
}

void setting_list_add(struct setting_list *list, struct setting setting)
{
    if (list->count == list->capacity) {
        uint32_t wanted = list->capacity ? list->capacity * 2 : 16;
        list->items = arena_regrow(list->arena, list->items, list->capacity * sizeof *list->items,
                                   wanted * sizeof *list->items);
        list->capacity = wanted;
    }
    list->items[list->count++] = setting;
}

struct place setting_list_place(const struct setting_list *list, const char *key)
{
    for (uint32_t i = list->count; i-- > 0;)
        if (str_eq_z(list->items[i].key, key)) return list->items[i].value.place;
    return (struct place){0};
}

/* NULL: it could not be read. */
static struct source_text *read_source(const char *path, bool *is_missing, struct arena *arena,
                                       struct diag *diag)
{
    *is_missing = false;
    struct source_text *source = arena_zalloc(arena, sizeof *source);
    source->name = arena_copy(arena, str_of(path));
    FILE *file = fopen(path, "re");
    if (!file) {
        *is_missing = errno == ENOENT;
        if (!*is_missing)
            diag_error(diag, (struct place){0}, "cannot read %s: %s", path, strerror(errno));
        return NULL;
    }
    struct buf text = {0};
    char chunk[65536];
    size_t got;
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0 && text.len <= YAML_BYTES_MAX)
        buf_append(&text, (struct str){chunk, got});
    bool failed = ferror(file);
    fclose(file);
    source->text = arena_copy(arena, buf_str(&text));
    buf_fini(&text);
    if (!failed) return source;
    diag_error(diag, (struct place){0}, "cannot read %s: %s", path, strerror(EIO));
    return NULL;
}

/* Of a key that is there twice the last counts, in Logstash silently. Files have few keys. */
static void warn_of_repeats(const struct setting *flat, uint32_t count, struct diag *diag)
{
    for (uint32_t i = 1; i < count && count <= REPEATS_LOOKED_FOR; i++)
        for (uint32_t k = i; k-- > 0;) {
            if (!str_eq(flat[k].key, flat[i].key)) continue;
            diag_other(diag,
                       diag_warning(diag, flat[i].key_place, "`%.*s` is there twice: this one counts",
                                    STR_ARG(flat[i].key)),
                       flat[k].key_place, "first here");
            break;
        }
}

/* Dotted keys, with `${NAME}` in values replaced, in texts of pipelines too. */
static uint32_t flatten(const struct config_value *map, const struct environment *environment,
                        struct arena *arena, struct setting **flat, struct diag *diag)
{
    uint32_t count = yaml_flatten(map, arena, flat);
    warn_of_repeats(*flat, count, diag);
    struct environment_context context = {environment, arena, diag};
    environment_expand_settings(&context, *flat, count);
    return count;
}

static uint32_t flatten_source(const struct source_text *source, struct setting **flat,
                               const struct environment *environment, struct arena *arena,
                               struct diag *diag)
{
    struct config_value *root = yaml_parse(source, arena, diag);
    if (!root) return 0;
    if (root->kind != CONFIG_HASH) {
        diag_error(diag, root->place, "settings are `key: value` lines");
        return 0;
    }
    return flatten(root, environment, arena, flat, diag);
}

uint32_t settings_read_flat(const char *path, struct setting **flat, bool *is_missing,
                            const struct environment *environment, struct arena *arena, struct diag *diag)
{
    struct source_text *source = read_source(path, is_missing, arena, diag);
    return source ? flatten_source(source, flat, environment, arena, diag) : 0;
}

static void add_own_settings(struct setting_list *list, const struct setting *flat, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!settings_key_is_foreign(flat[i].key)) setting_list_add(list, flat[i]);
}

bool settings_read_file(struct setting_list *list, const char *path, bool *is_missing,
                        struct diag *diag)
{
    uint32_t errors = diag->errors;
    struct setting *flat = NULL;
    uint32_t count = settings_read_flat(path, &flat, is_missing, list->environment, list->arena, diag);
    add_own_settings(list, flat, count);
    return diag->errors == errors && !*is_missing;
}

void settings_read_environment(struct setting_list *list)
{
    for (const struct option *option = settings_options; option->name; option++) {
        char name[128];
        size_t len = strlen(option->name);
        assert(len < sizeof name);
        for (size_t i = 0; i <= len; i++)
            name[i] = option->name[i] == '.' ? '_' : (char)toupper((unsigned char)option->name[i]);
        const char *text = getenv(name);
        if (!text) continue;
        struct source_text *source = arena_zalloc(list->arena, sizeof *source);
        source->name = arena_printf(list->arena, "environment %s", name);
        source->text = arena_copy(list->arena, str_of(text));
        struct place place = {source, 0, (uint32_t)source->text.len};
        setting_list_add(list, (struct setting){
                                   .key = str_of(option->name),
                                   .key_place = place,
                                   .value = {.kind = CONFIG_STRING, .place = place, .text = source->text}});
    }
}

static bool has_little_room(const struct settings *settings)
{
    return settings->dead_letter_queue_max_bytes.bytes / DEAD_LETTERS_BYTES_MIN < settings->workers;
}

bool settings_load(struct settings *settings, const struct setting_list *list, struct arena *arena,
                   struct diag *diag)
{
    /* the last of each key */
    struct setting *last = arena_alloc(arena, (list->count + 1) * sizeof *last);
    uint32_t count = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        uint32_t k = 0;
        while (k < count && !str_eq(last[k].key, list->items[i].key)) k++;
        last[k] = list->items[i];
        count += k == count;
    }
    struct options_context context = {
        .diag = diag, .arena = arena, .section = "setting"};
    *settings = (struct settings){0};
    bool ok = options_load(settings_options, settings, last, count, &context);
    settings->environment = list->environment;
    for (uint32_t i = 0; i < count; i++) {
        struct place place = last[i].value.place;
        if (str_eq(last[i].key, STR("dead_letter_queue.max_bytes")) && has_little_room(settings)) {
            diag_error(diag, place, "dead_letter_queue.max_bytes is less than 256kb for each worker");
            ok = false;
        }
        uint16_t first, port;
        if (str_eq(last[i].key, STR("api.http.port")) && !api_ports(settings->api_port, &first, &port))
            diag_error(diag, place, "api.http.port is no port and no range like 9600-9700"), ok = false;
    }
    return queue_settings_check(settings, list, diag) && ok;
}

static bool key_is_for_pipelines(struct str key)
{
    for (size_t i = 0; i < sizeof pipeline_prefixes / sizeof *pipeline_prefixes; i++) {
        struct str prefix = str_of(pipeline_prefixes[i]);
        if (str_ends(prefix, STR(".")) ? str_starts(key, prefix) : str_eq(key, prefix)) return true;
    }
    return false;
}

/* False: the entry is no map (said). `*ok` becomes false when anything is wrong with it. */
static bool read_entry(struct setting_list *list, const struct config_value *entry, bool *ok, struct diag *diag)
{
    if (entry->kind != CONFIG_HASH) {
        diag_hint(diag, diag_error(diag, entry->place, "a pipeline is a map of settings"),
                  "write pipeline.id: NAME and, below it, path.config: PATH");
        *ok = false;
        return false;
    }
    struct setting *flat;
    uint32_t errors = diag->errors, count = flatten(entry, list->environment, list->arena, &flat, diag);
    if (diag->errors != errors) *ok = false;
    for (uint32_t i = 0; i < count; i++) {
        if (option_find(settings_options, flat[i].key) && !key_is_for_pipelines(flat[i].key)) {
            diag_hint(diag,
                      diag_error(diag, flat[i].key_place, "`%.*s` is a setting of the process, not of a pipeline",
                                 STR_ARG(flat[i].key)),
                      "move it to logstash.yml");
            *ok = false;
        } else if (str_starts(flat[i].key, STR("config.reload."))) {
            diag_warning(diag, flat[i].key_place, "`%.*s` is read from the settings file only",
                         STR_ARG(flat[i].key));
        } else
            setting_list_add(list, flat[i]);
    }
    return true;
}

static const struct setting *id_of(const struct setting_list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (str_eq(list->items[i].key, STR("pipeline.id"))) return &list->items[i];
    return NULL;
}

/* `key:` without anything behind. */
static bool is_empty(const struct config_value *value)
{
    return value->kind == CONFIG_BAREWORD && value->text.len == 0;
}

static void check_id_is_free(const struct setting_list *lists, uint32_t i, const struct setting *id,
                             struct diag *diag)
{
    for (uint32_t k = 0; k < i; k++) {
        const struct setting *other = id_of(&lists[k]);
        if (!other || !str_eq(other->value.text, id->value.text)) continue;
        diag_other(diag, diag_error(diag, id->value.place, "two pipelines have the id `%.*s`",
                                    STR_ARG(id->value.text)),
                   other->value.place, "first here");
    }
}

static bool is_list_of_pipelines(const struct source_text *source, const struct config_value *root,
                                 struct diag *diag)
{
    if (!root || root->kind != CONFIG_ARRAY) {
        struct message *message =
            diag_error(diag, root ? root->place : (struct place){0},
                       "%.*s: expected a list of pipelines, each `- pipeline.id: NAME`", STR_ARG(source->name));
        if (root && root->kind == CONFIG_HASH) diag_hint(diag, message, "put `- ` before the first key");
        return false;
    }
    if (root->count <= PIPELINES_MAX) return true;
    diag_error(diag, root->items[PIPELINES_MAX].place, "more than %d pipelines", PIPELINES_MAX);
    return false;
}

/* Returns how many there are; `*ok` false: something is wrong with them. */
static uint32_t read_entries(const struct source_text *source, struct setting_list **lists,
                             const struct environment *environment, struct arena *arena, bool *ok,
                             struct diag *diag)
{
    uint32_t errors = diag->errors;
    struct config_value *root = yaml_parse(source, arena, diag);
    *ok = diag->errors == errors && is_list_of_pipelines(source, root, diag);
    if (!*ok) return 0;
    *lists = arena_zalloc(arena, (root->count + 1) * sizeof **lists);
    for (uint32_t i = 0; i < root->count; i++) {
        struct setting_list *list = &(*lists)[i];
        list->arena = arena;
        list->environment = environment;
        bool is_map = read_entry(list, &root->items[i], ok, diag);
        const struct setting *id = id_of(list);
        if (is_map && (!id || is_empty(&id->value)))
            diag_error(diag, id ? id->value.place : root->items[i].place, "a pipeline needs `pipeline.id`");
        else if (id)
            check_id_is_free(*lists, i, id, diag);
    }
    *ok = *ok && diag->errors == errors;
    return root->count;
}

static void load_unused(const struct setting_list *lists, uint32_t count, struct arena *arena, struct diag *diag)
{
    struct settings unused;
    for (uint32_t i = 0; i < count; i++) settings_load(&unused, &lists[i], arena, diag);
}

bool settings_read_pipelines(const char *path, struct setting_list **lists, uint32_t *count,
                             bool *is_missing, const struct environment *environment, struct arena *arena,
                             struct diag *diag)
{
    bool ok = false;
    struct source_text *source = read_source(path, is_missing, arena, diag);
    *count = source ? read_entries(source, lists, environment, arena, &ok, diag) : 0;
    /* What is wrong with their values is said when they are loaded: now, when they never will be. */
    if (!ok) load_unused(*lists, *count, arena, diag);
    return ok;
}

/* ---- checking alone ---- */

void settings_check_file(const struct source_text *source, const struct environment *environment,
                         struct arena *arena, struct diag *diag)
{
    struct setting_list list = {.arena = arena, .environment = environment};
    struct setting *flat = NULL;
    uint32_t count = flatten_source(source, &flat, environment, arena, diag);
    add_own_settings(&list, flat, count);
    load_unused(&list, 1, arena, diag);
}

void settings_check_pipelines(const struct source_text *source, const struct environment *environment,
                              struct arena *arena, struct diag *diag)
{
    struct setting_list *lists = NULL;
    bool ok;
    uint32_t count = read_entries(source, &lists, environment, arena, &ok, diag);
    load_unused(lists, count, arena, diag);
}

struct str settings_dead_letters(const struct settings *settings, struct arena *arena)
{
    if (settings->path_dead_letter_queue.len) return settings->path_dead_letter_queue;
    return arena_printf(arena, "%.*s/dead_letter_queue", STR_ARG(settings->path_data));
}

enum ecs settings_ecs(const struct settings *settings)
{
    return (enum ecs)settings->ecs_compatibility.value;
}
