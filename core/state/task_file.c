/* SPDX-License-Identifier: Apache-2.0 */
#include "core/state/task_file.h"
#include <assert.h>
#include <errno.h>
#include "core/event/packed.h"
#include "core/store/file_ops.h"
#include "core/text/crc32c.h"

static const char MAGIC[] = "TRTASKS1";
enum { MAGIC_BYTES = 8, SUM_BYTES = 4, HEAD_BYTES = MAGIC_BYTES + SUM_BYTES };

/* Of the array of a task. */
enum { TASK_CREATED, TASK_LAST, TASK_AGE, TASK_IDLE, TASK_TIMEOUT, TASK_INACTIVITY, TASK_ITEMS };

/* ---- writing ---- */

void task_file_begin(struct buf *out, int64_t now_s)
{
    assert(out->len == 0);
    buf_append(out, (struct str){MAGIC, MAGIC_BYTES});
    buf_append(out, (struct str){"\0\0\0\0", SUM_BYTES});
    pack_varint(out, now_s > 0 ? (uint64_t)now_s : 0);
}

void task_file_set(struct buf *out, struct str name, uint64_t count)
{
    pack_text(out, name);
    pack_varint(out, count);
}

void task_file_task(struct buf *out, const struct task_saved *task)
{
    assert(task->map.kind == VALUE_MAP && task->created.kind == VALUE_TIME && task->last.kind == VALUE_TIME);
    struct value items[TASK_ITEMS] = {
        [TASK_CREATED] = task->created,
        [TASK_LAST] = task->last,
        [TASK_AGE] = value_int(task->age_ns),
        [TASK_IDLE] = value_int(task->idle_ns),
        [TASK_TIMEOUT] = value_int(task->timeout_ns),
        [TASK_INACTIVITY] = value_int(task->inactivity_ns),
    };
    struct array array = {.items = items, .count = TASK_ITEMS, .capacity = TASK_ITEMS};
    struct value all = {.kind = VALUE_ARRAY, .array = &array};
    pack_text(out, task->key);
    pack_value(out, &task->map);
    pack_value(out, &all);
}

void task_file_end(struct buf *out)
{
    assert(out->len > HEAD_BYTES);
    uint32_t sum = crc32c(0, out->ptr + HEAD_BYTES, out->len - HEAD_BYTES);
    for (int i = 0; i < SUM_BYTES; i++) out->ptr[MAGIC_BYTES + i] = (char)(sum >> 8 * i);
}

/* ---- reading ---- */

static bool refuse(struct task_file *file, const char *problem)
{
    file->problem = problem;
    return false;
}

bool task_file_open(struct task_file *file, struct str bytes)
{
    *file = (struct task_file){.rest = str_from(bytes, HEAD_BYTES)};
    if (!str_starts(bytes, (struct str){MAGIC, MAGIC_BYTES})) return refuse(file, "it is not a file of saved maps");
    if (bytes.len < HEAD_BYTES) return refuse(file, "its end is missing");
    uint32_t sum = 0;
    for (int i = 0; i < SUM_BYTES; i++) sum |= (uint32_t)(unsigned char)bytes.ptr[MAGIC_BYTES + i] << 8 * i;
    if (crc32c(0, file->rest.ptr, file->rest.len) != sum)
        return refuse(file, "its checksum is wrong: it was changed or cut");
    uint64_t written;
    if (!unpack_varint(&file->rest, &written) || written > INT64_MAX / 2) return refuse(file, "it has no time");
    file->written_s = (int64_t)written;
    return true;
}

bool task_file_next_set(struct task_file *file, struct str *name)
{
    assert(file->problem || file->tasks == 0);
    if (file->problem || !file->rest.len) return false;
    bool ok = unpack_text(&file->rest, name) && unpack_varint(&file->rest, &file->tasks);
    return ok || refuse(file, "a set of maps is broken");
}

static bool whole_is(const struct value *value, int64_t least)
{
    return value->kind == VALUE_INT && value->integer >= least;
}

bool task_file_next(struct task_file *file, struct arena *arena, struct task_saved *task)
{
    struct value all;
    if (file->problem || !file->tasks) return false;
    file->tasks--;
    bool ok = unpack_text(&file->rest, &task->key) && unpack_value(&file->rest, arena, &task->map) &&
              task->map.kind == VALUE_MAP && unpack_value(&file->rest, arena, &all) && all.kind == VALUE_ARRAY &&
              all.array->count == TASK_ITEMS;
    const struct value *items = ok ? all.array->items : NULL;
    ok = ok && items[TASK_CREATED].kind == VALUE_TIME && items[TASK_LAST].kind == VALUE_TIME &&
         whole_is(&items[TASK_AGE], 0) && whole_is(&items[TASK_IDLE], 0) && whole_is(&items[TASK_TIMEOUT], -1) &&
         whole_is(&items[TASK_INACTIVITY], -1);
    if (!ok) return refuse(file, "a map is broken");
    task->created = items[TASK_CREATED];
    task->last = items[TASK_LAST];
    task->age_ns = items[TASK_AGE].integer;
    task->idle_ns = items[TASK_IDLE].integer;
    task->timeout_ns = items[TASK_TIMEOUT].integer;
    task->inactivity_ns = items[TASK_INACTIVITY].integer;
    return true;
}

int task_file_load(const char *path, struct buf *out)
{
    const struct file_ops *files = &file_ops_real;
    int fd = files->open(files, path, FILE_READ);
    if (fd < 0) return fd == -ENOENT ? 0 : fd;
    int64_t size = files->size(files, fd);
    int status = size < 0 ? (int)size : size > TASK_FILE_BYTES_MAX ? -EFBIG : 0;
    if (status == 0) {
        buf_reserve(out, (size_t)size);
        status = file_read_all(files, fd, out->ptr, (size_t)size, 0);
    }
    if (status == 0) out->len += (size_t)size;
    files->close(files, fd);
    return status;
}
