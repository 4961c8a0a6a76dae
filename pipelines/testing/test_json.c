/* SPDX-License-Identifier: Apache-2.0 */
/* Test cases of Logstash Filter Verifier: one JSON object with `codec`, `fields`, `ignore` and
 * `testcases`, each with `input`, `expected`, `description` and `fields` of its own; the older form
 * with `input` and `expected` at the top; of its daemon mode `input_plugin` and `export_metadata`.
 * Events are compared whole; @timestamp and @version only where they are expected. */
#include <assert.h>
#include "core/text/json.h"
#include "dsl/fragment.h"
#include "pipelines/testing/test_file.h"

struct document {
    struct test_reading *reading;
    const struct source_text *source;
    struct place place;   /* of the case at hand, or the file's start */
    struct place *places; /* where cases begin, as many as were found */
    uint32_t place_count;
    const struct map *root;
    struct line_count lines;
    struct arena *arena;
    struct diag *diag;
    struct str_list files;
    const struct config_value *codec;
    struct str *ignored;
    uint32_t ignored_count;
};

/* NULL: it is not there. */
static const struct value *member(const struct map *map, const char *name)
{
    struct key key = key_of(str_of(name));
    return map_get(map, &key);
}

/* ---- places ---- */

/* Values have no places. Where the items of `testcases` begin is found in the text, which is known
 * to be JSON: at depth 2 behind that name. */
static void places_find(struct document *document, uint32_t count)
{
    static const struct str name = {"\"testcases\"", 11};
    struct str text = document->source->text;
    bool is_within = false, is_awaited = false;
    uint32_t depth = 0;
    document->places = arena_alloc(document->arena, (count + 1) * sizeof *document->places);
    for (size_t at = 0; at < text.len; at++) {
        char c = text.ptr[at];
        if (is_awaited && depth == 2 && !is_blank(c) && c != ']') {
            if (document->place_count == count) return;
            document->places[document->place_count++] =
                (struct place){document->source, (uint32_t)at, (uint32_t)at + 1};
            is_awaited = false;
        }
        if (depth == 1 && c == '"') {
            is_within = str_starts(str_from(text, at), name);
            if (is_within) document->place_count = 0; /* the last one of a name counts */
        }
        if (c == '"')
            for (at++; at < text.len && text.ptr[at] != '"'; at++) at += text.ptr[at] == '\\';
        else if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']') {
            assert(depth > 0); /* it is JSON */
            depth--;
        }
        if (is_within && depth == 2 && (c == '[' || c == ',')) is_awaited = true;
    }
}

static struct place place_of(const struct document *document, uint32_t number)
{
    bool is_found = number >= 1 && number <= document->place_count;
    return is_found ? document->places[number - 1] : (struct place){document->source, 0, 0};
}

/* Members within a case have no places: the message names them. */
static bool wrong(struct document *document, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool wrong(struct document *document, const char *hint, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    diag_hint(document->diag, diag_error(document->diag, document->place, "%s", text), "%s", hint);
    return false;
}

static const struct {
    const char *name;
    bool is_of_case, is_of_file;
    const char *refused; /* why it cannot be had here */
} members[] = {
    {"codec", false, true, NULL},
    {"fields", true, true, NULL},
    {"ignore", false, true, NULL},
    {"testcases", false, true, NULL},
    {"input", true, true, NULL},
    {"expected", true, true, NULL},
    {"description", true, false, NULL},
    {"input_plugin", false, true, NULL},
    {"export_metadata", false, true, NULL},
    {"export_outputs", false, true, "write a `test` block, whose `outputs` says where events go"},
};

/* A misspelt member would silently test nothing. */
static bool check_members(struct document *document, const struct map *map, bool is_case,
                          const char *where)
{
    struct str names[sizeof members / sizeof *members];
    bool ok = true;
    MAP_EACH (map, entry) {
        size_t count = 0, found = SIZE_MAX;
        for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
            if (!(is_case ? members[i].is_of_case : members[i].is_of_file)) continue;
            if (str_eq_z(key_text(&entry->key), members[i].name)) found = i;
            names[count++] = str_of(members[i].name);
        }
        const struct value *value = &entry->value;
        bool is_off = value->kind == VALUE_BOOL && !value->boolean;
        if (found != SIZE_MAX && (!members[found].refused || is_off)) continue;
        struct str name = key_text(&entry->key), near = suggest(name, names, count);
        char hint[128] = "`fields`, `codec`, `ignore`, `testcases`, `input`, `expected` are known";
        if (near.len) snprintf(hint, sizeof hint, "did you mean `%.*s`?", STR_ARG(near));
        ok =
            wrong(document, found == SIZE_MAX ? hint : members[found].refused,
                  "%s has a member `%.*s`%s", where, (int)(name.len < 64 ? name.len : 64), name.ptr,
                  found == SIZE_MAX ? ", which means nothing" : ", which is not supported");
    }
    return ok;
}

