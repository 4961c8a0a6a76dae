/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/lumberjack.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <zlib.h>
#include "core/net/lumberjack_acks.h"

/* ---- frames ---- */

static void number(struct buf *out, uint32_t n)
{
    char bytes[LUMBERJACK_ACK_BYTES];
    lumberjack_ack(bytes, '2', n);
    buf_append(out, (struct str){bytes + 2, 4});
}

static void window(struct buf *out, uint32_t count)
{
    buf_append_z(out, "2W");
    number(out, count);
}

static void event(struct buf *out, uint32_t sequence, struct str json)
{
    buf_append_z(out, "2J");
    number(out, sequence);
    number(out, (uint32_t)json.len);
    buf_append(out, json);
}

static void text(struct buf *out, const char *z)
{
    number(out, (uint32_t)strlen(z));
    buf_append_z(out, z);
}

static void compressed(struct buf *out, struct str frames, int level)
{
    uLongf len = compressBound(frames.len);
    char *sealed = malloc(len);
    compress2((Bytef *)sealed, &len, (const Bytef *)frames.ptr, frames.len, level);
    buf_append_z(out, "2C");
    number(out, (uint32_t)len);
    buf_append(out, (struct str){sealed, len});
    free(sealed);
}

/* Everything in words, `W3 1={"a":1} … ` and the problem; given in pieces of `piece` bytes. */
static void read_all(struct str bytes, size_t piece, struct buf *words)
{
    struct lumberjack jack;
    lumberjack_init(&jack);
    for (size_t at = 0; at < bytes.len && !jack.problem; at += piece) {
        struct str part = str_slice(bytes, at, at + piece < bytes.len ? at + piece : bytes.len);
        struct lumberjack_item item;
        enum lumberjack_found found;
        while ((found = lumberjack_next(&jack, &part, &item)) != LUMBERJACK_MORE) {
            if (found == LUMBERJACK_BROKEN) buf_append_z(words, jack.problem);
            if (found == LUMBERJACK_BROKEN) break;
            if (found == LUMBERJACK_WINDOW) buf_printf(words, "W%u ", item.number);
            else buf_printf(words, "%c:%u=%.*s ", item.version, item.number, STR_ARG(item.json));
        }
        cr_assert(jack.problem || part.len == 0);
    }
    lumberjack_fini(&jack);
}

static void expect(struct str bytes, const char *wanted)
{
    for (size_t piece = 1; piece <= bytes.len; piece++) {
        struct buf words = {0};
        read_all(bytes, piece, &words);
        cr_assert_str_eq(buf_z(&words), wanted, "in pieces of %zu: %s", piece, buf_z(&words));
        buf_fini(&words);
    }
}

Test(lumberjack, frames_of_all_kinds_come_out_the_same_whatever_the_cuts)
{
    struct buf out = {0}, inner = {0};
    window(&out, 4);
    event(&out, 1, STR("{\"a\":1}"));
    buf_append_z(&out, "1D");
    number(&out, 2);
    number(&out, 2);
    text(&out, "line"), text(&out, "x \"y\""), text(&out, ""), text(&out, "");
    event(&inner, 3, STR("{\"b\":2}"));
    event(&inner, 4, STR("{}"));
    compressed(&out, buf_str(&inner), 6);
    window(&out, 0);
    expect(buf_str(&out), "W4 2:1={\"a\":1} 1:2={\"line\":\"x \\\"y\\\"\",\"\":\"\"} 2:3={\"b\":2} 2:4={} W0 ");
    buf_fini(&out);
    buf_fini(&inner);
}

Test(lumberjack, what_a_small_frame_becomes_is_given_piece_by_piece)
{
    struct buf out = {0}, inner = {0}, words = {0};
    for (uint32_t i = 0; i < 20000; i++) event(&inner, i, STR("{\"message\":\"again and again\"}"));
    compressed(&out, buf_str(&inner), 9);
    struct lumberjack jack;
    struct lumberjack_item item;
    struct str bytes = buf_str(&out);
    lumberjack_init(&jack);
    uint32_t count = 0;
    for (; lumberjack_next(&jack, &bytes, &item) == LUMBERJACK_EVENT; count++) {
        cr_assert_eq(item.number, count);
        cr_assert_leq(lumberjack_held(&jack), INFLATER_BYTES + 2 * LUMBERJACK_KEPT_BYTES);
    }
    cr_assert_eq(count, 20000);
    cr_assert_null(jack.problem);
    lumberjack_fini(&jack);
    buf_fini(&out), buf_fini(&inner), buf_fini(&words);
}

static void fails(struct buf *out, const char *problem)
{
    struct buf words = {0};
    read_all(buf_str(out), out->len, &words);
    cr_assert_str_eq(buf_z(&words), problem);
    buf_fini(&words);
    buf_clear(out);
}

