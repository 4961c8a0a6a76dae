/* SPDX-License-Identifier: Apache-2.0 */
/* Output `kafka`: events become records; one producer for each worker.
 *
 *   take() ─▶ codec ─▶ rd_kafka_produce (copies) ─▶ librdkafka's batches ─▶ brokers
 *                          opaque: group and event             │
 *   settled ◀── runs of one group ◀── delivery reports ◀───────┘  read in arrays on the loop
 *
 * A group is one take(): the obligation and how many of its records are under way; a record's opaque
 * pointer is the group's number and the event's index, so that a record costs no memory here.
 *
 * librdkafka tries again by itself, in order and without end (message.timeout.ms = 0) unless `retries`
 * is given. What it gives up on all the same (a topic that does not exist yet, no right to write, a
 * producer that was fenced) is kept here and produced again every AGAIN_MS, before anything new, so
 * order holds. A batch that the broker refuses as too large or not valid is sent again record by record.
 * Only records that no broker will ever take (too large, not valid) are dropped, counted
 * and said. A fatal error of the idempotent producer replaces the producer.
 *
 * With `delivery => exactly_once` records are written in the worker's transaction (core/kafka/transaction.h): they are
 * settled when it is committed, and a record that fails aborts it. Then nothing is kept for another try: it is read
 * again. A batch that no broker will ever take aborts it, too: fewer records are then underway at a time, half as many
 * each time, until the one that is to blame fails alone. It is remembered, and left out the next time.
 *
 * One worker's thread; nothing here blocks. */
#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>
#include "core/input.h"
#include "core/kafka/client_options.h"
#include "core/kafka/handle.h"
#include "core/kafka/transaction.h"
#include "core/log.h"
#include "core/output.h"
#include "core/text/crc32c.h"
#include "core/text/json.h"
#include "core/xmalloc.h"

enum {
    RECORD_OVERHEAD = 256,     /* bytes that librdkafka keeps with each record */
    REPORTS_MAX = 512,         /* read at a time */
    TOPICS_CACHED = 256,       /* handles of topics whose names events decide */
    TOPIC_NAME_MAX = 249,      /* of Kafka */
    AGAIN_MS = 1000,
    HEADERS_MAX = 64,          /* message_headers */
    EVENT_BITS = 20,           /* of a record's opaque pointer: BATCH_EVENTS_MAX */
    TIMEOUT_WITH_RETRIES_MS = 120000, /* Java's delivery.timeout.ms */
    REFUSED_MAX = 256,         /* records that aborted a transaction and are left out when they come again */
    CALM_MAX = 64,             /* transactions without a refusal, then twice as many records may be underway */
};
_Static_assert(BATCH_EVENTS_MAX <= 1 << EVENT_BITS, "an event's index fits");

enum { ACKS_NONE, ACKS_LEADER, ACKS_ALL };
static const char *const acks_choices[] = {"0", "1", "all", "-1", NULL};
static const char *const compressions[] = {"none", "gzip", "snappy", "lz4", "zstd", NULL};
enum { DELIVERY_AT_LEAST_ONCE, DELIVERY_EXACTLY_ONCE };
static const char *const deliveries[] = {"at_least_once", "exactly_once", NULL};
static const char *const partitioners[] = {"default", "round_robin", "uniform_sticky", NULL};

struct group {
    struct obligation *obligation;
    uint32_t open; /* records that are not settled */
    uint32_t done; /* of them: reported, and settled with the transaction */
    uint32_t next; /* free one */
};

/* A record that is produced again. */
struct again {
    struct again *next;
    char *topic;
    struct buf payload, key;
    bool has_key;
    rd_kafka_headers_t *headers;
    void *opaque;
    bool is_alone; /* its batch was refused, perhaps for another record's sake: no other beside it */
};

struct kafka {
    struct kafka_client_options client;
    struct template topic_id, message_key;
    struct template_pairs message_headers;
    struct choice acks, compression_type, partitioner, delivery;
    struct byte_size batch_size, buffer_memory, max_request_size;
    struct duration linger_ms, metadata_fetch_timeout_ms;
    struct str retries, enable_idempotence, key_serializer, value_serializer, transactional_id;

    struct output *output;
    rd_kafka_conf_t *conf;
    struct kafka_handle handle;
    rd_kafka_queue_t *reports;
    bool has_retries, is_idempotent;

    rd_kafka_topic_t *topics[TOPICS_CACHED];
    struct group *groups;
    uint32_t group_count, group_free; /* group_free: number + 1, 0: none */
    uint32_t records;                 /* under way at librdkafka */
    size_t bytes, bytes_max;          /* held by librdkafka and for another try */
    bool is_full;                     /* take() took less than offered */
    struct again *again, **again_last;
    uint64_t again_due_ms;
    bool is_fatal, is_closing;
    uint64_t replace_due_ms;          /* a producer that is fatal */
    struct transaction *transaction;  /* NULL: at least once */
    uint64_t refused[REFUSED_MAX];    /* sums of records; a ring */
    uint32_t refused_count;
    uint32_t records_max;             /* underway in a transaction, since batches were refused; 0: any number */
    uint32_t batch_refused;           /* records of this transaction that were, for ever */
    uint32_t calm;                    /* transactions since */
    bool is_alone; /* what is under way is one record whose batch was refused */
    struct buf payload, key, name;
};

