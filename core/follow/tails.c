/* SPDX-License-Identifier: Apache-2.0 */
/* The files that are followed: where one begins, and what becomes of it when it grows, shrinks, is rotated or goes. */
#include <assert.h>
#include <stdlib.h>
#include "core/follow/follow.h"
#include "core/log.h"
#include "core/store/unzip.h"
#include "core/xmalloc.h"

enum { ROTATED_KEEP_MS = 60 * 1000 }; /* a rotated file may still be written to by a slow daemon */

/* ---- what their events get ---- */

void follow_find_fields(struct follow *self, const struct plugin_context *context)
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

static void tail_decorate(void *opaque, struct event *event)
{
    struct tail *tail = opaque;
    const struct follow *self = tail->owner;
    struct value path = value_string(arena_copy(event->arena, str_of(tail->file->path)));
    path_set(&self->fields[FIELD_METADATA_PATH], event, path);
    path_set(&self->fields[FIELD_METADATA_HOST], event, self->host_name);
    path_set_absent(&self->fields[FIELD_HOST], event, self->host_name);
    path_set_absent(&self->fields[FIELD_PATH], event, path);
}

void follow_fields(const void *opaque, struct field_set *fields)
{
    const struct follow *self = opaque;
    fields_put(fields, &self->fields[FIELD_METADATA_PATH], TYPE_STRING);
    fields_put(fields, &self->fields[FIELD_METADATA_HOST], TYPE_STRING);
    fields_put_absent(fields, &self->fields[FIELD_HOST], TYPE_STRING);
    fields_put_absent(fields, &self->fields[FIELD_PATH], TYPE_STRING);
}

/* ---- beginning ---- */

static const struct source_hooks tail_hooks = {.advance = tail_advance};

static void tail_open_stream(struct tail *tail, uint64_t position)
{
    struct follow *self = tail->owner;
    assert(!tail->stream.source);
    stream_open(&tail->stream, self->host, &tail_hooks, tail_decorate, tail);
    framer_init(&tail->framer, &tail->stream, self->delimiter, LINE_BYTES_LIMIT, position);
    tail->settled = position;
}

/* The file became smaller: it was written anew, its start is the next to read. */
static void tail_restart(struct tail *tail)
{
    struct follow *self = tail->owner;
    assert(!tail->is_gzip && !(tail == self->current && self->is_reading));
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

/* Where a file that was just found begins. A gzip file is read whole or not at all: its offset counts compressed
 * bytes, where nothing can be gone on from. */
static uint64_t tail_start(const struct follow *self, const struct tail *tail)
{
    const struct watched *file = tail->file;
    const struct sincedb_entry *known = sincedb_find(&self->sincedb, file->id);
    if (known && tail->is_gzip) return known->offset >= file->size ? file->size : 0;
    if (known) return known->offset > file->size ? 0 : known->offset;
    if (self->mode.value == MODE_READ) return 0;
    if (tail->ignored) return file->size;
    return file->is_first && self->start_position.value == START_END ? file->size : 0;
}

void tail_found(void *opaque, struct watched *file)
{
    struct follow *self = opaque;
    assert(self->has_watch && !file->owner && file->fd < 0);
    struct tail *tail = xcalloc(1, sizeof *tail);
    tail->owner = self;
    tail->file = file;
    file->owner = tail;
    tail->active = follow_now_ms(self);
    tail->is_gzip = self->mode.value == MODE_READ && unzip_is_name(file->path);
    int64_t age_ns = (int64_t)(follow_wall_clock() * 1e9) - file->modified;
    if (self->ignore_older.ns && age_ns > self->ignore_older.ns) tail->ignored = file->modified;
    tail->offset = tail_start(self, tail);
    tail_open_stream(tail, tail->is_gzip ? 0 : tail->offset);
    tail_record(tail, tail->offset);
    LOG(LOG_DEBUG, "file.found", self->host->id, "`%s`: reading from byte %llu", file->path,
        (unsigned long long)tail->offset);
}

/* ---- growing, and going ---- */

void tail_free(struct tail *tail)
{
    assert(!tail->is_completing);
    if (tail->stream.source) stream_close(&tail->stream);
    unzip_destroy(tail->unzip);
    free(tail);
}

/* The file has no name that is watched any more, and nothing of it is left to read. */
static void tail_forget(struct tail *tail)
{
    struct follow *self = tail->owner;
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
    tail_unqueue(tail);
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

void tail_changed(void *opaque, struct watched *file)
{
    struct follow *self = opaque;
    struct tail *tail = file->owner;
    assert(tail->owner == self && tail->file == file);
    uint64_t idle_ms = follow_now_ms(self) - tail->active;
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
