/* SPDX-License-Identifier: Apache-2.0 */
#include "core/kafka/consumer.h"
#include <stdlib.h>
#include "core/xmalloc.h"

/* ---- partitions ---- */

static void partition_advance(void *opaque, uint64_t position)
{
    struct consumer_partition *partition = opaque;
    partition->settled = (int64_t)position;
    struct consumer *consumer = partition->consumer;
    if (consumer->rebalance || consumer->stopping) kafka_handle_poke(&consumer->handle);
}
static const struct source_hooks partition_hooks = {.advance = partition_advance};

/* Names of topics stay until the input is destroyed: batches refer to them. */
static struct str topic_name_keep(struct consumer *consumer, const char *name)
{
    size_t len = strlen(name);
    struct str text = {name, len};
    for (struct consumer_topic *known = consumer->topic_names; known; known = known->next)
        if (str_eq((struct str){known->text, known->len}, text))
            return (struct str){known->text, known->len};
    struct consumer_topic *kept = xmalloc(sizeof *kept + len + 1);
    *kept = (struct consumer_topic){.next = consumer->topic_names, .len = len};
    memcpy(kept->text, name, len + 1);
    consumer->topic_names = kept;
    return (struct str){kept->text, len};
}

static bool partition_is(const struct consumer_partition *partition, const char *topic, int32_t number)
{
    return partition->number == number && str_eq_z(partition->topic, topic);
}

struct consumer_partition *consumer_partition_find(struct consumer *consumer, const char *topic, int32_t number)
{
    if (consumer->last && partition_is(consumer->last, topic, number)) return consumer->last;
    for (uint32_t i = 0; i < consumer->partition_count; i++)
        if (partition_is(consumer->partitions[i], topic, number))
            return consumer->last = consumer->partitions[i];
    return NULL;
}

void consumer_partition_open(struct consumer *consumer, const rd_kafka_topic_partition_t *assigned)
{
    rd_kafka_queue_t *queue =
        rd_kafka_queue_get_partition(consumer->handle.rk, assigned->topic, assigned->partition);
    if (queue) {
        rd_kafka_queue_forward(queue, consumer->messages);
        rd_kafka_queue_destroy(queue);
    }
    struct consumer_partition *partition = xcalloc(1, sizeof *partition);
    partition->consumer = consumer;
    partition->topic = topic_name_keep(consumer, assigned->topic);
    partition->number = assigned->partition;
    partition->settled = partition->committed = partition->begun = partition->at_end = partition->base = -1;
    stream_open(&partition->stream, consumer->input, &partition_hooks, consumer_decorate, partition);
    consumer->partitions = xreallocarray(consumer->partitions, consumer->partition_count + 1,
                                      sizeof(struct consumer_partition *));
    consumer->partitions[consumer->partition_count++] = partition;
}

void consumer_partition_close(struct consumer *consumer, uint32_t at)
{
    struct consumer_partition *partition = consumer->partitions[at];
    stream_close(&partition->stream);
    if (consumer->last == partition) consumer->last = NULL;
    free(partition);
    consumer->partitions[at] = consumer->partitions[--consumer->partition_count];
}

bool consumer_is_idle(const struct consumer *consumer, bool leaving_only)
{
    for (uint32_t i = 0; i < consumer->partition_count; i++) {
        const struct consumer_partition *partition = consumer->partitions[i];
        if (leaving_only && !partition->is_leaving) continue;
        if (!source_is_idle(partition->stream.source)) return false;
    }
    return true;
}

/* ---- lag ---- */

/* Behind the last record there may be marks of transactions: who has come to the end is done with them. */
static int64_t partition_done(const struct consumer_partition *partition)
{
    int64_t done = partition->settled >= 0 ? partition->settled : partition->begun;
    bool is_idle = source_is_idle(partition->stream.source);
    return is_idle && partition->at_end > done ? partition->at_end : done;
}

void consumer_backlog_tell(struct consumer *consumer)
{
    consumer->backlog_due_ms = consumer_now_ms(consumer) + BACKLOG_LOOK_MS;
    backlog_begin(consumer->backlog);
    for (uint32_t i = 0; i < consumer->partition_count; i++) {
        const struct consumer_partition *partition = consumer->partitions[i];
        int64_t low, high = -1;
        /* of the last answer to a fetch: nobody is asked */
        if (rd_kafka_get_watermark_offsets(consumer->handle.rk, partition->topic.ptr, partition->number, &low,
                                           &high))
            high = -1;
        backlog_add(consumer->backlog,
                    &(struct backlog_row){partition->topic, partition->number, partition_done(partition),
                                          (int64_t)partition->stream.position, high});
    }
    backlog_end(consumer->backlog);
}
