/* SPDX-License-Identifier: Apache-2.0 */
/* bytes: reads sizes such as `32 MB` and makes numbers of bytes of them. */
#include <math.h>
#include "core/plugin.h"
#include "core/text/number.h"

enum { METHOD_BINARY, METHOD_METRIC };
static const char *const METHODS[] = {"binary", "metric", NULL};
enum { DIGITS_MAX = 64 /* of a number, its separators included */ };

struct bytes {
    struct path source, target;
    struct choice conversion_method;
    struct str decimal_separator;
    struct str_list tag_on_failure;
};

static const struct option bytes_options[] = {
    OPTION_PATH(struct bytes, source, .preset = "message", .help = "Field with the size, as in `1.5 GB`."),
    OPTION_PATH(struct bytes, target, .required = true, .help = "Field that gets the number of bytes."),
    OPTION_CHOICE(struct bytes, conversion_method, .preset = "binary", .choices = METHODS,
                  .help = "Whether 1 k is 1024 (binary) or 1000 (metric)."),
    OPTION_STRING(struct bytes, decimal_separator, .preset = ".", .help = "What stands before a fraction: `.` or `,`."),
    OPTION_STRINGS(struct bytes, tag_on_failure, .preset = "_bytesparsefailure", .help = "Tags when it is no size."),
    OPTION_END};

static bool bytes_create(void *opaque, const struct plugin_context *context)
{
    struct bytes *self = opaque;
    if (str_eq(self->decimal_separator, STR(".")) || str_eq(self->decimal_separator, STR(","))) return true;
    diag_error(context->diag, context_place(context, "decimal_separator"),
               "`decimal_separator` is `.` or `,`");
    return false;
}

/* Takes the unit from the end: k m g t p e, then b, both optional; its power. */
static int unit_take(struct str *text)
{
    static const char UNITS[] = "kmgtpe";
    if (text->len && (text->ptr[text->len - 1] | 0x20) == 'b') text->len--;
    if (!text->len) return 0;
    const char *unit = strchr(UNITS, text->ptr[text->len - 1] | 0x20);
    if (!unit || !*unit) return 0;
    text->len--;
    return (int)(unit - UNITS) + 1;
}

/* The digits, without what parts groups; false: no digits, two fractions, or something else. */
static bool digits_read(struct str text, char separator, char *out, size_t *len)
{
    uint32_t digits = 0, points = 0;
    *len = 0;
    if (text.len > DIGITS_MAX) return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (is_digit(c)) {
            digits++;
            out[(*len)++] = c;
        } else if (c == separator) {
            points++;
            out[(*len)++] = '.';
        } else if (!strchr(" _,.", c) || !c) {
            return false;
        }
    }
    return digits > 0 && points <= 1;
}

/* Exactly, when it has no fraction and is not too long. */
static bool whole_read(struct str digits, int64_t *number)
{
    *number = 0;
    if (digits.len > 18 || memchr(digits.ptr, '.', digits.len)) return false;
    for (size_t i = 0; i < digits.len; i++) *number = *number * 10 + (digits.ptr[i] - '0');
    return true;
}

static bool size_read(const struct bytes *self, struct str text, int64_t *size)
{
    char digits[DIGITS_MAX];
    size_t len;
    text = str_trimmed(text);
    int power = unit_take(&text);
    if (!digits_read(str_trimmed(text), self->decimal_separator.ptr[0], digits, &len)) return false;
    if (digits[len - 1] == '.') len--;
    if (power == 0 && whole_read((struct str){digits, len}, size)) return true;
    double step = self->conversion_method.value == METHOD_BINARY ? 1024 : 1000;
    double number = number_lenient_float((struct str){digits, len});
    number = round(number * pow(step, power));
    if (number >= 9223372036854775808.0) return false;
    *size = (int64_t)number;
    return true;
}

static void bytes_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    const struct bytes *self = opaque;
    SELECTION_EACH(batch, in, event)
    {
        const struct value *value = path_get(&self->source, event);
        int64_t size;
        bool is_read = value_is_string(value) && size_read(self, value_text(value), &size);
        if (is_read && path_set(&self->target, event, value_int(size)) == PATH_SET) outcome_matched(out, event);
        else outcome_failed_tags(out, event, self->tag_on_failure);
    }
}

static void bytes_fields(const void *opaque, struct field_set *fields)
{
    const struct bytes *self = opaque;
    fields_read(fields, &self->source);
    fields_fail(fields);
    fields_put(fields, &self->target, TYPE_INTEGER);
}

const struct filter_type filter_bytes = {
    .name = "bytes",
    .summary = "Reads sizes such as `32 MB` as numbers of bytes.",
    .size = sizeof(struct bytes),
    .options = bytes_options,
    .create = bytes_create,
    .apply = bytes_apply,
    .fields = bytes_fields,
};
