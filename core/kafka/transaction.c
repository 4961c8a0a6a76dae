/* SPDX-License-Identifier: Apache-2.0 */
#include "core/kafka/transaction.h"
#include <assert.h>
#include <stdlib.h>
#include "core/log.h"
#include "core/xmalloc.h"

enum { TRANSACTION_TEXT_MAX = 256 };

enum state {
    STATE_STARTING,
    STATE_IDLE,
    STATE_OPEN,
    STATE_DOOMED,  /* open, and will be aborted: batches go through, nothing is written of them */
    STATE_CLOSING, /* nothing is taken; delivery reports are missing */
    STATE_COMMITTING,
    STATE_ABORTING,
    STATE_RESTING, /* after an abort: what failed may fail again */
    STATE_DEAD,    /* the producer is of no use any more */
};

enum verdict_of_call { CALL_DONE, CALL_AGAIN, CALL_ABORT, CALL_FATAL };

/* Calls that block, for the thread; the lists are the call's own. */
struct call {
    struct disk_job job;
    enum state state; /* in which it is made */
    bool is_underway;
    bool has_sent;    /* offsets: only the commit itself is made again */
    bool is_dead;     /* the producer: only consumers are sought back */
    uint32_t count;
    struct call_consumer {
        rd_kafka_t *rk;
        rd_kafka_topic_partition_list_t *offsets;
        rd_kafka_consumer_group_metadata_t *member;
    } consumers[TRANSACTION_CONSUMERS_MAX];
    enum verdict_of_call verdict;
    char text[TRANSACTION_TEXT_MAX];
};

struct transaction {
    struct loop *loop;
    struct str id;
    rd_kafka_t *producer;
    struct transaction_hooks hooks;
    enum state state;
    bool is_due;      /* it ends at the next moment between two batches */
    uint32_t records; /* read since it began */
    uint32_t failures; /* aborted one after the other */
    uv_timer_t timer; /* until it is due, or until a call is made again */
    struct disk *thread;
    struct call call;
    struct transaction_consumer consumers[TRANSACTION_CONSUMERS_MAX];
    uint32_t consumer_count;
    void (*closed)(void *opaque);
};

/* ---- on the thread ---- */

