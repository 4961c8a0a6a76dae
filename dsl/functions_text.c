/* SPDX-License-Identifier: Apache-2.0 */
/* Functions: strings and regular expressions. Lengths and places count bytes of what is not ASCII too,
 * but a slice never cuts a character. */
#include "core/text/case.h"
#include "core/text/replace.h"
#include "core/text/utf8.h"
#include "dsl/functions.h"

static struct str text_of(const struct call *call, uint32_t at) { return value_text(&call->arguments[at]); }

static bool change_case(const struct call *call, enum case_kind kind, struct value *out)
{
    struct str text = text_of(call, 0);
    if (!call_allows(call, text.len * CASE_GROWTH)) return false;
    return give_text(out, case_map(text, kind, call->arena));
}
static bool upcase(const struct call *call, struct value *out) { return change_case(call, CASE_UPPER, out); }
static bool downcase(const struct call *call, struct value *out) { return change_case(call, CASE_LOWER, out); }
static bool capitalize(const struct call *call, struct value *out) { return change_case(call, CASE_CAPITAL, out); }

static bool trim(const struct call *call, struct value *out)
{
    return give_text(out, str_trimmed(text_of(call, 0)));
}

static bool trim_prefix(const struct call *call, struct value *out)
{
    struct str text = text_of(call, 0), head = text_of(call, 1);
    return give_text(out, str_starts(text, head) ? str_from(text, head.len) : text);
}

static bool trim_suffix(const struct call *call, struct value *out)
{
    struct str text = text_of(call, 0), tail = text_of(call, 1);
    if (str_ends(text, tail)) text.len -= tail.len;
    return give_text(out, text);
}

static bool give_bool(struct value *out, bool is_true)
{
    *out = value_bool(is_true);
    return true;
}
static bool starts_with(const struct call *call, struct value *out)
{
    return give_bool(out, str_starts(text_of(call, 0), text_of(call, 1)));
}
static bool ends_with(const struct call *call, struct value *out)
{
    return give_bool(out, str_ends(text_of(call, 0), text_of(call, 1)));
}
static bool contains(const struct call *call, struct value *out)
{
    return give_bool(out, str_find(text_of(call, 0), text_of(call, 1)) >= 0);
}

static bool find(const struct call *call, struct value *out)
{
    *out = value_int(str_find(text_of(call, 0), text_of(call, 1)));
    return true;
}

/* Not into the middle of a character: back to its first byte. */
static size_t at_character(struct str text, size_t at)
{
    while (at > 0 && at < text.len && ((unsigned char)text.ptr[at] & 0xc0) == 0x80) at--;
    return at;
}

static size_t place_of(struct str text, int64_t at)
{
    if (at < 0) at += (int64_t)text.len;
    if (at < 0) return 0;
    return (uint64_t)at > text.len ? text.len : at_character(text, (size_t)at);
}

static bool slice(const struct call *call, struct value *out)
{
    struct str text = text_of(call, 0);
    size_t start = place_of(text, call->arguments[1].integer);
    size_t end = call->count > 2 ? place_of(text, call->arguments[2].integer) : text.len;
    return give_text(out, end > start ? str_slice(text, start, end) : (struct str){text.ptr, 0});
}

static bool repeat(const struct call *call, struct value *out)
{
    struct str text = text_of(call, 0);
    int64_t times = call->arguments[1].integer;
    if (times < 0) return call_fails(call, "a negative count");
    if (text.len == 0 || times == 0) return give_text(out, STR(""));
    if (times > EXPRESSION_BYTES_MAX) return call_fails(call, "the text is too long");
    if (!call_allows(call, text.len * (size_t)times)) return false;
    struct buf made = buf_in_arena(call->arena);
    buf_reserve(&made, text.len * (size_t)times);
    for (int64_t i = 0; i < times; i++) buf_append(&made, text);
    return give_text(out, buf_take(&made));
}

static bool split(const struct call *call, struct value *out)
{
    struct str text = text_of(call, 0), separator = text_of(call, 1);
    if (separator.len == 0) return call_fails(call, "the separator is empty");
    *out = value_array(call->arena, 8);
    for (;;) {
        if (out->array->count >= 65536 || !arena_allows(call->arena, 0))
            return call_fails(call, "the text has too many parts");
        ptrdiff_t at = str_find(text, separator);
        array_push(out->array, call->arena, value_string(at < 0 ? text : str_slice(text, 0, (size_t)at)));
        if (at < 0) return true;
        text = str_from(text, (size_t)at + separator.len);
    }
}

