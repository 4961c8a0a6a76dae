/* SPDX-License-Identifier: Apache-2.0 */
/* Input `beats`: what Filebeat and its family send (Lumberjack, versions 1 and 2). The protocol is taken apart by
 * core/net/lumberjack.h, which events are owed an acknowledgement is known by core/net/lumberjack_acks.h, the events
 * are made by core/beats_event.h.
 *
 * Unlike Logstash, which acknowledges a window once its events are in a queue in memory, an event is
 * acknowledged when every output is done with it: a kill loses none that was. While outputs are slow, shippers are
 * told that work goes on. A pause stops reading. At a stop connections are kept until what has come is
 * acknowledged. */
#include "inputs/beats.h"
#include <assert.h>
#include <stdlib.h>
#include "core/event/graft.h"
#include "core/log.h"
#include "core/net/lumberjack_acks.h"
#include "core/net/tls_session.h"

enum {
    TICK_MS = 1000,           /* keep-alives and idle connections are looked at so often */
    KEEP_ALIVE_MS = 5000,     /* nothing was written for so long while something is owed */
    ACK_BYTES_MAX = 64 * 1024, /* of acknowledgements that a shipper does not read */
};

static const char *const field_names[2][FIELD_COUNT] = {
    {"[@metadata][ip_address]", "[@metadata][tls_peer][status]", "[@metadata][tls_peer][protocol]",
     "[@metadata][tls_peer][subject]", "[@metadata][tls_peer][cipher_suite]"},
    {"[@metadata][input][beats][host][ip]", "[@metadata][tls_peer][status]",
     "[@metadata][input][beats][tls][version_protocol]", "[@metadata][input][beats][tls][client][subject]",
     "[@metadata][input][beats][tls][cipher]"},
};

struct shipper {
    struct conn conn;
    struct beats *beats;
    struct stream stream;
    struct lumberjack jack;
    struct lumberjack_acks acks;
    struct buf out; /* acknowledgements that were not written yet, from `start` on */
    size_t start, held;
    uint64_t touched_ms, wrote_ms; /* of the loop's clock */
    bool is_leaving;               /* the input stops: only what is owed is still written */
    struct graft fields;           /* of its events */
    char ip[ADDRESS_TEXT_MAX];
};

static uint64_t now_of(const struct beats *beats) { return uv_now(&beats->input->loop->uv); }

/* ---- fields ---- */

static void set_text(const struct beats *beats, int field, struct event *event, struct str text)
{
    path_set(&beats->fields[field], event, value_string(arena_copy(event->arena, text)));
}

static void set_peer(const struct shipper *shipper, struct event *event)
{
    char text[TLS_SUBJECT_MAX];
    const struct beats *beats = shipper->beats;
    const struct tls_session *session = shipper->conn.tls;
    struct str subject = tls_session_subject(session, text);
    set_text(beats, FIELD_STATUS, event, str_of(subject.len ? "verified" : "unverified"));
    if (!subject.len) return;
    set_text(beats, FIELD_PROTOCOL, event, str_of(tls_session_version(session)));
    set_text(beats, FIELD_SUBJECT, event, subject);
    set_text(beats, FIELD_CIPHER, event, str_of(tls_session_cipher(session)));
}

/* At its first event: then the handshake was done. */
static void shipper_fields(struct shipper *shipper)
{
    struct arena arena;
    struct event model;
    const struct beats *beats = shipper->beats;
    arena_init(&arena, NULL);
    event_init(&model, &arena, value_time(0, 0));
    if (beats->has_source) set_text(beats, FIELD_IP, &model, str_of(shipper->ip));
    if (beats->has_peer && shipper->conn.tls) set_peer(shipper, &model);
    graft_init(&shipper->fields, &model);
    arena_fini(&arena);
}

static void shipper_decorate(void *opaque, struct event *event)
{
    struct shipper *shipper = opaque;
    beats_event_decorate(&shipper->beats->event, event);
    if (!shipper->fields.memory) shipper_fields(shipper);
    /* what a shipper says of these itself is not believed */
    const struct beats *beats = shipper->beats;
    if (beats->has_source) path_remove(&beats->fields[FIELD_IP], event);
    for (int i = FIELD_STATUS; beats->has_peer && i < FIELD_COUNT; i++) path_remove(&beats->fields[i], event);
    graft_apply(&shipper->fields, event);
}

