/* SPDX-License-Identifier: Apache-2.0 */
#include "core/elastic/setup.h"
#include <stdlib.h>
#include "core/elastic/template_text.h"
#include "core/log.h"
#include "core/text/encode.h"
#include "core/text/json.h"
#include "core/xmalloc.h"

struct setup {
    struct elastic *self;
    struct arena arena; /* of one request */
    struct http_request http;
    void (*answered)(struct setup *setup);
    uv_timer_t timer;
    uint32_t host, attempts;
    int64_t major;
    bool is_opensearch, is_serverless, is_asking, is_done;
    void (*closed)(void *opaque);
};

static void hello(struct setup *setup);

/* ---- asking ---- */

static void came(struct http_request *http)
{
    struct setup *setup = http->opaque;
    setup->is_asking = false;
    setup->answered(setup);
}

/* `path` begins with a slash and is encoded; the body is copied. */
static void ask(struct setup *setup, const char *method, const char *path, const char *body,
                void (*answered)(struct setup *setup))
{
    struct elastic *self = setup->self;
    assert(!setup->is_asking && *path == '/');
    arena_fini(&setup->arena);
    arena_init(&setup->arena, &self->output->loop->pool);
    setup->answered = answered;
    setup->is_asking = true;
    struct str url = arena_printf(&setup->arena, "%s%s", self->hosts.bases[setup->host], path);
    setup->http = (struct http_request){.method = method,
                                        .url = arena_copy_z(&setup->arena, url),
                                        .headers = self->headers,
                                        .header_count = self->plain_headers,
                                        .body_max = SETUP_ANSWER_MAX,
                                        .arena = &setup->arena,
                                        .done = came,
                                        .opaque = setup};
    if (body) setup->http.body = str_of(arena_copy_z(&setup->arena, str_of(body)));
    http_client_send(self->client, &setup->http);
}

static void timer_due(uv_timer_t *timer) { hello(timer->data); }

/* From the beginning, at the next host. */
static void fail(struct setup *setup, const char *what)
{
    struct elastic *self = setup->self;
    long status = setup->http.status;
    const char *host = self->hosts.bases[setup->host];
    struct bulk_item error = {0};
    if (status) error_answer_read(buf_str(&setup->http.answer), &setup->arena, &error);
    counter_add(&self->output->counters.errors, 1);
    if (status == 401 || status == 403)
        LOG(LOG_ERROR, "elasticsearch.denied", self->output->id, "%s refuses the login (%s, status %ld): mend user, "
            "password or api_key, or the rights it has; documents wait until then", host, what, status);
    else
        LOG(LOG_WARN, "elasticsearch.setup", self->output->id,
            "%s: %s (status %ld %s%.*s); tried again, documents wait", host, what, status, setup->http.error,
            STR_ARG(error.reason));
    setup->host = (setup->host + 1) % self->hosts.count;
    uint64_t pause = backoff_delay(self->delivery.options.again, ++setup->attempts);
    uv_timer_start(&setup->timer, timer_due, pause, 0);
}

static bool is_good(const struct setup *setup) { return setup->http.status >= 200 && setup->http.status < 300; }

static void finish(struct setup *setup)
{
    setup->is_done = true;
    arena_fini(&setup->arena);
    struct elastic *self = setup->self;
    self->waits_for_alias = false;
    delivery_release(&self->delivery);
    if (self->has_refused) output_ready(self->output);
}

static const char *encoded(struct setup *setup, const char *before, struct str name, const char *after)
{
    char *text = arena_alloc(&setup->arena, 3 * name.len + 1);
    size_t len = url_encode(name, text);
    return arena_copy_z(&setup->arena, arena_printf(&setup->arena, "%s%.*s%s", before, (int)len, text, after));
}

/* ---- the first index of the alias ---- */

static void index_made(struct setup *setup)
{
    struct bulk_item error = {0};
    if (!is_good(setup)) error_answer_read(buf_str(&setup->http.answer), &setup->arena, &error);
    if (is_good(setup) || str_eq_z(error.type, "resource_already_exists_exception")) /* another was faster */
        finish(setup);
    else
        fail(setup, "the first index of the alias cannot be made");
}