static bool join(const struct call *call, struct value *out)
{
    struct str separator = text_of(call, 1);
    struct buf made = buf_in_arena(call->arena);
    bool is_first = true;
    ARRAY_EACH(call->arguments[0].array, item) {
        if (item->kind != VALUE_STRING) return call_fails(call, "an item is not a string");
        if (!call_allows(call, made.len + separator.len + item->len)) return false;
        if (!is_first) buf_append(&made, separator);
        buf_append(&made, value_text(item));
        is_first = false;
    }
    return give_text(out, made.len ? buf_take(&made) : STR(""));
}

/* Every occurrence of a text. */
static bool replace_text(const struct call *call, struct value *out)
{
    struct str text = text_of(call, 0), from = text_of(call, 1), to = text_of(call, 2);
    if (from.len == 0) return call_fails(call, "the text to replace is empty");
    struct buf made = buf_in_arena(call->arena);
    ptrdiff_t at;
    if (str_find(text, from) < 0) return give_text(out, text);
    while ((at = str_find(text, from)) >= 0) {
        if (!call_allows(call, made.len + text.len + to.len)) return false;
        buf_append(&made, str_slice(text, 0, (size_t)at));
        buf_append(&made, to);
        text = str_from(text, (size_t)at + from.len);
    }
    buf_append(&made, text);
    return give_text(out, made.len ? buf_take(&made) : STR(""));
}

static bool replace(const struct call *call, struct value *out)
{
    struct str made;
    switch (replace_all(call->regex, &call->arguments[0], text_of(call, 2), call->arena, &made)) {
    case REPLACE_NONE: *out = call->arguments[0]; return true;
    case REPLACE_DONE: return give_text(out, made);
    case REPLACE_LIMIT: return call_fails(call, "the regular expression took too long");
    case REPLACE_MEMORY: return call_fails(call, "the text is too long");
    case REPLACE_BAD_NAME: return call_fails(call, "the replacement names no group of the pattern");
    }
    return false;
}

static bool find_match(const struct call *call, struct regex_match *match, const char *none)
{
    switch (regex_match(call->regex, text_of(call, 0), call->arguments[0].flags, 0, match)) {
    case REGEX_MATCH: return true;
    case REGEX_NO_MATCH: return call_fails(call, none);
    case REGEX_LIMIT: return call_fails(call, "the regular expression took too long");
    }
    return false;
}

static bool match(const struct call *call, struct value *out)
{
    struct regex_match found;
    struct str group;
    int64_t number = call->count > 2 ? call->arguments[2].integer : 0;
    if (!find_match(call, &found, "does not match")) return false;
    if (number < 0 || number > REGEX_GROUPS_MAX ||
        !regex_group(&found, text_of(call, 0), (uint32_t)number, &group))
        return call_fails(call, "the group took no part");
    return give_text(out, group);
}

static bool captures(const struct call *call, struct value *out)
{
    struct regex_match found;
    if (!find_match(call, &found, "does not match")) return false;
    uint32_t count;
    const struct regex_name *names = regex_names(call->regex, &count);
    *out = value_map(call->arena, count);
    for (uint32_t i = 0; i < count; i++) {
        struct str group;
        if (!regex_group(&found, text_of(call, 0), names[i].group, &group)) continue;
        map_set(out->map, call->arena, key_of(arena_copy(call->arena, names[i].name)), value_string(group));
    }
    return true;
}

