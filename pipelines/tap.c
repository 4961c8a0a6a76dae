/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include "core/text/json.h"
#include "core/xmalloc.h"
#include "dsl/condition.h"
#include "dsl/fragment.h"
#include "pipelines/tap_part.h"

/* ---- life ---- */

static struct str head_make(struct tap *tap, uint32_t worker, enum tap_at at)
{
    struct buf head = {0};
    buf_append_z(&head, "{\"pipeline\":");
    json_encode_string(tap->options.pipeline, &head);
    buf_printf(&head, ",\"worker\":%u,\"plugin\":", worker);
    if (tap->options.plugin.len)
        json_encode_string(tap->options.plugin, &head);
    else
        buf_append_z(&head, "null");
    buf_printf(&head, ",\"at\":\"%s\",\"time\":\"", tap_at_name(at));
    struct str text = arena_copy(&tap->arena, buf_str(&head));
    buf_fini(&head);
    return text;
}

/* NULL: there is none, or it is wrong. The condition's memory is `arena`'s. */
static struct condition *where_compile(struct str where, struct arena *arena, struct diag *diag)
{
    if (!where.len) return NULL;
    if (where.len > TAP_WHERE_BYTES_MAX) {
        diag_error(diag, (struct place){0}, "the condition has more than %d bytes",
                   TAP_WHERE_BYTES_MAX);
        return NULL;
    }
    struct source_text *source = arena_alloc(arena, sizeof *source);
    *source = (struct source_text){STR("where"), where};
    struct fragment fragment = {
        .place = {source, 0, (uint32_t)where.len}, .arena = arena, .diag = diag};
    const struct expression *expression = fragment_condition(&fragment);
    return expression ? condition_compile(expression, arena, diag) : NULL;
}

bool tap_where_is_right(const struct tap_options *options, struct arena *arena, struct diag *diag)
{
    struct condition *condition = where_compile(options->where, arena, diag);
    if (condition) condition_destroy(condition);
    return condition || !options->where.len;
}

/* Each worker evaluates one of its own. */
static void parts_compile(struct tap *tap)
{
    struct diag diag;
    diag_init(&diag);
    for (uint32_t i = 0; i < tap->part_count; i++)
        tap->parts[i].where = where_compile(tap->options.where, &tap->arena, &diag);
    assert(!diag.errors); /* tap_where_is_right() was asked */
    diag_fini(&diag);
}

static void options_copy(struct tap *tap, const struct tap_options *options)
{
    tap->options = *options;
    tap->options.pipeline = arena_copy(&tap->arena, options->pipeline);
    tap->options.plugin = arena_copy(&tap->arena, options->plugin);
    tap->options.where = arena_copy(&tap->arena, options->where);
}

struct tap *tap_create(const struct tap_options *options, uint32_t workers,
                       void (*wake)(void *opaque), void *opaque)
{
    assert(workers > 0 && options->at.value != TAP_AT_AUTO);
    struct tap *tap = xcalloc(1, sizeof *tap + workers * sizeof *tap->parts);
    arena_init(&tap->arena, NULL);
    atomic_init(&tap->references, 1);
    tap->wake = wake;
    tap->opaque = opaque;
    options_copy(tap, options);
    for (uint32_t i = 0; i < workers; i++) {
        struct tap_part *part = &tap->parts[tap->part_count++];
        part->tap = tap;
        part->worker = i;
        arena_init(&part->scratch, NULL);
        tap_ring_init(&part->ring);
        part->head[0] = head_make(tap, i, TAP_AT_IN);
        part->head[1] = head_make(tap, i, TAP_AT_OUT);
    }
    parts_compile(tap);
    return tap;
}

void tap_release(struct tap *tap)
{
    if (atomic_fetch_sub(&tap->references, 1) > 1) return;
    for (uint32_t i = 0; i < tap->part_count; i++) {
        struct tap_part *part = &tap->parts[i];
        if (part->where) condition_destroy(part->where);
        tap_ring_fini(&part->ring);
        arena_fini(&part->scratch);
        buf_fini(&part->text);
        buf_fini(&part->before);
        free(part->pairs);
        free(part->marks);
    }
    buf_fini(&tap->notes);
    arena_fini(&tap->arena);
    free(tap);
}

void tap_stop(struct tap *tap) { atomic_store(&tap->is_stopped, true); }
void tap_drop(struct tap *tap) { tap_release(tap); }

struct probe tap_probe(struct tap *tap, uint32_t worker, enum tap_at at)
{
    assert(worker < tap->part_count && (at == TAP_AT_IN || at == TAP_AT_OUT));
    bool is_both = tap->options.at.value == TAP_AT_BOTH;
    const struct probe_hooks *hooks = at == TAP_AT_IN
                                          ? is_both ? &tap_look_before : &tap_look_alone_in
                                      : is_both ? &tap_look_behind
                                                : &tap_look_alone_out;
    atomic_fetch_add(&tap->references, 1);
    return (struct probe){.hooks = hooks, .opaque = &tap->parts[worker]};
}

bool tap_has_begun(const struct tap *tap, uint32_t worker)
{
    return atomic_load((atomic_bool *)(uintptr_t)&tap->parts[worker].has_begun);
}

const struct tap_options *tap_asked(const struct tap *tap) { return &tap->options; }

