/* SPDX-License-Identifier: Apache-2.0 */
/* file: follows files (mode tail) or reads them once (mode read).
 *
 *   watch (core/store/watch.h) ─▶ found, changed ─▶ queue of files with something to read
 *        ─▶ one read at a time on the disk thread, 256 KiB ─▶ framer ─▶ events
 *        ─▶ settled by the outputs ─▶ sincedb (core/store/sincedb.h)
 *
 * Each file is a stream: its record in the sincedb moves only over lines that every output has done
 * with, so a kill repeats lines and loses none. Files take turns block by block (mode read: one after
 * the other, unless file_chunk_count says otherwise). While the input is paused the rest of the block
 * is kept and nothing is read.
 *
 * Rotation: by rename the old inode is read on until nobody has written to it for ROTATED_KEEP_MS,
 * while the new one is read from its start; a file that became smaller starts again at 0; a deleted
 * file is read to its end. A file truncated and refilled beyond the old offset between two looks
 * cannot be told from one that grew. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>
#include "core/input.h"
#include "core/log.h"
#include "core/store/open.h"
#include "core/store/unzip.h"
#include "core/store/watch.h"
#include "core/xmalloc.h"

enum {
    ROTATED_KEEP_MS = 60 * 1000, /* a rotated file may still be written to by a slow daemon */
    SINCEDB_RETRY_MS = 1000,
};

enum mode { MODE_TAIL, MODE_READ };
enum completed { COMPLETED_DELETE, COMPLETED_LOG, COMPLETED_LOG_AND_DELETE };
enum start { START_BEGINNING, START_END };
static const char *const modes[] = {"tail", "read", NULL};
static const char *const completed_actions[] = {"delete", "log", "log_and_delete", NULL};
static const char *const start_positions[] = {"beginning", "end", NULL};
static const char *const sort_keys[] = {"last_modified", "path", NULL};
static const char *const sort_directions[] = {"asc", "desc", NULL};

enum field { FIELD_METADATA_PATH, FIELD_METADATA_HOST, FIELD_HOST, FIELD_PATH, FIELD_COUNT };

/* A file being followed; file->owner. */
struct tail {
    struct file_input *owner;
    struct watched *file;
    struct stream stream;
    struct framer framer;
    uint64_t offset;    /* of the next byte to read in the file */
    uint64_t settled;   /* position of the stream up to which outputs are done */
    uint64_t turn;      /* bytes read in this turn */
    uint64_t active;    /* uv_now() of the last bytes */
    int64_t ignored;    /* modification time of a file that ignore_older left out; 0: it is read */
    struct unzip *unzip;
    bool is_gzip, is_damaged;
    bool is_queued;
    bool is_at_end;     /* mode read: all is emitted */
    bool is_completing; /* the completed action runs */
    bool is_done;       /* it was completed */
    struct tail *next;  /* in the queue */
};

/* Closes a descriptor, and does what is to be done with a file read to its end. */
struct errand {
    struct disk_job job;
    struct file_input *owner;
    struct tail *tail; /* NULL: only closes */
    int fd;
    int status;
    struct file_id id; /* copies: the loop may rename the file meanwhile */
    uint64_t size;     /* what was read of it */
    bool is_gzip, is_damaged;
    bool is_removed;   /* by this errand */
    char *path;
};

struct file_input {
    struct str_list path, exclude;
    struct choice mode, start_position, file_sort_by, file_sort_direction, file_completed_action;
    struct str sincedb_path, delimiter, file_completed_log_path;
    struct duration sincedb_write_interval, sincedb_clean_after, stat_interval, ignore_older,
        close_older;
    int64_t discover_interval, max_open_files, file_chunk_size, file_chunk_count;
    bool exit_after_read, check_archive_validity;

    struct input *host;
    struct path fields[FIELD_COUNT];
    struct value host_name;
    struct watch watch;
    struct sincedb sincedb;
    const char *sincedb_file;  /* NULL: positions are not kept */
    const char *completed_log;
    bool has_watch;            /* the sincedb was read */
    uint64_t turn_bytes;       /* a file gives way after so many */
    struct tail *first, **last; /* queue: files with something to read */
    uint32_t open;             /* files */
    uint32_t errands;

    struct tail *current;      /* being read or emitted */
    struct block *block;
    size_t len, used;
    bool is_reading;
    struct { /* the read job; with `current`, touched only by it while it runs */
        struct disk_job job;
        int fd;
        bool was_open;
        char *path;      /* to open; NULL when it is open */
        uint64_t offset; /* of the next byte */
        ptrdiff_t got;
    } read;

    uv_timer_t sincedb_timer;
    bool is_timer_open;
    struct disk_job sincedb_job;
    bool is_saving;
    struct buf sincedb_text;
    int sincedb_status;
};

