/* SPDX-License-Identifier: Apache-2.0 */
/* http: asks a web service about each event, and puts the answer into it. The requests of a batch are made
 * side by side, at most REQUESTS_MAX at a time; the batch waits for all of them.
 *
 * Departures: a content-type of one's own wins; line breaks in headers become blanks, so that no event can
 * add a header; redirects and addresses lead to http and https only; an answer has at most
 * answer_limit bytes. */
#include <assert.h>
#include "core/filter.h"
#include "core/log.h"
#include "core/net/http_tls.h"
#include <stdio.h>
#include <strings.h>
#include "core/text/json.h"

enum { REQUESTS_MAX = 64, RETRIES_MAX = 100, BODY_DEPTH_MAX = 32 };

static const char *const verb_choices[] = {"GET", "HEAD", "PATCH", "DELETE", "POST", "PUT", NULL};
enum { BODY_TEXT, BODY_JSON };
static const char *const format_choices[] = {"text", "json", NULL};

/* A text, a number, a list or a hash whose texts are templates. */
struct shape {
    enum config_kind kind;
    struct template text; /* of a number: its digits */
    struct shape *items;
    struct template *keys;
    uint32_t count;
};

struct http {
    struct template url;
    struct choice verb, body_format;
    struct template_pairs headers, query;
    struct config_option body;
    struct path target_body, target_headers;
    struct str_list tag_on_request_failure, tag_on_json_failure;
    struct duration connect_timeout, request_timeout;
    struct byte_size answer_limit;
    int64_t pool_max, pool_max_per_route, automatic_retries;
    bool follow_redirects, keepalive;
    struct str proxy, user;
    struct secret password;
    struct http_tls_settings tls_settings;
    struct http_tls tls;
    struct shape shape; /* of the body */
    struct http_client_options options;
    struct http_client *client;
    struct filter *host;
    struct str id;
    struct job *job; /* of the batch that is asked for; in its memory */
    bool has_job;    /* not all answers have come */
};

struct job {
    struct batch *batch;
    struct selection in;
    uint32_t next; /* of it: the next request to make */
    uint32_t done;
    struct http_request **requests; /* by event index */
};

static const struct option http_options[] = {
    OPTION_TEMPLATE(struct http, url, .required = true, .help = "Address to ask: \"http://127.0.0.1/users/%{id}\"."),
    OPTION_CHOICE(struct http, verb, .preset = "GET", .choices = verb_choices, .help = "What is asked for."),
    OPTION_TEMPLATE_PAIRS(struct http, headers, .help = "Headers of the request."),
    OPTION_TEMPLATE_PAIRS(struct http, query, .help = "Parameters that are added to the address, encoded."),
    OPTION_RAW(struct http, body,
               .help = "What is sent: a text, or with body_format => json a hash or list, all with %{fields}."),
    OPTION_CHOICE(struct http, body_format, .preset = "text", .choices = format_choices,
                  .help = "How the body is sent; it decides the content-type unless headers have one."),
    OPTION_PATH(struct http, target_body,
                .help = "Field for the answer's body; body, or [http][response][body][content] in ECS mode."),
    OPTION_PATH(struct http, target_headers,
                .help = "Field for its headers; headers, or [@metadata][filter][http][response][headers] in ECS "
                        "mode."),
    OPTION_STRINGS(struct http, tag_on_request_failure, .preset = "_httprequestfailure",
                   .help = "Tags of events without an answer, or with another status than 200 to 299."),
    OPTION_STRINGS(struct http, tag_on_json_failure, .preset = "_jsonparsefailure",
                   .help = "Tags of events whose answer says that it is JSON and is not."),
    OPTION_DURATION(struct http, connect_timeout, .preset = "10", .unit = "s", .min = 1000000, .max = 3600000000000,
                    .help = "How long a connection may take."),
    OPTION_DURATION(struct http, request_timeout, .preset = "60", .unit = "s", .min = 1000000, .max = 3600000000000,
                    .help = "How long a request may take, with its answer."),
    OPTION_IGNORED("socket_timeout", "Accepted: request_timeout holds for the whole request."),
    OPTION_SIZE(struct http, answer_limit, .preset = "1mb", .min = 1, .max = 8 << 20,
                .help = "Most bytes of an answer; a larger one is a failure."),
    OPTION_INT(struct http, automatic_retries, .preset = "1", .min = 0, .max = RETRIES_MAX,
               .help = "How often a request is made again whose connection broke; not POST and PATCH."),
    OPTION_INT(struct http, pool_max, .preset = "50", .min = 1, .max = 1024, .help = "Most connections of a worker."),
    OPTION_INT(struct http, pool_max_per_route, .preset = "25", .min = 1, .max = 1024,
               .help = "Most of them to one server."),
    OPTION_BOOL(struct http, follow_redirects, .preset = "true",
                .help = "Goes where an answer points, 20 times at most."),
    OPTION_BOOL(struct http, keepalive, .preset = "true", .help = "Uses connections again."),
    OPTION_STRING(struct http, proxy, .help = "A proxy: http://HOST:PORT."),
    OPTION_STRING(struct http, user, .help = "Name for servers that want one (basic authentication)."),
    OPTION_SECRET(struct http, password, .help = "Its password."),
    OPTION_IGNORED("cookies", "Accepted: no cookies are kept."),
    OPTION_IGNORED("retry_non_idempotent", "Accepted: POST and PATCH are never made twice."),
    OPTION_IGNORED("validate_after_inactivity", "Accepted: connections that were idle are looked at anyway."),
    OPTION_GROUP(struct http, tls_settings, http_tls_options),
    OPTION_END
};