/* A shipper's object may have any field. */
void beats_fields(const void *self, struct field_set *fields)
{
    (void)self;
    fields_open(fields);
}

/* ---- acknowledgements ---- */

/* Everything that was owed is written. */
static bool is_quits(const struct shipper *shipper)
{
    return !lumberjack_acks_owes(&shipper->acks) && shipper->out.len == shipper->start;
}

static void shipper_flush(struct shipper *shipper)
{
    struct conn *conn = &shipper->conn;
    while (shipper->start < shipper->out.len) {
        ssize_t sent = conn_write(conn, str_from(buf_str(&shipper->out), shipper->start));
        if (sent < 0 || (sent == 0 && shipper->out.len - shipper->start > ACK_BYTES_MAX)) {
            conn_close(conn);
            return;
        }
        if (sent == 0) {
            conn_want_write(conn, true);
            return;
        }
        shipper->start += (size_t)sent;
        shipper->wrote_ms = shipper->touched_ms = now_of(shipper->beats);
    }
    buf_clear(&shipper->out);
    shipper->start = 0;
    conn_want_write(conn, false);
    if (shipper->is_leaving && is_quits(shipper)) conn_close(conn);
}

static void shipper_writable(struct conn *conn) { shipper_flush((struct shipper *)(void *)conn); }

/* Everything up to `position` is settled. */
static void shipper_advance(void *opaque, uint64_t position)
{
    struct shipper *shipper = opaque;
    if (shipper->conn.is_closing) return;
    lumberjack_acks_settled(&shipper->acks, position, &shipper->out);
    shipper_flush(shipper);
}

static const struct source_hooks shipper_hooks = {.advance = shipper_advance};

/* ---- reading ---- */

static void shipper_opened(struct conn *conn)
{
    struct shipper *shipper = (struct shipper *)(void *)conn;
    shipper->beats = conn->set->owner;
    shipper->touched_ms = shipper->wrote_ms = now_of(shipper->beats);
    address_print(&conn->peer, shipper->ip);
    stream_open(&shipper->stream, shipper->beats->input, &shipper_hooks, shipper_decorate, shipper);
    shipper->stream.codec = &shipper->beats->event.codec;
    lumberjack_init(&shipper->jack);
}

static void shipper_broken(struct shipper *shipper, const char *problem)
{
    struct input *input = shipper->beats->input;
    counter_add(&input->counters.errors, 1);
    LOG(LOG_WARN, "beats.protocol", input->id,
        "%s: %s; its connection is closed, what it has not had acknowledged it sends again", shipper->ip, problem);
    conn_close(&shipper->conn);
}

/* Memory for half frames: a quarter of the budget, as for half lines. False: the connection was closed. */
static bool shipper_account(struct shipper *shipper)
{
    struct beats *beats = shipper->beats;
    struct budget *budget = beats->input->loop->budget;
    size_t held = lumberjack_held(&shipper->jack), before = shipper->held;
    if (held == before) return true;
    budget_charge(budget, held);
    budget_release(budget, before);
    beats->held += held - before;
    shipper->held = held;
    if (held < before || !budget->limit || beats->held <= budget->limit / 4) return true;
    shipper_broken(shipper, "half frames of all connections fill a quarter of pipeline.memory; raise that");
    return false;
}

static void shipper_event(struct shipper *shipper, const struct lumberjack_item *item, struct block *block)
{
    if (!lumberjack_acks_event(&shipper->acks, item->number)) {
        shipper_broken(shipper, "it sent more events than its window holds");
        return;
    }
    struct frame frame = {.bytes = item->json,
                          .block = item->is_borrowed ? block : NULL,
                          .position = shipper->stream.position + 1};
    stream_emit(&shipper->stream, &frame);
}

/* Until the bytes are used up, the input is paused, or the connection closed. */
static void shipper_pump(struct shipper *shipper, struct str *bytes, struct block *block)
{
    struct conn *conn = &shipper->conn;
    enum lumberjack_found found = LUMBERJACK_WINDOW;
    while (found != LUMBERJACK_MORE && !conn->is_closing && !input_is_paused(shipper->beats->input)) {
        struct lumberjack_item item;
        found = lumberjack_next(&shipper->jack, bytes, &item);
        if (found == LUMBERJACK_BROKEN) {
            shipper_broken(shipper, shipper->jack.problem);
        } else if (found == LUMBERJACK_EVENT) {
            shipper_event(shipper, &item, block);
        } else if (found == LUMBERJACK_WINDOW) {
            if (!lumberjack_acks_window(&shipper->acks, item.version, item.number))
                shipper_broken(shipper, "it opened too many windows");
            else if (!item.number) /* it waits for an answer that no event brings */
                shipper_advance(shipper, shipper->acks.settled);
        }
        if (!conn->is_closing) shipper_account(shipper);
    }
}

