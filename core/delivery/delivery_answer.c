/* SPDX-License-Identifier: Apache-2.0 */
/* What answers do: to the limit and the hosts by their class, to each event by its verdict. */
#include "core/delivery/delivery_inner.h"
#include "core/log.h"

/* What is done about each class of answers. */
static const struct policy {
    const char *name;
    bool is_overload; /* fewer requests at once */
    bool is_failure;  /* of the endpoint: it is left alone after some in a row */
} policies[DELIVERY_CLASSES] = {
    [DELIVERY_GOOD] = {"good", false, false},
    [DELIVERY_BUSY] = {"busy", true, false},
    [DELIVERY_BLOCKED] = {"blocked", true, false},
    [DELIVERY_SERVER] = {"server", true, true},
    [DELIVERY_UNREACHED] = {"unreached", false, true},
    [DELIVERY_TIMEOUT] = {"timeout", true, true},
    [DELIVERY_DENIED] = {"denied", false, true},
    [DELIVERY_GARBAGE] = {"garbage", true, true},
};

const char *delivery_class_name(enum delivery_class class)
{
    assert(class < DELIVERY_CLASSES);
    return policies[class].name;
}

/* An endpoint is there again: what waited for one waits no longer. */
static void wake(struct delivery *delivery)
{
    for (struct parcel *parcel = delivery->first; parcel; parcel = parcel->next)
        if (policies[parcel->last_class].is_failure) parcel->due_ms = 0;
}

static void endpoint_judge(struct delivery *delivery, uint32_t number, enum delivery_class class)
{
    struct breaker *breaker = &delivery->endpoints[number].breaker;
    struct str id = delivery->output->id;
    if (!policies[class].is_failure) {
        if (!breaker_succeeded(breaker)) return;
        LOG(LOG_INFO, "delivery.closed", id, "host %u answers again", number + 1);
        wake(delivery);
    } else if (breaker_failed(breaker, delivery_now_ms(delivery))) {
        LOG(LOG_WARN, "delivery.open", id, "host %u failed %u times in a row (%s): one request at a time tries it",
            number + 1, breaker->failures, policies[class].name);
    }
}

static void flight_end(struct delivery *delivery, struct parcel *parcel, enum delivery_class class)
{
    assert(parcel->is_flying && delivery->in_flight);
    parcel->is_flying = false;
    delivery->in_flight--;
    enum limiter_news news = policies[class].is_overload ? LIMITER_OVERLOAD : LIMITER_GOOD;
    if (class == DELIVERY_GOOD || news == LIMITER_OVERLOAD)
        limiter_answer(&delivery->limiter, parcel->began_ns, uv_hrtime(), parcel->was_full, news);
    endpoint_judge(delivery, parcel->endpoint, class);
}

static bool has_other_endpoint(const struct delivery *delivery, uint32_t but)
{
    for (uint32_t i = 0; i < delivery->options.endpoints; i++)
        if (i != but && delivery->endpoints[i].breaker.state == BREAKER_CLOSED &&
            !delivery->endpoints[i].breaker.failures)
            return true;
    return false;
}

static void again_later(struct delivery *delivery, struct parcel *parcel, enum delivery_class why)
{
    assert(why != DELIVERY_GOOD && parcel->count);
    parcel->last_class = (uint8_t)why;
    bool is_elsewhere = policies[why].is_failure && has_other_endpoint(delivery, parcel->endpoint);
    uint64_t pause = backoff_delay(delivery->options.again, parcel->attempts);
    parcel->due_ms = is_elsewhere ? 0 : delivery_now_ms(delivery) + pause;
    counter_add(&delivery->output->counters.retries, 1);
    counter_add(&delivery->counters.again[why], parcel->count);
}

static void sent_settle(struct delivery *delivery, const struct parcel *parcel)
{
    struct obligation *owed = NULL;
    uint32_t run = 0;
    for (uint32_t i = 0; i < parcel->count; i++) {
        const struct parcel_item *item = &parcel->items[i];
        if (item->verdict != ITEM_SENT) continue;
        if (run && item->obligation != owed) {
            output_sent(delivery->output, owed, run);
            run = 0;
        }
        owed = item->obligation;
        run++;
    }
    if (run) output_sent(delivery->output, owed, run);
}

