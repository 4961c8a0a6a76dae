/* SPDX-License-Identifier: Apache-2.0 */
#include "core/kafka/producer.h"
#include <assert.h>
#include "core/log.h"
#include "core/text/json.h"

/* ---- errors ---- */

/* What no broker will take, however often it is tried. */
bool producer_is_permanent(rd_kafka_resp_err_t error)
{
    switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
        return true;
    default:
        return false;
    }
}

/* Of these the broker says of a batch what may hold for one of its records only, or for none: the batch may be
 * larger than the topic allows, and no record of it. */
static bool is_of_batch(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
           error == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
           error == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE || error == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
           error == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP;
}

/* Of several outputs the first is named, whose producer it is. */
static void count_error(struct producer *producer)
{
    counter_add(&producer->writers->output->counters.errors, 1);
}

static void say_batch(struct producer *producer, rd_kafka_resp_err_t error, const char *topic)
{
    count_error(producer);
    LOG(LOG_WARN, "kafka.batch_refused", producer->id,
        "topic `%s` refuses a batch of records: %s; they are sent one by one. Make batch_size smaller than the topic's "
        "max.message.bytes", topic, rd_kafka_err2str(error));
}

static void say_refused(struct producer *producer, const char *topic, size_t len, rd_kafka_resp_err_t error)
{
    count_error(producer);
    LOG(LOG_ERROR, "kafka.dropped", producer->id,
        "no broker will ever take a record of %zu bytes for topic `%s`: %s", len, topic, rd_kafka_err2str(error));
}

void producer_say_again(struct producer *producer, rd_kafka_resp_err_t error, const char *topic)
{
    count_error(producer);
    LOG(LOG_WARN, "kafka.again", producer->id,
        "topic `%s` does not take records: %s; they are kept and tried again every second", topic,
        rd_kafka_err2str(error));
}

/* ---- settling ---- */

/* The group first: settling may close the ticket, and its hooks may come back here. */
void producer_settle(struct producer *producer, uint32_t at, uint32_t count)
{
    struct producer_group group = producer->groups[at];
    producer_group_release(producer, at, count);
    if (producer->is_abandoned)
        obligation_sent(group.obligation, count); /* nobody counts it */
    else if (group.writer)
        output_sent(group.writer->output, group.obligation, count);
    else
        dead_letters_written(producer->letters, &group.debt);
}

/* The event that codec json made this record of, as far as JSON tells it. False: it is no JSON. */
static bool event_decode(struct event *event, struct str payload, struct arena *arena)
{
    struct value value;
    struct json_report report;
    if (!json_decode(payload, JSON_WHOLE, arena, &value, &report) || value.kind != VALUE_MAP) return false;
    event_init(event, arena, event_now());
    event_take_map(event, value.map);
    return true;
}

/* What is told of a record that no broker takes: the event while it is there, afterwards its bytes. */
static void settle_refused(struct producer *producer, const void *opaque, const struct event *event,
                           struct str payload, rd_kafka_resp_err_t error)
{
    uint32_t at = producer_opaque_group(opaque);
    struct producer_group group = producer->groups[at];
    assert(group.writer);
    producer_group_release(producer, at, 1);
    struct output *output = group.writer->output;
    struct dead_letter letter = {.stage = DEAD_LETTER_OUTPUT, .plugin = STR("kafka"), .id = output->id,
                                 .reason = str_of(rd_kafka_err2name(error)), .text = str_of(rd_kafka_err2str(error)),
                                 .attempts = 1, .event = event};
    struct arena arena;
    struct event again;
    arena_init(&arena, NULL);
    if (!event && event_decode(&again, payload, &arena)) letter.event = &again;
    if (!letter.event) letter.original = payload;
    output_reject(output, group.obligation, producer_opaque_event(opaque), &letter);
    arena_fini(&arena);
}

/* No broker takes this record. */
static void refuse(struct producer *producer, const struct producer_record *record, const struct event *event,
                   rd_kafka_resp_err_t error)
{
    say_refused(producer, record->topic, record->payload.len, error);
    if (producer->groups[producer_opaque_group(record->opaque)].writer)
        settle_refused(producer, record->opaque, event, record->payload, error);
    else
        producer_letter_lose(producer, record->opaque);
}

bool producer_refused(struct producer *producer, const struct producer_record *record, const struct event *event,
                      rd_kafka_resp_err_t error)
{
    uint32_t group = producer_opaque_group(record->opaque);
    bool is_full = error == RD_KAFKA_RESP_ERR__QUEUE_FULL;
    if (producer_is_permanent(error) || (producer->options.has_retries && !is_full)) {
        producer->groups[group].open++;
        refuse(producer, record, event, error);
        return true;
    }
    if (is_full) return false;
    if (producer->transaction) {
        producer->groups[group].open++;
        producer_aborts(producer, group, record->topic, error);
        return true;
    }
    producer_say_again(producer, error, record->topic);
    producer->again_due_ms = producer_now_ms(producer) + PRODUCER_AGAIN_MS;
    return false;
}

