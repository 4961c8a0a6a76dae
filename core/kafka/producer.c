/* SPDX-License-Identifier: Apache-2.0 */
#include "core/kafka/producer.h"
#include <assert.h>
#include <stdlib.h>
#include "core/xmalloc.h"

/* ---- memory ---- */

void producer_hold(struct producer *producer, size_t bytes)
{
    producer->bytes += bytes;
    budget_charge(producer->loop->budget, bytes);
}

void producer_release(struct producer *producer, size_t bytes)
{
    assert(producer->bytes >= bytes);
    producer->bytes -= bytes;
    budget_release(producer->loop->budget, bytes);
}

/* ---- groups ---- */

uint32_t producer_group_open(struct producer *producer, const struct producer_group *group)
{
    if (!producer->group_free) {
        producer->groups = xreallocarray(producer->groups, producer->group_count + 1, sizeof *producer->groups);
        producer->groups[producer->group_count].next = 0;
        producer->group_free = ++producer->group_count;
    }
    uint32_t at = producer->group_free - 1;
    producer->group_free = producer->groups[at].next;
    producer->groups[at] = *group;
    return at;
}

void producer_group_release(struct producer *producer, uint32_t at, uint32_t count)
{
    struct producer_group *group = &producer->groups[at];
    assert(at < producer->group_count && group->open >= count);
    group->open -= count;
    if (group->open) return;
    assert(!group->extra);
    group->obligation = NULL;
    group->next = producer->group_free;
    producer->group_free = at + 1;
}

/* Never NULL: librdkafka prints that as "no opaque". */
void *producer_opaque(uint32_t group, uint32_t event)
{
    return (void *)(uintptr_t)(((uint64_t)(group + 1) << PRODUCER_EVENT_BITS) | event);
}
uint32_t producer_opaque_group(const void *opaque)
{
    return (uint32_t)((uint64_t)(uintptr_t)opaque >> PRODUCER_EVENT_BITS) - 1;
}
uint32_t producer_opaque_event(const void *opaque)
{
    return (uint32_t)((uintptr_t)opaque & ((1u << PRODUCER_EVENT_BITS) - 1));
}

size_t producer_record_held(struct producer *producer, const void *opaque, size_t payload, size_t key)
{
    struct producer_group *group = &producer->groups[producer_opaque_group(opaque)];
    size_t bytes = producer_bytes(payload, key) + group->extra;
    group->extra = 0;
    return bytes;
}

/* ---- sending ---- */

static rd_kafka_topic_t *topic_get(struct producer *producer, const char *name)
{
    rd_kafka_topic_t **slot = &producer->topics[key_hash(str_of(name)) % PRODUCER_TOPICS_MAX];
    if (*slot && strcmp(rd_kafka_topic_name(*slot), name) == 0) return *slot;
    if (*slot) rd_kafka_topic_destroy(*slot); /* librdkafka keeps what has records under way */
    return *slot = rd_kafka_topic_new(producer->handle.rk, name, NULL);
}

rd_kafka_resp_err_t producer_send(struct producer *producer, const struct producer_record *record)
{
    rd_kafka_topic_t *topic = topic_get(producer, record->topic);
    if (!topic) return RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION;
    /* an empty key is a key, NULL is none */
    const char *key = record->has_key ? (record->key.len ? record->key.ptr : "") : NULL;
    void *payload = (void *)(uintptr_t)record->payload.ptr;
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!record->headers) {
        if (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, payload,
                             record->payload.len, key, record->key.len, record->opaque))
            error = rd_kafka_last_error();
    } else {
        error = rd_kafka_producev(producer->handle.rk, RD_KAFKA_V_RKT(topic),
                                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                  RD_KAFKA_V_VALUE(payload, record->payload.len),
                                  RD_KAFKA_V_KEY(key, record->key.len),
                                  RD_KAFKA_V_HEADERS(record->headers),
                                  RD_KAFKA_V_OPAQUE(record->opaque), RD_KAFKA_V_END);
    }
    if (error) return error;
    producer->records++;
    producer->sum = record->sum;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

bool producer_is_taking(const struct producer *producer)
{
    if (producer->transaction && transaction_taking(producer->transaction) != TRANSACTION_TAKES)
        return transaction_taking(producer->transaction) == TRANSACTION_DISCARDS;
    if (producer->records_max && producer->records >= producer->records_max) return false;
    return producer->bytes < producer->options.bytes_max && !producer->again && !producer->is_alone &&
           !producer->is_fatal && producer->handle.rk && producer_now_ms(producer) >= producer->again_due_ms;
}

/* ---- the handle ---- */

static void producer_served(void *opaque);

static int handle_open(struct producer *producer)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(producer->options.conf);
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
    int status = kafka_handle_open(&producer->handle, RD_KAFKA_PRODUCER, conf, producer->loop, producer->id,
                                   producer_served, producer);
    if (status) return status;
    producer->reports = rd_kafka_queue_get_main(producer->handle.rk);
    kafka_handle_listen(&producer->handle, producer->reports);
    return 0;
}

