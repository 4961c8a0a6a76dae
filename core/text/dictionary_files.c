/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/dictionary_files.h"
#include <jansson.h>
#include "core/yaml.h"

static bool is_full(struct buf *problem)
{
    buf_printf(problem, "it has more than %d entries", DICTIONARY_ENTRIES_MAX);
    return false;
}

/* ---- YAML ---- */

/* What the first message says, in one line. */
static void problem_of(const struct diag *diag, struct buf *problem)
{
    const struct message *message = &diag->messages[0];
    buf_printf(problem, "line %u: %.*s", place_line(message->place).line, STR_ARG(message->text));
    if (message->hint.len) buf_printf(problem, " (%.*s)", STR_ARG(message->hint));
}

static bool yaml_map(struct dictionary *dictionary, const struct config_value *map, struct arena *scratch,
                     struct buf *problem)
{
    for (uint32_t i = 0; i < map->count; i++) {
        const struct config_value *key = &map->keys[i];
        if (yaml_scalar(key).kind != VALUE_STRING) {
            dictionary_add_odd(dictionary, key->text);
            continue;
        }
        struct value value = yaml_value(&map->items[i], scratch);
        if (!dictionary_add(dictionary, key->text, &value)) return is_full(problem);
    }
    return true;
}

bool dictionary_read_yaml(struct dictionary *dictionary, struct str text, struct buf *problem)
{
    static const struct yaml_limits limits = {DICTIONARY_BYTES_MAX, 4 * DICTIONARY_ENTRIES_MAX};
    struct source_text source = {STR("dictionary"), text};
    struct arena scratch;
    struct diag diag;
    arena_init(&scratch, NULL);
    diag_init(&diag);
    const struct config_value *root = yaml_parse_within(&source, &limits, &scratch, &diag);
    bool ok = diag.errors == 0;
    if (!ok) {
        problem_of(&diag, problem);
    } else if (root && root->kind != CONFIG_HASH) {
        buf_printf(problem, "line %u: `key: value` is expected", place_line(root->place).line);
        ok = false;
    } else if (root) {
        ok = yaml_map(dictionary, root, &scratch, problem);
    }
    diag_fini(&diag);
    arena_fini(&scratch);
    return ok;
}

/* ---- JSON ---- */

/* False: it is nested too deep. Texts are borrowed. */
static bool json_value(json_t *json, uint32_t depth, struct arena *arena, struct value *value)
{
    const char *name;
    json_t *item;
    size_t i, len;
    if (depth > DICTIONARY_DEPTH_MAX) return false;
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        *value = value_map(arena, (uint32_t)json_object_size(json));
        json_object_foreach(json, name, item)
        {
            struct value member;
            if (!json_value(item, depth + 1, arena, &member)) return false;
            map_set(value->map, arena, key_of(str_of(name)), member);
        }
        return true;
    case JSON_ARRAY:
        *value = value_array(arena, (uint32_t)json_array_size(json));
        json_array_foreach(json, i, item)
        {
            struct value member;
            if (!json_value(item, depth + 1, arena, &member)) return false;
            array_push(value->array, arena, member);
        }
        return true;
    case JSON_STRING:
        len = json_string_length(json);
        *value = value_string((struct str){json_string_value(json), len});
        return true;
    case JSON_INTEGER: *value = value_int(json_integer_value(json)); return true;
    case JSON_REAL: *value = value_double(json_real_value(json)); return true;
    case JSON_TRUE: *value = value_bool(true); return true;
    case JSON_FALSE: *value = value_bool(false); return true;
    case JSON_NULL: break;
    }
    *value = value_null();
    return true;
}

static bool json_object_add(struct dictionary *dictionary, json_t *root, struct buf *problem)
{
    const char *name;
    json_t *item;
    struct arena scratch;
    bool ok = true;
    arena_init(&scratch, NULL);
    json_object_foreach(root, name, item)
    {
        struct value value;
        if (!json_value(item, 0, &scratch, &value)) {
            buf_printf(problem, "the value of `%s` is nested deeper than %d", name, DICTIONARY_DEPTH_MAX);
            ok = false;
        } else if (!dictionary_add(dictionary, str_of(name), &value)) {
            ok = is_full(problem);
        }
        if (!ok) break;
    }
    arena_fini(&scratch);
    return ok;
}