#define SECOND INT64_C(1000000000)
static const struct option file_options[] = {
    OPTION_STRINGS(struct file_input, path, .required = true, .min = 1, .max = 4096,
                   .help = "Absolute paths or patterns (* ? [a-z] {a,b} **)."),
    OPTION_STRINGS(struct file_input, exclude, .help = "Patterns of file names to leave out."),
    OPTION_CHOICE(struct file_input, mode, .preset = "tail", .choices = modes,
                  .help = "Follow files, or read each once to its end."),
    OPTION_CHOICE(struct file_input, start_position, .preset = "end", .choices = start_positions,
                  .help = "Where files found at start and not known from before begin."),
    OPTION_STRING(struct file_input, sincedb_path,
                  .help = "File for the positions; /dev/null: they are not kept."),
    OPTION_DURATION(struct file_input, sincedb_write_interval, .preset = "15", .unit = "s",
                    .min = 1000000, .max = INT64_MAX, .help = "How often positions are written."),
    OPTION_DURATION(struct file_input, sincedb_clean_after, .preset = "14", .unit = "days",
                    .help = "Positions of files not seen for so long are forgotten."),
    OPTION_DURATION(struct file_input, stat_interval, .preset = "1", .unit = "s", .min = 1000000,
                    .max = 3600 * SECOND, .help = "How often files are looked at."),
    OPTION_INT(struct file_input, discover_interval, .preset = "15", .min = 1, .max = 1000000,
               .help = "New files are searched for every so many stat_intervals."),
    OPTION_DURATION(struct file_input, ignore_older, .unit = "s",
                    .help = "Leave out files not modified for so long, until they are."),
    OPTION_DURATION(struct file_input, close_older, .preset = "1 hour", .unit = "s",
                    .help = "Close files without new content for so long."),
    OPTION_INT(struct file_input, max_open_files, .preset = "4095", .min = 1, .max = 1000000,
               .help = "Open at most so many files at a time."),
    OPTION_STRING(struct file_input, delimiter, .preset = "\n", .help = "What ends a line."),
    OPTION_INT(struct file_input, file_chunk_size, .preset = "32768", .min = 1, .max = INT64_MAX,
               .help = "Bytes of a chunk, for file_chunk_count."),
    OPTION_INT(struct file_input, file_chunk_count, .preset = "4611686018427387903", .min = 1,
               .max = INT64_MAX, .help = "Chunks read from a file before the next file's turn."),
    OPTION_CHOICE(struct file_input, file_sort_by, .preset = "last_modified", .choices = sort_keys,
                  .help = "Which of several files is read first."),
    OPTION_CHOICE(struct file_input, file_sort_direction, .preset = "asc",
                  .choices = sort_directions, .help = "Oldest or lowest first, or last."),
    OPTION_CHOICE(struct file_input, file_completed_action, .preset = "delete",
                  .choices = completed_actions,
                  .help = "Mode read: what happens to a file whose events all outputs have done."),
    OPTION_STRING(struct file_input, file_completed_log_path,
                  .help = "Mode read: file that the paths of completed files are appended to."),
    OPTION_BOOL(struct file_input, exit_after_read, .preset = "false",
                .help = "Mode read: end when all files were read."),
    OPTION_BOOL(struct file_input, check_archive_validity, .preset = "false",
                .help = "Mode read: leave out gzip files that are damaged, instead of reading up to "
                        "the damage."),
    OPTION_END};

static struct file_id stat_id(const struct stat *status)
{
    return (struct file_id){status->st_ino, major(status->st_dev), minor(status->st_dev)};
}

static double wall_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t loop_ms(const struct file_input *self) { return uv_now(&self->host->loop->uv); }

static void file_go_on(struct file_input *self);
static void file_end_check(struct file_input *self);
static void queue_remove(struct file_input *self, struct tail *tail);
static void tail_free(struct tail *tail);

/* ---- errands ---- */

static int completed_log(const struct file_input *self, const char *path)
{
    struct open_rules rules = {
        .file_mode = -1, .dir_mode = -1, .may_create = true, .is_append = true};
    int fd = open_append(&rules, self->completed_log);
    if (fd < 0) return fd;
    struct buf line = {0};
    buf_printf(&line, "%s\n", path);
    size_t written = 0;
    int status = write_whole(fd, buf_str(&line), &written);
    buf_fini(&line);
    close(fd);
    return status;
}

/* Only the very file that was read is removed, and only if nothing was added to it since. */
static int completed_delete(struct errand *errand)
{
    struct stat status;
    if (stat(errand->path, &status) < 0) return errno == ENOENT ? 0 : -errno;
    if (!file_id_eq(stat_id(&status), errand->id)) return 0;
    if (!errand->is_gzip && (uint64_t)status.st_size != errand->size) return -EAGAIN;
    errand->is_removed = unlink(errand->path) == 0;
    return errand->is_removed || errno == ENOENT ? 0 : -errno;
}

