/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/tap_api.h"
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>
#include "core/net/address.h"
#include "core/text/utf8.h"
#include "core/xmalloc.h"
#include "pipelines/api_answer.h"

enum {
    STREAM_BLOCK_BYTES = 16 * 1024,
    QUERY_MAX = 32,        /* parameters of a request */
    KEEPALIVE_IDLE_S = 30, /* a watcher whose machine is gone is found out */
    RUNS_MAX = 256,        /* of the daemon without a look at anything else */
};

/* Lives until the HTTP library and the loop have both let go of it. */
struct watch {
    struct tap_api *api;
    struct watch *next;
    struct open_tap *open; /* NULL: the watcher has gone, or the program stops */
    uv_poll_t gone;        /* on a descriptor of its own of the watcher's connection */
    int fd;
    bool is_answered, is_closed; /* let go of by the library, by the loop */
};

struct tap_api {
    struct taps *taps;
    struct MHD_Daemon *daemon;
    const struct settings *settings;
    uv_loop_t *loop;
    struct watch *first;
    bool is_enabled;
    bool has_moved; /* some stream went on while the daemon ran */
};

/* ---- the watcher ---- */

static void watch_free(struct watch *watch)
{
    if (!watch->is_answered || !watch->is_closed) return;
    struct watch **link = &watch->api->first;
    while (*link != watch) link = &(*link)->next;
    *link = watch->next;
    free(watch);
}

static void gone_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    close(watch->fd);
    watch->is_closed = true;
    watch_free(watch);
}

/* The tap ends at once, whatever the connection still has to send. */
static void watch_end(struct watch *watch)
{
    if (watch->open) taps_close(watch->open);
    watch->open = NULL;
    if (!watch->is_closed && !uv_is_closing((uv_handle_t *)&watch->gone))
        uv_close((uv_handle_t *)&watch->gone, gone_closed);
}

static void watcher_is_gone(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    struct MHD_Daemon *daemon = watch->api->daemon;
    (void)status, (void)events;
    watch_end(watch);
    MHD_run(daemon);
}

static bool has_news(const struct tap_api *api)
{
    for (const struct watch *watch = api->first; watch; watch = watch->next) {
        struct tap *tap = watch->open ? taps_tap(watch->open) : NULL;
        if (tap && (tap_has_news(tap) || tap_is_over(tap))) return true;
    }
    return false;
}

/* One run asks each stream once. As long as somebody takes something there is more to do now; a
 * watcher who does not read is asked again when there is room on his connection. */
void tap_api_go_on(struct tap_api *api)
{
    for (int runs = 0; runs < RUNS_MAX && has_news(api); runs++) {
        api->has_moved = false;
        MHD_run(api->daemon);
        if (!api->has_moved) break;
    }
}

static void news(void *opaque) { tap_api_go_on(opaque); }

static void stream_freed(void *opaque)
{
    struct watch *watch = opaque;
    watch_end(watch);
    watch->is_answered = true;
    watch_free(watch);
}

/* 0: asked again when the daemon runs. */
static ssize_t stream_read(void *opaque, uint64_t position, char *out, size_t size)
{
    const struct watch *watch = opaque;
    (void)position;
    if (!watch->open) return MHD_CONTENT_READER_END_WITH_ERROR;
    struct tap *tap = taps_tap(watch->open);
    size_t len = tap_read(tap, out, size);
    bool is_over = !len && tap_is_over(tap);
    watch->api->has_moved |= len || is_over;
    return is_over ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)len;
}

/* The library looks for the end of a connection only where it reads or writes; a watcher of a quiet
 * place would stay for ever. */
