/* SPDX-License-Identifier: Apache-2.0 */
/* Lines out of a stream of bytes (core/input.h). */
#include <assert.h>
#include <stdlib.h>
#include "core/input.h"
#include "core/log.h"
#include "core/xmalloc.h"

enum { TAIL_BYTES_MIN = 256 };
#define TAG_CUT STR("_line_cut")

void framer_init(struct framer *framer, struct stream *stream, struct str delimiter, size_t limit,
                 uint64_t position)
{
    assert(delimiter.len && limit);
    *framer = (struct framer){
        .delimiter = delimiter, .limit = limit, .position = position, .stream = stream};
}

static struct loop *framer_loop(const struct framer *framer) { return framer->stream->input->loop; }

static void tail_release(struct framer *framer)
{
    if (!framer->tail) return;
    struct loop *loop = framer_loop(framer);
    loop->half_frame_bytes -= framer->tail_capacity;
    budget_release(loop->budget, framer->tail_capacity);
    free(framer->tail);
    framer->tail = NULL;
    framer->tail_len = framer->tail_capacity = 0;
    *framer->link = framer->next;
    if (framer->next) framer->next->link = framer->link;
}

void framer_fini(struct framer *framer)
{
    if (framer->tail_len && !framer->is_skipping)
        counter_add(&framer->stream->input->counters.discarded, 1);
    tail_release(framer);
}

/* A frame of bytes that lie in the tail or, with a block, in it. */
static void framer_emit(struct framer *framer, struct str line, struct block *block, struct str tag)
{
    struct frame frame = {
        .bytes = line, .block = block, .position = framer->position, .tag = tag};
    stream_emit(framer->stream, &frame);
}

static void framer_emit_cut(struct framer *framer, struct str line)
{
    counter_add(&framer->stream->input->counters.cut, 1);
    framer_emit(framer, line, NULL, TAG_CUT);
    framer->is_skipping = true;
}

static void framer_cut(struct framer *framer, struct str line)
{
    LOG(LOG_WARN, "input.line_cut", framer->stream->input->id,
        "a line of more than %zu bytes was cut, its event is tagged _line_cut", framer->limit);
    framer_emit_cut(framer, line);
}

/* Half frames may take a quarter of the budget: beyond it the largest is cut. */
static void half_frames_limit(struct loop *loop)
{
    while (loop->budget->limit && loop->half_frame_bytes > loop->budget->limit / 4) {
        struct framer *largest = loop->framers;
        for (struct framer *framer = largest; framer; framer = framer->next)
            if (framer->tail_capacity > largest->tail_capacity) largest = framer;
        if (!largest) return;
        size_t len = largest->tail_len < largest->limit ? largest->tail_len : largest->limit;
        if (len && !largest->is_skipping) {
            LOG(LOG_WARN, "input.half_lines", largest->stream->input->id,
                "unfinished lines fill a quarter of pipeline.memory: the largest was cut at %zu bytes, "
                "its event is tagged _line_cut; raise pipeline.memory or lower line_limit", len);
            framer_emit_cut(largest, (struct str){largest->tail, len});
        }
        tail_release(largest);
    }
}

static void tail_append(struct framer *framer, struct str bytes)
{
    if (bytes.len == 0) return;
    struct loop *loop = framer_loop(framer);
    size_t wanted = framer->tail_len + bytes.len;
    if (wanted > framer->tail_capacity) {
        size_t capacity = framer->tail_capacity ? framer->tail_capacity : TAIL_BYTES_MIN;
        while (capacity < wanted) capacity *= 2;
        if (!framer->tail) {
            framer->next = loop->framers;
            framer->link = &loop->framers;
            if (framer->next) framer->next->link = &framer->next;
            loop->framers = framer;
        }
        framer->tail = xrealloc(framer->tail, capacity);
        loop->half_frame_bytes += capacity - framer->tail_capacity;
        budget_charge(loop->budget, capacity - framer->tail_capacity);
        framer->tail_capacity = capacity;
    }
    memcpy(framer->tail + framer->tail_len, bytes.ptr, bytes.len);
    framer->tail_len = wanted;
}

