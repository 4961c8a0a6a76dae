/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/json.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "tests/unit/support/jansson_oracle.h"

static struct arena arena;
static struct chunk_pool pool;
static struct budget budget;
static struct buf out;

static void set_up(void)
{
    chunk_pool_init(&pool, &budget);
    arena_init(&arena, &pool);
}
static void tear_down(void)
{
    arena_fini(&arena);
    chunk_pool_fini(&pool);
    buf_fini(&out);
}
TestSuite(json, .init = set_up, .fini = tear_down);

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *encoded(const struct value *value)
{
    buf_clear(&out);
    json_encode_value(value, &out);
    return buf_z(&out);
}

/* The text of what `text` decodes to, or the reason why it does not. */
static const char *there_and_back(struct str text)
{
    struct value value;
    struct json_report error = {0};
    if (json_decode(text, JSON_WHOLE, &arena, &value, &error)) return encoded(&value);
    cr_assert_leq(error.offset, text.len);
    return error.reason;
}

/* A copy of exactly `len` bytes, so that a sanitizer sees every byte read too far. */
static struct str exact(const char *text, size_t len)
{
    char *copy = malloc(len ? len : 1);
    memcpy(copy, text, len);
    return (struct str){copy, len};
}

Test(json, accepts_and_prints)
{
    static const char *const rows[][2] = {
        /* text, and what it prints; NULL: the same */
        {"{}", NULL}, {"[]", NULL}, {"\"\"", NULL}, {"0", NULL}, {"-0", NULL}, {"null", NULL},
        {"true", NULL}, {"false", NULL}, {" [ ] ", "[]"}, {"\t\r\n {\n} ", "{}"},
        {"[1,2,3]", NULL}, {"[ 1 , 2 ]", "[1,2]"}, {"{\"a\" : 1 , \"b\":[ ]}", "{\"a\":1,\"b\":[]}"},
        {"[[[[]]]]", NULL}, {"{\"\":0}", NULL}, {"[null,true,false]", NULL},
        {"{\"a\":{\"b\":{\"c\":[{\"d\":null}]}}}", NULL},
        /* numbers keep their digits */
        {"[1.0,1.50,1e5,1E+5,1e-05,-1.25E3]", NULL}, {"9223372036854775807", NULL},
        {"9223372036854775808", NULL}, {"-9223372036854775808", NULL}, {"-9223372036854775809", NULL},
        {"123456789012345678901234567890", NULL}, {"999999999999999999", NULL},
        {"1000000000000000000", NULL}, {"1e99999", NULL}, {"0.1", NULL}, {"-0.0", NULL}, {"0e0", NULL},
        /* strings */
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
        {"\"\\u0041\\u00e9\\u20AC\"", "\"A\xC3\xA9\xE2\x82\xAC\""},
        {"\"\\ud83d\\ude00\"", "\"\xF0\x9F\x98\x80\""}, {"\"\\uDBFF\\uDFFF\"", "\"\xF4\x8F\xBF\xBF\""},
        {"\"\\u0000\\u001f\\u007f\"", "\"\\u0000\\u001f\x7F\""}, {"\"\\u2028\"", "\"\xE2\x80\xA8\""},
        {"\"\xC3\xA9\"", NULL}, {"\"a/b\"", NULL}, {"\"\x7F\"", NULL}, {"\"\\uFFFF\"", "\"\xEF\xBF\xBF\""},
        {"\"0123456789abcde\"", NULL}, {"\"0123456789abcdef\"", NULL}, {"\"0123456789abcdefg\"", NULL},
        {"\"0123456789abcdef\\n0123456789abcdef\"", NULL}, {"\"\\n0123456789abcdef0123456789abcde\\t\"", NULL},
        {"\"0123456789abcdef0123456789abcd\xC3\xA9\"", NULL}, {"{\"\\u0061\\n\":1}", "{\"a\\n\":1}"},
        /* invalid UTF-8: kept inside, U+FFFD outside */
        {"\"a\xFF" "b\"", "\"a\xEF\xBF\xBD" "b\""}, {"\"\xC3\"", "\"\xEF\xBF\xBD\""},
        {"\"\xED\xA0\x80\"", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""}, {"{\"\xFF\":1}", "{\"\xEF\xBF\xBD\":1}"},
        {"\"\xC3\\u00e9\"", "\"\xEF\xBF\xBD\xC3\xA9\""}, {"\"\xC0\xAF\"", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        /* the last of equal keys, in the first one's place */
        {"{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}"}, {"{\"a\":1,\"\\u0061\":2}", "{\"a\":2}"},
        {"{\"k\":1,\"k\":1,\"k\":[]}", "{\"k\":[]}"},
        {"[\"\xFF\",\"0123456789abcdef0123456789abcdef\"]", "[\"\xEF\xBF\xBD\",\"0123456789abcdef0123456789abcdef\"]"},
        {"\xEF\xBB\xBF{\"a\":1}", "{\"a\":1}"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str text = exact(rows[i][0], strlen(rows[i][0]));
        const char *got = there_and_back(text), *want = rows[i][1] ? rows[i][1] : rows[i][0];
        cr_expect_str_eq(got, want, "%s: %s", rows[i][0], got);
        free((char *)text.ptr);
    }
}

Test(json, refuses_with_place_and_reason)
{
    static const struct { const char *text; size_t offset; const char *reason; } rows[] = {
        {"", 0, "the text ends too early"}, {"  ", 2, "the text ends too early"},
        {"[", 1, "the text ends too early"}, {"[1", 2, "the text ends too early"},
        {"[1,", 3, "the text ends too early"}, {"{", 1, "the text ends too early"},
        {"{\"a\"", 4, "the text ends too early"}, {"{\"a\":", 5, "the text ends too early"},
        {"{\"a\":1", 6, "the text ends too early"}, {"\"abc", 4, "the text ends too early"},
        {"\"abc\\", 5, "the text ends too early"}, {"\"", 1, "the text ends too early"},
        {"[1,]", 3, "not a value"}, {"[,1]", 1, "not a value"}, {"[1 2]", 3, "neither `,` nor `]`"},
        {"{\"a\":1,}", 7, "not a key in double quotes"}, {"{,}", 1, "not a key in double quotes"},
        {"{a:1}", 1, "not a key in double quotes"}, {"{'a':1}", 1, "not a key in double quotes"},
        {"{1:1}", 1, "not a key in double quotes"}, {"{\"a\" 1}", 5, "a key without `:`"},
        {"{\"a\":}", 5, "not a value"}, {"{\"a\":1 \"b\":2}", 7, "neither `,` nor `}`"},
        {"{\"a\":1]", 6, "neither `,` nor `}`"}, {"[1}", 2, "neither `,` nor `]`"}, {"]", 0, "not a value"},
        {"nul", 0, "not a value"}, {"nulL", 0, "not a value"}, {"True", 0, "not a value"},
        {"NaN", 0, "not a value"}, {"Infinity", 0, "not a value"}, {"-Infinity", 0, "not a number"},
        {"+1", 0, "not a value"}, {"01", 0, "not a number"}, {"-01", 0, "not a number"},
        {"-", 0, "not a number"}, {"1.", 0, "not a number"}, {".5", 0, "not a value"},
        {"1e", 0, "not a number"}, {"1e+", 0, "not a number"}, {"0x1", 1, "text behind the document"},
        {"1.5.2", 3, "text behind the document"}, {"'a'", 0, "not a value"}, {"[1]x", 3, "text behind the document"},
        {"{}{}", 2, "text behind the document"}, {"1 2", 2, "text behind the document"}, {"//\n1", 0, "not a value"},
        {"[1/**/]", 2, "neither `,` nor `]`"}, {"\"\n\"", 1, "a control character in a string"},
        {"\"a\tb\"", 2, "a control character in a string"}, {"\"0123456789abcdef\x1f\"", 17, "a control character in a string"},
        {"\"\\a\"", 2, "an unknown escape"}, {"\"\\'\"", 2, "an unknown escape"}, {"\"\\U0041\"", 2, "an unknown escape"},
        {"\"\\x41\"", 2, "an unknown escape"}, {"\"\\u12\"", 2, "\\u without four hexadecimal digits"},
        {"\"\\u12G4\"", 2, "\\u without four hexadecimal digits"}, {"\"\\u+123\"", 2, "\\u without four hexadecimal digits"},
        {"\"\\ud800\"", 2, "half a surrogate pair"}, {"\"\\ud800x\"", 2, "half a surrogate pair"},
        {"\"\\ud800\\n\"", 2, "half a surrogate pair"}, {"\"\\ud800\\ud800\"", 2, "half a surrogate pair"},
        {"\"\\udc00\"", 2, "half a surrogate pair"}, {"\"\\ud83d\\u0041\"", 2, "half a surrogate pair"},
        {"\"\\ud83d\\udbff\"", 2, "half a surrogate pair"}, {"\"\\ud83d\\ue000\"", 2, "half a surrogate pair"},
        {"\"0123\x1f" "56789abcdef0123456789\"", 5, "a control character in a string"},
        {"\"\\ud83d\\ude0\"", 2, "half a surrogate pair"}, {"\xFE\xFF", 0, "not a value"}, {"\xC2\xA0[]", 0, "not a value"},
        {"\f[]", 0, "not a value"}, {"[\"a\",\n4\n,1,", 11, "the text ends too early"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct value value;
        struct json_report error = {0};
        struct str text = exact(rows[i].text, strlen(rows[i].text));
        cr_expect_not(json_decode(text, JSON_WHOLE, &arena, &value, &error), "%s", rows[i].text);
        cr_expect_eq(error.offset, rows[i].offset, "%s: %zu", rows[i].text, error.offset);
        cr_expect_str_eq(error.reason ? error.reason : "", rows[i].reason, "%s: %s", rows[i].text, error.reason);
        free((char *)text.ptr);
    }
    cr_expect_str_eq(there_and_back((struct str){"1\0", 2}), "text behind the document");
    cr_expect_str_eq(there_and_back((struct str){"\"a\0b\"", 5}), "a control character in a string");
    cr_expect_str_eq(there_and_back((struct str){"[\0]", 3}), "not a value");
}

Test(json, text_behind_the_first_document_can_be_ignored)
{
    struct value value;
    struct json_report error;
    cr_assert(json_decode(STR("{\"a\":1}{\"b\":2}"), JSON_LEADING, &arena, &value, &error));
    cr_expect_str_eq(encoded(&value), "{\"a\":1}");
    cr_expect(error.offset == 7 && !error.reason);
    cr_assert(json_decode(STR("7 rubbish"), JSON_LEADING, &arena, &value, &error));
    cr_expect(value.kind == VALUE_INT && value.integer == 7);
    cr_expect(json_is_blank(STR(" \t\r\n")) && json_is_blank(STR("")) && !json_is_blank(STR(" x")));
}

Test(json, kinds_and_flags)
{
    static const struct { const char *text; enum value_kind kind; int flags; } rows[] = {
        {"1", VALUE_INT, 0}, {"-1", VALUE_INT, 0}, {"-0", VALUE_NUMBER, 0}, {"1.0", VALUE_NUMBER, 0},
        {"1e2", VALUE_NUMBER, 0}, {"9223372036854775807", VALUE_INT, 0},
        {"9223372036854775808", VALUE_NUMBER, 0}, {"true", VALUE_BOOL, 0}, {"null", VALUE_NULL, 0},
        {"\"a\"", VALUE_STRING, STRING_ASCII | STRING_UTF8}, {"\"\"", VALUE_STRING, STRING_ASCII | STRING_UTF8},
        {"\"\xC3\xA9\"", VALUE_STRING, STRING_UTF8}, {"\"\xC3\"", VALUE_STRING, STRING_BINARY},
        {"\"\\n\"", VALUE_STRING, STRING_ASCII | STRING_UTF8}, {"\"\\u00e9\"", VALUE_STRING, STRING_UTF8},
        {"\"0123456789abcdef\xC3\xA9\"", VALUE_STRING, STRING_UTF8}, {"[]", VALUE_ARRAY, 0}, {"{}", VALUE_MAP, 0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct value value;
        struct json_report error;
        cr_assert(json_decode(str_of(rows[i].text), JSON_WHOLE, &arena, &value, &error));
        cr_expect_eq(value.kind, rows[i].kind, "%s", rows[i].text);
        cr_expect_eq(value.flags, rows[i].flags, "%s: %d", rows[i].text, value.flags);
        cr_expect_eq(error.is_binary, rows[i].flags == STRING_BINARY);
        cr_expect_eq(error.offset, strlen(rows[i].text));
    }
}

Test(json, strings_without_escapes_are_slices)
{
    struct str text = STR("{\"key\":\"value\"}");
    struct value value;
    struct json_report error;
    cr_assert(json_decode(text, JSON_WHOLE, &arena, &value, &error));
    cr_expect_eq(value.map->entries[0].key.ptr, text.ptr + 2);
    cr_expect_eq(value.map->entries[0].value.text, text.ptr + 8);
}

Test(json, encodes_what_no_document_can_hold)
{
    struct value array = value_array(&arena, 4);
    array_push(array.array, &arena, value_double(NAN));
    array_push(array.array, &arena, value_double(-INFINITY));
    array_push(array.array, &arena, value_double(1));
    array_push(array.array, &arena, value_double(1.5e20));
    array_push(array.array, &arena, value_double(-0.25));
    array_push(array.array, &arena, value_time(0, 0));
    array_push(array.array, &arena, value_time(1709622489, 120000000));
    array_push(array.array, &arena, value_time(1709622489, 123456000));
    array_push(array.array, &arena, value_time(1709622489, 123456789));
    cr_expect_str_eq(encoded(&array),
                     "[\"NaN\",\"-Infinity\",1.0,1.5E20,-0.25,\"1970-01-01T00:00:00.000Z\","
                     "\"2024-03-05T07:08:09.120Z\",\"2024-03-05T07:08:09.123456Z\","
                     "\"2024-03-05T07:08:09.123456789Z\"]");
    struct value map = value_map(&arena, 2);
    map_set(map.map, &arena, key_of(STR("a")), value_int(1));
    map_set(map.map, &arena, key_of(STR("b")), value_int(INT64_MIN));
    struct key a = key_of(STR("a")), b = key_of(STR("b"));
    map_remove(map.map, &a);
    cr_expect_str_eq(encoded(&map), "{\"b\":-9223372036854775808}");
    map_remove(map.map, &b);
    cr_expect_str_eq(encoded(&map), "{}");
}

Test(json, every_byte_at_every_place_of_a_string)
{
    for (size_t len = 1; len <= 40; len++)
        for (size_t at = 0; at < len; at++)
            for (int byte = 0; byte < 256; byte++) {
                char bytes[40], want[64];
                memset(bytes, 'x', sizeof bytes);
                bytes[at] = (char)byte;
                struct str text = exact(bytes, len);
                struct value value = value_string(text);
                const char *got = encoded(&value);
                static const char *const named[] = {['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n",
                                                    ['\f'] = "\\f", ['\r'] = "\\r"};
                char middle[8] = {(char)byte, 0};
                if (byte == '"' || byte == '\\') sprintf(middle, "\\%c", byte);
                else if (byte < 32 && byte <= '\r' && named[byte]) strcpy(middle, named[byte]);
                else if (byte < 32) sprintf(middle, "\\u%04x", byte);
                else if (byte > 127) strcpy(middle, "\xEF\xBF\xBD");
                sprintf(want, "\"%.*s%s%.*s\"", (int)at, bytes, middle,
                        (int)(len - at - 1), bytes + at + 1);
                cr_assert_str_eq(got, want, "byte %d at %zu of %zu: %s", byte, at, len, got);
                value.flags = STRING_UTF8;
                if (byte < 128) cr_assert_str_eq(encoded(&value), want, "%d of known text", byte);
                free((char *)text.ptr);
            }
}

/* Long text that comes again is copied from the output; the buffer may have moved since. */
Test(json, long_text_again)
{
    static const char *const texts[] = {
        "\"has 64 bytes: the shortest that is looked for, with a \\ and a \"",
        "another, which \xC3\xA4 and \x01 make longer than it was, so that all lengths differ from it",
        "short \"",
    };
    cr_assert_eq(strlen(texts[0]), 64);
    static const char order[] = "0011201002201";
    struct value all = value_array(&arena, 16);
    struct buf want = {0};
    for (const char *at = order; *at; at++) {
        struct value text = value_string(str_of(texts[*at - '0']));
        if ((at - order) % 2) text.flags = STRING_UTF8;
        array_push(all.array, &arena, text);
        buf_append_char(&want, at == order ? '[' : ',');
        json_encode_string(value_text(&text), &want);
    }
    buf_append_char(&want, ']');
    buf_fini(&out);
    json_encode_value(&all, &out);
    cr_assert(str_eq(buf_str(&out), buf_str(&want)), "%s", buf_z(&out));
    buf_fini(&want);
}

/* ---- limits and bombs: refused with a reason, in bounded time and memory ---- */

static char *repeated(const char *head, const char *part, size_t count, const char *tail, size_t *len)
{
    size_t part_len = strlen(part), head_len = strlen(head), tail_len = strlen(tail);
    *len = head_len + part_len * count + tail_len;
    char *text = malloc(*len), *at = text;
    memcpy(at, head, head_len);
    at += head_len;
    for (size_t i = 0; i < count; i++, at += part_len) memcpy(at, part, part_len);
    memcpy(at, tail, tail_len);
    return text;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The reason of refusal, or "" when it was taken. */
static const char *verdict(struct str text)
{
    struct value value;
    struct json_report error = {.reason = ""};
    double start = seconds();
    bool done = json_decode(text, JSON_WHOLE, &arena, &value, &error);
    cr_expect_lt(seconds() - start, 5.0, "%.20s", text.ptr);
    cr_expect_leq(arena.bytes, (size_t)ARENA_BYTES_MAX + CHUNK_BYTES);
    arena_fini(&arena);
    return done ? "" : error.reason;
}

Test(json, limits_hold_exactly)
{
    static const struct { const char *head, *part; size_t count; const char *tail, *reason; } rows[] = {
        {"", "[", JSON_DEPTH_MAX, "", "the text ends too early"},
        {"", "[", JSON_DEPTH_MAX + 1, "", "nested too deep"},
        {"", "{\"a\":", JSON_DEPTH_MAX + 1, "", "nested too deep"},
        {"[0", ",0", JSON_ITEMS_MAX - 1, "]", ""},
        {"[0", ",0", JSON_ITEMS_MAX, "]", "an array of too many items"},
        {"{\"a\":0", ",\"a\":0", JSON_MEMBERS_MAX - 1, "}", ""},
        {"{\"a\":0", ",\"a\":0", JSON_MEMBERS_MAX, "}", "an object of too many members"},
        {"[[],[[],[],[],[],[],[],[]]", ",[[],[],[],[],[],[],[]]", (JSON_VALUES_MAX - 10) / 8, "]", ""},
        {"[[]", ",[[],[],[],[],[],[],[]]", JSON_VALUES_MAX / 8, "]", "too many values"},
        {"", "1", JSON_NUMBER_MAX, "", ""},
        {"", "1", JSON_NUMBER_MAX + 1, "", "a number of more than 10000 digits"},
        {"[{}", ",{}", 130000, "]", ""}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t len;
        char *text = repeated(rows[i].head, rows[i].part, rows[i].count, rows[i].tail, &len);
        const char *got = verdict((struct str){text, len});
        cr_expect_str_eq(got, rows[i].reason, "row %zu: %s", i, got);
        free(text);
    }
}

Test(json, bombs_are_refused)
{
    static const struct { const char *head, *part; size_t count; const char *tail, *reason; } rows[] = {
        {"", "[", 200000, "", "nested too deep"}, {"", "{\"a\":", 200000, "", "nested too deep"},
        {"", "9", 10000000, "", "a number of more than 10000 digits"},
        {"1e", "9", 9000, "", ""}, {"\"", "x", 100000000, "\"", ""},
        {"\"", "\\n", 20000000, "\"", "needs too much memory"},
        {"\"", "\\", 10000001, "", "the text ends too early"},
        {"[\"", "\\u", 1000000, "\"]", "\\u without four hexadecimal digits"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t len;
        char *text = repeated(rows[i].head, rows[i].part, rows[i].count, rows[i].tail, &len);
        const char *got = verdict((struct str){text, len});
        cr_expect_str_eq(got, rows[i].reason, "row %zu: %s", i, got);
        free(text);
    }
}

Test(json, a_million_keys_and_colliding_keys)
{
    struct buf text = {0};
    buf_append_char(&text, '{');
    for (int i = 0; i < 1000000; i++) buf_printf(&text, "%s\"key%d\":%d", i ? "," : "", i, i);
    buf_append_char(&text, '}');
    cr_expect_str_eq(verdict(buf_str(&text)), "an object of too many members");
    /* keys that collide in hashes without a seed: equal but for pairs that sum up alike */
    buf_clear(&text);
    buf_append_char(&text, '{');
    for (int i = 0; i < 1 << 16; i++) {
        if (i) buf_append_char(&text, ',');
        buf_append_char(&text, '"');
        for (int bit = 0; bit < 16; bit++) buf_append_z(&text, i >> bit & 1 ? "Aa" : "BB");
        buf_append_z(&text, "\":1");
    }
    buf_append_char(&text, '}');
    cr_expect_str_eq(verdict(buf_str(&text)), "");
    buf_fini(&text);
}

Test(json, a_wide_object_keeps_all_members_and_finds_them)
{
    struct buf text = {0};
    for (int members = 14; members <= 600; members += members < 40 ? 1 : 93) {
        buf_clear(&text);
        for (int i = 0; i < members; i++) buf_printf(&text, "%c\"k%d\":%d", i ? ',' : '{', i, i);
        buf_append_char(&text, '}');
        cr_assert_str_eq(there_and_back(buf_str(&text)), buf_z(&text));
        struct value value;
        struct json_report error;
        buf_truncate(&text, text.len - 1);
        for (int i = 0; i < members; i += 2) buf_printf(&text, ",\"k%d\":\"again\"", i);
        buf_append_char(&text, '}');
        cr_assert(json_decode(buf_str(&text), JSON_WHOLE, &arena, &value, &error));
        cr_assert_eq(value.map->live, members);
        cr_assert_eq(value.map->index_mask != 0, members > MAP_INDEX_MIN);
        for (int i = 0; i < members; i++) {
            char name[16];
            struct key key = key_of((struct str){name, (size_t)sprintf(name, "k%d", i)});
            struct value *found = map_get(value.map, &key);
            cr_assert(found && found->kind == (i % 2 ? VALUE_INT : VALUE_STRING));
            cr_assert(str_eq(key_text(&value.map->entries[i].key), key_text(&key)));
        }
    }
    buf_fini(&text);
}

/* ---- the oracle ---- */

Test(json, agrees_with_jansson_on_the_tables)
{
    static const char *const texts[] = {
        "{\"a\":[1,2.5,\"x\",null,true,{\"b\":-1e3}]}", "[1,]", "[\"\\ud83d\\ude00\"]", "{\"a\":1,\"a\":2}",
        "[0.1e-7]", "[\"\\u0000\"]", "[123456789012345678]", "[1", "{\"a\"}", "[\"\xC3\xA9\"]", "nul", "-", "[-0.0]"};
    for (size_t i = 0; i < COUNT(texts); i++)
        cr_expect(oracle_agrees(str_of(texts[i])), "%s", texts[i]);
}

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { CUT_STEP = 1583 }; /* some twenty times slower there */
#else
enum { CUT_STEP = 397 };
#endif

Test(json, agrees_with_jansson_on_real_logs)
{
    const char *shared = getenv("TAILRACE_SHARED");
    char name[512];
    snprintf(name, sizeof name, "%s/data/nginx_plus_json.log", shared ? shared : "../shared");
    FILE *file = fopen(name, "r");
    if (!file) cr_skip("%s is not there", name);
    char *line = NULL;
    size_t capacity = 0, lines = 0;
    for (ssize_t len; (len = getline(&line, &capacity, file)) > 0; lines++) {
        struct str text = {line, (size_t)len - 1};
        cr_assert(oracle_agrees(text), "line %zu", lines + 1);
        cr_assert_eq(strncmp(there_and_back(text), line, text.len), 0, "line %zu", lines + 1);
        for (size_t cut = 0; cut < text.len; cut += CUT_STEP)
            cr_assert(oracle_agrees((struct str){line, cut}), "line %zu to %zu", lines + 1, cut);
        arena_fini(&arena);
    }
    cr_expect_eq(lines, 500);
    free(line);
    fclose(file);
}
