/* SPDX-License-Identifier: Apache-2.0 */
/* Records packed and unpacked; what is no packed record is refused, and never written beyond its room. */
#include "core/queue/queue_pack.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/xmalloc.h"

enum { RECORDS = 600 };

static struct buf bytes;
static uint32_t ends[RECORDS];

static void end(void) { buf_fini(&bytes); }
TestSuite(queue_pack, .fini = end);

static void records_make(uint32_t count, size_t frame_bytes, unsigned noise)
{
    char *text = xmalloc(frame_bytes);
    unsigned state = noise;
    buf_clear(&bytes);
    for (uint32_t i = 0; i < count; i++) {
        struct queue_head head = {.first = i + 1, .arrival = value_time(1700000000, 0), .type = STR("tcp"), .id = STR("t")};
        for (size_t k = 0; k < frame_bytes; k++)
            text[k] = noise ? (char)((state = state * 1103515245 + 12345) >> 16) : (char)('a' + k % 7);
        queue_record_begin(&bytes, &head);
        queue_record_frame(&bytes, (struct str){text, frame_bytes}, NULL, 0);
        ends[i] = (uint32_t)bytes.len;
    }
    free(text);
}

static struct str packed_of(struct record_pack *pack, uint32_t records, uint32_t *count)
{
    return queue_pack_records(pack, bytes.ptr, 0, ends, records, SIZE_MAX, count);
}

Test(queue_pack, gives_back_each_record_as_it_was_at_every_level)
{
    for (int level = COMPRESS_SPEED; level <= COMPRESS_SIZE; level++) {
        struct record_pack *pack = record_pack_create((enum compression)level);
        struct queue_records list;
        uint32_t count, got = 0;
        records_make(100, 80, 0);
        struct str packed = packed_of(pack, 100, &count);
        cr_assert_eq(count, 100);
        cr_assert(packed.len && packed.len < bytes.len / 4, "%zu of %zu bytes", packed.len, bytes.len);
        cr_assert(queue_records_open(pack, packed, NULL, &list));
        for (struct str record; queue_records_next(&list, &record); got++) {
            uint32_t start = got ? ends[got - 1] : 0;
            cr_expect(str_eq(record, str_slice(buf_str(&bytes), start, ends[got])), "record %u", got);
        }
        cr_expect_eq(got, 100);
        record_pack_destroy(pack);
    }
}

Test(queue_pack, takes_no_more_at_once_than_its_limits)
{
    static const struct { const char *what; uint32_t records; size_t bytes; uint32_t taken; } rows[] = {
        {"as many as there may be", RECORD_PACK_RECORDS_MAX, 10, RECORD_PACK_RECORDS_MAX},
        {"one more than there may be", RECORD_PACK_RECORDS_MAX + 1, 10, RECORD_PACK_RECORDS_MAX},
        {"more bytes than are put together", 4, RECORD_PACK_BYTES / 2, 1},
        {"one that is longer", 2, 2 * RECORD_PACK_BYTES, 1},
    };
    struct record_pack *pack = record_pack_create(COMPRESS_SPEED);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t count;
        records_make(rows[i].records, rows[i].bytes, 0);
        cr_expect_gt(packed_of(pack, rows[i].records, &count).len, 0);
        cr_expect_eq(count, rows[i].taken, "%s: %u", rows[i].what, count);
    }
    record_pack_destroy(pack);
}

Test(queue_pack, leaves_alone_what_does_not_become_smaller)
{
    struct record_pack *pack = record_pack_create(COMPRESS_SIZE);
    uint32_t count;
    records_make(3, 200, 4711);
    cr_expect_eq(packed_of(pack, 3, &count).len, 0, "noise");
    cr_expect_eq(count, 3);
    records_make(100, 80, 0);
    size_t len = packed_of(pack, 100, &count).len;
    cr_expect_eq(queue_pack_records(pack, bytes.ptr, 0, ends, 100, len - 1, &count).len, 0, "larger than it may be");
    cr_expect_eq(queue_pack_records(pack, bytes.ptr, 0, ends, 100, len + 64, &count).len, len, "as large as it may be");
    record_pack_destroy(pack);
}

Test(queue_pack, knows_the_versions)
{
    static const struct { const char *what; struct str payload; enum queue_form form; } rows[] = {
        {"nothing", {"", 0}, QUEUE_FORM_BAD},
        {"version 0", {"\0x", 2}, QUEUE_FORM_BAD},
        {"version 1", {"\1x", 2}, QUEUE_FORM_PLAIN},
        {"version 2", {"\2\5x", 3}, QUEUE_FORM_PACKED},
        {"version 3", {"\3x", 2}, QUEUE_FORM_NEWER},
        {"version 255", {"\xffx", 2}, QUEUE_FORM_NEWER},
        {"without its size", {"\2", 1}, QUEUE_FORM_BAD},
        {"of no bytes", {"\2\0", 2}, QUEUE_FORM_BAD},
        {"as large as one may be", {"\2\x8a\x80\x80\x08", 5}, QUEUE_FORM_PACKED},
        {"larger than one may be", {"\2\x8b\x80\x80\x08", 5}, QUEUE_FORM_BAD},
        {"of nearly endless bytes", {"\2\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10}, QUEUE_FORM_BAD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t raw;
        cr_expect_eq(queue_form_of(rows[i].payload, &raw), rows[i].form, "%s", rows[i].what);
    }
}

Test(queue_pack, refuses_what_is_cut_changed_or_lies_about_its_size)
{
    struct record_pack *pack = record_pack_create(COMPRESS_SPEED);
    struct queue_records list;
    uint32_t count;
    records_make(20, 40, 0);
    struct str packed = packed_of(pack, 20, &count);
    char *copy = xmalloc(packed.len);
    memcpy(copy, packed.ptr, packed.len);
    for (size_t len = 0; len < packed.len; len++)
        cr_expect(!queue_records_open(pack, (struct str){copy, len}, NULL, &list), "cut at %zu", len);
    for (size_t at = 1; at < 3; at++) { /* the size: smaller, larger */
        for (int by = -1; by <= 1; by += 2) {
            copy[at] = (char)(copy[at] + by);
            size_t raw;
            struct str changed = {copy, packed.len};
            if (queue_form_of(changed, &raw) == QUEUE_FORM_PACKED) {
                char *to = xmalloc(raw); /* the sanitizer watches its end */
                cr_expect(!queue_records_open(pack, changed, to, &list), "size changed at %zu by %d", at, by);
                free(to);
            }
            copy[at] = (char)(copy[at] - by);
        }
    }
    cr_expect(queue_records_open(pack, (struct str){copy, packed.len}, NULL, &list), "unchanged it is whole");
    free(copy);
    record_pack_destroy(pack);
}
