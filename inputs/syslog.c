/* SPDX-License-Identifier: Apache-2.0 */
/* Input `syslog`: UDP and TCP on one port, RFC 3164 and RFC 5424, lines and octet counting, all told
 * apart by themselves (core/text/syslog.h, core/net/syslog_framer.h).
 *
 * Departures from Logstash's input: RFC 5424 and octet counting are understood, a line's terminator is
 * not in the message, a message without a priority counts as 13 (user-level notice, as its code
 * intends; it writes 0), and a line that is no syslog at all is what gets the failure tag. With TLS there
 * is no UDP: what is to be encrypted does not come in the clear beside it. */
#include <assert.h>
#include <stdlib.h>
#include "core/input.h"
#include "core/log.h"
#include "core/net/datagram.h"
#include "core/net/proxy.h"
#include "core/net/server.h"
#include "core/net/syslog_framer.h"
#include "core/net/tls.h"
#include "core/text/syslog_event.h"
#include "core/xmalloc.h"

enum { SYSLOG_DATAGRAM_MAX = 65507 };

struct syslog {
    int64_t port;
    struct str host, syslog_field, grok_pattern, timezone, locale, service_type;
    bool proxy_protocol, use_labels;
    struct str_list facility_labels, severity_labels;
    struct byte_size line_limit;
    int64_t connections_limit, receive_buffer_bytes;
    struct duration idle_timeout;
    struct tls_settings tls_settings;

    struct tls tls;
    struct input *input;
    struct server server;
    struct datagrams datagrams;
    struct stream datagram_stream;
    struct address datagram_peer; /* of the datagram being decoded */
    struct syslog_reader reader;
    struct path peer_ip;
    uint32_t to_stop;
    bool has_failed; /* to start: nobody waits for its end */
};

struct sender {
    struct conn conn;
    struct syslog *syslog;
    struct stream stream;
    struct syslog_framer framer;
    struct proxy_reader *proxy;
};

/* ---- events ---- */

static void set_ip(const struct syslog *syslog, struct event *event, struct str ip)
{
    struct str copy = arena_copy(event->arena, ip);
    path_set(&syslog->peer_ip, event, value_string_flagged(copy, STRING_ASCII | STRING_UTF8));
}

static void syslog_refine(void *self, struct event *event, const struct value *now)
{
    struct syslog *syslog = self;
    /* a year begins once a year: looking at the batch's first is enough */
    if (now->kind == VALUE_TIME && event->index == 0) syslog_reader_now(&syslog->reader, now->seconds);
    syslog_reader_apply(&syslog->reader, event);
}

static void sender_decorate(void *opaque, struct event *event)
{
    const struct sender *sender = opaque;
    char text[ADDRESS_TEXT_MAX];
    bool is_proxied = sender->proxy && sender->proxy->header.is_known;
    set_ip(sender->syslog, event,
           is_proxied ? str_of(sender->proxy->header.source) : address_print(&sender->conn.peer, text));
}

static void datagram_decorate(void *opaque, struct event *event)
{
    const struct syslog *syslog = opaque;
    char text[ADDRESS_TEXT_MAX];
    set_ip(syslog, event, address_print(&syslog->datagram_peer, text));
}

static size_t datagram_received(void *opaque, struct str bytes, bool is_cut,
                                const struct address *peer)
{
    struct syslog *syslog = opaque;
    if (memcmp(&syslog->datagram_peer, peer, sizeof *peer) != 0) {
        syslog->datagram_peer = *peer;
        stream_origin_changed(&syslog->datagram_stream);
    }
    struct frame frame = {.bytes = syslog_trim(bytes),
                          .position = syslog->datagram_stream.position + 1};
    if (is_cut) frame.tag = STR("_datagram_cut");
    stream_emit(&syslog->datagram_stream, &frame);
    return bytes.len;
}

static void syslog_fields(const void *opaque, struct field_set *fields)
{
    const struct syslog *syslog = opaque;
    fields_put(fields, &syslog->peer_ip, TYPE_STRING);
    syslog_reader_fields(&syslog->reader, fields);
}

