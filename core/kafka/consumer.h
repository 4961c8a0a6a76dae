/* SPDX-License-Identifier: Apache-2.0 */
/* Input `kafka`: records of topics, read as a member of a consumer group; one member for each worker.
 *
 *   librdkafka ──▶ consumer queue ──▶ membership, errors, answers to commits    always served
 *          │
 *          └────▶ message queue ───▶ held (at most HELD_MAX) ──▶ a stream for each partition
 *                 read only while the outputs and the budget allow it
 *
 * All partitions are forwarded into one message queue of our own before they are assigned. So the
 * group is served while nothing is read, and librdkafka's prefetch limit, which it counts for each
 * queue, holds for all partitions together.
 *
 * An offset is committed when every output is done with the record (the stream's source advances), at
 * auto_commit_interval_ms, before a partition is given away and at stop. Giving away: reading stops,
 * what is under way may end within DRAIN_MS, its offsets are committed, then the source is closed, so
 * that what ends later is ignored. A kill or a slow output therefore repeats records, never loses one.
 *
 * In a pipeline whose outputs deliver exactly once, offsets go into their transaction (core/kafka/transaction.h):
 * records are read while it is open, a partition is given away when it has ended, and after an abort every partition
 * goes back to where the last one ended.
 *
 * The plugin's table is inputs/kafka.c, its options are consumer_options.c. Once started, one worker's thread for
 * everything; nothing here blocks. What librdkafka complains of is said by kafka_log_error() and tried again for ever:
 * no error ends the input. */
#ifndef CORE_KAFKA_CONSUMER_H
#define CORE_KAFKA_CONSUMER_H
#include "core/input.h"
#include "core/kafka/client_options.h"
#include "core/kafka/handle.h"
#include "core/kafka/transaction.h"

enum {
    HELD_MAX = 256,               /* records taken from librdkafka and not emitted yet */
    HELD_BYTES = 1024 * 1024,     /* … fewer when records are large */
    TURN_BYTES = 4 * 1024 * 1024, /* read in one turn of the loop, then others have theirs */
    DRAIN_MS = 4000,              /* what a partition given away waits for its events */
    COMMIT_WAIT_MS = 4000,        /* … and for the answer to its commit */
    CLOSE_WAIT_MS = 8000,         /* leaving the group */
    JOIN_WAIT_MS = 3000,          /* for a first assignment, when stopped before it */
    PAUSE_AFTER_MS = 30000,       /* without reading: librdkafka's prefetched records are thrown away */
    MESSAGE_OVERHEAD = 512,       /* bytes of librdkafka for each prefetched record */
};
enum decoration { DECORATE_NONE, DECORATE_BASIC, DECORATE_EXTENDED };

/* What [@metadata][kafka] tells. */
enum { KEY_TOPIC, KEY_GROUP, KEY_PARTITION, KEY_OFFSET, KEY_KEY, KEY_TIMESTAMP, KEY_HEADERS, KEY_COUNT };
extern const char *const consumer_key_names[KEY_COUNT];

struct consumer;

struct consumer_partition {
    struct consumer *consumer;
    struct str topic; /* kept in consumer->topics: events name it after the partition is gone */
    int32_t number;
    bool is_leaving;
    struct stream stream;
    int64_t settled;   /* offset behind the last record that all outputs are done with; -1: none */
    int64_t begun;     /* offset of the first record read, or of the end where there was none; -1: neither */
    int64_t at_end;    /* offset of the end that was come to last; -1: none */
    int64_t committed; /* last offset whose commit was sent */
    int64_t base;      /* exactly once: offset behind the last transaction; -1: nothing was read yet */
    int64_t sent;      /* … and behind the one that is being committed */
};

struct consumer_topic {
    struct consumer_topic *next;
    size_t len;
    char text[];
};

/* Its steps: what is under way ends, its offsets are committed. */
enum rebalance { REBALANCE_NONE, REBALANCE_DRAIN, REBALANCE_COMMIT };
enum stopping { STOP_NOT, STOP_DRAIN, STOP_COMMIT, STOP_CLOSE, STOP_DESTROY };

