/* SPDX-License-Identifier: Apache-2.0 */
/* Output `kafka`: records under way to brokers; one producer for each output of a worker, or one for all of them that
 * deliver exactly once.
 *
 *   take() ─▶ codec ─▶ producer_send (librdkafka copies) ─▶ its batches ─▶ brokers
 *                          opaque: group and event             │
 *   settled ◀── runs of one group ◀── delivery reports ◀───────┘  read in arrays on the loop
 *
 * A group is one take() of one output, or one dead letter: whom to settle, and how many of its records are under way;
 * a record's opaque pointer is the group's number and the event's index, so that a record costs no memory here.
 *
 * librdkafka tries again by itself, in order and without end (message.timeout.ms = 0) unless `retries` is given. What
 * it gives up on all the same (a topic that does not exist yet, no right to write, a producer that was fenced) is kept
 * here and produced again every AGAIN_MS, before anything new, so order holds. A batch that the broker refuses as too
 * large or not valid is sent again record by record. Only records that no broker will ever take (too large, not valid)
 * go to the dead letters. A fatal error of the idempotent producer replaces the producer.
 *
 * With `delivery => exactly_once` records are written in the worker's transaction (core/kafka/transaction.h): they are
 * settled when it is committed, and a record that fails aborts it. Then nothing is kept for another try: it is read
 * again. A batch that no broker will ever take aborts it, too: fewer records are then underway at a time, half as many
 * each time, until the one that is to blame fails alone. Its event is remembered, and refused when it comes again.
 * Dead letters of the whole pipeline are records of the same transaction when an output names a topic for them.
 *
 * Owned by the writers that joined it: opened by the first, gone when all have left. One worker's thread; nothing here
 * blocks. Bounds: bytes_max of records under way; dead letters beyond it wait here, and inputs pause meanwhile. */
#ifndef CORE_KAFKA_PRODUCER_H
#define CORE_KAFKA_PRODUCER_H
#include "core/kafka/handle.h"
#include "core/kafka/transaction.h"
#include "core/output.h"

enum {
    PRODUCER_RECORD_BYTES = 256,  /* that librdkafka keeps with each record */
    PRODUCER_REPORTS_MAX = 512,   /* read at a time */
    PRODUCER_TOPICS_MAX = 256,    /* handles of topics whose names events decide */
    PRODUCER_AGAIN_MS = 1000,
    PRODUCER_EVENT_BITS = 20,     /* of a record's opaque pointer: BATCH_EVENTS_MAX */
    PRODUCER_REFUSED_MAX = 256,   /* events that aborted a transaction and are refused when they come again */
    PRODUCER_CALM_MAX = 64,       /* transactions without a refusal, then twice as many records may be underway */
    PRODUCER_CUT_BYTES = 4096,    /* of the original that are left in a dead letter that is too large */
    TOPIC_NAME_MAX = 249,         /* of Kafka */
};
_Static_assert(BATCH_EVENTS_MAX <= 1 << PRODUCER_EVENT_BITS, "an event's index fits");

struct producer;

/* An output that writes through it. */
struct producer_writer {
    struct producer *producer; /* NULL: not started, or stopped */
    struct output *output;
    struct producer_writer *next;
    bool is_full; /* take() took less than offered */
};

/* Records that are settled together, and who is told. */
struct producer_group {
    struct producer_writer *writer; /* NULL: a dead letter's, whose debt it is */
    struct obligation *obligation;
    struct dead_letter_debt debt;
    size_t extra;  /* bytes held beyond those of its records: a letter's headers */
    uint32_t open; /* records that are not settled */
    uint32_t done; /* of them: reported, and settled with the transaction */
    uint32_t next; /* free one */
};

struct producer_record {
    const char *topic;
    struct str payload, key;
    bool has_key;
    rd_kafka_headers_t *headers; /* taken when produced */
    void *opaque;
    uint64_t sum; /* of its event (producer_sum) */
};

/* A record that is produced later, or once more. */
struct producer_again {
    struct producer_again *next;
    char *topic;
    struct buf payload, key;
    bool has_key;
    rd_kafka_headers_t *headers;
    void *opaque;
    uint64_t sum;
    bool is_alone; /* its batch was refused, perhaps for another record's sake: no other beside it */
};

struct producer_options {
    rd_kafka_conf_t *conf;     /* taken; each handle gets a copy */
    bool has_retries, is_once; /* is_once: in a transaction */
    size_t bytes_max, record_max;
};

struct producer {
    struct producer_options options;
    struct loop *loop;
    struct str id, pipeline; /* of the first output */
    struct producer_writer *writers;
    struct kafka_handle handle;
    rd_kafka_queue_t *reports;
    rd_kafka_topic_t *topics[PRODUCER_TOPICS_MAX];