static void errand_work(struct disk_job *job)
{
    struct errand *errand = (struct errand *)(void *)job;
    const struct file_input *self = errand->owner;
    if (errand->fd >= 0) close(errand->fd);
    if (!errand->tail || errand->is_damaged) return;
    enum completed action = (enum completed)self->file_completed_action.value;
    if (action != COMPLETED_DELETE) errand->status = completed_log(self, errand->path);
    if (action != COMPLETED_LOG && errand->status == 0) errand->status = completed_delete(errand);
}

static void errand_done(struct disk_job *job);

static void errand_start(struct file_input *self, struct tail *tail, int fd)
{
    struct errand *errand = xcalloc(1, sizeof *errand);
    *errand = (struct errand){.owner = self, .tail = tail, .fd = fd};
    if (tail) {
        errand->id = tail->file->id;
        errand->size = tail->offset;
        errand->is_gzip = tail->is_gzip;
        errand->is_damaged = tail->is_damaged;
        errand->path = xstrdup(tail->file->path);
    }
    errand->job = (struct disk_job){
        .loop = self->host->loop, .work = errand_work, .done = errand_done};
    self->errands++;
    disk_submit(self->host->disk, &errand->job);
}

static int tail_take_fd(struct tail *tail)
{
    int fd = tail->file->fd;
    if (fd >= 0) tail->owner->open--;
    tail->file->fd = -1;
    return fd;
}

static void tail_close(struct tail *tail)
{
    int fd = tail_take_fd(tail);
    if (fd >= 0) errand_start(tail->owner, NULL, fd);
}

/* ---- positions ---- */

static void tail_record(struct tail *tail, uint64_t offset)
{
    struct sincedb *db = &tail->owner->sincedb;
    struct sincedb_entry *entry =
        sincedb_set(db, tail->file->id, offset, wall_clock(), tail->file->path);
    if (entry) entry->is_in_use = true;
}

static bool tail_is_settled(const struct tail *tail)
{
    return tail->settled >= tail->stream.position || source_is_idle(tail->stream.source);
}

/* Mode read: everything was emitted and is settled: the file can go. */
static void tail_complete(struct tail *tail)
{
    struct file_input *self = tail->owner;
    if (!tail->is_at_end || tail->is_completing || tail->is_done || !tail_is_settled(tail) ||
        self->host->is_stopped || self->host->is_stopping)
        return;
    tail_record(tail, tail->offset);
    tail->is_completing = true;
    errand_start(self, tail, tail_take_fd(tail));
}

/* The file was removed here. Its inode may be another file's already, which must not be taken for
 * this one grown: it is forgotten before the next look. */
static void tail_removed(struct tail *tail)
{
    struct file_input *self = tail->owner;
    sincedb_remove(&self->sincedb, tail->file->id);
    queue_remove(self, tail);
    framer_fini(&tail->framer);
    watch_forget(&self->watch, tail->file);
    tail_free(tail);
}

static void errand_completed(struct file_input *self, const struct errand *errand)
{
    struct tail *tail = errand->tail;
    tail->is_completing = false;
    if (errand->status == -EAGAIN) {
        tail->is_at_end = false; /* it grew: the rest is read as well */
    } else if (errand->status < 0) {
        counter_add(&self->host->counters.errors, 1);
        LOG(LOG_ERROR, "file.completed", self->host->id,
            "`%s` was read but file_completed_action failed: %s; it is tried again",
            tail->file->path, uv_strerror(errand->status));
    } else if (errand->is_removed) {
        tail_removed(tail);
    } else {
        tail->is_done = true;
    }
}

static void errand_done(struct disk_job *job)
{
    struct errand *errand = (struct errand *)(void *)job;
    struct file_input *self = errand->owner;
    self->errands--;
    if (errand->tail) errand_completed(self, errand);
    free(errand->path);
    free(errand);
    file_end_check(self);
}

/* Outputs are done with everything up to `position`. */
static void tail_advance(void *opaque, uint64_t position)
{
    struct tail *tail = opaque;
    tail->settled = position;
    /* a place within a gzip file cannot be gone back to: it counts when it is complete */
    if (!tail->is_gzip) tail_record(tail, position);
    tail_complete(tail);
}

static const struct source_hooks tail_hooks = {.advance = tail_advance};

/* ---- events ---- */

static void tail_decorate(void *opaque, struct event *event)
{
    struct tail *tail = opaque;
    const struct file_input *self = tail->owner;
    struct value path = value_string(arena_copy(event->arena, str_of(tail->file->path)));
    path_set(&self->fields[FIELD_METADATA_PATH], event, path);
    path_set(&self->fields[FIELD_METADATA_HOST], event, self->host_name);
    path_set_absent(&self->fields[FIELD_HOST], event, self->host_name);
    path_set_absent(&self->fields[FIELD_PATH], event, path);
}

static void file_fields(const void *opaque, struct field_set *fields)
{
    const struct file_input *self = opaque;
    fields_put(fields, &self->fields[FIELD_METADATA_PATH], TYPE_STRING);
    fields_put(fields, &self->fields[FIELD_METADATA_HOST], TYPE_STRING);
    fields_put_absent(fields, &self->fields[FIELD_HOST], TYPE_STRING);
    fields_put_absent(fields, &self->fields[FIELD_PATH], TYPE_STRING);
}