Test(lumberjack, each_limit_ends_the_connection)
{
    struct buf out = {0}, inner = {0};
    buf_append_z(&out, "2J");
    number(&out, 1), number(&out, LUMBERJACK_EVENT_BYTES_MAX + 1);
    fails(&out, "it sent an event that is empty or too long");
    buf_append_z(&out, "1D");
    number(&out, 1), number(&out, LUMBERJACK_PAIRS_MAX + 1);
    fails(&out, "it sent an event of no fields, or of too many");
    buf_append_z(&out, "1D");
    number(&out, 1), number(&out, 1), number(&out, LUMBERJACK_EVENT_BYTES_MAX);
    fails(&out, "it sent an event that is too long");
    buf_append_z(&out, "2C");
    number(&out, LUMBERJACK_SEALED_BYTES_MAX + 1);
    fails(&out, "it sent a compressed frame that is empty or too long");
    buf_append_z(&inner, "2J");
    number(&inner, 1), number(&inner, LUMBERJACK_EVENT_BYTES_MAX);
    for (int i = 0; i < LUMBERJACK_RATIO_FREE * 4; i++) buf_append_char(&inner, ' ');
    compressed(&out, buf_str(&inner), 9);
    fails(&out, "it sent a compressed frame that becomes too large");
    buf_clear(&inner);
    window(&inner, 1);
    struct buf twice = {0};
    compressed(&twice, buf_str(&inner), 6);
    compressed(&out, buf_str(&twice), 6);
    fails(&out, "it sent a compressed frame within a compressed frame");
    buf_fini(&out), buf_fini(&inner), buf_fini(&twice);
}

/* ---- acknowledgements ---- */

/* What is written when `position` is settled, as numbers. */
static void settled(struct lumberjack_acks *acks, uint64_t position, const char *wanted)
{
    struct buf out = {0}, words = {0};
    lumberjack_acks_settled(acks, position, &out);
    for (size_t at = 0; at < out.len; at += LUMBERJACK_ACK_BYTES) {
        const unsigned char *b = (const unsigned char *)out.ptr + at;
        buf_printf(&words, "%c%u ", b[0], (uint32_t)b[2] << 24 | (uint32_t)b[3] << 16 | (uint32_t)b[4] << 8 | b[5]);
    }
    cr_assert_str_eq(buf_z(&words), wanted);
    buf_fini(&out), buf_fini(&words);
}

static void come(struct lumberjack_acks *acks, uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i <= last; i++) cr_assert(lumberjack_acks_event(acks, i));
}

Test(lumberjack, acknowledgements_are_partial_in_order_and_never_ahead)
{
    struct lumberjack_acks acks = {0};
    cr_assert(lumberjack_acks_window(&acks, '2', 4));
    come(&acks, 1, 4);
    cr_assert_not(lumberjack_acks_event(&acks, 5), "the window is full");
    lumberjack_acks_window(&acks, '1', 2);
    come(&acks, 8, 9);
    settled(&acks, 0, "");
    settled(&acks, 2, "22 ");
    settled(&acks, 2, "");
    settled(&acks, 5, "24 18 ");
    settled(&acks, 6, "19 ");
    cr_assert_not(lumberjack_acks_owes(&acks));
    lumberjack_acks_fini(&acks);
}

Test(lumberjack, windows_that_are_empty_ended_early_or_do_not_count)
{
    struct lumberjack_acks acks = {0};
    lumberjack_acks_window(&acks, '2', 3);
    come(&acks, 1, 2);
    lumberjack_acks_window(&acks, '2', 0);
    settled(&acks, 0, "");
    lumberjack_acks_window(&acks, '2', 3);
    come(&acks, 7, 7), come(&acks, 5, 5);
    settled(&acks, 3, "22 20 "); /* numbers that do not follow each other are told at the end only */
    come(&acks, 6, 6);
    settled(&acks, 5, "26 ");
    lumberjack_acks_window(&acks, '2', 3);
    lumberjack_acks_window(&acks, '2', 1);
    come(&acks, 1, 1);
    settled(&acks, 6, "21 ");
    lumberjack_acks_fini(&acks);
}

Test(lumberjack, a_window_of_version_1_holds_until_the_next)
{
    struct lumberjack_acks acks = {0};
    lumberjack_acks_window(&acks, '1', 2);
    come(&acks, 1, 5);
    settled(&acks, 3, "12 13 ");
    settled(&acks, 5, "14 15 ");
    lumberjack_acks_window(&acks, '1', 0);
    cr_expect_not(lumberjack_acks_event(&acks, 6), "an empty one ends it");
    lumberjack_acks_window(&acks, '2', 1);
    come(&acks, 1, 1);
    cr_expect_not(lumberjack_acks_event(&acks, 2), "and version 2 knows no such");
    lumberjack_acks_fini(&acks);
}

Test(lumberjack, windows_have_a_limit)
{
    struct lumberjack_acks acks = {0};
    for (int i = 0; i < LUMBERJACK_WINDOWS_MAX; i++) {
        cr_assert(lumberjack_acks_window(&acks, '2', 1));
        come(&acks, 1, 1);
    }
    cr_assert_not(lumberjack_acks_window(&acks, '2', 1));
    lumberjack_acks_fini(&acks);
}
