/* SPDX-License-Identifier: Apache-2.0 */
#include "core/queue/replay.h"
#include <assert.h>
#include <stdlib.h>
#include "core/delivery/dead_letter.h"
#include "core/log.h"
#include "core/queue/queue_words.h"
#include "core/xmalloc.h"

enum { MARKS_FIRST = 64 };

/* One for each input that is queued, and one for those that are gone. */
struct replay_stream {
    struct stream stream;
    struct buf origin;  /* packed: what `fields` were made of */
    struct graft fields;
    bool has_fields;
};

/* ---- marks ---- */

static struct replay_mark *mark_first(struct replay *replay) { return &replay->marks[replay->first]; }

static void marks_settle(struct replay *replay)
{
    while (replay->mark_count && mark_first(replay)->frames <= replay->settled) {
        replay->done = mark_first(replay)->record;
        replay->first = (replay->first + 1) % replay->mark_capacity;
        replay->mark_count--;
    }
}

static void marks_grow(struct replay *replay)
{
    uint32_t capacity = replay->mark_capacity ? replay->mark_capacity * 2 : MARKS_FIRST;
    struct replay_mark *marks = xcalloc(capacity, sizeof *marks);
    for (uint32_t i = 0; i < replay->mark_count; i++)
        marks[i] = replay->marks[(replay->first + i) % replay->mark_capacity];
    free(replay->marks);
    replay->marks = marks;
    replay->mark_capacity = capacity;
    replay->first = 0;
}

/* All frames of the record were given on, or there are none of it. */
static void mark_add(struct replay *replay, uint64_t record, uint64_t arrival_ms)
{
    if (replay->mark_count == replay->mark_capacity) marks_grow(replay);
    uint32_t at = (replay->first + replay->mark_count++) % replay->mark_capacity;
    replay->marks[at] = (struct replay_mark){replay->frames, record, arrival_ms};
    marks_settle(replay);
}

static void waiting_less(struct replay *replay, uint64_t frames)
{
    atomic_uint_fast64_t *waiting = &replay->counters->waiting_frames;
    uint64_t before = counter_get(waiting);
    counter_add(waiting, -(frames < before ? frames : before));
}

static void settled(void *opaque, uint64_t frames)
{
    struct replay *replay = opaque;
    assert(frames >= replay->settled && frames <= replay->frames);
    waiting_less(replay, frames - replay->settled);
    replay->settled = frames;
    marks_settle(replay);
}

static const struct source_hooks replay_source = {.advance = settled};

/* ---- streams ---- */

static void add_origin(void *opaque, struct event *event)
{
    const struct replay_stream *stream = opaque;
    if (stream->has_fields) graft_apply(&stream->fields, event);
}

/* Without an input: of those that are gone. */
static void stream_init(struct replay_stream *stream, struct input *input, struct ingest *batches)
{
    stream->stream = (struct stream){.input = input, .ingest = batches, .decorate = add_origin,
                                     .opaque = stream, .codec = input ? input->codec : NULL};
}

static struct replay_stream *orphans(const struct replay *replay) { return &replay->streams[replay->stream_count]; }

void replay_init(struct replay *replay, struct ingest *batches, struct input *const *inputs, uint32_t count,
                 struct str pipeline, struct queue_counters *counters)
{
    *replay = (struct replay){.batches = batches, .pipeline = pipeline, .counters = counters};
    replay->streams = xcalloc(count + 1, sizeof *replay->streams);
    for (uint32_t i = 0; i < count; i++)
        if (inputs[i]->type->is_queued)
            stream_init(&replay->streams[replay->stream_count++], inputs[i], batches);
    stream_init(orphans(replay), NULL, batches);
    replay_begin_log(replay);
}

void replay_begin_log(struct replay *replay)
{
    assert(!replay->page && replay_is_settled(replay));
    if (replay->source) source_close(replay->source);
    replay->source = source_open(replay->batches->loop->tickets, &replay_source, replay);
    replay->frames = replay->settled = replay->done = replay->expected = 0;
    for (uint32_t i = 0; i <= replay->stream_count; i++) {
        replay->streams[i].stream.source = replay->source;
        replay->streams[i].stream.position = 0;
    }
}

