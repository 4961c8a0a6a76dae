/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters as an input: reads the logs of a pipeline, gives events, remembers which are settled.
 *
 *   disk thread: letters of all logs, FEED_BYTES at a time ─▶ events ─▶ settled by the outputs
 *        ─▶ marks (core/delivery/dead_letter_marks.h) ─▶ the file of marks, synced
 *
 * What a kill leaves unmarked comes again: what was settled since the last writing of the file, and what was
 * under way. Each log is a stream of its own, so its letters keep their order. The input that owns a feed hands
 * its start, pause and stop on; one worker's thread, jobs of the disk thread one at a time. */
#ifndef CORE_DELIVERY_DEAD_LETTER_FEED_H
#define CORE_DELIVERY_DEAD_LETTER_FEED_H
#include "core/delivery/dead_letter_look.h"
#include "core/delivery/dead_letter_record.h"
#include "core/input.h"

enum { DEAD_LETTER_FEED_BYTES = 1024 * 1024, DEAD_LETTER_FEED_INTERVAL_MS = 250 };

struct dead_letter_feed_options {
    struct str folder;  /* PATH/PIPELINE */
    const char *marks;  /* file; NULL: nothing is remembered */
    uint64_t start_ns;  /* letters before this are passed over */
    bool cleans;        /* files whose letters are all done with are deleted */
    bool ends;          /* at the letters that are there when it starts; else it waits for more */
    uint32_t open_max;  /* letters given and not settled: a kill repeats no more; 0: no limit but memory */
    bool saves_at_once; /* marks, with every settlement, instead of once in an interval */
    /* NULL: all are wanted. Those that are not stay unmarked. */
    bool (*wants)(void *opaque, const struct dead_letter_record *record, struct event *event);
    /* NULL: all begin at the filters. The output, counted from 1, that a letter goes to past all filters; or 0. */
    uint32_t (*begins)(void *opaque, const struct dead_letter_record *record);
    void *opaque;
};

struct dead_letter_feed;
/* 0, or a negative errno: the file of marks cannot be read. */
int dead_letter_feed_start(struct dead_letter_feed **feed, const struct dead_letter_feed_options *options,
                           struct input *host);
void dead_letter_feed_pause(struct dead_letter_feed *feed, bool paused);
void dead_letter_feed_stop(struct dead_letter_feed *feed); /* ends with input_stopped() */
void dead_letter_feed_destroy(struct dead_letter_feed *feed); /* after that; NULL: nothing */

struct dead_letter_feed_counts {
    uint64_t given, settled; /* as events */
    uint64_t passed;         /* not wanted, or settled in an earlier run */
    uint64_t damaged;
    int status;              /* of the last reading or writing that failed; 0 */
};
struct dead_letter_feed_counts dead_letter_feed_counts(const struct dead_letter_feed *feed);

#endif
