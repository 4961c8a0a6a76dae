/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/lsp/frames.h"
#include <criterion/criterion.h>
#include <stdio.h>

static struct frames frames;
static void begin(void) { frames = (struct frames){0}; }
static void end(void) { frames_fini(&frames); }
TestSuite(lsp_frames, .init = begin, .fini = end);

/* What came of the bytes so far, one letter a verdict, bodies in brackets. */
static void drain(struct buf *out)
{
    struct str body;
    for (;;) {
        switch (frames_next(&frames, &body)) {
        case FRAME_WANTED: return;
        case FRAME_WHOLE: buf_printf(out, "[%.*s]", STR_ARG(body)); break;
        case FRAME_MALFORMED: buf_append_char(out, 'm'); break;
        case FRAME_TOO_LONG: buf_append_char(out, 'l'); break;
        }
    }
}

static const struct {
    const char *bytes, *result;
} rows[] = {
    {"Content-Length: 2\r\n\r\n{}", "[{}]"},
    {"Content-Length: 0\r\n\r\nContent-Length: 1\r\n\r\nx", "[][x]"},
    {"content-LENGTH:2\r\n\r\nab", "[ab]"},
    {"Content-Type: text/plain\r\nContent-Length: 2 \r\n\r\nab", "[ab]"},
    {"Content-Length: 3\r\n\r\nab", ""},
    {"Content-Length: 2\r\n", ""},
    {"Content-Length: -1\r\n\r\nContent-Length: 2\r\n\r\nab", "m[ab]"},
    {"Content-Length: x\r\n\r\nContent-Length: 2\r\n\r\nab", "m[ab]"},
    {"Content-Length:\r\n\r\nContent-Length: 2\r\n\r\nab", "m[ab]"},
    {"Content-Length: 1234567890123456789\r\n\r\nContent-Length: 2\r\n\r\nab", "m[ab]"},
    {"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabContent-Length: 2\r\n\r\nab", "m[ab]"},
    {"Nothing: 2\r\n\r\nabContent-Length: 2\r\n\r\ncd", "m[cd]"},
    {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "m"},
    {"\r\n\r\n{}Content-Length: 2\r\n\r\ncd", "m[cd]"},
};

Test(lsp_frames, bytes_become_bodies_however_they_come)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t step = 1; step < 60; step += step < 4 ? 1 : 50) {
            struct buf out = {0};
            struct str rest = str_of(rows[i].bytes);
            begin();
            while (rest.len) {
                size_t len = rest.len < step ? rest.len : step;
                frames_feed(&frames, str_slice(rest, 0, len));
                drain(&out);
                rest = str_from(rest, len);
            }
            cr_expect_str_eq(buf_z(&out), rows[i].result, "%s by %zu: %s", rows[i].bytes, step, buf_z(&out));
            buf_fini(&out);
            end();
        }
}

Test(lsp_frames, a_header_beyond_its_limit_is_told_and_the_next_message_is_read)
{
    struct buf bytes = {0}, out = {0};
    buf_append_z(&bytes, "X: ");
    while (bytes.len < FRAME_HEADER_MAX) buf_append_char(&bytes, 'x');
    buf_append_z(&bytes, "\r\nContent-Length: 2\r\n\r\nab");
    frames_feed(&frames, buf_str(&bytes));
    drain(&out);
    cr_expect_str_eq(buf_z(&out), "m[ab]");
    buf_fini(&bytes);
    buf_fini(&out);
}

Test(lsp_frames, a_body_at_the_limit_is_read_and_one_byte_more_is_skipped)
{
    struct buf out = {0};
    char *body = malloc(FRAME_BODY_MAX + 1);
    memset(body, 'x', FRAME_BODY_MAX + 1);
    for (size_t more = 0; more < 2; more++) {
        char header[64];
        snprintf(header, sizeof header, "Content-Length: %zu\r\n\r\n", FRAME_BODY_MAX + more);
        frames_feed(&frames, str_of(header));
        struct str got;
        enum frame_verdict verdict = frames_next(&frames, &got);
        cr_expect_eq(verdict, more ? FRAME_TOO_LONG : FRAME_WANTED);
        frames_feed(&frames, (struct str){body, FRAME_BODY_MAX + more});
        if (!more) cr_expect(frames_next(&frames, &got) == FRAME_WHOLE && got.len == FRAME_BODY_MAX);
    }
    cr_expect_lt(frames.bytes.len, 4096, "what is skipped is not kept");
    frames_feed(&frames, STR("Content-Length: 2\r\n\r\nab"));
    drain(&out);
    cr_expect_str_eq(buf_z(&out), "[ab]");
    free(body);
    buf_fini(&out);
}
