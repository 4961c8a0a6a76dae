/* SPDX-License-Identifier: Apache-2.0 */
/* Input `tcp`: lines (or what the codec frames) from connections to a port, or from one connection
 * that it makes and makes again. One stream for each connection; when it ends, what it left unfinished
 * is a line. A codec that does not frame gets each piece as it was received.
 *
 * Unlike Logstash no name is looked up for an address: `host` is the peer's address whatever
 * dns_reverse_lookup_enabled says, since a lookup for each connection stalls under load and depends on
 * who answers. */
#include "core/input.h"
#include <assert.h>
#include <stdlib.h>
#include "core/event/graft.h"
#include "core/log.h"
#include "core/net/client.h"
#include "core/net/proxy.h"
#include "core/net/server.h"
#include "core/net/tls.h"
#include "core/net/tls_session.h"
#include "core/xmalloc.h"

enum { MODE_SERVER, MODE_CLIENT };
static const char *const modes[] = {"server", "client", NULL};
enum { RECONNECT_MS_MIN = 1000, RECONNECT_MS_MAX = 30000 };

enum { FIELD_NAME, FIELD_IP, FIELD_PORT, FIELD_PROXY_IP, FIELD_PROXY_PORT, FIELD_SUBJECT, FIELD_COUNT };
static const char *const field_names[2][FIELD_COUNT] = {
    {"host", "[@metadata][ip_address]", "port", "proxy_host", "proxy_port", "sslsubject"},
    {"[@metadata][input][tcp][source][name]", "[@metadata][input][tcp][source][ip]",
     "[@metadata][input][tcp][source][port]", "[@metadata][input][tcp][proxy][ip]",
     "[@metadata][input][tcp][proxy][port]", "[@metadata][input][tcp][tls][client][subject]"},
};

struct tcp {
    int64_t port;
    struct str host;
    struct choice mode;
    bool proxy_protocol, tcp_keep_alive, dns_reverse_lookup_enabled;
    struct byte_size line_limit;
    int64_t connections_limit;
    struct duration idle_timeout;
    struct tls_settings tls_settings;

    struct tls tls;
    struct input *input;
    struct server server;
    struct client client;
    uint64_t reconnect_ms;
    struct path fields[FIELD_COUNT];
};

struct peer {
    struct conn conn;
    struct tcp *tcp;
    struct stream stream;
    struct framer framer;
    struct proxy_reader *proxy; /* NULL without proxy_protocol */
    struct graft fields;        /* of its events */
    char ip[ADDRESS_TEXT_MAX];
};

/* ---- fields ---- */

static struct value text_value(const char *text)
{
    return value_string_flagged(str_of(text), STRING_ASCII | STRING_UTF8);
}

static void set_proxied(const struct peer *peer, struct event *event)
{
    const struct path *fields = peer->tcp->fields;
    const struct proxy_header *header = &peer->proxy->header;
    path_set(&fields[FIELD_NAME], event, text_value(header->source));
    path_set(&fields[FIELD_IP], event, text_value(header->source));
    /* as in Logstash, ports are text when they come from the PROXY line */
    path_set(&fields[FIELD_PORT], event, text_value(header->source_port));
    path_set(&fields[FIELD_PROXY_IP], event, text_value(header->target));
    path_set(&fields[FIELD_PROXY_PORT], event, text_value(header->target_port));
}

static void set_own(const struct peer *peer, struct event *event)
{
    const struct path *fields = peer->tcp->fields;
    path_set(&fields[FIELD_NAME], event, text_value(peer->ip));
    path_set(&fields[FIELD_IP], event, text_value(peer->ip));
    path_set(&fields[FIELD_PORT], event, value_int(address_port(&peer->conn.peer)));
}

