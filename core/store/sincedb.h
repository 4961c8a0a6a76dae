/* SPDX-License-Identifier: Apache-2.0 */
/* How far files were read: Logstash's sincedb, so that its files can be taken over.
 *
 *   <inode> <major> <minor> <offset> <last active, seconds.fraction> <path>
 *
 * Lines of older versions end after the offset. A file is known by inode and device, not by name. The
 * table belongs to one thread; load and save block (disk thread). */
#ifndef CORE_STORE_SINCEDB_H
#define CORE_STORE_SINCEDB_H
#include "core/option.h"
#include "core/text/buf.h"

enum {
    SINCEDB_ENTRIES_MAX = 1 << 20,        /* further lines are not read, further files not kept */
    SINCEDB_BYTES_MAX = 256 * 1024 * 1024 /* a larger file is refused */
};

struct file_id {
    uint64_t inode;
    uint32_t device_major, device_minor;
};
static inline bool file_id_eq(struct file_id a, struct file_id b)
{
    return a.inode == b.inode && a.device_major == b.device_major &&
           a.device_minor == b.device_minor;
}
uint32_t file_id_hash(struct file_id id);

struct sincedb_entry {
    struct file_id id;
    uint64_t offset;
    double active;  /* wall clock, seconds, of the last change */
    char *path;     /* NULL: not known; owned */
    bool is_in_use; /* a file that is being watched: never cleaned */
};

struct sincedb {
    struct sincedb_entry *entries;
    uint32_t count, capacity;
    uint32_t *index; /* entry number + 1; 0: free */
    uint32_t index_mask;
    bool is_changed; /* since the last sincedb_print() */
};

void sincedb_fini(struct sincedb *db);
/* NULL when the file has no record. Valid until the table changes. */
struct sincedb_entry *sincedb_find(const struct sincedb *db, struct file_id id);
/* Sets a record, making it when it is missing. NULL at SINCEDB_ENTRIES_MAX. */
struct sincedb_entry *sincedb_set(struct sincedb *db, struct file_id id, uint64_t offset,
                                  double active, const char *path);
void sincedb_remove(struct sincedb *db, struct file_id id);
/* Removes records not in use whose last change is before `oldest`. */
void sincedb_clean(struct sincedb *db, double oldest);

/* Adds the records of a sincedb's text; returns how many lines were not readable and left out. */
uint32_t sincedb_parse(struct sincedb *db, struct str text, double now);
void sincedb_print(struct sincedb *db, struct buf *out);

/* Logstash's name for the sincedb of these paths: `.sincedb_` and the MD5 of them joined by commas. */
struct str sincedb_name(const struct str_list *paths, struct arena *arena);
/* 0 with its text (empty when there is no such file) or a negative errno. */
int sincedb_load(const char *path, struct buf *out);
/* Replaces the file by one rename, after its text is on the disk; makes its directories. */
int sincedb_save(const char *path, struct str text);

#endif
