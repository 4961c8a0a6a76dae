/* SPDX-License-Identifier: Apache-2.0 */
#include "core/queue/queue_record.h"
#include <criterion/criterion.h>

static const struct queue_head head = {.first = 300, .arrival = {.kind = VALUE_TIME, .len = 123456789, .seconds = 1700000000},
                                       .type = {"tcp", 3}, .id = {"lines", 5}, .origin = {"\1\2\0\3", 4}};

static struct buf record_of(void)
{
    struct buf out = {0};
    struct str tags[] = {{"", 0}, {"_line_cut", 9}, {"b", 1}};
    queue_record_begin(&out, &head);
    queue_record_frame(&out, STR("one"), NULL, 0);
    queue_record_frame(&out, (struct str){"", 0}, tags, 1);
    queue_record_frame(&out, (struct str){"t\0w", 3}, tags, 3);
    return out;
}

Test(queue_record, gives_back_who_sent_it_and_each_frame_with_its_tags)
{
    struct buf out = record_of();
    struct str rest = buf_str(&out);
    struct queue_head got;
    struct queue_frame frame;
    cr_assert(queue_record_open(&rest, &got));
    cr_expect_eq(got.first, head.first);
    cr_expect_eq(got.arrival.seconds, head.arrival.seconds);
    cr_expect_eq(got.arrival.len, head.arrival.len);
    cr_expect(str_eq(got.type, head.type) && str_eq(got.id, head.id) && str_eq(got.origin, head.origin));
    cr_expect_eq(queue_record_count(rest), 3);
    cr_assert_eq(queue_record_next(&rest, &frame), QUEUE_NEXT_FRAME);
    cr_expect(str_eq_z(frame.bytes, "one") && frame.tag_count == 0);
    cr_assert_eq(queue_record_next(&rest, &frame), QUEUE_NEXT_FRAME);
    cr_expect(frame.bytes.len == 0 && frame.tag_count == 0, "an empty tag is none");
    cr_assert_eq(queue_record_next(&rest, &frame), QUEUE_NEXT_FRAME);
    cr_expect(str_eq(frame.bytes, (struct str){"t\0w", 3}));
    cr_expect(frame.tag_count == 2 && str_eq_z(frame.tags[0], "_line_cut") && str_eq_z(frame.tags[1], "b"));
    cr_expect_eq(queue_record_next(&rest, &frame), QUEUE_NEXT_END);
    buf_fini(&out);
}

Test(queue_record, whatever_is_cut_off_is_no_frame)
{
    struct buf out = record_of();
    for (size_t len = 0; len < out.len; len++) {
        struct str rest = {out.ptr, len};
        struct queue_head got;
        struct queue_frame frame;
        enum queue_next next = QUEUE_NEXT_BAD;
        uint32_t frames = 0;
        if (!queue_record_open(&rest, &got)) continue;
        while ((next = queue_record_next(&rest, &frame)) == QUEUE_NEXT_FRAME) frames++;
        cr_expect(frames < 3, "%zu of %zu bytes", len, out.len);
    }
    buf_fini(&out);
}

Test(queue_record, refuses_what_it_does_not_know)
{
    static const struct { const char *what, *bytes; size_t len; } rows[] = {
        {"nothing", "", 0},
        {"another version", "\2\1\0\0\0\0\0", 7},
        {"a number without end", "\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12},
        {"a second with more than its nanoseconds", "\1\1\1\x80\x94\xeb\xdc\3\0\0\0", 11},
        {"a time beyond all years", "\1\1\xff\xff\xff\xff\xff\xff\xff\xff\x7f\0\0\0\0", 15},
        {"an id longer than the record", "\1\1\0\0\0\x7f", 6},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str record = {rows[i].bytes, rows[i].len};
        struct queue_head got;
        cr_expect(!queue_record_open(&record, &got), "%s", rows[i].what);
    }
    static const struct { const char *what, *bytes; size_t len; } frames[] = {
        {"longer than the rest", "\x08" "abc", 4},
        {"tags without a count", "\1", 1},
        {"no tags where there are some", "\1\0", 2},
        {"too many tags", "\1\x09" "aaaaaaaaaaaaaaaaaa", 20},
    };
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        struct str rest = {frames[i].bytes, frames[i].len};
        struct queue_frame frame;
        cr_expect_eq(queue_record_next(&rest, &frame), QUEUE_NEXT_BAD, "%s", frames[i].what);
    }
}

Test(queue_record, keeps_as_many_tags_as_there_may_be)
{
    struct str tags[QUEUE_TAGS_MAX + 3];
    struct buf out = {0};
    struct queue_frame frame;
    for (int i = 0; i < QUEUE_TAGS_MAX + 3; i++) tags[i] = STR("t");
    queue_record_frame(&out, STR("x"), tags, QUEUE_TAGS_MAX + 3);
    struct str rest = buf_str(&out);
    cr_assert_eq(queue_record_next(&rest, &frame), QUEUE_NEXT_FRAME);
    cr_expect_eq(frame.tag_count, QUEUE_TAGS_MAX);
    cr_expect_eq(queue_record_next(&rest, &frame), QUEUE_NEXT_END);
    buf_fini(&out);
}
