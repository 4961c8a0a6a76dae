/* SPDX-License-Identifier: Apache-2.0 */
#include "core/queue/queue_record.h"
#include <assert.h>
#include "core/text/time.h"

enum { NANOSECONDS_MAX = 999999999 };

void queue_record_begin(struct buf *out, const struct queue_head *head)
{
    assert(head->arrival.kind == VALUE_TIME);
    buf_append_char(out, QUEUE_RECORD_VERSION);
    pack_varint(out, head->first);
    pack_varint(out, (uint64_t)head->arrival.seconds);
    pack_varint(out, head->arrival.len);
    pack_text(out, head->type);
    pack_text(out, head->id);
    pack_text(out, head->origin);
}

static uint32_t tags_present(const struct str *tags, uint32_t count)
{
    uint32_t present = 0;
    for (uint32_t i = 0; i < count && present < QUEUE_TAGS_MAX; i++) present += tags[i].len != 0;
    return present;
}

void queue_record_frame(struct buf *out, struct str bytes, const struct str *tags, uint32_t tag_count)
{
    uint32_t present = tags_present(tags, tag_count);
    pack_varint(out, (uint64_t)bytes.len << 1 | (present != 0));
    if (present) {
        uint32_t left = present;
        pack_varint(out, present);
        for (uint32_t i = 0; left; i++) {
            if (!tags[i].len) continue;
            pack_text(out, tags[i]);
            left--;
        }
    }
    buf_append(out, bytes);
}

size_t queue_frame_overhead(const struct str *tags, uint32_t tag_count)
{
    size_t bytes = 2 * PACKED_VARINT_MAX;
    for (uint32_t i = 0; i < tag_count; i++) bytes += PACKED_VARINT_MAX + tags[i].len;
    return bytes;
}

bool queue_record_open(struct str *record, struct queue_head *head)
{
    uint64_t seconds, nanoseconds;
    if (!record->len || *record->ptr != QUEUE_RECORD_VERSION) return false;
    *record = str_from(*record, 1);
    if (!unpack_varint(record, &head->first) || !unpack_varint(record, &seconds) ||
        !unpack_varint(record, &nanoseconds) || nanoseconds > NANOSECONDS_MAX || !time_in_range((int64_t)seconds))
        return false;
    head->arrival = value_time((int64_t)seconds, (uint32_t)nanoseconds);
    return unpack_text(record, &head->type) && unpack_text(record, &head->id) &&
           unpack_text(record, &head->origin);
}

enum queue_next queue_record_next(struct str *frames, struct queue_frame *frame)
{
    uint64_t word, count = 0;
    if (!frames->len) return QUEUE_NEXT_END;
    if (!unpack_varint(frames, &word)) return QUEUE_NEXT_BAD;
    if (word & 1 && (!unpack_varint(frames, &count) || !count || count > QUEUE_TAGS_MAX)) return QUEUE_NEXT_BAD;
    for (uint64_t i = 0; i < count; i++)
        if (!unpack_text(frames, &frame->tags[i])) return QUEUE_NEXT_BAD;
    if (word >> 1 > frames->len) return QUEUE_NEXT_BAD;
    frame->tag_count = (uint32_t)count;
    frame->bytes = str_slice(*frames, 0, (size_t)(word >> 1));
    *frames = str_from(*frames, frame->bytes.len);
    return QUEUE_NEXT_FRAME;
}

uint64_t queue_record_count(struct str frames)
{
    struct queue_frame frame;
    uint64_t count = 0;
    while (queue_record_next(&frames, &frame) == QUEUE_NEXT_FRAME) count++;
    return count;
}
