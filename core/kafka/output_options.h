/* SPDX-License-Identifier: Apache-2.0 */
/* Output `kafka`: its options, and what one instance keeps. outputs/kafka.c makes records of events, producer.h brings
 * them to brokers. Instances of one worker whose delivery is exactly_once share the first one's producer, hence
 * the options of a producer are the same in all of them (kafka_output_differs).
 *
 * Before the start: the control thread; afterwards one worker's thread. */
#ifndef CORE_KAFKA_OUTPUT_OPTIONS_H
#define CORE_KAFKA_OUTPUT_OPTIONS_H
#include "core/kafka/client_options.h"
#include "core/kafka/producer.h"

enum {
    KAFKA_HEADERS_MAX = 64,              /* message_headers */
    KAFKA_RETRIES_TIMEOUT_MS = 120000,   /* Java's delivery.timeout.ms */
};
enum kafka_acks { ACKS_NONE, ACKS_LEADER, ACKS_ALL };
enum kafka_delivery { DELIVERY_AT_LEAST_ONCE, DELIVERY_EXACTLY_ONCE };

struct kafka_output {
    struct kafka_client_options client;
    struct template topic_id, message_key;
    struct template_pairs message_headers;
    struct choice acks, compression_type, partitioner, delivery;
    struct byte_size batch_size, buffer_memory, max_request_size;
    struct duration linger_ms, metadata_fetch_timeout_ms;
    struct str retries, enable_idempotence, key_serializer, value_serializer, transactional_id, dead_letter_topic;

    rd_kafka_conf_t *conf; /* as written; each worker's producer has a copy */
    const char *letters_topic; /* dead_letter_topic, NUL-ended */
    bool has_retries, is_idempotent;

    struct output *output;
    struct producer_writer writer;
    struct buf payload, key, name;
};

extern const struct option kafka_output_options[];
bool kafka_output_create(void *self, const struct plugin_context *context);
/* Of one worker's producer, whose bytes_max is known. */
rd_kafka_conf_t *kafka_output_conf(const struct kafka_output *kafka, size_t bytes_max);
/* The option of a producer in which they differ, or NULL. */
const char *kafka_output_differs(const void *self, const void *other);

#endif
