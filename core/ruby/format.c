/* SPDX-License-Identifier: Apache-2.0 */
/* `'%03X' % number`, format, sprintf. */
#include "core/ruby/methods.h"
#include <stdio.h>

enum { FORMAT_WIDTH_MAX = 1000 };

struct spec {
    char flags[8];
    int width, digits; /* digits -1: not given */
};

static bool spec_read(struct str format, size_t *at, struct spec *spec)
{
    size_t count = 0;
    *spec = (struct spec){.digits = -1};
    for (; *at < format.len && strchr("-+ 0#", format.ptr[*at]) && count < 5; ++*at)
        spec->flags[count++] = format.ptr[*at];
    for (; *at < format.len && is_digit(format.ptr[*at]); ++*at)
        spec->width = spec->width * 10 + (format.ptr[*at] - '0') % 1000;
    if (*at < format.len && format.ptr[*at] == '.')
        for (spec->digits = 0, ++*at; *at < format.len && is_digit(format.ptr[*at]); ++*at)
            spec->digits = spec->digits * 10 + (format.ptr[*at] - '0') % 1000;
    return *at < format.len && spec->width <= FORMAT_WIDTH_MAX && spec->digits <= FORMAT_WIDTH_MAX;
}

static struct value number_for(struct ruby_run *run, struct value value, bool is_float)
{
    const char *name = is_float ? "Float" : "Integer";
    if (value.kind == VALUE_INT && !is_float) return value;
    if (value.kind == VALUE_DOUBLE && !is_float)
        return ruby_send(run, run->at, STR("floor"), value, NULL, 0);
    double real;
    if (is_float && ruby_as_double(value, &real)) return value_double(real);
    for (const struct ruby_native *native = ruby_class_methods; native->name; native++) {
        struct ruby_args args = {.items = &value, .count = 1};
        if (!strcmp(native->name, name)) return native->run(run, &args);
    }
    return LEFT;
}

static bool put_text(struct ruby_run *run, struct str text, const struct spec *spec,
                     struct buf *out)
{
    if (spec->digits >= 0) text = str_slice(text, 0, ruby_char_offset(text, (size_t)spec->digits));
    int missing = spec->width - (int)ruby_char_count(text);
    bool is_left = strchr(spec->flags, '-') != NULL;
    for (int i = 0; i < missing && !is_left; i++) buf_append_char(out, ' ');
    buf_append(out, text);
    for (int i = 0; i < missing && is_left; i++) buf_append_char(out, ' ');
    return ruby_allows(run, out->len);
}

static bool put_binary(struct ruby_run *run, int64_t number, const struct spec *spec,
                       struct buf *out)
{
    char digits[72], *at = digits + sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do *--at = (char)('0' + (rest & 1));
    while (rest >>= 1);
    bool has_zeros = strchr(spec->flags, '0') && !strchr(spec->flags, '-');
    while (has_zeros && digits + sizeof digits - at < spec->width && at > digits + 1) *--at = '0';
    if (number < 0) *--at = '-';
    struct spec plain = *spec;
    plain.digits = -1;
    return put_text(run, (struct str){at, (size_t)(digits + sizeof digits - at)}, &plain, out);
}

static bool put_number(struct ruby_run *run, struct value value, char letter,
                       const struct spec *spec, struct buf *out)
{
    bool is_float = strchr("feEgG", letter) != NULL;
    char pattern[40], text[FORMAT_WIDTH_MAX + 400];
    value = number_for(run, value, is_float);
    if (has_left(value)) return false;
    if (value.kind == VALUE_NUMBER) return put_text(run, ruby_text(value), spec, out);
    if (letter == 'b') return put_binary(run, value.integer, spec, out);
    bool is_unsigned = strchr("xXo", letter) != NULL;
    if (is_unsigned && value.integer < 0)
        return ruby_raise(run, "NotImplementedError", "%%%c of a negative number", letter), false;
    char precision[16] = "";
    if (spec->digits >= 0) snprintf(precision, sizeof precision, ".%d", spec->digits);
    snprintf(pattern, sizeof pattern, "%%%s%.0d%s%s%c", spec->flags, spec->width, precision,
             is_float ? "" : "ll", letter == 'u' || letter == 'i' ? 'd' : letter);
    int len;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    if (is_float)
        len = snprintf(text, sizeof text, pattern, value.real);
    else
        len = snprintf(text, sizeof text, pattern, (long long)value.integer);
#pragma GCC diagnostic pop
    buf_append(out, (struct str){text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1});
    return ruby_allows(run, out->len);
}

struct value ruby_format(struct ruby_run *run, struct str format, const struct value *values,
                         uint32_t count)
{
    struct buf out = buf_in_arena(run->arena);
    uint32_t used = 0;
    struct spec spec;
    for (size_t i = 0; i < format.len; i++) {
        if (format.ptr[i] != '%') {
            buf_append_char(&out, format.ptr[i]);
            continue;
        }
        i++;
        bool is_named = i < format.len && (format.ptr[i] == '{' || format.ptr[i] == '<');
        if (is_named) return ruby_raise(run, "NotImplementedError", "names in a format");
        if (!spec_read(format, &i, &spec))
            return ruby_raise(run, "ArgumentError", "incomplete format specifier");
        char letter = format.ptr[i];
        if (letter == '%') {
            buf_append_char(&out, '%');
            continue;
        }
        if (!letter || !strchr("dixXofeEgGuspb", letter))
            return ruby_raise(run, "ArgumentError", "malformed format string - %%%c",
                              letter >= ' ' && letter < 127 ? letter : '?');
        if (used >= count) return ruby_raise(run, "ArgumentError", "too few arguments");
        struct value value = values[used++];
        bool ok;
        if (letter == 's')
            ok = put_text(run, ruby_to_s(run, value), &spec, &out);
        else if (letter == 'p') {
            struct buf shown = buf_in_arena(run->arena);
            ruby_inspect(run, value, &shown, 0);
            ok = put_text(run, buf_str(&shown), &spec, &out);
        } else
            ok = put_number(run, value, letter, &spec, &out);
        if (!ok || !ruby_step(run, 1)) return LEFT;
    }
    return text_of_buf(&out);
}
