/* SPDX-License-Identifier: Apache-2.0 */
#include "core/yaml.h"
#include <assert.h>
#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    const struct source_text *source;
    struct arena *arena;
    struct diag *diag;
    uint32_t nodes, nodes_max;
    size_t walked_chars, walked_bytes; /* the last place that was looked up */
    bool has_failed;
};

static bool is_trail(char c) { return ((unsigned char)c & 0xC0) == 0x80; }

/* libyaml counts characters; places count bytes. Marks lie near each other, so the walk begins at the
 * last one, and a large file is walked once. */
static uint32_t byte_offset(struct reader *reader, yaml_mark_t mark)
{
    struct str text = reader->source->text;
    size_t at = reader->walked_bytes;
    for (size_t i = reader->walked_chars; i < mark.index && at < text.len; i++)
        for (at++; at < text.len && is_trail(text.ptr[at]);) at++;
    for (size_t i = reader->walked_chars; i > mark.index && at > 0; i--)
        for (at--; at > 0 && is_trail(text.ptr[at]);) at--;
    reader->walked_chars = mark.index;
    reader->walked_bytes = at;
    return (uint32_t)at;
}

static struct place place_of(struct reader *reader, const yaml_event_t *event)
{
    return (struct place){reader->source, byte_offset(reader, event->start_mark),
                          byte_offset(reader, event->end_mark)};
}

static void fault(struct reader *reader, struct place place, const char *what, const char *hint)
{
    if (!reader->has_failed) {
        struct message *message = diag_error(reader->diag, place, "%s", what);
        if (hint) diag_hint(reader->diag, message, "%s", hint);
    }
    reader->has_failed = true;
}

/* What libyaml says, in words of those who write settings. */
static const struct problem {
    const char *theirs, *ours, *hint;
    const char *begin; /* what began where libyaml says that its fault has begun; NULL: that is not said;
                          empty: the complaint points there alone */
} problems[] = {
    {"did not find expected ',' or ']'", "`,` or `]` is missing", NULL, "the list begins here"},
    {"did not find expected ',' or '}'", "`,` or `}` is missing", NULL, "the map begins here"},
    {"did not find expected key", "a key is missing", "keys of one map begin in one column", "the map begins here"},
    {"did not find expected '-' indicator", "`- ` is missing", "items of one list begin in one column",
     "the list begins here"},
    {"did not find expected node content", "a value is missing", NULL, NULL},
    {"could not find expected ':'", "`:` is missing behind a key", NULL, "the key begins here"},
    {"mapping values are not allowed in this context", "a `:` stands where no key can be",
     "put a value that has one in quotes, or begin the key in the column of the others", NULL},
    {"mapping keys are not allowed in this context", "no key can begin here", NULL, NULL},
    {"block sequence entries are not allowed in this context", "no item of a list can begin here",
     "begin the list on a line of its own", NULL},
    {"found character that cannot start any token", "no value can begin with this character",
     "put it in quotes; indent by blanks, not by tabs", NULL},
    {"found a tab character that violates indentation", "a tab stands where a blank is wanted",
     "indent by blanks", NULL},
    {"found a tab character where an indentation space is expected", "a tab stands where a blank is wanted",
     "indent by blanks", NULL},
    {"found unknown escape character", "there is no such escape", "use single quotes: nothing is escaped there",
     "the text begins here"},
    {"did not find expected alphabetic or numeric character", "a name is missing behind `*` or `&`",
     "put a value that begins so in quotes", NULL},
    {"found unexpected document indicator", "a quote is not closed before this", NULL, "it opens here"},
    {"found unexpected end of stream", "a quote is never closed", NULL, ""},
    {"control characters are not allowed", "a control character stands here", "remove it", NULL},
};

/* Bytes that are no text have a place of their own: libyaml has not read as far as them. */
static uint32_t problem_place(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    if (parser->error != YAML_READER_ERROR) return byte_offset(reader, parser->problem_mark);
    size_t len = reader->source->text.len;
    return (uint32_t)(parser->problem_offset < len ? parser->problem_offset : len);
}

static void say_problem(struct reader *reader)
{
    static const struct problem rest = {"", "it cannot be read from here on", NULL, NULL};
    static const struct problem bytes = {"", "the text is not UTF-8", "save it as UTF-8", NULL};
    const yaml_parser_t *parser = &reader->parser;
    const struct problem *found = parser->error == YAML_READER_ERROR ? &bytes : &rest;
    for (size_t i = 0; parser->problem && i < sizeof problems / sizeof *problems; i++)
        if (strcmp(parser->problem, problems[i].theirs) == 0) found = &problems[i];
    bool has_begin = found->begin && parser->context;
    uint32_t at = problem_place(reader);
    uint32_t begin = has_begin ? byte_offset(reader, parser->context_mark) : at;
    if (has_begin && !*found->begin) at = begin;
    struct message *message = diag_error(reader->diag, (struct place){reader->source, at, at},
                                         "not valid YAML: %s", found->ours);
    if (found->hint) diag_hint(reader->diag, message, "%s", found->hint);
    if (at == begin) return;
    diag_other(reader->diag, message, (struct place){reader->source, begin, begin}, "%s", found->begin);
}

