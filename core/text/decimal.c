/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/decimal.h"
#include "core/text/buf.h"
#include "core/text/number.h"

struct decimal {
    bool is_negative;
    struct str whole, fraction, exponent; /* digits; the exponent with its sign */
};

static struct str digits_take(struct str *text)
{
    size_t len = 0;
    while (len < text->len && is_digit(text->ptr[len])) len++;
    struct str digits = str_slice(*text, 0, len);
    *text = str_from(*text, len);
    return digits;
}

static bool sign_take(struct str *text, bool *is_negative)
{
    bool has_sign = text->len && (text->ptr[0] == '-' || text->ptr[0] == '+');
    *is_negative = has_sign && text->ptr[0] == '-';
    if (has_sign) *text = str_from(*text, 1);
    return has_sign;
}

static bool decimal_split(struct str text, struct decimal *out)
{
    bool exponent_is_negative;
    *out = (struct decimal){.is_negative = false};
    sign_take(&text, &out->is_negative);
    out->whole = digits_take(&text);
    if (text.len && text.ptr[0] == '.') {
        text = str_from(text, 1);
        out->fraction = digits_take(&text);
    }
    if (!out->whole.len && !out->fraction.len) return false;
    if (text.len && (text.ptr[0] | 32) == 'e') {
        struct str whole = str_from(text, 1), rest = whole;
        sign_take(&rest, &exponent_is_negative);
        struct str digits = digits_take(&rest);
        if (!digits.len) return false;
        out->exponent = str_slice(whole, 0, (size_t)(digits.ptr + digits.len - whole.ptr));
        text = rest;
    }
    return text.len == 0;
}

bool decimal_read(struct str text, struct arena *arena, struct value *out)
{
    bool is_integer;
    struct decimal decimal;
    if (text.len && number_scan(text, &is_integer) == text.len) {
        *out = value_number(text);
        return true;
    }
    if (!decimal_split(text, &decimal)) return false;
    while (decimal.whole.len && decimal.whole.ptr[0] == '0') decimal.whole = str_from(decimal.whole, 1);
    struct buf digits = buf_in_arena(arena);
    if (decimal.is_negative) buf_append_char(&digits, '-');
    buf_append(&digits, decimal.whole.len ? decimal.whole : STR("0"));
    if (decimal.fraction.len) {
        buf_append_char(&digits, '.');
        buf_append(&digits, decimal.fraction);
    }
    if (decimal.exponent.len) {
        buf_append_char(&digits, 'e');
        buf_append(&digits, decimal.exponent);
    }
    *out = value_number(buf_take(&digits));
    return true;
}
