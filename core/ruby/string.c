/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of texts that need no pattern. */
#include "core/ruby/methods.h"
#include "core/text/case.h"
#include "core/text/number.h"
#include "core/text/utf8.h"
#include <stdlib.h>

struct str text_strip(struct str text, bool left, bool right)
{
    while (left && text.len &&
           (is_blank(*text.ptr) || *text.ptr == '\v' || *text.ptr == '\f' || *text.ptr == '\0'))
        text = str_from(text, 1);
    while (right && text.len &&
           (is_blank(text.ptr[text.len - 1]) || text.ptr[text.len - 1] == '\v' ||
            text.ptr[text.len - 1] == '\f' || text.ptr[text.len - 1] == '\0'))
        text.len--;
    return text;
}

static struct value mapped(struct ruby_run *run, const struct ruby_args *args, enum case_kind kind)
{
    if (!ruby_allows(run, args->self.len * (size_t)CASE_GROWTH)) return LEFT;
    struct value value = ruby_string(case_map(SELF_TEXT, kind, run->arena));
    value.kind = args->self.kind;
    return value;
}
METHOD(upcase) { return mapped(run, args, CASE_UPPER); }
METHOD(downcase) { return mapped(run, args, CASE_LOWER); }
METHOD(capitalize) { return mapped(run, args, CASE_CAPITAL); }
METHOD(strip)
{
    (void)run;
    return ruby_string(text_strip(SELF_TEXT, true, true));
}
METHOD(lstrip)
{
    (void)run;
    return ruby_string(text_strip(SELF_TEXT, true, false));
}
METHOD(rstrip)
{
    (void)run;
    return ruby_string(text_strip(SELF_TEXT, false, true));
}
METHOD(text_length)
{
    (void)run;
    return value_int((int64_t)ruby_char_count(SELF_TEXT));
}
METHOD(bytesize)
{
    (void)run;
    return value_int(args->self.len);
}
METHOD(is_empty)
{
    (void)run;
    return value_bool(!args->self.len);
}

METHOD(chomp)
{
    struct str text = SELF_TEXT, end;
    if (HAS(0)) {
        if (!want_text(run, ARG(0), &end)) return LEFT;
        if (str_ends(text, end)) text.len -= end.len;
    } else if (str_ends(text, STR("\r\n"))) {
        text.len -= 2;
    } else if (str_ends(text, STR("\n")) || str_ends(text, STR("\r"))) {
        text.len--;
    }
    return ruby_string(text);
}

METHOD(chop)
{
    (void)run;
    size_t count = ruby_char_count(SELF_TEXT);
    return ruby_string(str_slice(SELF_TEXT, 0, ruby_char_offset(SELF_TEXT, count ? count - 1 : 0)));
}

METHOD(reverse)
{
    struct str text = SELF_TEXT;
    char *out = arena_alloc(run->arena, text.len + 1);
    size_t left = text.len;
    for (size_t at = 0; at < text.len;) {
        size_t len;
        utf8_decode(str_from(text, at), &len);
        if (!len) len = 1;
        left -= len;
        memcpy(out + left, text.ptr + at, len);
        at += len;
    }
    return ruby_string((struct str){out, text.len});
}

METHOD(delete_prefix)
{
    struct str head;
    if (!want_text(run, ARG(0), &head)) return LEFT;
    return ruby_string(str_starts(SELF_TEXT, head) ? str_from(SELF_TEXT, head.len) : SELF_TEXT);
}
METHOD(delete_suffix)
{
    struct str tail;
    if (!want_text(run, ARG(0), &tail)) return LEFT;
    return ruby_string(
        str_ends(SELF_TEXT, tail) ? str_slice(SELF_TEXT, 0, args->self.len - tail.len) : SELF_TEXT);
}

