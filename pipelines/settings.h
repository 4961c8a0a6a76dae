/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: logstash.yml (or tailrace.yml), pipelines.yml and the command line, with Logstash's keys
 * and meaning. All three become the same kind of list with places and are loaded through one table,
 * later ones winning: file, command line, pipelines.yml. Start-up only; memory is the arena's. */
#ifndef PIPELINES_SETTINGS_H
#define PIPELINES_SETTINGS_H
#include "core/environment.h"
#include "core/option.h"
#include "core/plugin.h"

enum {
    WORKERS_MAX = 256,
    BATCH_SIZE_MAX = 65536,
    PIPELINES_MAX = 1024,
    QUEUE_PAGE_BYTES_MIN = 512 * 1024,          /* queue.page_capacity */
    QUEUE_PAGE_BYTES_LIMIT = 1024 * 1024 * 1024,
    PIPELINE_MEMORY_MIN = 4 * 1024 * 1024,
};

/* Every key; of a pipeline: the process's values overlaid by its entry in pipelines.yml. */
struct settings {
    struct str node_name, path_data, path_settings, path_logs;
    struct str_list path_config;
    struct str config_string;
    bool test_and_exit, reload_automatic, config_debug, support_escapes;
    struct choice escape_style; /* of field references: enum path_escapes */
    bool strict_precedence;     /* compat.strict_precedence: Tailrace's own */
    struct duration reload_interval;
    struct str pipeline_id;
    int64_t workers, batch_size, batch_delay;
    struct choice ordered, ecs_compatibility;
    bool unsafe_shutdown;
    struct byte_size memory; /* pipeline.memory: Tailrace's own */
    struct byte_size memory_limit; /* memory.limit: of the process, Tailrace's own */
    struct choice queue_type;
    struct str path_queue;
    struct byte_size queue_page_capacity, queue_max_bytes;
    int64_t queue_max_events, queue_checkpoint_acks;
    struct choice queue_compression;
    bool queue_drain;
    bool dead_letter_queue_enable;
    struct str path_dead_letter_queue; /* empty: in path.data; see settings_dead_letters() */
    struct byte_size dead_letter_queue_max_bytes;
    struct choice dead_letter_queue_storage_policy; /* enum dead_letters_policy */
    struct duration dead_letter_queue_retain_age;   /* 0: none is too old */
    struct duration shutdown_timeout; /* shutdown.timeout: Tailrace's own */
    bool api_enabled;
    struct str api_environment, api_host, api_port;
    struct choice api_tap_enabled, api_auth_type;
    struct str api_auth_username;
    struct secret api_auth_password;
    struct choice log_level, log_format;
    const struct environment *environment; /* no key: the list's, for the pipeline's text */
    const struct input_stand_in *input_as; /* no key: instead of the text's inputs (dlq replay); or NULL */
};

extern const struct option settings_options[];

/* A list of settings that grows. */
struct setting_list {
    struct setting *items;
    uint32_t count, capacity;
    struct arena *arena;
    const struct environment *environment; /* of `${NAME}` in files; NULL: the process's alone */
};
void setting_list_add(struct setting_list *list, struct setting setting);
/* Where the value of the key was given last; no place when it was not. */
struct place setting_list_place(const struct setting_list *list, const char *key);

/* A key of a part of Logstash that is not here: accepted in files, without effect. */
bool settings_key_is_foreign(struct str key);
/* All of a settings file, foreign keys too, with dotted keys; returns their number. */
uint32_t settings_read_flat(const char *path, struct setting **flat, bool *is_missing,
                            const struct environment *environment, struct arena *arena, struct diag *diag);
/* Reads a settings file into the list; a missing file is no error (false and `*is_missing`). */
bool settings_read_file(struct setting_list *list, const char *path, bool *is_missing,
                        struct diag *diag);
/* Environment variables of the container image: PIPELINE_WORKERS stands for pipeline.workers. */
void settings_read_environment(struct setting_list *list);
/* Fills `settings` from a list whose later entries win. */
bool settings_load(struct settings *settings, const struct setting_list *list, struct arena *arena,
                   struct diag *diag);
/* One list for each entry of pipelines.yml (at most PIPELINES_MAX); false: complaints in the diag. */
bool settings_read_pipelines(const char *path, struct setting_list **lists, uint32_t *count,
                             bool *is_missing, const struct environment *environment, struct arena *arena,
                             struct diag *diag);

/* Says all that is wrong with the text of a settings file, or of pipelines.yml, and keeps nothing. */
void settings_check_file(const struct source_text *source, const struct environment *environment,
                         struct arena *arena, struct diag *diag);
void settings_check_pipelines(const struct source_text *source, const struct environment *environment,
                              struct arena *arena, struct diag *diag);

enum { QUEUE_COMPRESSION_NONE, QUEUE_COMPRESSION_DISABLED = 4 }; /* queue.compression */
enum queue_type { QUEUE_MEMORY, QUEUE_PERSISTED };

/* The folder of dead letters, in which each pipeline has its own. */
struct str settings_dead_letters(const struct settings *settings, struct arena *arena);
enum ecs settings_ecs(const struct settings *settings);

#endif
