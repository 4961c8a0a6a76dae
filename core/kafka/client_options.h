/* SPDX-License-Identifier: Apache-2.0 */
/* Options that the Kafka input and output share, and how they become librdkafka's properties.
 *
 *   options (Logstash's names)  ──▶  rows of kafka_property  ──▶  rd_kafka_conf_t
 *   security, JAAS, stores      ──▶  by hand                 ──▶       "
 *   librdkafka => { … }         ──▶  any property by name, last, so that it wins
 *
 * What librdkafka refuses is said at the option's place. Start-up only; all memory is the
 * configuration's but the rd_kafka_conf_t, which the caller owns. */
#ifndef CORE_KAFKA_CLIENT_OPTIONS_H
#define CORE_KAFKA_CLIENT_OPTIONS_H
#include <librdkafka/rdkafka.h>
#include "core/plugin.h"

enum { KAFKA_STORE_HEAD = 11 }; /* bytes of a key store that tell its type */

struct kafka_client_options {
    struct str bootstrap_servers, client_id, client_dns_lookup;
    struct duration request_timeout_ms, retry_backoff_ms, reconnect_backoff_ms,
        reconnect_backoff_max_ms, connections_max_idle_ms, metadata_max_age_ms;
    struct byte_size receive_buffer_bytes, send_buffer_bytes;
    struct choice security_protocol;
    struct str ssl_truststore_location, ssl_truststore_type, ssl_keystore_location,
        ssl_keystore_type, ssl_endpoint_identification_algorithm;
    struct secret ssl_truststore_password, ssl_keystore_password, ssl_key_password;
    struct str sasl_mechanism, jaas_path, sasl_kerberos_service_name, kerberos_config,
        sasl_oauthbearer_token_endpoint_url, sasl_oauthbearer_scope_claim_name;
    struct secret sasl_jaas_config;
    struct str_pairs librdkafka;
};
extern const struct option kafka_client_options[];

/* One option that is a property by another name. */
enum kafka_form { KAFKA_TEXT, KAFKA_SECRET, KAFKA_MS, KAFKA_BYTES, KAFKA_INT, KAFKA_BOOL };
struct kafka_property {
    const char *option, *property;
    enum kafka_form form;
    size_t offset;
    int64_t max; /* of librdkafka; a larger number is taken as this. 0: none */
};
#define KAFKA_PROPERTY(form_, struct_, member_, property_) \
    {.option = #member_, .property = property_, .form = form_, .offset = offsetof(struct_, member_)}
#define KAFKA_PROPERTY_MAX(form_, struct_, member_, property_, max_)                           \
    {.option = #member_, .property = property_, .form = form_,                                 \
     .offset = offsetof(struct_, member_), .max = max_}

/* Sets what is given (empty text and 0 are not) of a NULL-ended table. False: said to the diag. */
bool kafka_properties_set(rd_kafka_conf_t *conf, const struct kafka_property *rows, const void *self,
                          const struct plugin_context *context);
/* One property, complaints at `option`. */
bool kafka_property_set(rd_kafka_conf_t *conf, const char *property, struct str value,
                        const char *option, const struct plugin_context *context);
/* All of the shared options but `librdkafka`. */
bool kafka_client_options_set(rd_kafka_conf_t *conf, const struct kafka_client_options *options,
                              const struct plugin_context *context);
/* The hash `librdkafka`; to be called last. */
bool kafka_overrides_set(rd_kafka_conf_t *conf, const struct kafka_client_options *options,
                         const struct plugin_context *context);
/* Is the property named in the hash `librdkafka`? Then no computed limit replaces it. */
bool kafka_is_overridden(const struct kafka_client_options *options, const char *property);
/* String and ByteArray are what bytes are here; anything else is refused. */
bool kafka_serializer_check(struct str class_name, const char *option,
                            const struct plugin_context *context);

#endif
