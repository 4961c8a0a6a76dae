/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a record of the queue: refused, or what is read writes a record that reads as the same. */
#include <stdlib.h>
#include "core/queue/queue_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(struct str a, struct str b)
{
    if (!str_eq(a, b)) abort();
}

/* All frames that are whole, into a record of their own. */
static uint64_t copy(struct str frames, struct buf *out)
{
    struct queue_frame frame;
    uint64_t count = 0;
    for (; queue_record_next(&frames, &frame) == QUEUE_NEXT_FRAME; count++)
        queue_record_frame(out, frame.bytes, frame.tags, frame.tag_count);
    return count;
}

static void compare(struct str frames, struct str again)
{
    struct queue_frame a, b;
    while (queue_record_next(&frames, &a) == QUEUE_NEXT_FRAME) {
        if (queue_record_next(&again, &b) != QUEUE_NEXT_FRAME) abort();
        same(a.bytes, b.bytes);
        uint32_t tags = 0; /* empty ones are none */
        for (uint32_t i = 0; i < a.tag_count; i++)
            if (a.tags[i].len) same(a.tags[i], b.tags[tags++]);
        if (tags != b.tag_count) abort();
    }
    if (queue_record_next(&again, &b) != QUEUE_NEXT_END) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str frames = {(const char *)data, size}, again;
    struct queue_head head, head_again;
    if (!queue_record_open(&frames, &head)) return 0;
    struct buf out = {0};
    queue_record_begin(&out, &head);
    uint64_t count = copy(frames, &out);
    if (count != queue_record_count(frames)) abort();
    again = buf_str(&out);
    if (!queue_record_open(&again, &head_again)) abort();
    same(head.id, head_again.id);
    same(head.type, head_again.type);
    same(head.origin, head_again.origin);
    if (head.first != head_again.first || head.arrival.seconds != head_again.arrival.seconds) abort();
    compare(frames, again);
    buf_fini(&out);
    return 0;
}
