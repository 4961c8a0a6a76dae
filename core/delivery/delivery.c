/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/delivery_inner.h"
#include <stdlib.h>
#include "core/xmalloc.h"

static void gauge_set(atomic_uint_fast64_t *gauge, uint64_t value)
{
    atomic_store_explicit(gauge, value, memory_order_relaxed);
}

/* ---- parcels ---- */

struct parcel *delivery_parcel_take(struct delivery *delivery, uint64_t number)
{
    struct parcel *parcel = delivery->spare;
    delivery->parcel_count++;
    if (!parcel) return parcel_create(number);
    delivery->spare = parcel->next;
    delivery->spare_count--;
    parcel_renew(parcel, number);
    return parcel;
}

static void parcel_free(struct delivery *delivery, struct parcel *parcel)
{
    budget_release(delivery->output->loop->budget, parcel->charged);
    parcel_destroy(parcel);
}

static size_t parcel_capacity(const struct parcel *parcel) { return parcel->data.capacity + parcel->beside.capacity; }

static void parcel_give(struct delivery *delivery, struct parcel *parcel)
{
    assert(delivery->parcel_count);
    delivery->parcel_count--;
    if (delivery->spare_count == PARCEL_SPARES_MAX || parcel_capacity(parcel) > 2 * delivery->options.bytes_max) {
        parcel_free(delivery, parcel);
        return;
    }
    parcel->next = delivery->spare;
    delivery->spare = parcel;
    delivery->spare_count++;
}

/* Buffers only grow. */
void delivery_parcel_charge(struct delivery *delivery, struct parcel *parcel)
{
    size_t capacity = parcel_capacity(parcel);
    if (capacity <= parcel->charged) return;
    budget_charge(delivery->output->loop->budget, capacity - parcel->charged);
    parcel->charged = capacity;
}

void delivery_held(struct delivery *delivery, size_t before, size_t after)
{
    assert(delivery->held >= before);
    delivery->held += after - before;
    gauge_set(&delivery->counters.held_bytes, delivery->held);
}

static void parcel_seal(struct delivery *delivery)
{
    struct parcel *parcel = delivery->gathering;
    assert(parcel && parcel->count);
    delivery->gathering = NULL;
    *delivery->last = parcel;
    delivery->last = &parcel->next;
}

static void parcel_unlink(struct delivery *delivery, struct parcel *parcel)
{
    struct parcel **at = &delivery->first;
    while (*at != parcel) at = &(*at)->next;
    *at = parcel->next;
    if (!*at) delivery->last = at;
    parcel->next = NULL;
}

void delivery_parcel_end(struct delivery *delivery, struct parcel *parcel)
{
    parcel_unlink(delivery, parcel);
    delivery_held(delivery, parcel_bytes(parcel), 0);
    counter_add(&delivery->output->counters.bytes, parcel->data.len);
    parcel_give(delivery, parcel);
}

/* ---- taking ---- */

static bool is_full(const struct delivery *delivery)
{
    return delivery->held >= delivery->options.held_max || delivery->parcel_count >= PARCELS_MAX;
}

struct parcel *delivery_room(struct delivery *delivery)
{
    if (is_full(delivery)) {
        delivery->was_full = true;
        return NULL;
    }
    if (!delivery->gathering) {
        delivery->gathering = delivery_parcel_take(delivery, ++delivery->number);
        delivery->gathering->opened_ms = delivery_now_ms(delivery);
    }
    return delivery->gathering;
}

/* Of one key the later event waits for the earlier. */
static void key_follow(const struct delivery *delivery, struct parcel *parcel, uint32_t key)
{
    for (const struct parcel *other = delivery->first; other; other = other->next)
        if (other->number > parcel->after && parcel_has_key(other, key)) parcel->after = other->number;
}

/* The last event does not fit: it begins the next parcel. */
static void overflow(struct delivery *delivery)
{
    struct parcel *full = delivery->gathering, *next = delivery_parcel_take(delivery, ++delivery->number);
    next->opened_ms = delivery_now_ms(delivery);
    parcel_move_tail(full, full->count - 1, next);
    delivery_parcel_charge(delivery, next);
    parcel_seal(delivery);
    delivery->gathering = next;
    if (next->items[0].key) key_follow(delivery, next, next->items[0].key);
}

