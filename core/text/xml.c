/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/xml.h"
#include <stdlib.h>
#include <string.h>
#include "core/text/xml_document.h"
#include "core/text/xml_library.h"
#include "core/xmalloc.h"

/* ---- parsing ---- */

/* What a text declares could be expanded: it ends here. */
static void declaration_refuse(void *opaque)
{
    xmlParserCtxt *context = opaque;
    *(bool *)context->_private = true;
    libxml.xmlStopParser(context);
}

static void entity_declared(void *opaque, const xmlChar *name, int type, const xmlChar *public_id,
                            const xmlChar *system_id, xmlChar *content)
{
    (void)name, (void)type, (void)public_id, (void)system_id, (void)content;
    declaration_refuse(opaque);
}

static void attribute_declared(void *opaque, const xmlChar *element, const xmlChar *name, int type, int preset,
                               const xmlChar *value, xmlEnumeration *choices)
{
    (void)element, (void)name, (void)type, (void)preset, (void)value;
    libxml.xmlFreeEnumeration(choices);
    declaration_refuse(opaque);
}

/* Behind a comment or CDATA section that begins here, or 0. */
static size_t section_end(struct str text)
{
    static const struct {
        struct str start, end;
    } sections[] = {{{"<!--", 4}, {"-->", 3}}, {{"<![CDATA[", 9}, {"]]>", 3}}};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        struct str start = sections[i].start, end = sections[i].end;
        if (text.len < start.len || memcmp(text.ptr, start.ptr, start.len) != 0) continue;
        ptrdiff_t at = str_find(str_from(text, start.len), end);
        return at < 0 ? text.len : start.len + (size_t)at + end.len;
    }
    return 0;
}

/* Behind the tag that begins here; `<` is in no attribute, so another one begins a tag in any case. */
static size_t tag_end(struct str text, uint32_t *attributes)
{
    char quote = 0;
    *attributes = 0;
    for (size_t i = 1; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '<') return i;
        if (quote) {
            if (c == quote) quote = 0;
        } else if (c == '>') {
            return i + 1;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else {
            *attributes += c == '=';
        }
    }
    return text.len;
}

/* What libxml2 would compare each with each: counted before, since nothing stops it there. */
static bool is_bounded(struct str text, uint32_t *tags)
{
    const struct str name = STR("xmlns");
    struct str rest = text;
    uint32_t namespaces = 0, attributes;
    for (ptrdiff_t at; (at = str_find(rest, name)) >= 0; rest = str_from(rest, (size_t)at + name.len))
        if (++namespaces > XML_NAMESPACES_MAX) return false;
    *tags = 0;
    for (const char *at; text.len && (at = memchr(text.ptr, '<', text.len));) {
        text = str_from(text, (size_t)(at - text.ptr));
        size_t end = section_end(text);
        ++*tags;
        attributes = 0;
        if (!end) end = tag_end(text, &attributes);
        if (attributes > XML_ATTRIBUTES_MAX) return false;
        text = str_from(text, end);
    }
    return true;
}

/* The text is UTF-8 whatever it says of itself: charsets are the codec's. */
struct xml *xml_parse(struct str text, bool recovers)
{
    if (!text.len || text.len > XML_BYTES_MAX) return NULL;
    bool is_refused = false;
    uint32_t tags;
    if (!is_bounded(text, &tags)) return NULL;
    xmlParserCtxt *context = libxml.xmlNewParserCtxt();
    if (!context) abort();
    context->_private = &is_refused;
    context->sax->entityDecl = entity_declared;
    context->sax->attributeDecl = attribute_declared;
    int flags = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | (recovers ? XML_PARSE_RECOVER : 0);
    xmlDoc *doc = libxml.xmlCtxtReadMemory(context, text.ptr, (int)text.len, NULL, "UTF-8", flags);
    struct xml xml = {.doc = doc, .is_sound = context->wellFormed, .tags = tags};
    libxml.xmlFreeParserCtxt(context);
    if (!doc || is_refused || !libxml.xmlDocGetRootElement(doc)) {
        libxml.xmlFreeDoc(doc);
        return NULL;
    }
    struct xml *kept = xmalloc(sizeof *kept);
    *kept = xml;
    return kept;
}

void xml_free(struct xml *xml)
{
    if (!xml) return;
    libxml.xmlFreeDoc(xml->doc);
    free(xml);
}

bool xml_is_sound(const struct xml *xml) { return xml->is_sound; }

/* Depth is libxml2's own limit, 256. */
static void namespaces_drop(xmlNode *node)
{
    for (; node; node = node->next) {
        if (node->type != XML_ELEMENT_NODE) continue;
        node->ns = NULL;
        for (xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) attribute->ns = NULL;
        namespaces_drop(node->children);
        libxml.xmlFreeNsList(node->nsDef);
        node->nsDef = NULL;
    }
}

void xml_remove_namespaces(struct xml *xml) { namespaces_drop(libxml.xmlDocGetRootElement(xml->doc)); }

/* ---- values ---- */

struct builder {
    const struct xml_shape *shape;
    struct arena *arena;
};