/* ---- members of the file ---- */

/* Only its name, or a name with options as in a configuration. */
static bool read_codec(struct document *document)
{
    const struct value *codec = member(document->root, "codec");
    if (!codec) return true;
    if (codec->kind != VALUE_STRING)
        return wrong(document, "write \"json_lines\"", "`codec` is no string");
    struct source_text *source = arena_alloc(document->arena, sizeof *source);
    source->name = arena_printf(document->arena, "%.*s: codec", STR_ARG(document->source->name));
    source->text = value_text(codec);
    struct config_value *value = arena_zalloc(document->arena, sizeof *value);
    struct fragment fragment = {.place = {source, 0, (uint32_t)source->text.len},
                                .arena = document->arena,
                                .diag = document->diag};
    document->codec = value;
    return fragment_value(&fragment, value);
}

static bool read_ignored(struct document *document)
{
    const struct value *ignore = member(document->root, "ignore");
    if (!ignore) return true;
    if (ignore->kind != VALUE_ARRAY)
        return wrong(document, "write [\"host\"]", "`ignore` is no array");
    document->ignored =
        arena_alloc(document->arena, (ignore->array->count + 1) * sizeof *document->ignored);
    ARRAY_EACH (ignore->array, item) {
        struct path path;
        if (item->kind != VALUE_STRING || !path_compile(&path, value_text(item), document->arena))
            return wrong(document, "write [\"host\", \"[log][file]\"]",
                         "an item of `ignore` is no field");
        document->ignored[document->ignored_count++] = test_path_text(&path, document->arena);
    }
    return true;
}

/* ---- cases ---- */

/* An array of `kind`, as it is or as trees. */
static bool read_list(struct document *document, const struct map *scope, const char *name,
                      enum value_kind kind, const char *where, struct value **items,
                      uint32_t *count)
{
    const struct value *list = member(scope, name);
    if (!list || list->kind != VALUE_ARRAY)
        return wrong(document, "write an array", "`%s` of %s is no array", name, where);
    if (list->array->count > TEST_EVENTS_MAX) {
        diag_error(document->diag, document->place, "`%s` of %s has more than %d items", name,
                   where, TEST_EVENTS_MAX);
        return false;
    }
    *items = arena_alloc(document->arena, (list->array->count + 1) * sizeof **items);
    ARRAY_EACH (list->array, item) {
        struct value *into = &(*items)[(*count)++];
        *into = *item;
        if (item->kind != kind && kind == VALUE_STRING)
            return wrong(document, "write [\"a line\"]", "an item of `%s` of %s is no string", name,
                         where);
        if (item->kind != kind)
            return wrong(document, "write [{ \"message\": \"…\" }]",
                         "an item of `%s` of %s is no object", name, where);
        if (kind == VALUE_MAP && test_tree_of(item->map, document->arena, into))
            return wrong(document, "a field leads into one that is no object",
                         "an item of `%s` of %s contradicts itself", name, where);
    }
    return true;
}

/* Fields of the file, then those of the case, which win. */
static bool read_fields(struct document *document, const struct map *scope, const char *where,
                        struct test *test)
{
    const struct value *sources[] = {member(document->root, "fields"),
                                     scope == document->root ? NULL : member(scope, "fields")};
    for (size_t i = 0; i < 2; i++) {
        struct value tree;
        if (!sources[i]) continue;
        if (sources[i]->kind != VALUE_MAP || test_tree_of(sources[i]->map, document->arena, &tree))
            return wrong(document, "write { \"type\": \"syslog\" }",
                         "`fields` of %s is no object of fields", where);
        if (test->fields.kind == VALUE_MISSING) test->fields = value_map(document->arena, 4);
        test_tree_merge(test->fields.map, document->arena, tree.map);
    }
    return true;
}