void delivery_add(struct delivery *delivery, struct parcel_item *item)
{
    struct parcel *parcel = delivery->gathering;
    assert(parcel && parcel->data.len <= UINT32_MAX && parcel->beside.len <= UINT32_MAX);
    const struct parcel_item *last = parcel->count ? &parcel->items[parcel->count - 1] : NULL;
    size_t before = last ? (size_t)last->end + last->beside_end : 0;
    item->end = (uint32_t)parcel->data.len;
    item->beside_end = (uint32_t)parcel->beside.len;
    delivery_held(delivery, 0, parcel_bytes(parcel) - before);
    if (item->key) key_follow(delivery, parcel, item->key);
    parcel_add(parcel, item);
    delivery_parcel_charge(delivery, parcel);
    if (parcel->data.len > delivery->options.bytes_max && parcel->count > 1) overflow(delivery);
    parcel = delivery->gathering;
    if (parcel->count >= delivery->options.events_max || parcel->data.len >= delivery->options.bytes_max)
        parcel_seal(delivery);
}

/* ---- sending ---- */

static void open_count(struct delivery *delivery)
{
    uint64_t open = 0;
    for (uint32_t i = 0; i < delivery->options.endpoints; i++)
        open += delivery->endpoints[i].breaker.state != BREAKER_CLOSED;
    gauge_set(&delivery->counters.open, open);
    gauge_set(&delivery->counters.limit, limiter_limit(&delivery->limiter));
    gauge_set(&delivery->counters.in_flight, delivery->in_flight);
}

static void sooner(uint64_t *wait, uint64_t other)
{
    if (other < *wait) *wait = other;
}

/* In turn; one that was left alone and may be tried comes first, but not for a parcel that has failed already, or
 * it would wait for one dead host after the other. False: none, `*wait` says how long. */
static bool endpoint_choose(struct delivery *delivery, const struct parcel *parcel, uint32_t *chosen, uint64_t *wait)
{
    uint32_t count = delivery->options.endpoints;
    enum breaker_state first = parcel->attempts ? BREAKER_CLOSED : BREAKER_OPEN;
    bool found = false;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (delivery->next_endpoint + i) % count;
        const struct breaker *breaker = &delivery->endpoints[at].breaker;
        uint64_t own = breaker_wait_ms(breaker, delivery_now_ms(delivery));
        if (own) {
            sooner(wait, own);
        } else if (!found || breaker->state == first) {
            *chosen = at;
            found = true;
            if (breaker->state == first) return true;
        }
    }
    return found;
}

static void parcel_start(struct delivery *delivery, struct parcel *parcel, uint32_t endpoint)
{
    breaker_begin(&delivery->endpoints[endpoint].breaker);
    delivery->next_endpoint = (endpoint + 1) % delivery->options.endpoints;
    parcel->endpoint = endpoint;
    parcel->is_flying = true;
    parcel->attempts++;
    parcel->began_ns = uv_hrtime();
    delivery->in_flight++;
    parcel->was_full = delivery->in_flight >= limiter_limit(&delivery->limiter);
    rate_spend(&delivery->events, parcel->count);
    rate_spend(&delivery->bytes, (double)parcel->data.len);
    for (uint32_t i = 0; i < parcel->count; i++) parcel->items[i].verdict = ITEM_SENT;
    counter_add(&delivery->output->counters.requests, 1);
    delivery->hooks->send(delivery->opaque, parcel);
}

/* Does this parcel have to wait for others, whatever the store says? */
static bool waits_for_others(const struct delivery *delivery, const struct parcel *parcel,
                             const struct parcel *before)
{
    if (delivery->options.is_ordered) return before != NULL;
    bool is_half = before && before->number == parcel->number; /* of a request that was too large */
    return (is_half && parcel->key_count) || delivery->first->number <= parcel->after;
}

/* 0: started. Else how long nothing can be. */
static uint64_t parcel_try(struct delivery *delivery, struct parcel *parcel)
{
    uint64_t wait = UINT64_MAX, now = delivery_now_ms(delivery);
    if (delivery->in_flight >= limiter_limit(&delivery->limiter)) return UINT64_MAX;
    uint64_t rate = rate_wait_ms(&delivery->events, now), bytes = rate_wait_ms(&delivery->bytes, now);
    if (rate || bytes) return rate > bytes ? rate : bytes;
    uint32_t endpoint = 0;
    if (!endpoint_choose(delivery, parcel, &endpoint, &wait)) return wait;
    parcel_start(delivery, parcel, endpoint);
    return 0;
}

/* Is it time for what has gathered? Else when. */
static void gathering_look(struct delivery *delivery, uint64_t *wait)
{
    const struct parcel *parcel = delivery->gathering;
    if (parcel && !parcel->count && delivery->is_closing) {
        parcel_give(delivery, delivery->gathering);
        delivery->gathering = NULL;
        return;
    }
    if (!parcel || !parcel->count) return;
    uint64_t due = parcel->opened_ms + delivery->options.wait_ms, now = delivery_now_ms(delivery);
    if (due <= now || delivery->is_closing)
        parcel_seal(delivery);
    else
        sooner(wait, due - now);
}

static void timer_due(uv_timer_t *timer);