static size_t shipper_read(struct conn *conn, struct str bytes, struct block *block)
{
    struct shipper *shipper = (struct shipper *)(void *)conn;
    struct str rest = bytes;
    if (shipper->is_leaving) return bytes.len;
    shipper->touched_ms = now_of(shipper->beats);
    shipper_pump(shipper, &rest, block);
    return conn->is_closing ? bytes.len : bytes.len - rest.len;
}

static void shipper_ended(struct conn *conn, int status)
{
    struct shipper *shipper = (struct shipper *)(void *)conn;
    if (status == 0 && conn->is_draining && !is_quits(shipper)) {
        shipper->is_leaving = true;
        conn_stop_reading(conn);
        return;
    }
    conn_close(conn);
}

static void shipper_closed(struct conn *conn)
{
    struct shipper *shipper = (struct shipper *)(void *)conn;
    budget_release(shipper->beats->input->loop->budget, shipper->held);
    shipper->beats->held -= shipper->held;
    lumberjack_fini(&shipper->jack);
    lumberjack_acks_fini(&shipper->acks);
    stream_close(&shipper->stream);
    buf_fini(&shipper->out);
    graft_fini(&shipper->fields);
}

static const struct conn_type shipper_type = {.size = sizeof(struct shipper),
                                              .read = shipper_read,
                                              .ended = shipper_ended,
                                              .writable = shipper_writable,
                                              .closed = shipper_closed};

/* ---- time ---- */

static void shipper_tick(struct shipper *shipper, uint64_t now)
{
    struct beats *beats = shipper->beats;
    uint64_t idle_ms = (uint64_t)beats->client_inactivity_timeout.ns / 1000000;
    if (lumberjack_acks_owes(&shipper->acks)) {
        if (now - shipper->wrote_ms < KEEP_ALIVE_MS) return;
        shipper->wrote_ms = now;
        lumberjack_acks_keep_alive(&shipper->acks, &shipper->out);
        shipper_flush(shipper);
    } else if (input_is_paused(beats->input)) {
        shipper->touched_ms = now; /* it may have sent what was not read */
    } else if (idle_ms && now - shipper->touched_ms >= idle_ms) {
        LOG(LOG_DEBUG, "beats.idle", beats->input->id, "%s: closed, it was idle", shipper->ip);
        conn_close(&shipper->conn);
    }
}

static void beats_tick(uv_timer_t *timer)
{
    struct beats *beats = timer->data;
    uint64_t now = now_of(beats);
    for (struct conn *conn = beats->server.conns.first; conn; conn = conn->next)
        if (!conn->is_closing) shipper_tick((struct shipper *)(void *)conn, now);
}

/* ---- the input ---- */

/* What is enriched, by the option or the two that it replaces. */
static bool enrich_option(struct beats *beats, const struct plugin_context *context)
{
    beats->has_source = !beats->enrich.count;
    beats->event.has_tags = !beats->enrich.count && beats->include_codec_tag;
    beats->has_peer = beats->ssl_peer_metadata;
    for (uint32_t i = 0; i < beats->enrich.count; i++) {
        struct str word = beats->enrich.items[i];
        bool is_all = str_eq_z(word, "all"), is_none = str_eq_z(word, "none");
        bool is_source = str_eq_z(word, "source_metadata"), is_codec = str_eq_z(word, "codec_metadata");
        bool is_peer = str_eq_z(word, "ssl_peer_metadata");
        if (!(is_all || is_none || is_source || is_codec || is_peer)) {
            diag_hint(context->diag,
                      diag_error(context->diag, context_place(context, "enrich"), "`%.*s` is not known here",
                                 STR_ARG(word)),
                      "known are source_metadata, codec_metadata, ssl_peer_metadata, all and none");
            return false;
        }
        beats->has_source |= is_all || is_source;
        beats->event.has_tags |= is_all || is_codec;
        beats->has_peer |= is_all || is_peer;
    }
    return true;
}