#define TEXT {{"text", TYPE_STRING}}
#define TWO(name_) {{"text", TYPE_STRING}, {name_, TYPE_STRING}}
const struct function functions_text[] = {
    {"upcase", "Upper case, of any alphabet.", TEXT, 1, TYPE_STRING, true, false, upcase,
     {{"upcase(\"abc\")", "\"ABC\""}, {"upcase(\"straße\")", "\"STRASSE\""}}},
    {"downcase", "Lower case, of any alphabet.", TEXT, 1, TYPE_STRING, true, false, downcase,
     {{"downcase(\"ABC\")", "\"abc\""}, {"downcase(\"ÄB\")", "\"äb\""}}},
    {"capitalize", "The first letter large, the others small.", TEXT, 1, TYPE_STRING, true, false, capitalize,
     {{"capitalize(\"hELLO\")", "\"Hello\""}, {"capitalize(\"\")", "\"\""}}},
    {"trim", "Without blanks and line ends on both sides.", TEXT, 1, TYPE_STRING, false, false, trim,
     {{"trim(\"  a b \")", "\"a b\""}, {"trim(\"\")", "\"\""}}},
    {"trim_prefix", "Without this text at the start, once.", TWO("prefix"), 2, TYPE_STRING, false, false, trim_prefix,
     {{"trim_prefix(\"/var/log\", \"/var\")", "\"/log\""}, {"trim_prefix(\"a\", \"b\")", "\"a\""}}},
    {"trim_suffix", "Without this text at the end, once.", TWO("suffix"), 2, TYPE_STRING, false, false, trim_suffix,
     {{"trim_suffix(\"a.log\", \".log\")", "\"a\""}, {"trim_suffix(\"a\", \"b\")", "\"a\""}}},
    {"starts_with", "Does the text begin so?", TWO("prefix"), 2, TYPE_BOOLEAN, false, false, starts_with,
     {{"starts_with(\"GET /\", \"GET\")", "true"}, {"starts_with(\"GET /\", \"get\")", "false"}}},
    {"ends_with", "Does the text end so?", TWO("suffix"), 2, TYPE_BOOLEAN, false, false, ends_with,
     {{"ends_with(\"a.log\", \".log\")", "true"}, {"ends_with(\"a.log\", \".gz\")", "false"}}},
    {"contains", "Is this text anywhere in it?", TWO("part"), 2, TYPE_BOOLEAN, false, false, contains,
     {{"contains(\"connection refused\", \"refused\")", "true"}, {"contains(\"a\", \"b\")", "false"}}},
    {"find", "The byte at which a text first stands in another, from 0; -1 when nowhere.", TWO("part"), 2,
     TYPE_INTEGER, false, false, find, {{"find(\"a=b\", \"=\")", "1"}, {"find(\"a\", \"=\")", "-1"}}},
    {"slice", "Bytes from start to before end, from 0; negative ones count from the end.",
     {{"text", TYPE_STRING}, {"start", TYPE_INTEGER}, {"end", TYPE_INTEGER}}, 2, TYPE_STRING, false, false, slice,
     {{"slice(\"abcdef\", 1, 3)", "\"bc\""}, {"slice(\"abcdef\", -2)", "\"ef\""}}},
    {"repeat", "The text so many times.", {{"text", TYPE_STRING}, {"times", TYPE_INTEGER}}, 2, TYPE_STRING, true,
     false, repeat, {{"repeat(\"ab\", 2)", "\"abab\""}, {"repeat(\"ab\", -1)", NULL}}},
    {"split", "The parts between separators.", TWO("separator"), 2, TYPE_ARRAY, true, false, split,
     {{"split(\"a,b,,c\", \",\")", "[\"a\",\"b\",\"\",\"c\"]"}, {"split(\"a\", \",\")", "[\"a\"]"}}},
    {"join", "One string of an array of strings.", {{"items", TYPE_ARRAY}, {"separator", TYPE_STRING}}, 2,
     TYPE_STRING, true, false, join, {{"join([\"a\", \"b\"], \"-\")", "\"a-b\""}, {"join([1], \"-\")", NULL}}},
    {"replace", "Every match of a pattern; \\1 and \\k<name> in the replacement are groups.",
     {{"text", TYPE_STRING}, {"pattern", TYPE_REGEX}, {"replacement", TYPE_STRING}}, 3, TYPE_STRING, true, false,
     replace, {{"replace(\"a1b22\", /\\d+/, \"#\")", "\"a#b#\""}, {"replace(\"abc\", /x/, \"y\")", "\"abc\""}}},
    {"replace_text", "Every occurrence of a text.",
     {{"text", TYPE_STRING}, {"from", TYPE_STRING}, {"to", TYPE_STRING}}, 3, TYPE_STRING, true, false, replace_text,
     {{"replace_text(\"a.b.c\", \".\", \"/\")", "\"a/b/c\""}, {"replace_text(\"abc\", \"\", \"-\")", NULL}}},
    {"match", "What a pattern matches, or one of its groups.",
     {{"text", TYPE_STRING}, {"pattern", TYPE_REGEX}, {"group", TYPE_INTEGER}}, 2, TYPE_STRING, true, false, match,
     {{"match(\"user=bob\", /user=(\\w+)/, 1)", "\"bob\""}, {"match(\"abc\", /\\d/)", NULL}}},
    {"captures", "The named groups of a pattern, as an object.", {{"text", TYPE_STRING}, {"pattern", TYPE_REGEX}}, 2,
     TYPE_OBJECT, true, false, captures,
     {{"captures(\"bob:7\", /(?<user>\\w+):(?<id>\\d+)/)", "{\"user\":\"bob\",\"id\":\"7\"}"},
      {"captures(\"\", /(?<user>\\w+)/)", NULL}}},
    {0},
};