/* ---- options ---- */

static bool template_read(struct template *template, const struct plugin_context *context,
                          const struct config_value *value)
{
    struct str problem = {0};
    if (template_compile(template, value->text, context->arena, &problem)) return true;
    diag_error(context->diag, value->place, "%.*s", STR_ARG(problem));
    return false;
}

static bool shape_read(struct shape *shape, const struct plugin_context *context, const struct config_value *value,
                       uint32_t depth)
{
    shape->kind = value->kind;
    bool is_container = value->kind == CONFIG_ARRAY || value->kind == CONFIG_HASH;
    if (!is_container) return template_read(&shape->text, context, value);
    if (depth == BODY_DEPTH_MAX) {
        diag_error(context->diag, value->place, "body is deeper than %d", BODY_DEPTH_MAX);
        return false;
    }
    shape->count = value->count;
    shape->items = arena_zalloc(context->arena, (value->count + 1) * sizeof *shape->items);
    shape->keys = arena_zalloc(context->arena, (value->count + 1) * sizeof *shape->keys);
    bool ok = true;
    for (uint32_t i = 0; i < value->count; i++) {
        if (value->kind == CONFIG_HASH) ok = template_read(&shape->keys[i], context, &value->keys[i]) && ok;
        ok = shape_read(&shape->items[i], context, &value->items[i], depth + 1) && ok;
    }
    return ok;
}

static bool body_read(struct http *self, const struct plugin_context *context)
{
    const struct config_value *value = self->body.value;
    if (!value) return true;
    bool is_container = value->kind == CONFIG_ARRAY || value->kind == CONFIG_HASH;
    if (is_container && self->body_format.value == BODY_TEXT) {
        diag_hint(context->diag, diag_error(context->diag, value->place, "a body of text is one text"),
                  "set body_format => \"json\" to send it as JSON");
        return false;
    }
    return shape_read(&self->shape, context, value, 0);
}