static void origin_forget(struct replay_stream *stream)
{
    if (stream->has_fields) graft_fini(&stream->fields);
    stream->has_fields = false;
    buf_clear(&stream->origin);
}

void replay_fini(struct replay *replay)
{
    if (replay->source) source_close(replay->source);
    for (uint32_t i = 0; replay->streams && i <= replay->stream_count; i++) {
        origin_forget(&replay->streams[i]);
        buf_fini(&replay->streams[i].origin);
    }
    free(replay->streams);
    free(replay->marks);
    *replay = (struct replay){0};
}

/* No input has the type: its frames are kept as dead letters, or where they are. NULL: that is blocked. */
static struct replay_stream *stream_orphaned(struct replay *replay, const struct queue_head *head)
{
    if (replay->batches->dead_letters) {
        LOG(LOG_WARN, "queue.input_gone", replay->pipeline,
            "frames in the queue came from input `%.*s`, and the configuration has no input %.*s any more: they go to "
            "the dead letters", STR_ARG(head->id), STR_ARG(head->type));
        return orphans(replay);
    }
    LOG(LOG_ERROR, "queue.input_gone", replay->pipeline,
        "frames in the queue came from input `%.*s`, and the configuration has no input %.*s any more: the queue waits "
        "and keeps them; put the input back, or set dead_letter_queue.enable: true to have them there, and restart",
        STR_ARG(head->id), STR_ARG(head->type));
    replay->is_blocked = true;
    atomic_store_explicit(&replay->counters->is_blocked, 1, memory_order_relaxed);
    return NULL;
}

static struct replay_stream *stream_find(struct replay *replay, const struct queue_head *head)
{
    struct replay_stream *other = NULL;
    for (uint32_t i = 0; i < replay->stream_count; i++) {
        const struct input *input = replay->streams[i].stream.input;
        if (!str_eq_z(head->type, input->type->name)) continue;
        if (str_eq(head->id, input->id)) return &replay->streams[i];
        if (!other) other = &replay->streams[i];
    }
    if (!other) return stream_orphaned(replay, head);
    LOG(LOG_WARN, "queue.input_renamed", replay->pipeline,
        "frames of input `%.*s`, which the configuration has no more, are read by `%.*s`, of the same type",
        STR_ARG(head->id), STR_ARG(other->stream.input->id));
    return other;
}

/* False: the bytes are no origin. */
static bool origin_take(struct replay_stream *stream, struct str origin)
{
    if (stream->has_fields == (origin.len != 0) && str_eq(buf_str(&stream->origin), origin)) return true;
    origin_forget(stream);
    if (!origin.len) return true;
    struct arena arena;
    struct event model;
    struct str in = origin;
    arena_init(&arena, NULL);
    event_init(&model, &arena, value_time(0, 0));
    stream->has_fields =
        unpack_event(&in, &model) && !in.len && graft_init_whole(&stream->fields, &model);
    arena_fini(&arena);
    if (stream->has_fields) buf_append(&stream->origin, origin);
    return stream->has_fields;
}

/* ---- records ---- */

static uint64_t arrival_ms(const struct queue_head *head)
{
    return head->arrival.seconds < 0 ? 0 : (uint64_t)head->arrival.seconds * 1000 + head->arrival.len / 1000000;
}

static void record_bad(struct replay *replay, const struct queue_row *row)
{
    size_t bytes;
    struct str record = {replay->page->block->bytes + row->offset, row->len};
    counter_add(&replay->counters->lost_records, 1);
    bool is_newer = queue_form_of(record, &bytes) == QUEUE_FORM_NEWER;
    LOG(LOG_ERROR, "queue.record_unknown", replay->pipeline,
        "record %llu of the queue is whole, but %s: it is left out", (unsigned long long)row->sequence,
        is_newer ? "a newer version wrote it" : "not such as this version writes");
}

