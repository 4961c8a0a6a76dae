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
 * In a pipeline whose output delivers exactly once, offsets go into its transaction instead (core/kafka/transaction.h):
 * records are read while it is open, a partition is given away when it has ended, and after an abort every partition
 * goes back to where the last one ended.
 *
 * One worker's thread; nothing here blocks. */
#include "core/input.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include "core/kafka/client_options.h"
#include "core/kafka/handle.h"
#include "core/kafka/transaction.h"
#include "core/log.h"
#include "core/text/utf8.h"
#include "core/xmalloc.h"

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
static const char *const decorations[] = {"none", "basic", "extended", "false", "true", NULL};
static const char *const isolations[] = {"read_uncommitted", "read_committed", NULL};
static const char *const protocols[] = {"classic", "consumer", NULL};

enum { KEY_TOPIC, KEY_GROUP, KEY_PARTITION, KEY_OFFSET, KEY_KEY, KEY_TIMESTAMP, KEY_HEADERS, KEY_COUNT };
static const char *const key_names[KEY_COUNT] = {"topic", "consumer_group", "partition", "offset",
                                                 "key", "timestamp", "headers"};

struct kafka;

struct partition {
    struct kafka *kafka;
    struct str topic; /* kept in kafka->topics: events name it after the partition is gone */
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

struct topic_name {
    struct topic_name *next;
    size_t len;
    char text[];
};

enum rebalance { REBALANCE_NONE, REBALANCE_DRAIN, REBALANCE_COMMIT };
enum stopping { STOP_NOT, STOP_DRAIN, STOP_COMMIT, STOP_CLOSE, STOP_DESTROY };

struct kafka {
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
    struct partition **partitions;
    uint32_t partition_count;
    struct partition *last;          /* the one that the last record was of */
    struct topic_name *topic_names;
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

static uint64_t now_ms(const struct kafka *kafka) { return uv_now(&kafka->input->loop->uv); }

static void count_error(struct kafka *kafka) { counter_add(&kafka->input->counters.errors, 1); }

/* ---- events ---- */

static void header_add(struct value *map, struct event *event, const char *name, const void *bytes,
                       size_t len)
{
    struct str text = {bytes, len};
    if (!bytes || utf8_valid_len(text) != len) return;
    struct str key = arena_copy(event->arena, str_of(name));
    map_set(map->map, event->arena, key_of(key),
            value_string_flagged(arena_copy(event->arena, text), STRING_UTF8));
}

static void decorate_headers(const struct kafka *kafka, struct event *event, struct value *kafka_map)
{
    struct value map = value_map(event->arena, 4);
    rd_kafka_headers_t *headers;
    if (rd_kafka_message_headers(kafka->message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        const char *name;
        const void *bytes;
        size_t len;
        for (size_t i = 0; !rd_kafka_header_get_all(headers, i, &name, &bytes, &len); i++)
            header_add(&map, event, name, bytes, len);
    }
    map_append(kafka_map->map, event->arena, kafka->keys[KEY_HEADERS], map);
}

static void partition_decorate(void *opaque, struct event *event)
{
    const struct partition *partition = opaque;
    const struct kafka *kafka = partition->kafka;
    if (kafka->decoration == DECORATE_NONE) return;
    const rd_kafka_message_t *message = kafka->message;
    rd_kafka_timestamp_type_t type;
    int64_t timestamp = rd_kafka_message_timestamp(message, &type);
    struct str key = {message->key, message->key_len};
    struct value values[KEY_HEADERS] = {
        [KEY_TOPIC] = value_string(partition->topic),
        [KEY_GROUP] = value_string(kafka->group_id),
        [KEY_PARTITION] = value_int(partition->number),
        [KEY_OFFSET] = value_int(message->offset),
        [KEY_KEY] = message->key ? value_string(arena_copy(event->arena, key)) : value_null(),
        [KEY_TIMESTAMP] = value_int(timestamp),
    };
    struct value map = value_map(event->arena, KEY_COUNT);
    for (int i = 0; i < KEY_HEADERS; i++)
        map_append(map.map, event->arena, kafka->keys[i], values[i]);
    if (kafka->decoration == DECORATE_EXTENDED) decorate_headers(kafka, event, &map);
    path_set(&kafka->metadata_path, event, map);
}

static void kafka_fields(const void *opaque, struct field_set *fields)
{
    static const unsigned types[KEY_COUNT] = {
        [KEY_TOPIC] = TYPE_STRING,   [KEY_GROUP] = TYPE_STRING, [KEY_PARTITION] = TYPE_INTEGER,
        [KEY_OFFSET] = TYPE_INTEGER, [KEY_KEY] = TYPE_STRING | TYPE_NULL, [KEY_TIMESTAMP] = TYPE_INTEGER,
        [KEY_HEADERS] = TYPE_OBJECT,
    };
    const struct kafka *kafka = opaque;
    if (kafka->decoration == DECORATE_NONE) return;
    int count = kafka->decoration == DECORATE_EXTENDED ? KEY_COUNT : KEY_HEADERS;
    for (int i = 0; i < count; i++) {
        char reference[64];
        snprintf(reference, sizeof reference, "[@metadata][kafka][%s]", key_names[i]);
        fields_put_name(fields, reference, types[i]);
    }
}

/* ---- partitions ---- */

static void partition_advance(void *opaque, uint64_t position)
{
    struct partition *partition = opaque;
    partition->settled = (int64_t)position;
    struct kafka *kafka = partition->kafka;
    if (kafka->rebalance || kafka->stopping) kafka_handle_poke(&kafka->handle);
}
static const struct source_hooks partition_hooks = {.advance = partition_advance};

/* Names of topics stay until the input is destroyed: batches refer to them. */
static struct str topic_name_keep(struct kafka *kafka, const char *name)
{
    size_t len = strlen(name);
    struct str text = {name, len};
    for (struct topic_name *known = kafka->topic_names; known; known = known->next)
        if (str_eq((struct str){known->text, known->len}, text))
            return (struct str){known->text, known->len};
    struct topic_name *kept = xmalloc(sizeof *kept + len + 1);
    *kept = (struct topic_name){.next = kafka->topic_names, .len = len};
    memcpy(kept->text, name, len + 1);
    kafka->topic_names = kept;
    return (struct str){kept->text, len};
}

static bool partition_is(const struct partition *partition, const char *topic, int32_t number)
{
    return partition->number == number && str_eq_z(partition->topic, topic);
}

static struct partition *partition_find(struct kafka *kafka, const char *topic, int32_t number)
{
    if (kafka->last && partition_is(kafka->last, topic, number)) return kafka->last;
    for (uint32_t i = 0; i < kafka->partition_count; i++)
        if (partition_is(kafka->partitions[i], topic, number))
            return kafka->last = kafka->partitions[i];
    return NULL;
}

static void partition_open(struct kafka *kafka, const rd_kafka_topic_partition_t *assigned)
{
    rd_kafka_queue_t *queue =
        rd_kafka_queue_get_partition(kafka->handle.rk, assigned->topic, assigned->partition);
    if (queue) {
        rd_kafka_queue_forward(queue, kafka->messages);
        rd_kafka_queue_destroy(queue);
    }
    struct partition *partition = xcalloc(1, sizeof *partition);
    partition->kafka = kafka;
    partition->topic = topic_name_keep(kafka, assigned->topic);
    partition->number = assigned->partition;
    partition->settled = partition->committed = partition->begun = partition->at_end = partition->base = -1;
    stream_open(&partition->stream, kafka->input, &partition_hooks, partition_decorate, partition);
    kafka->partitions = xreallocarray(kafka->partitions, kafka->partition_count + 1,
                                      sizeof(struct partition *));
    kafka->partitions[kafka->partition_count++] = partition;
}

static void partition_close(struct kafka *kafka, uint32_t at)
{
    struct partition *partition = kafka->partitions[at];
    stream_close(&partition->stream);
    if (kafka->last == partition) kafka->last = NULL;
    free(partition);
    kafka->partitions[at] = kafka->partitions[--kafka->partition_count];
}

static bool partitions_are_idle(const struct kafka *kafka, bool leaving_only)
{
    for (uint32_t i = 0; i < kafka->partition_count; i++) {
        const struct partition *partition = kafka->partitions[i];
        if (leaving_only && !partition->is_leaving) continue;
        if (!source_is_idle(partition->stream.source)) return false;
    }
    return true;
}

/* ---- lag ---- */

/* Behind the last record there may be marks of transactions: who has come to the end is done with them. */
static int64_t partition_done(const struct partition *partition)
{
    int64_t done = partition->settled >= 0 ? partition->settled : partition->begun;
    bool is_idle = source_is_idle(partition->stream.source);
    return is_idle && partition->at_end > done ? partition->at_end : done;
}

static void backlog_tell(struct kafka *kafka)
{
    kafka->backlog_due_ms = now_ms(kafka) + BACKLOG_LOOK_MS;
    backlog_begin(kafka->backlog);
    for (uint32_t i = 0; i < kafka->partition_count; i++) {
        const struct partition *partition = kafka->partitions[i];
        int64_t low, high = -1;
        /* of the last answer to a fetch: nobody is asked */
        if (rd_kafka_get_watermark_offsets(kafka->handle.rk, partition->topic.ptr, partition->number, &low,
                                           &high))
            high = -1;
        backlog_add(kafka->backlog,
                    &(struct backlog_row){partition->topic, partition->number, partition_done(partition),
                                          (int64_t)partition->stream.position, high});
    }
    backlog_end(kafka->backlog);
}

/* ---- commits ---- */

static void commit(struct kafka *kafka, bool leaving_only)
{
    if (kafka->transaction) return;
    rd_kafka_topic_partition_list_t *list = NULL;
    for (uint32_t i = 0; i < kafka->partition_count; i++) {
        struct partition *partition = kafka->partitions[i];
        if (leaving_only && !partition->is_leaving) continue;
        if (partition->settled < 0 || partition->settled == partition->committed) continue;
        if (!list) list = rd_kafka_topic_partition_list_new((int)kafka->partition_count);
        rd_kafka_topic_partition_list_add(list, partition->topic.ptr, partition->number)->offset =
            partition->settled;
        partition->committed = partition->settled;
    }
    if (!list) return;
    rd_kafka_resp_err_t error =
        rd_kafka_commit_queue(kafka->handle.rk, list, kafka->group, NULL, NULL);
    rd_kafka_topic_partition_list_destroy(list);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        kafka->commits_open++;
    else
        kafka_log_error(&kafka->handle, error, NULL);
}

/* A commit that failed is sent again with the next one, unless the partition has gone. */
static void commit_failed(struct kafka *kafka, const rd_kafka_topic_partition_t *row,
                          rd_kafka_resp_err_t error)
{
    struct partition *partition = partition_find(kafka, row->topic, row->partition);
    if (partition) partition->committed = -1;
    count_error(kafka);
    LOG(LOG_WARN, "kafka.commit", kafka->input->id,
        "offset %" PRId64 " of %s partition %d is not committed: %s; it is tried again with the next",
        row->offset, row->topic, (int)row->partition, rd_kafka_err2str(error));
}

static void commit_answered(struct kafka *kafka, rd_kafka_event_t *event)
{
    if (kafka->commits_open) kafka->commits_open--;
    rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    for (int i = 0; list && i < list->cnt; i++) {
        rd_kafka_resp_err_t own = list->elems[i].err ? list->elems[i].err : error;
        if (own && own != RD_KAFKA_RESP_ERR__NO_OFFSET) commit_failed(kafka, &list->elems[i], own);
    }
}

static void commit_if_due(struct kafka *kafka)
{
    if (now_ms(kafka) < kafka->commit_due_ms || kafka->commits_open) return;
    kafka->commit_due_ms =
        now_ms(kafka) + (uint64_t)(kafka->auto_commit_interval_ms.ns / 1000000);
    commit(kafka, false);
}

/* ---- exactly once ---- */

static void offset_add(rd_kafka_topic_partition_list_t *list, const struct partition *partition, int64_t offset)
{
    rd_kafka_topic_partition_list_add(list, partition->topic.ptr, partition->number)->offset = offset;
}

/* Offset behind the last record read since the last transaction; -1: there is none. */
static int64_t partition_progress(const struct partition *partition)
{
    int64_t position = (int64_t)partition->stream.position;
    return partition->base >= 0 && position > partition->base ? position : -1;
}

static void transaction_offsets(void *opaque, rd_kafka_topic_partition_list_t *list)
{
    struct kafka *kafka = opaque;
    for (uint32_t i = 0; i < kafka->partition_count; i++) {
        struct partition *partition = kafka->partitions[i];
        int64_t progress = partition_progress(partition);
        if (progress >= 0) offset_add(list, partition, progress);
        partition->sent = progress >= 0 ? progress : partition->base;
    }
}

static void transaction_back(void *opaque, rd_kafka_topic_partition_list_t *list)
{
    struct kafka *kafka = opaque;
    for (uint32_t i = 0; i < kafka->partition_count; i++)
        if (partition_progress(kafka->partitions[i]) >= 0)
            offset_add(list, kafka->partitions[i], kafka->partitions[i]->base);
}

static void transaction_committed(void *opaque)
{
    struct kafka *kafka = opaque;
    for (uint32_t i = 0; i < kafka->partition_count; i++) {
        struct partition *partition = kafka->partitions[i];
        /* one that was assigned meanwhile has read nothing yet */
        if (partition->base >= 0 && partition->sent > partition->base) partition->base = partition->sent;
    }
}

static void held_drop(struct kafka *kafka);

static void transaction_aborted(void *opaque)
{
    struct kafka *kafka = opaque;
    held_drop(kafka);
    for (uint32_t i = 0; i < kafka->partition_count; i++)
        if (partition_progress(kafka->partitions[i]) >= 0) stream_restart(&kafka->partitions[i]->stream);
}

static void transaction_changed(void *opaque) { kafka_handle_poke(&((struct kafka *)opaque)->handle); }

static void transaction_enter(struct kafka *kafka)
{
    kafka->transaction = kafka->input->loop->transaction;
    if (!kafka->transaction) return;
    struct transaction_consumer consumer = {
        .rk = kafka->handle.rk, .offsets = transaction_offsets, .back = transaction_back,
        .committed = transaction_committed, .aborted = transaction_aborted, .changed = transaction_changed,
        .opaque = kafka};
    transaction_join(kafka->transaction, &consumer);
}

static bool may_read(const struct kafka *kafka)
{
    return !input_is_paused(kafka->input) && !kafka->stopping &&
           (!kafka->transaction || transaction_may_read(kafka->transaction));
}

/* True: what was read of leaving partitions is committed, or will never be. */
static bool transaction_is_over(struct kafka *kafka, bool is_late)
{
    if (!kafka->transaction) return true;
    transaction_end_soon(kafka->transaction);
    if (is_late) transaction_abort(kafka->transaction, "partitions are given away");
    return transaction_lets_go(kafka->transaction);
}

/* ---- rebalances ---- */

static bool is_cooperative(const struct kafka *kafka)
{
    const char *protocol = rd_kafka_rebalance_protocol(kafka->handle.rk);
    return protocol && strcmp(protocol, "COOPERATIVE") == 0;
}

static void assign_answered(struct kafka *kafka, rd_kafka_error_t *error)
{
    if (!error) return;
    count_error(kafka);
    kafka_log_error(&kafka->handle, rd_kafka_error_code(error), rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
}

static void partitions_assign(struct kafka *kafka, const rd_kafka_topic_partition_list_t *list)
{
    kafka->has_joined = true;
    for (int i = 0; i < list->cnt; i++)
        if (!partition_find(kafka, list->elems[i].topic, list->elems[i].partition))
            partition_open(kafka, &list->elems[i]);
    if (is_cooperative(kafka))
        assign_answered(kafka, rd_kafka_incremental_assign(kafka->handle.rk, list));
    else
        rd_kafka_assign(kafka->handle.rk, list);
    LOG(LOG_INFO, "kafka.assigned", kafka->input->id, "%d partitions assigned, %u in all",
        list->cnt, kafka->partition_count);
    kafka->is_paused_there = false;
    kafka->read_ms = now_ms(kafka);
    backlog_tell(kafka);
}

static void revoke_end(struct kafka *kafka)
{
    uint32_t unfinished = 0, left = 0;
    for (uint32_t i = kafka->partition_count; i-- > 0;) {
        struct partition *partition = kafka->partitions[i];
        if (!partition->is_leaving) continue;
        unfinished += !source_is_idle(partition->stream.source);
        left++;
        partition_close(kafka, i);
    }
    backlog_tell(kafka); /* before another member may tell of them */
    if (is_cooperative(kafka))
        assign_answered(kafka, rd_kafka_incremental_unassign(kafka->handle.rk, kafka->leaving));
    else
        rd_kafka_assign(kafka->handle.rk, NULL);
    if (unfinished)
        LOG(LOG_WARN, "kafka.revoked_early", kafka->input->id,
            "%u of %u partitions given away had events under way: the next member reads those again",
            unfinished, left);
    LOG(LOG_INFO, "kafka.revoked", kafka->input->id, "%u partitions given away, %u left", left,
        kafka->partition_count);
    rd_kafka_topic_partition_list_destroy(kafka->leaving);
    kafka->leaving = NULL;
    kafka->rebalance = REBALANCE_NONE;
}

static void revoke_go_on(struct kafka *kafka)
{
    bool is_late = now_ms(kafka) >= kafka->deadline_ms;
    bool is_lost = rd_kafka_assignment_lost(kafka->handle.rk);
    if (kafka->rebalance == REBALANCE_DRAIN) {
        if (!transaction_is_over(kafka, is_lost || is_late)) return;
        if (!is_lost && !is_late && !partitions_are_idle(kafka, true)) return;
        kafka->rebalance = REBALANCE_COMMIT;
        kafka->deadline_ms = now_ms(kafka) + COMMIT_WAIT_MS;
        is_late = false;
        if (!is_lost) commit(kafka, true);
    }
    if (kafka->rebalance == REBALANCE_COMMIT && (is_lost || is_late || !kafka->commits_open))
        revoke_end(kafka);
}

static void partitions_revoke(struct kafka *kafka, const rd_kafka_topic_partition_list_t *list)
{
    if (kafka->rebalance) {
        transaction_is_over(kafka, true);
        revoke_end(kafka);
    }
    kafka->leaving = rd_kafka_topic_partition_list_copy(list);
    for (int i = 0; i < list->cnt; i++) {
        struct partition *partition =
            partition_find(kafka, list->elems[i].topic, list->elems[i].partition);
        if (partition) partition->is_leaving = true;
    }
    kafka->rebalance = REBALANCE_DRAIN;
    kafka->deadline_ms = now_ms(kafka) + DRAIN_MS;
    revoke_go_on(kafka);
}

static void rebalanced(struct kafka *kafka, rd_kafka_event_t *event)
{
    const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    switch (rd_kafka_event_error(event)) {
    case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
        partitions_assign(kafka, list);
        break;
    case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
        partitions_revoke(kafka, list);
        break;
    default:
        count_error(kafka);
        kafka_log_error(&kafka->handle, rd_kafka_event_error(event), NULL);
        rd_kafka_assign(kafka->handle.rk, NULL);
    }
}

/* ---- the group's queue ---- */

static void failed(struct kafka *kafka, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    char text[512] = "";
    if (error == RD_KAFKA_RESP_ERR__FATAL)
        error = rd_kafka_fatal_error(kafka->handle.rk, text, sizeof text);
    count_error(kafka);
    kafka_log_error(&kafka->handle, error, *text ? text : rd_kafka_event_error_string(event));
}

static void group_serve(struct kafka *kafka)
{
    rd_kafka_event_t *event;
    while (kafka->group && (event = rd_kafka_queue_poll(kafka->group, 0))) {
        switch (rd_kafka_event_type(event)) {
        case RD_KAFKA_EVENT_REBALANCE: rebalanced(kafka, event); break;
        case RD_KAFKA_EVENT_OFFSET_COMMIT: commit_answered(kafka, event); break;
        case RD_KAFKA_EVENT_ERROR: failed(kafka, event); break;
        default: break;
        }
        rd_kafka_event_destroy(event);
    }
}

/* ---- records ---- */

/* Offsets go back when a topic was made anew or its log was cut: a new count begins. */
static void partition_restart(struct partition *partition, int64_t offset)
{
    struct kafka *kafka = partition->kafka;
    LOG(LOG_WARN, "kafka.offset_back", kafka->input->id,
        "%.*s partition %d goes back from offset %" PRIu64 " to %" PRId64
        ": the topic was made anew, or its end was lost",
        STR_ARG(partition->topic), (int)partition->number, partition->stream.position, offset);
    stream_restart(&partition->stream);
    partition->settled = partition->committed = partition->at_end = -1;
    partition->begun = offset;
}

static void message_emit(struct kafka *kafka, const rd_kafka_message_t *message)
{
    struct partition *partition =
        partition_find(kafka, rd_kafka_topic_name(message->rkt), message->partition);
    if (!partition || partition->is_leaving) return; /* the next member reads it */
    uint64_t position = (uint64_t)message->offset + 1;
    if (position <= partition->stream.position) partition_restart(partition, message->offset);
    if (partition->begun < 0) partition->begun = message->offset;
    if (kafka->transaction) {
        if (partition->base < 0) partition->base = message->offset;
        transaction_read(kafka->transaction, 1);
    }
    kafka->record_bytes += (message->len + 8) / 8 - kafka->record_bytes / 8;
    kafka->message = message;
    struct frame frame = {
        .bytes = {message->payload ? message->payload : "", message->len}, .position = position};
    stream_emit(&partition->stream, &frame);
    kafka->message = NULL;
}

/* No failure: there is no more for now. */
static void partition_ended(struct kafka *kafka, const rd_kafka_message_t *message)
{
    struct partition *partition =
        partition_find(kafka, rd_kafka_topic_name(message->rkt), message->partition);
    if (!partition) return;
    partition->at_end = message->offset;
    if (partition->begun < 0) partition->begun = message->offset;
}

static void message_failed(struct kafka *kafka, const rd_kafka_message_t *message)
{
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        partition_ended(kafka, message);
        return;
    }
    count_error(kafka);
    kafka_log_error(&kafka->handle, message->err, rd_kafka_message_errstr(message));
}

/* The prefetch has gone down by a quarter: more may be fetched. */
static void prefetch_go_on(struct kafka *kafka)
{
    if (kafka->since_wake < kafka->prefetch_bytes / 4) return;
    if (rd_kafka_queue_length(kafka->messages) > kafka->prefetch_bytes / MESSAGE_OVERHEAD / 2) return;
    kafka->since_wake = 0;
    kafka_handle_wake_brokers(&kafka->handle);
}

static bool held_fill(struct kafka *kafka)
{
    prefetch_go_on(kafka);
    size_t wanted = HELD_BYTES / (kafka->record_bytes + 1);
    wanted = wanted < 1 ? 1 : wanted > HELD_MAX ? HELD_MAX : wanted;
    ssize_t got = rd_kafka_consume_batch_queue(kafka->messages, 0, kafka->held, wanted);
    kafka->held_at = 0;
    kafka->held_count = got > 0 ? (uint32_t)got : 0;
    return got > 0;
}

static void held_drop(struct kafka *kafka)
{
    while (kafka->held_at < kafka->held_count) rd_kafka_message_destroy(kafka->held[kafka->held_at++]);
}

static void messages_read(struct kafka *kafka)
{
    size_t bytes = 0;
    while (may_read(kafka)) {
        kafka->read_ms = now_ms(kafka);
        if (kafka->held_at == kafka->held_count && !held_fill(kafka)) return;
        rd_kafka_message_t *message = kafka->held[kafka->held_at++];
        bytes += message->len + MESSAGE_OVERHEAD;
        kafka->since_wake += message->len + MESSAGE_OVERHEAD;
        if (message->err)
            message_failed(kafka, message);
        else
            message_emit(kafka, message);
        rd_kafka_message_destroy(message);
        if (bytes >= TURN_BYTES) {
            kafka_handle_poke(&kafka->handle);
            return;
        }
    }
}

/* A pause at librdkafka frees what it has prefetched, to be fetched again: only when it lasts. */
static void pause_settle(struct kafka *kafka, bool wants_pause)
{
    if (wants_pause == kafka->is_paused_there || kafka->rebalance || !kafka->partition_count) return;
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)kafka->partition_count);
    for (uint32_t i = 0; i < kafka->partition_count; i++)
        rd_kafka_topic_partition_list_add(list, kafka->partitions[i]->topic.ptr,
                                          kafka->partitions[i]->number);
    if (wants_pause)
        rd_kafka_pause_partitions(kafka->handle.rk, list);
    else
        rd_kafka_resume_partitions(kafka->handle.rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    kafka->is_paused_there = wants_pause;
    LOG(LOG_INFO, "kafka.paused", kafka->input->id,
        wants_pause ? "the outputs have not taken anything for %d s: prefetched records are let go"
                    : "reading goes on after a pause of more than %d s",
        PAUSE_AFTER_MS / 1000);
}

/* ---- stopping ---- */

static void kafka_buried(void *opaque)
{
    struct kafka *kafka = opaque;
    input_stopped(kafka->input);
}

static void kafka_destroy_handle(struct kafka *kafka)
{
    kafka->stopping = STOP_DESTROY;
    if (kafka->transaction) transaction_leave(kafka->transaction, kafka);
    kafka->transaction = NULL;
    if (kafka->leaving) rd_kafka_topic_partition_list_destroy(kafka->leaving);
    kafka->leaving = NULL;
    kafka->rebalance = REBALANCE_NONE;
    while (kafka->partition_count) partition_close(kafka, kafka->partition_count - 1);
    backlog_tell(kafka);
    rd_kafka_queue_destroy(kafka->messages);
    rd_kafka_queue_destroy(kafka->nothing);
    rd_kafka_queue_destroy(kafka->group);
    kafka->group = NULL;
    kafka_handle_close(&kafka->handle, kafka_buried);
}

static void group_leave(struct kafka *kafka)
{
    kafka->stopping = STOP_CLOSE;
    kafka->deadline_ms = now_ms(kafka) + CLOSE_WAIT_MS;
    assign_answered(kafka, rd_kafka_consumer_close_queue(kafka->handle.rk, kafka->group));
}

/* librdkafka before 2.2 aborts the process (its issue 4312) when a member leaves, or is destroyed, while
 * its first assignment is being made. So a stop that comes that early waits for the assignment; when
 * none comes and the coordinator knows us, the handle is left to the end of the process. */
static bool may_leave(struct kafka *kafka)
{
    if (kafka->has_joined) return true;
    if (!kafka->join_deadline_ms) kafka->join_deadline_ms = now_ms(kafka) + JOIN_WAIT_MS;
    if (now_ms(kafka) < kafka->join_deadline_ms) return false;
    char *member = rd_kafka_memberid(kafka->handle.rk);
    kafka->handle.is_forgotten = member && *member;
    if (member) rd_kafka_mem_free(kafka->handle.rk, member);
    return true;
}

static void stop_go_on(struct kafka *kafka)
{
    if (kafka->stopping != STOP_CLOSE && !may_leave(kafka)) return;
    if (kafka->handle.is_forgotten) {
        kafka_destroy_handle(kafka);
        return;
    }
    bool is_late = now_ms(kafka) >= kafka->deadline_ms;
    bool is_over = !kafka->transaction || transaction_is_idle(kafka->transaction);
    if (kafka->transaction && kafka->stopping == STOP_DRAIN) transaction_end_soon(kafka->transaction);
    if (kafka->stopping == STOP_DRAIN && !kafka->rebalance && is_over && partitions_are_idle(kafka, false)) {
        commit(kafka, false);
        kafka->stopping = STOP_COMMIT;
        kafka->deadline_ms = now_ms(kafka) + COMMIT_WAIT_MS;
        is_late = false;
    }
    if (kafka->stopping == STOP_COMMIT && !kafka->rebalance && (is_late || !kafka->commits_open)) {
        if (is_late)
            LOG(LOG_WARN, "kafka.stop_commit", kafka->input->id,
                "no answer to the last commit: the next start may read some records again");
        group_leave(kafka);
        is_late = false;
    }
    if (kafka->stopping != STOP_CLOSE) return;
    bool is_closed = rd_kafka_consumer_closed(kafka->handle.rk);
    if (!is_closed && !is_late) return;
    kafka->handle.is_abandoned = !is_closed;
    kafka_destroy_handle(kafka);
}

/* ---- the input ---- */

static void kafka_served(void *opaque)
{
    struct kafka *kafka = opaque;
    if (kafka->stopping == STOP_DESTROY) return;
    group_serve(kafka);
    messages_read(kafka);
    /* any read of any queue of the handle is a sign of life (max.poll.interval.ms) */
    rd_kafka_message_t *none;
    rd_kafka_consume_batch_queue(kafka->nothing, 0, &none, 1);
    if (kafka->rebalance) revoke_go_on(kafka);
    if (now_ms(kafka) >= kafka->backlog_due_ms) backlog_tell(kafka);
    /* while draining, too: a stop that does not come to its end then repeats little */
    if (kafka->stopping < STOP_COMMIT) commit_if_due(kafka);
    if (kafka->stopping) {
        stop_go_on(kafka);
        return;
    }
    pause_settle(kafka, input_is_paused(kafka->input) &&
                            now_ms(kafka) >= kafka->read_ms + PAUSE_AFTER_MS);
}

static bool is_posix_pattern(struct str pattern)
{
    for (size_t i = 0; i + 1 < pattern.len; i++) {
        if (pattern.ptr[i] == '(' && pattern.ptr[i + 1] == '?') return false;
        if (pattern.ptr[i] == '\\' && strchr("dDsSwWbBpPQ", pattern.ptr[i + 1])) return false;
    }
    return true;
}

static bool topics_check(struct kafka *kafka, const struct plugin_context *context)
{
    if (!kafka->topics_pattern.len && !kafka->topics.count) {
        diag_error(context->diag, context_place(context, "topics"), "`topics` names no topic");
        return false;
    }
    if (!kafka->topics_pattern.len || is_posix_pattern(kafka->topics_pattern)) return true;
    diag_hint(context->diag,
              diag_error(context->diag, context_place(context, "topics_pattern"),
                         "librdkafka's patterns are POSIX: `\\d`, `\\w` and `(?` are not known to it"),
              "write [0-9], [[:alnum:]_] and plain groups");
    return false;
}

static bool reset_set(struct kafka *kafka, const struct plugin_context *context)
{
    struct str reset = kafka->auto_offset_reset;
    if (str_eq_z(reset, "none")) reset = STR("error");
    if (!str_starts(reset, STR("by_duration")))
        return kafka_property_set(kafka->conf, "auto.offset.reset", reset, "auto_offset_reset",
                                  context);
    diag_hint(context->diag,
              diag_error(context->diag, context_place(context, "auto_offset_reset"),
                         "`auto_offset_reset` by duration is not supported"),
              "choose earliest, latest or none");
    return false;
}

/* Logstash's names, or the names of Java's classes. */
static bool strategy_set(struct kafka *kafka, const struct plugin_context *context)
{
    static const struct {
        const char *name, *class_name, *strategy;
    } strategies[] = {
        {"range", ".RangeAssignor", "range"},
        {"round_robin", ".RoundRobinAssignor", "roundrobin"},
        {"cooperative_sticky", ".CooperativeStickyAssignor", "cooperative-sticky"},
        {"sticky", ".StickyAssignor", "cooperative-sticky"},
    };
    struct str given = kafka->partition_assignment_strategy;
    for (size_t i = 0; i < sizeof strategies / sizeof *strategies; i++) {
        if (!str_eq_z(given, strategies[i].name) && !str_ends(given, str_of(strategies[i].class_name)))
            continue;
        if (i == 3)
            diag_warning(context->diag, context_place(context, "partition_assignment_strategy"),
                         "`sticky` is not known to librdkafka: cooperative_sticky is used");
        return kafka_property_set(kafka->conf, "partition.assignment.strategy",
                                  str_of(strategies[i].strategy), "partition_assignment_strategy",
                                  context);
    }
    struct str names[sizeof strategies / sizeof *strategies];
    for (size_t i = 0; i < sizeof strategies / sizeof *strategies; i++) names[i] = str_of(strategies[i].name);
    struct message *message = diag_error(context->diag, context_place(context, "partition_assignment_strategy"),
                                         "`%.*s` is not a strategy", STR_ARG(given));
    struct str near = suggest(given, names, sizeof names / sizeof *names);
    if (near.len) diag_hint(context->diag, message, "did you mean `%.*s`?", STR_ARG(near));
    diag_note(context->diag, message, "strategies: range, round_robin, cooperative_sticky");
    return false;
}

static const struct kafka_property consumer_properties[] = {
    KAFKA_PROPERTY(KAFKA_TEXT, struct kafka, group_id, "group.id"),
    KAFKA_PROPERTY(KAFKA_TEXT, struct kafka, client_rack, "client.rack"),
    KAFKA_PROPERTY(KAFKA_MS, struct kafka, max_poll_interval_ms, "max.poll.interval.ms"),
    KAFKA_PROPERTY(KAFKA_MS, struct kafka, session_timeout_ms, "session.timeout.ms"),
    KAFKA_PROPERTY(KAFKA_MS, struct kafka, heartbeat_interval_ms, "heartbeat.interval.ms"),
    KAFKA_PROPERTY_MAX(KAFKA_MS, struct kafka, fetch_max_wait_ms, "fetch.wait.max.ms", 300000),
    KAFKA_PROPERTY(KAFKA_BYTES, struct kafka, fetch_min_bytes, "fetch.min.bytes"),
    KAFKA_PROPERTY(KAFKA_BYTES, struct kafka, max_partition_fetch_bytes, "max.partition.fetch.bytes"),
    KAFKA_PROPERTY(KAFKA_BOOL, struct kafka, check_crcs, "check.crcs"),
    KAFKA_PROPERTY(KAFKA_BOOL, struct kafka, auto_create_topics, "allow.auto.create.topics"),
    {0},
};

static bool properties_set(struct kafka *kafka, const struct plugin_context *context)
{
    rd_kafka_conf_t *conf = kafka->conf;
    bool is_good = kafka_client_options_set(conf, &kafka->client, context);
    is_good &= kafka_properties_set(conf, consumer_properties, kafka, context);
    is_good &= kafka_property_set(conf, "isolation.level",
                                  str_of(isolations[kafka->isolation_level.value]),
                                  "isolation_level", context);
    is_good &= reset_set(kafka, context);
    is_good &= strategy_set(kafka, context);
    if (kafka->topics_pattern.len && kafka->exclude_internal_topics)
        is_good &= kafka_property_set(conf, "topic.blacklist", STR("^__.*"),
                                      "exclude_internal_topics", context);
    rd_kafka_conf_set(conf, "enable.auto.commit", "false", NULL, 0);
    rd_kafka_conf_set(conf, "enable.auto.offset.store", "false", NULL, 0);
    rd_kafka_conf_set(conf, "enable.partition.eof", "true", NULL, 0); /* for the lag */
    return kafka_overrides_set(conf, &kafka->client, context) && is_good;
}

static bool kafka_checks(struct kafka *kafka, const struct plugin_context *context)
{
    bool is_good = topics_check(kafka, context);
    is_good &= kafka_serializer_check(kafka->key_deserializer_class, "key_deserializer_class", context);
    is_good &=
        kafka_serializer_check(kafka->value_deserializer_class, "value_deserializer_class", context);
    if (kafka->group_protocol.value != 0) {
        diag_hint(context->diag,
                  diag_error(context->diag, context_place(context, "group_protocol"),
                             "the group protocol `consumer` is not supported"),
                  "leave it out: brokers serve `classic` too");
        is_good = false;
    }
    if (kafka->max_poll_interval_ms.ns < kafka->session_timeout_ms.ns) {
        diag_error(context->diag, context_place(context, "max_poll_interval_ms"),
                   "`max_poll_interval_ms` is shorter than `session_timeout_ms`");
        is_good = false;
    }
    if (kafka->consumer_threads != 1)
        diag_warning(context->diag, context_place(context, "consumer_threads"),
                     "`consumer_threads` has no effect: every worker is a member of the group; set "
                     "pipeline.workers");
    return is_good;
}

static bool kafka_create(void *self, const struct plugin_context *context)
{
    struct kafka *kafka = self;
    static const enum decoration meant[] = {DECORATE_NONE, DECORATE_BASIC, DECORATE_EXTENDED,
                                            DECORATE_NONE, DECORATE_BASIC};
    kafka->decoration = meant[kafka->decorate_events.value];
    for (int i = 0; i < KEY_COUNT; i++) kafka->keys[i] = key_of(str_of(key_names[i]));
    bool is_path = path_compile(&kafka->metadata_path, STR("[@metadata][kafka]"), context->arena);
    assert(is_path);
    (void)is_path;
    kafka->conf = rd_kafka_conf_new();
    bool is_good = kafka_checks(kafka, context);
    is_good &= properties_set(kafka, context);
    if (!is_good) rd_kafka_conf_destroy(kafka->conf);
    return is_good;
}

/* Half of the share for the records' bytes, half for what librdkafka keeps with each of them; one
 * answer of a broker may come on top, hence a quarter of that half for an answer. */
static void limits_set(const struct kafka *kafka, rd_kafka_conf_t *conf)
{
    size_t half = kafka_share(kafka->input->loop, kafka->input->workers) / 2;
    uint64_t answer = half / 4;
    if (kafka->fetch_max_bytes.bytes && (uint64_t)kafka->fetch_max_bytes.bytes < answer)
        answer = (uint64_t)kafka->fetch_max_bytes.bytes;
    uint64_t record = (uint64_t)kafka->max_partition_fetch_bytes.bytes;
    if (answer < record + 1024) answer = record + 1024;
    const struct {
        const char *property;
        uint64_t value;
    } limits[] = {
        {"queued.max.messages.kbytes", half / 1024},
        {"queued.min.messages", half / MESSAGE_OVERHEAD},
        {"message.max.bytes", record < 1000 ? 1000 : record},
        {"fetch.max.bytes", answer},
        {"receive.message.max.bytes", answer + 64 * 1024 * 1024},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (!kafka_is_overridden(&kafka->client, limits[i].property))
            kafka_limit_set(conf, limits[i].property, limits[i].value);
}

static rd_kafka_conf_t *worker_conf(const struct kafka *kafka)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(kafka->conf);
    struct buf text = {0};
    buf_printf(&text, "%.*s-%u", STR_ARG(kafka->client.client_id), kafka->input->worker);
    rd_kafka_conf_set(conf, "client.id", buf_z(&text), NULL, 0);
    if (kafka->group_instance_id.len) {
        buf_clear(&text);
        buf_printf(&text, "%.*s-%u", STR_ARG(kafka->group_instance_id), kafka->input->worker);
        rd_kafka_conf_set(conf, "group.instance.id", buf_z(&text), NULL, 0);
    }
    buf_fini(&text);
    limits_set(kafka, conf);
    /* also: offsets of a transaction that another member has not ended yet are waited for */
    if (kafka->input->loop->transaction) rd_kafka_conf_set(conf, "isolation.level", "read_committed", NULL, 0);
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT |
                                       RD_KAFKA_EVENT_ERROR);
    return conf;
}

static void subscribe(struct kafka *kafka)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(4);
    struct buf name = {0};
    if (kafka->topics_pattern.len) {
        buf_printf(&name, "^(%.*s)$", STR_ARG(kafka->topics_pattern));
        rd_kafka_topic_partition_list_add(list, buf_z(&name), RD_KAFKA_PARTITION_UA);
    }
    for (uint32_t i = 0; !kafka->topics_pattern.len && i < kafka->topics.count; i++) {
        buf_clear(&name);
        buf_append(&name, kafka->topics.items[i]);
        rd_kafka_topic_partition_list_add(list, buf_z(&name), RD_KAFKA_PARTITION_UA);
    }
    rd_kafka_resp_err_t error = rd_kafka_subscribe(kafka->handle.rk, list);
    if (error)
        LOG(LOG_ERROR, "kafka.subscribe", kafka->input->id, "cannot subscribe: %s",
            rd_kafka_err2str(error));
    buf_fini(&name);
    rd_kafka_topic_partition_list_destroy(list);
}