static uint64_t now_ms(const struct kafka *kafka) { return uv_now(&kafka->output->loop->uv); }

/* ---- groups ---- */

static uint32_t group_open(struct kafka *kafka, struct obligation *obligation)
{
    if (!kafka->group_free) {
        kafka->groups = xreallocarray(kafka->groups, kafka->group_count + 1, sizeof *kafka->groups);
        kafka->groups[kafka->group_count].next = 0;
        kafka->group_free = ++kafka->group_count;
    }
    uint32_t at = kafka->group_free - 1;
    kafka->group_free = kafka->groups[at].next;
    kafka->groups[at] = (struct group){.obligation = obligation};
    return at;
}

static void group_release(struct kafka *kafka, uint32_t at, uint32_t count)
{
    struct group *group = &kafka->groups[at];
    assert(group->open >= count);
    group->open -= count;
    if (group->open) return;
    group->obligation = NULL;
    group->next = kafka->group_free;
    kafka->group_free = at + 1;
}

/* Never NULL: librdkafka prints that as "no opaque". */
static void *opaque_of(uint32_t group, uint32_t event)
{
    return (void *)(uintptr_t)(((uint64_t)(group + 1) << EVENT_BITS) | event);
}
static uint32_t opaque_group(const void *opaque)
{
    return (uint32_t)((uint64_t)(uintptr_t)opaque >> EVENT_BITS) - 1;
}
static uint32_t opaque_event(const void *opaque)
{
    return (uint32_t)((uintptr_t)opaque & ((1u << EVENT_BITS) - 1));
}

/* The group first: settling may close the ticket, and its hooks may come back here. */
static void settle_sent(struct kafka *kafka, uint32_t group, uint32_t count)
{
    struct obligation *obligation = kafka->groups[group].obligation;
    group_release(kafka, group, count);
    output_sent(kafka->output, obligation, count);
}

/* The event that codec json made this record of, as far as JSON tells it. False: it is no JSON. */
static bool event_decode(struct event *event, struct str payload, struct arena *arena)
{
    struct value value;
    struct json_report report;
    if (!json_decode(payload, JSON_WHOLE, arena, &value, &report) || value.kind != VALUE_MAP) return false;
    event_init(event, arena, event_now());
    event_take_map(event, value.map);
    return true;
}

/* What is told of a record that no broker takes: the event while it is there, afterwards its bytes. */
static void settle_refused(struct kafka *kafka, const void *opaque, const struct event *event, struct str payload,
                           rd_kafka_resp_err_t error)
{
    uint32_t group = opaque_group(opaque);
    struct obligation *obligation = kafka->groups[group].obligation;
    group_release(kafka, group, 1);
    struct dead_letter letter = {.stage = DEAD_LETTER_OUTPUT, .plugin = STR("kafka"), .id = kafka->output->id,
                                 .reason = str_of(rd_kafka_err2name(error)), .text = str_of(rd_kafka_err2str(error)),
                                 .attempts = 1, .event = event};
    struct arena arena;
    struct event again;
    arena_init(&arena, NULL);
    if (!event && event_decode(&again, payload, &arena)) letter.event = &again;
    if (!letter.event) letter.original = payload;
    output_reject(kafka->output, obligation, opaque_event(opaque), &letter);
    arena_fini(&arena);
}

static void bytes_hold(struct kafka *kafka, size_t bytes)
{
    kafka->bytes += bytes;
    budget_charge(kafka->output->loop->budget, bytes);
}

static void bytes_release(struct kafka *kafka, size_t bytes)
{
    assert(kafka->bytes >= bytes);
    kafka->bytes -= bytes;
    budget_release(kafka->output->loop->budget, bytes);
}

/* ---- errors ---- */

/* What no broker will take, however often it is tried. */
static bool is_permanent(rd_kafka_resp_err_t error)
{
    switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
        return true;
    default:
        return false;
    }
}

/* Of these the broker says of a batch what may hold for one of its records only, or for none: the batch may be
 * larger than the topic allows, and no record of it. */
static bool is_of_batch(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
           error == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
           error == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE || error == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
           error == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP;
}

static void say_batch(struct kafka *kafka, rd_kafka_resp_err_t error, const char *topic)
{
    counter_add(&kafka->output->counters.errors, 1);
    LOG(LOG_WARN, "kafka.batch_refused", kafka->output->id,
        "topic `%s` refuses a batch of records: %s; they are sent one by one. Make batch_size smaller than the topic's "
        "max.message.bytes", topic, rd_kafka_err2str(error));
}

static void say_dropped(struct kafka *kafka, const char *topic, size_t len, rd_kafka_resp_err_t error)
{
    counter_add(&kafka->output->counters.errors, 1);
    LOG(LOG_ERROR, "kafka.dropped", kafka->output->id,
        "no broker will ever take a record of %zu bytes for topic `%s`: %s", len, topic, rd_kafka_err2str(error));
}

static void say_again(struct kafka *kafka, rd_kafka_resp_err_t error, const char *topic)
{
    counter_add(&kafka->output->counters.errors, 1);
    LOG(LOG_WARN, "kafka.again", kafka->output->id,
        "topic `%s` does not take records: %s; they are kept and tried again every second", topic,
        rd_kafka_err2str(error));
}

/* ---- producing ---- */