static bool http_create(void *opaque, const struct plugin_context *context)
{
    struct http *self = opaque;
    bool is_ecs = context->ecs != ECS_DISABLED;
    self->id = context->id;
    self->options = (struct http_client_options){
        .connect_timeout_ms = self->connect_timeout.ns / 1000000,
        .request_timeout_ms = self->request_timeout.ns / 1000000,
        .connections_max = self->pool_max,
        .host_connections_max = self->pool_max_per_route,
        .follows_redirects = self->follow_redirects,
        .keeps_connections = self->keepalive,
        .retries = (uint32_t)self->automatic_retries,
        .proxy = http_text(self->proxy, context->arena),
        .user = http_text(self->user, context->arena),
        .password = http_text(self->password.text, context->arena)};
    struct str body = is_ecs ? STR("[http][response][body][content]") : STR("body");
    struct str headers = is_ecs ? STR("[@metadata][filter][http][response][headers]") : STR("headers");
    if (!self->target_body.text.ptr) path_compile(&self->target_body, body, context->arena);
    if (!self->target_headers.text.ptr) path_compile(&self->target_headers, headers, context->arena);
    bool ok = http_tls_read(&self->tls_settings, &self->tls, context);
    self->options.tls = &self->tls;
    ok = body_read(self, context) && ok;
    const char *problem;
    if (http_client_is_available(&problem)) return ok;
    diag_hint(context->diag, diag_error(context->diag, context->place, "libcurl is not to be had: %s", problem),
              "install the package libcurl4");
    return false;
}

/* ---- a request ---- */

static struct value shape_value(const struct shape *shape, const struct event *event)
{
    int64_t integer;
    double real;
    struct arena *arena = event->arena;
    if (shape->kind == CONFIG_NUMBER) {
        enum number_form form = config_number(shape->text.text, &integer, &real);
        return form == NUMBER_INT ? value_int(integer) : value_double(real);
    }
    if (shape->kind == CONFIG_ARRAY) {
        struct value list = value_array(arena, shape->count);
        for (uint32_t i = 0; i < shape->count; i++) array_push(list.array, arena, shape_value(&shape->items[i], event));
        return list;
    }
    if (shape->kind == CONFIG_HASH) {
        struct value map = value_map(arena, shape->count);
        for (uint32_t i = 0; i < shape->count; i++)
            map_set(map.map, arena, key_of(template_render(&shape->keys[i], event)),
                    shape_value(&shape->items[i], event));
        return map;
    }
    return value_string(template_render(&shape->text, event));
}

static struct str body_of(const struct http *self, const struct event *event)
{
    if (!self->body.value) return (struct str){0};
    struct value value = shape_value(&self->shape, event);
    struct buf text = buf_in_arena(event->arena);
    if (value.kind == VALUE_ARRAY || value.kind == VALUE_MAP)
        json_encode_value(&value, &text);
    else
        value_print(&value, &text);
    return text.len ? buf_str(&text) : STR("");
}

static void percent_append(struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool is_plain = is_digit((char)c) || ((c | 32) >= 'a' && (c | 32) <= 'z') || (c && strchr("-._~", c));
        if (is_plain)
            buf_append_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

/* NULL: it is no address (it has a zero byte in it). */
static const char *url_of(const struct http *self, const struct event *event)
{
    struct str url = template_render(&self->url, event);
    struct buf out = buf_in_arena(event->arena);
    buf_append(&out, url);
    const char *mark = url.len && memchr(url.ptr, '?', url.len) ? "&" : "?";
    for (uint32_t i = 0; i < self->query.count; i++)
        for (uint32_t k = 0; k < self->query.items[i].values.count; k++, mark = "&") {
            buf_append_z(&out, mark);
            percent_append(template_render(&self->query.items[i].name, event), &out);
            buf_append_char(&out, '=');
            percent_append(template_render(&self->query.items[i].values.items[k], event), &out);
        }
    if (out.len && memchr(out.ptr, 0, out.len)) return NULL;
    return arena_copy_z(event->arena, buf_str(&out));
}

/* What an event says may not begin a header of its own. */
static struct str header_text(struct str text, struct arena *arena)
{
    char *copy = arena_copy_z(arena, text);
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)copy[i] < ' ' || copy[i] == 127) copy[i] = ' ';
    return (struct str){copy, text.len};
}

