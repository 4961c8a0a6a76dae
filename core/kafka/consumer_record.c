/* SPDX-License-Identifier: Apache-2.0 */
#include "core/kafka/consumer.h"
#include <inttypes.h>
#include "core/log.h"
#include "core/text/utf8.h"

const char *const consumer_key_names[KEY_COUNT] = {"topic", "consumer_group", "partition", "offset",
                                                  "key", "timestamp", "headers"};

/* ---- events ---- */

static void header_add(struct value *map, struct event *event, const char *name, const void *bytes,
                       size_t len)
{
    struct str text = {bytes, len};
    if (!bytes || utf8_valid_len(text) != len) return;
    struct str key = arena_copy(event->arena, str_of(name));
    map_set(map->map, event->arena, key_of(key),
            value_string_flagged(arena_copy(event->arena, text), STRING_UTF8));
}

static void decorate_headers(const struct consumer *consumer, struct event *event, struct value *kafka_map)
{
    struct value map = value_map(event->arena, 4);
    rd_kafka_headers_t *headers;
    if (rd_kafka_message_headers(consumer->message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        const char *name;
        const void *bytes;
        size_t len;
        for (size_t i = 0; !rd_kafka_header_get_all(headers, i, &name, &bytes, &len); i++)
            header_add(&map, event, name, bytes, len);
    }
    map_append(kafka_map->map, event->arena, consumer->keys[KEY_HEADERS], map);
}

void consumer_decorate(void *opaque, struct event *event)
{
    const struct consumer_partition *partition = opaque;
    const struct consumer *consumer = partition->consumer;
    if (consumer->decoration == DECORATE_NONE) return;
    const rd_kafka_message_t *message = consumer->message;
    rd_kafka_timestamp_type_t type;
    int64_t timestamp = rd_kafka_message_timestamp(message, &type);
    struct str key = {message->key, message->key_len};
    struct value values[KEY_HEADERS] = {
        [KEY_TOPIC] = value_string(partition->topic),
        [KEY_GROUP] = value_string(consumer->group_id),
        [KEY_PARTITION] = value_int(partition->number),
        [KEY_OFFSET] = value_int(message->offset),
        [KEY_KEY] = message->key ? value_string(arena_copy(event->arena, key)) : value_null(),
        [KEY_TIMESTAMP] = value_int(timestamp),
    };
    struct value map = value_map(event->arena, KEY_COUNT);
    for (int i = 0; i < KEY_HEADERS; i++)
        map_append(map.map, event->arena, consumer->keys[i], values[i]);
    if (consumer->decoration == DECORATE_EXTENDED) decorate_headers(consumer, event, &map);
    path_set(&consumer->metadata_path, event, map);
}

void consumer_fields(const void *opaque, struct field_set *fields)
{
    static const unsigned types[KEY_COUNT] = {
        [KEY_TOPIC] = TYPE_STRING,   [KEY_GROUP] = TYPE_STRING, [KEY_PARTITION] = TYPE_INTEGER,
        [KEY_OFFSET] = TYPE_INTEGER, [KEY_KEY] = TYPE_STRING | TYPE_NULL, [KEY_TIMESTAMP] = TYPE_INTEGER,
        [KEY_HEADERS] = TYPE_OBJECT,
    };
    const struct consumer *consumer = opaque;
    if (consumer->decoration == DECORATE_NONE) return;
    int count = consumer->decoration == DECORATE_EXTENDED ? KEY_COUNT : KEY_HEADERS;
    for (int i = 0; i < count; i++) {
        char reference[64];
        snprintf(reference, sizeof reference, "[@metadata][kafka][%s]", consumer_key_names[i]);
        fields_put_name(fields, reference, types[i]);
    }
}

/* ---- records ---- */

/* Offsets go back when a topic was made anew or its log was cut: a new count begins. */
static void partition_restart(struct consumer_partition *partition, int64_t offset)
{
    struct consumer *consumer = partition->consumer;
    LOG(LOG_WARN, "kafka.offset_back", consumer->input->id,
        "%.*s partition %d goes back from offset %" PRIu64 " to %" PRId64
        ": the topic was made anew, or its end was lost",
        STR_ARG(partition->topic), (int)partition->number, partition->stream.position, offset);
    stream_restart(&partition->stream);
    partition->settled = partition->committed = partition->at_end = -1;
    partition->begun = offset;
}

static void message_emit(struct consumer *consumer, const rd_kafka_message_t *message)
{
    struct consumer_partition *partition =
        consumer_partition_find(consumer, rd_kafka_topic_name(message->rkt), message->partition);
    if (!partition || partition->is_leaving) return; /* the next member reads it */
    uint64_t position = (uint64_t)message->offset + 1;
    if (position <= partition->stream.position) partition_restart(partition, message->offset);
    if (partition->begun < 0) partition->begun = message->offset;
    if (consumer->transaction) {
        if (partition->base < 0) partition->base = message->offset;
        transaction_read(consumer->transaction, 1);
    }
    consumer->record_bytes += (message->len + 8) / 8 - consumer->record_bytes / 8;
    consumer->message = message;
    struct frame frame = {
        .bytes = {message->payload ? message->payload : "", message->len}, .position = position};
    stream_emit(&partition->stream, &frame);
    consumer->message = NULL;
}

/* No failure: there is no more for now. */
static void partition_ended(struct consumer *consumer, const rd_kafka_message_t *message)
{
    struct consumer_partition *partition =
        consumer_partition_find(consumer, rd_kafka_topic_name(message->rkt), message->partition);
    if (!partition) return;
    partition->at_end = message->offset;
    if (partition->begun < 0) partition->begun = message->offset;
}

static void message_failed(struct consumer *consumer, const rd_kafka_message_t *message)
{
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        partition_ended(consumer, message);
        return;
    }
    consumer_count_error(consumer);
    kafka_log_error(&consumer->handle, message->err, rd_kafka_message_errstr(message));
}