static rd_kafka_topic_t *topic_get(struct kafka *kafka, const char *name)
{
    rd_kafka_topic_t **slot = &kafka->topics[key_hash(str_of(name)) % TOPICS_CACHED];
    if (*slot && strcmp(rd_kafka_topic_name(*slot), name) == 0) return *slot;
    if (*slot) rd_kafka_topic_destroy(*slot); /* librdkafka keeps what has records under way */
    return *slot = rd_kafka_topic_new(kafka->handle.rk, name, NULL);
}

struct record {
    const char *topic;
    struct str payload, key;
    bool has_key;
    rd_kafka_headers_t *headers; /* taken when produced */
    void *opaque;
};

static size_t record_bytes(size_t payload, size_t key) { return payload + key + RECORD_OVERHEAD; }

static rd_kafka_resp_err_t produce(struct kafka *kafka, const struct record *record)
{
    rd_kafka_topic_t *topic = topic_get(kafka, record->topic);
    if (!topic) return RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION;
    /* an empty key is a key, NULL is none */
    const char *key = record->has_key ? (record->key.len ? record->key.ptr : "") : NULL;
    void *payload = (void *)(uintptr_t)record->payload.ptr;
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!record->headers) {
        if (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, payload,
                             record->payload.len, key, record->key.len, record->opaque))
            error = rd_kafka_last_error();
    } else {
        error = rd_kafka_producev(kafka->handle.rk, RD_KAFKA_V_RKT(topic),
                                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                  RD_KAFKA_V_VALUE(payload, record->payload.len),
                                  RD_KAFKA_V_KEY(key, record->key.len),
                                  RD_KAFKA_V_HEADERS(record->headers),
                                  RD_KAFKA_V_OPAQUE(record->opaque), RD_KAFKA_V_END);
    }
    if (!error) kafka->records++;
    return error;
}

static const char *render(const struct template *template, const struct event *event,
                          struct buf *scratch)
{
    buf_clear(scratch);
    if (template->is_literal)
        buf_append(scratch, template->text);
    else
        template_append(template, event, scratch);
    return buf_z(scratch);
}

static rd_kafka_headers_t *headers_of(struct kafka *kafka, const struct event *event)
{
    const struct template_pairs *pairs = &kafka->message_headers;
    if (!pairs->count) return NULL;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(pairs->count);
    for (uint32_t i = 0; i < pairs->count; i++) {
        const struct template_pair *pair = &pairs->items[i];
        for (uint32_t k = 0; k < pair->values.count; k++) {
            render(&pair->values.items[k], event, &kafka->key);
            rd_kafka_header_add(headers, pair->name.text.ptr, (ssize_t)pair->name.text.len,
                                kafka->key.ptr, (ssize_t)kafka->key.len);
        }
    }
    return headers;
}

/* ---- exactly once ---- */

/* Two sums of different kinds: a record is not left out for another one's sake. */
static uint64_t record_sum(struct str payload)
{
    return (uint64_t)key_hash(payload) << 32 | crc32c(0, payload.ptr, payload.len);
}

static void refused_keep(struct kafka *kafka, struct str payload)
{
    kafka->refused[kafka->refused_count++ % REFUSED_MAX] = record_sum(payload);
}

static bool is_refused(const struct kafka *kafka, struct str payload)
{
    uint32_t count = kafka->refused_count < REFUSED_MAX ? kafka->refused_count : REFUSED_MAX;
    uint64_t sum = count ? record_sum(payload) : 0;
    for (uint32_t i = 0; i < count; i++)
        if (kafka->refused[i] == sum) return true;
    return false;
}

/* After a transaction: how many records may be underway in the next. */
static void records_max_adapt(struct kafka *kafka)
{
    uint32_t refused = kafka->batch_refused;
    kafka->batch_refused = 0;
    if (refused) {
        if (!kafka->records_max || refused < kafka->records_max) kafka->records_max = refused;
        kafka->records_max = (kafka->records_max + 1) / 2;
        kafka->calm = 0;
    } else if (kafka->records_max && ++kafka->calm == CALM_MAX) {
        kafka->records_max = kafka->records_max > UINT16_MAX ? 0 : kafka->records_max * 2;
        kafka->calm = 0;
    }
}

static void transaction_settle(void *opaque)
{
    struct kafka *kafka = opaque;
    records_max_adapt(kafka);
    for (uint32_t i = 0; i < kafka->group_count; i++) {
        uint32_t done = kafka->groups[i].done;
        kafka->groups[i].done = 0;
        if (done) settle_sent(kafka, i, done);
    }
}

static uint32_t transaction_underway(void *opaque) { return ((const struct kafka *)opaque)->records; }

static bool transaction_is_between(void *opaque)
{
    const struct ingest *ingest = ((const struct kafka *)opaque)->output->ingest;
    return !ingest->batch && !ingest->underway;
}

static void transaction_ready(void *opaque) { output_ready(((struct kafka *)opaque)->output); }

/* A little later: what made it so may last. */
static void transaction_fatal(void *opaque, const char *text)
{
    struct kafka *kafka = opaque;
    LOG(LOG_ERROR, "kafka.fatal", kafka->output->id,
        "the producer cannot go on: %s; it is replaced; if another process has the same "
        "transactional_id, give each its own",
        text);
    kafka->is_fatal = true;
    kafka->replace_due_ms = now_ms(kafka) + AGAIN_MS;
}

