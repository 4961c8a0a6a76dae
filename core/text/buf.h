/* SPDX-License-Identifier: Apache-2.0 */
/* An owned run of bytes that grows. A zeroed struct is a valid empty buffer; buf_fini() frees it.
 * Used for text that is built (encoders, diagnostics, reports). Grows by malloc; what holds event
 * data over time is charged to a budget by its owner. A buffer made by buf_in_arena() grows in that
 * arena instead, so that text built for an event becomes a field without a copy; buf_fini() then
 * frees nothing. One thread at a time. */
#ifndef CORE_TEXT_BUF_H
#define CORE_TEXT_BUF_H
#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include "core/text/str.h"

struct arena;
struct buf {
    char *ptr;
    size_t len, capacity;
    struct arena *arena; /* NULL: malloc */
};

static inline struct buf buf_in_arena(struct arena *arena) { return (struct buf){.arena = arena}; }
/* The text of a buffer in an arena, for as long as the arena lives; the room behind it is given
 * back where it can be. The buffer is empty again. */
struct str buf_take(struct buf *buf);

void buf_fini(struct buf *buf);
void buf_grow(struct buf *buf, size_t extra); /* afterwards capacity - len >= extra */
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *format, va_list args);
void buf_append_int(struct buf *buf, int64_t number);
/* The text as a NUL-terminated string; the NUL is not counted in len. Valid until the next change. */
const char *buf_z(struct buf *buf);

static inline void buf_reserve(struct buf *buf, size_t extra)
{
    if (buf->capacity - buf->len < extra) buf_grow(buf, extra);
}

static inline void buf_append(struct buf *buf, struct str text)
{
    if (text.len == 0) return;
    buf_reserve(buf, text.len);
    memcpy(buf->ptr + buf->len, text.ptr, text.len);
    buf->len += text.len;
}

static inline void buf_append_z(struct buf *buf, const char *text) { buf_append(buf, str_of(text)); }

static inline void buf_append_char(struct buf *buf, char c)
{
    buf_reserve(buf, 1);
    buf->ptr[buf->len++] = c;
}

static inline void buf_clear(struct buf *buf) { buf->len = 0; }

static inline void buf_truncate(struct buf *buf, size_t len)
{
    assert(len <= buf->len);
    buf->len = len;
}

static inline struct str buf_str(const struct buf *buf) { return (struct str){buf->ptr, buf->len}; }

#endif