struct consumer {
    struct kafka_client_options client;
    struct str_list topics;
    struct str topics_pattern, group_id, group_instance_id, client_rack, auto_offset_reset,
        partition_assignment_strategy, key_deserializer_class, value_deserializer_class;
    struct choice group_protocol, isolation_level, decorate_events;
    int64_t consumer_threads, max_poll_records;
    struct duration poll_timeout_ms, auto_commit_interval_ms, max_poll_interval_ms,
        session_timeout_ms, heartbeat_interval_ms, fetch_max_wait_ms;
    struct byte_size fetch_min_bytes, fetch_max_bytes, max_partition_fetch_bytes;
    bool enable_auto_commit, check_crcs, auto_create_topics, exclude_internal_topics;

    struct input *input;
    rd_kafka_conf_t *conf; /* of create(); the handle gets a copy */
    struct path metadata_path;
    struct key keys[KEY_COUNT];
    enum decoration decoration;

    struct transaction *transaction; /* of the worker's output; NULL: offsets are committed here */
    struct kafka_handle handle;
    struct backlog *backlog;
    uint64_t backlog_due_ms;
    rd_kafka_queue_t *group, *messages, *nothing;
    struct consumer_partition **partitions;
    uint32_t partition_count;
    struct consumer_partition *last; /* the one that the last record was of */
    struct consumer_topic *topic_names;
    rd_kafka_message_t *held[HELD_MAX];
    uint32_t held_at, held_count;
    size_t prefetch_bytes, since_wake; /* half of the share; read since brokers' threads were woken */
    size_t record_bytes;             /* running mean, to take fewer of large ones */
    const rd_kafka_message_t *message; /* being decoded */

    enum rebalance rebalance;
    rd_kafka_topic_partition_list_t *leaving;
    uint64_t deadline_ms;            /* of the step of a rebalance or of stopping */
    uint32_t commits_open;
    uint64_t commit_due_ms, read_ms; /* next commit; when something was last read or could be */
    bool is_paused_there;            /* rd_kafka_pause_partitions was called */
    enum stopping stopping;
    bool has_joined;                 /* an assignment has come, be it empty */
    uint64_t join_deadline_ms;       /* of stopping before that */
};

static inline uint64_t consumer_now_ms(const struct consumer *consumer)
{
    return uv_now(&consumer->input->loop->uv);
}
static inline void consumer_count_error(struct consumer *consumer)
{
    counter_add(&consumer->input->counters.errors, 1);
}

/* consumer_options.c */
extern const struct option consumer_options[];
bool consumer_create(void *self, const struct plugin_context *context);
/* Of one worker's handle. */
rd_kafka_conf_t *consumer_conf(const struct consumer *consumer);

/* consumer_partition.c: what is assigned, and what the API is told of it */
struct consumer_partition *consumer_partition_find(struct consumer *consumer, const char *topic, int32_t number);
void consumer_partition_open(struct consumer *consumer, const rd_kafka_topic_partition_t *assigned);
void consumer_partition_close(struct consumer *consumer, uint32_t at);
/* Nothing of these partitions is under way. */
bool consumer_is_idle(const struct consumer *consumer, bool leaving_only);
void consumer_backlog_tell(struct consumer *consumer);

/* consumer_record.c: records become events */
void consumer_decorate(void *opaque, struct event *event);
void consumer_fields(const void *opaque, struct field_set *fields);
/* Until the outputs are full, the turn's share is used up or there is no more. */
void consumer_read(struct consumer *consumer);
/* Records taken from librdkafka are let go: they are read again, by whoever has the partition then. */
void consumer_held_drop(struct consumer *consumer);
/* Paused at librdkafka, too, while `wants_pause`. */
void consumer_pause_settle(struct consumer *consumer, bool wants_pause);

/* consumer_commit.c: offsets, committed here or in the outputs' transaction */
void consumer_commit(struct consumer *consumer, bool leaving_only);
void consumer_commit_answered(struct consumer *consumer, rd_kafka_event_t *event);
void consumer_commit_if_due(struct consumer *consumer);
void consumer_transaction_enter(struct consumer *consumer);
bool consumer_may_read(const struct consumer *consumer);
/* True: what was read of leaving partitions is committed, or will never be. */
bool consumer_transaction_is_over(struct consumer *consumer, bool is_late);

/* consumer_group.c: membership, from the first assignment to the end */
void consumer_group_serve(struct consumer *consumer);
void consumer_revoke_go_on(struct consumer *consumer);
void consumer_stop_go_on(struct consumer *consumer);

#endif