static const struct transaction_hooks transaction_hooks = {
    .underway = transaction_underway, .is_between = transaction_is_between, .ready = transaction_ready,
    .settle = transaction_settle, .fatal = transaction_fatal};

/* The record is not written: what the transaction holds is read again. */
static void record_aborts(struct kafka *kafka, uint32_t group, const char *topic, rd_kafka_resp_err_t error)
{
    kafka->groups[group].done++;
    if (transaction_taking(kafka->transaction) == TRANSACTION_DISCARDS) return;
    say_again(kafka, error, topic);
    transaction_abort(kafka->transaction, rd_kafka_err2str(error));
}

enum taken { TAKEN, TAKEN_NOT };

/* What librdkafka does not take at once. */
static enum taken record_refused(struct kafka *kafka, const struct record *record, const struct event *event,
                                 rd_kafka_resp_err_t error)
{
    uint32_t group = opaque_group(record->opaque);
    if (is_permanent(error) || (kafka->has_retries && error != RD_KAFKA_RESP_ERR__QUEUE_FULL)) {
        say_dropped(kafka, record->topic, record->payload.len, error);
        kafka->groups[group].open++;
        settle_refused(kafka, record->opaque, event, record->payload, error);
        return TAKEN;
    }
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) return TAKEN_NOT;
    if (kafka->transaction) {
        kafka->groups[group].open++;
        record_aborts(kafka, group, record->topic, error);
        return TAKEN;
    }
    say_again(kafka, error, record->topic);
    kafka->again_due_ms = now_ms(kafka) + AGAIN_MS;
    return TAKEN_NOT;
}

static rd_kafka_resp_err_t record_check(const struct kafka *kafka, const struct record *record)
{
    if (!kafka->name.len || kafka->name.len > TOPIC_NAME_MAX) return RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION;
    return is_refused(kafka, record->payload) ? RD_KAFKA_RESP_ERR_INVALID_RECORD : RD_KAFKA_RESP_ERR_NO_ERROR;
}

static enum taken record_take(struct kafka *kafka, const struct event *event, uint32_t group)
{
    if (kafka->transaction && transaction_taking(kafka->transaction) == TRANSACTION_DISCARDS) {
        kafka->groups[group].open++;
        kafka->groups[group].done++;
        return TAKEN;
    }
    struct codec *codec = kafka->output->codec;
    struct record record = {.opaque = opaque_of(group, event->index)};
    buf_clear(&kafka->payload);
    codec->type->encode(codec->self, event, &kafka->payload);
    record.payload = buf_str(&kafka->payload);
    record.topic = render(&kafka->topic_id, event, &kafka->name);
    record.headers = headers_of(kafka, event);
    record.has_key = kafka->message_key.text.len != 0;
    if (record.has_key) {
        render(&kafka->message_key, event, &kafka->key);
        record.key = buf_str(&kafka->key);
    }
    rd_kafka_resp_err_t error = record_check(kafka, &record);
    if (!error) error = produce(kafka, &record);
    if (!error) {
        kafka->groups[group].open++;
        bytes_hold(kafka, record_bytes(record.payload.len, record.key.len));
        return TAKEN;
    }
    if (record.headers) rd_kafka_headers_destroy(record.headers);
    return record_refused(kafka, &record, event, error);
}

static bool is_taking(const struct kafka *kafka)
{
    if (kafka->transaction && transaction_taking(kafka->transaction) != TRANSACTION_TAKES)
        return transaction_taking(kafka->transaction) == TRANSACTION_DISCARDS;
    if (kafka->records_max && kafka->records >= kafka->records_max) return false;
    return kafka->bytes < kafka->bytes_max && !kafka->again && !kafka->is_alone &&
           !kafka->is_fatal && kafka->handle.rk && now_ms(kafka) >= kafka->again_due_ms;
}

static uint32_t kafka_take(void *opaque, struct batch *batch, const struct selection *in,
                           struct obligation *obligation)
{
    struct kafka *kafka = opaque;
    uint32_t taken = 0;
    if (is_taking(kafka)) {
        uint32_t group = group_open(kafka, obligation);
        kafka->groups[group].open++; /* keeps it while records are dropped at once */
        while (taken < in->count && is_taking(kafka) &&
               record_take(kafka, batch->events[in->index[taken]], group) == TAKEN)
            taken++;
        group_release(kafka, group, 1);
    }
    counter_add(&kafka->output->codec->encoded_events, taken);
    kafka->is_full = taken < in->count;
    return taken;
}

/* ---- delivery reports ---- */

static void again_keep(struct kafka *kafka, const rd_kafka_message_t *message, bool is_alone)
{
    struct again *again = xcalloc(1, sizeof *again);
    const char *name = rd_kafka_topic_name(message->rkt);
    again->topic = strdup(name);
    if (!again->topic) abort();
    buf_append(&again->payload, (struct str){message->payload, message->len});
    again->has_key = message->key != NULL;
    buf_append(&again->key, (struct str){message->key, message->key_len});
    rd_kafka_headers_t *headers;
    if (!rd_kafka_message_headers(message, &headers)) again->headers = rd_kafka_headers_copy(headers);
    again->opaque = message->_private;
    again->is_alone = is_alone;
    *kafka->again_last = again;
    kafka->again_last = &again->next;
    counter_add(&kafka->output->counters.retries, 1);
}