/* ---- counts ---- */

struct tap_counts tap_count(const struct tap *tap)
{
    struct tap_counts sum = {.shown = counter_get(&tap->shown)};
    for (uint32_t i = 0; i < tap->part_count; i++) {
        const struct tap_part *part = &tap->parts[i];
        sum.rate += counter_get(&part->lost[TAP_LOSS_RATE]);
        sum.slow_watcher += counter_get(&part->lost[TAP_LOSS_SLOW]);
        sum.busy += counter_get(&part->lost[TAP_LOSS_BUSY]);
        sum.large += counter_get(&part->lost[TAP_LOSS_LARGE]);
        sum.failed += counter_get(&part->lost[TAP_LOSS_FAILED]);
        sum.passed += counter_get(&part->passed);
    }
    return sum;
}

bool tap_is_full(const struct tap *tap)
{
    return tap->options.limit && counter_get(&tap->shown) >= (uint64_t)tap->options.limit;
}

/* ---- notes ---- */

static void put_counts(struct buf *out, const struct tap_counts *counts)
{
    buf_printf(out,
               ",\"passed\":%llu,\"shown\":%llu,\"not_shown\":{\"rate\":%llu,\"slow_watcher\":%llu,"
               "\"busy\":%llu,\"large\":%llu},\"where_failed\":%llu}\n",
               (unsigned long long)counts->passed, (unsigned long long)counts->shown,
               (unsigned long long)counts->rate, (unsigned long long)counts->slow_watcher,
               (unsigned long long)counts->busy, (unsigned long long)counts->large,
               (unsigned long long)counts->failed);
}

void tap_say_started(struct tap *tap)
{
    buf_append_z(&tap->notes, "{\"note\":\"started\",\"pipeline\":");
    json_encode_string(tap->options.pipeline, &tap->notes);
    buf_append_z(&tap->notes, ",\"plugin\":");
    if (tap->options.plugin.len)
        json_encode_string(tap->options.plugin, &tap->notes);
    else
        buf_append_z(&tap->notes, "null");
    buf_printf(&tap->notes, ",\"at\":\"%s\",\"workers\":%u,\"rate\":%lld}\n",
               tap_at_name((enum tap_at)tap->options.at.value), tap->part_count,
               (long long)tap->options.rate);
}

/* One note at a time waits: a watcher who does not read gets the latest counts when it does. */
void tap_say_not_shown(struct tap *tap)
{
    struct tap_counts now = tap_count(tap), *told = &tap->told;
    if (now.rate == told->rate && now.slow_watcher == told->slow_watcher &&
        now.busy == told->busy && now.large == told->large && now.failed == told->failed)
        return;
    if (tap->notes_read < tap->notes.len || tap->end) return;
    *told = now;
    buf_append_z(&tap->notes, "{\"note\":\"not_shown\"");
    put_counts(&tap->notes, &now);
}

void tap_say_ended(struct tap *tap, const char *why)
{
    if (!tap->end) tap->end = why;
}

static void end_put(struct tap *tap)
{
    struct tap_counts counts = tap_count(tap);
    tap->end_is_said = true;
    buf_printf(&tap->notes, "{\"note\":\"ended\",\"why\":\"%s\"", tap->end);
    put_counts(&tap->notes, &counts);
}

/* ---- reading ---- */

static uint64_t ring_read_so_far(const struct tap_part *part)
{
    return counter_get(&part->ring.read);
}

/* Between two lines: goes to the next part that has some. */
static bool next_part(struct tap *tap)
{
    for (uint32_t i = 1; i <= tap->part_count; i++) {
        uint32_t number = (tap->reading + i) % tap->part_count;
        uint64_t written = tap_ring_written(&tap->parts[number].ring);
        if (written == ring_read_so_far(&tap->parts[number])) continue;
        tap->reading = number;
        tap->until = written;
        return true;
    }
    return false;
}

static size_t notes_take(struct tap *tap, char *out, size_t size)
{
    size_t left = tap->notes.len - tap->notes_read, len = left < size ? left : size;
    if (len) memcpy(out, tap->notes.ptr + tap->notes_read, len);
    tap->notes_read += len;
    if (tap->notes_read == tap->notes.len) {
        buf_clear(&tap->notes);
        tap->notes_read = 0;
    }
    return len;
}

size_t tap_read(struct tap *tap, char *out, size_t size)
{
    size_t len = 0;
    while (len < size) {
        struct tap_part *part = &tap->parts[tap->reading];
        if (ring_read_so_far(part) < tap->until)
            len += tap_ring_take(&part->ring, tap->until, out + len, size - len);
        else if (tap->notes.len)
            len += notes_take(tap, out + len, size - len);
        else if (next_part(tap))
            continue;
        else if (tap->end && !tap->end_is_said)
            end_put(tap);
        else
            break;
    }
    return len;
}

bool tap_has_news(const struct tap *tap)
{
    if (tap->notes.len || (tap->end && !tap->end_is_said)) return true;
    for (uint32_t i = 0; i < tap->part_count; i++)
        if (tap_ring_written(&tap->parts[i].ring) > ring_read_so_far(&tap->parts[i])) return true;
    return false;
}

bool tap_is_over(const struct tap *tap) { return tap->end_is_said && !tap_has_news(tap); }
