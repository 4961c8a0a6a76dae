/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/lsp/frames.h"
#include <strings.h>

#define LENGTH_HEADER "Content-Length:"

void frames_fini(struct frames *frames)
{
    buf_fini(&frames->bytes);
    *frames = (struct frames){0};
}

static struct str waiting(const struct frames *frames)
{
    return frames->bytes.len ? str_from(buf_str(&frames->bytes), frames->at) : STR("");
}

void frames_feed(struct frames *frames, struct str bytes)
{
    if (frames->skipped) {
        size_t skipped = bytes.len < frames->skipped ? bytes.len : (size_t)frames->skipped;
        frames->skipped -= skipped;
        bytes = str_from(bytes, skipped);
    }
    /* What was given out makes room before the buffer grows. */
    if (frames->at) {
        size_t left = frames->bytes.len - frames->at;
        memmove(frames->bytes.ptr, frames->bytes.ptr + frames->at, left);
        buf_truncate(&frames->bytes, left);
        frames->at = 0;
    }
    buf_append(&frames->bytes, bytes);
}

/* 1 to 18 digits, blanks around them. */
static bool read_length(struct str text, uint64_t *length)
{
    while (text.len && is_blank(text.ptr[0])) text = str_from(text, 1);
    while (text.len && is_blank(text.ptr[text.len - 1])) text.len--;
    if (text.len == 0 || text.len > 18) return false;
    *length = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i])) return false;
        *length = *length * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    return true;
}

/* Header names know no case; a second length would make one of the two wrong. */
static bool read_header(struct str header, uint64_t *length)
{
    const size_t name = sizeof LENGTH_HEADER - 1;
    bool is_found = false;
    while (header.len) {
        ptrdiff_t end = str_find(header, STR("\r\n"));
        struct str line = str_slice(header, 0, end < 0 ? header.len : (size_t)end);
        header = str_from(header, line.len + 2);
        if (line.len < name || strncasecmp(line.ptr, LENGTH_HEADER, name) != 0) continue;
        if (is_found || !read_length(str_from(line, name), length)) return false;
        is_found = true;
    }
    return is_found;
}

/* Drops what comes before the next length; keeps a tail that may be the beginning of one. */
static bool find_again(struct frames *frames)
{
    struct str bytes = waiting(frames);
    ptrdiff_t found = str_find(bytes, STR(LENGTH_HEADER));
    size_t kept = sizeof LENGTH_HEADER - 2;
    if (found >= 0) frames->at += (size_t)found;
    else if (bytes.len > kept) frames->at += bytes.len - kept;
    frames->is_lost = found < 0;
    return found >= 0;
}

static enum frame_verdict lose(struct frames *frames, size_t passed)
{
    frames->at += passed;
    frames->is_lost = true;
    return FRAME_MALFORMED;
}

static void skip_body(struct frames *frames, uint64_t length)
{
    assert(length > FRAME_BODY_MAX && !frames->skipped);
    size_t here = waiting(frames).len;
    if (here > length) here = (size_t)length;
    frames->at += here;
    frames->skipped = length - here;
}

static enum frame_verdict take_header(struct frames *frames)
{
    struct str bytes = waiting(frames);
    ptrdiff_t end = str_find(str_slice(bytes, 0, bytes.len < FRAME_HEADER_MAX ? bytes.len : FRAME_HEADER_MAX),
                             STR("\r\n\r\n"));
    if (end < 0 && bytes.len < FRAME_HEADER_MAX) return FRAME_WANTED;
    uint64_t length;
    /* One byte at least is passed over, so that the same header is not met again. */
    if (end < 0 || !read_header(str_slice(bytes, 0, (size_t)end), &length))
        return lose(frames, end < 0 ? 1 : (size_t)end + 4);
    frames->at += (size_t)end + 4;
    if (length > FRAME_BODY_MAX) {
        skip_body(frames, length);
        return FRAME_TOO_LONG;
    }
    frames->has_header = true;
    frames->body_len = (size_t)length;
    return FRAME_WHOLE;
}

enum frame_verdict frames_next(struct frames *frames, struct str *body)
{
    assert(frames->at <= frames->bytes.len);
    if (frames->is_lost && !find_again(frames)) return FRAME_WANTED;
    if (!frames->has_header) {
        enum frame_verdict verdict = take_header(frames);
        if (verdict != FRAME_WHOLE) return verdict;
    }
    struct str bytes = waiting(frames);
    if (bytes.len < frames->body_len) return FRAME_WANTED;
    assert(frames->body_len <= FRAME_BODY_MAX && !frames->skipped);
    *body = str_slice(bytes, 0, frames->body_len);
    frames->at += frames->body_len;
    frames->has_header = false;
    return FRAME_WHOLE;
}

void frame_write(struct buf *out, struct str body)
{
    buf_printf(out, LENGTH_HEADER " %zu\r\n\r\n", body.len);
    buf_append(out, body);
}
