/* SPDX-License-Identifier: Apache-2.0 */
/* Output `kafka`: events become records. Its options: core/kafka/output_options.h; how records reach brokers, in
 * which order they are settled and what is tried again: core/kafka/producer.h. One worker's thread. */
#include "core/kafka/output_options.h"

static const char *render(const struct template *template, const struct event *event,
                          struct buf *scratch)
{
    buf_clear(scratch);
    if (template->is_literal)
        buf_append(scratch, template->text);
    else
        template_append(template, event, scratch);
    return buf_z(scratch);
}

static rd_kafka_headers_t *headers_of(struct kafka_output *kafka, const struct event *event)
{
    const struct template_pairs *pairs = &kafka->message_headers;
    if (!pairs->count) return NULL;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(pairs->count);
    for (uint32_t i = 0; i < pairs->count; i++) {
        const struct template_pair *pair = &pairs->items[i];
        for (uint32_t k = 0; k < pair->values.count; k++) {
            render(&pair->values.items[k], event, &kafka->key);
            rd_kafka_header_add(headers, pair->name.text.ptr, (ssize_t)pair->name.text.len,
                                kafka->key.ptr, (ssize_t)kafka->key.len);
        }
    }
    return headers;
}

enum taken { TAKEN, TAKEN_NOT };

static rd_kafka_resp_err_t record_check(const struct kafka_output *kafka, const struct producer_record *record)
{
    if (!kafka->name.len || kafka->name.len > TOPIC_NAME_MAX) return RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION;
    bool is_blamed = producer_is_blamed(kafka->writer.producer, record->sum);
    return is_blamed ? RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE : RD_KAFKA_RESP_ERR_NO_ERROR;
}

static enum taken record_take(struct kafka_output *kafka, const struct event *event, uint32_t group)
{
    struct producer *producer = kafka->writer.producer;
    if (producer->transaction && transaction_taking(producer->transaction) == TRANSACTION_DISCARDS) {
        producer->groups[group].open++;
        producer->groups[group].done++;
        return TAKEN;
    }
    struct codec *codec = kafka->output->codec;
    struct producer_record record = {.opaque = producer_opaque(group, event->index)};
    if (producer->transaction) record.sum = producer_sum(producer, event, kafka->output->id);
    buf_clear(&kafka->payload);
    codec->type->encode(codec->self, event, &kafka->payload);
    record.payload = buf_str(&kafka->payload);
    record.topic = render(&kafka->topic_id, event, &kafka->name);
    record.headers = headers_of(kafka, event);
    record.has_key = kafka->message_key.text.len != 0;
    if (record.has_key) {
        render(&kafka->message_key, event, &kafka->key);
        record.key = buf_str(&kafka->key);
    }
    rd_kafka_resp_err_t error = record_check(kafka, &record);
    if (!error) error = producer_send(producer, &record);
    if (!error) {
        producer->groups[group].open++;
        producer_hold(producer, producer_bytes(record.payload.len, record.key.len));
        return TAKEN;
    }
    if (record.headers) rd_kafka_headers_destroy(record.headers);
    return producer_refused(producer, &record, event, error) ? TAKEN : TAKEN_NOT;
}

static uint32_t kafka_take(void *self, struct batch *batch, const struct selection *in, struct obligation *obligation)
{
    struct kafka_output *kafka = self;
    struct producer *producer = kafka->writer.producer;
    uint32_t taken = 0;
    if (producer_is_taking(producer)) {
        /* open: it is kept while records are refused at once */
        uint32_t group = producer_group_open(
            producer, &(struct producer_group){.writer = &kafka->writer, .obligation = obligation, .open = 1});
        while (taken < in->count && producer_is_taking(producer) &&
               record_take(kafka, batch->events[in->index[taken]], group) == TAKEN)
            taken++;
        producer_group_release(producer, group, 1);
    }
    counter_add(&kafka->output->codec->encoded_events, taken);
    kafka->writer.is_full = taken < in->count;
    return taken;
}

/* ---- the plugin ---- */

static int kafka_start(void *self, struct output *output)
{
    struct kafka_output *kafka = self;
    kafka->output = output;
    size_t bytes_max = kafka_share(output->loop, output->workers);
    if (kafka->buffer_memory.bytes && (size_t)kafka->buffer_memory.bytes < bytes_max)
        bytes_max = (size_t)kafka->buffer_memory.bytes;
    struct producer_options options = {.conf = kafka_output_conf(kafka, bytes_max),
                                       .has_retries = kafka->has_retries,
                                       .is_once = kafka->delivery.value == DELIVERY_EXACTLY_ONCE,
                                       .bytes_max = bytes_max,
                                       .record_max = (size_t)kafka->max_request_size.bytes};
    int status = producer_join(&kafka->writer, output, &options);
    if (!status && kafka->dead_letter_topic.len)
        producer_letters_open(kafka->writer.producer, output->dead_letters, kafka->letters_topic);
    return status;
}

static void kafka_turn(void *self)
{
    struct kafka_output *kafka = self;
    if (kafka->writer.producer) producer_turn(kafka->writer.producer);
}

static void kafka_stop(void *self) { producer_leave(&((struct kafka_output *)self)->writer); }

static void kafka_abandon(void *self) { producer_abandon(&((struct kafka_output *)self)->writer); }

static void kafka_destroy(void *self)
{
    struct kafka_output *kafka = self;
    if (kafka->conf) rd_kafka_conf_destroy(kafka->conf);
    buf_fini(&kafka->payload);
    buf_fini(&kafka->key);
    buf_fini(&kafka->name);
}

/* For the check over the whole pipeline (pipelines/exactly_once.h). */
static struct str kafka_transacts(const void *self)
{
    const struct kafka_output *kafka = self;
    return kafka->delivery.value == DELIVERY_EXACTLY_ONCE ? kafka->client.bootstrap_servers : (struct str){0};
}

static struct str kafka_letters_topic(const void *self)
{
    return ((const struct kafka_output *)self)->dead_letter_topic;
}

const struct output_type output_kafka = {
    .name = "kafka",
    .summary = "Writes records to Kafka topics.",
    .size = sizeof(struct kafka_output),
    .options = kafka_output_options,
    .default_codec = "plain",
    .create = kafka_output_create,
    .start = kafka_start,
    .take = kafka_take,
    .turn = kafka_turn,
    .stop = kafka_stop,
    .abandon = kafka_abandon,
    .destroy = kafka_destroy,
    .transacts = kafka_transacts,
    .differs = kafka_output_differs,
    .letters_topic = kafka_letters_topic,
};
