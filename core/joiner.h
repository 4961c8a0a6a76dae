/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that belong together become one frame before a codec decodes it (codec multiline):
 *
 *     frame ──▶ lines ──▶ [ERROR failed] [\tat a.B] [\tat a.C] ──▶ one frame ──▶ codec ──▶ event
 *
 * A codec asks for it by `codec->join`; the host keeps one joiner for each stream (connection, file,
 * partition). What is held is no position yet: a ticket covers only what lies before the first line
 * held, so that a kill, a stop or a rebalance reads it again where the sender can repeat it. Where it
 * cannot (stream_open() without hooks), closing the stream ends the record.
 *
 * Empty lines end no record and begin none: they are kept when a line that belongs follows. (Logstash
 * throws them away.) Held bytes are charged like half lines: all of a worker's streams may hold a
 * quarter of pipeline.memory, beyond that the longest record is ended and tagged.
 *
 * One worker's thread. Source of the rules and tags: Logstash's multiline codec. */
#ifndef CORE_JOINER_H
#define CORE_JOINER_H
#include "core/input.h"

enum { JOIN_TICK_MS = 100 }; /* how often idle records are looked for */

#define JOIN_TAG_LINES STR("multiline_codec_max_lines_reached")
#define JOIN_TAG_BYTES STR("multiline_codec_max_bytes_reached")

struct join_rules {
    bool is_next;       /* a line that belongs goes with the one behind it; else with those before */
    uint32_t lines_max; /* a record with more lines ends */
    uint64_t bytes_max; /* … or with so many bytes */
    uint64_t idle_ms;   /* … or when no line came for so long; 0: only the next line ends it */
    /* Does the line belong? `state` is the rules' own: 0 before a stream's first line and after a
     * record that ended otherwise; kept from line to line. */
    bool (*belongs)(void *codec, struct str line, uint32_t *state);
};

/* A frame for a stream whose codec joins: its lines are added, finished records are decoded. */
void joiner_add(struct stream *stream, const struct frame *frame);
/* The record held, if any, is whole: nothing belongs to it any more. */
void joiner_flush(struct stream *stream);
/* Forgets what is held and frees the joiner. */
void joiner_close(struct stream *stream);

#endif
