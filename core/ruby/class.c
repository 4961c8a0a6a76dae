/* SPDX-License-Identifier: Apache-2.0 */
/* Methods without a receiver, and those of classes that are none of the values: JSON, Digest,
 * Base64, Math. */
#include "core/ruby/methods.h"
#include "core/text/digest.h"
#include "core/text/json.h"
#include "core/text/number.h"
#include <math.h>

const char *const ruby_classes[] = {"String",
                                    "Integer",
                                    "Fixnum",
                                    "Float",
                                    "Numeric",
                                    "Array",
                                    "Hash",
                                    "Symbol",
                                    "Time",
                                    "Regexp",
                                    "Range",
                                    "Proc",
                                    "NilClass",
                                    "TrueClass",
                                    "FalseClass",
                                    "Object",
                                    "Enumerable",
                                    "MatchData",
                                    "JSON",
                                    "Math",
                                    "Base64",
                                    "Digest::MD5",
                                    "Digest::SHA256",
                                    "LogStash::Event",
                                    "LogStash::Timestamp",
                                    "StandardError",
                                    "Exception",
                                    "RuntimeError",
                                    "ArgumentError",
                                    "TypeError",
                                    "NameError",
                                    "NoMethodError",
                                    "ZeroDivisionError",
                                    "KeyError",
                                    "IndexError",
                                    "RangeError",
                                    "FloatDomainError",
                                    "RegexpError",
                                    "JSON::ParserError",
                                    "FrozenError",
                                    NULL};

/* ---- conversions that fail ---- */
METHOD(to_integer)
{
    struct value number = ARG(0), result;
    if (number.kind == VALUE_INT || number.kind == VALUE_NUMBER) return number;
    if (number.kind == VALUE_DOUBLE || number.kind == RUBY_TIME)
        return ruby_send(run, args->node, STR("to_i"), number, NULL, 0);
    if (number.kind != VALUE_STRING)
        return ruby_raise(run, "TypeError", "can't convert %s into Integer",
                          number.kind == VALUE_NULL ? "nil" : ruby_class_name(number));
    struct str text = text_strip(ruby_text(number), true, true);
    bool is_negative = text.len && *text.ptr == '-';
    struct str digits =
        text.len && (*text.ptr == '-' || *text.ptr == '+') ? str_from(text, 1) : text;
    int64_t base = 10;
    if (HAS(1) && !want_int(run, ARG(1), &base)) return LEFT;
    if (!HAS(1) && digits.len > 1 && *digits.ptr == '0') {
        char c = (char)(digits.ptr[1] | 32);
        base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
        digits = str_from(digits, c == 'x' || c == 'b' || c == 'o' ? 2 : 1);
    }
    bool fits = digits.len > 0;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.ptr[i];
        int digit = is_digit(c)                          ? c - '0'
                    : (c | 32) >= 'a' && (c | 32) <= 'z' ? (c | 32) - 'a' + 10
                                                         : 99;
        fits &= digit < base || (c == '_' && i && i + 1 < digits.len && digits.ptr[i - 1] != '_');
    }
    if (!fits)
        return ruby_raise(run, "ArgumentError", "invalid value for Integer(): \"%.*s\"",
                          (int)(text.len < 60 ? text.len : 60), text.ptr);
    struct value radix = value_int(base), whole = ruby_string(digits);
    result = ruby_send(run, args->node, STR("to_i"), whole, &radix, 1);
    return is_negative && result.kind == VALUE_INT ? value_int(-result.integer) : result;
}
METHOD(to_float)
{
    double real;
    struct value number = ARG(0);
    if (ruby_as_double(number, &real)) return value_double(real);
    if (number.kind != VALUE_STRING)
        return ruby_raise(run, "TypeError", "can't convert %s into Float",
                          number.kind == VALUE_NULL ? "nil" : ruby_class_name(number));
    struct str text = text_strip(ruby_text(number), true, true);
    bool is_integer, has_sign = text.len && *text.ptr == '+';
    struct str digits = has_sign ? str_from(text, 1) : text;
    size_t len = number_scan(digits, &is_integer);
    bool has_zeros = len < digits.len && number_parse_float(digits, NUMBER_PLAIN, &real);
    if (!digits.len || (len != digits.len && !has_zeros))
        return ruby_raise(run, "ArgumentError", "invalid value for Float(): \"%.*s\"",
                          (int)(text.len < 60 ? text.len : 60), text.ptr);
    return value_double(has_zeros ? real : number_double(digits));
}
METHOD(to_string) { return ruby_string(ruby_to_s(run, ARG(0))); }
METHOD(to_list)
{
    if (ARG(0).kind == VALUE_ARRAY) return ARG(0);
    if (ARG(0).kind == VALUE_NULL) return ruby_list_new(run, 0);
    if (ARG(0).kind == VALUE_MAP || ARG(0).kind == RUBY_RANGE)
        return ruby_send(run, args->node, STR("to_a"), ARG(0), NULL, 0);
    return ruby_list_of(run, &ARG(0), 1);
}

