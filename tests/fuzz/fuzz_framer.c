/* SPDX-License-Identifier: Apache-2.0 */
/* The same bytes must give the same frames whatever the cuts and pauses: once in one piece, once cut
 * where the first bytes of the input say. Lines with a delimiter of one to three bytes, and both
 * framings of syslog. */
#include <assert.h>
#include <stdlib.h>
#include "core/net/syslog_framer.h"
#include "core/text/buf.h"

struct run {
    struct budget budget;
    struct books books;
    struct loop loop;
    struct ingest ingest;
    struct codec codec;
    struct input input;
    struct stream stream;
    struct buf frames;
};

static void decode(void *self, struct str frame, struct decoder *decoder)
{
    struct run *run = self;
    buf_append_int(&run->frames, (int64_t)frame.len);
    buf_append_char(&run->frames, ':');
    buf_append(&run->frames, frame);
    (void)decoder;
}
static const struct codec_type recorder = {.name = "recorder", .decode = decode};

static void batch_full(struct ingest *ingest)
{
    struct batch *batch = ingest->batch;
    ingest->batch = NULL;
    if (!batch) return;
    ticket_seal(batch->ticket);
    batch_destroy(batch);
}

static void run_begin(struct run *run)
{
    *run = (struct run){.codec = {.type = &recorder}};
    if (loop_init(&run->loop, &run->budget, &run->books)) abort();
    run->codec.self = run;
    run->ingest = (struct ingest){
        .loop = &run->loop, .batch_events_max = 125, .batch_full = batch_full};
    static const struct input_type type = {.name = "fuzz"};
    run->input = (struct input){.type = &type, .loop = &run->loop, .ingest = &run->ingest, .codec = &run->codec};
    stream_open(&run->stream, &run->input, NULL, NULL, NULL);
}

static void run_end(struct run *run)
{
    batch_full(&run->ingest);
    stream_close(&run->stream);
    loop_fini(&run->loop);
    assert(budget_used(&run->budget) == 0);
    buf_fini(&run->frames);
}

enum { LIMIT = 24 };

/* `cuts` NULL: in one piece. */
static void feed(struct run *run, int mode, struct str bytes, struct str cuts)
{
    static const char delimiters[] = "\n\n;";
    struct framer lines = {0};
    struct syslog_framer counted;
    bool is_syslog = mode == 3;
    if (is_syslog)
        syslog_framer_init(&counted, &run->stream, LIMIT);
    else
        framer_init(&lines, &run->stream, (struct str){delimiters, (size_t)mode + 1}, LIMIT, 0);
    for (size_t at = 0, n = 0; at < bytes.len; n++) {
        size_t most = cuts.len ? 1 + (size_t)(uint8_t)cuts.ptr[n % cuts.len] % 16 : bytes.len;
        struct str piece = {bytes.ptr + at, most < bytes.len - at ? most : bytes.len - at};
        size_t used = is_syslog ? syslog_framer_feed(&counted, piece, NULL)
                                : framer_feed(&lines, piece, NULL);
        assert(used == piece.len);
        at += used;
    }
    if (is_syslog) {
        syslog_framer_flush(&counted);
        syslog_framer_fini(&counted);
    } else {
        framer_flush(&lines);
        framer_fini(&lines);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { HEAD = 9 };
    if (size < HEAD) return 0;
    struct str bytes = {(const char *)data + HEAD, size - HEAD};
    struct str cuts = {(const char *)data + 1, HEAD - 1};
    struct run whole, pieces;
    run_begin(&whole);
    run_begin(&pieces);
    feed(&whole, data[0] % 4, bytes, (struct str){0});
    feed(&pieces, data[0] % 4, bytes, cuts);
    assert(str_eq(buf_str(&whole.frames), buf_str(&pieces.frames)));
    run_end(&whole);
    run_end(&pieces);
    return 0;
}