static void handle_close(struct producer *producer, void (*closed)(void *opaque))
{
    assert(producer->records == 0);
    producer->is_closing = true;
    for (int i = 0; i < PRODUCER_TOPICS_MAX; i++) {
        if (producer->topics[i]) rd_kafka_topic_destroy(producer->topics[i]);
        producer->topics[i] = NULL;
    }
    rd_kafka_queue_destroy(producer->reports);
    kafka_handle_close(&producer->handle, closed);
}

static void handle_replaced(void *opaque)
{
    struct producer *producer = opaque;
    producer->is_closing = producer->is_fatal = false;
    int status = handle_open(producer);
    assert(status == 0); /* the same settings made the one before */
    (void)status;
    if (producer->transaction) transaction_restart(producer->transaction, producer->handle.rk);
    kafka_handle_poke(&producer->handle);
}

/* ---- the end ---- */

static void producer_free(struct producer *producer)
{
    assert(!producer->again);
    rd_kafka_conf_destroy(producer->options.conf);
    buf_fini(&producer->scratch);
    free(producer->groups);
    free(producer);
}

static void producer_ended(void *opaque)
{
    struct producer *producer = opaque;
    struct producer_writer *writer = producer->writers;
    producer_free(producer);
    while (writer) {
        struct producer_writer *next = writer->next;
        writer->producer = NULL;
        output_stopped(writer->output);
        writer = next;
    }
}

static void transaction_ended(void *opaque)
{
    struct producer *producer = opaque;
    producer->transaction = NULL;
    handle_close(producer, producer_ended);
}

static bool is_ended(const struct producer *producer)
{
    for (const struct producer_writer *writer = producer->writers; writer; writer = writer->next)
        if (!writer->output->is_stopping) return false;
    return producer->records == 0 && !producer->again &&
           (!producer->transaction || transaction_is_idle(producer->transaction));
}

static void producer_end(struct producer *producer)
{
    producer->is_closing = true;
    if (producer->transaction)
        transaction_close(producer->transaction, transaction_ended);
    else
        handle_close(producer, producer_ended);
}

/* ---- turns ---- */

static void writers_ready(struct producer *producer)
{
    if (!producer_is_taking(producer) || producer->bytes > producer->options.bytes_max / 2) return;
    for (struct producer_writer *writer = producer->writers; writer; writer = writer->next) {
        if (!writer->is_full) continue;
        writer->is_full = false;
        output_ready(writer->output);
    }
}

void producer_turn(struct producer *producer)
{
    if (!producer->transaction || producer->is_closing) return;
    producer_void(producer);
    transaction_turn(producer->transaction);
}

static void producer_served(void *opaque)
{
    struct producer *producer = opaque;
    if (producer->is_closing) return;
    producer_reports_read(producer);
    producer_turn(producer);
    if (is_ended(producer)) {
        producer_end(producer);
        return;
    }
    if (producer->is_fatal) {
        bool is_due = producer->records == 0 && producer_now_ms(producer) >= producer->replace_due_ms;
        if (is_due) handle_close(producer, handle_replaced);
        return;
    }
    if (producer->again && producer_now_ms(producer) >= producer->again_due_ms) producer_again_go_on(producer);
    writers_ready(producer);
}

/* ---- writers ---- */

static int producer_open(struct producer_writer *writer, const struct producer_options *options)
{
    struct output *output = writer->output;
    struct producer *producer = xcalloc(1, sizeof *producer);
    *producer = (struct producer){.options = *options, .loop = output->loop, .id = output->id,
                                  .pipeline = output->pipeline};
    producer->again_last = &producer->again;
    int status = handle_open(producer);
    if (status) {
        producer_free(producer);
        return status;
    }
    if (options->is_once) producer_transaction_open(producer);
    writer->producer = producer;
    return 0;
}

int producer_join(struct producer_writer *writer, struct output *output, const struct producer_options *options)
{
    writer->output = output;
    if (options->is_once && output->loop->transaction) {
        /* the first one's options are everyone's (pipelines/exactly_once.h) */
        rd_kafka_conf_destroy(options->conf);
        writer->producer = transaction_owner(output->loop->transaction);
    } else {
        int status = producer_open(writer, options);
        if (status) return status;
    }
    writer->next = writer->producer->writers;
    writer->producer->writers = writer;
    return 0;
}

void producer_leave(struct producer_writer *writer) { kafka_handle_poke(&writer->producer->handle); }

static void dropped(struct producer *producer, const void *opaque)
{
    producer_settle(producer, producer_opaque_group(opaque), 1);
}

void producer_abandon(struct producer_writer *writer)
{
    struct producer *producer = writer->producer;
    assert(!producer->transaction && writer->output->is_stopping);
    producer->is_abandoned = true;
    producer_again_drop(producer, dropped);
    if (!producer->is_closing)
        rd_kafka_purge(producer->handle.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                                RD_KAFKA_PURGE_F_NON_BLOCKING);
    kafka_handle_poke(&producer->handle);
}
