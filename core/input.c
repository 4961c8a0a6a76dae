/* SPDX-License-Identifier: Apache-2.0 */
#include "core/input.h"
#include <assert.h>
#include <limits.h>
#include <unistd.h>
#include "core/decoder.h"
#include "core/delivery/dead_letters.h"
#include "core/joiner.h"
#include "core/log.h"
#include "core/queue/gather.h"

void input_stopped(struct input *input)
{
    assert(!input->is_stopped);
    input->is_stopped = true;
    if (input->stopped) input->stopped(input);
}

struct str input_host_name(struct arena *arena)
{
    char name[HOST_NAME_MAX + 1] = "";
    if (gethostname(name, sizeof name - 1) || !*name) return STR("localhost");
    return arena_copy(arena, str_of(name));
}

/* ---- streams ---- */

static void ignore_advance(void *opaque, uint64_t position) { (void)opaque, (void)position; }
static const struct source_hooks no_hooks = {.advance = ignore_advance};

void stream_open(struct stream *stream, struct input *input, const struct source_hooks *hooks,
                 void (*decorate)(void *opaque, struct event *event), void *opaque)
{
    *stream = (struct stream){
        .input = input, .ingest = input->ingest, .decorate = decorate, .opaque = opaque, .codec = input->codec};
    stream->is_repeatable = hooks != NULL;
    stream->source = source_open(input->loop->tickets, hooks ? hooks : &no_hooks, opaque);
}

void stream_flush(struct stream *stream) { joiner_flush(stream); }

void stream_restart(struct stream *stream)
{
    joiner_close(stream);
    source_new_epoch(stream->source);
    stream->position = 0;
}

void stream_close(struct stream *stream)
{
    if (!stream->source) return;
    if (!stream->is_repeatable) joiner_flush(stream);
    joiner_close(stream);
    if (stream->ingest->gather) gather_forget(stream->ingest->gather, stream);
    buf_fini(&stream->origin);
    source_close(stream->source);
    stream->source = NULL;
}

void stream_origin_changed(struct stream *stream) { stream->has_origin = false; }

static struct batch *ingest_batch(struct ingest *ingest)
{
    if (!ingest->batch) {
        ingest->batch = batch_create(&ingest->loop->pool, ingest->loop->tickets);
        ingest->batch->now = loop_now(ingest->loop);
    }
    return ingest->batch;
}

static void ingest_run_if_full(struct ingest *ingest)
{
    struct batch *batch = ingest->batch;
    if (batch && (batch->count >= ingest->batch_events_max || !arena_allows(&batch->arena, 0)))
        ingest->batch_full(ingest);
}

/* Logstash's decorate(): type unless set, add_field, tags. */
static void decorate_common(const struct input_common *common, struct event *event)
{
    static const struct str type_name = {"type", 4};
    struct key type_key = key_of(type_name);
    if (common->type.len && !map_get(&event->root, &type_key))
        map_append(&event->root, event->arena, type_key, value_string(common->type));
    for (uint32_t i = 0; i < common->add_field.count; i++)
        event_add_pair(event, &common->add_field.items[i]);
    for (uint32_t i = 0; i < common->tags.count; i++)
        event_tag_append(event, common->tags.items[i]);
}

static void stream_decorate(struct stream *stream, struct event *event)
{
    if (stream->decorate) stream->decorate(stream->opaque, event);
    const struct input *input = stream->input;
    if (input->type->refine) input->type->refine(input->self, event, &stream->ingest->batch->now);
    const struct input_common *common = input->common;
    if (common && (common->type.len || common->add_field.count || common->tags.count))
        decorate_common(common, event);
}

/* The event goes to the dead letters, and not into the pipeline. */
static void letter_post(struct ingest *ingest, struct event *event, const struct dead_letter *letter)
{
    struct dead_letter_debt debt = {.obligation = obligation_open(ingest->batch->ticket, 1), .event = event->index};
    event->is_cancelled = ingest->batch->has_taken = true;
    dead_letters_take(ingest->dead_letters, letter, &debt);
}

/* Likewise, with what is in it, or only the bytes. */
static void event_take_out(struct decoder *decoder, struct event *event, struct str reason, const char *text,
                           bool has_fields)
{
    struct ingest *ingest = decoder->stream->ingest;
    const struct codec *codec = decoder->stream->codec;
    struct dead_letter letter = {.stage = DEAD_LETTER_CODEC,
                                 .plugin = str_of(codec->type->name),
                                 .id = codec->id,
                                 .reason = reason,
                                 .text = str_of(text),
                                 .original = decoder->frame,
                                 .event = has_fields ? event : NULL};
    letter_post(ingest, event, &letter);
}