static struct value pad(struct ruby_run *run, const struct ruby_args *args, int side)
{
    int64_t width;
    struct str fill = STR(" ");
    if (!want_int(run, ARG(0), &width) || (HAS(1) && !want_text(run, ARG(1), &fill))) return LEFT;
    int64_t missing = width - (int64_t)ruby_char_count(SELF_TEXT);
    if (!fill.len) return ruby_raise(run, "ArgumentError", "zero width padding");
    if (missing <= 0) return args->self;
    if (missing > RUBY_TEXT_BYTES_MAX || !ruby_allows(run, (size_t)missing * 4 + args->self.len))
        return ruby_allows(run, SIZE_MAX / 2), LEFT;
    struct buf out = buf_in_arena(run->arena);
    int64_t left = side < 0 ? missing : side > 0 ? 0 : missing / 2;
    size_t fill_chars = ruby_char_count(fill);
    for (int64_t i = 0; i < missing + 1; i++) {
        if (i == left) buf_append(&out, SELF_TEXT);
        if (i == missing) break;
        size_t number = (size_t)(i < left ? i : i - left) % fill_chars;
        buf_append(&out, str_slice(fill, ruby_char_offset(fill, number),
                                   ruby_char_offset(fill, number + 1)));
    }
    return text_of_buf(&out);
}
METHOD(rjust) { return pad(run, args, -1); }
METHOD(ljust) { return pad(run, args, 1); }
METHOD(center) { return pad(run, args, 0); }

/* ---- numbers in texts ---- */
static struct value based_integer(struct ruby_run *run, struct str text, int64_t base)
{
    if (base < 2 || base > 36)
        return ruby_raise(run, "ArgumentError", "invalid radix %lld", (long long)base);
    text = text_strip(text, true, true);
    bool is_negative = text.len && *text.ptr == '-';
    if (text.len && (*text.ptr == '-' || *text.ptr == '+')) text = str_from(text, 1);
    bool has_prefix =
        text.len > 1 && *text.ptr == '0' &&
        ((base == 16 && (text.ptr[1] | 32) == 'x') || (base == 2 && (text.ptr[1] | 32) == 'b') ||
         (base == 8 && (text.ptr[1] | 32) == 'o'));
    if (has_prefix) text = str_from(text, 2);
    int64_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '_' && i && i + 1 < text.len && text.ptr[i - 1] != '_') continue;
        int digit = is_digit(c)                          ? c - '0'
                    : (c | 32) >= 'a' && (c | 32) <= 'z' ? (c | 32) - 'a' + 10
                                                         : 99;
        if (digit >= base) break;
        if (__builtin_mul_overflow(number, base, &number) ||
            __builtin_add_overflow(number, digit, &number))
            return ruby_raise(run, "RangeError", "integer beyond 64 bits");
    }
    return value_int(is_negative ? -number : number);
}

METHOD(to_i)
{
    int64_t base = 10;
    if (HAS(0) && !want_int(run, ARG(0), &base)) return LEFT;
    return base == 10 ? number_lenient_integer(SELF_TEXT, run->arena)
                      : based_integer(run, SELF_TEXT, base);
}
METHOD(hex) { return based_integer(run, SELF_TEXT, 16); }
METHOD(oct) { return based_integer(run, SELF_TEXT, 8); }
METHOD(to_f)
{
    (void)run;
    return value_double(number_lenient_float(SELF_TEXT));
}
METHOD(to_sym)
{
    (void)run;
    return ruby_symbol(SELF_TEXT);
}
METHOD(ord)
{
    size_t len;
    if (!args->self.len) return ruby_raise(run, "ArgumentError", "empty string");
    uint32_t code = utf8_decode(SELF_TEXT, &len);
    return len ? value_int(code)
               : ruby_raise(run, "ArgumentError", "invalid byte sequence in UTF-8");
}

/* ---- parts ---- */
METHOD(chars)
{
    struct str text = SELF_TEXT;
    struct value list = ruby_list_new(run, 0);
    for (size_t at = 0; at < text.len;) {
        size_t len;
        utf8_decode(str_from(text, at), &len);
        if (!len) len = 1;
        struct value item = ruby_string(str_slice(text, at, at + len));
        if (args->block ? has_left(ruby_yield_one(run, args->block, item))
                        : !ruby_push(run, list, item))
            return LEFT;
        at += len;
    }
    return args->block ? args->self : list;
}
METHOD(bytes)
{
    struct value list = ruby_list_new(run, 0);
    for (uint32_t i = 0; i < args->self.len; i++) {
        struct value item = value_int((uint8_t)args->self.text[i]);
        if (args->block ? has_left(ruby_yield_one(run, args->block, item))
                        : !ruby_push(run, list, item))
            return LEFT;
    }
    return args->block ? args->self : list;
}
METHOD(lines)
{
    struct str rest = SELF_TEXT;
    struct value list = ruby_list_new(run, 0);
    while (rest.len) {
        ptrdiff_t cut = str_find(rest, STR("\n"));
        size_t len = cut < 0 ? rest.len : (size_t)cut + 1;
        struct value item = ruby_string(str_slice(rest, 0, len));
        if (args->block ? has_left(ruby_yield_one(run, args->block, item))
                        : !ruby_push(run, list, item))
            return LEFT;
        rest = str_from(rest, len);
    }
    return args->block ? args->self : list;
}