static int kafka_start(void *self, struct input *input)
{
    struct kafka *kafka = self;
    kafka->input = input;
    kafka->backlog = backlog_create();
    atomic_store(&input->backlog, kafka->backlog);
    int status = kafka_handle_open(&kafka->handle, RD_KAFKA_CONSUMER, worker_conf(kafka), input->loop,
                                   input->id, kafka_served, kafka);
    if (status) return status;
    rd_kafka_t *rk = kafka->handle.rk;
    rd_kafka_poll_set_consumer(rk);
    kafka->group = rd_kafka_queue_get_consumer(rk);
    kafka->messages = rd_kafka_queue_new(rk);
    kafka->nothing = rd_kafka_queue_new(rk);
    kafka_handle_listen(&kafka->handle, kafka->group);
    kafka_handle_listen(&kafka->handle, kafka->messages);
    kafka->prefetch_bytes = kafka_share(input->loop, input->workers) / 2;
    kafka->read_ms = now_ms(kafka);
    transaction_enter(kafka);
    subscribe(kafka);
    return 0;
}

static void kafka_pause(void *self, bool paused)
{
    struct kafka *kafka = self;
    if (!paused && kafka->handle.rk && kafka->stopping != STOP_DESTROY)
        kafka_handle_poke(&kafka->handle);
}

