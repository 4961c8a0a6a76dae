/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/lumberjack.h"
#include <assert.h>
#include <stdlib.h>
#include <zlib.h>
#include "core/text/json.h"
#include "core/xmalloc.h"

enum step { STEP_HEAD, STEP_NUMBERS, STEP_JSON, STEP_KEY_LEN, STEP_KEY, STEP_VALUE_LEN, STEP_VALUE, STEP_SEALED };

struct lumberjack_inflater {
    struct lumberjack_reader inner;
    z_stream stream;
    bool is_ended; /* the compressed text has its end; what follows in the frame is none */
    size_t start, len; /* opened bytes that are not read yet */
    char opened[INFLATED_BYTES];
};

static uint32_t number_at(const char *bytes)
{
    const unsigned char *b = (const unsigned char *)bytes;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* ---- one run of frames ---- */

static void expect(struct lumberjack_reader *reader, enum step step, size_t want)
{
    reader->step = (int)step;
    reader->want = want;
}

static void reader_init(struct lumberjack_reader *reader)
{
    *reader = (struct lumberjack_reader){0};
    expect(reader, STEP_HEAD, 2);
}

static void reader_fini(struct lumberjack_reader *reader)
{
    buf_fini(&reader->tail);
    buf_fini(&reader->json);
}

static void empty(struct buf *buf)
{
    if (buf->capacity <= LUMBERJACK_KEPT_BYTES) {
        buf_clear(buf);
        return;
    }
    buf_fini(buf);
    *buf = (struct buf){0};
}

/* Bytes of the present step that have come already. */
static size_t tail_len(const struct lumberjack_reader *reader) { return reader->is_used ? 0 : reader->tail.len; }

/* The bytes of a step in one piece: out of what was given, or of the tail. False: some are still to come. */
static bool take(struct lumberjack_reader *reader, struct str *bytes, struct str *piece, bool *is_borrowed)
{
    if (reader->is_used) empty(&reader->tail);
    reader->is_used = false;
    *is_borrowed = reader->tail.len == 0 && bytes->len >= reader->want;
    if (*is_borrowed) {
        *piece = (struct str){bytes->ptr, reader->want};
        *bytes = str_from(*bytes, reader->want);
        return true;
    }
    size_t missing = reader->want - reader->tail.len;
    size_t more = bytes->len < missing ? bytes->len : missing;
    buf_append(&reader->tail, (struct str){bytes->ptr, more});
    *bytes = str_from(*bytes, more);
    *piece = buf_str(&reader->tail);
    reader->is_used = more == missing;
    return reader->is_used;
}

static const char *head_read(struct lumberjack_reader *reader, struct str head)
{
    reader->version = head.ptr[0];
    reader->letter = head.ptr[1];
    if (reader->version != '1' && reader->version != '2') return "it does not speak Lumberjack";
    switch (reader->letter) {
    case 'W':
    case 'C': expect(reader, STEP_NUMBERS, 4); return NULL;
    case 'J':
    case 'D': expect(reader, STEP_NUMBERS, 8); return NULL;
    default: return "it sent a frame of a kind that is not known";
    }
}

/* Behind the letter: the numbers that each kind of frame has. */
static const char *numbers_read(struct lumberjack_reader *reader, struct str numbers, bool is_inner)
{
    uint32_t first = number_at(numbers.ptr), second = numbers.len == 8 ? number_at(numbers.ptr + 4) : 0;
    reader->sequence = first;
    switch (reader->letter) {
    case 'C':
        if (is_inner) return "it sent a compressed frame within a compressed frame";
        if (!first || first > LUMBERJACK_SEALED_BYTES_MAX)
            return "it sent a compressed frame that is empty or too long";
        reader->left = first;
        expect(reader, STEP_SEALED, 0);
        return NULL;
    case 'J':
        if (!second || second > LUMBERJACK_EVENT_BYTES_MAX) return "it sent an event that is empty or too long";
        expect(reader, STEP_JSON, second);
        return NULL;
    case 'D':
        if (!second || second > LUMBERJACK_PAIRS_MAX) return "it sent an event of no fields, or of too many";
        reader->pairs = second;
        empty(&reader->json);
        buf_append_char(&reader->json, '{');
        expect(reader, STEP_KEY_LEN, 4);
        return NULL;
    default: expect(reader, STEP_HEAD, 2); return NULL; /* a window */
    }
}

/* A key or a value of a D frame. An empty one has no step of its own. */
static const char *text_read(struct lumberjack_reader *reader, struct str text, bool is_key)
{
    json_encode_string(text, &reader->json);
    if (reader->json.len > LUMBERJACK_EVENT_BYTES_MAX) return "it sent an event that is too long";
    if (is_key) {
        buf_append_char(&reader->json, ':');
        expect(reader, STEP_VALUE_LEN, 4);
        return NULL;
    }
    buf_append_char(&reader->json, --reader->pairs ? ',' : '}');
    if (reader->pairs) expect(reader, STEP_KEY_LEN, 4);
    else expect(reader, STEP_HEAD, 2);
    return NULL;
}

static const char *len_read(struct lumberjack_reader *reader, struct str number, bool is_key)
{
    uint32_t len = number_at(number.ptr);
    if (len > LUMBERJACK_EVENT_BYTES_MAX - reader->json.len) return "it sent an event that is too long";
    if (!len) return text_read(reader, (struct str){"", 0}, is_key);
    expect(reader, is_key ? STEP_KEY : STEP_VALUE, len);
    return NULL;
}

/* What the step that has just been read makes whole. */
static enum lumberjack_found found_by(struct lumberjack_reader *reader, enum step was, struct str piece,
                                      struct lumberjack_item *item)
{
    item->version = reader->version;
    item->number = reader->sequence;
    if (reader->step != STEP_HEAD) return LUMBERJACK_MORE;
    if (was == STEP_NUMBERS) return LUMBERJACK_WINDOW;
    if (was == STEP_JSON) {
        item->json = piece;
    } else {
        item->json = buf_str(&reader->json);
        item->is_borrowed = false;
    }
    return LUMBERJACK_EVENT;
}

/* Up to the next whole thing, the end of the bytes, or the bytes of a C frame (then MORE, with step SEALED). */
static enum lumberjack_found reader_next(struct lumberjack_reader *reader, struct str *bytes, bool is_inner,
                                         struct lumberjack_item *item, const char **problem)
{
    while (reader->step != STEP_SEALED) {
        struct str piece;
        enum step was = (enum step)reader->step;
        if (!take(reader, bytes, &piece, &item->is_borrowed)) return LUMBERJACK_MORE;
        switch (was) {
        case STEP_HEAD: *problem = head_read(reader, piece); break;
        case STEP_NUMBERS: *problem = numbers_read(reader, piece, is_inner); break;
        case STEP_KEY_LEN: *problem = len_read(reader, piece, true); break;
        case STEP_VALUE_LEN: *problem = len_read(reader, piece, false); break;
        case STEP_KEY: *problem = text_read(reader, piece, true); break;
        case STEP_VALUE: *problem = text_read(reader, piece, false); break;
        default: expect(reader, STEP_HEAD, 2);
        }
        if (*problem) return LUMBERJACK_BROKEN;
        enum lumberjack_found found = found_by(reader, was, piece, item);
        if (found != LUMBERJACK_MORE) return found;
    }
    return LUMBERJACK_MORE;
}

/* ---- what is compressed ---- */

static void inflater_open(struct lumberjack *jack)
{
    struct lumberjack_inflater *inflater = xmalloc(sizeof *inflater);
    memset(inflater, 0, offsetof(struct lumberjack_inflater, opened));
    reader_init(&inflater->inner);
    int status = inflateInit(&inflater->stream);
    assert(status == Z_OK); /* else there is no memory */
    (void)status;
    jack->inflater = inflater;
}

static void inflater_close(struct lumberjack *jack)
{
    if (!jack->inflater) return;
    inflateEnd(&jack->inflater->stream);
    reader_fini(&jack->inflater->inner);
    free(jack->inflater);
    jack->inflater = NULL;
}

/* What was opened last has filled its room: zlib may have more of what it was given. */
static bool may_hold(const struct lumberjack_inflater *inflater)
{
    return !inflater->is_ended && inflater->stream.total_in && inflater->stream.avail_out == 0;
}

static bool is_bomb(const z_stream *stream)
{
    return stream->total_out > LUMBERJACK_OPENED_BYTES_MAX ||
           (stream->total_out > LUMBERJACK_RATIO_FREE &&
            stream->total_out / LUMBERJACK_RATIO_MAX > stream->total_in);
}

/* Fills `opened`, at most once, from the frame's bytes. */
static const char *open_more(struct lumberjack *jack, struct str *bytes)
{
    struct lumberjack_inflater *inflater = jack->inflater;
    struct lumberjack_reader *outer = &jack->outer;
    size_t most = bytes->len < outer->left ? bytes->len : outer->left;
    z_stream *stream = &inflater->stream;
    stream->next_in = (Bytef *)(uintptr_t)bytes->ptr;
    stream->avail_in = (uInt)most;
    stream->next_out = (Bytef *)inflater->opened;
    stream->avail_out = INFLATED_BYTES;
    int status = inflate(stream, Z_NO_FLUSH);
    size_t used = most - stream->avail_in;
    *bytes = str_from(*bytes, used);
    outer->left -= used;
    inflater->start = 0;
    inflater->len = INFLATED_BYTES - stream->avail_out;
    inflater->is_ended = status == Z_STREAM_END;
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
        return "it sent a compressed frame that is damaged";
    if (is_bomb(stream)) return "it sent a compressed frame that becomes too large";
    return NULL;
}

/* The frame's bytes are used up, and all that they hold is read. */
static const char *sealed_done(struct lumberjack *jack)
{
    struct lumberjack_inflater *inflater = jack->inflater;
    bool is_whole = inflater->is_ended && !jack->outer.left;
    bool is_between = inflater->inner.step == STEP_HEAD && tail_len(&inflater->inner) == 0;
    inflater_close(jack);
    expect(&jack->outer, STEP_HEAD, 2);
    if (!is_whole) return "it sent a compressed frame that has no end, or something behind it";
    return is_between ? NULL : "it sent a compressed frame that ends within a frame";
}

static enum lumberjack_found broken(struct lumberjack *jack, const char *problem)
{
    assert(problem);
    jack->problem = problem;
    return LUMBERJACK_BROKEN;
}

enum lumberjack_found lumberjack_next(struct lumberjack *jack, struct str *bytes, struct lumberjack_item *item)
{
    assert(!jack->problem);
    const char *problem = NULL;
    *item = (struct lumberjack_item){0};
    for (;;) {
        struct lumberjack_inflater *inflater = jack->inflater;
        if (!inflater) {
            enum lumberjack_found found = reader_next(&jack->outer, bytes, false, item, &problem);
            if (problem) return broken(jack, problem);
            if (found != LUMBERJACK_MORE || jack->outer.step != STEP_SEALED) return found;
            inflater_open(jack);
            continue;
        }
        struct str opened = {inflater->opened + inflater->start, inflater->len};
        enum lumberjack_found found = reader_next(&inflater->inner, &opened, true, item, &problem);
        inflater->start = (size_t)(opened.ptr - inflater->opened);
        inflater->len = opened.len;
        item->is_borrowed = false;
        if (problem) return broken(jack, problem);
        if (found != LUMBERJACK_MORE) return found;
        bool has_bytes = bytes->len && jack->outer.left;
        if (!inflater->is_ended && (has_bytes || may_hold(inflater))) problem = open_more(jack, bytes);
        else if (inflater->is_ended || !jack->outer.left) problem = sealed_done(jack);
        else return LUMBERJACK_MORE;
        if (problem) return broken(jack, problem);
    }
}

void lumberjack_init(struct lumberjack *jack)
{
    *jack = (struct lumberjack){0};
    reader_init(&jack->outer);
}

void lumberjack_fini(struct lumberjack *jack)
{
    inflater_close(jack);
    reader_fini(&jack->outer);
}

bool lumberjack_has_more(const struct lumberjack *jack)
{
    const struct lumberjack_inflater *inflater = jack->inflater;
    return inflater && (inflater->len || may_hold(inflater));
}

static size_t reader_held(const struct lumberjack_reader *reader)
{
    return reader->tail.capacity + reader->json.capacity;
}

size_t lumberjack_held(const struct lumberjack *jack)
{
    size_t held = reader_held(&jack->outer);
    return jack->inflater ? held + INFLATER_BYTES + reader_held(&jack->inflater->inner) : held;
}

void lumberjack_ack(char ack[LUMBERJACK_ACK_BYTES], char version, uint32_t sequence)
{
    ack[0] = version;
    ack[1] = 'A';
    for (int i = 0; i < 4; i++) ack[2 + i] = (char)(sequence >> (24 - 8 * i));
}