bool dictionary_read_json(struct dictionary *dictionary, struct str text, struct buf *problem)
{
    json_error_t error;
    json_t *root = json_loadb(text.ptr ? text.ptr : "", text.len, JSON_DECODE_ANY, &error);
    if (!root) {
        buf_printf(problem, "line %d, column %d: not valid JSON", error.line, error.column);
        return false;
    }
    bool ok = json_is_object(root);
    if (ok) ok = json_object_add(dictionary, root, problem);
    else buf_append_z(problem, "a JSON object is expected");
    json_decref(root);
    return ok;
}

/* ---- CSV ---- */

struct csv {
    struct str rest;
    uint32_t line;
    struct buf field;
    bool is_last; /* the field just read ended its record */
};

enum csv_verdict { CSV_FIELD, CSV_MISSING, CSV_FAULT };

/* Behind the opening quote: up to the closing one; two of them are one. */
static bool csv_quoted(struct csv *csv)
{
    for (size_t i = 0; i < csv->rest.len; i++) {
        char c = csv->rest.ptr[i];
        if (c == '\n') csv->line++;
        if (c != '"') {
            buf_append_char(&csv->field, c);
        } else if (i + 1 < csv->rest.len && csv->rest.ptr[i + 1] == '"') {
            buf_append_char(&csv->field, c);
            i++;
        } else {
            csv->rest = str_from(csv->rest, i + 1);
            return true;
        }
    }
    return false;
}

/* The next field of the record. Nothing between two commas is no value. */
static enum csv_verdict csv_field(struct csv *csv)
{
    enum csv_verdict verdict = CSV_FIELD;
    buf_clear(&csv->field);
    if (csv->rest.len && csv->rest.ptr[0] == '"') {
        csv->rest = str_from(csv->rest, 1);
        if (!csv_quoted(csv)) return CSV_FAULT;
    } else {
        size_t len = 0;
        while (len < csv->rest.len && !strchr(",\r\n\"", csv->rest.ptr[len])) len++;
        buf_append(&csv->field, str_slice(csv->rest, 0, len));
        csv->rest = str_from(csv->rest, len);
        if (len == 0) verdict = CSV_MISSING;
    }
    csv->is_last = true;
    if (csv->rest.len == 0) return verdict;
    if (csv->rest.ptr[0] == ',') {
        csv->is_last = false;
        csv->rest = str_from(csv->rest, 1);
        return verdict;
    }
    size_t end = str_starts(csv->rest, STR("\r\n")) ? 2 : csv->rest.ptr[0] == '\n' || csv->rest.ptr[0] == '\r';
    if (end == 0) return CSV_FAULT; /* text behind a closing quote, or a quote within */
    csv->rest = str_from(csv->rest, end);
    csv->line++;
    return verdict;
}

/* The first two fields; a record without a key, as a blank line, adds nothing. */
static bool csv_record(struct csv *csv, struct dictionary *dictionary, struct buf *key, struct buf *problem)
{
    uint32_t line = csv->line;
    struct value value = value_null();
    enum csv_verdict verdict = csv_field(csv);
    bool has_key = verdict == CSV_FIELD, ok = true;
    buf_clear(key);
    buf_append(key, buf_str(&csv->field));
    if (verdict != CSV_FAULT && !csv->is_last) {
        verdict = csv_field(csv);
        if (verdict == CSV_FIELD) value = value_string(buf_str(&csv->field));
    }
    if (verdict != CSV_FAULT && has_key) ok = dictionary_add(dictionary, buf_str(key), &value);
    while (verdict != CSV_FAULT && !csv->is_last) verdict = csv_field(csv);
    if (verdict == CSV_FAULT)
        buf_printf(problem, "line %u: a quote is not closed, or stands within a field", line);
    else if (!ok)
        return is_full(problem);
    return verdict != CSV_FAULT;
}

bool dictionary_read_csv(struct dictionary *dictionary, struct str text, struct buf *problem)
{
    struct csv csv = {.rest = text, .line = 1};
    struct buf key = {0};
    bool ok = true;
    while (ok && csv.rest.len) ok = csv_record(&csv, dictionary, &key, problem);
    buf_fini(&key);
    buf_fini(&csv.field);
    return ok;
}