/* Decoded events are decorated when the next one is asked for, or at the end of the frame: then the
 * codec has finished them. */
static void decoder_finish(struct decoder *decoder)
{
    struct event *event = decoder->event;
    if (!event) return;
    decoder->event = NULL;
    for (uint32_t i = 0; i < decoder->tag_count; i++)
        if (decoder->tags[i].len) event_tag(event, decoder->tags[i]);
    stream_decorate(decoder->stream, event);
    if (decoder->event_problem) event_take_out(decoder, event, STR("not_decoded"), decoder->event_problem, true);
    decoder->event_problem = NULL;
    decoder->events++;
}

void decoder_failed(struct decoder *decoder, const char *what)
{
    struct codec *codec = decoder->stream->codec;
    counter_add(&codec->failed, 1);
    bool is_taken = codec->dead_letters_failed && decoder->stream->ingest->dead_letters;
    if (is_taken) decoder->problem = what;
    LOG(LOG_WARN, "codec.failed", codec->id, "%s; %s", what,
        is_taken ? "it goes to the dead letters" : "the text is kept in the event, which is tagged");
}

/* What of a frame is beyond the limit of events: as bytes it can be kept. */
static void frame_rest_lost(struct decoder *decoder)
{
    struct input *input = decoder->stream->input;
    struct ingest *ingest = decoder->stream->ingest;
    bool is_kept = ingest->dead_letters != NULL;
    counter_add(&input->counters.cut, 1);
    LOG(LOG_WARN, "input.frame_events", input->id, "a frame holds more than %d events: the rest of it is dropped%s",
        FRAME_EVENTS_MAX, is_kept ? ", all of it goes to the dead letters" : "");
    struct event *event = is_kept ? batch_event(ingest_batch(ingest)) : NULL;
    if (event)
        event_take_out(decoder, event, STR("frame_events"), "a frame holds more events than are taken of one", false);
}

struct event *decoder_event(struct decoder *decoder)
{
    decoder_finish(decoder);
    struct stream *stream = decoder->stream;
    struct ingest *ingest = stream->ingest;
    if (decoder->events >= FRAME_EVENTS_MAX) {
        frame_rest_lost(decoder);
        return NULL;
    }
    struct batch *batch = ingest_batch(ingest);
    struct event *event = batch_event(batch);
    if (!event) return NULL;
    decoder->event = event;
    decoder->event_problem = decoder->problem;
    decoder->problem = NULL;
    return event;
}

struct arena *decoder_arena(struct decoder *decoder)
{
    return &ingest_batch(decoder->stream->ingest)->arena;
}

/* The frame's bytes where they live as long as the batch. */
static struct str frame_keep(struct batch *batch, const struct frame *frame)
{
    if (frame->block && batch_keep_block(batch, frame->block)) return frame->bytes;
    return arena_copy(&batch->arena, frame->bytes);
}

static void stream_covered(struct stream *stream, struct batch *batch, uint64_t position)
{
    assert(position >= stream->position);
    stream->position = position;
    if (batch && batch->ticket) ticket_cover(batch->ticket, stream->source, position);
}

static void stream_decode(struct stream *stream, struct str bytes, struct decoder *decoder)
{
    struct codec *codec = stream->codec;
    decoder->frame = bytes;
    codec->type->decode(codec->self, bytes, decoder);
    decoder_finish(decoder);
    counter_add(&codec->decoded_events, decoder->events);
    counter_add(&stream->input->counters.events, decoder->events);
}

static void stream_count_received(struct stream *stream, const struct frame *frame)
{
    counter_add(&stream->input->counters.frames, 1);
    counter_add(&stream->input->counters.bytes, frame->bytes.len);
}

void stream_emit(struct stream *stream, const struct frame *frame)
{
    if (stream->codec->join) {
        joiner_add(stream, frame);
        return;
    }
    struct ingest *ingest = stream->ingest;
    struct str tags[] = {frame->tag, stream->tag};
    if (ingest->gather) {
        gather_frame(ingest->gather, stream, frame->bytes, tags, 2, frame->position);
        stream_count_received(stream, frame);
        stream_covered(stream, NULL, frame->position);
        return;
    }
    struct batch *batch = ingest_batch(ingest);
    struct decoder decoder = {.stream = stream, .tags = tags, .tag_count = 2};
    stream_decode(stream, frame_keep(batch, frame), &decoder);
    stream_count_received(stream, frame);
    counter_add(&stream->codec->decoded_frames, 1);
    stream_covered(stream, batch, frame->position);
    ingest_run_if_full(ingest);
}

