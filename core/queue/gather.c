/* SPDX-License-Identifier: Apache-2.0 */
#include "core/queue/gather.h"
#include <assert.h>
#include "core/log.h"

void gather_init(struct gather *gather, struct ingest *ingest, size_t bytes_max, size_t payload_max,
                 uint64_t next_frame)
{
    assert(payload_max > QUEUE_HEAD_BYTES_MAX && next_frame > 0);
    *gather = (struct gather){.loop = ingest->loop, .ingest = ingest, .bytes_max = bytes_max,
                              .payload_max = payload_max, .next_frame = next_frame};
}

static void charge(struct gather *gather)
{
    size_t capacity = gather->group.bytes.capacity + gather->taken;
    if (capacity == gather->charged) return;
    budget_charge(gather->loop->budget, capacity);
    budget_release(gather->loop->budget, gather->charged);
    gather->charged = capacity;
}

void gather_fini(struct gather *gather)
{
    queue_group_fini(&gather->group);
    gather->taken = 0;
    buf_fini(&gather->origin);
    charge(gather);
    if (gather->ticket) ticket_seal(gather->ticket);
    gather->ticket = NULL;
}

/* ---- origins ---- */

/* What the stream adds to each of its events, found out on an event that has nothing. */
static void origin_make(struct stream *stream)
{
    struct arena arena;
    struct event model;
    arena_init(&arena, NULL);
    event_init(&model, &arena, value_time(0, 0));
    for (int slot = 0; slot < SLOT_COUNT; slot++) event_slot_set(&model, (enum event_slot)slot, VALUE_NONE);
    if (stream->decorate) stream->decorate(stream->opaque, &model);
    buf_clear(&stream->origin);
    if (model.root.live || model.metadata.live) pack_event(&stream->origin, &model);
    arena_fini(&arena);
    stream->has_origin = true;
}

/* ---- records ---- */

static void record_end(struct gather *gather)
{
    if (!gather->input) return;
    gather->input = NULL;
    gather->stream = NULL;
    queue_group_end(&gather->group);
}

static void record_begin(struct gather *gather, const struct stream *stream)
{
    const struct input *input = stream->input;
    struct queue_head head = {.first = gather->next_frame, .arrival = loop_now(gather->loop),
                              .type = str_of(input->type->name), .id = input->id,
                              .origin = buf_str(&stream->origin)};
    gather->input = input;
    gather->start = gather->group.bytes.len;
    buf_clear(&gather->origin);
    buf_append(&gather->origin, head.origin);
    queue_record_begin(&gather->group.bytes, &head);
    assert(gather->group.bytes.len - gather->start <= QUEUE_HEAD_BYTES_MAX);
}

/* Senders that are alike share a record. */
static void record_choose(struct gather *gather, struct stream *stream)
{
    bool is_last = gather->stream == stream && stream->has_origin;
    if (!stream->has_origin) origin_make(stream);
    if (gather->input && !is_last &&
        (gather->input != stream->input || !str_eq(buf_str(&gather->origin), buf_str(&stream->origin))))
        record_end(gather);
    if (gather->input && gather->group.bytes.len - gather->start >= QUEUE_RUN_BYTES) record_end(gather);
    if (!gather->input) record_begin(gather, stream);
    gather->stream = stream;
}

/* As much of a frame as the record has room for: a frame alone has all but the head. */
static struct str fit(struct gather *gather, struct stream *stream, struct str bytes, const struct str *tags,
                      uint32_t tag_count)
{
    size_t room = gather->payload_max - QUEUE_HEAD_BYTES_MAX, overhead = queue_frame_overhead(tags, tag_count);
    if (bytes.len + overhead <= room) {
        if (gather->group.bytes.len - gather->start + bytes.len + overhead <= gather->payload_max) return bytes;
        record_end(gather);
        record_choose(gather, stream);
        return bytes;
    }
    record_end(gather);
    record_choose(gather, stream);
    LOG(LOG_WARN, "queue.frame_cut", stream->input->id,
        "a frame of %zu bytes was cut at %zu, its event is tagged _queue_cut: no record of the queue is longer; "
        "raise queue.page_capacity or lower line_limit", bytes.len, room - overhead);
    counter_add(&stream->input->counters.cut, 1);
    return str_slice(bytes, 0, room - overhead);
}

void gather_frame(struct gather *gather, struct stream *stream, struct str bytes, const struct str *tags,
                  uint32_t tag_count, uint64_t position)
{
    assert(tag_count < QUEUE_TAGS_MAX);
    record_choose(gather, stream);
    struct str all[QUEUE_TAGS_MAX] = {QUEUE_TAG_CUT};
    for (uint32_t i = 0; i < tag_count; i++) all[i + 1] = tags[i];
    struct str kept = fit(gather, stream, bytes, all, tag_count + 1);
    if (kept.len == bytes.len) all[0] = (struct str){0};
    queue_record_frame(&gather->group.bytes, kept, all, tag_count + 1);
    charge(gather);
    gather->group.frames++;
    gather->next_frame++;
    if (!gather->ticket) gather->ticket = ticket_open(gather->loop->tickets);
    ticket_cover(gather->ticket, stream->source, position);
    if (gather_is_full(gather)) gather->ingest->is_paused = true;
}

void gather_forget(struct gather *gather, const struct stream *stream)
{
    if (gather->stream == stream) gather->stream = NULL;
}

void gather_turn(struct gather *gather) { record_end(gather); }

struct ticket *gather_take(struct gather *gather, struct queue_group *group)
{
    assert(group->bytes.len == 0 && !gather_is_empty(gather));
    record_end(gather);
    struct queue_group empty = *group;
    *group = gather->group;
    gather->group = empty;
    gather->taken = group->bytes.capacity;
    charge(gather);
    struct ticket *ticket = gather->ticket;
    gather->ticket = NULL;
    return ticket;
}

void gather_return(struct gather *gather, struct queue_group *group)
{
    queue_group_clear(group);
    if (group->bytes.capacity > 2 * gather->bytes_max) { /* of one long frame */
        buf_fini(&group->bytes);
        group->bytes = (struct buf){0};
    }
    gather->taken = group->bytes.capacity;
    charge(gather);
}