static bool watch_gone_start(struct watch *watch, int connection)
{
    int on = 1, idle_s = KEEPALIVE_IDLE_S;
    watch->fd = fcntl(connection, F_DUPFD_CLOEXEC, 0);
    if (watch->fd < 0) return false;
    setsockopt(watch->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(watch->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    watch->gone.data = watch;
    if (uv_poll_init(watch->api->loop, &watch->gone, watch->fd) == 0) {
        uv_poll_start(&watch->gone, UV_DISCONNECT, watcher_is_gone);
        return true;
    }
    close(watch->fd);
    return false;
}

/* ---- who may ---- */

/* `127.0.0.1:9600`, `[::1]`, `localhost`: no name that somebody else's server could answer for. */
static bool is_own_host(const char *host)
{
    struct address address;
    if (!host) return true; /* no browser */
    struct str name = str_of(host);
    ptrdiff_t end = str_find(name, str_starts(name, STR("[")) ? STR("]:") : STR(":"));
    if (end >= 0) name.len = (size_t)end + (name.ptr[0] == '[');
    return str_eq(name, STR("localhost")) || address_parse(&address, name, 0);
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status, json_t *error)
{
    return api_answer_json(
        connection, status,
        json_pack("{s:s, s:i, s:o}", "path", "/_tap", "status", (int)status, "error", error));
}

static json_t *error_of(const char *message, const char *hint)
{
    return json_pack("{s:s, s:s*}", "message", message, "hint", hint);
}

static json_t *not_allowed(const struct tap_api *api, struct MHD_Connection *connection)
{
    if (!api->is_enabled)
        return error_of("taps are off here: they show events to whoever reaches the API",
                        "api.tap.enabled: true in the settings of the instance allows them");
    const char *host =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
    if (api->settings->api_auth_type.value == 0 && !is_own_host(host))
        return error_of(
            "without a password taps are for an address or localhost only, not for a host's name",
            "ask 127.0.0.1, or set api.auth.type: basic");
    return NULL;
}

/* ---- what is asked ---- */

struct asked {
    struct arena arena;
    struct diag diag;
    struct setting settings[QUERY_MAX];
    uint32_t count;
    const char *problem;
};

static enum MHD_Result take_parameter(void *opaque, enum MHD_ValueKind kind, const char *name,
                                      size_t name_len, const char *value, size_t len)
{
    struct asked *asked = opaque;
    struct str key = {name, name_len};
    struct str text = {value ? value : "", len};
    if (!len && str_eq(key, STR("metadata"))) text = STR("true"); /* as other flags of the API */
    (void)kind;
    if (str_eq(key, STR("pretty"))) return MHD_YES;
    if (utf8_check(key) == UTF8_INVALID || utf8_check(text) == UTF8_INVALID ||
        memchr(text.ptr, 0, text.len))
        asked->problem = "the query is no text in UTF-8";
    if (asked->count == QUERY_MAX) asked->problem = "the query has too many parameters";
    if (asked->problem) return MHD_NO;
    struct source_text *source = arena_zalloc(&asked->arena, sizeof *source);
    source->name = STR("/_tap");
    source->text = arena_printf(&asked->arena, "%.*s=%.*s", STR_ARG(key), STR_ARG(text));
    struct place whole = {source, 0, (uint32_t)source->text.len};
    struct place place = {source, whole.end - (uint32_t)text.len, whole.end};
    whole.end = (uint32_t)key.len;
    asked->settings[asked->count++] =
        (struct setting){.key = key,
                         .key_place = whole,
                         .value = {.kind = CONFIG_STRING, .place = place, .text = text}};
    return MHD_YES;
}

/* The options point into the request. NULL: fine; else the error. */
static json_t *options_read(struct asked *asked, struct MHD_Connection *connection,
                            struct tap_options *options)
{
    MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, take_parameter, asked);
    if (asked->problem) return error_of(asked->problem, NULL);
    struct options_context context = {
        .diag = &asked->diag, .arena = &asked->arena, .section = "path", .plugin = STR("/_tap")};
    if (options_load(tap_option_rows, options, asked->settings, asked->count, &context) &&
        tap_where_is_right(options, &asked->arena, &asked->diag))
        return NULL;
    return tap_complaint(&asked->diag);
}

/* ---- answering ---- */

static void who_print(struct MHD_Connection *connection, char *who, size_t size)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct address address = {.v6 = {0}};
    char text[ADDRESS_TEXT_MAX];
    if (info && info->client_addr->sa_family == AF_INET)
        memcpy(&address.v4, info->client_addr, sizeof address.v4);
    if (info && info->client_addr->sa_family == AF_INET6)
        memcpy(&address.v6, info->client_addr, sizeof address.v6);
    struct str printed = info ? address_print(&address, text) : STR("somebody");
    snprintf(who, size, "%.*s port %u", STR_ARG(printed), info ? address_port(&address) : 0);
}

static enum MHD_Result stream(struct watch *watch, struct MHD_Connection *connection)
{
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, stream_read, watch, stream_freed);
    if (!response) {
        stream_freed(watch);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", "application/x-ndjson");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "X-Accel-Buffering", "no"); /* for a proxy in front */
    /* a quiet place is no reason to end: the tap's own time is */
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, 0u);
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result watch_start(struct tap_api *api, struct MHD_Connection *connection,
                                   struct open_tap *open)
{
    struct watch *watch = xcalloc(1, sizeof *watch);
    *watch = (struct watch){.api = api, .next = api->first, .open = open};
    api->first = watch;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info && watch_gone_start(watch, info->connect_fd)) return stream(watch, connection);
    watch->is_closed = true;
    stream_freed(watch);
    return MHD_NO;
}

enum MHD_Result tap_api_answer(struct tap_api *api, struct MHD_Connection *connection)
{
    struct asked asked = {.count = 0};
    struct tap_options options = {0};
    struct tap_refusal refusal = {.error = not_allowed(api, connection),
                                  .status = MHD_HTTP_FORBIDDEN};
    struct open_tap *open = NULL;
    arena_init(&asked.arena, NULL);
    diag_init(&asked.diag);
    if (!refusal.error) {
        refusal =
            (struct tap_refusal){MHD_HTTP_BAD_REQUEST, options_read(&asked, connection, &options)};
        char who[ADDRESS_TEXT_MAX + 16];
        who_print(connection, who, sizeof who);
        if (!refusal.error) open = taps_open(api->taps, &options, who, &refusal);
    }
    diag_fini(&asked.diag);
    arena_fini(&asked.arena);
    return open ? watch_start(api, connection, open)
                : refuse(connection, refusal.status, refusal.error);
}

const struct taps *tap_api_taps(const struct tap_api *api) { return api->taps; }

/* ---- life ---- */

struct tap_api *tap_api_create(struct supervisor *supervisor, uv_loop_t *loop,
                               struct MHD_Daemon *daemon, bool is_loopback)
{
    struct tap_api *api = xcalloc(1, sizeof *api);
    int32_t wanted = supervisor->settings->api_tap_enabled.value; /* auto, true, false */
    *api = (struct tap_api){.daemon = daemon, .settings = supervisor->settings, .loop = loop};
    api->is_enabled = wanted == 1 || (wanted == 0 && is_loopback);
    api->taps = taps_create(supervisor, loop, news, api);
    return api;
}

void tap_api_stop(struct tap_api *api)
{
    taps_stop(api->taps);
    for (struct watch *watch = api->first; watch; watch = watch->next) watch_end(watch);
}

void tap_api_destroy(struct tap_api *api)
{
    assert(!api->first);
    taps_destroy(api->taps);
    free(api);
}
