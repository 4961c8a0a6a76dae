/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd in its epoll mode, driven by the control thread's loop: no thread of its own. */
#include "pipelines/api.h"
#include <assert.h>
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include "core/log.h"
#include "core/text/regex.h"
#include "core/xmalloc.h"
#include "pipelines/api_address.h"
#include "pipelines/api_answer.h"
#include "pipelines/metrics_text.h"
#include "pipelines/tap_api.h"

enum {
    API_CONNECTIONS_MAX = 64,
    API_IDLE_S = 30,
    API_REQUEST_BYTES_MAX = 16384, /* memory of one connection: head of a request */
    API_TICK_MS = 1000,
};

struct api {
    struct supervisor *supervisor;
    struct MHD_Daemon *daemon;
    struct tap_api *taps;
    struct stats stats;
    uv_poll_t poll;
    uv_timer_t tick, sample;
    bool is_loopback;
};

/* ---- routes ---- */

static enum MHD_Result answer_word(struct MHD_Connection *connection, bool good, const char *word)
{
    char *text = xstrdup(word);
    return api_answer(connection, good ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain", text, strlen(text));
}

static enum MHD_Result root(struct api *api, struct MHD_Connection *connection)
{
    json_t *document = stats_common(&api->stats);
    json_object_set_new(document, "build_date", json_string("unknown"));
    json_object_set_new(document, "build_sha", json_string("tailrace-" TAILRACE_VERSION));
    json_object_set_new(document, "build_snapshot", json_false());
    const char *wanted = api_query(connection, "wait_for_status");
    if (!wanted) return api_answer_json(connection, MHD_HTTP_OK, document);
    /* the status now: a probe comes again */
    static const char *const order[] = {"red", "yellow", "green"};
    int want = -1, have = -1;
    for (int i = 0; i < 3; i++) {
        if (!strcmp(wanted, order[i])) want = i;
        if (!strcmp(stats_status(&api->stats), order[i])) have = i;
    }
    if (want < 0 || !api_query(connection, "timeout")) {
        json_decref(document);
        return api_answer_error(connection, MHD_HTTP_BAD_REQUEST, "/",
                            want < 0 ? "wait_for_status takes green, yellow or red" : "wait_for_status needs timeout");
    }
    return api_answer_json(connection, have >= want ? MHD_HTTP_OK : MHD_HTTP_REQUEST_TIMEOUT, document);
}

static enum MHD_Result metrics(struct api *api, struct MHD_Connection *connection)
{
    struct buf text = {0};
    metrics_text(&api->stats, &text);
    return api_answer(connection, MHD_HTTP_OK, "text/plain; version=0.0.4", text.ptr, text.len);
}

/* The rest of the path behind a prefix that ends at a slash or at the end; NULL when it is another. */
static const char *behind(const char *path, const char *prefix)
{
    size_t len = strlen(prefix);
    if (strncmp(path, prefix, len) || (path[len] && path[len] != '/')) return NULL;
    return path[len] == '/' ? path + len + 1 : path + len;
}

static bool has_pipeline(const struct api *api, const char *id)
{
    for (uint32_t i = 0; i < api->supervisor->pipeline_count; i++)
        if (str_eq_z(api->supervisor->pipelines[i]->id, id)) return true;
    return false;
}

static json_t *document_for(struct api *api, struct MHD_Connection *connection, const char *path)
{
    const char *rest;
    bool vertices = api_query_flag(connection, "vertices"), graph = api_query_flag(connection, "graph");
    if ((rest = behind(path, "/_node/stats/pipelines")) && *rest)
        return has_pipeline(api, rest) ? stats_node_stats(&api->stats, "pipelines", rest, vertices) : NULL;
    if ((rest = behind(path, "/_node/stats"))) return stats_node_stats(&api->stats, rest, NULL, vertices);
    if ((rest = behind(path, "/_node/pipelines")) && *rest)
        return has_pipeline(api, rest) ? stats_node(&api->stats, "pipelines", rest, graph) : NULL;
    if (behind(path, "/_node/hot_threads")) return stats_hot_threads(&api->stats);
    if (behind(path, "/_node/logging")) return stats_logging(&api->stats);
    if (behind(path, "/_node/plugins")) return stats_plugins(&api->stats);
    if ((rest = behind(path, "/_node"))) return stats_node(&api->stats, rest, NULL, graph);
    if (behind(path, "/_stats")) return stats_node_stats(&api->stats, "events,jvm,os", NULL, false);
    if (behind(path, "/_health_report")) return stats_health(&api->stats);
    return NULL;
}

static bool secret_equal(const char *given, struct str wanted)
{
    /* takes the same time wherever they differ */
    size_t len = given ? strlen(given) : 0;
    unsigned char different = len != wanted.len;
    for (size_t i = 0; i < len; i++)
        different |= (unsigned char)(given[i] ^ (wanted.len ? wanted.ptr[i % wanted.len] : 1));
    return !different;
}

static bool is_allowed(const struct api *api, struct MHD_Connection *connection)
{
    const struct settings *settings = api->supervisor->settings;
    if (settings->api_auth_type.value == 0) return true;
    char *password = NULL;
    char *user = MHD_basic_auth_get_username_password(connection, &password);
    bool user_ok = secret_equal(user, settings->api_auth_username);
    bool allowed = secret_equal(password, settings->api_auth_password.text) && user_ok && user;
    if (user) MHD_free(user);
    if (password) MHD_free(password);
    return allowed;
}

static enum MHD_Result handle(void *opaque, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *body,
                              size_t *body_len, void **state)
{
    (void)version, (void)body;
    struct api *api = opaque;
    static char begun;
    if (!*state) {
        *state = &begun;
        return MHD_YES;
    }
    *body_len = 0; /* bodies are not read */
    if (!is_allowed(api, connection)) {
        char *text = xstrdup("{\"status\":401,\"error\":\"user and password needed\"}");
        return api_answer(connection, MHD_HTTP_UNAUTHORIZED, "application/json", text, strlen(text));
    }
    if (strcmp(method, "GET") && strcmp(method, "HEAD"))
        return api_answer_error(connection, MHD_HTTP_METHOD_NOT_ALLOWED, url, "only GET is answered");
    char path[1024];
    size_t len = strlen(url);
    while (len > 1 && url[len - 1] == '/') len--;
    if (len >= sizeof path) return api_answer_error(connection, MHD_HTTP_URI_TOO_LONG, "", "the path is too long");
    memcpy(path, url, len);
    path[len] = 0;
    if (!strcmp(path, "/")) return root(api, connection);
    if (!strcmp(path, "/metrics")) return metrics(api, connection);
    if (!strcmp(path, "/_tap"))
        return strcmp(method, "GET")
                   ? api_answer_error(connection, MHD_HTTP_METHOD_NOT_ALLOWED, path, "only GET is answered")
                   : tap_api_answer(api->taps, connection);
    if (!strcmp(path, "/health"))
        return answer_word(connection, strcmp(stats_status(&api->stats), "red") != 0,
                           regex_has_jit() ? "ok\n" : "ok, but without JIT: regular expressions are slow\n");
    if (!strcmp(path, "/ready"))
        return answer_word(connection, stats_is_ready(&api->stats),
                           stats_is_ready(&api->stats) ? "ready\n" : "not ready: see /_health_report\n");
    json_t *document = document_for(api, connection, path);
    return document ? api_answer_json(connection, MHD_HTTP_OK, document)
                    : api_answer_error(connection, MHD_HTTP_NOT_FOUND, path, "Not Found");
}

/* ---- the loop ---- */

static void daemon_run(struct api *api)
{
    MHD_run(api->daemon);
    tap_api_go_on(api->taps);
}

static void api_readable(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    daemon_run(poll->data);
}

static void api_tick(uv_timer_t *timer) { daemon_run(timer->data); }
static void api_sample(uv_timer_t *timer) { stats_sample(&((struct api *)timer->data)->stats); }

static bool is_loopback(const struct address *address)
{
    return address->family == AF_INET ? (ntohl(address->v4.sin_addr.s_addr) >> 24) == 127
                                      : IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

static struct MHD_Daemon *listen_at(struct api *api, const struct address *address)
{
    unsigned flags = MHD_USE_EPOLL | (address->family == AF_INET6 ? MHD_USE_IPv6 : 0);
    return MHD_start_daemon(flags, 0, NULL, NULL, handle, api, MHD_OPTION_SOCK_ADDR,
                            &address->ip, MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned)API_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)API_IDLE_S,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)API_REQUEST_BYTES_MAX, MHD_OPTION_END);
}

