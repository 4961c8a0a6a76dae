/* SPDX-License-Identifier: Apache-2.0 */
/* Values as texts, their classes, equality and order. */
#include "core/ruby/machine.h"
#include "core/text/json.h"
#include "core/text/number.h"
#include "core/text/time.h"
#include "core/text/utf8.h"

const char *ruby_class_name(struct value value)
{
    switch (value.kind) {
    case VALUE_MISSING:
    case VALUE_NULL: return "NilClass";
    case VALUE_BOOL: return value.boolean ? "TrueClass" : "FalseClass";
    case VALUE_INT:
    case VALUE_NUMBER: return "Integer";
    case VALUE_DOUBLE: return "Float";
    case VALUE_STRING: return "String";
    case VALUE_TIME: return "LogStash::Timestamp";
    case VALUE_ARRAY: return "Array";
    case VALUE_MAP: return "Hash";
    case RUBY_SYMBOL: return "Symbol";
    case RUBY_TIME: return "Time";
    case RUBY_REGEX: return "Regexp";
    case RUBY_RANGE: return "Range";
    case RUBY_EVENT: return "LogStash::Event";
    case RUBY_MATCH: return "MatchData";
    case RUBY_ERROR: return ((const struct ruby_error *)ruby_pointer(value))->name;
    case RUBY_PROC:
    case RUBY_NEW_EVENT: return "Proc";
    default: return "Class";
    }
}

static bool error_is_a(const char *name, struct str wanted)
{
    static const char *const parents[][2] = {{"NoMethodError", "NameError"},
                                             {"KeyError", "IndexError"},
                                             {"FloatDomainError", "RangeError"},
                                             {"FrozenError", "RuntimeError"},
                                             {"JSON::ParserError", "StandardError"}};
    if (str_eq_z(wanted, name) || str_eq_z(wanted, "Exception")) return true;
    if (!strcmp(name, "NotImplementedError")) return false; /* a ScriptError */
    if (str_eq_z(wanted, "StandardError")) return true;
    for (size_t i = 0; i < sizeof parents / sizeof *parents; i++)
        if (!strcmp(name, parents[i][0]) && str_eq_z(wanted, parents[i][1])) return true;
    return false;
}

bool ruby_is_a(struct value value, struct str wanted)
{
    if (value.kind == RUBY_ERROR) return error_is_a(ruby_class_name(value), wanted);
    bool is_number = value.kind >= VALUE_INT && value.kind <= VALUE_NUMBER;
    if (str_eq_z(wanted, ruby_class_name(value)) || str_eq_z(wanted, "Object")) return true;
    if (is_number && str_eq_z(wanted, "Numeric")) return true;
    bool is_many = value.kind == VALUE_ARRAY || value.kind == VALUE_MAP || value.kind == RUBY_RANGE;
    if (is_many && str_eq_z(wanted, "Enumerable")) return true;
    return (value.kind == VALUE_INT || value.kind == VALUE_NUMBER) && str_eq_z(wanted, "Fixnum");
}

struct value ruby_string(struct str text) { return value_string(text.ptr ? text : STR("")); }

static void print_number(struct value value, struct buf *out)
{
    buf_reserve(out, NUMBER_PRINT_MAX);
    if (value.kind == VALUE_INT)
        out->len += number_print_int(value.integer, out->ptr + out->len);
    else
        out->len += number_print_ruby(value.real, out->ptr + out->len);
}

void ruby_print(struct ruby_run *run, struct value value, struct buf *out)
{
    switch (value.kind) {
    case VALUE_NULL: return;
    case VALUE_STRING:
    case VALUE_NUMBER:
    case RUBY_CLASS:
    case RUBY_SYMBOL: return buf_append(out, ruby_text(value));
    case RUBY_MATCH: return ruby_print(run, ruby_match_group(value, 0), out);
    case RUBY_ERROR:
        return buf_append(out, ((const struct ruby_error *)ruby_pointer(value))->message);
    case RUBY_TIME:
        ruby_strftime(run, value,
                      value.flags ? STR("%Y-%m-%d %H:%M:%S UTC") : STR("%Y-%m-%d %H:%M:%S %z"),
                      out);
        return;
    default: ruby_inspect(run, value, out, 0);
    }
}