/* ---- tails ---- */

static void tail_queue(struct tail *tail)
{
    struct file_input *self = tail->owner;
    if (tail->is_queued || tail == self->current) return;
    tail->is_queued = true;
    tail->next = NULL;
    *self->last = tail;
    self->last = &tail->next;
}

static struct tail *queue_take(struct file_input *self)
{
    struct tail *tail = self->first;
    if (!tail) return NULL;
    self->first = tail->next;
    if (!self->first) self->last = &self->first;
    tail->is_queued = false;
    return tail;
}

static void queue_give_back(struct file_input *self, struct tail *tail)
{
    tail->next = self->first;
    self->first = tail;
    if (!tail->next) self->last = &tail->next;
    tail->is_queued = true;
}

static void queue_remove(struct file_input *self, struct tail *tail)
{
    if (!tail->is_queued) return;
    struct tail **link = &self->first;
    while (*link != tail) link = &(*link)->next;
    *link = tail->next;
    if (!tail->next) self->last = link;
    tail->is_queued = false;
}

static void tail_open_stream(struct tail *tail, uint64_t position)
{
    struct file_input *self = tail->owner;
    stream_open(&tail->stream, self->host, &tail_hooks, tail_decorate, tail);
    framer_init(&tail->framer, &tail->stream, self->delimiter, LINE_BYTES_LIMIT, position);
    tail->settled = position;
}

/* The file became smaller: it was written anew, its start is the next to read. */
static void tail_restart(struct tail *tail)
{
    struct file_input *self = tail->owner;
    LOG(LOG_INFO, "file.truncated", self->host->id, "`%s` became smaller, it is read from its start",
        tail->file->path);
    if (tail == self->current) {
        self->current = NULL; /* what is left of its block belongs to the old content */
        self->used = self->len;
    }
    framer_fini(&tail->framer);
    stream_flush(&tail->stream);
    stream_close(&tail->stream);
    tail->offset = 0;
    tail_open_stream(tail, 0);
    tail_record(tail, 0);
}

/* Where a file that was just found begins. */
static uint64_t tail_start(const struct file_input *self, const struct tail *tail)
{
    const struct watched *file = tail->file;
    const struct sincedb_entry *known = sincedb_find(&self->sincedb, file->id);
    if (known && tail->is_gzip) return known->offset >= file->size ? file->size : 0;
    if (known) return known->offset > file->size ? 0 : known->offset;
    if (self->mode.value == MODE_READ) return 0;
    if (tail->ignored) return file->size;
    return file->is_first && self->start_position.value == START_END ? file->size : 0;
}

static void tail_found(void *opaque, struct watched *file)
{
    struct file_input *self = opaque;
    struct tail *tail = xcalloc(1, sizeof *tail);
    tail->owner = self;
    tail->file = file;
    file->owner = tail;
    tail->active = loop_ms(self);
    tail->is_gzip = self->mode.value == MODE_READ && unzip_is_name(file->path);
    int64_t age_ns = (int64_t)(wall_clock() * 1e9) - file->modified;
    if (self->ignore_older.ns && age_ns > self->ignore_older.ns) tail->ignored = file->modified;
    tail->offset = tail_start(self, tail);
    tail_open_stream(tail, tail->is_gzip ? 0 : tail->offset);
    tail_record(tail, tail->offset);
    LOG(LOG_DEBUG, "file.found", self->host->id, "`%s`: reading from byte %llu", file->path,
        (unsigned long long)tail->offset);
}

static void tail_free(struct tail *tail)
{
    if (tail->stream.source) stream_close(&tail->stream);
    unzip_destroy(tail->unzip);
    free(tail);
}

/* The file has no name that is watched any more, and nothing of it is left to read. */
static void tail_forget(struct tail *tail)
{
    struct file_input *self = tail->owner;
    struct watched *file = tail->file;
    if (tail == self->current || tail->is_completing) return;
    /* nobody will ever end this line */
    framer_flush(&tail->framer);
    stream_flush(&tail->stream);
    if (!tail_is_settled(tail)) return; /* comes again at the next look */
    if (tail->offset < file->size && !tail->is_done)
        LOG(LOG_WARN, "file.gone", self->host->id, "`%s` went before it was read to its end",
            file->path);
    struct sincedb_entry *entry = sincedb_find(&self->sincedb, file->id);
    if (entry) entry->is_in_use = false;
    /* the inode will be given to another file, which must not inherit this one's position */
    if (file->is_deleted) sincedb_remove(&self->sincedb, file->id);
    queue_remove(self, tail);
    framer_fini(&tail->framer);
    tail_close(tail);
    watch_forget(&self->watch, file);
    tail_free(tail);
}