static void set_subject(const struct peer *peer, struct event *event)
{
    char text[TLS_SUBJECT_MAX];
    struct str subject = peer->conn.tls ? tls_session_subject(peer->conn.tls, text) : (struct str){0};
    if (!subject.len) return;
    struct value value = value_string(arena_copy(event->arena, subject));
    path_set(&peer->tcp->fields[FIELD_SUBJECT], event, value);
}

/* At its first event, so that idle connections cost nothing and a PROXY line has been read. */
static void peer_fields(struct peer *peer)
{
    struct arena arena;
    struct event model;
    arena_init(&arena, NULL);
    event_init(&model, &arena, value_time(0, 0));
    if (peer->proxy && peer->proxy->header.is_known)
        set_proxied(peer, &model);
    else
        set_own(peer, &model);
    set_subject(peer, &model);
    graft_init(&peer->fields, &model);
    arena_fini(&arena);
}

static void peer_decorate(void *opaque, struct event *event)
{
    struct peer *peer = opaque;
    if (!peer->fields.memory) peer_fields(peer);
    graft_apply(&peer->fields, event);
}

static void tcp_fields(const void *opaque, struct field_set *fields)
{
    const struct tcp *tcp = opaque;
    fields_put_absent(fields, &tcp->fields[FIELD_NAME], TYPE_STRING);
    fields_put_absent(fields, &tcp->fields[FIELD_IP], TYPE_STRING);
    fields_put_absent(fields, &tcp->fields[FIELD_PORT],
                      tcp->proxy_protocol ? TYPE_INTEGER | TYPE_STRING : TYPE_INTEGER);
    if (tcp->tls_settings.ssl_enabled) fields_may_put(fields, &tcp->fields[FIELD_SUBJECT], TYPE_STRING);
    if (!tcp->proxy_protocol) return;
    fields_may_put(fields, &tcp->fields[FIELD_PROXY_IP], TYPE_STRING);
    fields_may_put(fields, &tcp->fields[FIELD_PROXY_PORT], TYPE_STRING);
}

/* ---- connections ---- */

static void peer_init(struct peer *peer, struct tcp *tcp)
{
    struct input *input = tcp->input;
    peer->tcp = tcp;
    address_print(&peer->conn.peer, peer->ip);
    if (tcp->proxy_protocol) peer->proxy = xcalloc(1, sizeof *peer->proxy);
    stream_open(&peer->stream, input, NULL, peer_decorate, peer);
    framer_init(&peer->framer, &peer->stream, input->codec->delimiter,
                (size_t)tcp->line_limit.bytes, 0);
}

static void peer_opened(struct conn *conn)
{
    peer_init((struct peer *)(void *)conn, conn->set->owner);
}

static size_t peer_frames(struct peer *peer, struct str bytes, struct block *block)
{
    if (peer->stream.codec->type->framing == FRAMING_LINES)
        return framer_feed(&peer->framer, bytes, block);
    if (bytes.len == 0 || input_is_paused(peer->tcp->input)) return 0;
    struct frame frame = {
        .bytes = bytes, .block = block, .position = peer->stream.position + bytes.len};
    stream_emit(&peer->stream, &frame);
    return bytes.len;
}

static size_t peer_read(struct conn *conn, struct str bytes, struct block *block)
{
    struct peer *peer = (struct peer *)(void *)conn;
    size_t head = 0;
    if (peer->proxy && !peer->proxy->is_done) {
        enum proxy_verdict verdict = proxy_read(peer->proxy, bytes, &head);
        if (verdict == PROXY_BAD) {
            counter_add(&peer->tcp->input->counters.errors, 1);
            LOG(LOG_WARN, "tcp.proxy_header", peer->tcp->input->id,
                "%s sent no PROXY line: its connection is closed; is proxy_protocol meant?",
                peer->ip);
            conn_close(conn);
        }
        if (verdict != PROXY_DONE) return bytes.len;
    }
    return head + peer_frames(peer, str_from(bytes, head), block);
}

