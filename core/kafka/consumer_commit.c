/* SPDX-License-Identifier: Apache-2.0 */
#include "core/kafka/consumer.h"
#include <inttypes.h>
#include "core/log.h"

/* ---- commits ---- */

void consumer_commit(struct consumer *consumer, bool leaving_only)
{
    if (consumer->transaction) return;
    rd_kafka_topic_partition_list_t *list = NULL;
    for (uint32_t i = 0; i < consumer->partition_count; i++) {
        struct consumer_partition *partition = consumer->partitions[i];
        if (leaving_only && !partition->is_leaving) continue;
        if (partition->settled < 0 || partition->settled == partition->committed) continue;
        if (!list) list = rd_kafka_topic_partition_list_new((int)consumer->partition_count);
        rd_kafka_topic_partition_list_add(list, partition->topic.ptr, partition->number)->offset =
            partition->settled;
        partition->committed = partition->settled;
    }
    if (!list) return;
    rd_kafka_resp_err_t error =
        rd_kafka_commit_queue(consumer->handle.rk, list, consumer->group, NULL, NULL);
    rd_kafka_topic_partition_list_destroy(list);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        consumer->commits_open++;
    else
        kafka_log_error(&consumer->handle, error, NULL);
}

/* A commit that failed is sent again with the next one, unless the partition has gone. */
static void commit_failed(struct consumer *consumer, const rd_kafka_topic_partition_t *row,
                          rd_kafka_resp_err_t error)
{
    struct consumer_partition *partition = consumer_partition_find(consumer, row->topic, row->partition);
    if (partition) partition->committed = -1;
    consumer_count_error(consumer);
    LOG(LOG_WARN, "kafka.commit", consumer->input->id,
        "offset %" PRId64 " of %s partition %d is not committed: %s; it is tried again with the next",
        row->offset, row->topic, (int)row->partition, rd_kafka_err2str(error));
}

void consumer_commit_answered(struct consumer *consumer, rd_kafka_event_t *event)
{
    if (consumer->commits_open) consumer->commits_open--;
    rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    for (int i = 0; list && i < list->cnt; i++) {
        rd_kafka_resp_err_t own = list->elems[i].err ? list->elems[i].err : error;
        if (own && own != RD_KAFKA_RESP_ERR__NO_OFFSET) commit_failed(consumer, &list->elems[i], own);
    }
}

void consumer_commit_if_due(struct consumer *consumer)
{
    if (consumer_now_ms(consumer) < consumer->commit_due_ms || consumer->commits_open) return;
    consumer->commit_due_ms =
        consumer_now_ms(consumer) + (uint64_t)(consumer->auto_commit_interval_ms.ns / 1000000);
    consumer_commit(consumer, false);
}

/* ---- exactly once ---- */

static void offset_add(rd_kafka_topic_partition_list_t *list, const struct consumer_partition *partition,
                       int64_t offset)
{
    rd_kafka_topic_partition_list_add(list, partition->topic.ptr, partition->number)->offset = offset;
}

/* Offset behind the last record read since the last transaction; -1: there is none. */
static int64_t partition_progress(const struct consumer_partition *partition)
{
    int64_t position = (int64_t)partition->stream.position;
    return partition->base >= 0 && position > partition->base ? position : -1;
}

static void transaction_offsets(void *opaque, rd_kafka_topic_partition_list_t *list)
{
    struct consumer *consumer = opaque;
    for (uint32_t i = 0; i < consumer->partition_count; i++) {
        struct consumer_partition *partition = consumer->partitions[i];
        int64_t progress = partition_progress(partition);
        if (progress >= 0) offset_add(list, partition, progress);
        partition->sent = progress >= 0 ? progress : partition->base;
    }
}

static void transaction_back(void *opaque, rd_kafka_topic_partition_list_t *list)
{
    struct consumer *consumer = opaque;
    for (uint32_t i = 0; i < consumer->partition_count; i++)
        if (partition_progress(consumer->partitions[i]) >= 0)
            offset_add(list, consumer->partitions[i], consumer->partitions[i]->base);
}

static void transaction_committed(void *opaque)
{
    struct consumer *consumer = opaque;
    for (uint32_t i = 0; i < consumer->partition_count; i++) {
        struct consumer_partition *partition = consumer->partitions[i];
        /* one that was assigned meanwhile has read nothing yet */
        if (partition->base >= 0 && partition->sent > partition->base) partition->base = partition->sent;
    }
}

static void transaction_aborted(void *opaque)
{
    struct consumer *consumer = opaque;
    consumer_held_drop(consumer);
    for (uint32_t i = 0; i < consumer->partition_count; i++)
        if (partition_progress(consumer->partitions[i]) >= 0) stream_restart(&consumer->partitions[i]->stream);
}

static void transaction_changed(void *opaque) { kafka_handle_poke(&((struct consumer *)opaque)->handle); }

void consumer_transaction_enter(struct consumer *consumer)
{
    consumer->transaction = consumer->input->loop->transaction;
    if (!consumer->transaction) return;
    struct transaction_consumer member = {
        .rk = consumer->handle.rk, .offsets = transaction_offsets, .back = transaction_back,
        .committed = transaction_committed, .aborted = transaction_aborted, .changed = transaction_changed,
        .opaque = consumer};
    transaction_join(consumer->transaction, &member);
}

bool consumer_may_read(const struct consumer *consumer)
{
    return !input_is_paused(consumer->input) && !consumer->stopping &&
           (!consumer->transaction || transaction_may_read(consumer->transaction));
}

bool consumer_transaction_is_over(struct consumer *consumer, bool is_late)
{
    if (!consumer->transaction) return true;
    transaction_end_soon(consumer->transaction);
    if (is_late) transaction_abort(consumer->transaction, "partitions are given away");
    return transaction_lets_go(consumer->transaction);
}