static bool tail_has_more(const struct tail *tail)
{
    if (tail->ignored || tail->is_completing) return false;
    if (tail->file->size > tail->offset) return !tail->is_gzip || !tail->is_at_end;
    return tail->owner->mode.value == MODE_READ && !tail->is_at_end;
}

static void tail_changed(void *opaque, struct watched *file)
{
    struct file_input *self = opaque;
    struct tail *tail = file->owner;
    uint64_t idle_ms = loop_ms(self) - tail->active;
    if (tail->ignored && tail->ignored != file->modified) tail->ignored = 0;
    if (file->size < tail->offset && !tail->is_gzip && !(self->is_reading && tail == self->current)) {
        tail_restart(tail);
        tail->is_at_end = tail->is_done = false;
    }
    if (tail->is_done && file->size > tail->offset && !tail->is_gzip)
        tail->is_done = tail->is_at_end = false;
    if (tail_has_more(tail) && (file->fd >= 0 || file->is_named)) {
        tail_queue(tail);
    } else if (!file->is_named) {
        bool may_be_written = file->fd >= 0 && !tail->is_done && idle_ms < ROTATED_KEEP_MS;
        if (!may_be_written || (file->is_deleted && idle_ms >= (uint64_t)self->stat_interval.ns / 1000000))
            tail_forget(tail);
    } else if (tail->is_at_end) {
        tail_complete(tail);
    } else if (file->fd >= 0 && !tail->is_queued && tail != self->current &&
               idle_ms >= (uint64_t)self->close_older.ns / 1000000) {
        tail_close(tail);
    }
}

/* ---- reading ---- */

/* On the disk thread. Between being found and being opened the name may have gone to another file. */
static int read_open(const struct file_input *self, const struct tail *tail)
{
    int fd = open(self->read.path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) return -errno;
    struct stat status;
    int error = fstat(fd, &status) < 0 ? -errno : 0;
    if (error == 0 && !file_id_eq(stat_id(&status), tail->file->id)) error = -ESTALE;
    if (error == 0 && tail->is_gzip && self->check_archive_validity) error = unzip_check(fd);
    if (error) close(fd);
    return error ? error : fd;
}

static void read_work(struct disk_job *job)
{
    struct file_input *self =
        (struct file_input *)(void *)((char *)job - offsetof(struct file_input, read));
    struct tail *tail = self->current;
    if (self->read.fd < 0) {
        int fd = read_open(self, tail);
        if (fd < 0) {
            self->read.got = fd;
            return;
        }
        self->read.fd = fd;
    }
    if (tail->is_gzip) {
        if (!tail->unzip) tail->unzip = unzip_create();
        self->read.got = unzip_read(tail->unzip, self->read.fd, &self->read.offset,
                                    self->block->bytes, self->block->capacity);
        return;
    }
    do self->read.got = pread(self->read.fd, self->block->bytes, self->block->capacity,
                              (off_t)self->read.offset);
    while (self->read.got < 0 && errno == EINTR);
    if (self->read.got < 0)
        self->read.got = -errno;
    else
        self->read.offset += (uint64_t)self->read.got;
}

/* The current file is through for now. */
static void current_rest(struct file_input *self, bool has_more)
{
    struct tail *tail = self->current;
    self->current = NULL;
    tail->turn = 0;
    if (has_more) tail_queue(tail);
}

static void current_at_end(struct file_input *self)
{
    struct tail *tail = self->current;
    current_rest(self, false);
    if (self->mode.value != MODE_READ) return;
    framer_flush(&tail->framer);
    stream_flush(&tail->stream);
    tail->is_at_end = true;
    tail_complete(tail);
}

static void current_failed(struct file_input *self, int error)
{
    struct tail *tail = self->current;
    if (error == -ENOENT || error == -ESTALE) { /* rotated meanwhile: the next look says more */
        current_rest(self, false);
        return;
    }
    counter_add(&self->host->counters.errors, 1);
    if (error == -EBADMSG) {
        LOG(LOG_ERROR, "file.damaged", self->host->id,
            "`%s` is not a whole gzip file: what could be read was read, the file is left where it is",
            tail->file->path);
        tail->is_damaged = true;
        tail->offset = tail->file->size;
        current_at_end(self);
        return;
    }
    LOG(LOG_ERROR, "file.read", self->host->id, "cannot read `%s`: %s; it is tried again",
        tail->file->path, uv_strerror(error));
    current_rest(self, false);
}

static void read_done(struct disk_job *job)
{
    struct file_input *self =
        (struct file_input *)(void *)((char *)job - offsetof(struct file_input, read));
    struct tail *tail = self->current;
    self->is_reading = false;
    free(self->read.path);
    tail->offset = self->read.offset;
    if (self->read.fd >= 0 && !self->read.was_open) {
        tail->file->fd = self->read.fd;
        self->open++;
    }
    if (self->read.got < 0) {
        current_failed(self, (int)self->read.got);
    } else if (self->read.got == 0) {
        current_at_end(self);
    } else {
        self->used = 0;
        self->len = (size_t)self->read.got;
        tail->turn += self->len;
        tail->active = loop_ms(self);
    }
    file_go_on(self);
}

