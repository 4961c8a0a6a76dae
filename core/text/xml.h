/* SPDX-License-Identifier: Apache-2.0 */
/* XML by libxml2, for texts that nobody vouches for. Entities that the text declares, external ones, DTDs and
 * the network are out of the question: a text with declarations of its own is refused as a whole, so nothing
 * can be expanded. Size, depth and work are bounded by the constants.
 *
 * xml_value() gives a document the shape that Logstash's xml filter does (Ruby's XmlSimple):
 *
 *     <r id="1"><a>x</a><a>y</a><b k="v">t</b></r>
 *     {"id":"1","a":["x","y"],"b":[{"k":"v","content":"t"}]}
 *
 * Ownership: documents and paths are freed by whoever made them; values lie in the arena given. A document
 * belongs to one thread, a compiled path to one at a time. */
#ifndef CORE_TEXT_XML_H
#define CORE_TEXT_XML_H
#include "core/event/value.h"

enum {
    XML_BYTES_MAX = 1024 * 1024,        /* of a text */
    XML_ATTRIBUTES_MAX = 1000,          /* of an element: libxml2 compares each with all others */
    XML_NAMESPACES_MAX = 1000,          /* that a text declares; looked up one by one, too */
    XML_VALUE_DEPTH_MAX = 100,          /* of elements within each other, as a value */
    XML_FOUND_BYTES_MAX = 4 * 1024 * 1024, /* of all that one expression finds */
    XML_XPATH_STEPS_MAX = 1000 * 1000,  /* of one expression on one document */
    XML_XPATH_PAIRS_MAX = 200 * 1000 * 1000, /* of steps and elements, where an expression can find a node twice */
};

/* Before all else, on the control thread. False: libxml2 is not installed. */
bool xml_library_load(void);

struct xml;
/* NULL: nothing can be made of it, too large, too many attributes or namespaces, or it has declarations. With
 * `recovers` a text that is not well formed gives what could be read of it. */
struct xml *xml_parse(struct str text, bool recovers);
void xml_free(struct xml *xml); /* NULL is allowed */
bool xml_is_sound(const struct xml *xml); /* well formed */
void xml_remove_namespaces(struct xml *xml);

struct xml_shape {
    bool force_array;    /* elements are arrays even when there is one */
    bool force_content;  /* text is {"content": text} even without attributes */
    bool suppress_empty; /* empty elements are left out; else {} */
};
/* Null for a document of which nothing is left. False: too deep, or too large for the batch. */
bool xml_value(const struct xml *xml, const struct xml_shape *shape, struct arena *arena, struct value *out);

/* ---- XPath ---- */
struct xml_name { struct str prefix, uri; }; /* of a namespace */

/* Prefixes are those of `names`; without any, those of the root of the document at hand. */
struct xml_path;
/* NULL: it is no expression from `*offset` on. */
struct xml_path *xml_path_create(struct str expression, const struct xml_name *names, uint32_t count, size_t *offset);
void xml_path_destroy(struct xml_path *path); /* NULL is allowed */
/* What it finds, as an array: of nodes their XML (of texts and attributes the text), or the one number, text or
 * boolean. False: too much work or memory, or a prefix or function that is not known. */
bool xml_path_find(struct xml_path *path, const struct xml *xml, struct arena *arena, struct value *out);

#endif