static void alias_known(struct setup *setup)
{
    const struct elastic *self = setup->self;
    if (setup->http.status != 404) {
        if (is_good(setup))
            finish(setup);
        else
            fail(setup, "the alias cannot be asked for");
        return;
    }
    struct str name = arena_printf(&setup->arena, "<%.*s-%.*s>", STR_ARG(self->alias),
                                   STR_ARG(self->options.ilm_pattern));
    char *path = strdup(encoded(setup, "/", name, ""));
    char *body = alias_text(arena_copy_z(&setup->arena, self->alias));
    if (!path || !body) abort(); /* no memory */
    ask(setup, "PUT", path, body, index_made);
    free(path);
    free(body);
}

static void alias_ask(struct setup *setup)
{
    if (setup->self->is_using_alias)
        ask(setup, "HEAD", encoded(setup, "/_alias/", setup->self->alias, ""), NULL, alias_known);
    else
        finish(setup);
}

/* ---- the template ---- */

static bool is_legacy(const struct setup *setup)
{
    int32_t api = setup->self->options.template_api.value;
    return api == 1 || (api == 0 && setup->major < 8 && !setup->is_opensearch);
}

static const char *template_path(struct setup *setup)
{
    const struct elastic *self = setup->self;
    bool is_alias = self->is_using_alias && !self->options.template_name.len;
    return encoded(setup, is_legacy(setup) ? "/_template/" : "/_index_template/",
                   is_alias ? self->alias : self->template_name, "");
}

static void template_put(struct setup *setup)
{
    if (is_good(setup))
        alias_ask(setup);
    else
        fail(setup, "the template is not taken");
}

static void template_make(struct setup *setup)
{
    const struct elastic *self = setup->self;
    const struct elastic_options *options = &self->options;
    struct arena *arena = &setup->arena;
    struct str start = self->is_using_alias ? self->alias : self->is_ecs ? STR("ecs-logstash") : STR("logstash");
    const char *alias = self->is_using_alias ? arena_copy_z(arena, self->alias) : NULL;
    struct template_wish wish = {.file = options->template.len ? arena_copy_z(arena, options->template) : NULL,
                                 .pattern = arena_copy_z(arena, arena_printf(arena, "%.*s-*", STR_ARG(start))),
                                 .alias = alias,
                                 .policy = arena_copy_z(arena, options->ilm_policy),
                                 .is_legacy = is_legacy(setup)};
    char problem[256];
    char *body = template_text(&wish, problem, sizeof problem), *path = strdup(template_path(setup));
    if (!path) abort(); /* no memory */
    if (body)
        ask(setup, "PUT", path, body, template_put);
    else
        fail(setup, problem);
    free(path);
    free(body);
}

static void template_known(struct setup *setup)
{
    if (setup->http.status == 404 || (is_good(setup) && setup->self->options.template_overwrite))
        template_make(setup);
    else if (is_good(setup))
        alias_ask(setup);
    else
        fail(setup, "the template cannot be asked for");
}

static void template_ask(struct setup *setup)
{
    if (setup->self->options.manage_template)
        ask(setup, "HEAD", template_path(setup), NULL, template_known);
    else
        alias_ask(setup);
}

/* ---- the lifecycle ---- */

static void policy_put(struct setup *setup)
{
    setup->self->is_using_alias = is_good(setup);
    if (is_good(setup))
        template_ask(setup);
    else
        fail(setup, "the lifecycle policy is not taken");
}

static bool is_preset_policy(const struct setup *setup)
{
    return str_eq_z(setup->self->options.ilm_policy, "logstash-policy");
}

static void policy_known(struct setup *setup)
{
    struct elastic *self = setup->self;
    struct bulk_item error = {0};
    if (!is_good(setup)) error_answer_read(buf_str(&setup->http.answer), &setup->arena, &error);
    long status = setup->http.status;
    bool is_missing = status == 404 && str_eq_z(error.type, "resource_not_found_exception");
    bool has_none = status == 400 || status == 405 || (status == 404 && !is_missing); /* a store without it */
    if (is_good(setup)) {
        self->is_using_alias = true;
        template_ask(setup);
    } else if (is_missing && is_preset_policy(setup)) {
        char *path = strdup(encoded(setup, "/_ilm/policy/", self->options.ilm_policy, "")), *body = policy_text();
        if (!path || !body) abort(); /* no memory */
        ask(setup, "PUT", path, body, policy_put);
        free(path);
        free(body);
    } else if (has_none && self->options.ilm_enabled.value == ELASTIC_AUTO) {
        template_ask(setup);
    } else {
        fail(setup, is_missing ? "there is no such ilm_policy: make it" : "no lifecycle management is to be had");
    }
}