bool beats_create(void *self, const struct plugin_context *context)
{
    struct beats *beats = self;
    const char *const *names = field_names[context->ecs != ECS_DISABLED];
    for (int i = 0; i < FIELD_COUNT; i++) {
        bool good = path_compile(&beats->fields[i], str_of(names[i]), context->arena);
        assert(good);
        (void)good;
    }
    beats->event.copies_hostname = beats->add_hostname;
    /* TLS last: what was refused is not destroyed */
    return enrich_option(beats, context) && beats_event_create(&beats->event, context) &&
           tls_create(&beats->tls, &beats->tls_settings, context);
}

static void timer_closed(uv_handle_t *handle)
{
    struct beats *beats = handle->data;
    input_stopped(beats->input);
}

static void beats_stopped(void *opaque)
{
    struct beats *beats = opaque;
    uv_close((uv_handle_t *)&beats->timer, timer_closed);
}

int beats_start(void *self, struct input *input)
{
    struct beats *beats = self;
    beats->input = input;
    beats->server.type = &shipper_type;
    beats->server.opened = shipper_opened;
    beats->server.stopped = beats_stopped;
    beats->server.opaque = beats;
    struct server_options options = {.host = beats->host,
                                     .port = beats->port,
                                     .connections_max = beats->connections_limit,
                                     .keep_alive = true,
                                     .tls = &beats->tls};
    int status = server_start(&beats->server, input, &options);
    if (status) return status;
    uv_timer_init(&input->loop->uv, &beats->timer);
    beats->timer.data = beats;
    uv_timer_start(&beats->timer, beats_tick, TICK_MS, TICK_MS);
    return 0;
}

/* What is open of compressed frames first: no byte of a socket stands for it. */
void beats_pause(void *self, bool paused)
{
    struct beats *beats = self;
    if (paused) return;
    for (struct conn *conn = beats->server.conns.first; conn; conn = conn->next) {
        struct shipper *shipper = (struct shipper *)(void *)conn;
        struct str none = {"", 0};
        if (!conn->is_closing && lumberjack_has_more(&shipper->jack)) shipper_pump(shipper, &none, NULL);
    }
    server_resume(&beats->server);
}

void beats_stop(void *self)
{
    struct beats *beats = self;
    server_stop(&beats->server);
}

void beats_destroy(void *self)
{
    struct beats *beats = self;
    tls_destroy(&beats->tls);
}

const struct option beats_options[] = {
    OPTION_INT(struct beats, port, .required = true, .min = 1, .max = 65535, .help = "Port to listen on."),
    OPTION_STRING(struct beats, host, .preset = "0.0.0.0",
                  .help = "Address to listen on (`::` for IPv4 and IPv6)."),
    OPTION_DURATION(struct beats, client_inactivity_timeout, .preset = "60", .unit = "s", .min = 0,
                    .max = 86400000000000, .help = "A connection idle for so long is closed; 0: never."),
    OPTION_STRINGS(struct beats, enrich,
                   .help = "What events tell of their way: source_metadata, codec_metadata, ssl_peer_metadata, all, "
                           "none; without it the first two."),
    OPTION_BOOL(struct beats, include_codec_tag, .preset = "true", .deprecated = "use enrich",
                .help = "Tags events with how they were read."),
    OPTION_BOOL(struct beats, ssl_peer_metadata, .preset = "false", .deprecated = "use enrich",
                .help = "Tells the subject of the client's certificate."),
    OPTION_BOOL(struct beats, add_hostname, .preset = "false", .deprecated = "use a filter",
                .help = "Copies [beat][hostname] to host, where there is none."),
    OPTION_INT(struct beats, connections_limit, .preset = "0", .min = 0, .max = 1000000,
               .help = "Open connections of a worker; 0: 20000, or what LimitNOFILE allows if that "
                       "is less. Tailrace's own."),
    OPTION_IGNORED("executor_threads", "Accepted; workers do all."),
    OPTION_IGNORED("event_loop_threads", "Accepted; workers do all."),
    OPTION_GROUP(struct beats, tls_settings, tls_options),
    OPTION_END,
};

bool beats_listens(const void *opaque, struct listen_place *place)
{
    const struct beats *self = opaque;
    *place = (struct listen_place){.host = self->host, .port = self->port, .is_tcp = true};
    return true;
}

const struct input_type input_beats = {
    .name = "beats", .summary = "Receives events from Filebeat and other Beats.", BEATS_INPUT};