static void kafka_stop(void *self)
{
    struct kafka *kafka = self;
    kafka->stopping = STOP_DRAIN;
    held_drop(kafka);
    kafka_handle_poke(&kafka->handle);
}

static void kafka_destroy(void *self)
{
    struct kafka *kafka = self;
    if (kafka->conf) rd_kafka_conf_destroy(kafka->conf);
    backlog_destroy(kafka->backlog);
    while (kafka->topic_names) {
        struct topic_name *next = kafka->topic_names->next;
        free(kafka->topic_names);
        kafka->topic_names = next;
    }
    free(kafka->partitions);
}

static struct str kafka_transacts(const void *opaque)
{
    return ((const struct kafka *)opaque)->client.bootstrap_servers;
}

static const struct option kafka_options[] = {
    OPTION_STRINGS(struct kafka, topics, .preset = "[\"logstash\"]", .help = "Topics to read."),
    OPTION_STRING(struct kafka, topics_pattern,
                  .help = "POSIX pattern of topics' whole names, instead of topics."),
    OPTION_STRING(struct kafka, group_id, .preset = "logstash",
                  .help = "Consumer group; its members share the partitions."),
    OPTION_STRING(struct kafka, group_instance_id,
                  .help = "Static membership: a restart within session_timeout_ms keeps partitions. "
                          "Own for each process; -WORKER is added."),
    OPTION_CHOICE(struct kafka, group_protocol, .preset = "classic", .choices = protocols,
                  .help = "Only classic."),
    OPTION_STRING(struct kafka, client_rack, .help = "Place of this client, to read from near replicas."),
    OPTION_INT(struct kafka, consumer_threads, .preset = "1", .min = 1, .max = 1000,
               .help = "Accepted; every worker is a member of the group (pipeline.workers)."),
    OPTION_STRING(struct kafka, auto_offset_reset, .preset = "latest",
                  .help = "Where a group without offset begins: earliest, latest; none is an error."),
    OPTION_BOOL(struct kafka, enable_auto_commit, .preset = "true",
                .help = "Accepted; offsets are always committed once outputs are done."),
    OPTION_DURATION(struct kafka, auto_commit_interval_ms, .preset = "5000", .unit = "ms",
                    .min = 10000000, .max = 3600000000000,
                    .help = "Offsets of what outputs are done with are committed this often."),
    OPTION_INT(struct kafka, max_poll_records, .preset = "500", .min = 1, .max = 1000000000,
               .help = "Accepted; reading follows the outputs."),
    OPTION_DURATION(struct kafka, poll_timeout_ms, .preset = "100", .unit = "ms",
                    .help = "Accepted; reading follows the outputs."),
    OPTION_DURATION(struct kafka, max_poll_interval_ms, .preset = "300000", .unit = "ms",
                    .help = "A worker that hangs longer loses its partitions; waiting outputs do not "
                            "count."),
    OPTION_DURATION(struct kafka, session_timeout_ms, .preset = "10000", .unit = "ms",
                    .help = "The group gives a silent member's partitions away after this."),
    OPTION_DURATION(struct kafka, heartbeat_interval_ms, .preset = "3000", .unit = "ms",
                    .help = "Time between signs of life to the group."),
    OPTION_SIZE(struct kafka, fetch_min_bytes, .help = "The broker waits for so much …"),
    OPTION_DURATION(struct kafka, fetch_max_wait_ms, .preset = "500", .unit = "ms",
                    .help = "… or so long before it answers a fetch."),
    OPTION_SIZE(struct kafka, fetch_max_bytes, .preset = "52428800",
                .help = "Largest answer to a fetch; less when the memory budget is small."),
    OPTION_SIZE(struct kafka, max_partition_fetch_bytes, .preset = "1048576", .min = 1,
                .max = 1000000000, .help = "Of that, for one partition."),
    OPTION_CHOICE(struct kafka, isolation_level, .preset = "read_uncommitted", .choices = isolations,
                  .help = "read_committed: records of open and aborted transactions are not seen."),
    OPTION_STRING(struct kafka, partition_assignment_strategy, .preset = "cooperative_sticky",
                  .help = "range, round_robin or cooperative_sticky; one for the whole group."),
    OPTION_BOOL(struct kafka, check_crcs, .preset = "true", .help = "Checks records' checksums."),
    OPTION_BOOL(struct kafka, auto_create_topics, .preset = "true",
                .help = "Lets brokers make topics that are subscribed to."),
    OPTION_BOOL(struct kafka, exclude_internal_topics, .preset = "true",
                .help = "topics_pattern does not match names that begin with __."),
    OPTION_STRING(struct kafka, key_deserializer_class,
                  .preset = "org.apache.kafka.common.serialization.StringDeserializer",
                  .help = "String or ByteArray: bytes as they are."),
    OPTION_STRING(struct kafka, value_deserializer_class,
                  .preset = "org.apache.kafka.common.serialization.StringDeserializer",
                  .help = "String or ByteArray: bytes as they are, for the codec."),
    OPTION_CHOICE(struct kafka, decorate_events, .preset = "none", .choices = decorations,
                  .help = "basic: [@metadata][kafka] with topic, partition, offset, key, timestamp; "
                          "extended: headers too."),
    OPTION_GROUP(struct kafka, client, kafka_client_options),
    OPTION_OBSOLETE("zk_connect", "use bootstrap_servers"),
    OPTION_OBSOLETE("topic_id", "use topics"),
    OPTION_OBSOLETE("white_list", "use topics_pattern"),
    OPTION_OBSOLETE("black_list", "use topics_pattern"),
    OPTION_OBSOLETE("reset_beginning", "use auto_offset_reset => earliest"),
    OPTION_END,
};

const struct input_type input_kafka = {
    .name = "kafka",
    .summary = "Reads records of Kafka topics as a member of a consumer group.",
    .size = sizeof(struct kafka),
    .options = kafka_options,
    .default_codec = "plain",
    .is_rewound = true,
    .create = kafka_create,
    .start = kafka_start,
    .pause = kafka_pause,
    .stop = kafka_stop,
    .destroy = kafka_destroy,
    .fields = kafka_fields,
    .transacts = kafka_transacts,
};
