/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/buf.h"
#include <stdio.h>
#include <stdlib.h>
#include "core/event/arena.h"
#include "core/xmalloc.h"

void buf_fini(struct buf *buf)
{
    if (!buf->arena) free(buf->ptr);
    *buf = (struct buf){0};
}

struct str buf_take(struct buf *buf)
{
    assert(buf->arena);
    if (buf->ptr) arena_regrow(buf->arena, buf->ptr, buf->capacity, buf->len);
    struct str text = {buf->ptr ? buf->ptr : "", buf->len};
    *buf = buf_in_arena(buf->arena);
    return text;
}

void buf_grow(struct buf *buf, size_t extra)
{
    assert(buf->len <= buf->capacity);
    size_t wanted = buf->len + extra;
    size_t capacity = buf->capacity ? buf->capacity : 64;
    while (capacity < wanted) capacity *= 2;
    buf->ptr = buf->arena ? arena_regrow(buf->arena, buf->ptr, buf->capacity, capacity)
                          : xrealloc(buf->ptr, capacity);
    buf->capacity = capacity;
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
    enum { LIKELY = 32 }; /* most of what is printed is shorter: printed once instead of measured before */
    va_list again;
    va_copy(again, args);
    buf_reserve(buf, LIKELY);
    size_t room = buf->capacity - buf->len;
    int wanted = vsnprintf(buf->ptr + buf->len, room, format, args);
    assert(wanted >= 0);
    if ((size_t)wanted >= room) {
        buf_reserve(buf, (size_t)wanted + 1);
        vsnprintf(buf->ptr + buf->len, (size_t)wanted + 1, format, again);
    }
    buf->len += (size_t)wanted;
    va_end(again);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(buf, format, args);
    va_end(args);
}

void buf_append_int(struct buf *buf, int64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do digits[--at] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0) buf_append_char(buf, '-');
    buf_append(buf, (struct str){digits + at, sizeof digits - at});
}

const char *buf_z(struct buf *buf)
{
    buf_reserve(buf, 1);
    buf->ptr[buf->len] = 0;
    return buf->ptr;
}
