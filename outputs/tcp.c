/* SPDX-License-Identifier: Apache-2.0 */
/* Output `tcp`: encoded events over a connection that it makes (client), or to everybody who connects
 * (server).
 *
 * Client: an event is sent when the kernel has taken its bytes. When the connection breaks, a new one
 * begins with the first record that was not wholly written to the old one: a record is never torn,
 * and at most what lay in the old socket's buffer is lost, since TCP says nothing about it.
 *
 * Server: every client has a queue of its own; one whose queue is full is disconnected, for waiting
 * would stop the others. Without a client events are dropped, as in Logstash, and counted so. */
#include <assert.h>
#include "core/log.h"
#include "core/net/client.h"
#include "core/net/listener.h"
#include "core/net/tls.h"
#include "core/output.h"

enum { MODE_CLIENT, MODE_SERVER };
static const char *const modes[] = {"client", "server", NULL};
enum { CLIENT_QUEUE_BYTES = 4 * 1024 * 1024, CLIENTS_MAX = 1000 };

struct tcp {
    int64_t port;
    struct str host;
    struct choice mode;
    struct duration reconnect_interval;
    struct tls_settings tls_settings;

    struct tls tls;
    struct output *output;
    struct conn_set conns;
    /* client */
    struct client client;
    struct lane lane;
    struct request *request; /* being written */
    size_t written;          /* of it */
    bool is_connected;
    /* server */
    struct listener listener;
    struct buf text; /* of one event */
    bool is_listening;
};

/* ---- client ---- */

/* Every end of a connection comes here: what was not wholly written begins again. */
static void client_lost(struct tcp *tcp, int status)
{
    tcp->is_connected = false;
    if (status) {
        counter_add(&tcp->output->counters.errors, 1);
        LOG(LOG_WARN, "tcp.connection", tcp->output->id, "%.*s port %d: %s; trying again",
            STR_ARG(tcp->host), (int)tcp->port, uv_strerror(status));
    }
    if (!tcp->request) return;
    tcp->written = request_whole(tcp->request, tcp->written);
    tcp->request = NULL;
    lane_done(&tcp->lane, LANE_RETRY);
}

static void client_ended(struct conn *conn, int status)
{
    struct tcp *tcp = conn->set->owner;
    if (tcp->client.conn == conn) tcp->client.conn = NULL;
    conn_close(conn);
    client_lost(tcp, status ? status : tcp->request ? UV_EOF : 0);
}

static void client_write_on(struct tcp *tcp)
{
    struct conn *conn = tcp->client.conn;
    struct request *request = tcp->request;
    assert(conn && request);
    while (tcp->written < request->data.len) {
        ssize_t sent = conn_write(conn, str_from(buf_str(&request->data), tcp->written));
        if (sent < 0) {
            client_ended(conn, (int)sent);
            return;
        }
        if (sent == 0) {
            conn_want_write(conn, true);
            return;
        }
        tcp->written += (size_t)sent;
    }
    conn_want_write(conn, false);
    tcp->request = NULL;
    tcp->written = 0;
    lane_done(&tcp->lane, LANE_SENT);
}

/* The lane's write: `written` is not 0 when a part was sent on an earlier connection. */
static void client_write(void *opaque, struct request *request)
{
    struct tcp *tcp = opaque;
    tcp->request = request;
    if (tcp->is_connected)
        client_write_on(tcp);
    else
        client_connect(&tcp->client, 0);
}

static void client_is_connected(struct conn *conn)
{
    struct tcp *tcp = conn->set->owner;
    client_connected(&tcp->client);
    tcp->is_connected = true;
    if (tcp->request) client_write_on(tcp);
}

static void client_writable(struct conn *conn)
{
    struct tcp *tcp = conn->set->owner;
    if (tcp->request)
        client_write_on(tcp);
    else
        conn_want_write(conn, false);
}

static void client_failed(void *opaque, int status) { client_lost(opaque, status); }