/* The prefetch has gone down by a quarter: more may be fetched. */
static void prefetch_go_on(struct consumer *consumer)
{
    if (consumer->since_wake < consumer->prefetch_bytes / 4) return;
    if (rd_kafka_queue_length(consumer->messages) > consumer->prefetch_bytes / MESSAGE_OVERHEAD / 2) return;
    consumer->since_wake = 0;
    kafka_handle_wake_brokers(&consumer->handle);
}

static bool held_fill(struct consumer *consumer)
{
    prefetch_go_on(consumer);
    size_t wanted = HELD_BYTES / (consumer->record_bytes + 1);
    wanted = wanted < 1 ? 1 : wanted > HELD_MAX ? HELD_MAX : wanted;
    ssize_t got = rd_kafka_consume_batch_queue(consumer->messages, 0, consumer->held, wanted);
    consumer->held_at = 0;
    consumer->held_count = got > 0 ? (uint32_t)got : 0;
    return got > 0;
}

void consumer_held_drop(struct consumer *consumer)
{
    while (consumer->held_at < consumer->held_count) rd_kafka_message_destroy(consumer->held[consumer->held_at++]);
}

void consumer_read(struct consumer *consumer)
{
    size_t bytes = 0;
    while (consumer_may_read(consumer)) {
        consumer->read_ms = consumer_now_ms(consumer);
        if (consumer->held_at == consumer->held_count && !held_fill(consumer)) return;
        rd_kafka_message_t *message = consumer->held[consumer->held_at++];
        bytes += message->len + MESSAGE_OVERHEAD;
        consumer->since_wake += message->len + MESSAGE_OVERHEAD;
        if (message->err)
            message_failed(consumer, message);
        else
            message_emit(consumer, message);
        rd_kafka_message_destroy(message);
        if (bytes >= TURN_BYTES) {
            kafka_handle_poke(&consumer->handle);
            return;
        }
    }
}

/* A pause at librdkafka frees what it has prefetched, to be fetched again: only when it lasts. */
void consumer_pause_settle(struct consumer *consumer, bool wants_pause)
{
    if (wants_pause == consumer->is_paused_there || consumer->rebalance || !consumer->partition_count) return;
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)consumer->partition_count);
    for (uint32_t i = 0; i < consumer->partition_count; i++)
        rd_kafka_topic_partition_list_add(list, consumer->partitions[i]->topic.ptr,
                                          consumer->partitions[i]->number);
    if (wants_pause)
        rd_kafka_pause_partitions(consumer->handle.rk, list);
    else
        rd_kafka_resume_partitions(consumer->handle.rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    consumer->is_paused_there = wants_pause;
    LOG(LOG_INFO, "kafka.paused", consumer->input->id,
        wants_pause ? "the outputs have not taken anything for %d s: prefetched records are let go"
                    : "reading goes on after a pause of more than %d s",
        PAUSE_AFTER_MS / 1000);
}