/* Offset of the delimiter in `bytes`, or -1. */
static ptrdiff_t framer_find(const struct framer *framer, struct str bytes)
{
    if (framer->delimiter.len > 1) return str_find(bytes, framer->delimiter);
    const char *found = bytes.len ? memchr(bytes.ptr, framer->delimiter.ptr[0], bytes.len) : NULL;
    return found ? found - bytes.ptr : -1;
}

/* A delimiter of several bytes may lie across the border of tail and bytes: looks at a window of
 * both. Returns how many of `bytes` belong to it when it ends there, or 0. */
static size_t framer_find_across(const struct framer *framer, struct str bytes)
{
    size_t width = framer->delimiter.len;
    for (size_t in_tail = width - 1; in_tail >= 1; in_tail--) {
        size_t rest = width - in_tail;
        if (framer->tail_len >= in_tail && bytes.len >= rest &&
            !memcmp(framer->tail + framer->tail_len - in_tail, framer->delimiter.ptr, in_tail) &&
            !memcmp(bytes.ptr, framer->delimiter.ptr + in_tail, rest))
            return rest;
    }
    return 0;
}

/* The tail and the first `len` of `bytes` are a line (cut to the limit); `eaten` bytes are used. */
static void framer_finish_tail(struct framer *framer, struct str bytes, size_t len, size_t eaten)
{
    framer->position += eaten;
    size_t total = framer->tail_len + len;
    size_t kept = total < framer->limit ? total : framer->limit;
    if (kept > framer->tail_len)
        tail_append(framer, (struct str){bytes.ptr, kept - framer->tail_len});
    else
        framer->tail_len = kept; /* it held the start of a delimiter that was none */
    struct str line = {framer->tail, kept};
    if (total > kept) {
        counter_add(&framer->stream->input->counters.cut_bytes, total - kept);
        framer_cut(framer, line);
        framer->is_skipping = false;
    } else
        framer_emit(framer, line, NULL, (struct str){0});
    tail_release(framer);
}

/* Replaces the tail by the last bytes of tail and `bytes` in which a delimiter may have begun.
 * Returns how many bytes were thrown away. */
static size_t framer_keep_last(struct framer *framer, struct str bytes)
{
    size_t total = framer->tail_len + bytes.len;
    size_t most = framer->delimiter.len - 1;
    size_t keep = total < most ? total : most;
    if (bytes.len >= keep) {
        framer->tail_len = 0;
        tail_append(framer, str_from(bytes, bytes.len - keep));
    } else {
        size_t drop = total - keep;
        memmove(framer->tail, framer->tail + drop, framer->tail_len - drop);
        framer->tail_len -= drop;
        tail_append(framer, bytes);
    }
    if (framer->tail_len == 0) tail_release(framer);
    return total - keep;
}

/* A step behind a line that was cut: throws away up to the delimiter. */
static size_t framer_skip(struct framer *framer, struct str bytes)
{
    size_t across = framer->tail_len ? framer_find_across(framer, bytes) : 0;
    ptrdiff_t at = across ? -1 : framer_find(framer, bytes);
    size_t eaten = bytes.len, thrown;
    if (across) {
        eaten = across;
        thrown = framer->tail_len - (framer->delimiter.len - across);
    } else if (at >= 0) {
        eaten = (size_t)at + framer->delimiter.len;
        thrown = framer->tail_len + (size_t)at;
    } else
        thrown = framer_keep_last(framer, bytes);
    counter_add(&framer->stream->input->counters.cut_bytes, thrown);
    framer->position += eaten;
    if (across || at >= 0) {
        framer->is_skipping = false;
        tail_release(framer);
    }
    return eaten;
}

/* The line is longer than the limit: so much of it is emitted, the rest is skipped. */
static size_t framer_too_long(struct framer *framer, struct str bytes)
{
    size_t room = framer->limit > framer->tail_len ? framer->limit - framer->tail_len : 0;
    tail_append(framer, (struct str){bytes.ptr, room});
    framer->position += room;
    framer_cut(framer, (struct str){framer->tail, framer->limit});
    /* what the tail held beyond the limit may be the start of a delimiter */
    size_t rest = framer->tail_len - framer->limit;
    memmove(framer->tail, framer->tail + framer->limit, rest);
    framer->tail_len = rest;
    if (rest == 0) tail_release(framer);
    return room;
}