/* At the limit of open files the one idle for longest is closed; its position is kept. */
static bool file_may_open(struct file_input *self)
{
    if (self->open < (uint64_t)self->max_open_files) return true;
    struct tail *oldest = NULL;
    for (uint32_t i = 0; i < self->watch.count; i++) {
        const struct watched *file = self->watch.files[i];
        struct tail *tail = file->owner;
        if (file->is_forgotten || file->fd < 0 || tail->is_queued || !file->is_named) continue;
        if (!oldest || tail->active < oldest->active) oldest = tail;
    }
    if (!oldest || oldest->is_gzip) return false;
    tail_close(oldest);
    return true;
}

static void read_start(struct file_input *self)
{
    struct chunk_pool *pool = &self->host->loop->pool;
    if (self->block && self->block->references > 1) {
        block_drop(self->block, pool);
        self->block = NULL;
    }
    if (!self->block) self->block = block_create(pool, BLOCK_BYTES);
    self->len = self->used = 0;
    self->read.fd = self->current->file->fd;
    self->read.was_open = self->read.fd >= 0;
    self->read.path = self->read.was_open ? NULL : xstrdup(self->current->file->path);
    self->read.offset = self->current->offset;
    self->read.job = (struct disk_job){
        .loop = self->host->loop, .work = read_work, .done = read_done};
    self->is_reading = true;
    disk_submit(self->host->disk, &self->read.job);
}

/* Emits what was read; false when the input is paused and some is left. */
static bool current_emit(struct file_input *self)
{
    struct str rest = {self->block->bytes + self->used, self->len - self->used};
    self->used += framer_feed(&self->current->framer, rest, self->block);
    return self->used == self->len;
}

/* After its block: the same file again, or the next one's turn. */
static void current_turn(struct file_input *self)
{
    const struct tail *tail = self->current;
    bool may_have_more = self->mode.value == MODE_READ || self->len == self->block->capacity ||
                         tail->file->size > tail->offset;
    if (!may_have_more)
        current_rest(self, false);
    else if (tail->turn >= self->turn_bytes && self->first)
        current_rest(self, true);
}

static void file_go_on(struct file_input *self)
{
    if (self->is_reading || self->host->is_stopped) return;
    if (self->host->is_stopping) {
        file_end_check(self);
        return;
    }
    if (self->current && self->used < self->len && !current_emit(self)) return;
    if (self->current) current_turn(self);
    if (input_is_paused(self->host)) return;
    if (!self->current) {
        struct tail *tail = queue_take(self);
        if (!tail) return;
        if (tail->file->fd < 0 && !file_may_open(self)) {
            queue_give_back(self, tail);
            return;
        }
        self->current = tail;
    }
    read_start(self);
}

/* Mode read, exit_after_read: nothing is left when every file was completed. */
static bool file_is_exhausted(const struct file_input *self)
{
    if (!self->exit_after_read || !self->watch.has_scanned || self->current || self->first)
        return false;
    for (uint32_t i = 0; i < self->watch.count; i++) {
        const struct tail *tail = self->watch.files[i]->owner;
        if (!self->watch.files[i]->is_forgotten && !tail->is_done && !tail->ignored) return false;
    }
    return true;
}

static void file_scanned(void *opaque, bool is_scan)
{
    struct file_input *self = opaque;
    if (is_scan && self->sincedb_clean_after.ns)
        sincedb_clean(&self->sincedb,
                      wall_clock() - (double)self->sincedb_clean_after.ns / 1e9);
    file_go_on(self);
    file_end_check(self);
}

/* ---- sincedb ---- */

static void sincedb_save_work(struct disk_job *job)
{
    struct file_input *self =
        (struct file_input *)(void *)((char *)job - offsetof(struct file_input, sincedb_job));
    self->sincedb_status = sincedb_save(self->sincedb_file, buf_str(&self->sincedb_text));
}

static void sincedb_complain(struct file_input *self)
{
    if (self->sincedb_status == 0) return;
    self->sincedb.is_changed = true;
    counter_add(&self->host->counters.errors, 1);
    LOG(LOG_ERROR, "file.sincedb_write", self->host->id,
        "cannot write the sincedb `%s`: %s; lines would be repeated after a restart",
        self->sincedb_file, uv_strerror(self->sincedb_status));
}

static void sincedb_save_done(struct disk_job *job)
{
    struct file_input *self =
        (struct file_input *)(void *)((char *)job - offsetof(struct file_input, sincedb_job));
    self->is_saving = false;
    sincedb_complain(self);
    file_end_check(self);
}