static bool read_input(struct document *document, const struct map *scope, const char *where,
                       struct test *test)
{
    if (!member(scope, "input") && test->fields.kind == VALUE_MAP) {
        /* an event that is its fields */
        test->inputs = arena_alloc(document->arena, sizeof *test->inputs);
        test->inputs[test->input_count++] = value_map(document->arena, 1);
        return true;
    }
    return read_list(document, scope, "input", VALUE_STRING, where, &test->inputs,
                     &test->input_count);
}

static bool read_scope(struct document *document, const struct map *scope, const char *where,
                       struct test *test)
{
    const struct value *plugin = member(document->root, "input_plugin");
    const struct value *metadata = member(document->root, "export_metadata");
    test->setup.files = document->files;
    test->source = (struct sandbox_input){.place = document->place, .codec = document->codec};
    if (plugin && plugin->kind == VALUE_STRING) test->source.from = value_text(plugin);
    test->covers_metadata = metadata && metadata->kind == VALUE_BOOL && metadata->boolean;
    test->has_expected = test->is_exact = true;
    test->ignored = document->ignored;
    test->ignored_count = document->ignored_count;
    test->fields = VALUE_NONE;
    return read_fields(document, scope, where, test) && read_input(document, scope, where, test) &&
           read_list(document, scope, "expected", VALUE_MAP, where, &test->expected,
                     &test->expected_count);
}

/* `scope` holds input and expected; number 0: it is the file. */
static bool read_case(struct document *document, const struct map *scope, uint32_t number)
{
    struct test *test = test_list_add(document->reading->tests);
    const struct value *description = member(scope, "description");
    char where[32] = "the file";
    if (number) snprintf(where, sizeof where, "test case %u", number);
    test->file = document->source->name;
    test->name = description && description->kind == VALUE_STRING && description->len
                     ? value_text(description)
                     : arena_printf(document->arena, "case %u", number ? number : 1);
    test->place = document->place;
    test->line = test->place.end ? line_count_to(&document->lines, test->place) : 0;
    bool ok = (!number || check_members(document, scope, true, where)) &&
              read_scope(document, scope, where, test);
    if (!ok) test->result = TEST_BROKEN;
    return ok;
}

/* The older form first, then the list; a file may have both. */
static bool read_cases(struct document *document)
{
    const struct value *cases = member(document->root, "testcases");
    bool is_old = member(document->root, "input") != NULL;
    if (!cases && !is_old)
        return wrong(document, "write \"testcases\": [ … ]", "the file has no `testcases`");
    bool ok = !is_old || read_case(document, document->root, 0);
    if (!cases) return ok;
    if (cases->kind != VALUE_ARRAY)
        return wrong(document, "write [ … ]", "`testcases` is no array");
    if (cases->array->count > TEST_CASES_MAX) {
        diag_error(document->diag, (struct place){document->source, 0, 0}, "more than %d tests",
                   TEST_CASES_MAX);
        return false;
    }
    uint32_t number = 0;
    ARRAY_EACH (cases->array, item) {
        document->place = place_of(document, ++number);
        if (item->kind == VALUE_MAP)
            ok = read_case(document, item->map, number) && ok;
        else
            ok = wrong(document, "write { \"input\": […], \"expected\": […] }",
                       "test case %u is no object", number);
    }
    return ok;
}

bool test_json_read(struct test_reading *reading, const struct source_text *source)
{
    struct arena *arena = reading->tests->arena;
    struct json_report report;
    struct value root;
    struct document document = {.reading = reading,
                                .source = source,
                                .place = {source, 0, 0},
                                .arena = arena,
                                .diag = reading->diag};
    if (!json_decode(source->text, JSON_WHOLE, arena, &root, &report)) {
        uint32_t at = (uint32_t)report.offset, end = at < source->text.len ? at + 1 : at;
        diag_hint(reading->diag,
                  diag_error(reading->diag, (struct place){source, at, end}, "this is no JSON"),
                  "%s", report.reason);
        return false;
    }
    if (root.kind != VALUE_MAP)
        return wrong(&document, "write { \"testcases\": [ … ] }", "the file is no JSON object");
    assert(report.reason == NULL);
    document.root = root.map;
    const struct value *cases = member(root.map, "testcases");
    if (cases && cases->kind == VALUE_ARRAY) places_find(&document, cases->array->count);
    document.files = test_files_default(reading, source->name, false);
    bool ok = check_members(&document, root.map, false, "the file");
    ok = read_codec(&document) && ok;
    ok = read_ignored(&document) && ok;
    return ok && read_cases(&document);
}