static void headers_make(const struct http *self, struct http_request *request, const struct event *event)
{
    uint32_t count = 1;
    for (uint32_t i = 0; i < self->headers.count; i++) count += self->headers.items[i].values.count;
    struct http_header *headers = arena_alloc(event->arena, count * sizeof *headers);
    bool has_type = false;
    for (uint32_t i = 0; i < self->headers.count; i++) {
        const struct template_pair *pair = &self->headers.items[i];
        struct str name = header_text(template_render(&pair->name, event), event->arena);
        has_type |= name.len == strlen("content-type") && !strncasecmp(name.ptr, "content-type", name.len);
        for (uint32_t k = 0; k < pair->values.count; k++)
            headers[request->header_count++] = (struct http_header){
                name, header_text(template_render(&pair->values.items[k], event), event->arena)};
    }
    bool is_json = self->body_format.value == BODY_JSON;
    if (!has_type)
        headers[request->header_count++] =
            (struct http_header){STR("content-type"), is_json ? STR("application/json") : STR("text/plain")};
    request->headers = headers;
}

static void requests_go_on(struct http *self);

static void answer_came(struct http_request *request)
{
    struct http *self = request->opaque;
    self->job->done++;
    requests_go_on(self);
    if (self->job->done == self->job->in.count) filter_ready(self->host);
}

static void request_begin(struct http *self, struct event *event)
{
    struct http_request *request = arena_zalloc(event->arena, sizeof *request);
    self->job->requests[event->index] = request;
    request->method = verb_choices[self->verb.value];
    request->url = url_of(self, event);
    request->body = body_of(self, event);
    request->body_max = (size_t)self->answer_limit.bytes;
    request->arena = event->arena;
    request->done = answer_came;
    request->opaque = self;
    headers_make(self, request, event);
    if (request->url && arena_allows(event->arena, 0)) {
        http_client_send(self->client, request);
        return;
    }
    snprintf(request->error, sizeof request->error, "%s",
             request->url ? "no memory is left in the batch" : "the address has a zero byte in it");
    self->job->done++;
}

static void requests_go_on(struct http *self)
{
    struct job *job = self->job;
    while (job->next < job->in.count && job->next - job->done < REQUESTS_MAX) {
        struct event *event = job->batch->events[job->in.index[job->next++]];
        request_begin(self, event);
    }
}

static bool http_ask(void *opaque, struct batch *batch, const struct selection *in)
{
    struct http *self = opaque;
    if (!self->has_job) {
        struct job *job = arena_zalloc(&batch->arena, sizeof *job);
        job->batch = batch;
        job->in = *in;
        job->requests = arena_zalloc(&batch->arena, batch->count * sizeof(struct http_request *));
        self->job = job;
        requests_go_on(self);
    }
    assert(self->job->batch == batch && self->job->in.count == in->count);
    self->has_job = self->job->done < in->count;
    return !self->has_job;
}

/* ---- the answer ---- */

static struct str trimmed(struct str text)
{
    while (text.len && (is_blank(text.ptr[text.len - 1]) || !text.ptr[text.len - 1])) text.len--;
    while (text.len && is_blank(*text.ptr)) text = str_from(text, 1);
    return text;
}

/* Of one name several values are a list. */
static void header_put(struct map *map, struct arena *arena, struct str name, struct str text)
{
    struct key key = key_of(name);
    struct value value = value_string(text), *before = map_get(map, &key);
    if (before && before->kind == VALUE_ARRAY) {
        array_push(before->array, arena, value);
    } else if (before) {
        struct value list = value_array(arena, 2);
        array_push(list.array, arena, *before);
        array_push(list.array, arena, value);
        map_set(map, arena, key, list);
    } else {
        map_set(map, arena, key, value);
    }
}