static bool may_use_alias(const struct elastic *self)
{
    int32_t wish = self->options.ilm_enabled.value;
    bool fits = !self->is_index_given || self->has_alias;
    return !self->is_data_stream && (wish == ELASTIC_TRUE || (wish == ELASTIC_AUTO && fits));
}

static void policy_ask(struct setup *setup)
{
    const struct elastic *self = setup->self;
    bool is_possible = !setup->is_serverless && !setup->is_opensearch;
    if (may_use_alias(self) && (is_possible || self->options.ilm_enabled.value == ELASTIC_TRUE))
        ask(setup, "GET", encoded(setup, "/_ilm/policy/", self->options.ilm_policy, ""), NULL, policy_known);
    else
        template_ask(setup);
}

/* ---- who is there ---- */

static const struct value *member(const struct value *map, const char *name)
{
    struct key key = key_of(str_of(name));
    return map && map->kind == VALUE_MAP ? map_get(map->map, &key) : NULL;
}

static bool has_text(const struct value *value, const char *text)
{
    return value_is_string(value) && str_eq_z(value_text(value), text);
}

/* The version of an answer to `/`, or of the first node of an answer to `/_nodes`. */
static const struct value *number_of(const struct value *root)
{
    const struct value *nodes = member(root, "nodes");
    if (!nodes || nodes->kind != VALUE_MAP) return member(member(root, "version"), "number");
    MAP_EACH (nodes->map, entry)
        return member(&entry->value, "version");
    return NULL;
}

static bool store_read(struct setup *setup)
{
    struct value root;
    struct json_report report;
    if (!json_decode(buf_str(&setup->http.answer), JSON_WHOLE, &setup->arena, &root, &report)) return false;
    const struct value *number = number_of(&root);
    if (!value_is_string(number) || !number->len) return false;
    struct str text = value_text(number);
    setup->major = 0;
    for (size_t i = 0; i < text.len && i < 4 && is_digit(text.ptr[i]); i++)
        setup->major = setup->major * 10 + (text.ptr[i] - '0');
    setup->is_opensearch = has_text(member(member(&root, "version"), "distribution"), "opensearch");
    setup->is_serverless = has_text(member(member(&root, "version"), "build_flavor"), "serverless");
    LOG(LOG_INFO, "elasticsearch.store", setup->self->output->id, "%s is %s %.*s",
        setup->self->hosts.bases[setup->host], setup->is_opensearch ? "OpenSearch" : "Elasticsearch", STR_ARG(text));
    return true;
}

static void store_known(struct setup *setup)
{
    setup->self->is_using_alias = false;
    if (!is_good(setup))
        fail(setup, "the store cannot be asked who it is");
    else if (!store_read(setup))
        fail(setup, "what answers there is no Elasticsearch");
    else
        policy_ask(setup);
}

/* Some have nothing at `/`: a proxy that lets only what is needed through, a server without its extras. */
static void hello_answered(struct setup *setup)
{
    long status = setup->http.status;
    if (status == 400 || status == 404 || status == 405)
        ask(setup, "GET", "/_nodes/_local?filter_path=nodes.*.version", NULL, store_known);
    else
        store_known(setup);
}

static void hello(struct setup *setup) { ask(setup, "GET", "/", NULL, hello_answered); }

/* ---- opening and closing ---- */

struct setup *setup_begin(struct elastic *self)
{
    struct setup *setup = xcalloc(1, sizeof *setup);
    setup->self = self;
    arena_init(&setup->arena, &self->output->loop->pool);
    uv_timer_init(&self->output->loop->uv, &setup->timer);
    setup->timer.data = setup;
    self->waits_for_alias = may_use_alias(self);
    hello(setup);
    return setup;
}

static void timer_closed(uv_handle_t *handle)
{
    struct setup *setup = handle->data;
    struct elastic *self = setup->self;
    void (*closed)(void *opaque) = setup->closed;
    free(setup);
    closed(self);
}

void setup_close(struct setup *setup, void (*closed)(void *opaque))
{
    if (setup->is_asking) http_client_cancel(setup->self->client, &setup->http);
    if (!setup->is_done) arena_fini(&setup->arena);
    setup->closed = closed;
    uv_close((uv_handle_t *)&setup->timer, timer_closed);
}