METHOD(starts_with)
{
    for (uint32_t i = 0; i < args->count; i++) {
        struct str head;
        if (ARG(i).kind == RUBY_REGEX) {
            struct regex_match match;
            int found = ruby_search(run, ruby_regex_of(run, ARG(i)), SELF_TEXT, 0, &match);
            if (found < 0) return LEFT;
            if (found && match.offsets[0] == 0) return value_bool(true);
            continue;
        }
        if (!want_text(run, ARG(i), &head)) return LEFT;
        if (str_starts(SELF_TEXT, head)) return value_bool(true);
    }
    return value_bool(false);
}
METHOD(ends_with)
{
    for (uint32_t i = 0; i < args->count; i++) {
        struct str tail;
        if (!want_text(run, ARG(i), &tail)) return LEFT;
        if (str_ends(SELF_TEXT, tail)) return value_bool(true);
    }
    return value_bool(false);
}
METHOD(includes)
{
    struct str part;
    if (!want_text(run, ARG(0), &part)) return LEFT;
    return value_bool(str_find(SELF_TEXT, part) >= 0);
}
METHOD(count_chars);
METHOD(casecmp)
{
    if (!is_text(ARG(0))) return want_text(run, ARG(0), &(struct str){0}), LEFT;
    struct str a = case_map(SELF_TEXT, CASE_LOWER, run->arena),
               b = case_map(ruby_text(ARG(0)), CASE_LOWER, run->arena);
    bool asks = args->node && args->node->name.ptr[args->node->name.len - 1] == '?';
    int order = str_cmp(a, b);
    return asks ? value_bool(order == 0) : value_int((order > 0) - (order < 0));
}
METHOD(partition)
{
    struct str part, text = SELF_TEXT;
    if (!want_text(run, ARG(0), &part)) return LEFT;
    ptrdiff_t at = str_find(text, part);
    bool is_last = args->node && args->node->name.ptr[0] == 'r';
    for (ptrdiff_t next = at; is_last && next >= 0;) {
        struct str rest = str_from(text, (size_t)at + 1);
        next = at + 1 <= (ptrdiff_t)text.len ? str_find(rest, part) : -1;
        if (next >= 0) at += next + 1;
        if (!ruby_step(run, 1)) return LEFT;
        if (!part.len) break;
    }
    struct value parts[3] = {ruby_string(text), ruby_string(STR("")), ruby_string(STR(""))};
    if (at < 0 && is_last) parts[2] = parts[0], parts[0] = parts[1];
    if (at >= 0) {
        parts[0] = ruby_string(str_slice(text, 0, (size_t)at));
        parts[1] = ruby_string(part);
        parts[2] = ruby_string(str_from(text, (size_t)at + part.len));
    }
    return ruby_list_of(run, parts, 3);
}

