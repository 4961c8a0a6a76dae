/* SPDX-License-Identifier: Apache-2.0 */
/* Functions: JSON, hashes, encodings, arrays and objects. */
#include "core/text/digest.h"
#include "core/text/encode.h"
#include "core/text/json.h"
#include "core/text/utf8.h"
#include "dsl/compare.h"
#include "dsl/functions.h"

static struct str text_of(const struct call *call, uint32_t at) { return value_text(&call->arguments[at]); }

/* ---- JSON ---- */

static bool parse_json(const struct call *call, struct value *out)
{
    struct json_report report;
    return json_decode(text_of(call, 0), JSON_WHOLE, call->arena, out, &report) ||
           call_fails(call, "is not JSON");
}

static bool format_json(const struct call *call, struct value *out)
{
    if (!call_allows(call, value_footprint(&call->arguments[0]))) return false;
    struct buf text = buf_in_arena(call->arena);
    json_encode_value(&call->arguments[0], &text);
    return give_text(out, buf_take(&text));
}

/* ---- hashes and encodings ---- */

static bool digest(const struct call *call, enum digest kind, struct value *out)
{
    char hex[DIGEST_HEX_MAX];
    digest_hex(kind, text_of(call, 0), hex);
    return give_text(out, arena_copy(call->arena, str_of(hex)));
}
static bool md5(const struct call *call, struct value *out) { return digest(call, DIGEST_MD5, out); }
static bool sha256(const struct call *call, struct value *out) { return digest(call, DIGEST_SHA256, out); }

static bool encode_hex(const struct call *call, struct value *out)
{
    struct str text = text_of(call, 0);
    if (!call_allows(call, 2 * text.len)) return false;
    char *hex = arena_alloc(call->arena, 2 * text.len + 1);
    hex_encode(text, hex);
    return give_text(out, (struct str){hex, 2 * text.len});
}

static bool decode_hex(const struct call *call, struct value *out)
{
    struct str hex = text_of(call, 0);
    char *text = arena_alloc(call->arena, hex.len / 2 + 1);
    if (!hex_decode(hex, text)) return call_fails(call, "is not hexadecimal");
    return give_text(out, (struct str){text, hex.len / 2});
}

static bool encode_base64(const struct call *call, struct value *out)
{
    struct str text = text_of(call, 0);
    size_t len = base64_size(text.len);
    if (!call_allows(call, len)) return false;
    char *made = arena_alloc(call->arena, len + 1);
    base64_encode(text, made);
    return give_text(out, (struct str){made, len});
}

static bool decode_base64(const struct call *call, struct value *out)
{
    size_t len;
    char *made = arena_alloc(call->arena, text_of(call, 0).len + 1);
    if (!base64_decode(text_of(call, 0), made, &len)) return call_fails(call, "is not base64");
    return give_text(out, (struct str){made, len});
}

static bool encode_url(const struct call *call, struct value *out)
{
    struct str text = text_of(call, 0);
    if (!call_allows(call, 3 * text.len)) return false;
    struct buf made = buf_in_arena(call->arena);
    buf_reserve(&made, 3 * text.len + 1);
    made.len = url_encode(text, made.ptr);
    return give_text(out, buf_take(&made));
}

/* `+` is a blank, as in queries. */
static bool decode_url(const struct call *call, struct value *out)
{
    char *made = arena_alloc(call->arena, text_of(call, 0).len + 1);
    size_t len = url_decode(text_of(call, 0), true, made);
    return give_text(out, (struct str){made, len});
}

/* ---- arrays and objects ---- */

static bool length(const struct call *call, struct value *out)
{
    const struct value *value = &call->arguments[0];
    int64_t count = 0;
    if (value->kind == VALUE_ARRAY) count = value->array->count;
    else if (value->kind == VALUE_MAP) count = value->map->live;
    else
        for (uint32_t i = 0; i < value->len; i++) count += ((unsigned char)value->text[i] & 0xc0) != 0x80;
    *out = value_int(count);
    return true;
}

static bool keys(const struct call *call, struct value *out)
{
    *out = value_array(call->arena, call->arguments[0].map->live);
    MAP_EACH(call->arguments[0].map, entry)
        array_push(out->array, call->arena, value_string(key_text(&entry->key)));
    return true;
}

static bool values(const struct call *call, struct value *out)
{
    *out = value_array(call->arena, call->arguments[0].map->live);
    MAP_EACH(call->arguments[0].map, entry) array_push(out->array, call->arena, entry->value);
    return true;
}

static bool merge(const struct call *call, struct value *out)
{
    const struct map *first = call->arguments[0].map, *second = call->arguments[1].map;
    *out = value_map(call->arena, first->live + second->live);
    MAP_EACH(first, entry) map_set(out->map, call->arena, entry->key, entry->value);
    MAP_EACH(second, entry) map_set(out->map, call->arena, entry->key, entry->value);
    return true;
}

static bool includes(const struct call *call, struct value *out)
{
    bool found = false;
    ARRAY_EACH(call->arguments[0].array, item) found = found || value_equal(item, &call->arguments[1]);
    *out = value_bool(found);
    return true;
}

