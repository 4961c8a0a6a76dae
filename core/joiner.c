/* SPDX-License-Identifier: Apache-2.0 */
#include "core/joiner.h"
#include <stdlib.h>
#include "core/log.h"
#include "core/xmalloc.h"

enum { TEXT_BYTES_MIN = 1024 };

struct joiner {
    struct stream *stream;
    struct buf text;     /* the lines held, newlines between them */
    size_t charged;      /* of the budget: the text's capacity */
    uint32_t lines;      /* held */
    uint32_t blanks;     /* empty lines behind them, which belong when another line does */
    uint32_t state;      /* of the rules */
    uint64_t before;     /* position in front of the frame at hand: all of it was decoded or is held */
    uint64_t touched;    /* uv_now() of the last line */
    struct str tag;      /* of a frame that was cut */
    struct joiner *next, **link; /* of those that hold lines, while `link` is set */
};

static const struct join_rules *rules_of(const struct joiner *joiner) { return joiner->stream->codec->join; }
static struct loop *loop_of(const struct joiner *joiner) { return joiner->stream->input->loop; }

/* ---- memory ---- */

static void charge(struct joiner *joiner)
{
    struct loop *loop = loop_of(joiner);
    size_t more = joiner->text.capacity - joiner->charged;
    loop->half_frame_bytes += more;
    budget_charge(loop->budget, more);
    joiner->charged += more;
}

static void release(struct joiner *joiner)
{
    struct loop *loop = loop_of(joiner);
    loop->half_frame_bytes -= joiner->charged;
    budget_release(loop->budget, joiner->charged);
    joiner->charged = 0;
    buf_fini(&joiner->text);
    joiner->text = (struct buf){0};
    joiner->lines = joiner->blanks = 0;
    joiner->tag = (struct str){0};
    if (!joiner->link) return;
    *joiner->link = joiner->next;
    if (joiner->next) joiner->next->link = joiner->link;
    joiner->link = NULL;
}

/* ---- records ---- */

/* The record is decoded; positions up to `position` have nothing in them that is held. */
static void record_end(struct joiner *joiner, uint64_t position, struct str limit)
{
    assert(joiner->lines);
    const struct join_rules *rules = rules_of(joiner);
    struct str text = buf_str(&joiner->text), tags[3] = {joiner->tag};
    if (limit.len) {
        tags[1] = limit;
    } else {
        if (joiner->lines > rules->lines_max) tags[1] = JOIN_TAG_LINES;
        if (text.len >= rules->bytes_max) tags[2] = JOIN_TAG_BYTES;
    }
    stream_record(joiner->stream, text, tags, sizeof tags / sizeof *tags, position);
    release(joiner);
}

/* Held lines may take a quarter of the budget: beyond it the longest record ends. */
static void limit_held(struct loop *loop)
{
    while (loop->budget->limit && loop->half_frame_bytes > loop->budget->limit / 4 && loop->joiners) {
        struct joiner *longest = loop->joiners;
        for (struct joiner *joiner = longest; joiner; joiner = joiner->next)
            if (joiner->charged > longest->charged) longest = joiner;
        LOG(LOG_WARN, "input.half_records", longest->stream->input->id,
            "unfinished records fill a quarter of pipeline.memory: the longest was ended at %zu bytes, its event "
            "is tagged multiline_codec_max_bytes_reached; raise pipeline.memory or lower max_bytes",
            longest->text.len);
        record_end(longest, longest->before, JOIN_TAG_BYTES);
    }
}

static void timer_start(struct loop *loop);

static void hold(struct joiner *joiner, struct str line)
{
    struct loop *loop = loop_of(joiner);
    if (!joiner->link) {
        joiner->next = loop->joiners;
        joiner->link = &loop->joiners;
        if (joiner->next) joiner->next->link = &joiner->next;
        loop->joiners = joiner;
        buf_reserve(&joiner->text, TEXT_BYTES_MIN);
    }
    for (uint32_t i = 0; joiner->lines && i <= joiner->blanks; i++) buf_append_char(&joiner->text, '\n');
    joiner->lines += joiner->blanks + 1;
    joiner->blanks = 0;
    buf_append(&joiner->text, line);
    charge(joiner);
    if (rules_of(joiner)->idle_ms) timer_start(loop);
}

static bool is_over(const struct joiner *joiner)
{
    const struct join_rules *rules = rules_of(joiner);
    return joiner->lines > rules->lines_max || joiner->text.len >= rules->bytes_max;
}

static void line_add(struct joiner *joiner, struct str line)
{
    const struct join_rules *rules = rules_of(joiner);
    if (!line.len) { /* as many as a record may have lines */
        if (joiner->lines && joiner->blanks < rules->lines_max) joiner->blanks++;
        return;
    }
    bool belongs = rules->belongs(joiner->stream->codec->self, line, &joiner->state);
    if (!rules->is_next && joiner->lines && (!belongs || is_over(joiner)))
        record_end(joiner, joiner->before, (struct str){0});
    hold(joiner, line);
    if (rules->is_next && (!belongs || is_over(joiner))) record_end(joiner, joiner->before, (struct str){0});
}

/* ---- streams ---- */

static struct joiner *joiner_of(struct stream *stream)
{
    if (!stream->joiner) {
        stream->joiner = xcalloc(1, sizeof *stream->joiner);
        stream->joiner->stream = stream;
        stream->joiner->before = stream->position;
    }
    return stream->joiner;
}

void joiner_add(struct stream *stream, const struct frame *frame)
{
    struct joiner *joiner = joiner_of(stream);
    joiner->before = stream->position;
    joiner->touched = stream->input->loop->uv.data ? uv_now(&stream->input->loop->uv) : 0;
    for (size_t at = 0; at < frame->bytes.len || at == 0;) {
        struct str rest = str_from(frame->bytes, at);
        const char *newline = rest.len ? memchr(rest.ptr, '\n', rest.len) : NULL;
        size_t len = newline ? (size_t)(newline - rest.ptr) : rest.len;
        line_add(joiner, str_slice(rest, 0, len));
        at += len + 1;
    }
    if (frame->tag.len && joiner->lines) joiner->tag = frame->tag;
    stream_joined(stream, frame, !joiner->lines);
    joiner->before = stream->position;
    limit_held(stream->input->loop);
}

void joiner_flush(struct stream *stream)
{
    struct joiner *joiner = stream->joiner;
    if (!joiner || !joiner->lines) return;
    joiner->state = 0;
    record_end(joiner, stream->position, (struct str){0});
}

void joiner_close(struct stream *stream)
{
    if (!stream->joiner) return;
    release(stream->joiner);
    free(stream->joiner);
    stream->joiner = NULL;
}

/* ---- records that nobody goes on with ---- */

static void timer_tick(uv_timer_t *timer)
{
    struct loop *loop = timer->data;
    uint64_t now = uv_now(&loop->uv);
    bool is_needed = false;
    for (struct joiner *joiner = loop->joiners, *next; joiner; joiner = next) {
        next = joiner->next;
        uint64_t idle_ms = rules_of(joiner)->idle_ms;
        if (idle_ms && now - joiner->touched >= idle_ms && !input_is_paused(joiner->stream->input))
            joiner_flush(joiner->stream);
        else is_needed |= idle_ms != 0;
    }
    if (!is_needed) uv_timer_stop(timer);
}

static void timer_start(struct loop *loop)
{
    if (!loop->uv.data || uv_is_active((uv_handle_t *)&loop->join_timer)) return;
    uv_timer_start(&loop->join_timer, timer_tick, JOIN_TICK_MS, JOIN_TICK_MS);
}