METHOD(raise_error)
{
    if (!HAS(0)) return ruby_raise(run, "RuntimeError", "unhandled exception");
    if (ARG(0).kind == RUBY_ERROR) {
        run->left = ARG(0);
        run->leave = LEAVE_RAISE;
        return LEFT;
    }
    struct str text = HAS(1) ? ruby_to_s(run, ARG(1)) : ruby_to_s(run, ARG(0));
    if (ARG(0).kind != RUBY_CLASS) return ruby_raise(run, "RuntimeError", "%.*s", STR_ARG(text));
    return ruby_raise(run, arena_copy_z(run->arena, ruby_text(ARG(0))), "%.*s", STR_ARG(text));
}

/* xorshift: which events are dropped at random needs no more. */
static double draw(struct ruby *ruby)
{
    ruby->random ^= ruby->random << 13;
    ruby->random ^= ruby->random >> 7;
    ruby->random ^= ruby->random << 17;
    return (double)(ruby->random >> 11) / (double)(1ull << 53);
}
METHOD(random)
{
    int64_t most = 0;
    if (!HAS(0)) return value_double(draw(run->ruby));
    if (ARG(0).kind == VALUE_DOUBLE) return value_double(draw(run->ruby) * ARG(0).real);
    if (ARG(0).kind == RUBY_RANGE) {
        const struct ruby_range *range = ruby_pointer(ARG(0));
        int64_t low, high;
        if (!want_int(run, range->from, &low) || !want_int(run, range->to, &high)) return LEFT;
        return value_int(low + (int64_t)(draw(run->ruby) * (double)(high - low + !range->is_open)));
    }
    return want_int(run, ARG(0), &most) ? value_int((int64_t)(draw(run->ruby) * (double)most))
                                        : LEFT;
}
METHOD(require)
{
    static const char *const known[] = {"json",   "time",           "date",
                                        "digest", "digest/md5",     "digest/sha2",
                                        "base64", "logstash/event", "logstash/timestamp",
                                        "set",    "securerandom",   "bigdecimal"};
    struct str name;
    if (!want_text(run, ARG(0), &name)) return LEFT;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq_z(name, known[i])) return value_bool(true);
    return ruby_raise(run, "RuntimeError", "cannot load %.*s", STR_ARG(name));
}
METHOD(formatted)
{
    struct str format;
    return want_text(run, ARG(0), &format)
               ? ruby_format(run, format, args->items + 1, args->count - 1)
               : LEFT;
}

/* ---- JSON ---- */
METHOD(json_parse)
{
    struct str text;
    struct value value, result;
    struct json_report report;
    if (HAS(1)) return ruby_raise(run, "NotImplementedError", "options of JSON.parse");
    if (!want_text(run, ARG(0), &text) || !ruby_allows(run, text.len)) return LEFT;
    if (!ruby_step(run, 1 + (uint32_t)(text.len / 64))) return LEFT;
    if (json_is_blank(text) || !json_decode(text, JSON_WHOLE, run->arena, &value, &report))
        return ruby_raise(run, "JSON::ParserError", "%s",
                          json_is_blank(text) ? "unexpected end of input" : report.reason);
    return ruby_from_event(run, &value, &result) ? result : LEFT;
}
METHOD(json_generate) { return ruby_send(run, args->node, STR("to_json"), ARG(0), NULL, 0); }

