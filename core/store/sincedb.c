/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/sincedb.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/store/open.h"
#include "core/text/digest.h"
#include "core/xmalloc.h"

enum { INDEX_MIN = 64 };

uint32_t file_id_hash(struct file_id id)
{
    uint64_t mixed = (id.inode ^ ((uint64_t)id.device_major << 40) ^
                      ((uint64_t)id.device_minor << 20)) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(mixed >> 32);
}

void sincedb_fini(struct sincedb *db)
{
    for (uint32_t i = 0; i < db->count; i++) free(db->entries[i].path);
    free(db->entries);
    free(db->index);
    *db = (struct sincedb){0};
}

/* ---- table ---- */

static void index_put(struct sincedb *db, uint32_t number)
{
    uint32_t at = file_id_hash(db->entries[number].id) & db->index_mask;
    while (db->index[at]) at = (at + 1) & db->index_mask;
    db->index[at] = number + 1;
}

static void index_renew(struct sincedb *db)
{
    uint32_t size = INDEX_MIN;
    while (size < 2 * db->capacity) size *= 2;
    free(db->index);
    db->index = xcalloc(size, sizeof *db->index);
    db->index_mask = size - 1;
    for (uint32_t i = 0; i < db->count; i++) index_put(db, i);
}

struct sincedb_entry *sincedb_find(const struct sincedb *db, struct file_id id)
{
    if (!db->index) return NULL;
    uint32_t at = file_id_hash(id) & db->index_mask;
    for (; db->index[at]; at = (at + 1) & db->index_mask) {
        struct sincedb_entry *entry = &db->entries[db->index[at] - 1];
        if (file_id_eq(entry->id, id)) return entry;
    }
    return NULL;
}

static struct sincedb_entry *sincedb_add(struct sincedb *db, struct file_id id)
{
    if (db->count == SINCEDB_ENTRIES_MAX) return NULL;
    if (db->count == db->capacity) {
        db->capacity = db->capacity ? 2 * db->capacity : INDEX_MIN / 2;
        db->entries = xreallocarray(db->entries, db->capacity, sizeof *db->entries);
        index_renew(db);
    }
    db->entries[db->count] = (struct sincedb_entry){.id = id};
    index_put(db, db->count);
    return &db->entries[db->count++];
}

struct sincedb_entry *sincedb_set(struct sincedb *db, struct file_id id, uint64_t offset,
                                  double active, const char *path)
{
    struct sincedb_entry *entry = sincedb_find(db, id);
    if (!entry) entry = sincedb_add(db, id);
    if (!entry) return NULL;
    entry->offset = offset;
    entry->active = active;
    db->is_changed = true;
    /* a path with a newline cannot stand in a line, nor one whose end looks like a CRLF's */
    size_t len = path ? strlen(path) : 0;
    if (len && (strchr(path, '\n') || path[len - 1] == '\r')) path = NULL;
    if (entry->path && path && !strcmp(entry->path, path)) return entry;
    free(entry->path);
    entry->path = path ? xstrdup(path) : NULL;
    return entry;
}

/* Rare: the last takes the place of the removed one and the index is made anew. */
void sincedb_remove(struct sincedb *db, struct file_id id)
{
    struct sincedb_entry *entry = sincedb_find(db, id);
    if (!entry) return;
    free(entry->path);
    *entry = db->entries[--db->count];
    db->is_changed = true;
    index_renew(db);
}

void sincedb_clean(struct sincedb *db, double oldest)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < db->count; i++) {
        if (db->entries[i].is_in_use || db->entries[i].active >= oldest)
            db->entries[kept++] = db->entries[i];
        else
            free(db->entries[i].path);
    }
    if (kept == db->count) return;
    db->count = kept;
    db->is_changed = true;
    index_renew(db);
}

/* ---- text ---- */

/* Takes a whole number and the blank behind it. */
static bool take_number(struct str *line, uint64_t max, uint64_t *number)
{
    size_t len = 0;
    for (*number = 0; len < line->len && is_digit(line->ptr[len]); len++) {
        uint64_t digit = (uint64_t)(line->ptr[len] - '0');
        if (*number > (max - digit) / 10) return false;
        *number = *number * 10 + digit;
    }
    if (len == 0 || (len < line->len && line->ptr[len] != ' ')) return false;
    *line = str_from(*line, len + 1);
    return true;
}