static void refused(const char *why)
{
    LOG(LOG_ERROR, "api.refused", (struct str){0}, "the API is not served: %s", why);
}

static bool api_listen(struct api *api)
{
    const struct settings *settings = api->supervisor->settings;
    struct address address;
    uint16_t first, last;
    bool has_ports = api_ports(settings->api_port, &first, &last);
    assert(has_ports && "settings_load() has refused others");
    (void)has_ports;
    if (!api_address(settings->api_host, first, &address)) {
        refused("api.http.host is no address");
        return false;
    }
    if (!is_loopback(&address) && settings->api_auth_type.value == 0) {
        refused("api.http.host is not loopback and api.auth.type is none: set api.auth.type: basic with "
                "api.auth.basic.username and password");
        return false;
    }
    if (settings->api_auth_type.value && (!settings->api_auth_username.len || !settings->api_auth_password.text.len)) {
        refused("api.auth.type is basic: api.auth.basic.username and api.auth.basic.password are needed");
        return false;
    }
    for (uint32_t port = first; port <= last && !api->daemon; port++) {
        api_address(settings->api_host, (uint16_t)port, &address);
        api->daemon = listen_at(api, &address);
    }
    if (!api->daemon) {
        refused("no free port in api.http.port");
        return false;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(api->daemon, MHD_DAEMON_INFO_BIND_PORT);
    snprintf(api->stats.http_address, sizeof api->stats.http_address,
             address.family == AF_INET6 ? "[%.*s]:%u" : "%.*s:%u", STR_ARG(settings->api_host),
             info ? info->port : first);
    api->is_loopback = is_loopback(&address);
    return true;
}

struct api *api_start(struct supervisor *supervisor, uv_loop_t *loop)
{
    struct api *api = xcalloc(1, sizeof *api);
    api->supervisor = supervisor;
    stats_init(&api->stats, supervisor);
    if (!api_listen(api)) {
        stats_fini(&api->stats);
        free(api);
        return NULL;
    }
    int epoll = MHD_get_daemon_info(api->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    uv_poll_init(loop, &api->poll, epoll);
    uv_timer_init(loop, &api->tick);
    uv_timer_init(loop, &api->sample);
    api->poll.data = api->tick.data = api->sample.data = api;
    uv_poll_start(&api->poll, UV_READABLE, api_readable);
    uv_timer_start(&api->tick, api_tick, API_TICK_MS, API_TICK_MS);
    uv_timer_start(&api->sample, api_sample, FLOW_SAMPLE_S * 1000, FLOW_SAMPLE_S * 1000);
    api->taps = tap_api_create(supervisor, loop, api->daemon, api->is_loopback);
    api->stats.taps = tap_api_taps(api->taps);
    LOG(LOG_INFO, "api.ready", (struct str){0}, "API at http://%s", api->stats.http_address);
    return api;
}

void api_stop(struct api *api)
{
    tap_api_stop(api->taps);
    uv_poll_stop(&api->poll);
    uv_close((uv_handle_t *)&api->poll, NULL);
    uv_close((uv_handle_t *)&api->tick, NULL);
    uv_close((uv_handle_t *)&api->sample, NULL);
}

void api_destroy(struct api *api)
{
    MHD_stop_daemon(api->daemon);
    tap_api_destroy(api->taps);
    stats_fini(&api->stats);
    free(api);
}