static void sincedb_due(uv_timer_t *timer)
{
    struct file_input *self = timer->data;
    if (self->is_saving || !self->sincedb.is_changed || !self->sincedb_file) return;
    self->is_saving = true;
    buf_clear(&self->sincedb_text);
    sincedb_print(&self->sincedb, &self->sincedb_text);
    self->sincedb_job = (struct disk_job){
        .loop = self->host->loop, .work = sincedb_save_work, .done = sincedb_save_done};
    disk_submit(self->host->disk, &self->sincedb_job);
}

static void sincedb_load_work(struct disk_job *job)
{
    struct file_input *self =
        (struct file_input *)(void *)((char *)job - offsetof(struct file_input, sincedb_job));
    self->sincedb_status = sincedb_load(self->sincedb_file, &self->sincedb_text);
}

static void file_start_watching(struct file_input *self)
{
    self->has_watch = true;
    watch_start(&self->watch, self->host->loop, self->host->disk, self->host->id);
    uint64_t interval = (uint64_t)self->sincedb_write_interval.ns / 1000000;
    uv_timer_start(&self->sincedb_timer, sincedb_due, interval, interval);
}

static void sincedb_load_start(uv_timer_t *timer);

/* Without the positions, lines would be lost or repeated: nothing is read before they are known. */
static void sincedb_load_done(struct disk_job *job)
{
    struct file_input *self =
        (struct file_input *)(void *)((char *)job - offsetof(struct file_input, sincedb_job));
    self->is_saving = false;
    if (self->host->is_stopping) {
        file_end_check(self);
        return;
    }
    if (self->sincedb_status) {
        LOG(LOG_ERROR, "file.sincedb_read", self->host->id,
            "cannot read the sincedb `%s`: %s; no file is read until it can be", self->sincedb_file,
            uv_strerror(self->sincedb_status));
        uv_timer_start(&self->sincedb_timer, sincedb_load_start, SINCEDB_RETRY_MS, 0);
        return;
    }
    uint32_t bad = sincedb_parse(&self->sincedb, buf_str(&self->sincedb_text), wall_clock());
    if (bad)
        LOG(LOG_WARN, "file.sincedb_line", self->host->id,
            "%u lines of the sincedb `%s` are not readable and were left out", bad,
            self->sincedb_file);
    file_start_watching(self);
}

static void sincedb_load_start(uv_timer_t *timer)
{
    struct file_input *self = timer->data;
    if (!self->sincedb_file) {
        file_start_watching(self);
        return;
    }
    self->is_saving = true;
    buf_clear(&self->sincedb_text);
    self->sincedb_job = (struct disk_job){
        .loop = self->host->loop, .work = sincedb_load_work, .done = sincedb_load_done};
    disk_submit(self->host->disk, &self->sincedb_job);
}

/* ---- life ---- */

static bool file_check(const struct file_input *self, const struct plugin_context *context)
{
    uint32_t errors = context->diag->errors;
    for (uint32_t i = 0; i < self->path.count; i++)
        if (!str_starts(self->path.items[i], STR("/")))
            diag_hint(context->diag,
                      diag_error(context->diag, context_item_place(context, "path", i),
                                 "`%.*s` is not an absolute path", STR_ARG(self->path.items[i])),
                      "begin it with /");
    bool is_read = self->mode.value == MODE_READ;
    if (is_read && self->file_completed_action.value != COMPLETED_DELETE &&
        self->file_completed_log_path.len == 0)
        diag_error(context->diag, context_place(context, "file_completed_action"),
                   "this action needs `file_completed_log_path`");
    if (self->exit_after_read && !is_read)
        diag_error(context->diag, context_place(context, "exit_after_read"),
                   "`exit_after_read` needs `mode => \"read\"`");
    if (self->delimiter.len == 0)
        diag_error(context->diag, context_place(context, "delimiter"), "`delimiter` is empty");
    struct stat status;
    if (self->sincedb_path.len && stat(self->sincedb_file ? self->sincedb_file : "", &status) == 0 &&
        S_ISDIR(status.st_mode))
        diag_error(context->diag, context_place(context, "sincedb_path"),
                   "`sincedb_path` is a directory: name a file");
    return context->diag->errors == errors;
}

static const char *sincedb_place(const struct file_input *self, const struct plugin_context *context)
{
    if (str_eq(self->sincedb_path, STR("/dev/null")) || str_eq(self->sincedb_path, STR("NUL")))
        return NULL;
    if (self->sincedb_path.len) return arena_copy_z(context->arena, self->sincedb_path);
    struct str name = sincedb_name(&self->path, context->arena);
    struct str file = arena_printf(context->arena, "%.*s/plugins/inputs/file/%.*s",
                                   STR_ARG(context->path_data), STR_ARG(name));
    return arena_copy_z(context->arena, file);
}

