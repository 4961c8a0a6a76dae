/* SPDX-License-Identifier: Apache-2.0 */
/* A disk in memory with one folder, for tests of whatever stands on core/store/file_ops.h. It keeps apart what
 * was written and what is durable, so that it can be stopped at any call that changes something and be looked
 * at as it would come up again:
 *
 *   - a process that was killed leaves all that it wrote, the last write perhaps in part;
 *   - a machine without power leaves what was synced, and of the rest any choice: writes are torn into sectors
 *     of SIM_SECTOR bytes, names made, renamed and removed are a choice of their own.
 *
 * Calls can fail, once or for good; the disk can have a size. A sync that failed has forgotten what it had to
 * sync, as Linux does. */
#ifndef TESTS_UNIT_SUPPORT_SIM_DISK_H
#define TESTS_UNIT_SUPPORT_SIM_DISK_H
#include "core/store/file_ops.h"

enum { SIM_SECTOR = 64, SIM_FILES_MAX = 128, SIM_NAME_MAX = 64, SIM_FOLDER_CHANGES_MAX = 1024 };

enum sim_survival {
    SIM_KILLED,    /* all that was written */
    SIM_SYNCED,    /* only what was synced */
    SIM_LAST,      /* what was synced, and of the rest the last change of each file and of the folder */
    SIM_NOT_FIRST, /* all but the first of them */
    SIM_RANDOM,    /* any choice, by a seed */
};

struct sim_change; /* of a file: bytes, or a size */
struct sim_image {
    char *bytes;
    uint64_t size;
};
struct sim_file {
    bool is_used;
    struct sim_image now, durable;
    struct sim_change *changes;
    uint32_t change_count;
};
struct sim_name {
    char name[SIM_NAME_MAX];
    uint32_t file;
};
struct sim_names {
    struct sim_name items[SIM_FILES_MAX];
    uint32_t count;
};
struct sim_folder_change {
    char from[SIM_NAME_MAX], to[SIM_NAME_MAX]; /* made: only `to`; removed: only `from` */
    uint32_t file;
};

struct sim_disk {
    struct file_ops ops; /* first member */
    struct sim_file files[SIM_FILES_MAX];
    struct sim_names now, durable;
    struct sim_folder_change folder_changes[SIM_FOLDER_CHANGES_MAX];
    uint32_t folder_change_count;
    uint32_t open[SIM_FILES_MAX]; /* file + 1 of a descriptor; 0: free */
    uint64_t random;

    uint64_t calls;   /* that changed something */
    uint64_t stop_at; /* this call is the last, and of a write only `torn` bytes of 256 are done; 0: never */
    uint32_t torn;
    bool is_stopped, is_write_torn;
    uint64_t fail_at; /* this call fails with fail_error; 0: a write does half of it */
    int fail_error;
    bool keeps_failing;
    bool reads_fail;
    uint64_t room; /* bytes of all files; 0: enough */
};

void sim_init(struct sim_disk *disk, uint64_t seed);
void sim_fini(struct sim_disk *disk);
/* The disk as it comes up after `disk` was stopped: another one, without anything pending. */
void sim_survive(const struct sim_disk *disk, enum sim_survival survival, uint64_t seed, struct sim_disk *after);
uint64_t sim_used(const struct sim_disk *disk);
/* For damage and foreign files: the content as it is now, and a file that is wholly durable. */
struct sim_image *sim_content(struct sim_disk *disk, const char *name); /* NULL: no such file */
void sim_put(struct sim_disk *disk, const char *name, struct str bytes);
void sim_drop(struct sim_disk *disk, const char *name);
/* As FILE_SIZE: cuts or extends with zeros, durable. */
void sim_resize(struct sim_disk *disk, const char *name, uint64_t size);

#endif