static enum verdict_of_call judge(struct call *call, rd_kafka_error_t *error)
{
    if (!error) return CALL_DONE;
    enum verdict_of_call verdict = CALL_ABORT;
    if (rd_kafka_error_is_fatal(error))
        verdict = CALL_FATAL;
    else if (rd_kafka_error_is_retriable(error))
        verdict = CALL_AGAIN;
    snprintf(call->text, sizeof call->text, "%s", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return verdict;
}

static struct call *call_of(struct disk_job *job) { return (struct call *)(void *)job; }
static struct transaction *owner_of(struct call *call)
{
    return (struct transaction *)(void *)((char *)call - offsetof(struct transaction, call));
}

static enum verdict_of_call offsets_send(struct call *call, rd_kafka_t *producer)
{
    for (uint32_t i = 0; i < call->count; i++) {
        struct call_consumer *consumer = &call->consumers[i];
        if (!consumer->offsets->cnt) continue;
        enum verdict_of_call verdict =
            judge(call, rd_kafka_send_offsets_to_transaction(producer, consumer->offsets, consumer->member,
                                                             TRANSACTION_CALL_MS));
        if (verdict != CALL_DONE) return verdict;
    }
    call->has_sent = true;
    return CALL_DONE;
}

static enum verdict_of_call commit(struct call *call, rd_kafka_t *producer)
{
    enum verdict_of_call verdict = call->has_sent ? CALL_DONE : offsets_send(call, producer);
    if (verdict != CALL_DONE) return verdict;
    return judge(call, rd_kafka_commit_transaction(producer, TRANSACTION_CALL_MS));
}

/* Once it has returned no record from before comes from the consumer any more. */
static void consumers_seek(struct call *call)
{
    for (uint32_t i = 0; i < call->count; i++) {
        struct call_consumer *consumer = &call->consumers[i];
        if (!consumer->offsets->cnt) continue;
        rd_kafka_error_t *error = rd_kafka_seek_partitions(consumer->rk, consumer->offsets, TRANSACTION_CALL_MS);
        if (error) rd_kafka_error_destroy(error); /* of partitions that have gone: the next member reads them */
    }
}

static enum verdict_of_call abort_and_seek(struct call *call, rd_kafka_t *producer)
{
    enum verdict_of_call verdict =
        call->is_dead ? CALL_FATAL : judge(call, rd_kafka_abort_transaction(producer, TRANSACTION_CALL_MS));
    if (verdict == CALL_AGAIN) return verdict;
    if (verdict != CALL_DONE) /* what is underway is reported at once */
        rd_kafka_purge(producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    consumers_seek(call);
    return verdict == CALL_DONE ? CALL_DONE : CALL_FATAL;
}

static void call_work(struct disk_job *job)
{
    struct call *call = call_of(job);
    rd_kafka_t *producer = owner_of(call)->producer;
    if (call->state == STATE_STARTING)
        call->verdict = judge(call, rd_kafka_init_transactions(producer, TRANSACTION_CALL_MS));
    else if (call->state == STATE_COMMITTING)
        call->verdict = commit(call, producer);
    else
        call->verdict = abort_and_seek(call, producer);
}

/* ---- on the loop ---- */

static void call_done(struct disk_job *job);

static void call_start(struct transaction *transaction)
{
    struct call *call = &transaction->call;
    assert(!call->is_underway);
    call->is_underway = true;
    call->state = transaction->state;
    call->job = (struct disk_job){.loop = transaction->loop, .work = call_work, .done = call_done};
    disk_submit(transaction->thread, &call->job);
}

static void call_release(struct call *call)
{
    for (uint32_t i = 0; i < call->count; i++) {
        rd_kafka_topic_partition_list_destroy(call->consumers[i].offsets);
        if (call->consumers[i].member) rd_kafka_consumer_group_metadata_destroy(call->consumers[i].member);
    }
    call->count = 0;
    call->has_sent = call->is_dead = false;
}

static void again_due(uv_timer_t *timer) { call_start(timer->data); }

static void consumers_change(struct transaction *transaction)
{
    for (uint32_t i = 0; i < transaction->consumer_count; i++)
        transaction->consumers[i].changed(transaction->consumers[i].opaque);
}

static void idle_begin(struct transaction *transaction)
{
    transaction->state = STATE_IDLE;
    transaction->is_due = false;
    transaction->records = 0;
    transaction->hooks.ready(transaction->hooks.opaque);
    consumers_change(transaction);
}

static void committed(struct transaction *transaction)
{
    transaction->failures = 0;
    for (uint32_t i = 0; i < transaction->consumer_count; i++)
        transaction->consumers[i].committed(transaction->consumers[i].opaque);
    call_release(&transaction->call);
    transaction->hooks.settle(transaction->hooks.opaque);
    idle_begin(transaction);
}

static void rested(uv_timer_t *timer) { idle_begin(timer->data); }

/* Sources first: what is settled afterwards moves no offset. */
static void aborted(struct transaction *transaction)
{
    for (uint32_t i = 0; i < transaction->consumer_count; i++)
        transaction->consumers[i].aborted(transaction->consumers[i].opaque);
    bool is_dead = transaction->call.is_dead;
    call_release(&transaction->call);
    transaction->hooks.settle(transaction->hooks.opaque);
    if (is_dead) {
        transaction->state = STATE_DEAD;
        transaction->hooks.fatal(transaction->hooks.opaque, transaction->call.text);
    } else {
        transaction->state = STATE_RESTING;
        uint64_t rest = (uint64_t)TRANSACTION_REST_MS_MIN << (transaction->failures < 8 ? transaction->failures : 8);
        if (rest > TRANSACTION_REST_MS_MAX) rest = TRANSACTION_REST_MS_MAX;
        transaction->failures++;
        uv_timer_start(&transaction->timer, rested, rest, 0);
    }
    consumers_change(transaction); /* one that gives partitions away waits for it */
}

static void aborting_begin(struct transaction *transaction)
{
    struct call *call = &transaction->call;
    bool is_dead = call->is_dead;
    call_release(call);
    call->is_dead = is_dead;
    for (uint32_t i = 0; i < transaction->consumer_count; i++) {
        struct transaction_consumer *consumer = &transaction->consumers[i];
        struct call_consumer *row = &call->consumers[call->count++];
        *row = (struct call_consumer){.rk = consumer->rk, .offsets = rd_kafka_topic_partition_list_new(8)};
        consumer->back(consumer->opaque, row->offsets);
    }
    transaction->state = STATE_ABORTING;
    uv_timer_stop(&transaction->timer);
    call_start(transaction);
}

static void committing_begin(struct transaction *transaction)
{
    struct call *call = &transaction->call;
    for (uint32_t i = 0; i < transaction->consumer_count; i++) {
        struct transaction_consumer *consumer = &transaction->consumers[i];
        struct call_consumer *row = &call->consumers[call->count++];
        *row = (struct call_consumer){.rk = consumer->rk, .offsets = rd_kafka_topic_partition_list_new(8)};
        consumer->offsets(consumer->opaque, row->offsets);
        row->member = rd_kafka_consumer_group_metadata(consumer->rk);
    }
    transaction->state = STATE_COMMITTING;
    call_start(transaction);
}

static void close_go_on(struct transaction *transaction);

static void started(struct transaction *transaction)
{
    if (transaction->call.verdict == CALL_DONE) {
        idle_begin(transaction);
        return;
    }
    transaction->state = STATE_DEAD;
    transaction->hooks.fatal(transaction->hooks.opaque, transaction->call.text);
}

static void commit_refused(struct transaction *transaction)
{
    struct call *call = &transaction->call;
    LOG(LOG_WARN, "kafka.transaction", transaction->id,
        "a transaction is not committed: %s; it is aborted and its records are read again", call->text);
    call->is_dead = call->verdict == CALL_FATAL;
    aborting_begin(transaction);
}

static void call_done(struct disk_job *job)
{
    struct call *call = call_of(job);
    struct transaction *transaction = owner_of(call);
    call->is_underway = false;
    if (transaction->closed) {
        close_go_on(transaction);
        return;
    }
    if (call->verdict == CALL_AGAIN) {
        LOG(LOG_WARN, "kafka.transaction_waits", transaction->id, "the transaction coordinator: %s; it is asked again",
            call->text);
        uv_timer_start(&transaction->timer, again_due, TRANSACTION_AGAIN_MS, 0);
        return;
    }
    if (call->state == STATE_STARTING)
        started(transaction);
    else if (call->state == STATE_COMMITTING && call->verdict == CALL_DONE)
        committed(transaction);
    else if (call->state == STATE_COMMITTING)
        commit_refused(transaction);
    else
        call->is_dead = call->verdict != CALL_DONE;
    transaction_turn(transaction);
}

void transaction_turn(struct transaction *transaction)
{
    const struct transaction_hooks *hooks = &transaction->hooks;
    struct call *call = &transaction->call;
    bool is_asked_again = uv_is_active((uv_handle_t *)&transaction->timer) && transaction->state != STATE_OPEN;
    if (transaction->closed || call->is_underway || is_asked_again) return;
    switch (transaction->state) {
    case STATE_OPEN:
        if (!transaction->is_due || !hooks->is_between(hooks->opaque)) return;
        transaction->state = STATE_CLOSING;
        uv_timer_stop(&transaction->timer);
        __attribute__((fallthrough));
    case STATE_CLOSING:
        if (!hooks->underway(hooks->opaque)) committing_begin(transaction);
        return;
    case STATE_DOOMED:
        if (hooks->is_between(hooks->opaque)) aborting_begin(transaction);
        return;
    case STATE_ABORTING:
        if (!hooks->underway(hooks->opaque)) aborted(transaction);
        return;
    default: return;
    }
}

/* ---- what consumers and the output ask ---- */

static void due(uv_timer_t *timer)
{
    struct transaction *transaction = timer->data;
    transaction->is_due = true;
    loop_wake(transaction->loop); /* the end of the turn looks */
}

static void begin(struct transaction *transaction)
{
    rd_kafka_error_t *error = rd_kafka_begin_transaction(transaction->producer);
    transaction->state = STATE_OPEN;
    uv_timer_start(&transaction->timer, due, TRANSACTION_MS, 0);
    if (!error) return;
    transaction->call.is_dead = rd_kafka_error_is_fatal(error);
    transaction_abort(transaction, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
}

bool transaction_may_read(const struct transaction *transaction)
{
    return transaction->state == STATE_IDLE || (transaction->state == STATE_OPEN && !transaction->is_due);
}

void transaction_read(struct transaction *transaction, uint32_t records)
{
    if (transaction->state == STATE_IDLE) begin(transaction);
    transaction->records += records;
    if (transaction->records >= TRANSACTION_EVENTS_MAX) transaction->is_due = true;
}

enum transaction_taking transaction_taking(const struct transaction *transaction)
{
    if (transaction->state == STATE_OPEN) return TRANSACTION_TAKES;
    return transaction->state == STATE_DOOMED ? TRANSACTION_DISCARDS : TRANSACTION_WAITS;
}

bool transaction_is_open(const struct transaction *transaction)
{
    return transaction->state == STATE_OPEN || transaction->state == STATE_CLOSING;
}

void *transaction_owner(const struct transaction *transaction) { return transaction->hooks.opaque; }

bool transaction_is_idle(const struct transaction *transaction)
{
    return transaction->state == STATE_IDLE || transaction->state == STATE_STARTING ||
           transaction->state == STATE_RESTING || transaction->state == STATE_DEAD;
}

bool transaction_lets_go(const struct transaction *transaction)
{
    return transaction_is_idle(transaction) || transaction->state == STATE_DOOMED ||
           transaction->state == STATE_ABORTING;
}

void transaction_end_soon(struct transaction *transaction)
{
    if (transaction->state != STATE_OPEN || transaction->is_due) return;
    transaction->is_due = true;
    loop_wake(transaction->loop);
}

void transaction_try_anew(struct transaction *transaction) { transaction->failures = 0; }

void transaction_abort(struct transaction *transaction, const char *why)
{
    if (transaction->state != STATE_OPEN && transaction->state != STATE_CLOSING) return;
    LOG(LOG_WARN, "kafka.transaction", transaction->id,
        "a transaction is aborted: %s; its records are read again", why);
    snprintf(transaction->call.text, sizeof transaction->call.text, "%s", why);
    transaction->state = STATE_DOOMED;
    transaction->is_due = true;
    uv_timer_stop(&transaction->timer);
    transaction->hooks.ready(transaction->hooks.opaque);
    loop_wake(transaction->loop);
}

void transaction_join(struct transaction *transaction, const struct transaction_consumer *consumer)
{
    assert(transaction->consumer_count < TRANSACTION_CONSUMERS_MAX);
    transaction->consumers[transaction->consumer_count++] = *consumer;
}

void transaction_leave(struct transaction *transaction, const void *opaque)
{
    assert(transaction_is_idle(transaction));
    for (uint32_t i = 0; i < transaction->consumer_count; i++) {
        if (transaction->consumers[i].opaque != opaque) continue;
        transaction->consumers[i] = transaction->consumers[--transaction->consumer_count];
        return;
    }
}

/* ---- opening and closing ---- */

struct transaction *transaction_open(struct loop *loop, rd_kafka_t *producer, struct str id,
                                     const struct transaction_hooks *hooks)
{
    assert(!loop->transaction);
    struct transaction *transaction = xcalloc(1, sizeof *transaction);
    *transaction = (struct transaction){.loop = loop, .id = id, .hooks = *hooks};
    transaction->thread = disk_create("kafka commit");
    uv_timer_init(&loop->uv, &transaction->timer);
    transaction->timer.data = transaction;
    loop->transaction = transaction;
    transaction_restart(transaction, producer);
    return transaction;
}

void transaction_restart(struct transaction *transaction, rd_kafka_t *producer)
{
    assert(transaction_is_idle(transaction) && !transaction->call.is_underway);
    transaction->producer = producer;
    transaction->state = STATE_STARTING;
    transaction->is_due = false;
    call_start(transaction);
}

static void timer_closed(uv_handle_t *handle)
{
    struct transaction *transaction = handle->data;
    void (*closed)(void *opaque) = transaction->closed;
    void *opaque = transaction->hooks.opaque;
    disk_destroy(transaction->thread); /* it has nothing left to do: no wait */
    free(transaction);
    closed(opaque);
}

static void close_go_on(struct transaction *transaction)
{
    call_release(&transaction->call);
    transaction->loop->transaction = NULL;
    uv_close((uv_handle_t *)&transaction->timer, timer_closed);
}

void transaction_close(struct transaction *transaction, void (*closed)(void *opaque))
{
    assert(transaction_is_idle(transaction) && !transaction->consumer_count && !transaction->closed);
    transaction->closed = closed;
    uv_timer_stop(&transaction->timer);
    if (!transaction->call.is_underway) close_go_on(transaction);
}
