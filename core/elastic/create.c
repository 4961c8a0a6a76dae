/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the options that say what becomes of an event, and what is decided before the first one. */
#include <stdlib.h>
#include "core/elastic/elastic.h"

/* ---- documents ---- */

/* Options that a block may have whose events go to a data stream without it being asked for. */
static const char *const stream_options[] = {
    "routing", "pipeline", "manage_template", "action", "data_stream", "data_stream_type", "data_stream_dataset",
    "data_stream_namespace", "data_stream_sync_fields", "data_stream_auto_routing", "hosts", "cloud_id", "cloud_auth",
    "user", "password", "api_key", "bearer_token", "path", "bulk_path", "parameters", "custom_headers", "proxy",
    "timeout", "pool_max", "pool_max_per_route", "validate_after_inactivity", "healthcheck_path", "resurrect_delay",
    "sniffing", "sniffing_delay", "sniffing_path", "compression_level", "http_compression", "ssl_enabled", "ssl",
    "ssl_verification_mode", "ssl_certificate_authorities", "cacert", "ssl_certificate", "ssl_key",
    "ssl_key_passphrase", "ssl_keystore_path", "ssl_keystore_password", "ssl_supported_protocols",
    "ssl_cipher_suites", "retry_initial_interval", "retry_max_interval", "retry_on_conflict",
    "silence_errors_in_log", "drop_error_types", "dlq_custom_codes", "conflict", "id", "codec", "enable_metric",
    "ecs_compatibility", "ordered", "batch_events", "batch_bytes", "batch_wait", "requests_max", "answer_limit",
    "rate_limit_events", "rate_limit_bytes", "document_id", "kafka_document_id", NULL};

static bool is_stream_option(const struct elastic *self, const struct setting *setting)
{
    if (str_eq_z(setting->key, "action") && !str_eq_z(self->options.action.text, "create")) return false;
    if (str_eq_z(setting->key, "manage_template") && self->options.manage_template) return false;
    for (size_t i = 0; stream_options[i]; i++)
        if (str_eq_z(setting->key, stream_options[i])) return true;
    return false;
}

static bool stream_name_is_good(struct str name)
{
    if (!name.len || name.len > 100) return false;
    for (size_t i = 0; i < name.len; i++)
        if (!name.ptr[i] || strchr("\\/*?\"<>| ,#:", name.ptr[i])) return false;
    return true;
}

static bool stream_decide(struct elastic *self, const struct plugin_context *context)
{
    struct elastic_options *options = &self->options;
    const struct setting *other = NULL, *own = NULL;
    for (uint32_t i = 0; i < context->setting_count; i++) {
        const struct setting *setting = &context->settings[i];
        if (!is_stream_option(self, setting)) other = other ? other : setting;
        bool is_own = str_starts(setting->key, STR("data_stream_"));
        if (is_own) own = own ? own : setting;
    }
    bool is_auto = options->data_stream.value == ELASTIC_AUTO;
    self->is_data_stream = options->data_stream.value == ELASTIC_TRUE || (is_auto && self->is_ecs && !other);
    if (self->is_data_stream && other) {
        diag_error(context->diag, other->key_place, "`%.*s` does not go with data streams", STR_ARG(other->key));
        return false;
    }
    if (!self->is_data_stream && own) {
        struct message *message = diag_error(context->diag, own->key_place, "`%.*s` is for data streams",
                                             STR_ARG(own->key));
        diag_hint(context->diag, message, "set data_stream => true, and leave index options out");
        return false;
    }
    if (self->is_data_stream) options->manage_template = false;
    if (stream_name_is_good(options->data_stream_dataset) && stream_name_is_good(options->data_stream_namespace))
        return true;
    return option_complain(context, "data_stream_dataset", "this cannot be a part of a data stream's name",
                    "1 to 100 bytes, none of \\ / * ? \" < > | , # : and no blanks");
}

static enum elastic_action action_of(struct str text)
{
    static const char *const names[] = {"index", "create", "update", "delete", NULL};
    for (uint32_t i = 0; names[i]; i++)
        if (str_eq_z(text, names[i])) return (enum elastic_action)i;
    return ACTION_UNKNOWN;
}

static bool action_check(struct elastic *self, const struct plugin_context *context)
{
    struct elastic_options *options = &self->options;
    bool is_update = str_eq_z(options->action.text, "update");
    bool is_known = !options->action.text.len || !options->action.is_literal ||
                    action_of(options->action.text) != ACTION_UNKNOWN;
    if (!is_known)
        return option_complain(context, "action", "this is none of index, create, update, delete", "or use a %{field}");
    if (is_update && !options->document_id.text.len && !options->kafka_document_id)
        return option_complain(context, "action", "update needs a document_id", NULL);
    if (options->version_type.value && !options->version.text.len)
        return option_complain(context, "version_type", "`version_type` needs a `version`", NULL);
    if (options->version_type.value && (is_update || str_eq_z(options->action.text, "create")))
        return option_complain(context, "version_type", "`version_type` does not go with create and update", NULL);
    if (options->doc_as_upsert && options->scripted_upsert)
        return option_complain(context, "doc_as_upsert", "`doc_as_upsert` does not go with scripted_upsert", NULL);
    if (options->kafka_document_id && options->document_id.text.len)
        return option_complain(context, "kafka_document_id", "there is a document_id, too", "leave one of them out");
    return true;
}