static void client_again(struct tcp *tcp)
{
    if (tcp->input->is_stopping) return;
    client_connect(&tcp->client, tcp->reconnect_ms);
    tcp->reconnect_ms *= 2;
    if (tcp->reconnect_ms > RECONNECT_MS_MAX) tcp->reconnect_ms = RECONNECT_MS_MAX;
}

static void peer_ended(struct conn *conn, int status)
{
    struct peer *peer = (struct peer *)(void *)conn;
    struct tcp *tcp = conn->set->owner;
    /* half a line of a connection that broke may be any part of it: thrown away and counted, not an event.
     * Without `tcp` it never was connected. */
    if (peer->tcp && !status) framer_flush(&peer->framer);
    if (status)
        LOG(tcp->mode.value == MODE_CLIENT ? LOG_WARN : LOG_DEBUG, "tcp.connection",
            tcp->input->id, "connection lost: %s", uv_strerror(status));
    conn_close(conn);
    if (tcp->mode.value != MODE_CLIENT) return;
    tcp->client.conn = NULL;
    client_again(tcp);
}

static void peer_closed(struct conn *conn)
{
    struct peer *peer = (struct peer *)(void *)conn;
    if (!peer->tcp) return;
    framer_fini(&peer->framer);
    stream_close(&peer->stream);
    graft_fini(&peer->fields);
    free(peer->proxy);
}

static void peer_connected(struct conn *conn)
{
    struct tcp *tcp = conn->set->owner;
    client_connected(&tcp->client);
    tcp->reconnect_ms = RECONNECT_MS_MIN;
    if (tcp->tcp_keep_alive) conn_keep_alive(conn);
    peer_opened(conn);
    server_count(&tcp->server);
}

static const struct conn_type peer_type = {
    .size = sizeof(struct peer),
    .read = peer_read,
    .ended = peer_ended,
    .connected = peer_connected,
    .closed = peer_closed,
};

/* ---- the input ---- */

static bool tcp_create(void *self, const struct plugin_context *context)
{
    struct tcp *tcp = self;
    const char *const *names = field_names[context->ecs != ECS_DISABLED];
    for (int i = 0; i < FIELD_COUNT; i++) {
        bool good = path_compile(&tcp->fields[i], str_of(names[i]), context->arena);
        assert(good);
        (void)good;
    }
    /* as in Logstash, clients of a server must show a certificate unless the options say otherwise */
    tcp->tls.plan = (struct tls_plan){
        .is_client = tcp->mode.value == MODE_CLIENT, .clients = CLIENTS_REQUIRED, .peer = tcp->host};
    return tls_create(&tcp->tls, &tcp->tls_settings, context);
}

static void tcp_destroy(void *self)
{
    struct tcp *tcp = self;
    tls_destroy(&tcp->tls);
}

static void tcp_stopped(void *opaque)
{
    struct tcp *tcp = opaque;
    input_stopped(tcp->input);
}

static void client_failed(void *opaque, int status)
{
    struct tcp *tcp = opaque;
    counter_add(&tcp->input->counters.errors, 1);
    LOG(LOG_WARN, "tcp.connect", tcp->input->id, "cannot connect to %.*s port %d: %s",
        STR_ARG(tcp->host), (int)tcp->port, uv_strerror(status));
    client_again(tcp);
}

static void client_closed(void *opaque)
{
    struct tcp *tcp = opaque;
    server_stop(&tcp->server);
}

static int client_mode_start(struct tcp *tcp)
{
    tcp->client = (struct client){.set = &tcp->server.conns,
                                  .disk = tcp->input->disk,
                                  .type = &peer_type,
                                  .host = tcp->host,
                                  .port = (uint16_t)tcp->port,
                                  .failed = client_failed,
                                  .closed = client_closed,
                                  .opaque = tcp};
    tcp->reconnect_ms = RECONNECT_MS_MIN;
    server_init(&tcp->server, tcp->input, &tcp->tls);
    client_start(&tcp->client);
    client_connect(&tcp->client, 0);
    return 0;
}