void delivery_sent(struct delivery *delivery, struct parcel *parcel)
{
    delivery_mixed(delivery, parcel, DELIVERY_GOOD);
}

static bool has_verdict(const struct parcel *parcel, enum item_verdict verdict)
{
    for (uint32_t i = 0; i < parcel->count; i++)
        if (parcel->items[i].verdict == verdict) return true;
    return false;
}

void delivery_mixed(struct delivery *delivery, struct parcel *parcel, enum delivery_class why)
{
    /* who answers for each event is there, whatever it says of some */
    flight_end(delivery, parcel, policies[why].is_failure ? DELIVERY_BUSY : why);
    bool is_again = why != DELIVERY_GOOD && has_verdict(parcel, ITEM_AGAIN);
    if (is_again && parcel->key_count) parcel_hold_keys(parcel);
    sent_settle(delivery, parcel);
    if (is_again) {
        size_t before = parcel->data.len, held = parcel_bytes(parcel);
        parcel_compact(parcel);
        delivery_held(delivery, held, parcel_bytes(parcel));
        counter_add(&delivery->output->counters.bytes, before - parcel->data.len);
        again_later(delivery, parcel, why);
    } else {
        delivery_parcel_end(delivery, parcel);
    }
    delivery_go_on(delivery);
}

void delivery_failed(struct delivery *delivery, struct parcel *parcel, enum delivery_class why)
{
    flight_end(delivery, parcel, why);
    counter_add(&delivery->output->counters.errors, 1);
    again_later(delivery, parcel, why);
    delivery_go_on(delivery);
}

void delivery_too_large(struct delivery *delivery, struct parcel *parcel, struct str text)
{
    flight_end(delivery, parcel, DELIVERY_GOOD);
    if (parcel->count == 1) {
        delivery_reject(delivery, parcel, 0, STR("too_large"), text);
        delivery_parcel_end(delivery, parcel);
    } else {
        struct parcel *half = delivery_parcel_take(delivery, parcel->number);
        parcel_move_tail(parcel, parcel->count / 2, half);
        delivery_parcel_charge(delivery, half);
        half->after = parcel->after;
        half->attempts = parcel->attempts;
        half->next = parcel->next;
        if (!half->next) delivery->last = &half->next;
        parcel->next = half;
        counter_add(&delivery->counters.splits, 1);
    }
    delivery_go_on(delivery);
}

void delivery_reject(struct delivery *delivery, struct parcel *parcel, uint32_t at, struct str reason,
                     struct str text)
{
    struct parcel_item *item = &parcel->items[at];
    assert(at < parcel->count && item->verdict != ITEM_REJECTED);
    item->verdict = ITEM_REJECTED;
    struct arena arena;
    arena_init(&arena, &delivery->output->loop->pool);
    struct str document = parcel_document(parcel, at), beside = parcel_beside(parcel, at);
    struct event event;
    event_init(&event, &arena, event_now());
    bool is_whole = (document.len || beside.len) &&
                    delivery->hooks->restore(delivery->opaque, document, beside, &event);
    struct dead_letter letter = {.stage = DEAD_LETTER_OUTPUT,
                                 .plugin = str_of(delivery->output->type->name),
                                 .id = delivery->output->id,
                                 .reason = reason,
                                 .text = text,
                                 .attempts = parcel->attempts,
                                 .original = is_whole ? (struct str){0} : document,
                                 .event = is_whole ? &event : NULL};
    output_reject(delivery->output, item->obligation, item->event, &letter);
    arena_fini(&arena);
}

void delivery_drop(struct delivery *delivery, struct parcel *parcel, uint32_t at)
{
    struct parcel_item *item = &parcel->items[at];
    assert(at < parcel->count && item->verdict != ITEM_REJECTED);
    item->verdict = ITEM_REJECTED;
    output_failed(delivery->output, item->obligation, item->event, VERDICT_DROPPED);
}
