/* SPDX-License-Identifier: Apache-2.0 */
#include "core/yaml.h"
#include <assert.h>
#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    const struct source_text *source;
    struct arena *arena;
    struct diag *diag;
    uint32_t nodes;
    bool has_failed;
};

/* libyaml counts characters; places count bytes. */
static uint32_t byte_offset(const struct reader *reader, yaml_mark_t mark)
{
    const char *at = reader->source->text.ptr, *end = at + reader->source->text.len;
    for (size_t line = 0; line < mark.line && at < end; line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline ? newline + 1 : end;
    }
    for (size_t column = 0; column < mark.column && at < end; column++) {
        at++;
        while (at < end && ((unsigned char)*at & 0xC0) == 0x80) at++;
    }
    return (uint32_t)(at - reader->source->text.ptr);
}

static struct place place_of(const struct reader *reader, const yaml_event_t *event)
{
    return (struct place){reader->source, byte_offset(reader, event->start_mark),
                          byte_offset(reader, event->end_mark)};
}

static void fault(struct reader *reader, struct place place, const char *what)
{
    if (!reader->has_failed) diag_error(reader->diag, place, "%s", what);
    reader->has_failed = true;
}

static bool next_event(struct reader *reader, yaml_event_t *event)
{
    if (reader->has_failed) return false;
    if (yaml_parser_parse(&reader->parser, event)) return true;
    uint32_t at = byte_offset(reader, reader->parser.problem_mark);
    struct place place = {reader->source, at, at};
    diag_error(reader->diag, place, "not valid YAML: %s",
               reader->parser.problem ? reader->parser.problem : "unreadable");
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

/* Items until the end event; of a mapping keys and values alternate. */
static void read_items(struct reader *reader, yaml_event_type_t end, uint32_t depth,
                       struct config_value *value)
{
    uint32_t capacity = 0;
    bool is_map = value->kind == CONFIG_HASH;
    yaml_event_t event;
    while (next_event(reader, &event)) {
        if (event.type == end) {
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
                fault(reader, place_of(reader, &event), "a key must be plain text");
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
    if (depth > YAML_DEPTH_MAX || ++reader->nodes > YAML_NODES_MAX) {
        fault(reader, value->place, depth > YAML_DEPTH_MAX ? "nested too deep" : "too many values");
        return;
    }
    switch (event->type) {
    case YAML_SCALAR_EVENT: read_scalar(reader, event, value); return;
    case YAML_SEQUENCE_START_EVENT:
        value->kind = CONFIG_ARRAY;
        read_items(reader, YAML_SEQUENCE_END_EVENT, depth + 1, value);
        return;
    case YAML_MAPPING_START_EVENT:
        value->kind = CONFIG_HASH;
        read_items(reader, YAML_MAPPING_END_EVENT, depth + 1, value);
        return;
    case YAML_ALIAS_EVENT: fault(reader, value->place, "aliases are not supported here"); return;
    default: fault(reader, value->place, "unexpected YAML");
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
                fault(reader, place_of(reader, &event), "only one document is read");
            } else {
                root = arena_zalloc(reader->arena, sizeof *root);
                read_value(reader, &event, 0, root);
            }
        }
        yaml_event_delete(&event);
    }
    return reader->has_failed ? NULL : root;
}

struct config_value *yaml_parse(const struct source_text *source, struct arena *arena,
                                struct diag *diag)
{
    struct reader reader = {.source = source, .arena = arena, .diag = diag};
    if (source->text.len > YAML_BYTES_MAX) {
        diag_error(diag, (struct place){source, 0, 0}, "the file is larger than %d bytes", YAML_BYTES_MAX);
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
