/* SPDX-License-Identifier: Apache-2.0 */
#include "core/kafka/consumer.h"
#include "core/log.h"

/* ---- rebalances ---- */

static bool is_cooperative(const struct consumer *consumer)
{
    const char *protocol = rd_kafka_rebalance_protocol(consumer->handle.rk);
    return protocol && strcmp(protocol, "COOPERATIVE") == 0;
}

void consumer_assign_answered(struct consumer *consumer, rd_kafka_error_t *error)
{
    if (!error) return;
    consumer_count_error(consumer);
    kafka_log_error(&consumer->handle, rd_kafka_error_code(error), rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
}

static void partitions_assign(struct consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
    consumer->has_joined = true;
    for (int i = 0; i < list->cnt; i++)
        if (!consumer_partition_find(consumer, list->elems[i].topic, list->elems[i].partition))
            consumer_partition_open(consumer, &list->elems[i]);
    if (is_cooperative(consumer))
        consumer_assign_answered(consumer, rd_kafka_incremental_assign(consumer->handle.rk, list));
    else
        rd_kafka_assign(consumer->handle.rk, list);
    LOG(LOG_INFO, "kafka.assigned", consumer->input->id, "%d partitions assigned, %u in all",
        list->cnt, consumer->partition_count);
    consumer->is_paused_there = false;
    consumer->read_ms = consumer_now_ms(consumer);
    consumer_backlog_tell(consumer);
}

static void revoke_end(struct consumer *consumer)
{
    uint32_t unfinished = 0, left = 0;
    for (uint32_t i = consumer->partition_count; i-- > 0;) {
        struct consumer_partition *partition = consumer->partitions[i];
        if (!partition->is_leaving) continue;
        unfinished += !source_is_idle(partition->stream.source);
        left++;
        consumer_partition_close(consumer, i);
    }
    consumer_backlog_tell(consumer); /* before another member may tell of them */
    if (is_cooperative(consumer))
        consumer_assign_answered(consumer, rd_kafka_incremental_unassign(consumer->handle.rk, consumer->leaving));
    else
        rd_kafka_assign(consumer->handle.rk, NULL);
    if (unfinished)
        LOG(LOG_WARN, "kafka.revoked_early", consumer->input->id,
            "%u of %u partitions given away had events under way: the next member reads those again",
            unfinished, left);
    LOG(LOG_INFO, "kafka.revoked", consumer->input->id, "%u partitions given away, %u left", left,
        consumer->partition_count);
    rd_kafka_topic_partition_list_destroy(consumer->leaving);
    consumer->leaving = NULL;
    consumer->rebalance = REBALANCE_NONE;
}

void consumer_revoke_go_on(struct consumer *consumer)
{
    bool is_late = consumer_now_ms(consumer) >= consumer->deadline_ms;
    bool is_lost = rd_kafka_assignment_lost(consumer->handle.rk);
    if (consumer->rebalance == REBALANCE_DRAIN) {
        if (!consumer_transaction_is_over(consumer, is_lost || is_late)) return;
        if (!is_lost && !is_late && !consumer_is_idle(consumer, true)) return;
        consumer->rebalance = REBALANCE_COMMIT;
        consumer->deadline_ms = consumer_now_ms(consumer) + COMMIT_WAIT_MS;
        is_late = false;
        if (!is_lost) consumer_commit(consumer, true);
    }
    if (consumer->rebalance == REBALANCE_COMMIT && (is_lost || is_late || !consumer->commits_open))
        revoke_end(consumer);
}

static void partitions_revoke(struct consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
    if (consumer->rebalance) {
        consumer_transaction_is_over(consumer, true);
        revoke_end(consumer);
    }
    consumer->leaving = rd_kafka_topic_partition_list_copy(list);
    for (int i = 0; i < list->cnt; i++) {
        struct consumer_partition *partition =
            consumer_partition_find(consumer, list->elems[i].topic, list->elems[i].partition);
        if (partition) partition->is_leaving = true;
    }
    consumer->rebalance = REBALANCE_DRAIN;
    consumer->deadline_ms = consumer_now_ms(consumer) + DRAIN_MS;
    consumer_revoke_go_on(consumer);
}

static void rebalanced(struct consumer *consumer, rd_kafka_event_t *event)
{
    const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    switch (rd_kafka_event_error(event)) {
    case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
        partitions_assign(consumer, list);
        break;
    case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
        partitions_revoke(consumer, list);
        break;
    default:
        consumer_count_error(consumer);
        kafka_log_error(&consumer->handle, rd_kafka_event_error(event), NULL);
        rd_kafka_assign(consumer->handle.rk, NULL);
    }
}

/* ---- the group's queue ---- */

static void failed(struct consumer *consumer, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    char text[512] = "";
    if (error == RD_KAFKA_RESP_ERR__FATAL)
        error = rd_kafka_fatal_error(consumer->handle.rk, text, sizeof text);
    consumer_count_error(consumer);
    kafka_log_error(&consumer->handle, error, *text ? text : rd_kafka_event_error_string(event));
}

void consumer_group_serve(struct consumer *consumer)
{
    rd_kafka_event_t *event;
    while (consumer->group && (event = rd_kafka_queue_poll(consumer->group, 0))) {
        switch (rd_kafka_event_type(event)) {
        case RD_KAFKA_EVENT_REBALANCE: rebalanced(consumer, event); break;
        case RD_KAFKA_EVENT_OFFSET_COMMIT: consumer_commit_answered(consumer, event); break;
        case RD_KAFKA_EVENT_ERROR: failed(consumer, event); break;
        default: break;
        }
        rd_kafka_event_destroy(event);
    }
}

/* ---- stopping ---- */

static void kafka_buried(void *opaque)
{
    struct consumer *consumer = opaque;
    input_stopped(consumer->input);
}

static void kafka_destroy_handle(struct consumer *consumer)
{
    consumer->stopping = STOP_DESTROY;
    if (consumer->transaction) transaction_leave(consumer->transaction, consumer);
    consumer->transaction = NULL;
    if (consumer->leaving) rd_kafka_topic_partition_list_destroy(consumer->leaving);
    consumer->leaving = NULL;
    consumer->rebalance = REBALANCE_NONE;
    while (consumer->partition_count) consumer_partition_close(consumer, consumer->partition_count - 1);
    consumer_backlog_tell(consumer);
    rd_kafka_queue_destroy(consumer->messages);
    rd_kafka_queue_destroy(consumer->nothing);
    rd_kafka_queue_destroy(consumer->group);
    consumer->group = NULL;
    kafka_handle_close(&consumer->handle, kafka_buried);
}

static void group_leave(struct consumer *consumer)
{
    consumer->stopping = STOP_CLOSE;
    consumer->deadline_ms = consumer_now_ms(consumer) + CLOSE_WAIT_MS;
    consumer_assign_answered(consumer, rd_kafka_consumer_close_queue(consumer->handle.rk, consumer->group));
}

/* librdkafka before 2.2 aborts the process (its issue 4312) when a member leaves, or is destroyed, while
 * its first assignment is being made. So a stop that comes that early waits for the assignment; when
 * none comes and the coordinator knows us, the handle is left to the end of the process. */
static bool may_leave(struct consumer *consumer)
{
    if (consumer->has_joined) return true;
    if (!consumer->join_deadline_ms) consumer->join_deadline_ms = consumer_now_ms(consumer) + JOIN_WAIT_MS;
    if (consumer_now_ms(consumer) < consumer->join_deadline_ms) return false;
    char *member = rd_kafka_memberid(consumer->handle.rk);
    consumer->handle.is_forgotten = member && *member;
    if (member) rd_kafka_mem_free(consumer->handle.rk, member);
    return true;
}

void consumer_stop_go_on(struct consumer *consumer)
{
    if (consumer->stopping != STOP_CLOSE && !may_leave(consumer)) return;
    if (consumer->handle.is_forgotten) {
        kafka_destroy_handle(consumer);
        return;
    }
    bool is_late = consumer_now_ms(consumer) >= consumer->deadline_ms;
    bool is_over = !consumer->transaction || transaction_is_idle(consumer->transaction);
    if (consumer->transaction && consumer->stopping == STOP_DRAIN) transaction_end_soon(consumer->transaction);
    if (consumer->stopping == STOP_DRAIN && !consumer->rebalance && is_over && consumer_is_idle(consumer, false)) {
        consumer_commit(consumer, false);
        consumer->stopping = STOP_COMMIT;
        consumer->deadline_ms = consumer_now_ms(consumer) + COMMIT_WAIT_MS;
        is_late = false;
    }
    if (consumer->stopping == STOP_COMMIT && !consumer->rebalance && (is_late || !consumer->commits_open)) {
        if (is_late)
            LOG(LOG_WARN, "kafka.stop_commit", consumer->input->id,
                "no answer to the last commit: the next start may read some records again");
        group_leave(consumer);
        is_late = false;
    }
    if (consumer->stopping != STOP_CLOSE) return;
    bool is_closed = rd_kafka_consumer_closed(consumer->handle.rk);
    if (!is_closed && !is_late) return;
    consumer->handle.is_abandoned = !is_closed;
    kafka_destroy_handle(consumer);
}