/* ---- connections ---- */

static void sender_opened(struct conn *conn)
{
    struct sender *sender = (struct sender *)(void *)conn;
    sender->syslog = conn->set->owner;
    if (sender->syslog->proxy_protocol) sender->proxy = xcalloc(1, sizeof *sender->proxy);
    stream_open(&sender->stream, sender->syslog->input, NULL, sender_decorate, sender);
    syslog_framer_init(&sender->framer, &sender->stream,
                       (size_t)sender->syslog->line_limit.bytes);
}

static size_t sender_read(struct conn *conn, struct str bytes, struct block *block)
{
    struct sender *sender = (struct sender *)(void *)conn;
    size_t head = 0;
    if (sender->proxy && !sender->proxy->is_done) {
        enum proxy_verdict verdict = proxy_read(sender->proxy, bytes, &head);
        if (verdict == PROXY_BAD) {
            counter_add(&sender->syslog->input->counters.errors, 1);
            LOG(LOG_WARN, "syslog.proxy_header", sender->syslog->input->id,
                "a connection sent no PROXY line and is closed; is proxy_protocol meant?");
            conn_close(conn);
        }
        if (verdict != PROXY_DONE) return bytes.len;
    }
    return head + syslog_framer_feed(&sender->framer, str_from(bytes, head), block);
}

static void sender_ended(struct conn *conn, int status)
{
    struct sender *sender = (struct sender *)(void *)conn;
    /* of one that broke, part of a message is thrown away and counted */
    if (!status) syslog_framer_flush(&sender->framer);
    conn_close(conn);
}

static void sender_closed(struct conn *conn)
{
    struct sender *sender = (struct sender *)(void *)conn;
    syslog_framer_fini(&sender->framer);
    stream_close(&sender->stream);
    free(sender->proxy);
}

static const struct conn_type sender_type = {.size = sizeof(struct sender),
                                             .read = sender_read,
                                             .ended = sender_ended,
                                             .closed = sender_closed};

/* ---- the input ---- */

static const char *const facilities[SYSLOG_FACILITIES] = {
    "kernel", "user-level", "mail", "system", "security/authorization", "syslogd", "line printer",
    "network news", "UUCP", "clock", "security/authorization", "FTP", "NTP", "log audit",
    "log alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7"};
static const char *const severities[SYSLOG_SEVERITIES] = {
    "Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug"};

static struct str_list labels(struct str_list given, const char *const *preset, uint32_t count,
                              struct arena *arena)
{
    if (given.count) return given;
    struct str_list list = {arena_alloc(arena, count * sizeof(struct str)), count};
    for (uint32_t i = 0; i < count; i++) list.items[i] = str_of(preset[i]);
    return list;
}

static bool zone_option(struct syslog *syslog, const struct plugin_context *context)
{
    struct str id = syslog->timezone;
    if (id.len == 0) {
        syslog->reader.clock.zone = zone_system();
        return true;
    }
    enum zone_status status = zone_find(id, &syslog->reader.clock.zone);
    if (status == ZONE_FOUND) return true;
    diag_hint(context->diag,
              diag_error(context->diag, context_place(context, "timezone"), "time zone `%.*s` is not known",
                         STR_ARG(id)),
              "%s", zone_explain(status));
    return false;
}

