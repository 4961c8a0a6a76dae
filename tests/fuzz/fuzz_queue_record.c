/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a record of the queue: refused, or what is read writes a record that reads as the same; and as packed
 * records: refused, or they give records whose unpacked bytes are as many as was told. What reads packs to what unpacks
 * to the same. */
#include <stdlib.h>
#include "core/queue/queue_pack.h"

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

/* Unpacked into memory of exactly the size that was told. */
static void unpack(struct record_pack *pack, struct str payload)
{
    size_t bytes = 0, got = 0;
    struct queue_records list;
    if (queue_form_of(payload, &bytes) != QUEUE_FORM_PACKED) return;
    char *to = malloc(bytes);
    if (to && queue_records_open(pack, payload, to, &list))
        for (struct str record; queue_records_next(&list, &record); got += record.len)
            if (record.ptr < to || record.ptr + record.len > to + bytes) abort();
    if (got > bytes) abort();
    free(to);
}

static void pack_again(struct record_pack *pack, struct str record)
{
    uint32_t ends[2] = {(uint32_t)record.len, (uint32_t)(2 * record.len)}, count;
    struct queue_records list;
    struct str each;
    struct buf twice = {0};
    buf_append(&twice, record);
    buf_append(&twice, record);
    struct str packed = queue_pack_records(pack, twice.ptr, 0, ends, 2, SIZE_MAX, &count);
    if (packed.len) {
        if (!queue_records_open(pack, packed, NULL, &list)) abort();
        for (uint32_t i = 0; i < count; i++) {
            if (!queue_records_next(&list, &each)) abort();
            same(each, record);
        }
        if (queue_records_next(&list, &each)) abort();
    }
    buf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct record_pack *pack;
    struct str frames = {(const char *)data, size}, again;
    struct queue_head head, head_again;
    if (!pack) pack = record_pack_create(COMPRESS_SPEED);
    unpack(pack, frames);
    if (!queue_record_open(&frames, &head)) return 0;
    pack_again(pack, (struct str){(const char *)data, size});
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