/* Whatever the peer says is read, so that its closing is seen, and thrown away. */
static size_t discard(struct conn *conn, struct str bytes, struct block *block)
{
    (void)conn, (void)block;
    return bytes.len;
}

static const struct conn_type client_type = {.size = sizeof(struct conn),
                                             .read = discard,
                                             .ended = client_ended,
                                             .connected = client_is_connected,
                                             .writable = client_writable};

static void check_stopped(struct tcp *tcp)
{
    if (tcp->conns.count || tcp->is_listening || tcp->output->is_stopped) return;
    if (tcp->mode.value == MODE_CLIENT && !tcp->client.is_timer_closed) return;
    tls_close(&tcp->tls);
    output_stopped(tcp->output);
}

static void conns_left(struct conn_set *set)
{
    struct tcp *tcp = set->owner;
    if (tcp->output->is_stopping) check_stopped(tcp);
}

static void client_closed(void *opaque) { check_stopped(opaque); }

static void client_drained(void *opaque)
{
    struct tcp *tcp = opaque;
    if (tcp->client.conn) conn_close(tcp->client.conn);
    tcp->client.conn = NULL;
    client_close(&tcp->client);
}

static int client_begin(struct tcp *tcp)
{
    tcp->client = (struct client){.set = &tcp->conns,
                                  .disk = tcp->output->disk,
                                  .type = &client_type,
                                  .host = tcp->host,
                                  .port = (uint16_t)tcp->port,
                                  .failed = client_failed,
                                  .closed = client_closed,
                                  .opaque = tcp};
    client_start(&tcp->client);
    lane_init(&tcp->lane, tcp->output, client_write, tcp);
    tcp->lane.keeps_ends = true;
    tcp->lane.retry_ms_max = (uint64_t)tcp->reconnect_interval.ns / 1000000;
    if (tcp->lane.retry_ms_max < RETRY_DELAY_MS_MIN) tcp->lane.retry_ms_max = RETRY_DELAY_MS_MIN;
    return 0;
}

/* ---- server ---- */

struct reader {
    struct conn conn;
    struct buf queue; /* not written yet, from `start` on */
    size_t start, charged;
};

static void reader_charge(struct reader *reader)
{
    struct budget *budget = reader->conn.set->loop->budget;
    if (reader->queue.capacity > reader->charged)
        budget_charge(budget, reader->queue.capacity - reader->charged);
    else
        budget_release(budget, reader->charged - reader->queue.capacity);
    reader->charged = reader->queue.capacity;
}

static void reader_ended(struct conn *conn, int status)
{
    (void)status;
    conn_close(conn);
}

static void reader_closed(struct conn *conn)
{
    struct reader *reader = (struct reader *)(void *)conn;
    buf_fini(&reader->queue);
    reader_charge(reader);
}

static void reader_write_on(struct reader *reader)
{
    struct conn *conn = &reader->conn;
    while (reader->start < reader->queue.len) {
        ssize_t sent = conn_write(conn, str_from(buf_str(&reader->queue), reader->start));
        if (sent < 0) {
            conn_close(conn);
            return;
        }
        if (sent == 0) {
            conn_want_write(conn, true);
            return;
        }
        reader->start += (size_t)sent;
    }
    conn_want_write(conn, false);
    buf_fini(&reader->queue);
    reader->start = 0;
    reader_charge(reader);
    if (((struct tcp *)conn->set->owner)->output->is_stopping) conn_close(conn);
}

static void reader_writable(struct conn *conn) { reader_write_on((struct reader *)(void *)conn); }

static const struct conn_type reader_type = {.size = sizeof(struct reader),
                                             .read = discard,
                                             .ended = reader_ended,
                                             .writable = reader_writable,
                                             .closed = reader_closed};

