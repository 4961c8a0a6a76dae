/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/lsp/positions.h"
#include <assert.h>
#include <stdlib.h>
#include "core/text/utf8.h"
#include "core/xmalloc.h"

static void add_start(struct lines *lines, size_t start)
{
    if (lines->count == lines->capacity) {
        lines->capacity = lines->capacity ? 2 * lines->capacity : 64;
        lines->starts = xreallocarray(lines->starts, lines->capacity, sizeof *lines->starts);
    }
    lines->starts[lines->count++] = (uint32_t)start;
}

void lines_index(struct lines *lines, struct str text)
{
    assert(text.len <= UINT32_MAX);
    lines->count = 0;
    add_start(lines, 0);
    for (size_t at = 0; at < text.len; at++) {
        char c = text.ptr[at];
        bool is_pair = c == '\r' && at + 1 < text.len && text.ptr[at + 1] == '\n';
        if (c == '\n' || (c == '\r' && !is_pair)) add_start(lines, at + 1);
    }
}

void lines_fini(struct lines *lines)
{
    free(lines->starts);
    *lines = (struct lines){0};
}

/* A line without what ends it. */
static struct str line_text(const struct lines *lines, struct str text, uint32_t line)
{
    assert(line < lines->count);
    size_t start = lines->starts[line];
    size_t end = line + 1 < lines->count ? lines->starts[line + 1] : text.len;
    while (line + 1 < lines->count && end > start && (text.ptr[end - 1] == '\n' || text.ptr[end - 1] == '\r'))
        end--;
    return str_slice(text, start, end);
}

/* Bytes of the character at `at`; what is no UTF-8 counts one by one. */
static size_t char_len(struct str text, size_t at)
{
    size_t len;
    assert(at < text.len);
    if (!((unsigned char)text.ptr[at] & 0x80)) return 1;
    utf8_decode(str_from(text, at), &len);
    return len ? len : 1;
}

/* What a character of `len` bytes counts: beyond U+FFFF two units of UTF-16. */
static uint32_t char_units(size_t len, enum encoding encoding)
{
    if (encoding == ENCODING_UTF8) return (uint32_t)len;
    return len == 4 ? 2 : 1;
}

uint32_t position_offset(const struct lines *lines, struct str text, enum encoding encoding,
                         struct position position)
{
    assert(lines->count > 0);
    if (position.line >= lines->count) return (uint32_t)text.len;
    struct str line = line_text(lines, text, position.line);
    size_t at = 0;
    for (uint32_t left = position.character; left && at < line.len;) {
        size_t len = char_len(line, at);
        uint32_t units = char_units(len, encoding);
        if (units > left) break;
        left -= units;
        at += len;
    }
    return lines->starts[position.line] + (uint32_t)at;
}

/* The last line that begins at or before `offset`. */
static uint32_t line_of(const struct lines *lines, uint32_t offset)
{
    uint32_t low = 0, high = lines->count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (lines->starts[middle] <= offset) low = middle;
        else high = middle;
    }
    return low;
}

struct position position_of(const struct lines *lines, struct str text, enum encoding encoding,
                            uint32_t offset)
{
    assert(lines->count > 0 && offset <= text.len);
    struct position position = {.line = line_of(lines, offset)};
    struct str line = line_text(lines, text, position.line);
    size_t end = offset - lines->starts[position.line];
    if (end > line.len) end = line.len;
    for (size_t at = 0; at < end;) {
        size_t len = char_len(line, at);
        if (at + len > end) break;
        position.character += char_units(len, encoding);
        at += len;
    }
    return position;
}