static bool push(const struct call *call, struct value *out)
{
    const struct array *list = call->arguments[0].array;
    if (list->count >= ARRAY_COUNT_MAX) return call_fails(call, "the array is full");
    if (!arena_allows(call->arena, ((size_t)list->count + 1) * sizeof(struct value)))
        return call_fails(call, "the array is too large");
    *out = value_array(call->arena, list->count + 1);
    ARRAY_EACH(list, item) array_push(out->array, call->arena, *item);
    array_push(out->array, call->arena, call->arguments[1]);
    return true;
}

#define TEXT {{"text", TYPE_STRING}}
#define OBJECT {{"object", TYPE_OBJECT}}
const struct function functions_data[] = {
    {"parse_json", "The value that a JSON document says.", TEXT, 1, TYPE_ANY, true, false, parse_json,
     {{"parse_json(\"[1,true]\")", "[1,true]"}, {"parse_json(\"{oops\")", NULL}}},
    {"format_json", "A value as JSON.", {{"value", TYPE_ANY}}, 1, TYPE_STRING, true, false, format_json,
     {{"format_json([1, null])", "\"[1,null]\""}, {"format_json({\"a\" => 1})", "\"{\\\"a\\\":1}\""}}},
    {"md5", "The MD5 digest, as hexadecimal text.", TEXT, 1, TYPE_STRING, false, false, md5,
     {{"md5(\"\")", "\"d41d8cd98f00b204e9800998ecf8427e\""}, {"md5(\"a\")", "\"0cc175b9c0f1b6a831c399e269772661\""}}},
    {"sha256", "The SHA-256 digest, as hexadecimal text.", TEXT, 1, TYPE_STRING, false, false, sha256,
     {{"slice(sha256(\"\"), 0, 8)", "\"e3b0c442\""}, {"slice(sha256(\"abc\"), 0, 8)", "\"ba7816bf\""}}},
    {"encode_hex", "Two hexadecimal digits a byte.", TEXT, 1, TYPE_STRING, true, false, encode_hex,
     {{"encode_hex(\"AZ\")", "\"415a\""}, {"encode_hex(\"\")", "\"\""}}},
    {"decode_hex", "The bytes of hexadecimal text.", TEXT, 1, TYPE_STRING, true, false, decode_hex,
     {{"decode_hex(\"415A\")", "\"AZ\""}, {"decode_hex(\"4\")", NULL}}},
    {"encode_base64", "Base64, padded.", TEXT, 1, TYPE_STRING, true, false, encode_base64,
     {{"encode_base64(\"hello\")", "\"aGVsbG8=\""}, {"encode_base64(\"\")", "\"\""}}},
    {"decode_base64", "The bytes of base64 text, of either alphabet.", TEXT, 1, TYPE_STRING, true, false,
     decode_base64, {{"decode_base64(\"aGVsbG8\")", "\"hello\""}, {"decode_base64(\"a\")", NULL}}},
    {"encode_url", "Percent-encoded but for letters, digits and -._~.", TEXT, 1, TYPE_STRING, true, false, encode_url,
     {{"encode_url(\"a b&c\")", "\"a%20b%26c\""}, {"encode_url(\"~\")", "\"~\""}}},
    {"decode_url", "Percent-encoding undone; + is a blank.", TEXT, 1, TYPE_STRING, false, false, decode_url,
     {{"decode_url(\"a%20b+c\")", "\"a b c\""}, {"decode_url(\"100%\")", "\"100%\""}}},
    {"length", "Characters of a string, items of an array or object.",
     {{"value", TYPE_STRING | TYPE_ARRAY | TYPE_OBJECT}}, 1, TYPE_INTEGER, false, false, length,
     {{"length(\"äb\")", "2"}, {"length([1, 2, 3])", "3"}}},
    {"keys", "The names of an object.", OBJECT, 1, TYPE_ARRAY, false, false, keys,
     {{"keys({\"a\" => 1, \"b\" => 2})", "[\"a\",\"b\"]"}, {"keys({})", "[]"}}},
    {"values", "The values of an object.", OBJECT, 1, TYPE_ARRAY, false, false, values,
     {{"values({\"a\" => 1, \"b\" => 2})", "[1,2]"}, {"values({})", "[]"}}},
    {"merge", "Both objects; of equal names the second one's.", {{"first", TYPE_OBJECT}, {"second", TYPE_OBJECT}}, 2,
     TYPE_OBJECT, false, false, merge,
     {{"merge({\"a\" => 1}, {\"b\" => 2})", "{\"a\":1,\"b\":2}"}, {"merge({\"a\" => 1}, {\"a\" => 2})", "{\"a\":2}"}}},
    {"includes", "Is the value an item of the array?", {{"array", TYPE_ARRAY}, {"value", TYPE_ANY}}, 2, TYPE_BOOLEAN,
     false, false, includes, {{"includes([1, 2], 2)", "true"}, {"includes([\"1\"], 1)", "false"}}},
    {"push", "The array with one item more.", {{"array", TYPE_ARRAY}, {"value", TYPE_ANY}}, 2, TYPE_ARRAY, true,
     false, push, {{"push([1], 2)", "[1,2]"}, {"push([], \"a\")", "[\"a\"]"}}},
    {0},
};
