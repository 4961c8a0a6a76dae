/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the options that say where the store is and how it is spoken to, and what is made of them. */
#include <unistd.h>
#include "core/elastic/elastic.h"
#include "core/text/encode.h"

/* ---- hosts ---- */

static bool hosts_agree(struct elastic *self, const struct host_parts *parts, bool is_first)
{
    struct elastic_hosts *hosts = &self->hosts;
    bool is_https = str_eq_z(parts->scheme, "https");
    if (is_first) {
        hosts->is_https = is_https;
        hosts->user = parts->user;
        hosts->password = parts->password;
        return true;
    }
    return hosts->is_https == is_https && str_eq(hosts->user, parts->user) &&
           str_eq(hosts->password, parts->password);
}

static bool host_read(struct elastic *self, const struct plugin_context *context, uint32_t n, bool is_https)
{
    struct elastic_options *options = &self->options;
    struct host_parts parts;
    const char *problem;
    struct str text = options->hosts.items[n];
    if (!host_parse(text, &parts, &problem)) {
        diag_error(context->diag, context_item_place(context, "hosts", n), "this is no address: %s", problem);
        return false;
    }
    if (!parts.scheme.len && is_https) parts.scheme = STR("https");
    if (!hosts_agree(self, &parts, n == 0))
        return option_complain(context, "hosts", "addresses differ in scheme or login",
                        "write the same for each, or use user and password");
    if (parts.has_login && options->user.len)
        return option_complain(context, "user", "the addresses have a login, too", "leave one of them out");
    if (parts.path.len > 1 && options->path.len)
        return option_complain(context, "path", "the addresses have a path, too", "leave one of them out");
    self->hosts.bases[n] = host_base(&parts, is_https, options->path, context->arena);
    return true;
}

/* cloud_id: NAME:base64 of DOMAIN$ELASTICSEARCH$KIBANA. */
static bool cloud_read(struct elastic *self, const struct plugin_context *context)
{
    struct elastic_options *options = &self->options;
    if (!options->cloud_id.len) return true;
    if (context_is_given(context, "hosts"))
        return option_complain(context, "cloud_id", "hosts are given, too", "leave one of them out");
    ptrdiff_t colon = str_find(options->cloud_id, STR(":"));
    struct str packed = colon < 0 ? options->cloud_id : str_from(options->cloud_id, (size_t)colon + 1);
    char *plain = arena_alloc(context->arena, packed.len + 1);
    size_t len = 0;
    struct str text = base64_decode(packed, plain, &len) ? (struct str){plain, len} : (struct str){0};
    ptrdiff_t dollar = str_find(text, STR("$"));
    if (dollar <= 0)
        return option_complain(context, "cloud_id", "`cloud_id` is not a cloud id",
                               "copy it from the deployment's page");
    struct str domain = str_slice(text, 0, (size_t)dollar), rest = str_from(text, (size_t)dollar + 1);
    dollar = str_find(rest, STR("$"));
    struct str name = dollar < 0 ? rest : str_slice(rest, 0, (size_t)dollar);
    ptrdiff_t port = str_find(domain, STR(":"));
    struct str host = port < 0 ? domain : str_slice(domain, 0, (size_t)port);
    options->hosts = (struct str_list){arena_alloc(context->arena, sizeof(struct str)), 1};
    options->hosts.items[0] =
        arena_printf(context->arena, "https://%.*s.%.*s%.*s", STR_ARG(name), STR_ARG(host),
                     port < 0 ? 4 : (int)(domain.len - (size_t)port), port < 0 ? ":443" : domain.ptr + port);
    if (options->cloud_auth.text.len) {
        struct str login = options->cloud_auth.text;
        colon = str_find(login, STR(":"));
        options->user = colon < 0 ? login : str_slice(login, 0, (size_t)colon);
        options->password.text = colon < 0 ? (struct str){0} : str_from(login, (size_t)colon + 1);
    }
    return true;
}

static bool hosts_read(struct elastic *self, const struct plugin_context *context)
{
    struct elastic_options *options = &self->options;
    if (!cloud_read(self, context)) return false;
    struct str wanted = options->tls.ssl_enabled;
    if (wanted.len && !str_eq_z(wanted, "true") && !str_eq_z(wanted, "false"))
        return option_complain(context, "ssl_enabled", "it is true or false", NULL);
    self->hosts.count = options->hosts.count;
    self->hosts.bases = arena_alloc(context->arena, options->hosts.count * sizeof *self->hosts.bases);
    for (uint32_t i = 0; i < options->hosts.count; i++)
        if (!host_read(self, context, i, str_eq_z(wanted, "true"))) return false;
    if (wanted.len && str_eq_z(wanted, "true") != self->hosts.is_https)
        return option_complain(context, "ssl_enabled", "the addresses say otherwise", "make it one of http and https");
    return true;
}

/* ---- login and headers ---- */

static void header_add(struct elastic *self, struct str name, struct str value)
{
    assert(self->header_count < ELASTIC_HEADERS_MAX);
    self->headers[self->header_count++] = (struct http_header){name, value};
}

static struct str api_key_text(struct str key, struct arena *arena)
{
    if (str_find(key, STR(":")) < 0) return arena_printf(arena, "ApiKey %.*s", STR_ARG(key));
    char *packed = arena_alloc(arena, base64_size(key.len));
    base64_encode(key, packed);
    return arena_printf(arena, "ApiKey %.*s", (int)base64_size(key.len), packed);
}

