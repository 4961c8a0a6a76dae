/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/csv.h"
#include <assert.h>

void csv_syntax_init(struct csv_syntax *syntax, struct str separator, struct str quote)
{
    assert(separator.len);
    *syntax = (struct csv_syntax){.separator = separator, .quote = quote};
    byte_set_add(&syntax->stops, (unsigned char)separator.ptr[0]);
    byte_set_add(&syntax->stops, '\n');
    byte_set_add(&syntax->stops, '\r');
    if (quote.len) byte_set_add(&syntax->stops, (unsigned char)quote.ptr[0]);
}

static enum csv_result wrong(struct csv_reader *reader, const char *reason)
{
    reader->reason = reason;
    return CSV_WRONG;
}

/* Separators and quotes are nearly always one byte: no call for these. */
static inline bool starts_here(const struct csv_reader *reader, struct str part)
{
    struct str rest = str_from(reader->text, reader->at);
    if (!part.len || rest.len < part.len || rest.ptr[0] != part.ptr[0]) return false;
    return part.len == 1 || memcmp(rest.ptr, part.ptr, part.len) == 0;
}

static bool is_at_end(const struct csv_reader *reader)
{
    struct str text = reader->text;
    return reader->at >= text.len || text.ptr[reader->at] == '\n' || text.ptr[reader->at] == '\r';
}

/* Behind a field: a separator, or the record's end. */
static bool separator_take(struct csv_reader *reader)
{
    reader->is_separated = starts_here(reader, reader->syntax->separator);
    if (reader->is_separated) reader->at += reader->syntax->separator.len;
    return reader->is_separated || is_at_end(reader);
}

/* The text with each pair of quotes as one. */
static struct str undoubled(struct str text, struct str quote, struct arena *arena)
{
    char *out = arena_alloc(arena, text.len);
    size_t len = 0;
    for (ptrdiff_t at; (at = str_find(text, quote)) >= 0;) {
        size_t part = (size_t)at + quote.len;
        memcpy(out + len, text.ptr, part);
        len += part;
        text = str_from(text, part + quote.len);
    }
    memcpy(out + len, text.ptr, text.len);
    return (struct str){out, len + text.len};
}

static enum csv_result quoted_read(struct csv_reader *reader, struct arena *arena, struct csv_field *field)
{
    struct str quote = reader->syntax->quote;
    size_t start = reader->at + quote.len;
    bool is_doubled = false;
    for (reader->at = start;;) {
        ptrdiff_t found = str_find(str_from(reader->text, reader->at), quote);
        if (found < 0) return wrong(reader, "a quote is not closed");
        reader->at += (size_t)found + quote.len;
        if (!starts_here(reader, quote)) break;
        reader->at += quote.len;
        is_doubled = true;
    }
    field->is_quoted = true;
    field->text = str_slice(reader->text, start, reader->at - quote.len);
    if (is_doubled) field->text = undoubled(field->text, quote, arena);
    return separator_take(reader) ? CSV_FIELD : wrong(reader, "text follows a closing quote");
}

static enum csv_result plain_read(struct csv_reader *reader, struct csv_field *field)
{
    size_t start = reader->at;
    for (;; reader->at++) {
        reader->at = byte_set_find(&reader->syntax->stops, reader->text, reader->at);
        if (is_at_end(reader) || starts_here(reader, reader->syntax->separator)) break;
        if (starts_here(reader, reader->syntax->quote)) return wrong(reader, "a quote within a field that has none");
    }
    *field = (struct csv_field){str_slice(reader->text, start, reader->at), false};
    separator_take(reader);
    return CSV_FIELD;
}

enum csv_result csv_next(struct csv_reader *reader, struct arena *arena, struct csv_field *field)
{
    if (is_at_end(reader) && !reader->is_separated) return CSV_END;
    return starts_here(reader, reader->syntax->quote) ? quoted_read(reader, arena, field)
                                                      : plain_read(reader, field);
}
