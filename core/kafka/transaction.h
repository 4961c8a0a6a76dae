/* SPDX-License-Identifier: Apache-2.0 */
/* Exactly once from Kafka to Kafka: what a worker reads, and what it writes of it, in one transaction of its
 * producer (KIP-98, KIP-447; rdkafka.h of 2.0.2, "Transactional producer API").
 *
 *   starting ─▶ idle ─ first record read ─▶ open ─ after TRANSACTION_MS or TRANSACTION_EVENTS_MAX ─▶ closing
 *                ▲                            batches end, every record has its delivery report        │
 *                ├── offsets sent, committed ◀───────────────────────── committing ◀───────────────────┤
 *                └── consumers sought back ◀─────────────────────────── aborting ◀── any failure ──────┘
 *
 * Between two transactions nothing is underway: consumers read only while it is idle or open and not due
 * (transaction_may_read), and it closes when every batch is through. So what it holds is exactly what comes of the
 * records between two offsets of each partition. An output's events are settled when it is committed, hence offsets
 * of sources never move before. After an abort consumers go back to where the last one ended and records come
 * again; readers with isolation.level read_committed never see what was aborted.
 *
 * Who is fenced: a member of the group that has lost its partitions (its generation is older, so its offsets are
 * refused and its transaction ends in an abort), and an older producer of the same transactional id.
 *
 * Calls that block are made on a thread of its own. One worker's thread for all else; it is found by the worker's
 * consumers through its loop. */
#ifndef CORE_KAFKA_TRANSACTION_H
#define CORE_KAFKA_TRANSACTION_H
#include <librdkafka/rdkafka.h>
#include "core/net/loop.h"
#include "core/store/disk.h"

enum {
    TRANSACTION_MS = 100,
    TRANSACTION_OPEN_MS = 15000,    /* then brokers abort what a dead process left open; readers wait for it */
    TRANSACTION_EVENTS_MAX = 10000, /* records read; the batch that goes over it is let in whole */
    TRANSACTION_CALL_MS = 5000,     /* one call to the coordinator; then it is made again */
    TRANSACTION_AGAIN_MS = 1000,    /* between two tries of one that failed */
    TRANSACTION_REST_MS_MIN = 50,   /* after an abort, doubled with each that follows at once */
    TRANSACTION_REST_MS_MAX = 5000,
    TRANSACTION_CONSUMERS_MAX = 64,
};

struct transaction;

/* A consumer whose offsets go into it. */
struct transaction_consumer {
    rd_kafka_t *rk;
    /* Adds the offsets behind what was read since the last one, if any. */
    void (*offsets)(void *opaque, rd_kafka_topic_partition_list_t *list);
    /* Adds those where the last one ended, of all that were read since. */
    void (*back)(void *opaque, rd_kafka_topic_partition_list_t *list);
    void (*committed)(void *opaque);
    void (*aborted)(void *opaque); /* it has been sought back: tickets of before are void */
    void (*changed)(void *opaque); /* it may read again, or a rebalance that waits may go on */
    void *opaque;
};

struct transaction_hooks {
    uint32_t (*underway)(void *opaque); /* records without a delivery report */
    bool (*is_between)(void *opaque);   /* no batch has been taken in part */
    void (*ready)(void *opaque);        /* it is open for records again */
    void (*settle)(void *opaque);       /* every event since the last one: they are sent */
    /* The producer is of no use any more, nothing is underway: transaction_restart() with another. */
    void (*fatal)(void *opaque, const char *text);
    void *opaque;
};

/* Begins to make the producer ready. `loop->transaction` is it until transaction_close(). */
struct transaction *transaction_open(struct loop *loop, rd_kafka_t *producer, struct str id,
                                     const struct transaction_hooks *hooks);
void transaction_restart(struct transaction *transaction, rd_kafka_t *producer);
/* It is idle, and its consumers have left. Frees it, then calls `closed` with the hooks' opaque. */
void transaction_close(struct transaction *transaction, void (*closed)(void *opaque));

/* The hooks' opaque: outputs of one worker write through one producer. */
void *transaction_owner(const struct transaction *transaction);

void transaction_join(struct transaction *transaction, const struct transaction_consumer *consumer);
void transaction_leave(struct transaction *transaction, const void *opaque);

/* May a consumer read now? Reading begins it. */
bool transaction_may_read(const struct transaction *transaction);
void transaction_read(struct transaction *transaction, uint32_t records);
/* What the output does with records: writes them, takes them and writes nothing (they are read again), or takes
 * none until ready(). */
enum transaction_taking { TRANSACTION_TAKES, TRANSACTION_DISCARDS, TRANSACTION_WAITS };
enum transaction_taking transaction_taking(const struct transaction *transaction);
/* Records that wait may still be written in it. */
bool transaction_is_open(const struct transaction *transaction);
/* Nothing is underway and nothing that was read is uncommitted. */
bool transaction_is_idle(const struct transaction *transaction);
/* The same, or it will surely be aborted: a partition may be given away. */
bool transaction_lets_go(const struct transaction *transaction);
/* It ends as soon as it can: a partition is to be given away, or the worker stops. */
void transaction_end_soon(struct transaction *transaction);
/* It is given up, unless it is being committed. */
void transaction_abort(struct transaction *transaction, const char *why);
/* The next one will be another: no long rest after this one's abort. */
void transaction_try_anew(struct transaction *transaction);
/* The end of a loop turn, and when delivery reports have come. */
void transaction_turn(struct transaction *transaction);

#endif
