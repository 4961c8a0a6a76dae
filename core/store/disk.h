/* SPDX-License-Identifier: Apache-2.0 */
/* The disk thread of a pipeline: whatever may block on a disk (writes, syncs, renames, opens) runs
 * here, one job after the other in the order submitted, and is answered on the loop that asked. One
 * dead disk stops one pipeline, never its neighbour. */
#ifndef CORE_STORE_DISK_H
#define CORE_STORE_DISK_H
#include <stddef.h>
#include "core/net/loop.h"

struct disk;

struct disk_job {
    struct loop_note note; /* for the way back */
    struct disk_job *next;
    struct loop *loop;
    void (*work)(struct disk_job *job); /* on the disk thread */
    void (*done)(struct disk_job *job); /* on `loop`; the job belongs to the caller again */
};

/* The struct that has the job as its member. */
#define DISK_JOB_OWNER(job, type, member) ((type *)(void *)((char *)(job)-offsetof(type, member)))

struct disk *disk_create(const char *name); /* name of the thread, at most 15 characters count */
/* Waits for all jobs; their done() still reaches the loops. Every disk_submit() must have returned. */
void disk_destroy(struct disk *disk);
/* Any thread. */
void disk_submit(struct disk *disk, struct disk_job *job);

#endif
