/* SPDX-License-Identifier: Apache-2.0 */
/* What shippers of the Beats family send (Lumberjack, versions 1 and 2), taken apart. No I/O.
 *
 *   W count                     a window: so many events follow
 *   J sequence length JSON      an event (version 2)
 *   D sequence count pairs      an event of texts (version 1); given on as JSON, too
 *   C length zlib               whole frames, compressed
 *
 * Each begins with the version (the digit 1 or 2) and its letter; numbers are 32 bits, big-endian. Frames may be
 * cut anywhere: what is unfinished is kept here. What is compressed is opened INFLATED_BYTES at a time, as
 * events are asked for, so that a frame's ratio costs no memory. Limits are the constants below; beyond them,
 * and for what is no such frame, the connection is broken for good and `problem` says why.
 *
 * One connection each, one thread. */
#ifndef CORE_NET_LUMBERJACK_H
#define CORE_NET_LUMBERJACK_H
#include "core/text/buf.h"

enum {
    LUMBERJACK_EVENT_BYTES_MAX = 12 * 1024 * 1024, /* of one event, as JSON */
    LUMBERJACK_PAIRS_MAX = 1024,                   /* of one D frame */
    LUMBERJACK_SEALED_BYTES_MAX = 64 * 1024 * 1024, /* of one C frame */
    LUMBERJACK_OPENED_BYTES_MAX = 256 * 1024 * 1024, /* what it may become */
    LUMBERJACK_RATIO_MAX = 500,                    /* … in proportion, beyond LUMBERJACK_RATIO_FREE bytes */
    LUMBERJACK_RATIO_FREE = 1024 * 1024,
    LUMBERJACK_KEPT_BYTES = 64 * 1024,             /* memory that is kept for the next event */
    INFLATED_BYTES = 32 * 1024,
    INFLATER_BYTES = INFLATED_BYTES + 48 * 1024, /* memory while a C frame is open, about */
    LUMBERJACK_HEAD_MAX = 10,
};

/* Frames out of one run of bytes: those of the connection, or those within a C frame. */
struct lumberjack_reader {
    int step;
    size_t want;     /* bytes of the present step */
    struct buf tail; /* those that have come, when they were cut */
    bool is_used;    /* they were taken */
    char version, letter;
    uint32_t sequence, pairs; /* of the frame that is being read */
    size_t left;     /* of a C frame's bytes */
    struct buf json; /* of a D frame */
};

struct lumberjack_inflater;
struct lumberjack {
    struct lumberjack_reader outer;
    struct lumberjack_inflater *inflater; /* while a C frame is open */
    const char *problem;
};

enum lumberjack_found { LUMBERJACK_MORE, LUMBERJACK_WINDOW, LUMBERJACK_EVENT, LUMBERJACK_BROKEN };
struct lumberjack_item {
    char version;     /* '1' or '2' */
    uint32_t number;  /* of events in the window, or the event's sequence number */
    struct str json;  /* of an event; until the next call */
    bool is_borrowed; /* it lies in the bytes that were given */
};

void lumberjack_init(struct lumberjack *jack);
void lumberjack_fini(struct lumberjack *jack);
/* The next thing that `bytes` (what is used of them is taken off) and what is kept hold. MORE: they are used
 * up, and nothing whole is left. After BROKEN it is not called again. */
enum lumberjack_found lumberjack_next(struct lumberjack *jack, struct str *bytes, struct lumberjack_item *item);
/* Opened bytes wait: more may be found without further bytes. */
bool lumberjack_has_more(const struct lumberjack *jack);
/* Memory held for what is unfinished. */
size_t lumberjack_held(const struct lumberjack *jack);

enum { LUMBERJACK_ACK_BYTES = 6 };
void lumberjack_ack(char ack[LUMBERJACK_ACK_BYTES], char version, uint32_t sequence);

#endif
