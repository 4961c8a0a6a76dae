/* SPDX-License-Identifier: Apache-2.0 */
#include "core/kafka/producer.h"
#include <assert.h>
#include "core/event/packed.h"
#include "core/input.h"
#include "core/log.h"
#include "core/text/crc32c.h"

/* ---- what was refused ---- */

/* But for the time, which may be that of its reading. */
static void sum_pack(struct buf *out, const struct event *event)
{
    const struct entry *timestamp = &event->root.entries[SLOT_TIMESTAMP];
    MAP_EACH(&event->root, entry)
    {
        if (entry == timestamp) continue;
        pack_text(out, key_text(&entry->key));
        pack_value(out, &entry->value);
    }
    pack_value(out, &event->metadata_value);
}

uint64_t producer_sum(struct producer *producer, const struct event *event, struct str text)
{
    if (!producer->records_max && !producer->refused_count) return 0; /* nobody asks for it */
    buf_clear(&producer->scratch);
    buf_append(&producer->scratch, text);
    if (event) sum_pack(&producer->scratch, event);
    /* two sums of different kinds: an event is not refused for another one's sake */
    struct str bytes = buf_str(&producer->scratch);
    uint64_t sum = (uint64_t)key_hash(bytes) << 32 | crc32c(0, bytes.ptr, bytes.len);
    return sum ? sum : 1;
}

void producer_blame(struct producer *producer, bool is_permanent)
{
    if (is_permanent && producer->records_max == 1) {
        producer->refused[producer->refused_count++ % PRODUCER_REFUSED_MAX] = producer->sum;
        transaction_try_anew(producer->transaction); /* without it */
    } else {
        producer->batch_refused += is_permanent;
    }
}

bool producer_is_blamed(const struct producer *producer, uint64_t sum)
{
    uint32_t count = producer->refused_count < PRODUCER_REFUSED_MAX ? producer->refused_count : PRODUCER_REFUSED_MAX;
    for (uint32_t i = 0; i < count && sum; i++)
        if (producer->refused[i] == sum) return true;
    return false;
}

/* After a transaction: how many records may be underway in the next. */
static void records_max_adapt(struct producer *producer)
{
    uint32_t refused = producer->batch_refused;
    producer->batch_refused = 0;
    if (refused) {
        if (!producer->records_max || refused < producer->records_max) producer->records_max = refused;
        producer->records_max = (producer->records_max + 1) / 2;
        producer->calm = 0;
        transaction_try_anew(producer->transaction); /* with fewer */
    } else if (producer->records_max && ++producer->calm == PRODUCER_CALM_MAX) {
        producer->records_max = producer->records_max > UINT16_MAX ? 0 : producer->records_max * 2;
        producer->calm = 0;
    }
}

void producer_aborts(struct producer *producer, uint32_t group, const char *topic, rd_kafka_resp_err_t error)
{
    producer->groups[group].done++;
    if (transaction_taking(producer->transaction) == TRANSACTION_DISCARDS) return;
    producer_say_again(producer, error, topic);
    transaction_abort(producer->transaction, rd_kafka_err2str(error));
}

static void dropped(struct producer *producer, const void *opaque)
{
    producer->groups[producer_opaque_group(opaque)].done++;
}

void producer_void(struct producer *producer)
{
    if (producer->again && !transaction_is_open(producer->transaction)) producer_again_drop(producer, dropped);
}

/* ---- hooks ---- */

static void settle(void *opaque)
{
    struct producer *producer = opaque;
    assert(!producer->again);
    records_max_adapt(producer);
    for (uint32_t i = 0; i < producer->group_count; i++) {
        uint32_t done = producer->groups[i].done;
        producer->groups[i].done = 0;
        if (done) producer_settle(producer, i, done);
    }
}

static uint32_t underway(void *opaque)
{
    const struct producer *producer = opaque;
    return producer->records + (producer->again != NULL);
}

static bool is_between(void *opaque)
{
    const struct ingest *ingest = ((const struct producer *)opaque)->writers->output->ingest;
    return !ingest->batch && !ingest->underway;
}

static void ready(void *opaque)
{
    struct producer *producer = opaque;
    for (struct producer_writer *writer = producer->writers; writer; writer = writer->next)
        output_ready(writer->output);
}

/* A little later: what made it so may last. */
static void fatal(void *opaque, const char *text)
{
    struct producer *producer = opaque;
    LOG(LOG_ERROR, "kafka.fatal", producer->id,
        "the producer cannot go on: %s; it is replaced; if another process has the same "
        "transactional_id, give each its own",
        text);
    producer->is_fatal = true;
    producer->replace_due_ms = producer_now_ms(producer) + PRODUCER_AGAIN_MS;
}

void producer_transaction_open(struct producer *producer)
{
    struct transaction_hooks hooks = {.underway = underway, .is_between = is_between, .ready = ready,
                                      .settle = settle, .fatal = fatal, .opaque = producer};
    producer->transaction = transaction_open(producer->loop, producer->handle.rk, producer->id, &hooks);
}