/* The user's pattern, and what only it heeds. */
static bool pattern_option(struct syslog *syslog, const struct plugin_context *context)
{
    struct syslog_pattern_options options = {.pattern = syslog->grok_pattern,
                                             .field = syslog->syslog_field,
                                             .is_ecs = context->ecs != ECS_DISABLED,
                                             .zone = syslog->reader.clock.zone,
                                             .locale = date_locale_english()};
    if (syslog->locale.len) options.locale = date_locale(syslog->locale);
    if (!options.locale) {
        diag_hint(context->diag,
                  diag_error(context->diag, context_place(context, "locale"),
                             "locale `%.*s` is not known", STR_ARG(syslog->locale)),
                  "known are %s", date_locales());
        return false;
    }
    if (!syslog->grok_pattern.len) {
        if (options.locale == date_locale_english()) return true;
        diag_hint(context->diag,
                  diag_warning(context->diag, context_place(context, "locale"),
                               "without grok_pattern month names are read as English only"),
                  "leave it out, or give a grok_pattern");
        return true;
    }
    struct grok_problem problem;
    syslog->reader.pattern = syslog_pattern_compile(&options, context->arena, &problem);
    if (syslog->reader.pattern) return true;
    struct message *message = diag_error(
        context->diag, context_place(context, "grok_pattern"), "%s", problem.text);
    if (problem.hint[0]) diag_hint(context->diag, message, "%s", problem.hint);
    return false;
}

static void syslog_destroy(void *self)
{
    struct syslog *syslog = self;
    syslog_pattern_destroy(syslog->reader.pattern);
    tls_destroy(&syslog->tls);
}

static bool syslog_create(void *self, const struct plugin_context *context)
{
    struct syslog *syslog = self;
    struct syslog_reader *reader = &syslog->reader;
    if (!path_compile(&reader->field, syslog->syslog_field, context->arena)) {
        diag_error(context->diag, context_place(context, "syslog_field"),
                   "`%.*s` is not a field reference", STR_ARG(syslog->syslog_field));
        return false;
    }
    /* the pattern and TLS last: what was refused is not destroyed */
    bool good = zone_option(syslog, context) && pattern_option(syslog, context);
    if (good && !tls_create(&syslog->tls, &syslog->tls_settings, context)) {
        syslog_pattern_destroy(reader->pattern);
        good = false;
    }
    const char *ip = context->ecs == ECS_DISABLED ? "host" : "[host][ip]";
    bool compiled = path_compile(&syslog->peer_ip, str_of(ip), context->arena);
    assert(compiled);
    (void)compiled;
    reader->use_labels = syslog->use_labels;
    reader->facilities =
        labels(syslog->facility_labels, facilities, SYSLOG_FACILITIES, context->arena);
    reader->severities =
        labels(syslog->severity_labels, severities, SYSLOG_SEVERITIES, context->arena);
    reader->service_type = syslog->service_type;
    syslog_reader_init(reader, context->ecs, context->arena);
    return good;
}

static void part_stopped(void *opaque)
{
    struct syslog *syslog = opaque;
    assert(syslog->to_stop);
    if (syslog->has_failed) return;
    if (--syslog->to_stop) return;
    if (!tls_is_on(&syslog->tls)) stream_close(&syslog->datagram_stream);
    input_stopped(syslog->input);
}

static int syslog_start(void *self, struct input *input)
{
    struct syslog *syslog = self;
    syslog->input = input;
    syslog->server.type = &sender_type;
    syslog->server.opened = sender_opened;
    syslog->server.stopped = part_stopped;
    syslog->server.opaque = syslog;
    syslog->datagrams.received = datagram_received;
    syslog->datagrams.stopped = part_stopped;
    syslog->datagrams.opaque = syslog;
    struct server_options stream = {
        .host = syslog->host, .port = syslog->port, .connections_max = syslog->connections_limit,
        .keep_alive = true, .idle_ms = (uint64_t)syslog->idle_timeout.ns / 1000000,
        .tls = &syslog->tls};
    struct datagram_options datagrams = {.host = syslog->host,
                                         .port = syslog->port,
                                         .slot_bytes = SYSLOG_DATAGRAM_MAX,
                                         .receive_buffer = syslog->receive_buffer_bytes};
    int status = server_start(&syslog->server, input, &stream);
    if (status) return status;
    syslog->to_stop = tls_is_on(&syslog->tls) ? 1 : 2;
    if (syslog->to_stop == 1) return 0;
    status = datagrams_start(&syslog->datagrams, input, &datagrams);
    if (status) {
        syslog->has_failed = true;
        server_stop(&syslog->server);
        return status;
    }
    stream_open(&syslog->datagram_stream, input, NULL, datagram_decorate, syslog);
    return 0;
}