static void inspect_text(struct str text, struct buf *out)
{
    static const char codes[] = "\n\t\r\x1b\a\b\f\v\"\\", letters[] = "ntreabfv\"\\";
    buf_append_char(out, '"');
    while (text.len) {
        const char *known = *text.ptr ? strchr(codes, *text.ptr) : NULL;
        bool opens = *text.ptr == '#' && text.len > 1 && strchr("{$@", text.ptr[1]) && text.ptr[1];
        size_t len = 1;
        if (!((unsigned char)*text.ptr < 0x80)) utf8_decode(text, &len);
        if (known) {
            buf_append_char(out, '\\');
            buf_append_char(out, letters[known - codes]);
        } else if (opens) {
            buf_append_z(out, "\\#");
        } else if (!len || (unsigned char)*text.ptr < 0x20 || *text.ptr == 0x7f) {
            buf_printf(out, "\\x%02X", (unsigned char)*text.ptr);
            len = 1;
        } else {
            buf_append(out, str_slice(text, 0, len));
        }
        text = str_from(text, len);
    }
    buf_append_char(out, '"');
}

static void inspect_many(struct ruby_run *run, struct value value, struct buf *out, uint32_t depth)
{
    bool is_first = true;
    if (value.kind == VALUE_ARRAY) {
        buf_append_char(out, '[');
        ARRAY_EACH (value.array, item) {
            if (!is_first) buf_append_z(out, ", ");
            is_first = false;
            ruby_inspect(run, *item, out, depth + 1);
        }
        buf_append_char(out, ']');
        return;
    }
    buf_append_char(out, '{');
    MAP_EACH (value.map, entry) {
        if (!is_first) buf_append_z(out, ", ");
        is_first = false;
        ruby_inspect(run, ruby_key_value(&entry->key), out, depth + 1);
        buf_append_z(out, "=>");
        ruby_inspect(run, entry->value, out, depth + 1);
    }
    buf_append_char(out, '}');
}

void ruby_inspect(struct ruby_run *run, struct value value, struct buf *out, uint32_t depth)
{
    if (depth > RUBY_VALUE_DEPTH_MAX || out->len > RUBY_TEXT_BYTES_MAX)
        return buf_append_z(out, "...");
    switch (value.kind) {
    case VALUE_NULL: return buf_append_z(out, "nil");
    case VALUE_BOOL: return buf_append_z(out, value.boolean ? "true" : "false");
    case VALUE_INT:
    case VALUE_DOUBLE: return print_number(value, out);
    case VALUE_STRING: return inspect_text(ruby_text(value), out);
    case VALUE_ARRAY:
    case VALUE_MAP: return inspect_many(run, value, out, depth);
    case RUBY_SYMBOL: buf_append_char(out, ':'); return buf_append(out, ruby_text(value));
    case VALUE_TIME:
        buf_reserve(out, TIME_ISO_SIZE);
        out->len += time_print_iso(value.seconds, value.len, out->ptr + out->len);
        return;
    case RUBY_RANGE: {
        const struct ruby_range *range = ruby_pointer(value);
        ruby_inspect(run, range->from, out, depth + 1);
        buf_append_z(out, range->is_open ? "..." : "..");
        if (range->to.kind != VALUE_NULL) ruby_inspect(run, range->to, out, depth + 1);
        return;
    }
    case RUBY_EVENT: {
        const struct event *event = ruby_pointer(value);
        return json_encode_map(&event->root, out);
    }
    case RUBY_ERROR:
        buf_printf(out, "#<%s: ", ruby_class_name(value));
        ruby_print(run, value, out);
        return buf_append_char(out, '>');
    case RUBY_PROC:
    case RUBY_REGEX:
    case RUBY_NEW_EVENT: return buf_printf(out, "#<%s>", ruby_class_name(value));
    default: ruby_print(run, value, out);
    }
}

struct str ruby_to_s(struct ruby_run *run, struct value value)
{
    if (is_text(value) || value.kind == VALUE_NUMBER) return ruby_text(value);
    struct buf out = buf_in_arena(run->arena);
    ruby_print(run, value, &out);
    struct str text = buf_take(&out);
    return text.ptr ? text : STR("");
}

bool ruby_as_double(struct value value, double *out)
{
    if (value.kind < VALUE_INT || value.kind > VALUE_NUMBER) return false;
    *out = value.kind == VALUE_INT ? (double)value.integer : number_as_double(&value);
    return true;
}