/* Takes `seconds.fraction` and the blank behind it. */
static bool take_seconds(struct str *line, double *seconds)
{
    char text[32];
    const char *blank = line->len ? memchr(line->ptr, ' ', line->len) : NULL;
    size_t len = blank ? (size_t)(blank - line->ptr) : line->len;
    if (len == 0 || len >= sizeof text || !is_digit(*line->ptr)) return false;
    memcpy(text, line->ptr, len);
    text[len] = 0;
    if (strspn(text, "0123456789.eE+-") != len) return false;
    char *end;
    *seconds = strtod(text, &end);
    if (*end || !(*seconds >= 0 && *seconds < 1e15)) return false;
    *line = str_from(*line, len + 1);
    return true;
}

static bool parse_line(struct sincedb *db, struct str line, double now)
{
    uint64_t inode, device_major, device_minor, offset;
    double active = now;
    if (!take_number(&line, UINT64_MAX, &inode) || !take_number(&line, UINT32_MAX, &device_major) ||
        !take_number(&line, UINT32_MAX, &device_minor) || !take_number(&line, INT64_MAX, &offset))
        return false;
    if (line.len && !take_seconds(&line, &active)) return false;
    struct file_id id = {inode, (uint32_t)device_major, (uint32_t)device_minor};
    bool has_path = line.len && !memchr(line.ptr, 0, line.len);
    char *path = has_path ? xstrndup(line) : NULL;
    bool is_added = sincedb_set(db, id, offset, active, path) != NULL;
    free(path);
    return is_added;
}

uint32_t sincedb_parse(struct sincedb *db, struct str text, double now)
{
    uint32_t bad = 0;
    while (text.len) {
        const char *newline = memchr(text.ptr, '\n', text.len);
        size_t len = newline ? (size_t)(newline - text.ptr) : text.len;
        struct str line = str_slice(text, 0, len);
        if (line.len && line.ptr[line.len - 1] == '\r') line.len--;
        if (line.len && !parse_line(db, line, now)) bad++;
        text = str_from(text, len + 1);
    }
    db->is_changed = bad > 0;
    return bad;
}

void sincedb_print(struct sincedb *db, struct buf *out)
{
    for (uint32_t i = 0; i < db->count; i++) {
        const struct sincedb_entry *entry = &db->entries[i];
        buf_printf(out, "%llu %u %u %llu %.6f", (unsigned long long)entry->id.inode,
                   entry->id.device_major, entry->id.device_minor,
                   (unsigned long long)entry->offset, entry->active);
        if (entry->path) buf_printf(out, " %s", entry->path);
        buf_append_char(out, '\n');
    }
    db->is_changed = false;
}

struct str sincedb_name(const struct str_list *paths, struct arena *arena)
{
    struct buf joined = {0};
    for (uint32_t i = 0; i < paths->count; i++) {
        if (i) buf_append_char(&joined, ',');
        buf_append(&joined, paths->items[i]);
    }
    char hex[DIGEST_HEX_MAX];
    digest_hex(DIGEST_MD5, buf_str(&joined), hex);
    buf_fini(&joined);
    return arena_printf(arena, ".sincedb_%s", hex);
}

/* ---- disk ---- */

int sincedb_load(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) return errno == ENOENT ? 0 : -errno;
    struct stat status;
    int error = fstat(fd, &status) < 0 ? -errno : 0;
    if (error == 0 && S_ISDIR(status.st_mode)) error = -EISDIR;
    if (error == 0 && status.st_size > SINCEDB_BYTES_MAX) error = -EFBIG;
    while (error == 0 && out->len <= SINCEDB_BYTES_MAX) {
        buf_reserve(out, 64 * 1024);
        ssize_t got = read(fd, out->ptr + out->len, out->capacity - out->len);
        if (got == 0) break;
        if (got > 0)
            out->len += (size_t)got;
        else if (errno != EINTR)
            error = -errno;
    }
    close(fd);
    return error;
}

int sincedb_save(const char *path, struct str text) { return file_replace(path, text, -1); }