static void report_failed(struct kafka *kafka, const rd_kafka_message_t *message)
{
    const char *topic = rd_kafka_topic_name(message->rkt);
    if (kafka->transaction) {
        if (is_permanent(message->err) && kafka->records_max == 1)
            refused_keep(kafka, (struct str){message->payload, message->len});
        else
            kafka->batch_refused += is_permanent(message->err);
        bytes_release(kafka, record_bytes(message->len, message->key_len));
        record_aborts(kafka, opaque_group(message->_private), topic, message->err);
        return;
    }
    bool is_purged = message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
                     message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT || kafka->is_fatal;
    if (is_of_batch(message->err) && !kafka->is_alone) {
        say_batch(kafka, message->err, topic);
        if (!kafka->again) kafka->again_due_ms = now_ms(kafka);
        again_keep(kafka, message, true);
        return;
    }
    if (is_permanent(message->err) || (kafka->has_retries && !is_purged)) {
        say_dropped(kafka, topic, message->len, message->err);
        bytes_release(kafka, record_bytes(message->len, message->key_len));
        settle_refused(kafka, message->_private, NULL, (struct str){message->payload, message->len}, message->err);
        return;
    }
    if (!is_purged) say_again(kafka, message->err, topic);
    if (!kafka->again) kafka->again_due_ms = now_ms(kafka) + (is_purged ? 0 : AGAIN_MS);
    again_keep(kafka, message, kafka->is_alone);
}

static void report_run(struct kafka *kafka, uint32_t group, uint32_t count)
{
    if (kafka->transaction)
        kafka->groups[group].done += count;
    else
        settle_sent(kafka, group, count);
}

/* Reports come in the order of a partition's records, so neighbours are mostly of one group. */
static void reports_settle(struct kafka *kafka, const rd_kafka_message_t **messages, size_t count)
{
    size_t bytes = 0, payload = 0;
    uint32_t run = 0, group = 0;
    kafka->records -= (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_message_t *message = messages[i];
        if (message->err) {
            report_failed(kafka, message);
            continue;
        }
        bytes += record_bytes(message->len, message->key_len);
        payload += message->len;
        uint32_t own = opaque_group(message->_private);
        if (run && own != group) {
            report_run(kafka, group, run);
            run = 0;
        }
        group = own;
        run++;
    }
    if (!kafka->records) kafka->is_alone = false; /* before hooks of what settles look */
    if (run) report_run(kafka, group, run);
    bytes_release(kafka, bytes);
    counter_add(&kafka->output->counters.bytes, payload);
    counter_add(&kafka->output->counters.requests, 1);
}

static void failed(struct kafka *kafka, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    counter_add(&kafka->output->counters.errors, 1);
    if (error != RD_KAFKA_RESP_ERR__FATAL) {
        kafka_log_error(&kafka->handle, error, rd_kafka_event_error_string(event));
        return;
    }
    char text[512] = "";
    rd_kafka_fatal_error(kafka->handle.rk, text, sizeof text);
    if (kafka->transaction) { /* the call that ends it is told the same */
        transaction_abort(kafka->transaction, text);
        return;
    }
    LOG(LOG_ERROR, "kafka.fatal", kafka->output->id,
        "the producer cannot go on: %s; it is replaced, some records may come twice", text);
    kafka->is_fatal = true;
    rd_kafka_purge(kafka->handle.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                         RD_KAFKA_PURGE_F_NON_BLOCKING);
}

static void reports_read(struct kafka *kafka)
{
    const rd_kafka_message_t *messages[REPORTS_MAX];
    rd_kafka_event_t *event;
    while ((event = rd_kafka_queue_poll(kafka->reports, 0))) {
        size_t count;
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR)
            while ((count = rd_kafka_event_message_array(event, messages, REPORTS_MAX)))
                reports_settle(kafka, messages, count);
        else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
            failed(kafka, event);
        rd_kafka_event_destroy(event);
    }
}

/* ---- another try ---- */

static void again_free(struct again *again)
{
    free(again->topic);
    buf_fini(&again->payload);
    buf_fini(&again->key);
    if (again->headers) rd_kafka_headers_destroy(again->headers);
    free(again);
}

/* False: not now. */
static bool again_produce(struct kafka *kafka, struct again *again)
{
    struct record record = {.topic = again->topic, .payload = buf_str(&again->payload),
                            .key = buf_str(&again->key), .has_key = again->has_key,
                            .headers = again->headers, .opaque = again->opaque};
    rd_kafka_resp_err_t error = produce(kafka, &record);
    if (!error) {
        again->headers = NULL;
        return true;
    }
    if (!is_permanent(error)) return false;
    say_dropped(kafka, again->topic, again->payload.len, error);
    bytes_release(kafka, record_bytes(again->payload.len, again->key.len));
    settle_refused(kafka, again->opaque, NULL, buf_str(&again->payload), error);
    return true;
}

static void again_pop(struct kafka *kafka)
{
    struct again *done = kafka->again;
    kafka->again = done->next;
    if (!kafka->again) kafka->again_last = &kafka->again;
    again_free(done);
}

static void again_go_on(struct kafka *kafka)
{
    while (kafka->again) {
        bool is_alone = kafka->again->is_alone;
        if (is_alone && kafka->records) return; /* their reports bring us back */
        if (!again_produce(kafka, kafka->again)) {
            kafka->again_due_ms = now_ms(kafka) + AGAIN_MS;
            return;
        }
        again_pop(kafka);
        kafka->is_alone = is_alone && kafka->records;
        if (kafka->is_alone) return;
    }
}

