/* SPDX-License-Identifier: Apache-2.0 */
/* Input `kafka`: the plugin's table; how it reads is told by core/kafka/consumer.h. */
#include "core/kafka/consumer.h"
#include "core/delivery/dead_letters.h"
#include <stdlib.h>
#include "core/log.h"

static void kafka_served(void *opaque)
{
    struct consumer *consumer = opaque;
    if (consumer->stopping == STOP_DESTROY) return;
    consumer_group_serve(consumer);
    consumer_read(consumer);
    /* any read of any queue of the handle is a sign of life (max.poll.interval.ms) */
    rd_kafka_message_t *none;
    rd_kafka_consume_batch_queue(consumer->nothing, 0, &none, 1);
    if (consumer->rebalance) consumer_revoke_go_on(consumer);
    if (consumer_now_ms(consumer) >= consumer->backlog_due_ms) consumer_backlog_tell(consumer);
    /* while draining, too: a stop that does not come to its end then repeats little */
    if (consumer->stopping < STOP_COMMIT) consumer_commit_if_due(consumer);
    if (consumer->stopping) {
        consumer_stop_go_on(consumer);
        return;
    }
    consumer_pause_settle(consumer, input_is_paused(consumer->input) &&
                                        consumer_now_ms(consumer) >= consumer->read_ms + PAUSE_AFTER_MS);
}

static void subscribe(struct consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(4);
    struct buf name = {0};
    if (consumer->topics_pattern.len) {
        buf_printf(&name, "^(%.*s)$", STR_ARG(consumer->topics_pattern));
        rd_kafka_topic_partition_list_add(list, buf_z(&name), RD_KAFKA_PARTITION_UA);
    }
    for (uint32_t i = 0; !consumer->topics_pattern.len && i < consumer->topics.count; i++) {
        buf_clear(&name);
        buf_append(&name, consumer->topics.items[i]);
        rd_kafka_topic_partition_list_add(list, buf_z(&name), RD_KAFKA_PARTITION_UA);
    }
    rd_kafka_resp_err_t error = rd_kafka_subscribe(consumer->handle.rk, list);
    if (error)
        LOG(LOG_ERROR, "kafka.subscribe", consumer->input->id, "cannot subscribe: %s",
            rd_kafka_err2str(error));
    buf_fini(&name);
    rd_kafka_topic_partition_list_destroy(list);
}

static int kafka_start(void *self, struct input *input)
{
    struct consumer *consumer = self;
    consumer->input = input;
    /* a letter in a topic tells where its event came from */
    if (!consumer->decoration && dead_letters_have_door(input->ingest->dead_letters))
        consumer->decoration = DECORATE_BASIC;
    consumer->backlog = backlog_create();
    atomic_store(&input->backlog, consumer->backlog);
    int status = kafka_handle_open(&consumer->handle, RD_KAFKA_CONSUMER, consumer_conf(consumer), input->loop,
                                   input->id, kafka_served, consumer);
    if (status) return status;
    rd_kafka_t *rk = consumer->handle.rk;
    rd_kafka_poll_set_consumer(rk);
    consumer->group = rd_kafka_queue_get_consumer(rk);
    consumer->messages = rd_kafka_queue_new(rk);
    consumer->nothing = rd_kafka_queue_new(rk);
    kafka_handle_listen(&consumer->handle, consumer->group);
    kafka_handle_listen(&consumer->handle, consumer->messages);
    consumer->prefetch_bytes = kafka_share(input->loop, input->workers) / 2;
    consumer->read_ms = consumer_now_ms(consumer);
    consumer_transaction_enter(consumer);
    subscribe(consumer);
    return 0;
}

static void kafka_pause(void *self, bool paused)
{
    struct consumer *consumer = self;
    if (!paused && consumer->handle.rk && consumer->stopping != STOP_DESTROY)
        kafka_handle_poke(&consumer->handle);
}

static void kafka_stop(void *self)
{
    struct consumer *consumer = self;
    consumer->stopping = STOP_DRAIN;
    consumer_held_drop(consumer);
    kafka_handle_poke(&consumer->handle);
}

static void kafka_destroy(void *self)
{
    struct consumer *consumer = self;
    if (consumer->conf) rd_kafka_conf_destroy(consumer->conf);
    backlog_destroy(consumer->backlog);
    while (consumer->topic_names) {
        struct consumer_topic *next = consumer->topic_names->next;
        free(consumer->topic_names);
        consumer->topic_names = next;
    }
    free(consumer->partitions);
}


static struct str kafka_transacts(const void *opaque)
{
    return ((const struct consumer *)opaque)->client.bootstrap_servers;
}

const struct input_type input_kafka = {
    .name = "kafka",
    .summary = "Reads records of Kafka topics as a member of a consumer group.",
    .size = sizeof(struct consumer),
    .options = consumer_options,
    .default_codec = "plain",
    .is_rewound = true,
    .create = consumer_create,
    .start = kafka_start,
    .pause = kafka_pause,
    .stop = kafka_stop,
    .destroy = kafka_destroy,
    .fields = consumer_fields,
    .transacts = kafka_transacts,
};