static bool login_read(struct elastic *self, const struct plugin_context *context)
{
    struct elastic_options *options = &self->options;
    struct arena *arena = context->arena;
    bool has_user = options->user.len || self->hosts.user.len;
    if (has_user + (options->api_key.text.len > 0) + (options->bearer_token.text.len > 0) > 1)
        return option_complain(context, options->api_key.text.len ? "api_key" : "bearer_token",
                               "there is another login, too", "use one of user and password, api_key, bearer_token");
    if (options->api_key.text.len && !self->hosts.is_https)
        return option_complain(context, "api_key", "`api_key` needs https: anyone could read the key",
                               "use https:// addresses");
    if (options->api_key.text.len) header_add(self, STR("authorization"), api_key_text(options->api_key.text, arena));
    if (options->bearer_token.text.len)
        header_add(self, STR("authorization"),
                   arena_printf(arena, "Bearer %.*s", STR_ARG(options->bearer_token.text)));
    struct str user = options->user.len ? options->user : self->hosts.user;
    struct str password = options->user.len ? options->password.text : self->hosts.password;
    char *plain = arena_alloc(arena, password.len + 1);
    if (!options->user.len) password = (struct str){plain, url_decode(password, false, plain)};
    self->http.user = http_text(user, arena);
    self->http.password = user.len ? arena_copy_z(arena, password) : NULL;
    return true;
}

static bool headers_read(struct elastic *self, const struct plugin_context *context)
{
    const struct str_pairs *own = &self->options.custom_headers;
    if (own->count > ELASTIC_HEADERS_MAX / 2)
        return option_complain(context, "custom_headers", "there are more than 16 headers", NULL);
    header_add(self, STR("content-type"), STR("application/json"));
    header_add(self, STR("user-agent"), STR("tailrace/" TAILRACE_VERSION));
    for (uint32_t i = 0; i < own->count; i++) header_add(self, own->items[i].name, own->items[i].value);
    self->plain_headers = self->header_count;
    if (self->is_gzip) header_add(self, STR("content-encoding"), STR("gzip"));
    return true;
}

static bool compression_read(struct elastic *self, const struct plugin_context *context)
{
    struct str old = self->options.http_compression;
    if (old.len && !str_eq_z(old, "true") && !str_eq_z(old, "false"))
        return option_complain(context, "http_compression", "it is true or false", NULL);
    if (old.len && !context_is_given(context, "compression_level"))
        self->options.compression_level = str_eq_z(old, "true");
    self->is_gzip = self->options.compression_level > 0;
    return true;
}

/* ---- addresses ---- */

static void parameters_append(const struct elastic *self, bool is_bulk, struct buf *out)
{
    const struct str_pairs *own = &self->options.parameters;
    const char *mark = memchr(out->ptr, '?', out->len) ? "&" : "?";
    if (is_bulk && str_find(buf_str(out), STR("filter_path=")) < 0) {
        buf_printf(out, "%sfilter_path=errors,items.*.error,items.*.status", mark);
        mark = "&";
    }
    for (uint32_t i = 0; i < own->count; i++, mark = "&") {
        char text[3 * 256];
        buf_append_z(out, mark);
        for (int k = 0; k < 2; k++) {
            struct str part = k ? own->items[i].value : own->items[i].name;
            if (part.len > 256) part.len = 256;
            if (k) buf_append_char(out, '=');
            buf_append(out, (struct str){text, url_encode(part, text)});
        }
    }
}

static void urls_make(struct elastic *self, struct arena *arena)
{
    self->bulk_urls = arena_alloc(arena, self->hosts.count * sizeof *self->bulk_urls);
    for (uint32_t i = 0; i < self->hosts.count; i++) {
        struct buf url = buf_in_arena(arena);
        struct str own = self->options.bulk_path;
        struct str base = str_of(self->hosts.bases[i]);
        if (own.len) { /* stands behind host and port */
            ptrdiff_t slash = str_find(str_from(base, strlen("https://")), STR("/"));
            if (slash >= 0) base.len = strlen("https://") + (size_t)slash;
        }
        buf_append(&url, base);
        if (own.len && *own.ptr != '/') buf_append_char(&url, '/');
        buf_append(&url, own.len ? own : STR("/_bulk"));
        parameters_append(self, true, &url);
        self->bulk_urls[i] = arena_copy_z(arena, buf_str(&url));
    }
}

static void limits_read(struct elastic *self, const struct plugin_context *context)
{
    const struct elastic_options *options = &self->options;
    int64_t timeout = options->timeout.ns / 1000000;
    self->http.connect_timeout_ms = timeout < ELASTIC_CONNECT_MS ? timeout : ELASTIC_CONNECT_MS;
    self->http.request_timeout_ms = timeout;
    self->http.connections_max = options->pool_max;
    self->http.host_connections_max = options->pool_max_per_route;
    self->http.keeps_connections = true;
    self->http.proxy = http_text(options->proxy, context->arena);
    urls_make(self, context->arena);
}

bool connection_create(struct elastic *self, const struct plugin_context *context)
{
    if (self->options.sniffing)
        return option_complain(context, "sniffing", "sniffing is not in this version",
                               "name the hosts, or a load balancer");
    bool ok = compression_read(self, context);
    ok = hosts_read(self, context) && login_read(self, context) && headers_read(self, context) && ok;
    ok = http_tls_read(&self->options.tls, &self->tls, context) && ok;
    self->http.tls = &self->tls;
    if (ok) limits_read(self, context);
    return ok;
}