static struct str text_of(const xmlChar *text) { return text ? str_of((const char *)text) : STR(""); }

static struct value text_copy(const struct builder *builder, struct str text)
{
    return value_string(arena_copy(builder->arena, text));
}

static void push(const struct builder *builder, struct value *array, struct value item)
{
    if (array->kind != VALUE_ARRAY) {
        struct value first = *array;
        *array = value_array(builder->arena, 2);
        if (first.kind != VALUE_MISSING) array_push(array->array, builder->arena, first);
    }
    array_push(array->array, builder->arena, item);
}

/* A name that comes again has an array. */
static void put(const struct builder *builder, struct value *map, struct str name, struct value value, bool is_element)
{
    struct key key = key_of(name);
    if (map->kind != VALUE_MAP) *map = value_map(builder->arena, 4);
    struct value *old = map_get(map->map, &key);
    if (old) {
        push(builder, old, value);
        return;
    }
    if (is_element && (builder->shape->force_array || value.kind == VALUE_ARRAY)) {
        struct value array = VALUE_NONE;
        push(builder, &array, value);
        value = array;
    }
    key.ptr = arena_copy(builder->arena, name).ptr;
    map_append(map->map, builder->arena, key, value);
}

/* Text beside other things. */
static void content_put(const struct builder *builder, struct value *map, struct value content)
{
    struct key key = key_of(STR("content"));
    if (map->kind != VALUE_MAP) *map = value_map(builder->arena, 1);
    struct value *old = map_get(map->map, &key);
    if (!old)
        map_append(map->map, builder->arena, key, content);
    else if (content.kind == VALUE_ARRAY)
        ARRAY_EACH(content.array, piece) push(builder, old, *piece);
    else
        push(builder, old, content);
}

static struct str name_with_prefix(const struct builder *builder, const char *prefix, const xmlChar *name)
{
    if (!prefix || !*prefix) return text_of(name);
    return arena_printf(builder->arena, "%s:%s", prefix, (const char *)name);
}

static void attributes_put(const struct builder *builder, const xmlNode *node, struct value *map)
{
    for (const xmlNs *space = node->nsDef; space; space = space->next) {
        struct str name = space->prefix ? name_with_prefix(builder, "xmlns", space->prefix) : STR("xmlns");
        put(builder, map, name, text_copy(builder, text_of(space->href)), false);
    }
    for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) {
        const char *prefix = attribute->ns ? (const char *)attribute->ns->prefix : NULL;
        xmlChar *value = libxml.xmlNodeListGetString(node->doc, attribute->children, 1);
        struct str name = name_with_prefix(builder, prefix, attribute->name);
        put(builder, map, name, text_copy(builder, text_of(value)), false);
        (*libxml.free)(value);
    }
}

static bool is_text(const xmlNode *node)
{
    return node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE;
}

static bool is_blank_text(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_blank(text.ptr[i])) return false;
    return true;
}

static bool element_value(const struct builder *builder, const xmlNode *node, unsigned depth, struct value *out);

/* Child elements go to the map; pieces of text, but for blanks, to `content`. */
static bool children_put(const struct builder *builder, const xmlNode *node, unsigned depth, struct value *map,
                         struct value *content)
{
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (is_text(child)) {
            struct str text = text_of(child->content);
            if (!arena_allows(builder->arena, text.len)) return false;
            if (is_blank_text(text)) continue;
            struct value piece = text_copy(builder, text);
            if (content->kind == VALUE_MISSING)
                *content = piece;
            else
                push(builder, content, piece);
        } else if (child->type == XML_ELEMENT_NODE) {
            struct value value;
            if (!element_value(builder, child, depth + 1, &value)) return false;
            if (value.kind != VALUE_MISSING) put(builder, map, text_of(child->name), value, true);
        }
    }
    return true;
}

/* VALUE_MISSING: it is empty, and not wanted. */
static bool element_value(const struct builder *builder, const xmlNode *node, unsigned depth, struct value *out)
{
    struct value map = VALUE_NONE, content = VALUE_NONE;
    if (depth > XML_VALUE_DEPTH_MAX || !arena_allows(builder->arena, 1024)) return false;
    attributes_put(builder, node, &map);
    if (!children_put(builder, node, depth, &map, &content)) return false;
    bool is_only_text = map.kind == VALUE_MISSING && content.kind != VALUE_MISSING;
    if (is_only_text && !builder->shape->force_content) {
        *out = content;
        return true;
    }
    if (content.kind != VALUE_MISSING) content_put(builder, &map, content);
    *out = map;
    if (map.kind == VALUE_MISSING && !builder->shape->suppress_empty) *out = value_map(builder->arena, 0);
    return true;
}

bool xml_value(const struct xml *xml, const struct xml_shape *shape, struct arena *arena, struct value *out)
{
    struct builder builder = {shape, arena};
    if (!element_value(&builder, libxml.xmlDocGetRootElement(xml->doc), 1, out)) return false;
    if (out->kind == VALUE_MISSING) *out = value_null();
    return true;
}
