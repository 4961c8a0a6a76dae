/* SPDX-License-Identifier: Apache-2.0 */
/* jansson as the oracle of the JSON decoder and encoder, for unit tests and the fuzzer.
 *
 * Known differences. The oracle refuses:
 *   - a byte order mark at the start, invalid UTF-8 in a string (kept, flagged binary here)
 *   - numbers beyond int64 and beyond double (kept as digits here)
 * and accepts:
 *   - nesting to 2048, and more than the other limits of json.h
 *   - a NUL behind the document, which it takes for the end of the text */
#ifndef TESTS_UNIT_SUPPORT_JANSSON_ORACLE_H
#define TESTS_UNIT_SUPPORT_JANSSON_ORACLE_H
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/text/json.h"
#include "core/text/number.h"
#include "core/text/utf8.h"

static bool oracle_same(const struct value *ours, const json_t *theirs);

static inline bool oracle_same_map(const struct map *map, const json_t *object)
{
    if (map->live != json_object_size(object)) return false;
    MAP_EACH(map, entry)
    {
        const json_t *other = json_object_getn(object, entry->key.ptr, entry->key.len);
        if (!other || !oracle_same(&entry->value, other)) return false;
    }
    return true;
}

static inline bool oracle_same_array(const struct array *array, const json_t *other)
{
    if (array->count != json_array_size(other)) return false;
    for (uint32_t i = 0; i < array->count; i++)
        if (!oracle_same(&array->items[i], json_array_get(other, i))) return false;
    return true;
}

static inline bool oracle_same_number(const struct value *ours, const json_t *theirs)
{
    int64_t whole;
    if (json_is_integer(theirs))
        return number_as_int64(ours, &whole) == NUMBER_EXACT && whole == json_integer_value(theirs);
    return json_is_real(theirs) && number_as_double(ours) == json_real_value(theirs);
}

static bool oracle_same(const struct value *ours, const json_t *theirs)
{
    switch ((enum value_kind)ours->kind) {
    case VALUE_NULL: return json_is_null(theirs);
    case VALUE_BOOL: return json_is_boolean(theirs) && json_boolean_value(theirs) == ours->boolean;
    case VALUE_INT:
    case VALUE_NUMBER: return oracle_same_number(ours, theirs);
    case VALUE_STRING:
        return json_is_string(theirs) &&
               str_eq(value_text(ours), (struct str){json_string_value(theirs), json_string_length(theirs)});
    case VALUE_ARRAY: return json_is_array(theirs) && oracle_same_array(ours->array, theirs);
    case VALUE_MAP: return json_is_object(theirs) && oracle_same_map(ours->map, theirs);
    default: return false;
    }
}

/* Refused by the oracle alone, for a reason listed above. */
static inline bool oracle_may_refuse(struct str text, const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    return code == json_error_numeric_overflow || utf8_check(text) == UTF8_INVALID ||
           str_starts(text, STR("\xEF\xBB\xBF"));
}

/* Refused by us alone: one of our limits. */
static inline bool oracle_may_accept(struct str text, const struct json_report *error)
{
    if (error->offset < text.len && text.ptr[error->offset] == 0) return true;
    return strstr(error->reason, "too ") && strcmp(error->reason, "the text ends too early") != 0;
}

/* encode(decode(text)) is a fixed point, and the oracle reads from it what it read from `text`. (Two
 * keys that are not valid UTF-8 may print alike, and are one at the second reading.) */
static inline bool oracle_same_encoding(const struct value *value, struct arena *arena, const json_t *theirs)
{
    struct buf once = {0}, twice = {0};
    struct value again;
    struct json_report error;
    json_encode_value(value, &once);
    bool same = json_decode(buf_str(&once), JSON_WHOLE, arena, &again, &error);
    if (same) json_encode_value(&again, &twice);
    same = same && (!theirs || str_eq(buf_str(&once), buf_str(&twice)));
    if (same && theirs) {
        json_t *read = json_loadb(once.ptr, once.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        same = read && json_equal(read, (json_t *)(uintptr_t)theirs);
        json_decref(read);
    }
    buf_fini(&once);
    buf_fini(&twice);
    return same;
}

static inline bool oracle_agrees(struct str text)
{
    struct arena arena;
    struct value value;
    struct json_report error = {0};
    json_error_t their_error;
    arena_init(&arena, NULL);
    bool ours = json_decode(text, JSON_WHOLE, &arena, &value, &error);
    json_t *theirs = json_loadb(text.ptr ? text.ptr : "", text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &their_error);
    bool agrees;
    if (ours && theirs)
        agrees = oracle_same(&value, theirs) && oracle_same_encoding(&value, &arena, theirs);
    else if (ours)
        agrees = oracle_may_refuse(text, &their_error) && oracle_same_encoding(&value, &arena, NULL);
    else
        agrees = !theirs || oracle_may_accept(text, &error);
    if (!agrees)
        fprintf(stderr, "ours: %s at %zu, theirs: %s at %d\n", ours ? "accepted" : error.reason,
                error.offset, theirs ? "accepted" : their_error.text, their_error.position);
    json_decref(theirs);
    arena_fini(&arena);
    return agrees;
}

#endif