static void file_find_fields(struct file_input *self, const struct plugin_context *context)
{
    bool is_legacy = context->ecs == ECS_DISABLED;
    const struct str names[FIELD_COUNT] = {
        [FIELD_METADATA_PATH] = STR("[@metadata][path]"),
        [FIELD_METADATA_HOST] = STR("[@metadata][host]"),
        [FIELD_HOST] = is_legacy ? STR("host") : STR("[host][name]"),
        [FIELD_PATH] = is_legacy ? STR("path") : STR("[log][file][path]"),
    };
    for (int i = 0; i < FIELD_COUNT; i++) path_compile(&self->fields[i], names[i], context->arena);
    self->host_name = value_string(input_host_name(context->arena));
}

static bool file_create(void *opaque, const struct plugin_context *context)
{
    struct file_input *self = opaque;
    self->last = &self->first;
    self->sincedb_file = sincedb_place(self, context);
    self->completed_log = arena_copy_z(context->arena, self->file_completed_log_path);
    if (!file_check(self, context)) return false;
    file_find_fields(self, context);
    int64_t turn;
    if (__builtin_mul_overflow(self->file_chunk_size, self->file_chunk_count, &turn)) turn = INT64_MAX;
    /* followed files take turns block by block, whatever their backlog */
    self->turn_bytes = self->mode.value == MODE_TAIL && turn > BLOCK_BYTES ? BLOCK_BYTES : (uint64_t)turn;
    struct watch_options options = {
        .patterns = self->path,
        .exclude = self->exclude,
        .stat_interval_ns = self->stat_interval.ns,
        .discover_interval_ns = self->discover_interval * self->stat_interval.ns,
        .order = (enum watch_order)self->file_sort_by.value,
        .is_descending = self->file_sort_direction.value == 1,
    };
    struct watch_hooks hooks = {tail_found, tail_changed, file_scanned};
    watch_init(&self->watch, &options, &hooks, self, context->arena);
    return true;
}

static int file_start(void *opaque, struct input *host)
{
    struct file_input *self = opaque;
    self->host = host;
    uv_timer_init(&host->loop->uv, &self->sincedb_timer);
    self->sincedb_timer.data = self;
    self->is_timer_open = true;
    sincedb_load_start(&self->sincedb_timer);
    return 0;
}

static void file_pause(void *opaque, bool paused)
{
    if (!paused) file_go_on(opaque);
}

static void sincedb_timer_closed(uv_handle_t *handle)
{
    struct file_input *self = handle->data;
    self->is_timer_open = false;
    file_end_check(self);
}

static void file_watch_stopped(void *opaque)
{
    struct file_input *self = opaque;
    self->has_watch = false;
    file_end_check(self);
}

static void file_stop(void *opaque)
{
    struct file_input *self = opaque;
    self->host->is_stopping = true;
    if (self->has_watch) watch_stop(&self->watch, file_watch_stopped);
    if (!uv_is_closing((uv_handle_t *)&self->sincedb_timer))
        uv_close((uv_handle_t *)&self->sincedb_timer, sincedb_timer_closed);
}

/* Streams stay open: their lines are settled by outputs that end after this. */
static void file_end_check(struct file_input *self)
{
    if (self->host->is_stopped) return;
    if (!self->host->is_stopping && self->errands == 0 && file_is_exhausted(self)) {
        self->host->is_exhausted = true;
        file_stop(self);
    }
    if (!self->host->is_stopping || self->has_watch || self->is_timer_open || self->is_reading ||
        self->is_saving || self->errands)
        return;
    for (uint32_t i = 0; i < self->watch.count; i++) {
        struct tail *tail = self->watch.files[i]->owner;
        if (self->watch.files[i]->is_forgotten) continue;
        tail->framer.tail_len = 0; /* not lost: the line is read again at the next start */
        framer_fini(&tail->framer);
    }
    if (self->block) block_drop(self->block, &self->host->loop->pool);
    self->block = NULL;
    input_stopped(self->host);
}

/* Outputs have ended: what they have done with is written a last time. */
static void file_destroy(void *opaque)
{
    struct file_input *self = opaque;
    if (self->sincedb.is_changed && self->sincedb_file && self->host) {
        buf_clear(&self->sincedb_text);
        sincedb_print(&self->sincedb, &self->sincedb_text);
        self->sincedb_status = sincedb_save(self->sincedb_file, buf_str(&self->sincedb_text));
        sincedb_complain(self);
    }
    for (uint32_t i = 0; i < self->watch.count; i++) {
        struct watched *file = self->watch.files[i];
        if (file->is_forgotten) continue;
        if (file->fd >= 0) close(file->fd);
        tail_free(file->owner);
    }
    watch_fini(&self->watch);
    sincedb_fini(&self->sincedb);
    buf_fini(&self->sincedb_text);
}

const struct input_type input_file = {
    .name = "file",
    .summary = "Follows files, or reads them once.",
    .size = sizeof(struct file_input),
    .options = file_options,
    .default_codec = "plain",
    .is_single = true,
    .is_rewound = true,
    .create = file_create,
    .start = file_start,
    .pause = file_pause,
    .stop = file_stop,
    .destroy = file_destroy,
    .fields = file_fields,
    .is_ecs = true,
};