/* The page's next record. */
static void record_open(struct replay *replay)
{
    const struct queue_row *row = &replay->page->rows[replay->row];
    replay->rest = (struct str){replay->page->block->bytes + row->offset, row->len};
    replay->head = (struct queue_head){0};
    replay->stream = NULL;
    if (!queue_record_open(&replay->rest, &replay->head)) {
        record_bad(replay, row);
        replay->rest = (struct str){0};
        return;
    }
    if (replay->expected && replay->head.first > replay->expected) {
        uint64_t lost = replay->head.first - replay->expected;
        counter_add(&replay->counters->lost_frames, lost);
        waiting_less(replay, lost);
    }
    replay->expected = replay->head.first;
    replay->stream = stream_find(replay, &replay->head);
    if (replay->stream && !origin_take(replay->stream, replay->head.origin))
        record_bad(replay, row); /* the frames are good all the same */
}

static void record_close(struct replay *replay)
{
    const struct queue_row *row = &replay->page->rows[replay->row++];
    if (row->is_last) mark_add(replay, row->sequence, arrival_ms(&replay->head));
    if (row->is_last) replay->is_within = false; /* records that were packed are done together */
    replay->rest = (struct str){0};
}

static void orphan_give(struct replay *replay, const struct frame *given, const struct queue_frame *frame)
{
    struct dead_letter letter = {.stage = DEAD_LETTER_QUEUE, .plugin = replay->head.type, .id = replay->head.id,
                                 .reason = STR("input_gone"),
                                 .text = STR("the configuration has no such input any more")};
    counter_add(&replay->counters->orphan_frames, 1);
    stream_refuse(&replay->stream->stream, given, frame->tags, frame->tag_count, &replay->head.arrival, &letter);
}

/* One frame, or the end of the record. False: the record has ended. */
static bool frame_give(struct replay *replay)
{
    struct queue_frame frame;
    enum queue_next next = queue_record_next(&replay->rest, &frame);
    if (next == QUEUE_NEXT_BAD) record_bad(replay, &replay->page->rows[replay->row]);
    if (next != QUEUE_NEXT_FRAME) return false;
    replay->expected++;
    replay->is_within = true;
    struct frame given = {.bytes = frame.bytes, .block = replay->page->block, .position = ++replay->frames};
    if (replay->stream == orphans(replay))
        orphan_give(replay, &given, &frame);
    else
        stream_replay(&replay->stream->stream, &given, frame.tags, frame.tag_count, &replay->head.arrival);
    return true;
}

/* ---- pages ---- */

void replay_take(struct replay *replay, struct queue_page *page)
{
    assert(!replay->page);
    for (uint32_t i = 0; i < page->loss_count; i++) {
        const struct spool_loss *loss = &page->losses[i];
        queue_say_loss(replay->pipeline, loss);
        if (loss->last >= loss->first) counter_add(&replay->counters->lost_records, loss->last - loss->first + 1);
        counter_add(&replay->counters->lost_bytes, loss->bytes);
        if (!page->count) mark_add(replay, loss->last, 0);
    }
    replay->page = page;
    replay->row = 0;
    if (page->count) record_open(replay);
}

bool replay_run(struct replay *replay)
{
    assert(replay->page);
    while (replay->row < replay->page->count) {
        bool is_over = replay->is_ending && !replay->is_within;
        if (replay->batches->is_paused || replay->is_blocked || is_over) return false;
        if (replay->stream && frame_give(replay)) continue;
        record_close(replay);
        if (replay->row < replay->page->count) record_open(replay);
    }
    replay_leave(replay);
    return true;
}

void replay_leave(struct replay *replay)
{
    replay->page = NULL;
    replay->is_within = false;
    replay->stream = NULL;
}

uint64_t replay_oldest_ms(const struct replay *replay)
{
    if (replay->mark_count) return replay->marks[replay->first].arrival_ms;
    return replay->page && replay->row < replay->page->count ? arrival_ms(&replay->head) : 0;
}