static void pump(struct delivery *delivery)
{
    uint64_t wait = UINT64_MAX, now = delivery_now_ms(delivery);
    gathering_look(delivery, &wait);
    if (delivery->is_held) return;
    const struct parcel *before = NULL;
    for (struct parcel *parcel = delivery->first; parcel; before = parcel, parcel = parcel->next) {
        if (delivery->options.is_ordered && before) break;
        if (parcel->is_flying || waits_for_others(delivery, parcel, before)) continue;
        if (parcel->due_ms > now) {
            sooner(&wait, parcel->due_ms - now);
            continue;
        }
        uint64_t own = parcel_try(delivery, parcel);
        if (!own) continue;
        sooner(&wait, own);
        break;
    }
    open_count(delivery);
    if (wait == UINT64_MAX)
        uv_timer_stop(&delivery->timer);
    else
        uv_timer_start(&delivery->timer, timer_due, wait, 0);
}

static void timer_closed(uv_handle_t *handle)
{
    struct delivery *delivery = handle->data;
    delivery->drained(delivery->opaque);
}

static void drain_check(struct delivery *delivery)
{
    if (!delivery->is_closing || delivery->first || delivery->gathering) return;
    delivery->is_closing = false;
    delivery->is_over = true;
    uv_close((uv_handle_t *)&delivery->timer, timer_closed);
}

/* After every answer. */
void delivery_go_on(struct delivery *delivery)
{
    pump(delivery);
    if (delivery->was_full && !is_full(delivery)) {
        delivery->was_full = false;
        output_ready(delivery->output);
    }
    drain_check(delivery);
}

static void timer_due(uv_timer_t *timer) { pump(timer->data); }

void delivery_turn(struct delivery *delivery)
{
    if (!delivery->is_over) pump(delivery); /* turns go on while others stop */
}

/* ---- opening and closing ---- */

void delivery_init(struct delivery *delivery, struct output *output, const struct delivery_options *options,
                   const struct delivery_hooks *hooks, void *opaque)
{
    assert(options->endpoints >= 1 && options->endpoints <= ENDPOINTS_MAX);
    assert(options->events_max >= 1 && options->events_max <= PARCEL_ITEMS_MAX);
    *delivery = (struct delivery){.output = output, .options = *options, .hooks = hooks, .opaque = opaque,
                                  .is_held = true};
    delivery->last = &delivery->first;
    if (options->is_ordered) delivery->options.requests_max = 1;
    limiter_init(&delivery->limiter, delivery->options.requests_max);
    uint64_t now = delivery_now_ms(delivery);
    rate_init(&delivery->events, options->events_per_second, now);
    rate_init(&delivery->bytes, options->bytes_per_second, now);
    delivery->endpoints = xcalloc(options->endpoints, sizeof *delivery->endpoints);
    for (uint32_t i = 0; i < options->endpoints; i++)
        breaker_init(&delivery->endpoints[i].breaker, options->failures_max, options->alone);
    uv_timer_init(&output->loop->uv, &delivery->timer);
    delivery->timer.data = delivery;
    output->delivery = &delivery->counters;
    open_count(delivery);
}

void delivery_release(struct delivery *delivery)
{
    assert(delivery->is_held);
    delivery->is_held = false;
    pump(delivery);
}

void delivery_close(struct delivery *delivery, void (*drained)(void *opaque))
{
    assert(!delivery->is_closing);
    delivery->is_closing = true;
    delivery->drained = drained;
    pump(delivery);
    drain_check(delivery);
}

static void items_settle(const struct parcel *parcel)
{
    for (uint32_t i = 0; i < parcel->count; i++)
        if (parcel->items[i].verdict != ITEM_REJECTED) obligation_sent(parcel->items[i].obligation, 1);
}

void delivery_abandon(struct delivery *delivery)
{
    assert(delivery->drained);
    if (delivery->gathering) parcel_seal(delivery);
    while (delivery->first) {
        struct parcel *parcel = delivery->first;
        if (parcel->is_flying) {
            delivery->hooks->cancel(delivery->opaque, parcel);
            parcel->is_flying = false;
            delivery->in_flight--;
        }
        parcel_unlink(delivery, parcel);
        items_settle(parcel);
        delivery_held(delivery, parcel->data.len, 0);
        parcel_give(delivery, parcel);
    }
    open_count(delivery);
    drain_check(delivery);
}

void delivery_fini(struct delivery *delivery)
{
    assert(!delivery->first && !delivery->gathering);
    while (delivery->spare) {
        struct parcel *parcel = delivery->spare;
        delivery->spare = parcel->next;
        parcel_free(delivery, parcel);
    }
    free(delivery->endpoints);
    delivery->endpoints = NULL;
}