/* ---- sets of characters: `a-z`, `^0-9` ---- */
static bool in_set(struct str set, char c)
{
    bool is_not = set.len > 1 && set.ptr[0] == '^';
    for (size_t i = is_not; i < set.len; i++) {
        if (i + 2 < set.len && set.ptr[i + 1] == '-') {
            if (c >= set.ptr[i] && c <= set.ptr[i + 2]) return !is_not;
            i += 2;
        } else if (c == set.ptr[i]) {
            return !is_not;
        }
    }
    return is_not;
}
static bool sets_are_plain(struct ruby_run *run, struct str self, struct str set)
{
    if (utf8_is_ascii(set) && (utf8_is_ascii(self) || !str_starts(set, STR("^"))) &&
        !memchr(set.ptr ? set.ptr : "", '\\', set.len))
        return true;
    ruby_raise(run, "NotImplementedError", "a set of characters beyond ASCII");
    return false;
}
METHOD(count_chars)
{
    struct str set;
    int64_t count = 0;
    if (!want_text(run, ARG(0), &set) || !sets_are_plain(run, SELF_TEXT, set)) return LEFT;
    for (uint32_t i = 0; i < args->self.len; i++) count += in_set(set, args->self.text[i]);
    return value_int(count);
}
METHOD(delete_chars)
{
    struct str set;
    if (!want_text(run, ARG(0), &set) || !sets_are_plain(run, SELF_TEXT, set)) return LEFT;
    struct buf out = buf_in_arena(run->arena);
    for (uint32_t i = 0; i < args->self.len; i++)
        if (!in_set(set, args->self.text[i])) buf_append_char(&out, args->self.text[i]);
    return text_of_buf(&out);
}
METHOD(squeeze)
{
    struct str set = STR("");
    if (HAS(0) && (!want_text(run, ARG(0), &set) || !sets_are_plain(run, SELF_TEXT, set)))
        return LEFT;
    if (!HAS(0) && !utf8_is_ascii(SELF_TEXT))
        return ruby_raise(run, "NotImplementedError", "squeeze beyond ASCII");
    struct buf out = buf_in_arena(run->arena);
    for (uint32_t i = 0; i < args->self.len; i++) {
        char c = args->self.text[i];
        bool repeats = i && args->self.text[i - 1] == c && (!HAS(0) || in_set(set, c));
        if (!repeats) buf_append_char(&out, c);
    }
    return text_of_buf(&out);
}
static size_t set_expand(struct str set, char out[256])
{
    size_t count = 0;
    for (size_t i = 0; i < set.len && count < 255; i++) {
        if (i + 2 < set.len && set.ptr[i + 1] == '-' && set.ptr[i] <= set.ptr[i + 2]) {
            for (int c = set.ptr[i]; c <= set.ptr[i + 2] && count < 255; c++)
                out[count++] = (char)c;
            i += 2;
        } else
            out[count++] = set.ptr[i];
    }
    return count;
}
METHOD(tr)
{
    struct str from, to;
    char olds[256], news[256];
    if (!want_text(run, ARG(0), &from) || !want_text(run, ARG(1), &to) ||
        !sets_are_plain(run, SELF_TEXT, from) || !sets_are_plain(run, SELF_TEXT, to))
        return LEFT;
    bool is_not = from.len > 1 && from.ptr[0] == '^';
    size_t old_count = set_expand(from, olds), new_count = set_expand(to, news);
    struct buf out = buf_in_arena(run->arena);
    for (uint32_t i = 0; i < args->self.len; i++) {
        char c = args->self.text[i];
        const char *found = is_not ? NULL : memchr(olds, c, old_count);
        bool replaced = is_not ? in_set(from, c) : found != NULL;
        size_t place = is_not ? new_count : found ? (size_t)(found - olds) : 0;
        if (!replaced)
            buf_append_char(&out, c);
        else if (new_count)
            buf_append_char(&out, news[place < new_count ? place : new_count - 1]);
    }
    return text_of_buf(&out);
}

METHOD(itself)
{
    (void)run;
    return args->self;
}
METHOD(valid_encoding)
{
    (void)run;
    return value_bool(utf8_check(SELF_TEXT) != UTF8_INVALID);
}
METHOD(ascii_only)
{
    (void)run;
    return value_bool(utf8_is_ascii(SELF_TEXT));
}
METHOD(scrub)
{
    struct str text = SELF_TEXT, with = STR("\xef\xbf\xbd");
    if (HAS(0) && !want_text(run, ARG(0), &with)) return LEFT;
    if (!ruby_allows(run, text.len * 3 + text.len * with.len)) return LEFT;
    struct buf out = buf_in_arena(run->arena);
    for (size_t at = 0; at < text.len;) {
        size_t len;
        utf8_decode(str_from(text, at), &len);
        buf_append(&out, len ? str_slice(text, at, at + len) : with);
        at += len ? len : 1;
    }
    return text_of_buf(&out);
}
METHOD(insert)
{
    int64_t at;
    struct str part;
    if (!want_int(run, ARG(0), &at) || !want_text(run, ARG(1), &part)) return LEFT;
    int64_t count = (int64_t)ruby_char_count(SELF_TEXT);
    if (at < 0) at += count + 1;
    if (at < 0 || at > count)
        return ruby_raise(run, "IndexError", "index %lld out of string", (long long)at);
    size_t offset = ruby_char_offset(SELF_TEXT, (size_t)at);
    if (!ruby_allows(run, args->self.len + part.len)) return LEFT;
    struct buf out = buf_in_arena(run->arena);
    buf_append(&out, str_slice(SELF_TEXT, 0, offset));
    buf_append(&out, part);
    buf_append(&out, str_from(SELF_TEXT, offset));
    return text_of_buf(&out);
}