/* One step: a line, or the unfinished rest. Returns how many bytes it used. A line's length is known
 * only once its delimiter cannot have begun any more: the tail may hold limit + width - 1 bytes. */
static size_t framer_step(struct framer *framer, struct str bytes, struct block *block)
{
    if (framer->is_skipping) return framer_skip(framer, bytes);
    size_t across = framer->tail_len ? framer_find_across(framer, bytes) : 0;
    if (across) {
        framer->tail_len -= framer->delimiter.len - across;
        framer_finish_tail(framer, bytes, 0, across);
        return across;
    }
    ptrdiff_t at = framer_find(framer, bytes);
    size_t len = at < 0 ? bytes.len : (size_t)at;
    size_t eaten = at < 0 ? bytes.len : len + framer->delimiter.len;
    if (at >= 0 && framer->tail_len == 0 && len <= framer->limit) {
        framer->position += eaten;
        framer_emit(framer, (struct str){bytes.ptr, len}, block, (struct str){0});
    } else if (at >= 0 && framer->tail_len) {
        framer_finish_tail(framer, bytes, len, eaten);
    } else if (at >= 0 || framer->tail_len + len > framer->limit + framer->delimiter.len - 1) {
        return framer_too_long(framer, bytes);
    } else {
        framer->position += eaten;
        tail_append(framer, bytes);
        half_frames_limit(framer_loop(framer));
    }
    return eaten;
}

void framer_count(struct framer *framer, size_t len)
{
    assert(len && framer_is_between(framer));
    framer->counted = len;
}

/* The same for a frame whose length is known: all of `bytes` that belong to it. */
static size_t framer_step_counted(struct framer *framer, struct str bytes, struct block *block)
{
    size_t len = bytes.len < framer->counted ? bytes.len : framer->counted;
    size_t room = framer->limit > framer->tail_len ? framer->limit - framer->tail_len : 0;
    bool is_whole = len == framer->counted;
    framer->counted -= len;
    framer->position += len;
    if (framer->is_skipping) {
        counter_add(&framer->stream->input->counters.cut_bytes, len);
    } else if (is_whole && framer->tail_len == 0 && len <= room) {
        framer_emit(framer, (struct str){bytes.ptr, len}, block, (struct str){0});
    } else {
        tail_append(framer, (struct str){bytes.ptr, len < room ? len : room});
        if (len > room) {
            counter_add(&framer->stream->input->counters.cut_bytes, len - room);
            framer_cut(framer, (struct str){framer->tail, framer->tail_len});
            tail_release(framer);
        } else if (is_whole) {
            framer_emit(framer, (struct str){framer->tail, framer->tail_len}, NULL, (struct str){0});
            tail_release(framer);
        } else {
            half_frames_limit(framer_loop(framer));
        }
    }
    if (is_whole) framer->is_skipping = false;
    return len;
}

size_t framer_feed_one(struct framer *framer, struct str bytes, struct block *block)
{
    size_t used = 0;
    while (used < bytes.len && !input_is_paused(framer->stream->input)) {
        struct str rest = str_from(bytes, used);
        used += framer->counted ? framer_step_counted(framer, rest, block)
                                : framer_step(framer, rest, block);
        if (framer_is_between(framer)) break;
    }
    return used;
}

size_t framer_feed(struct framer *framer, struct str bytes, struct block *block)
{
    size_t used = 0;
    while (used < bytes.len && !input_is_paused(framer->stream->input))
        used += framer_feed_one(framer, str_from(bytes, used), block);
    return used;
}

void framer_flush(struct framer *framer)
{
    if (framer->is_skipping)
        counter_add(&framer->stream->input->counters.cut_bytes, framer->tail_len);
    else if (framer->tail_len)
        framer_finish_tail(framer, (struct str){0}, 0, 0);
    framer->is_skipping = false;
    framer->counted = 0;
    tail_release(framer);
}