/* ---- the producer ---- */

static void kafka_served(void *opaque);

static void topics_forget(struct kafka *kafka)
{
    for (int i = 0; i < TOPICS_CACHED; i++) {
        if (kafka->topics[i]) rd_kafka_topic_destroy(kafka->topics[i]);
        kafka->topics[i] = NULL;
    }
}

/* Stable over restarts, so that a new process ends what the one before it left open. */
static void transactional_id_set(const struct kafka *kafka, rd_kafka_conf_t *conf)
{
    struct buf text = {0};
    char host[HOST_NAME_MAX + 1] = "";
    if (gethostname(host, sizeof host - 1)) host[0] = 0;
    if (kafka->transactional_id.len)
        buf_append(&text, kafka->transactional_id);
    else
        buf_printf(&text, "tailrace-%.*s-%s", STR_ARG(kafka->output->pipeline), host);
    buf_printf(&text, "-%u", kafka->output->worker);
    rd_kafka_conf_res_t set = rd_kafka_conf_set(conf, "transactional.id", buf_z(&text), NULL, 0);
    assert(set == RD_KAFKA_CONF_OK);
    (void)set;
    bool is_own = kafka_is_overridden(&kafka->client, "transaction.timeout.ms");
    if (!is_own) kafka_limit_set(conf, "transaction.timeout.ms", TRANSACTION_OPEN_MS);
    /* librdkafka wants no request to last longer */
    if (!is_own && kafka->client.request_timeout_ms.ns / 1000000 > TRANSACTION_OPEN_MS)
        kafka_limit_set(conf, "socket.timeout.ms", TRANSACTION_OPEN_MS);
    buf_fini(&text);
}

static rd_kafka_conf_t *worker_conf(const struct kafka *kafka)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(kafka->conf);
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
    if (kafka->delivery.value == DELIVERY_EXACTLY_ONCE) transactional_id_set(kafka, conf);
    /* above our own bound, so that ours decides */
    if (!kafka_is_overridden(&kafka->client, "queue.buffering.max.kbytes"))
        kafka_limit_set(conf, "queue.buffering.max.kbytes",
                        kafka->bytes_max * 2 / 1024 +
                            2 * (uint64_t)kafka->max_request_size.bytes / 1024);
    if (!kafka_is_overridden(&kafka->client, "queue.buffering.max.messages"))
        kafka_limit_set(conf, "queue.buffering.max.messages",
                        2 * kafka->bytes_max / RECORD_OVERHEAD);
    return conf;
}

static int producer_open(struct kafka *kafka)
{
    int status = kafka_handle_open(&kafka->handle, RD_KAFKA_PRODUCER, worker_conf(kafka),
                                   kafka->output->loop, kafka->output->id, kafka_served, kafka);
    if (status) return status;
    kafka->reports = rd_kafka_queue_get_main(kafka->handle.rk);
    kafka_handle_listen(&kafka->handle, kafka->reports);
    return 0;
}

static void producer_close(struct kafka *kafka, void (*closed)(void *opaque))
{
    assert(kafka->records == 0);
    kafka->is_closing = true;
    topics_forget(kafka);
    rd_kafka_queue_destroy(kafka->reports);
    kafka_handle_close(&kafka->handle, closed);
}

static void producer_replaced(void *opaque)
{
    struct kafka *kafka = opaque;
    kafka->is_closing = kafka->is_fatal = false;
    int status = producer_open(kafka);
    assert(status == 0); /* the same settings made the one before */
    (void)status;
    if (kafka->transaction) transaction_restart(kafka->transaction, kafka->handle.rk);
    kafka_handle_poke(&kafka->handle);
}

static void producer_ended(void *opaque)
{
    struct kafka *kafka = opaque;
    output_stopped(kafka->output);
}

static void transaction_ended(void *opaque)
{
    struct kafka *kafka = opaque;
    kafka->transaction = NULL;
    producer_close(kafka, producer_ended);
}

static bool is_ended(const struct kafka *kafka)
{
    return kafka->output->is_stopping && kafka->records == 0 && !kafka->again &&
           (!kafka->transaction || transaction_is_idle(kafka->transaction));
}

static void producer_end(struct kafka *kafka)
{
    kafka->is_closing = true;
    if (kafka->transaction)
        transaction_close(kafka->transaction, transaction_ended);
    else
        producer_close(kafka, producer_ended);
}

static void kafka_served(void *opaque)
{
    struct kafka *kafka = opaque;
    if (kafka->is_closing) return;
    reports_read(kafka);
    if (kafka->transaction) transaction_turn(kafka->transaction);
    if (is_ended(kafka)) {
        producer_end(kafka);
        return;
    }
    if (kafka->is_fatal) {
        if (kafka->records == 0 && now_ms(kafka) >= kafka->replace_due_ms) producer_close(kafka, producer_replaced);
        return;
    }
    if (kafka->again && now_ms(kafka) >= kafka->again_due_ms) again_go_on(kafka);
    if (kafka->is_full && is_taking(kafka) && kafka->bytes <= kafka->bytes_max / 2) {
        kafka->is_full = false;
        output_ready(kafka->output);
    }
}

static void kafka_turn(void *opaque)
{
    struct kafka *kafka = opaque;
    if (kafka->transaction && !kafka->is_closing) transaction_turn(kafka->transaction);
}