static int tcp_start(void *self, struct input *input)
{
    struct tcp *tcp = self;
    tcp->input = input;
    tcp->server.type = &peer_type;
    tcp->server.opened = peer_opened;
    tcp->server.stopped = tcp_stopped;
    tcp->server.opaque = tcp;
    if (tcp->mode.value == MODE_CLIENT) return client_mode_start(tcp);
    struct server_options options = {.host = tcp->host,
                                     .port = tcp->port,
                                     .connections_max = tcp->connections_limit,
                                     .keep_alive = tcp->tcp_keep_alive,
                                     .idle_ms = (uint64_t)tcp->idle_timeout.ns / 1000000,
                                     .tls = &tcp->tls};
    return server_start(&tcp->server, input, &options);
}

static void tcp_pause(void *self, bool paused)
{
    struct tcp *tcp = self;
    if (!paused) server_resume(&tcp->server);
}

static void tcp_stop(void *self)
{
    struct tcp *tcp = self;
    tcp->input->is_stopping = true;
    if (tcp->mode.value == MODE_CLIENT)
        client_close(&tcp->client);
    else
        server_stop(&tcp->server);
}

static const struct option tcp_options[] = {
    OPTION_INT(struct tcp, port, .required = true, .min = 1, .max = 65535,
               .help = "Port to listen on, or to connect to."),
    OPTION_STRING(struct tcp, host, .preset = "0.0.0.0",
                  .help = "Address to listen on (`::` for IPv4 and IPv6), or host to connect to."),
    OPTION_CHOICE(struct tcp, mode, .preset = "server", .choices = modes,
                  .help = "Listens (server), or connects (client) and reconnects after 1 to 30 s."),
    OPTION_BOOL(struct tcp, proxy_protocol, .preset = "false",
                .help = "Every connection begins with a PROXY line, version 1 (HAProxy)."),
    OPTION_BOOL(struct tcp, tcp_keep_alive, .preset = "true",
                .help = "Probes silent connections: one whose peer is gone ends after two minutes."),
    OPTION_DURATION(struct tcp, idle_timeout, .preset = "0s", .unit = "s",
                    .help = "Ends a connection that sends nothing for so long; 0: never. Tailrace's own."),
    OPTION_BOOL(struct tcp, dns_reverse_lookup_enabled, .preset = "false",
                .help = "Accepted; the peer's address is used, no name is looked up."),
    OPTION_SIZE(struct tcp, line_limit, .preset = "1 MiB", .min = 16, .max = 64 * 1024 * 1024,
                .help = "Longest line; what is longer is cut and tagged _line_cut. Tailrace's own."),
    OPTION_INT(struct tcp, connections_limit, .preset = "0", .min = 0, .max = 1000000,
               .help = "Open connections of a worker; 0: 20000, or what LimitNOFILE allows if that "
                       "is less. Tailrace's own."),
    OPTION_GROUP(struct tcp, tls_settings, tls_options),
    OPTION_END,
};

static bool tcp_listens(const void *opaque, struct listen_place *place)
{
    const struct tcp *self = opaque;
    if (self->mode.value == MODE_CLIENT) return false;
    *place = (struct listen_place){.host = self->host, .port = self->port, .is_tcp = true};
    return true;
}

const struct input_type input_tcp = {
    .name = "tcp",
    .summary = "Reads lines from TCP connections.",
    .size = sizeof(struct tcp),
    .options = tcp_options,
    .default_codec = "line",
    .is_streaming = true,
    .is_queued = true,
    .create = tcp_create,
    .listens = tcp_listens,
    .start = tcp_start,
    .pause = tcp_pause,
    .stop = tcp_stop,
    .destroy = tcp_destroy,
    .fields = tcp_fields,
    .is_ecs = true,
};
