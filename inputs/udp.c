/* SPDX-License-Identifier: Apache-2.0 */
/* Input `udp`: one datagram is one frame; with a codec of lines, each of its lines and what follows
 * the last. A datagram without an answer has no promise: what the kernel drops is counted, not lost
 * in silence. Options of Logstash's threads (workers, queue_size) have no meaning here. */
#include <assert.h>
#include "core/input.h"
#include "core/net/datagram.h"

struct udp {
    int64_t port;
    struct str host;
    int64_t buffer_size, receive_buffer_bytes;
    struct str source_ip_fieldname;

    struct input *input;
    struct datagrams datagrams;
    struct stream stream;
    struct framer framer;
    struct path source_ip;
    struct address peer; /* of the datagram being decoded */
};

static void udp_decorate(void *opaque, struct event *event)
{
    const struct udp *udp = opaque;
    const struct value *present = path_get(&udp->source_ip, event);
    if (present && present->kind != VALUE_NULL) return;
    char text[ADDRESS_TEXT_MAX];
    struct str ip = arena_copy(event->arena, address_print(&udp->peer, text));
    path_set(&udp->source_ip, event, value_string_flagged(ip, STRING_ASCII | STRING_UTF8));
}

static void udp_fields(const void *opaque, struct field_set *fields)
{
    const struct udp *udp = opaque;
    fields_put_absent(fields, &udp->source_ip, TYPE_STRING);
}

static size_t udp_received(void *opaque, struct str bytes, bool is_cut, const struct address *peer)
{
    struct udp *udp = opaque;
    if (memcmp(&udp->peer, peer, sizeof *peer) != 0) {
        udp->peer = *peer;
        stream_origin_changed(&udp->stream);
    }
    udp->stream.tag = is_cut ? STR("_datagram_cut") : (struct str){0};
    if (udp->stream.codec->type->framing == FRAMING_LINES) {
        size_t used = framer_feed(&udp->framer, bytes, NULL);
        if (used == bytes.len) framer_flush(&udp->framer);
        return used;
    }
    struct frame frame = {.bytes = bytes, .position = udp->stream.position + 1};
    stream_emit(&udp->stream, &frame);
    return bytes.len;
}

static void udp_stopped(void *opaque)
{
    struct udp *udp = opaque;
    framer_fini(&udp->framer);
    stream_close(&udp->stream);
    input_stopped(udp->input);
}

static bool udp_create(void *self, const struct plugin_context *context)
{
    struct udp *udp = self;
    const char *preset = context->ecs == ECS_DISABLED ? "host" : "[host][ip]";
    struct str field = udp->source_ip_fieldname.len ? udp->source_ip_fieldname : str_of(preset);
    if (path_compile(&udp->source_ip, field, context->arena)) return true;
    diag_error(context->diag, context_place(context, "source_ip_fieldname"),
               "`%.*s` is not a field reference", STR_ARG(field));
    return false;
}

static int udp_start(void *self, struct input *input)
{
    struct udp *udp = self;
    udp->input = input;
    udp->datagrams.received = udp_received;
    udp->datagrams.stopped = udp_stopped;
    udp->datagrams.opaque = udp;
    struct datagram_options options = {.host = udp->host,
                                       .port = udp->port,
                                       .slot_bytes = udp->buffer_size,
                                       .receive_buffer = udp->receive_buffer_bytes};
    int status = datagrams_start(&udp->datagrams, input, &options);
    if (status) return status;
    stream_open(&udp->stream, input, NULL, udp_decorate, udp);
    framer_init(&udp->framer, &udp->stream, input->codec->delimiter, DATAGRAM_BYTES_MAX, 0);
    return 0;
}

static void udp_pause(void *self, bool paused)
{
    struct udp *udp = self;
    if (!paused) datagrams_resume(&udp->datagrams);
}

static void udp_stop(void *self)
{
    struct udp *udp = self;
    datagrams_stop(&udp->datagrams);
}

static const struct option udp_options[] = {
    OPTION_INT(struct udp, port, .required = true, .min = 1, .max = 65535, .help = "Port to bind."),
    OPTION_STRING(struct udp, host, .preset = "0.0.0.0",
                  .help = "Address to bind (`::` for IPv4 and IPv6)."),
    OPTION_INT(struct udp, buffer_size, .preset = "65536", .min = 1, .max = DATAGRAM_BYTES_MAX,
               .help = "Longest datagram; a longer one is cut and tagged _datagram_cut."),
    OPTION_INT(struct udp, receive_buffer_bytes, .preset = "0", .min = 0, .max = 1 << 30,
               .help = "Size of the kernel's receive buffer (SO_RCVBUF); 0: the system's."),
    OPTION_STRING(struct udp, source_ip_fieldname,
                  .help = "Field for the sender's address; `host`, or `[host][ip]` with ECS."),
    OPTION_IGNORED("workers", "Threads of Logstash's input; without effect here."),
    OPTION_IGNORED("queue_size", "Queue between Logstash's threads; without effect here."),
    OPTION_END,
};

static bool udp_listens(const void *opaque, struct listen_place *place)
{
    const struct udp *self = opaque;
    *place = (struct listen_place){.host = self->host, .port = self->port, .is_udp = true};
    return true;
}

const struct input_type input_udp = {
    .name = "udp",
    .summary = "Reads datagrams from a UDP port.",
    .size = sizeof(struct udp),
    .options = udp_options,
    .default_codec = "plain",
    .is_queued = true,
    .create = udp_create,
    .listens = udp_listens,
    .start = udp_start,
    .pause = udp_pause,
    .stop = udp_stop,
    .fields = udp_fields,
    .is_ecs = true,
};