/* ---- reports ---- */

static struct producer_record record_of(const rd_kafka_message_t *message)
{
    struct producer_record record = {.topic = rd_kafka_topic_name(message->rkt),
                                     .payload = {message->payload, message->len},
                                     .key = {message->key, message->key_len},
                                     .has_key = message->key != NULL,
                                     .opaque = message->_private};
    rd_kafka_headers_t *headers;
    if (!rd_kafka_message_headers(message, &headers)) record.headers = headers;
    return record;
}

/* In a transaction: it is aborted. */
static void report_aborts(struct producer *producer, const struct producer_record *record, rd_kafka_resp_err_t error)
{
    producer_blame(producer, producer_is_permanent(error));
    producer_release(producer,
                     producer_record_held(producer, record->opaque, record->payload.len, record->key.len));
    producer_aborts(producer, producer_opaque_group(record->opaque), record->topic, error);
}

static void report_failed(struct producer *producer, const rd_kafka_message_t *message)
{
    struct producer_record record = record_of(message);
    rd_kafka_resp_err_t error = message->err;
    size_t bytes = producer_bytes(message->len, message->key_len);
    if (producer->transaction) {
        report_aborts(producer, &record, error);
        return;
    }
    if (producer->is_abandoned) {
        producer_release(producer, bytes);
        producer_settle(producer, producer_opaque_group(record.opaque), 1);
        return;
    }
    bool is_purged = error == RD_KAFKA_RESP_ERR__PURGE_QUEUE || error == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT ||
                     producer->is_fatal;
    uint64_t now = producer_now_ms(producer);
    if (is_of_batch(error) && !producer->is_alone) {
        say_batch(producer, error, record.topic);
        if (!producer->again) producer->again_due_ms = now;
        producer_again_keep(producer, &record, true);
        return;
    }
    if (producer_is_permanent(error) || (producer->options.has_retries && !is_purged)) {
        producer_release(producer, bytes);
        refuse(producer, &record, NULL, error);
        return;
    }
    if (!is_purged) producer_say_again(producer, error, record.topic);
    if (!producer->again) producer->again_due_ms = now + (is_purged ? 0 : PRODUCER_AGAIN_MS);
    producer_again_keep(producer, &record, producer->is_alone);
}

static void report_run(struct producer *producer, uint32_t group, uint32_t count)
{
    if (producer->transaction)
        producer->groups[group].done += count;
    else
        producer_settle(producer, group, count);
}

/* Reports come in the order of a partition's records, so neighbours are mostly of one group. */
static void reports_settle(struct producer *producer, const rd_kafka_message_t **messages, size_t count)
{
    size_t bytes = 0;
    uint32_t run = 0, group = 0;
    producer->records -= (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_message_t *message = messages[i];
        if (message->err) {
            report_failed(producer, message);
            continue;
        }
        bytes += producer_record_held(producer, message->_private, message->len, message->key_len);
        uint32_t own = producer_opaque_group(message->_private);
        struct producer_writer *writer = producer->groups[own].writer;
        if (writer) counter_add(&writer->output->counters.bytes, message->len);
        if (run && own != group) {
            report_run(producer, group, run);
            run = 0;
        }
        group = own;
        run++;
    }
    if (!producer->records) producer->is_alone = false; /* before hooks of what settles look */
    if (run) report_run(producer, group, run);
    producer_release(producer, bytes);
    counter_add(&producer->writers->output->counters.requests, 1);
}

static void failed(struct producer *producer, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    count_error(producer);
    if (error != RD_KAFKA_RESP_ERR__FATAL) {
        kafka_log_error(&producer->handle, error, rd_kafka_event_error_string(event));
        return;
    }
    char text[512] = "";
    rd_kafka_fatal_error(producer->handle.rk, text, sizeof text);
    if (producer->transaction) { /* the call that ends it is told the same */
        transaction_abort(producer->transaction, text);
        return;
    }
    LOG(LOG_ERROR, "kafka.fatal", producer->id,
        "the producer cannot go on: %s; it is replaced, some records may come twice", text);
    producer->is_fatal = true;
    rd_kafka_purge(producer->handle.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                            RD_KAFKA_PURGE_F_NON_BLOCKING);
}

void producer_reports_read(struct producer *producer)
{
    const rd_kafka_message_t *messages[PRODUCER_REPORTS_MAX];
    rd_kafka_event_t *event;
    while ((event = rd_kafka_queue_poll(producer->reports, 0))) {
        size_t count;
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR)
            while ((count = rd_kafka_event_message_array(event, messages, PRODUCER_REPORTS_MAX)))
                reports_settle(producer, messages, count);
        else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
            failed(producer, event);
        rd_kafka_event_destroy(event);
    }
}