static void server_accepted(void *opaque, int fd, const struct address *peer)
{
    struct tcp *tcp = opaque;
    struct conn *conn = conn_open(&tcp->conns, &reader_type, fd, peer);
    if (conn && tcp->conns.count > CLIENTS_MAX) {
        LOG(LOG_WARN, "tcp.too_many_clients", tcp->output->id,
            "a client was turned away: %d are connected", CLIENTS_MAX);
        conn_close(conn);
    }
}

static void server_refused(void *opaque)
{
    struct tcp *tcp = opaque;
    counter_add(&tcp->output->counters.errors, 1);
    LOG(LOG_WARN, "net.no_descriptors", tcp->output->id,
        "a client was turned away: no file descriptor is left; raise LimitNOFILE (ulimit -n)");
}

static void server_listener_closed(void *opaque)
{
    struct tcp *tcp = opaque;
    tcp->is_listening = false;
    if (tcp->output->is_stopping) check_stopped(tcp);
}

static int server_begin(struct tcp *tcp)
{
    struct port_options port = {.type = SOCK_STREAM, .workers = 1};
    int status = address_resolve(&port.address, tcp->host, (uint16_t)tcp->port);
    tcp->listener.accepted = server_accepted;
    tcp->listener.refused = server_refused;
    tcp->listener.closed = server_listener_closed;
    tcp->listener.opaque = tcp;
    if (!status) status = listener_open(&tcp->listener, tcp->output->loop, &port);
    tcp->is_listening = status == 0;
    if (status)
        LOG(LOG_ERROR, "net.listen", tcp->output->id, "cannot listen on %.*s port %d: %s",
            STR_ARG(tcp->host), (int)tcp->port, uv_strerror(status));
    return status;
}

/* False: this client is too slow and was disconnected. */
static bool reader_offer(struct tcp *tcp, struct reader *reader, struct str text)
{
    if (reader->queue.len - reader->start + text.len > CLIENT_QUEUE_BYTES) {
        counter_add(&tcp->output->counters.errors, 1);
        LOG(LOG_WARN, "tcp.slow_client", tcp->output->id,
            "a client was disconnected: it left more than %d bytes unread", CLIENT_QUEUE_BYTES);
        conn_close(&reader->conn);
        return false;
    }
    if (reader->start > CLIENT_QUEUE_BYTES) {
        /* what was written is moved out only once it outweighs what is left */
        memmove(reader->queue.ptr, reader->queue.ptr + reader->start,
                reader->queue.len - reader->start);
        reader->queue.len -= reader->start;
        reader->start = 0;
    }
    buf_append(&reader->queue, text);
    reader_charge(reader);
    return true;
}

static uint32_t server_take(struct tcp *tcp, struct batch *batch, const struct selection *in,
                            struct obligation *obligation)
{
    struct output *output = tcp->output;
    struct codec *codec = output->codec;
    SELECTION_EACH(batch, in, event)
    {
        buf_clear(&tcp->text);
        codec->type->encode(codec->self, event, &tcp->text);
        bool is_taken = false;
        for (struct conn *conn = tcp->conns.first; conn; conn = conn->next)
            if (!conn->is_closing)
                is_taken |= reader_offer(tcp, (struct reader *)(void *)conn, buf_str(&tcp->text));
        if (is_taken)
            output_sent(output, obligation, 1);
        else
            output_failed(output, obligation, event->index, VERDICT_DROPPED);
        if (is_taken) counter_add(&output->counters.bytes, tcp->text.len);
    }
    counter_add(&codec->encoded_events, in->count);
    return in->count;
}

static void server_turn(struct tcp *tcp)
{
    for (struct conn *conn = tcp->conns.first; conn; conn = conn->next) {
        struct reader *reader = (struct reader *)(void *)conn;
        if (!conn->is_closing && !conn->wants_write && reader->queue.len) reader_write_on(reader);
    }
}

/* Clients get what is queued for them as long as they read. */
static void server_end(struct tcp *tcp)
{
    listener_close(&tcp->listener);
    for (struct conn *conn = tcp->conns.first; conn; conn = conn->next)
        if (!conn->is_closing) reader_write_on((struct reader *)(void *)conn);
}

