/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/syslog_framer.h"
#include <assert.h>
#include "core/log.h"

void syslog_framer_init(struct syslog_framer *framer, struct stream *stream, size_t limit)
{
    *framer = (struct syslog_framer){0};
    framer_init(&framer->framer, stream, STR("\n"), limit, 0);
}

void syslog_framer_fini(struct syslog_framer *framer) { framer_fini(&framer->framer); }

/* The digits gathered as a number; the blank behind them is not looked at. */
static size_t header_count(const struct syslog_framer *framer)
{
    size_t count = 0;
    for (uint8_t i = 0; i < framer->header_len && is_digit(framer->header[i]); i++)
        count = count * 10 + (size_t)(framer->header[i] - '0');
    return count;
}

/* What was gathered is no count after all: it is the start of a line. */
static void header_is_line(struct syslog_framer *framer)
{
    if (framer->framing == SYSLOG_FRAMING_COUNTED) {
        struct input *input = framer->framer.stream->input;
        framer->is_lost = true;
        counter_add(&input->counters.errors, 1);
        LOG(LOG_WARN, "syslog.no_count", input->id,
            "an octet-counted connection sent something that is no length: read as a line");
    } else {
        framer->framing = SYSLOG_FRAMING_LINES;
    }
    /* holds no LF, so it cannot become a whole line here */
    struct str header = {framer->header, framer->header_len};
    framer->header_len = 0;
    size_t used = framer_feed_one(&framer->framer, header, NULL);
    assert(used == header.len);
    (void)used;
}

enum step { STEP_MORE, STEP_COUNT, STEP_LINE };

/* Looks at one byte where a count may stand. */
static enum step header_step(struct syslog_framer *framer, char c)
{
    bool has_blank = framer->header_len && framer->header[framer->header_len - 1] == ' ';
    if (has_blank) return c == '<' ? STEP_COUNT : STEP_LINE;
    bool fits = is_digit(c) ? framer->header_len < SYSLOG_COUNT_DIGITS &&
                                  (framer->header_len || c != '0')
                            : c == ' ' && framer->header_len > 0;
    if (!fits) return STEP_LINE;
    framer->header[framer->header_len++] = c;
    return STEP_MORE;
}

/* Reads up to the end of a count, or decides that there is none. Returns the bytes used; the byte
 * that decides is not. */
static size_t header_feed(struct syslog_framer *framer, struct str bytes)
{
    for (size_t used = 0; used < bytes.len; used++) {
        char c = bytes.ptr[used];
        bool is_filler = framer->framing == SYSLOG_FRAMING_COUNTED && framer->header_len == 0 &&
                         (c == '\n' || c == '\r' || c == 0);
        if (is_filler) continue;
        switch (header_step(framer, c)) {
        case STEP_MORE: continue;
        case STEP_LINE: header_is_line(framer); return used;
        case STEP_COUNT:
            framer->framing = SYSLOG_FRAMING_COUNTED;
            framer_count(&framer->framer, header_count(framer));
            framer->header_len = 0;
            return used;
        }
    }
    return bytes.len;
}

size_t syslog_framer_feed(struct syslog_framer *framer, struct str bytes, struct block *block)
{
    const struct input *input = framer->framer.stream->input;
    size_t used = 0;
    while (used < bytes.len && !input_is_paused(input)) {
        struct str rest = str_from(bytes, used);
        if (framer->framing == SYSLOG_FRAMING_LINES) {
            used += framer_feed(&framer->framer, rest, block);
        } else if (framer->is_lost || !framer_is_between(&framer->framer)) {
            used += framer_feed_one(&framer->framer, rest, block);
            if (framer_is_between(&framer->framer)) framer->is_lost = false;
        } else {
            used += header_feed(framer, rest);
        }
    }
    return used;
}

void syslog_framer_flush(struct syslog_framer *framer)
{
    /* all that came was the start of a count: it is a line */
    if (framer->header_len) {
        struct frame frame = {.bytes = {framer->header, framer->header_len},
                              .position = framer->framer.position + framer->header_len};
        framer->header_len = 0;
        stream_emit(framer->framer.stream, &frame);
    }
    framer_flush(&framer->framer);
}