static bool next_event(struct reader *reader, yaml_event_t *event)
{
    if (reader->has_failed) return false;
    if (yaml_parser_parse(&reader->parser, event)) return true;
    say_problem(reader);
    reader->has_failed = true;
    return false;
}

static bool text_is_number(struct str text)
{
    size_t i = text.len && (text.ptr[0] == '-') ? 1 : 0, digits = 0, dots = 0;
    for (; i < text.len; i++) {
        if (is_digit(text.ptr[i]))
            digits++;
        else if (text.ptr[i] == '.' && digits && !dots)
            dots++;
        else
            return false;
    }
    return digits > 0 && text.ptr[text.len - 1] != '.';
}

static void read_scalar(struct reader *reader, const yaml_event_t *event, struct config_value *value)
{
    struct str text = {(const char *)event->data.scalar.value, event->data.scalar.length};
    if (event->data.scalar.tag)
        fault(reader, value->place, "tags are not supported here", "put a text that begins with ! in quotes");
    value->text = arena_copy(reader->arena, text);
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        value->kind = CONFIG_STRING;
        return;
    }
    if (str_eq(text, STR("~")) || str_eq(text, STR("null"))) value->text.len = 0;
    value->kind = text_is_number(text) ? CONFIG_NUMBER : CONFIG_BAREWORD;
}

static void read_value(struct reader *reader, const yaml_event_t *event, uint32_t depth,
                       struct config_value *value);

/* Items until the end event; of a mapping keys and values alternate. In brackets (`is_flow`) the
 * place is all of it, else it is the first character. */
static void read_items(struct reader *reader, yaml_event_type_t end, bool is_flow, uint32_t depth,
                       struct config_value *value)
{
    uint32_t capacity = 0;
    bool is_map = value->kind == CONFIG_HASH;
    yaml_event_t event;
    while (next_event(reader, &event)) {
        if (event.type == end) {
            if (is_flow) value->place.end = byte_offset(reader, event.end_mark);
            yaml_event_delete(&event);
            return;
        }
        if (value->count == capacity) {
            uint32_t wanted = capacity ? capacity * 2 : 8;
            value->items = arena_regrow(reader->arena, value->items,
                                        capacity * sizeof *value->items, wanted * sizeof *value->items);
            if (is_map)
                value->keys = arena_regrow(reader->arena, value->keys,
                                           capacity * sizeof *value->keys, wanted * sizeof *value->keys);
            capacity = wanted;
        }
        if (is_map) {
            if (event.type != YAML_SCALAR_EVENT)
                fault(reader, place_of(reader, &event), "a key must be plain text", NULL);
            read_value(reader, &event, depth, &value->keys[value->count]);
            yaml_event_delete(&event);
            if (!next_event(reader, &event)) return;
        }
        read_value(reader, &event, depth, &value->items[value->count]);
        value->count++;
        yaml_event_delete(&event);
    }
}

static void read_value(struct reader *reader, const yaml_event_t *event, uint32_t depth,
                       struct config_value *value)
{
    *value = (struct config_value){.place = place_of(reader, event)};
    if (depth > YAML_DEPTH_MAX || ++reader->nodes > reader->nodes_max) {
        fault(reader, value->place, depth > YAML_DEPTH_MAX ? "nested too deep" : "too many values", NULL);
        return;
    }
    switch (event->type) {
    case YAML_SCALAR_EVENT: read_scalar(reader, event, value); return;
    case YAML_SEQUENCE_START_EVENT:
        value->kind = CONFIG_ARRAY;
        read_items(reader, YAML_SEQUENCE_END_EVENT,
                   event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE, depth + 1, value);
        return;
    case YAML_MAPPING_START_EVENT:
        value->kind = CONFIG_HASH;
        read_items(reader, YAML_MAPPING_END_EVENT,
                   event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE, depth + 1, value);
        return;
    case YAML_ALIAS_EVENT:
        fault(reader, value->place, "aliases are not supported here", "put a text that begins with * in quotes");
        return;
    default: assert(false && "an event within a value that is none");
    }
}