static void syslog_pause(void *self, bool paused)
{
    struct syslog *syslog = self;
    if (paused) return;
    if (!tls_is_on(&syslog->tls)) datagrams_resume(&syslog->datagrams);
    server_resume(&syslog->server);
}

static void syslog_stop(void *self)
{
    struct syslog *syslog = self;
    if (!tls_is_on(&syslog->tls)) datagrams_stop(&syslog->datagrams);
    server_stop(&syslog->server);
}

static const struct option syslog_options[] = {
    OPTION_INT(struct syslog, port, .preset = "514", .min = 1, .max = 65535,
               .help = "Port for UDP and TCP."),
    OPTION_STRING(struct syslog, host, .preset = "0.0.0.0",
                  .help = "Address to listen on (`::` for IPv4 and IPv6)."),
    OPTION_STRING(struct syslog, syslog_field, .preset = "message",
                  .help = "Field that holds the syslog line, where the codec puts it."),
    OPTION_STRING(struct syslog, grok_pattern,
                  .help = "Grok pattern of your own instead of RFC 3164 and RFC 5424; its captures "
                          "`priority` ([log][syslog][priority]) and `timestamp` are read."),
    OPTION_BOOL(struct syslog, proxy_protocol, .preset = "false",
                .help = "Every connection begins with a PROXY line, version 1 (HAProxy)."),
    OPTION_BOOL(struct syslog, use_labels, .preset = "true",
                .help = "Adds the names of facility and severity."),
    OPTION_STRINGS(struct syslog, facility_labels, .help = "Names of the facilities, from 0 on."),
    OPTION_STRINGS(struct syslog, severity_labels, .help = "Names of the severities, from 0 on."),
    OPTION_STRING(struct syslog, timezone, .help = "Zone of times that do not say one; the machine's."),
    OPTION_STRING(struct syslog, locale, .help = "Language of month names, for grok_pattern."),
    OPTION_STRING(struct syslog, service_type, .preset = "system",
                  .help = "With ECS, the value of [service][type]."),
    OPTION_SIZE(struct syslog, line_limit, .preset = "1 MiB", .min = 16, .max = 64 * 1024 * 1024,
                .help = "Longest message over TCP; a longer one is cut and tagged _line_cut. "
                        "Tailrace's own."),
    OPTION_INT(struct syslog, connections_limit, .preset = "0", .min = 0, .max = 1000000,
               .help = "Open connections of a worker; 0: 20000, or what LimitNOFILE allows if that "
                       "is less. Tailrace's own."),
    OPTION_DURATION(struct syslog, idle_timeout, .preset = "0s", .unit = "s",
                    .help = "Ends a connection that sends nothing for so long; 0: never. Tailrace's own."),
    OPTION_INT(struct syslog, receive_buffer_bytes, .preset = "0", .min = 0, .max = 1 << 30,
               .help = "Size of the kernel's receive buffer for UDP (SO_RCVBUF); 0: the system's. "
                       "Tailrace's own."),
    OPTION_GROUP(struct syslog, tls_settings, tls_options),
    OPTION_END,
};

static bool syslog_listens(const void *opaque, struct listen_place *place)
{
    const struct syslog *self = opaque;
    *place = (struct listen_place){.host = self->host, .port = self->port, .is_tcp = true,
                                  .is_udp = !self->tls_settings.ssl_enabled};
    return true;
}

const struct input_type input_syslog = {
    .name = "syslog",
    .summary = "Reads syslog, RFC 3164 and RFC 5424, over UDP and TCP.",
    .size = sizeof(struct syslog),
    .options = syslog_options,
    .default_codec = "plain",
    .is_queued = true,
    .create = syslog_create,
    .listens = syslog_listens,
    .start = syslog_start,
    .pause = syslog_pause,
    .stop = syslog_stop,
    .destroy = syslog_destroy,
    .refine = syslog_refine,
    .fields = syslog_fields,
    .is_ecs = true,
};
