/* SPDX-License-Identifier: Apache-2.0 */
/* The input `beats`, which has a second name. Its parts are described in inputs/beats.c. */
#ifndef INPUTS_BEATS_H
#define INPUTS_BEATS_H
#include "core/beats_event.h"
#include "core/net/server.h"
#include "core/net/tls.h"

enum { FIELD_IP, FIELD_STATUS, FIELD_PROTOCOL, FIELD_SUBJECT, FIELD_CIPHER, FIELD_COUNT };
struct beats {
    int64_t port;
    struct str host;
    struct duration client_inactivity_timeout;
    bool add_hostname, include_codec_tag, ssl_peer_metadata;
    struct str_list enrich;
    int64_t connections_limit;
    struct tls_settings tls_settings;

    struct tls tls;
    struct input *input;
    struct server server;
    uv_timer_t timer;
    struct beats_event event;
    bool has_source, has_peer; /* what events tell of their connection */
    struct path fields[FIELD_COUNT];
    size_t held; /* bytes of half frames of all connections */
};

bool beats_create(void *self, const struct plugin_context *context);
bool beats_listens(const void *opaque, struct listen_place *place);
int beats_start(void *self, struct input *input);
void beats_pause(void *self, bool paused);
void beats_stop(void *self);
void beats_destroy(void *self);
void beats_fields(const void *self, struct field_set *fields);
extern const struct option beats_options[];

/* What both have but name and summary. */
#define BEATS_INPUT                                                                                    \
    .size = sizeof(struct beats), .options = beats_options, .default_codec = "plain",                 \
    .create = beats_create, .listens = beats_listens, .start = beats_start, .pause = beats_pause,       \
    .stop = beats_stop, .destroy = beats_destroy, .fields = beats_fields, .is_ecs = true

#endif
