/* SPDX-License-Identifier: Apache-2.0 */
/* rubydebug: events for human eyes, in the shape of Ruby's awesome_print.
 *
 *     {
 *         "message" => "a\nb",
 *            "tags" => [
 *             [0] "x"
 *         ]
 *     }
 *
 * Keys are quoted and end in one column, four columns deeper for each level; arrays number their
 * items. Order is that of the event's fields. */
#include "core/plugin.h"
#include "core/text/json.h"
#include "core/text/number.h"
#include "core/text/utf8.h"

enum { INDENT = 4 };

struct rubydebug {
    bool metadata;
};

static const struct option options[] = {
    OPTION_BOOL(struct rubydebug, metadata, .preset = "false", .help = "Print @metadata, too."),
    OPTION_END};

static void print_value(const struct value *value, uint32_t depth, struct buf *out);

static void print_blanks(size_t count, struct buf *out)
{
    buf_reserve(out, count);
    memset(out->ptr + out->len, ' ', count);
    out->len += count;
}

/* The letter of Ruby's escape for a byte, or 0. */
static char escape_of(unsigned char c)
{
    static const char letters[] = "abtnvfr"; /* 7 to 13 */
    if (c >= 7 && c <= 13) return letters[c - 7];
    return c == 27 ? 'e' : c == '"' || c == '\\' ? (char)c : 0;
}

/* Ruby's String#inspect. */
static void print_string(struct str text, struct buf *out)
{
    buf_append_char(out, '"');
    for (size_t i = 0, len; i < text.len; i += len) {
        struct str rest = str_from(text, i);
        unsigned char c = (unsigned char)*rest.ptr;
        utf8_decode(rest, &len);
        bool is_code = c == '#' && rest.len > 1 && strchr("{$@", rest.ptr[1]) && rest.ptr[1];
        if (!len) {
            buf_printf(out, "\\x%02X", c);
            len = 1;
        } else if (escape_of(c) || is_code) {
            buf_append_char(out, '\\');
            buf_append_char(out, is_code ? '#' : escape_of(c));
        } else if (c < 0x20 || c == 0x7F)
            buf_printf(out, c == 0x7F ? "\\x%02X" : "\\u%04X", c);
        else
            buf_append(out, str_slice(rest, 0, len));
    }
    buf_append_char(out, '"');
}

static void print_key(struct str key, size_t column, uint32_t depth, struct buf *out)
{
    size_t start = out->len;
    print_string(key, out);
    size_t len = out->len - start;
    size_t blanks = depth * INDENT + (column > len ? column - len : 0);
    print_blanks(blanks, out); /* behind the key, then turned round */
    memmove(out->ptr + start + blanks, out->ptr + start, len);
    memset(out->ptr + start, ' ', blanks);
    buf_append(out, STR(" => "));
}

static size_t key_column(const struct map *map)
{
    struct buf key = {0};
    size_t column = 0;
    MAP_EACH(map, entry)
    {
        buf_clear(&key);
        print_string(key_text(&entry->key), &key);
        if (key.len > column) column = key.len;
    }
    buf_fini(&key);
    return column;
}

static void print_close(char bracket, uint32_t depth, struct buf *out)
{
    buf_append_char(out, '\n');
    print_blanks(depth * INDENT, out);
    buf_append_char(out, bracket);
}

/* `metadata` is printed as one more field when it is not NULL. */
static void print_map(const struct map *map, const struct map *metadata, uint32_t depth,
                      struct buf *out)
{
    size_t column = key_column(map), start;
    if (metadata && column < sizeof "\"@metadata\"" - 1) column = sizeof "\"@metadata\"" - 1;
    buf_append_char(out, '{');
    start = out->len;
    MAP_EACH(map, entry)
    {
        buf_append(out, out->len > start ? STR(",\n") : STR("\n"));
        print_key(key_text(&entry->key), column, depth + 1, out);
        print_value(&entry->value, depth + 1, out);
    }
    if (metadata) {
        buf_append(out, out->len > start ? STR(",\n") : STR("\n"));
        print_key(STR("@metadata"), column, depth + 1, out);
        print_map(metadata, NULL, depth + 1, out);
    }
    if (out->len > start)
        print_close('}', depth, out);
    else
        buf_append_char(out, '}');
}

static void print_array(const struct array *array, uint32_t depth, struct buf *out)
{
    char digits[NUMBER_PRINT_MAX];
    int width = (int)number_print_int((int64_t)array->count - 1, digits);
    if (array->count == 0) return buf_append(out, STR("[]"));
    buf_append_char(out, '[');
    for (uint32_t i = 0; i < array->count; i++) {
        buf_append(out, i ? STR(",\n") : STR("\n"));
        print_blanks((depth + 1) * INDENT, out);
        buf_printf(out, "[%*u] ", width, i);
        print_value(&array->items[i], depth + 1, out);
    }
    print_close(']', depth, out);
}

static void print_value(const struct value *value, uint32_t depth, struct buf *out)
{
    bool is_deep = depth == VALUE_DEPTH_MAX;
    if (value->kind == VALUE_NULL || (is_deep && value->kind >= VALUE_ARRAY))
        buf_append(out, STR("nil"));
    else if (value->kind == VALUE_MAP)
        print_map(value->map, NULL, depth, out);
    else if (value->kind == VALUE_ARRAY)
        print_array(value->array, depth, out);
    else if (value->kind == VALUE_STRING)
        print_string(value_text(value), out);
    else if (value->kind == VALUE_DOUBLE) {
        buf_reserve(out, NUMBER_PRINT_MAX);
        out->len += number_print_ruby(value->real, out->ptr + out->len);
    } else
        value_print(value, out);
}

static void encode(void *self, const struct event *event, struct buf *out)
{
    const struct rubydebug *codec = self;
    bool shows = codec->metadata && event->metadata.live;
    print_map(&event->root, shows ? &event->metadata : NULL, 0, out);
    buf_append_char(out, '\n');
}

const struct codec_type codec_rubydebug = {
    .name = "rubydebug",
    .summary = "Events for human eyes.",
    .size = sizeof(struct rubydebug),
    .options = options,
    .encode = encode,
};
