/* SPDX-License-Identifier: Apache-2.0 */
#include "core/kafka/producer.h"
#include <stdlib.h>
#include "core/xmalloc.h"

/* Its bytes are held already. */
void producer_again_keep(struct producer *producer, const struct producer_record *record, bool is_alone)
{
    struct producer_again *again = xcalloc(1, sizeof *again);
    again->topic = strdup(record->topic);
    if (!again->topic) abort();
    buf_append(&again->payload, record->payload);
    again->has_key = record->has_key;
    buf_append(&again->key, record->key);
    if (record->headers) again->headers = rd_kafka_headers_copy(record->headers);
    again->opaque = record->opaque;
    again->sum = record->sum;
    again->is_alone = is_alone;
    *producer->again_last = again;
    producer->again_last = &again->next;
    struct producer_writer *writer = producer->groups[producer_opaque_group(record->opaque)].writer;
    if (writer) counter_add(&writer->output->counters.retries, 1);
}

/* Unlinks the first. */
static void again_pop(struct producer *producer)
{
    struct producer_again *done = producer->again;
    producer->again = done->next;
    if (!producer->again) producer->again_last = &producer->again;
    free(done->topic);
    buf_fini(&done->payload);
    buf_fini(&done->key);
    if (done->headers) rd_kafka_headers_destroy(done->headers);
    free(done);
}

/* False: not now. */
static bool again_send(struct producer *producer, struct producer_again *again)
{
    struct producer_record record = {.topic = again->topic, .payload = buf_str(&again->payload),
                                     .key = buf_str(&again->key), .has_key = again->has_key,
                                     .headers = again->headers, .opaque = again->opaque, .sum = again->sum};
    rd_kafka_resp_err_t error = producer_send(producer, &record);
    if (!error) {
        again->headers = NULL;
        return true;
    }
    bool is_over = producer_is_permanent(error) || (producer->transaction && error != RD_KAFKA_RESP_ERR__QUEUE_FULL);
    if (!is_over) return false;
    producer_release(producer, producer_record_held(producer, again->opaque, again->payload.len, again->key.len));
    producer->groups[producer_opaque_group(again->opaque)].open--; /* it is counted again there */
    producer_refused(producer, &record, NULL, error);
    return true;
}

static bool may_send(const struct producer *producer)
{
    if (producer->again->is_alone && producer->records) return false; /* their reports bring us back */
    return !producer->records_max || producer->records < producer->records_max;
}

void producer_again_go_on(struct producer *producer)
{
    while (producer->again && may_send(producer)) {
        bool is_alone = producer->again->is_alone;
        if (!again_send(producer, producer->again)) {
            producer->again_due_ms = producer_now_ms(producer) + PRODUCER_AGAIN_MS;
            return;
        }
        again_pop(producer);
        producer->is_alone = is_alone && producer->records;
        if (producer->is_alone) return;
    }
}

void producer_again_drop(struct producer *producer, void (*dropped)(struct producer *producer, const void *opaque))
{
    while (producer->again) {
        const struct producer_again *again = producer->again;
        const void *opaque = again->opaque;
        producer_release(producer, producer_record_held(producer, opaque, again->payload.len, again->key.len));
        again_pop(producer);
        dropped(producer, opaque);
    }
}