void stream_replay(struct stream *stream, const struct frame *frame, const struct str *tags, uint32_t tag_count,
                   const struct value *arrival)
{
    struct ingest *ingest = stream->ingest;
    struct batch *batch = ingest_batch(ingest);
    struct value now = batch->now;
    batch->now = *arrival;
    struct decoder decoder = {.stream = stream, .tags = tags, .tag_count = tag_count};
    stream_decode(stream, frame_keep(batch, frame), &decoder);
    batch->now = now;
    counter_add(&stream->codec->decoded_frames, 1);
    stream_covered(stream, batch, frame->position);
    ingest_run_if_full(ingest);
}

void stream_refuse(struct stream *stream, const struct frame *frame, const struct str *tags, uint32_t tag_count,
                   const struct value *arrival, struct dead_letter *letter)
{
    struct ingest *ingest = stream->ingest;
    struct batch *batch = ingest_batch(ingest);
    assert(!stream->input && ingest->dead_letters);
    struct event *event = batch_event(batch);
    if (event) {
        letter->original = frame_keep(batch, frame);
        letter->event = event;
        event_slot_set(event, SLOT_TIMESTAMP, *arrival);
        event_slot_set(event, SLOT_MESSAGE, value_string(letter->original));
        for (uint32_t i = 0; i < tag_count; i++) event_tag(event, tags[i]);
        stream->decorate(stream->opaque, event);
        letter_post(ingest, event, letter);
    }
    stream_covered(stream, batch, frame->position);
    ingest_run_if_full(ingest);
}

/* ---- joined frames ---- */

void stream_record(struct stream *stream, struct str text, const struct str *tags, uint32_t tag_count,
                   uint64_t position)
{
    struct ingest *ingest = stream->ingest;
    if (ingest->gather) {
        gather_frame(ingest->gather, stream, text, tags, tag_count, position);
        return;
    }
    if (ingest->batch && ingest->batch->count && !arena_allows(&ingest->batch->arena, text.len))
        ingest->batch_full(ingest);
    struct batch *batch = ingest_batch(ingest);
    struct decoder decoder = {.stream = stream, .tags = tags, .tag_count = tag_count};
    stream_decode(stream, arena_copy(&batch->arena, text), &decoder);
    if (batch->ticket) ticket_cover(batch->ticket, stream->source, position);
    ingest_run_if_full(ingest);
}

void stream_joined(struct stream *stream, const struct frame *frame, bool is_covered)
{
    struct batch *batch = stream->ingest->batch;
    stream_count_received(stream, frame);
    counter_add(&stream->codec->decoded_frames, 1);
    stream_covered(stream, is_covered ? batch : NULL, frame->position);
}

struct event *stream_event(struct stream *stream)
{
    struct decoder decoder = {.stream = stream};
    return decoder_event(&decoder);
}

void stream_event_done(struct stream *stream, struct event *event, uint64_t position)
{
    struct input *input = stream->input;
    assert(!stream->ingest->gather); /* an event is no frame: such an input is not queued */
    stream_decorate(stream, event);
    counter_add(&input->counters.frames, 1);
    counter_add(&input->counters.events, 1);
    stream_covered(stream, input->ingest->batch, position);
    ingest_run_if_full(input->ingest);
}

void stream_adopt(struct stream *stream, struct arena *arena, struct event *const *events,
                  uint32_t count)
{
    struct input *input = stream->input;
    struct ingest *ingest = input->ingest;
    assert(count <= ingest->batch_events_max);
    if (ingest->batch && ingest->batch->count + count > ingest->batch_events_max)
        ingest->batch_full(ingest);
    struct batch *batch = ingest_batch(ingest);
    batch_adopt(batch, arena, events, count);
    for (uint32_t i = 0; i < count; i++) stream_decorate(stream, events[i]);
    counter_add(&input->counters.frames, 1);
    counter_add(&input->counters.events, count);
    stream_covered(stream, batch, stream->position + count);
    ingest_run_if_full(ingest);
}