const struct ruby_native ruby_string_methods[] = {
    {"upcase", IS_STRING | IS_SYMBOL, 0, 0, 0, upcase, NULL},
    {"downcase", IS_STRING | IS_SYMBOL, 0, 0, 0, downcase, NULL},
    {"capitalize", IS_STRING | IS_SYMBOL, 0, 0, 0, capitalize, NULL},
    {"strip", IS_STRING, 0, 0, 0, strip, NULL},
    {"lstrip", IS_STRING, 0, 0, 0, lstrip, NULL},
    {"rstrip", IS_STRING, 0, 0, 0, rstrip, NULL},
    {"chomp", IS_STRING, 0, 1, 0, chomp, NULL},
    {"chop", IS_STRING, 0, 0, 0, chop, NULL},
    {"length", IS_STRING | IS_SYMBOL, 0, 0, 0, text_length, NULL},
    {"size", IS_STRING | IS_SYMBOL, 0, 0, 0, text_length, NULL},
    {"bytesize", IS_STRING, 0, 0, 0, bytesize, NULL},
    {"empty?", IS_STRING | IS_SYMBOL, 0, 0, 0, is_empty, NULL},
    {"reverse", IS_STRING, 0, 0, 0, reverse, NULL},
    {"delete_prefix", IS_STRING, 1, 1, 0, delete_prefix, NULL},
    {"delete_suffix", IS_STRING, 1, 1, 0, delete_suffix, NULL},
    {"rjust", IS_STRING, 1, 2, 0, rjust, NULL},
    {"ljust", IS_STRING, 1, 2, 0, ljust, NULL},
    {"center", IS_STRING, 1, 2, 0, center, NULL},
    {"to_i", IS_STRING, 0, 1, 0, to_i, NULL},
    {"hex", IS_STRING, 0, 0, 0, hex, NULL},
    {"oct", IS_STRING, 0, 0, 0, oct, NULL},
    {"to_f", IS_STRING, 0, 0, 0, to_f, NULL},
    {"to_sym", IS_STRING | IS_SYMBOL, 0, 0, 0, to_sym, NULL},
    {"ord", IS_STRING, 0, 0, 0, ord, NULL},
    {"chars", IS_STRING, 0, 0, 0, chars, NULL},
    {"each_char", IS_STRING, 0, 0, BLOCK_MAY, chars, NULL},
    {"bytes", IS_STRING, 0, 0, 0, bytes, NULL},
    {"each_byte", IS_STRING, 0, 0, BLOCK_MAY, bytes, NULL},
    {"lines", IS_STRING, 0, 0, 0, lines, NULL},
    {"each_line", IS_STRING, 0, 0, BLOCK_MAY, lines, NULL},
    {"start_with?", IS_STRING, 0, -1, 0, starts_with, NULL},
    {"end_with?", IS_STRING, 0, -1, 0, ends_with, NULL},
    {"include?", IS_STRING, 1, 1, 0, includes, NULL},
    {"count", IS_STRING, 1, 1, 0, count_chars, NULL},
    {"delete", IS_STRING, 1, 1, 0, delete_chars, NULL},
    {"squeeze", IS_STRING, 0, 1, 0, squeeze, NULL},
    {"tr", IS_STRING, 2, 2, 0, tr, NULL},
    {"casecmp", IS_STRING, 1, 1, 0, casecmp, NULL},
    {"casecmp?", IS_STRING, 1, 1, 0, casecmp, NULL},
    {"partition", IS_STRING, 1, 1, 0, partition, NULL},
    {"rpartition", IS_STRING, 1, 1, 0, partition, NULL},
    {"to_str", IS_STRING, 0, 0, 0, itself, NULL},
    {"valid_encoding?", IS_STRING, 0, 0, 0, valid_encoding, NULL},
    {"ascii_only?", IS_STRING, 0, 0, 0, ascii_only, NULL},
    {"scrub", IS_STRING, 0, 1, 0, scrub, NULL},
    {"insert", IS_STRING, 2, 2, 0, insert, NULL},
    {NULL, 0, 0, 0, 0, NULL, NULL}};