/* ---- the output ---- */

static bool tcp_create(void *self, const struct plugin_context *context)
{
    struct tcp *tcp = self;
    if (tcp->mode.value == MODE_SERVER && context->workers > 1) {
        struct message *message = diag_error(
            context->diag, context_place(context, "mode"),
            "the tcp output in mode server works with one worker only in this version");
        diag_hint(context->diag, message, "set pipeline.workers to 1, or use mode client");
        return false;
    }
    tcp->tls.plan = (struct tls_plan){.is_client = tcp->mode.value == MODE_CLIENT, .peer = tcp->host};
    return tls_create(&tcp->tls, &tcp->tls_settings, context);
}

static int tcp_start(void *self, struct output *output)
{
    struct tcp *tcp = self;
    tcp->output = output;
    conn_set_init(&tcp->conns, output->loop, NULL, tcp);
    tcp->conns.left = conns_left;
    if (tls_is_on(&tcp->tls)) {
        tcp->conns.tls = output->tls = &tcp->tls;
        tls_open(&tcp->tls, output->loop);
    }
    int status = tcp->mode.value == MODE_SERVER ? server_begin(tcp) : client_begin(tcp);
    if (status) tls_close(&tcp->tls);
    return status;
}

static uint32_t tcp_take(void *self, struct batch *batch, const struct selection *in,
                         struct obligation *obligation)
{
    struct tcp *tcp = self;
    if (tcp->mode.value == MODE_SERVER) return server_take(tcp, batch, in, obligation);
    return lane_take(&tcp->lane, batch, in, obligation);
}

static void tcp_turn(void *self)
{
    struct tcp *tcp = self;
    if (tcp->mode.value == MODE_SERVER)
        server_turn(tcp);
    else
        lane_turn(&tcp->lane);
}

static void tcp_stop(void *self)
{
    struct tcp *tcp = self;
    if (tcp->mode.value == MODE_SERVER)
        server_end(tcp);
    else
        lane_close(&tcp->lane, client_drained);
}

/* The server's clients hold nothing that is not settled. */
static void tcp_abandon(void *self)
{
    struct tcp *tcp = self;
    if (tcp->mode.value == MODE_SERVER) return;
    tcp->request = NULL;
    tcp->written = 0;
    lane_abandon(&tcp->lane);
}

static void tcp_destroy(void *self)
{
    struct tcp *tcp = self;
    buf_fini(&tcp->text);
    tls_destroy(&tcp->tls);
    if (tcp->mode.value == MODE_CLIENT && tcp->output) lane_fini(&tcp->lane);
}

static const struct option tcp_options[] = {
    OPTION_STRING(struct tcp, host, .required = true,
                  .help = "Host to connect to, or address to listen on."),
    OPTION_INT(struct tcp, port, .required = true, .min = 1, .max = 65535,
               .help = "Port to connect to, or to listen on."),
    OPTION_CHOICE(struct tcp, mode, .preset = "client", .choices = modes,
                  .help = "Connects (client), or listens and sends to all who connect (server)."),
    OPTION_DURATION(struct tcp, reconnect_interval, .preset = "10", .unit = "s", .min = 100000000,
                    .max = 3600000000000,
                    .help = "Longest wait between two attempts to connect; the first come sooner."),
    OPTION_GROUP(struct tcp, tls_settings, tls_options),
    OPTION_END,
};

const struct output_type output_tcp = {
    .name = "tcp",
    .summary = "Sends events over TCP.",
    .size = sizeof(struct tcp),
    .options = tcp_options,
    .default_codec = "json",
    .create = tcp_create,
    .start = tcp_start,
    .take = tcp_take,
    .turn = tcp_turn,
    .stop = tcp_stop,
    .abandon = tcp_abandon,
    .destroy = tcp_destroy,
};