static bool map_same(struct ruby_run *run, struct value a, struct value b)
{
    if (a.map->live != b.map->live) return false;
    MAP_EACH (a.map, entry) {
        const struct value *other = map_get(b.map, &entry->key);
        if (!other || !ruby_equal(run, entry->value, *other)) return false;
    }
    return true;
}

bool ruby_equal(struct ruby_run *run, struct value a, struct value b)
{
    bool numbers = a.kind >= VALUE_INT && a.kind <= VALUE_NUMBER && b.kind >= VALUE_INT &&
                   b.kind <= VALUE_NUMBER;
    if (numbers) return number_compare(&a, &b) == NUMBER_EQUAL;
    bool times = (a.kind == RUBY_TIME || a.kind == VALUE_TIME) &&
                 (b.kind == RUBY_TIME || b.kind == VALUE_TIME);
    if (times) return a.seconds == b.seconds && a.len == b.len;
    if (a.kind != b.kind) return false;
    if (a.kind == VALUE_ARRAY || a.kind == VALUE_MAP) {
        run->steps++;
        if (a.array == b.array) return true;
        if (run->depth >= RUBY_DEPTH_MAX || run->steps > RUBY_STEPS_MAX) return false;
        run->depth += 8;
        bool same = a.kind == VALUE_MAP ? map_same(run, a, b) : a.array->count == b.array->count;
        for (uint32_t i = 0; same && a.kind == VALUE_ARRAY && i < a.array->count; i++)
            same = ruby_equal(run, a.array->items[i], b.array->items[i]);
        run->depth -= 8;
        return same;
    }
    if (is_text(a) || a.kind == RUBY_CLASS) return str_eq(ruby_text(a), ruby_text(b));
    if (a.kind == VALUE_NULL) return true;
    if (a.kind == VALUE_BOOL) return a.boolean == b.boolean;
    if (a.kind == RUBY_RANGE) {
        const struct ruby_range *x = ruby_pointer(a), *y = ruby_pointer(b);
        return x->is_open == y->is_open && ruby_equal(run, x->from, y->from) &&
               ruby_equal(run, x->to, y->to);
    }
    return ruby_pointer(a) == ruby_pointer(b);
}

bool ruby_compare(struct ruby_run *run, struct value a, struct value b, int *order)
{
    bool numbers = a.kind >= VALUE_INT && a.kind <= VALUE_NUMBER && b.kind >= VALUE_INT &&
                   b.kind <= VALUE_NUMBER;
    bool times = (a.kind == RUBY_TIME || a.kind == VALUE_TIME) &&
                 (b.kind == RUBY_TIME || b.kind == VALUE_TIME);
    if (numbers) {
        enum number_order found = number_compare(&a, &b);
        *order = (int)found;
        return found != NUMBER_UNORDERED;
    }
    if (times) {
        *order = a.seconds != b.seconds ? (a.seconds < b.seconds ? -1 : 1)
                                        : (a.len > b.len) - (a.len < b.len);
        return true;
    }
    if (a.kind == b.kind && is_text(a)) {
        int found = str_cmp(ruby_text(a), ruby_text(b));
        *order = (found > 0) - (found < 0);
        return true;
    }
    if (a.kind == VALUE_ARRAY && b.kind == VALUE_ARRAY && run->depth < RUBY_DEPTH_MAX) {
        bool ok = true;
        *order = 0;
        run->depth += 8;
        for (uint32_t i = 0; ok && !*order && i < a.array->count && i < b.array->count; i++)
            ok = ruby_compare(run, a.array->items[i], b.array->items[i], order);
        run->depth -= 8;
        if (ok && !*order)
            *order = (a.array->count > b.array->count) - (a.array->count < b.array->count);
        return ok;
    }
    *order = 0;
    return ruby_equal(run, a, b) && a.kind == b.kind;
}

/* ---- characters ---- */
size_t ruby_char_count(struct str text)
{
    size_t count = 0;
    if (utf8_is_ascii(text)) return text.len;
    for (size_t at = 0; at < text.len; count++) {
        size_t len;
        utf8_decode(str_from(text, at), &len);
        at += len ? len : 1;
    }
    return count;
}

size_t ruby_char_offset(struct str text, size_t characters)
{
    size_t at = 0;
    if (utf8_is_ascii(text)) return characters < text.len ? characters : text.len;
    while (characters-- && at < text.len) {
        size_t len;
        utf8_decode(str_from(text, at), &len);
        at += len ? len : 1;
    }
    return at;
}
