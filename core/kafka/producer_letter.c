/* SPDX-License-Identifier: Apache-2.0 */
/* A dead letter as a record: its value is the bytes as they came, so that they can be read again like any other
 * record; what is told of its death stands in headers. Without such bytes the value is the event as JSON. */
#include <assert.h>
#include "core/kafka/producer.h"
#include "core/text/json.h"
#include "core/text/time.h"

enum { HEADERS = 16, HEADER_BYTES = 64, RECORD_MARGIN = 1024 }; /* what Kafka and librdkafka add to a record */

/* What is made of a letter; texts lie in `text` or are the letter's. */
struct draft {
    rd_kafka_headers_t *headers;
    struct str value;
    size_t bytes; /* of the headers */
};

static void header(struct draft *draft, const char *name, struct str value)
{
    if (!value.len) return;
    rd_kafka_header_add(draft->headers, name, -1, value.ptr, (ssize_t)value.len);
    draft->bytes += strlen(name) + value.len + HEADER_BYTES;
}

static void header_number(struct draft *draft, const char *name, int64_t number)
{
    char text[24];
    header(draft, name, (struct str){text, (size_t)snprintf(text, sizeof text, "%lld", (long long)number)});
}

/* What input kafka says of the record that the event was made from. */
static const struct value *origin_of(const struct event *event, const char *name)
{
    struct key kafka = key_of(STR("kafka")), key = key_of(str_of(name));
    const struct value *map = event ? map_get(&event->metadata, &kafka) : NULL;
    return map && map->kind == VALUE_MAP ? map_get(map->map, &key) : NULL;
}

static void header_origin(struct draft *draft, const char *name, const struct value *value)
{
    if (value && value->kind == VALUE_INT) header_number(draft, name, value->integer);
    if (value_is_string(value)) header(draft, name, value_text(value));
}

static void headers_add(struct draft *draft, const struct producer *producer, const struct dead_letter *letter,
                        uint32_t deaths)
{
    header(draft, "tailrace.stage", str_of(dead_letter_stage_name(letter->stage)));
    header(draft, "tailrace.plugin", letter->plugin);
    header(draft, "tailrace.id", letter->id);
    header(draft, "tailrace.reason", letter->reason);
    header(draft, "tailrace.text", str_slice(letter->text, 0, DEAD_LETTER_TEXT_MAX));
    header_number(draft, "tailrace.attempts", letter->attempts);
    header_number(draft, "tailrace.deaths", deaths);
    header(draft, "tailrace.pipeline", producer->pipeline);
    header(draft, "tailrace.config", dead_letters_hash(producer->letters));
    header_origin(draft, "tailrace.topic", origin_of(letter->event, "topic"));
    header_origin(draft, "tailrace.partition", origin_of(letter->event, "partition"));
    header_origin(draft, "tailrace.offset", origin_of(letter->event, "offset"));
}

static struct draft draft_make(struct producer *producer, const struct dead_letter *letter, uint32_t deaths,
                               struct buf *json)
{
    struct dead_letter_record record = {.letter = *letter};
    struct draft draft = {.headers = rd_kafka_headers_new(HEADERS),
                          .value = dead_letter_original(&record, letter->event)};
    headers_add(&draft, producer, letter, deaths);
    if (!letter->event) return draft;
    struct time_cache times = {0};
    json_encode_event(letter->event, &times, json);
    if (draft.value.len)
        header(&draft, "tailrace.event", buf_str(json));
    else
        draft.value = buf_str(json);
    return draft;
}

/* Too large for the topic: the first bytes, and who can be asked for the others. */
static struct draft draft_cut(struct producer *producer, const struct dead_letter *letter, uint32_t deaths,
                              struct draft whole)
{
    struct draft draft = {.headers = rd_kafka_headers_new(HEADERS),
                          .value = str_slice(whole.value, 0, whole.value.len < PRODUCER_CUT_BYTES ? whole.value.len
                                                                                                 : PRODUCER_CUT_BYTES)};
    headers_add(&draft, producer, letter, deaths);
    header_number(&draft, "tailrace.cut", (int64_t)whole.value.len);
    rd_kafka_headers_destroy(whole.headers);
    return draft;
}

/* Now, or as soon as there is room. */
static void record_give(struct producer *producer, struct producer_record *record)
{
    producer_hold(producer, producer_bytes(record->payload.len, record->key.len));
    bool may_send = !producer->again && (!producer->records_max || producer->records < producer->records_max) &&
                    producer->bytes < producer->options.bytes_max;
    if (may_send && !producer_send(producer, record)) return;
    if (!producer->again) producer->again_due_ms = producer_now_ms(producer);
    producer_again_keep(producer, record, false);
    if (record->headers) rd_kafka_headers_destroy(record->headers);
    kafka_handle_poke(&producer->handle);
}

static void letter_take(void *opaque, const struct dead_letter *letter, uint32_t deaths,
                        const struct dead_letter_debt *debt)
{
    struct producer *producer = opaque;
    assert(transaction_taking(producer->transaction) != TRANSACTION_WAITS);
    uint32_t at = producer_group_open(producer, &(struct producer_group){.debt = *debt, .open = 1});
    if (transaction_taking(producer->transaction) == TRANSACTION_DISCARDS) {
        producer->groups[at].done++;
        return;
    }
    struct buf json = {0};
    struct draft draft = draft_make(producer, letter, deaths, &json);
    uint64_t sum = producer_sum(producer, letter->event, letter->event ? STR("letter") : draft.value);
    bool is_cut = draft.value.len + draft.bytes + RECORD_MARGIN > producer->options.record_max ||
                  producer_is_blamed(producer, sum);
    if (is_cut) draft = draft_cut(producer, letter, deaths, draft);
    if (is_cut) sum = sum ? sum + 1 : 0;
    const struct value *key = origin_of(letter->event, "key");
    struct producer_record record = {.topic = producer->letters_topic, .payload = draft.value,
                                     .has_key = value_is_string(key) && !is_cut, .headers = draft.headers,
                                     .opaque = producer_opaque(at, debt->event), .sum = sum};
    if (record.has_key) record.key = value_text(key);
    if (is_cut && producer_is_blamed(producer, sum)) {
        rd_kafka_headers_destroy(draft.headers);
        producer_letter_lose(producer, record.opaque);
    } else {
        producer->groups[at].extra = draft.bytes;
        producer_hold(producer, draft.bytes);
        record_give(producer, &record);
    }
    buf_fini(&json);
}

void producer_letter_lose(struct producer *producer, const void *opaque)
{
    uint32_t at = producer_opaque_group(opaque);
    struct dead_letter_debt debt = producer->groups[at].debt;
    assert(!producer->groups[at].writer);
    producer_group_release(producer, at, 1);
    dead_letters_lose(producer->letters, &debt, DEAD_LETTERS_TOPIC);
}

/* What waits beyond what may be under way. */
static bool is_behind(const void *opaque)
{
    const struct producer *producer = opaque;
    return producer->again && producer->bytes >= producer->options.bytes_max;
}

void producer_letters_open(struct producer *producer, struct dead_letters *letters, const char *topic)
{
    assert(producer->transaction && !producer->letters_topic);
    producer->letters_topic = topic;
    producer->letters = letters;
    dead_letters_open_door(letters, &(struct dead_letters_door){letter_take, is_behind, producer});
}