/* ---- options ---- */

static bool retries_set(struct kafka *kafka, const struct plugin_context *context)
{
    struct str given = kafka->retries;
    if (!given.len) return kafka_property_set(kafka->conf, "message.timeout.ms", STR("0"), "retries", context);
    kafka->has_retries = true;
    diag_hint(context->diag,
              diag_warning(context->diag, context_place(context, "retries"),
                           "with `retries` records are dropped when the brokers stay away"),
              "leave it out to try without end");
    bool is_good = kafka_property_set(kafka->conf, "retries", given, "retries", context);
    kafka_limit_set(kafka->conf, "message.timeout.ms", TIMEOUT_WITH_RETRIES_MS);
    return is_good;
}

static bool idempotence_set(struct kafka *kafka, const struct plugin_context *context)
{
    struct str given = kafka->enable_idempotence;
    bool is_once = kafka->delivery.value == DELIVERY_EXACTLY_ONCE;
    bool is_all = kafka->acks.value >= ACKS_ALL || is_once;
    kafka->is_idempotent = given.len ? str_eq_z(given, "true") : is_all;
    if (given.len && !str_eq_z(given, "true") && !str_eq_z(given, "false")) {
        diag_error(context->diag, context_place(context, "enable_idempotence"),
                   "`enable_idempotence` is true or false");
        return false;
    }
    if (kafka->is_idempotent && !is_all) {
        diag_hint(context->diag,
                  diag_error(context->diag, context_place(context, "enable_idempotence"),
                             "`enable_idempotence` needs acks => all"),
                  "write acks => all");
        return false;
    }
    /* without it, a retry would overtake: one request at a time keeps the order */
    return kafka_property_set(kafka->conf, "enable.idempotence",
                              kafka->is_idempotent ? STR("true") : STR("false"),
                              "enable_idempotence", context) &&
           kafka_property_set(kafka->conf, "max.in.flight.requests.per.connection",
                              kafka->is_idempotent ? STR("5") : STR("1"), "enable_idempotence",
                              context);
}

/* Records without key stay with one partition for a while in librdkafka too (sticky), but for
 * round_robin, where each goes its own way. */
static bool partitioner_set(struct kafka *kafka, const struct plugin_context *context)
{
    enum { DEFAULT, ROUND_ROBIN, UNIFORM_STICKY };
    int32_t wanted = kafka->partitioner.value;
    bool is_good = kafka_property_set(kafka->conf, "partitioner",
                                      wanted == DEFAULT ? STR("murmur2_random") : STR("random"),
                                      "partitioner", context);
    if (wanted == ROUND_ROBIN)
        kafka_limit_set(kafka->conf, "sticky.partitioning.linger.ms", 0);
    return is_good;
}

static const struct kafka_property producer_properties[] = {
    KAFKA_PROPERTY(KAFKA_BYTES, struct kafka, batch_size, "batch.size"),
    KAFKA_PROPERTY(KAFKA_MS, struct kafka, linger_ms, "linger.ms"),
    KAFKA_PROPERTY(KAFKA_BYTES, struct kafka, max_request_size, "message.max.bytes"),
    {0},
};

/* What exactly_once decides by itself may not be written otherwise. */
static bool delivery_check(struct kafka *kafka, const struct plugin_context *context)
{
    if (kafka->delivery.value != DELIVERY_EXACTLY_ONCE) return true;
    const char *against = NULL;
    if (context_is_given(context, "acks") && kafka->acks.value < ACKS_ALL) against = "acks";
    if (str_eq_z(kafka->enable_idempotence, "false")) against = "enable_idempotence";
    if (kafka->retries.len) against = "retries";
    if (context_is_given(context, "when_full")) against = "when_full"; /* what waits is in no transaction */
    if (!against) {
        kafka->acks.value = ACKS_ALL;
        return true;
    }
    diag_hint(context->diag,
              diag_error(context->diag, context_place(context, against),
                         "`delivery => exactly_once` does not go with this `%s`", against),
              "leave `%s` out", against);
    return false;
}

/* For the check over the whole pipeline (pipelines/exactly_once.h). */
static struct str kafka_transacts(const void *opaque)
{
    const struct kafka *kafka = opaque;
    return kafka->delivery.value == DELIVERY_EXACTLY_ONCE ? kafka->client.bootstrap_servers : (struct str){0};
}

static bool kafka_create(void *self, const struct plugin_context *context)
{
    struct kafka *kafka = self;
    kafka->again_last = &kafka->again;
    kafka->conf = rd_kafka_conf_new();
    bool is_good = delivery_check(kafka, context);
    is_good &= kafka_client_options_set(kafka->conf, &kafka->client, context);
    is_good &= kafka_properties_set(kafka->conf, producer_properties, kafka, context);
    if (!kafka->linger_ms.ns) kafka_limit_set(kafka->conf, "linger.ms", 0);
    is_good &= kafka_property_set(kafka->conf, "acks", str_of(acks_choices[kafka->acks.value]),
                                  "acks", context);
    is_good &= kafka_property_set(kafka->conf, "compression.type",
                                  str_of(compressions[kafka->compression_type.value]),
                                  "compression_type", context);
    is_good &= retries_set(kafka, context);
    is_good &= idempotence_set(kafka, context);
    is_good &= partitioner_set(kafka, context);
    is_good &= kafka_serializer_check(kafka->key_serializer, "key_serializer", context);
    is_good &= kafka_serializer_check(kafka->value_serializer, "value_serializer", context);
    is_good &= kafka_overrides_set(kafka->conf, &kafka->client, context);
    if (!is_good) rd_kafka_conf_destroy(kafka->conf);
    return is_good;
}