static struct config_value *read_document(struct reader *reader)
{
    struct config_value *root = NULL;
    yaml_event_t event;
    while (next_event(reader, &event)) {
        yaml_event_type_t type = event.type;
        if (type == YAML_STREAM_END_EVENT) {
            yaml_event_delete(&event);
            break;
        }
        if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT &&
            type != YAML_DOCUMENT_END_EVENT) {
            if (root) {
                fault(reader, place_of(reader, &event), "only one document is read", "remove the `---` before this");
            } else {
                root = arena_zalloc(reader->arena, sizeof *root);
                read_value(reader, &event, 0, root);
            }
        }
        yaml_event_delete(&event);
    }
    return reader->has_failed ? NULL : root;
}

struct config_value *yaml_parse_within(const struct source_text *source, const struct yaml_limits *limits,
                                       struct arena *arena, struct diag *diag)
{
    struct reader reader = {.source = source, .arena = arena, .diag = diag, .nodes_max = limits->nodes};
    if (source->text.len > limits->bytes) {
        diag_error(diag, (struct place){source, 0, 0}, "the file is larger than %zu bytes", limits->bytes);
        return NULL;
    }
    if (!yaml_parser_initialize(&reader.parser)) abort();
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)source->text.ptr,
                                 source->text.len);
    struct config_value *root = read_document(&reader);
    yaml_parser_delete(&reader.parser);
    if (root && root->kind == CONFIG_BAREWORD && root->text.len == 0) return NULL;
    return root;
}

struct config_value *yaml_parse(const struct source_text *source, struct arena *arena,
                                struct diag *diag)
{
    static const struct yaml_limits limits = {YAML_BYTES_MAX, YAML_NODES_MAX};
    return yaml_parse_within(source, &limits, arena, diag);
}

/* ---- what it means ---- */

static bool is_one_of(struct str text, const char *const *words)
{
    for (; *words; words++)
        if (str_eq_z(text, *words)) return true;
    return false;
}

struct value yaml_scalar(const struct config_value *value)
{
    static const char *const yes[] = {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", NULL};
    static const char *const no[] = {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", NULL};
    int64_t integer;
    double real;
    if (value->kind == CONFIG_ARRAY || value->kind == CONFIG_HASH) return VALUE_NONE;
    if (value->kind == CONFIG_NUMBER) {
        enum number_form form = config_number(value->text, &integer, &real);
        if (form == NUMBER_INT) return value_int(integer);
        if (form == NUMBER_DOUBLE) return value_double(real);
    }
    if (value->kind == CONFIG_BAREWORD) {
        if (value->text.len == 0) return value_null();
        if (is_one_of(value->text, yes)) return value_bool(true);
        if (is_one_of(value->text, no)) return value_bool(false);
    }
    return value_string(value->text);
}

struct value yaml_value(const struct config_value *value, struct arena *arena)
{
    struct value made = yaml_scalar(value);
    if (value->kind == CONFIG_ARRAY) {
        made = value_array(arena, value->count);
        for (uint32_t i = 0; i < value->count; i++)
            array_push(made.array, arena, yaml_value(&value->items[i], arena));
    } else if (value->kind == CONFIG_HASH) {
        made = value_map(arena, value->count);
        for (uint32_t i = 0; i < value->count; i++)
            map_set(made.map, arena, key_of(value->keys[i].text), yaml_value(&value->items[i], arena));
    }
    return made;
}

struct flat {
    struct setting *items;
    uint32_t count, capacity;
    struct arena *arena;
};

static void flatten(struct flat *flat, const struct config_value *map, struct str prefix)
{
    for (uint32_t i = 0; i < map->count; i++) {
        const struct config_value *key = &map->keys[i], *value = &map->items[i];
        struct str name = prefix.len ? arena_printf(flat->arena, "%.*s.%.*s", STR_ARG(prefix),
                                                    STR_ARG(key->text))
                                     : key->text;
        if (value->kind == CONFIG_HASH && value->count) {
            flatten(flat, value, name);
            continue;
        }
        if (flat->count == flat->capacity) {
            uint32_t wanted = flat->capacity ? flat->capacity * 2 : 16;
            flat->items = arena_regrow(flat->arena, flat->items, flat->capacity * sizeof *flat->items,
                                       wanted * sizeof *flat->items);
            flat->capacity = wanted;
        }
        flat->items[flat->count++] =
            (struct setting){.key = name, .key_place = key->place, .value = *value};
    }
}

uint32_t yaml_flatten(const struct config_value *map, struct arena *arena, struct setting **settings)
{
    assert(map->kind == CONFIG_HASH);
    struct flat flat = {.arena = arena};
    flatten(&flat, map, (struct str){0});
    *settings = flat.items;
    return flat.count;
}
