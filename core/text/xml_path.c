/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include "core/text/buf.h"
#include "core/text/xml_document.h"
#include "core/text/xml_library.h"
#include "core/xmalloc.h"

struct xml_path {
    xmlXPathCompExpr *compiled;
    xmlXPathContext *context; /* kept: making one costs more than most expressions */
    bool has_names;           /* of its own; else each document's */
    bool is_quadratic;
};

/* ---- compiling ---- */

/* The type of the second parameter differs between versions of the library. */
#if LIBXML_VERSION >= 21200
typedef const xmlError *xml_error;
#else
typedef xmlError *xml_error;
#endif

/* The library would print it. */
static void place_take(void *opaque, xml_error error)
{
    size_t *offset = opaque;
    if (offset) *offset = error->int1 > 0 ? (size_t)error->int1 : 0;
}

static void names_register(xmlXPathContext *context, const struct xml_name *names, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char *prefix = xstrndup(names[i].prefix), *uri = xstrndup(names[i].uri);
        libxml.xmlXPathRegisterNs(context, (const xmlChar *)prefix, (const xmlChar *)uri);
        free(prefix);
        free(uri);
    }
}

/* Can it come to one node on several ways, or compare nodes with nodes? Then libxml2 looks through all that it has
 * found at each step, which no count of steps bounds. In doubt yes: on small documents it makes no difference. */
static bool is_quadratic(struct str text)
{
    static const struct str words[] = {{"..", 2}, {"|", 1}, {"ancestor", 8}, {"descendant", 10},
                                       {"following", 9}, {"preceding", 9}, {"parent", 6}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_find(text, words[i]) >= 0) return true;
    ptrdiff_t first = str_find(text, STR("//"));
    if (first >= 0 && str_find(str_from(text, (size_t)first + 2), STR("//")) >= 0) return true;
    for (size_t i = 0; i < text.len; i++) {
        if (!strchr("=<>", text.ptr[i])) continue;
        struct str right = str_trimmed(str_from(text, i + 1));
        if (right.len && right.ptr[0] == '=') continue;
        if (!right.len || !strchr("'\"0123456789.-", right.ptr[0])) return true;
    }
    return false;
}

struct xml_path *xml_path_create(struct str expression, const struct xml_name *names, uint32_t count, size_t *offset)
{
    struct xml_path *path = xcalloc(1, sizeof *path);
    char *text = xstrndup(expression);
    path->has_names = count > 0;
    path->is_quadratic = is_quadratic(expression);
    path->context = libxml.xmlXPathNewContext(NULL);
    if (!path->context) abort();
    *offset = 0;
    path->context->error = place_take;
    path->context->userData = offset;
    path->compiled = libxml.xmlXPathCtxtCompile(path->context, (const xmlChar *)text);
    path->context->userData = NULL;
    free(text);
    if (*offset >= expression.len) *offset = 0;
    if (!path->compiled) return xml_path_destroy(path), NULL;
    names_register(path->context, names, count);
    return path;
}

void xml_path_destroy(struct xml_path *path)
{
    if (!path) return;
    if (path->compiled) libxml.xmlXPathFreeCompExpr(path->compiled);
    libxml.xmlXPathFreeContext(path->context);
    free(path);
}

/* ---- finding ---- */

static void root_names_register(xmlXPathContext *context, const xmlNode *root)
{
    libxml.xmlXPathRegisteredNsCleanup(context);
    for (const xmlNs *space = root->nsDef; space; space = space->next)
        libxml.xmlXPathRegisterNs(context, space->prefix ? space->prefix : (const xmlChar *)"xmlns", space->href);
}

static void node_print(xmlDoc *doc, xmlNode *node, struct buf *out)
{
    if (node->type == XML_NAMESPACE_DECL) {
        const xmlNs *space = (const xmlNs *)(const void *)node;
        if (space->href) buf_append_z(out, (const char *)space->href);
    } else if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) {
        if (node->content) buf_append_z(out, (const char *)node->content);
    } else if (node->type == XML_ATTRIBUTE_NODE) {
        xmlChar *text = libxml.xmlNodeListGetString(doc, node->children, 1);
        if (text) buf_append_z(out, (const char *)text);
        (*libxml.free)(text);
    } else {
        xmlBuffer *text = libxml.xmlBufferCreate();
        if (!text || libxml.xmlNodeDump(text, doc, node, 0, 0) < 0) abort();
        struct str printed = {(const char *)libxml.xmlBufferContent(text), (size_t)libxml.xmlBufferLength(text)};
        buf_append(out, printed);
        libxml.xmlBufferFree(text);
    }
}

static bool nodes_give(xmlDoc *doc, const xmlNodeSet *nodes, struct arena *arena, struct array *found)
{
    size_t bytes = 0;
    struct buf text = {0};
    bool ok = true;
    for (int i = 0; nodes && i < nodes->nodeNr && ok; i++) {
        buf_clear(&text);
        node_print(doc, nodes->nodeTab[i], &text);
        bytes += text.len + sizeof(struct value);
        ok = bytes <= XML_FOUND_BYTES_MAX && arena_allows(arena, text.len + 4 * sizeof(struct value));
        if (ok) array_push(found, arena, value_string(arena_copy(arena, buf_str(&text))));
    }
    buf_fini(&text);
    return ok;
}

static bool result_give(xmlDoc *doc, const xmlXPathObject *result, struct arena *arena, struct array *found)
{
    switch (result->type) {
    case XPATH_NODESET: return nodes_give(doc, result->nodesetval, arena, found);
    case XPATH_BOOLEAN: array_push(found, arena, value_bool(result->boolval)); return true;
    case XPATH_NUMBER: array_push(found, arena, value_double(result->floatval)); return true;
    case XPATH_STRING: {
        struct str text = str_of((const char *)result->stringval);
        if (!arena_allows(arena, text.len)) return false;
        array_push(found, arena, value_string(arena_copy(arena, text)));
        return true;
    }
    default: return false;
    }
}

/* What libxml2 would print on standard error for each event. */
static void nothing_print(void *opaque, const char *format, ...) { (void)opaque, (void)format; }

bool xml_path_find(struct xml_path *path, const struct xml *xml, struct arena *arena, struct value *out)
{
    xmlXPathContext *context = path->context;
    context->doc = xml->doc;
    context->node = (xmlNode *)(void *)xml->doc;
    context->opLimit = XML_XPATH_STEPS_MAX;
    if (path->is_quadratic && xml->tags > XML_XPATH_PAIRS_MAX / XML_XPATH_STEPS_MAX)
        context->opLimit = XML_XPATH_PAIRS_MAX / xml->tags;
    context->opCount = 0;
    if (!path->has_names) root_names_register(context, libxml.xmlDocGetRootElement(xml->doc));
    libxml.xmlSetGenericErrorFunc(NULL, nothing_print); /* of this thread */
    xmlXPathObject *result = libxml.xmlXPathCompiledEval(path->compiled, context);
    *out = value_array(arena, 2);
    bool ok = result && result_give(xml->doc, result, arena, out->array);
    libxml.xmlXPathFreeObject(result);
    context->doc = NULL;
    context->node = NULL;
    return ok;
}