static struct value headers_of(struct str lines, struct arena *arena)
{
    struct value map = value_map(arena, 8);
    while (lines.len) {
        const char *end = memchr(lines.ptr, '\n', lines.len);
        size_t len = end ? (size_t)(end - lines.ptr) : lines.len;
        struct str line = str_slice(lines, 0, len);
        lines = str_from(lines, end ? len + 1 : len);
        const char *colon = line.len ? memchr(line.ptr, ':', line.len) : NULL;
        if (!colon || str_starts(line, STR("HTTP/"))) continue;
        struct str name = trimmed(str_slice(line, 0, (size_t)(colon - line.ptr)));
        char *lower = arena_copy_z(arena, name);
        for (size_t i = 0; i < name.len; i++)
            if (lower[i] >= 'A' && lower[i] <= 'Z') lower[i] = (char)(lower[i] + 32);
        struct str value = trimmed(str_from(line, (size_t)(colon - line.ptr) + 1));
        header_put(map.map, arena, (struct str){lower, name.len}, value);
    }
    return map;
}

static bool is_json(const struct map *headers)
{
    const struct key key = key_of(STR("content-type"));
    const struct value *type = map_get(headers, &key);
    if (!value_is_string(type)) return false;
    struct str text = value_text(type);
    const char *end = text.len ? memchr(text.ptr, ';', text.len) : NULL;
    if (end) text.len = (size_t)(end - text.ptr);
    return str_eq(trimmed(text), STR("application/json"));
}

static void answer_put(const struct http *self, struct event *event, struct http_request *request)
{
    struct value headers = headers_of(buf_str(&request->answer_headers), event->arena), body;
    struct str text = buf_str(&request->answer);
    bool has_json = is_json(headers.map);
    path_set(&self->target_headers, event, headers);
    struct json_report report;
    if (!has_json) {
        path_set(&self->target_body, event, value_string(trimmed(text)));
    } else if (json_decode(text, JSON_WHOLE, event->arena, &body, &report)) {
        path_set(&self->target_body, event, body);
    } else {
        LOG(LOG_WARN, "http.json", self->id, "an answer is not the JSON it claims to be: %s", report.reason);
        for (uint32_t i = 0; i < self->tag_on_json_failure.count; i++)
            event_tag(event, self->tag_on_json_failure.items[i]);
    }
}

static void failure_say(const struct http *self, const struct http_request *request)
{
    if (request->status)
        LOG(LOG_WARN, "http.failed", self->id, "a request was answered with status %ld; its event is tagged",
            request->status);
    else
        LOG(LOG_WARN, "http.failed", self->id, "a request has no answer: %s; its event is tagged",
            request->error);
}

static void http_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    const struct http *self = opaque;
    assert(self->job && self->job->batch == batch);
    SELECTION_EACH (batch, in, event) {
        struct http_request *request = self->job->requests[event->index];
        if (request->status >= 200 && request->status <= 299) {
            answer_put(self, event, request);
            outcome_matched(out, event);
        } else {
            failure_say(self, request);
            outcome_failed_tags(out, event, self->tag_on_request_failure);
        }
    }
}

static int http_start(void *opaque, struct filter *host)
{
    struct http *self = opaque;
    self->host = host;
    return http_client_open(&self->client, host->loop, &self->options);
}

static void http_closed(void *opaque) { filter_stopped(((struct http *)opaque)->host); }

static void http_stop(void *opaque)
{
    struct http *self = opaque;
    assert(!self->has_job);
    http_client_close(self->client, http_closed, self);
}

static void http_fields(const void *opaque, struct field_set *fields)
{
    const struct http *self = opaque;
    fields_read_template(fields, &self->url);
    for (uint32_t i = 0; i < self->query.count; i++)
        for (uint32_t k = 0; k < self->query.items[i].values.count; k++)
            fields_read_template(fields, &self->query.items[i].values.items[k]);
    fields_fail(fields);
    fields_put(fields, &self->target_headers, TYPE_OBJECT);
    fields_may_put(fields, &self->target_body, TYPE_ANY);
}

const struct filter_type filter_http = {
    .name = "http",
    .summary = "Asks a web service about each event.",
    .size = sizeof(struct http),
    .options = http_options,
    .create = http_create,
    .apply = http_apply,
    .start = http_start,
    .ask = http_ask,
    .stop = http_stop,
    .fields = http_fields,
    .is_ecs = true,
};
