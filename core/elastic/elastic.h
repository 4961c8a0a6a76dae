/* SPDX-License-Identifier: Apache-2.0 */
/* Output `elasticsearch` (also `opensearch`): options, and what one instance keeps while it runs.
 *
 *   take() ─▶ action.c: names, action line, document ─▶ core/delivery ─▶ flight.c: POST _bulk ─▶ hosts
 *                                                           ▲                    │
 *                       verdict.c: one for each document ◀──┴── bulk_answer.c ◀──┘
 *   start() ─▶ setup.c: who is there, template, lifecycle ─▶ delivery_release()
 *
 * One worker's thread. Before: options.c (the table), create.c and connection.c (checks, presets), hosts.c. */
#ifndef CORE_ELASTIC_ELASTIC_H
#define CORE_ELASTIC_ELASTIC_H
#include "core/delivery/delivery.h"
#include "core/elastic/bulk_answer.h"
#include "core/elastic/hosts.h"
#include "core/net/http_tls.h"
#include "core/text/time.h"
#include <zlib.h>

enum {
    ELASTIC_CONNECT_MS = 10000,
    ELASTIC_EVENTS_MAX = 10000,          /* of one request: its answer must be readable */
    ELASTIC_ANSWER_MAX = 8 * 1024 * 1024,
    ELASTIC_NAME_MAX = 255,              /* bytes of an index name, of Elasticsearch */
    ELASTIC_ID_MAX = 512,                /* bytes of a document's id, of Elasticsearch */
    ELASTIC_HEADERS_MAX = 32,
    ELASTIC_CODES_MAX = 64,              /* dlq_custom_codes */
};

enum elastic_tristate { ELASTIC_TRUE, ELASTIC_FALSE, ELASTIC_AUTO };
enum elastic_action { ACTION_INDEX, ACTION_CREATE, ACTION_UPDATE, ACTION_DELETE, ACTION_UNKNOWN };
enum elastic_conflict { CONFLICT_DROP, CONFLICT_SENT };

struct elastic_options {
    struct str_list hosts;
    struct str path, bulk_path, proxy, user, cloud_id;
    struct secret password, api_key, cloud_auth, bearer_token;
    struct str_pairs parameters, custom_headers;
    struct duration timeout, resurrect_delay, retry_initial_interval, retry_max_interval, batch_wait;
    int64_t pool_max, pool_max_per_route, compression_level;
    struct str http_compression;
    bool sniffing, ordered;
    struct http_tls_settings tls;

    struct template index, action, document_id, routing, pipeline, version, upsert, script;
    struct choice version_type, script_type, conflict;
    struct str script_lang, script_var_name;
    bool doc_as_upsert, scripted_upsert, kafka_document_id;
    int64_t retry_on_conflict;
    struct str_list silence_errors_in_log, drop_error_types, dlq_custom_codes;
    bool dlq_on_failed_indexname_interpolation;

    bool manage_template, template_overwrite;
    struct str template, template_name, ilm_rollover_alias, ilm_pattern, ilm_policy;
    struct choice template_api, ilm_enabled, data_stream, data_stream_type;
    struct str data_stream_dataset, data_stream_namespace;
    bool data_stream_sync_fields, data_stream_auto_routing;

    int64_t batch_events, requests_max, rate_limit_events;
    struct byte_size batch_bytes, answer_limit, rate_limit_bytes;
};

/* What an event says about its document; texts are memory of its batch or of the options. */
struct bulk_action {
    enum elastic_action action;
    struct str index, id, routing, pipeline, version, version_type;
};

struct flight;
struct setup;

struct elastic {
    struct elastic_options options; /* first */
    struct elastic_hosts hosts;
    struct http_client_options http;
    struct http_tls tls;
    struct http_header headers[ELASTIC_HEADERS_MAX];
    uint32_t header_count, plain_headers; /* the last is content-encoding: setup goes without */
    const char **bulk_urls;               /* by host */
    uint16_t codes[ELASTIC_CODES_MAX];
    uint32_t code_count;
    bool is_data_stream, is_ecs, is_index_given, is_id_kafka, is_gzip;
    bool has_alias, is_plain; /* plain: no option beyond index and id says anything of a document */
    struct str alias, template_name;
    struct template ilm_index;
    struct path meta, meta_index, meta_id, meta_routing, meta_pipeline, meta_version;
    struct path meta_version_type, target_pipeline;
    struct path kafka_topic, kafka_partition, kafka_offset, data_stream_fields;

    struct output *output;
    struct delivery delivery;
    struct http_client *client;
    struct flight *free_flights;
    struct setup *setup;
    z_stream packer;
    bool has_packer;
    bool waits_for_alias, has_refused; /* setup decides what the index is: nothing is taken before */
    bool is_using_alias;               /* and that was its decision */
    struct time_cache times;
    struct buf index_text, id_text, line, last_id; /* line: the action line of the last plain event */
    uint32_t same_id;                              /* events that had it before */
    struct buf last_index;
};

extern const struct option elastic_option_table[];
extern const char *const elastic_version_types[], *const elastic_script_types[], *const elastic_stream_types[];

/* The functions of the plugin, under each of its names. */
bool elastic_create(void *self, const struct plugin_context *context);
int elastic_start(void *self, struct output *host);
uint32_t elastic_take(void *self, struct batch *batch, const struct selection *in, struct obligation *obligation);
void elastic_turn(void *self);
void elastic_stop(void *self);
void elastic_abandon(void *self);
void elastic_destroy(void *self);

/* connection.c: hosts, login, TLS, addresses. False: something was complained of. */
bool connection_create(struct elastic *self, const struct plugin_context *context);

/* action.c: appends the event's lines, and fills in what the item knows of them. NULL, or why it cannot be sent;
 * then `parcel` may have more bytes than before. */
const char *action_append(struct elastic *self, const struct event *event, struct parcel *parcel,
                          struct parcel_item *item);
/* The inverse, for a dead letter. */
bool action_restore(void *self, struct str document, struct str beside, struct event *event);

/* flight.c */
void flight_send(void *self, struct parcel *parcel);
void flight_cancel(void *self, struct parcel *parcel);
void flights_free(struct elastic *self);

/* verdict.c: what an answer means for the parcel; ends with one of the delivery's calls. */
void verdict_give(struct elastic *self, struct parcel *parcel, const struct http_request *http);

#endif