static int kafka_start(void *self, struct output *output)
{
    struct kafka *kafka = self;
    kafka->output = output;
    kafka->bytes_max = kafka_share(output->loop, output->workers);
    if (kafka->buffer_memory.bytes && (size_t)kafka->buffer_memory.bytes < kafka->bytes_max)
        kafka->bytes_max = (size_t)kafka->buffer_memory.bytes;
    int status = producer_open(kafka);
    if (status || kafka->delivery.value != DELIVERY_EXACTLY_ONCE) return status;
    struct transaction_hooks hooks = transaction_hooks;
    hooks.opaque = kafka;
    kafka->transaction = transaction_open(output->loop, kafka->handle.rk, output->id, &hooks);
    return 0;
}

static void kafka_stop(void *self)
{
    struct kafka *kafka = self;
    kafka_handle_poke(&kafka->handle);
}

static void kafka_destroy(void *self)
{
    struct kafka *kafka = self;
    if (kafka->conf) rd_kafka_conf_destroy(kafka->conf);
    buf_fini(&kafka->payload);
    buf_fini(&kafka->key);
    buf_fini(&kafka->name);
    free(kafka->groups);
}

static const struct option kafka_options[] = {
    OPTION_TEMPLATE(struct kafka, topic_id, .required = true, .help = "Topic to write to."),
    OPTION_TEMPLATE(struct kafka, message_key, .help = "Key; it decides the partition."),
    OPTION_TEMPLATE_PAIRS(struct kafka, message_headers, .min = 0, .max = HEADERS_MAX,
                          .help = "Headers of each record."),
    OPTION_CHOICE(struct kafka, acks, .preset = "1", .choices = acks_choices,
                  .help = "Who must have a record: nobody (0), the leader (1), all replicas in sync."),
    OPTION_STRING(struct kafka, enable_idempotence,
                  .help = "Retries neither repeat nor reorder; with acks => all unless false. "
                          "Tailrace's own."),
    OPTION_SIZE(struct kafka, batch_size, .preset = "1000000", .min = 1, .max = 2147483647,
                .help = "Largest request for one partition; small ones make many and cost much."),
    OPTION_DURATION(struct kafka, linger_ms, .preset = "5", .unit = "ms",
                    .help = "How long a record may wait for others."),
    OPTION_SIZE(struct kafka, buffer_memory, .preset = "33554432",
                .help = "Records under way; less when the memory budget is small."),
    OPTION_CHOICE(struct kafka, compression_type, .preset = "none", .choices = compressions,
                  .help = "Compression of requests."),
    OPTION_SIZE(struct kafka, max_request_size, .preset = "1048576", .min = 1000, .max = 1000000000,
                .help = "A larger record is dropped."),
    OPTION_STRING(struct kafka, retries,
                  .help = "Tries before a record is dropped; without it, no record is."),
    OPTION_CHOICE(struct kafka, partitioner, .preset = "default", .choices = partitioners,
                  .help = "default: by key as Java's clients do."),
    OPTION_DURATION(struct kafka, metadata_fetch_timeout_ms, .preset = "60000", .unit = "ms",
                    .help = "Accepted; unknown topics are waited for."),
    OPTION_CHOICE(struct kafka, delivery, .preset = "at_least_once", .choices = deliveries,
                  .help = "exactly_once: records and the offsets of what they were made from are written in one "
                          "transaction; all inputs of the pipeline read the same cluster, and this is its only "
                          "output. Readers set isolation.level to read_committed. Tailrace's own."),
    OPTION_STRING(struct kafka, transactional_id,
                  .help = "With exactly_once: own for each process, the same after a restart; -WORKER is added. "
                          "Without it: pipeline and name of the machine. Tailrace's own."),
    OPTION_STRING(struct kafka, key_serializer,
                  .preset = "org.apache.kafka.common.serialization.StringSerializer",
                  .help = "String or ByteArray: bytes as they are."),
    OPTION_STRING(struct kafka, value_serializer,
                  .preset = "org.apache.kafka.common.serialization.StringSerializer",
                  .help = "String or ByteArray: the codec's bytes."),
    OPTION_GROUP(struct kafka, client, kafka_client_options),
    OPTION_OBSOLETE("broker_list", "use bootstrap_servers"),
    OPTION_OBSOLETE("compression_codec", "use compression_type"),
    OPTION_OBSOLETE("request_required_acks", "use acks"),
    OPTION_OBSOLETE("block_on_buffer_full", "remove it: the output always waits"),
    OPTION_OBSOLETE("timeout_ms", "use request_timeout_ms"),
    OPTION_END,
};

const struct output_type output_kafka = {
    .name = "kafka",
    .summary = "Writes records to Kafka topics.",
    .size = sizeof(struct kafka),
    .options = kafka_options,
    .default_codec = "plain",
    .create = kafka_create,
    .start = kafka_start,
    .take = kafka_take,
    .turn = kafka_turn,
    .stop = kafka_stop,
    .destroy = kafka_destroy,
    .transacts = kafka_transacts,
};