    struct producer_group *groups;
    uint32_t group_count, group_free; /* group_free: number + 1, 0: none */
    uint32_t records;                 /* under way at librdkafka */
    size_t bytes;                     /* held by librdkafka and for another try */
    struct producer_again *again, **again_last;
    uint64_t again_due_ms;
    bool is_fatal, is_closing;
    bool is_abandoned;       /* what it holds lies on disk, too: reports settle, whatever they say */
    bool is_alone;           /* what is under way is one record whose batch was refused */
    uint64_t replace_due_ms; /* a producer that is fatal */

    struct transaction *transaction;        /* NULL: at least once */
    uint64_t refused[PRODUCER_REFUSED_MAX]; /* sums of events; a ring */
    uint32_t refused_count;
    uint32_t records_max;   /* underway in a transaction, since batches were refused; 0: any number */
    uint32_t batch_refused; /* records of this transaction that were, for ever */
    uint32_t calm;          /* transactions since */
    uint64_t sum;           /* of the record sent last */

    const char *letters_topic;    /* NULL: none */
    struct dead_letters *letters; /* of the worker */
    struct buf scratch;
};

static inline uint64_t producer_now_ms(const struct producer *producer) { return uv_now(&producer->loop->uv); }

/* producer.c: opening, sending, the end. Joins the transaction's producer of the loop, or opens one; 0 or UV_E. */
int producer_join(struct producer_writer *writer, struct output *output, const struct producer_options *options);
/* The worker stops: what is under way is settled, then output_stopped(). */
void producer_leave(struct producer_writer *writer);
/* Between producer_leave() and output_stopped(): lets go of what is held, as somebody else has it, too. */
void producer_abandon(struct producer_writer *writer);
void producer_turn(struct producer *producer);
bool producer_is_taking(const struct producer *producer);
uint32_t producer_group_open(struct producer *producer, const struct producer_group *group);
void producer_group_release(struct producer *producer, uint32_t at, uint32_t count);
void *producer_opaque(uint32_t group, uint32_t event);
uint32_t producer_opaque_group(const void *opaque);
uint32_t producer_opaque_event(const void *opaque);
/* To librdkafka; the error is what it says at once. */
rd_kafka_resp_err_t producer_send(struct producer *producer, const struct producer_record *record);
static inline size_t producer_bytes(size_t payload, size_t key) { return payload + key + PRODUCER_RECORD_BYTES; }
void producer_hold(struct producer *producer, size_t bytes);
void producer_release(struct producer *producer, size_t bytes);
/* How much a record holds that is given back now: once, when it is reported or let go. */
size_t producer_record_held(struct producer *producer, const void *opaque, size_t payload, size_t key);

/* producer_report.c: what became of records */
void producer_reports_read(struct producer *producer);
/* A record of this event was not taken at once. True: it is dealt with; false: it is to be offered again. */
bool producer_refused(struct producer *producer, const struct producer_record *record, const struct event *event,
                      rd_kafka_resp_err_t error);
void producer_settle(struct producer *producer, uint32_t group, uint32_t count);

/* producer_again.c: records that wait here */
void producer_again_keep(struct producer *producer, const struct producer_record *record, bool is_alone);
void producer_again_go_on(struct producer *producer);
/* Those that wait are let go: each is handed over, then freed. */
void producer_again_drop(struct producer *producer, void (*dropped)(struct producer *producer, const void *opaque));

/* producer_once.c: the transaction's side */
void producer_transaction_open(struct producer *producer);
/* The record is not written: what the transaction holds is read again. */
void producer_aborts(struct producer *producer, uint32_t group, const char *topic, rd_kafka_resp_err_t error);
/* A record was refused in the transaction. */
void producer_blame(struct producer *producer, bool is_permanent);
bool producer_is_blamed(const struct producer *producer, uint64_t sum);
/* What is the same each time the event is read; 0 while nothing was ever refused. */
uint64_t producer_sum(struct producer *producer, const struct event *event, struct str text);
/* Records that wait for a transaction that is to be aborted. */
void producer_void(struct producer *producer);

/* producer_letter.c: dead letters of the pipeline become records of `topic`, in the transaction */
void producer_letters_open(struct producer *producer, struct dead_letters *letters, const char *topic);
/* No broker takes the record of this letter: it is dropped, counted and said. */
void producer_letter_lose(struct producer *producer, const void *opaque);

/* Said in one place. */
void producer_say_again(struct producer *producer, rd_kafka_resp_err_t error, const char *topic);
bool producer_is_permanent(rd_kafka_resp_err_t error);

#endif