/* ---- digests, Base64 ---- */
METHOD(hexdigest)
{
    struct str text;
    char hex[DIGEST_HEX_MAX];
    if (!want_text(run, ARG(0), &text) || !ruby_step(run, 1 + (uint32_t)(text.len / 64)))
        return LEFT;
    bool is_md5 = args->self.len == strlen("Digest::MD5");
    digest_hex(is_md5 ? DIGEST_MD5 : DIGEST_SHA256, text, hex);
    return ruby_string(arena_copy(run->arena, str_of(hex)));
}
static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
METHOD(base64_encode)
{
    struct str text;
    if (!want_text(run, ARG(0), &text) || !ruby_allows(run, text.len * 2)) return LEFT;
    bool has_lines = args->node && args->node->name.ptr[0] == 'e'; /* encode64: 60 a line */
    struct buf out = buf_in_arena(run->arena);
    for (size_t at = 0; at < text.len; at += 3) {
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (at + k < text.len ? (uint8_t)text.ptr[at + k] : 0);
        for (size_t k = 0; k < 4; k++)
            buf_append_char(&out, k <= text.len - at ? digits64[bits >> (18 - 6 * k) & 63] : '=');
        if (has_lines && (at + 3 >= text.len || (at / 3 + 1) % 15 == 0))
            buf_append_char(&out, '\n');
    }
    return text_of_buf(&out);
}
METHOD(base64_decode)
{
    struct str text;
    if (!want_text(run, ARG(0), &text) || !ruby_allows(run, text.len)) return LEFT;
    bool is_strict = args->node && args->node->name.ptr[0] == 's';
    struct buf out = buf_in_arena(run->arena);
    uint32_t bits = 0, have = 0, count = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *digit = text.ptr[i] ? strchr(digits64, text.ptr[i]) : NULL;
        if (!digit && text.ptr[i] == '=' && text.len - i <= 2) break;
        if (!digit && is_strict) return ruby_raise(run, "ArgumentError", "invalid base64");
        if (!digit) continue;
        bits = bits << 6 | (uint32_t)(digit - digits64);
        count++;
        if ((have += 6) >= 8) buf_append_char(&out, (char)(bits >> (have -= 8)));
    }
    if (is_strict && (text.len % 4 != 0 || count % 4 == 1))
        return ruby_raise(run, "ArgumentError", "invalid base64");
    return text_of_buf(&out);
}

/* ---- Math ---- */
METHOD(mathematics)
{
    static const struct {
        const char *name;
        double (*run)(double);
    } known[] = {{"sqrt", sqrt}, {"log", log}, {"log10", log10}, {"log2", log2}, {"exp", exp},
                 {"sin", sin},   {"cos", cos}, {"tan", tan},     {"atan", atan}, {"cbrt", cbrt}};
    double real, base;
    if (!ruby_as_double(ARG(0), &real))
        return ruby_raise(run, "TypeError", "can't convert %s into Float",
                          ARG(0).kind == VALUE_NULL ? "nil" : ruby_class_name(ARG(0)));
    if (HAS(1))
        return ruby_as_double(ARG(1), &base)
                   ? value_double(log(real) / log(base))
                   : ruby_raise(run, "TypeError", "can't convert into Float");
    for (size_t i = 0; args->node && i < sizeof known / sizeof *known; i++) {
        if (!str_eq_z(args->node->name, known[i].name)) continue;
        double result = known[i].run(real);
        return isnan(result) && !isnan(real)
                   ? ruby_raise(run, "ArgumentError",
                                "Numerical argument is out of domain - \"%s\"", known[i].name)
                   : value_double(result);
    }
    return value_double(real);
}

#define KERNEL "Kernel"
const struct ruby_native ruby_class_methods[] = {
    {"Integer", 0, 1, 2, 0, to_integer, KERNEL},
    {"Float", 0, 1, 1, 0, to_float, KERNEL},
    {"String", 0, 1, 1, 0, to_string, KERNEL},
    {"Array", 0, 1, 1, 0, to_list, KERNEL},
    {"raise", 0, 0, 2, 0, raise_error, KERNEL},
    {"rand", 0, 0, 1, 0, random, KERNEL},
    {"require", 0, 1, 1, 0, require, KERNEL},
    {"format", 0, 1, -1, 0, formatted, KERNEL},
    {"sprintf", 0, 1, -1, 0, formatted, KERNEL},
    {"parse", 0, 1, 2, 0, json_parse, "JSON"},
    {"generate", 0, 1, 1, 0, json_generate, "JSON"},
    {"dump", 0, 1, 1, 0, json_generate, "JSON"},
    {"hexdigest", 0, 1, 1, 0, hexdigest, "Digest::MD5"},
    {"hexdigest", 0, 1, 1, 0, hexdigest, "Digest::SHA256"},
    {"encode64", 0, 1, 1, 0, base64_encode, "Base64"},
    {"strict_encode64", 0, 1, 1, 0, base64_encode, "Base64"},
    {"decode64", 0, 1, 1, 0, base64_decode, "Base64"},
    {"strict_decode64", 0, 1, 1, 0, base64_decode, "Base64"},
    {"sqrt", 0, 1, 1, 0, mathematics, "Math"},
    {"log", 0, 1, 2, 0, mathematics, "Math"},
    {"log10", 0, 1, 1, 0, mathematics, "Math"},
    {"log2", 0, 1, 1, 0, mathematics, "Math"},
    {"exp", 0, 1, 1, 0, mathematics, "Math"},
    {"sin", 0, 1, 1, 0, mathematics, "Math"},
    {"cos", 0, 1, 1, 0, mathematics, "Math"},
    {"tan", 0, 1, 1, 0, mathematics, "Math"},
    {"atan", 0, 1, 1, 0, mathematics, "Math"},
    {"cbrt", 0, 1, 1, 0, mathematics, "Math"},
    {NULL, 0, 0, 0, 0, NULL, NULL}};