static bool codes_read(struct elastic *self, const struct plugin_context *context)
{
    for (uint32_t i = 0; i < self->options.dlq_custom_codes.count; i++) {
        const char *text = arena_copy_z(context->arena, self->options.dlq_custom_codes.items[i]);
        long code = strtol(text, NULL, 10);
        bool is_taken = code == 200 || code == 201 || code == 400 || code == 404 || code == 409;
        if (code < 100 || code > 599 || is_taken)
            return option_complain(context, "dlq_custom_codes", "codes are 100 to 599, but not 200, 201, 400, 404, 409",
                            NULL);
        self->codes[self->code_count++] = (uint16_t)code;
    }
    return true;
}

static void template_set(struct template *template, struct str text, const struct plugin_context *context)
{
    bool ok = template_compile(template, text, context->arena, NULL);
    assert(ok);
    (void)ok;
}

static void paths_make(struct elastic *self, struct arena *arena)
{
    const struct { struct path *path; struct str text; } rows[] = {
        {&self->meta, STR("[@metadata][_ingest_document]")},
        {&self->meta_index, STR("[@metadata][_ingest_document][index]")},
        {&self->meta_id, STR("[@metadata][_ingest_document][id]")},
        {&self->meta_routing, STR("[@metadata][_ingest_document][routing]")},
        {&self->meta_pipeline, STR("[@metadata][_ingest_document][pipeline]")},
        {&self->meta_version, STR("[@metadata][_ingest_document][version]")},
        {&self->meta_version_type, STR("[@metadata][_ingest_document][version_type]")},
        {&self->target_pipeline, STR("[@metadata][target_ingest_pipeline]")},
        {&self->kafka_topic, STR("[@metadata][kafka][topic]")},
        {&self->kafka_partition, STR("[@metadata][kafka][partition]")},
        {&self->kafka_offset, STR("[@metadata][kafka][offset]")},
        {&self->data_stream_fields, STR("[data_stream]")}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) path_compile(rows[i].path, rows[i].text, arena);
}

static void presets_set(struct elastic *self, const struct plugin_context *context)
{
    struct elastic_options *options = &self->options;
    self->is_index_given = options->index.text.len;
    self->alias = options->ilm_rollover_alias.len ? options->ilm_rollover_alias
                  : self->is_ecs                  ? STR("ecs-logstash")
                                                  : STR("logstash");
    self->has_alias = options->ilm_rollover_alias.len;
    if (!self->is_index_given)
        template_set(&options->index,
                     self->is_ecs ? STR("ecs-logstash-%{+yyyy.MM.dd}") : STR("logstash-%{+yyyy.MM.dd}"), context);
    if (!options->action.text.len)
        template_set(&options->action, self->is_data_stream ? STR("create") : STR("index"), context);
    template_set(&self->ilm_index, self->alias, context);
    self->template_name = options->template_name.len ? options->template_name
                          : self->is_ecs             ? STR("ecs-logstash")
                                                     : STR("logstash");
    if (!options->ilm_pattern.len) options->ilm_pattern = STR("{now/d}-000001");
    self->is_id_kafka = options->kafka_document_id;
    if (self->is_id_kafka && !context_is_given(context, "conflict")) options->conflict.value = CONFLICT_SENT;
    self->is_plain = options->action.is_literal && !options->routing.text.len && !options->pipeline.text.len &&
                     !options->version.text.len && str_eq_z(options->action.text, "index") && !self->is_data_stream;
}

bool elastic_create(void *opaque, const struct plugin_context *context)
{
    struct elastic *self = opaque;
    self->is_ecs = context->ecs != ECS_DISABLED;
    const char *problem;
    if (!http_client_is_available(&problem)) {
        diag_hint(context->diag, diag_error(context->diag, context->place, "libcurl is not to be had: %s", problem),
                  "install the package libcurl4");
        return false;
    }
    bool ok = connection_create(self, context);
    ok = stream_decide(self, context) && action_check(self, context) && codes_read(self, context) && ok;
    if (!ok) return false;
    if (self->options.retry_max_interval.ns < self->options.retry_initial_interval.ns)
        self->options.retry_max_interval = self->options.retry_initial_interval;
    paths_make(self, context->arena);
    presets_set(self, context);
    return true;
}
