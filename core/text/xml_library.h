/* SPDX-License-Identifier: Apache-2.0 */
/* libxml2, loaded when the first filter needs it: with its ICU it costs 2 MB of resident memory and 2 ms at
 * start, which an instance without XML does not pay. Loaded once on the control thread, before any worker
 * starts; never unloaded. */
#ifndef CORE_TEXT_XML_LIBRARY_H
#define CORE_TEXT_XML_LIBRARY_H
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#define XML_FUNCTIONS(X_)                                                                               \
    X_(xmlInitParser) X_(xmlNewParserCtxt) X_(xmlFreeParserCtxt) X_(xmlCtxtReadMemory) X_(xmlStopParser) \
    X_(xmlFreeEnumeration) X_(xmlFreeDoc) X_(xmlDocGetRootElement) X_(xmlFreeNsList)                     \
    X_(xmlNodeListGetString) X_(xmlBufferCreate) X_(xmlBufferContent) X_(xmlBufferLength)                \
    X_(xmlBufferFree) X_(xmlNodeDump) X_(xmlXPathNewContext) X_(xmlXPathFreeContext)                     \
    X_(xmlXPathCtxtCompile) X_(xmlXPathFreeCompExpr) X_(xmlXPathRegisterNs) X_(xmlXPathCompiledEval)     \
    X_(xmlXPathFreeObject) X_(xmlXPathRegisteredNsCleanup) X_(xmlSetGenericErrorFunc)

/* Each under its own name: libxml.xmlFreeDoc(doc). */
struct xml_library {
#define XML_MEMBER(name_) __typeof__(&name_) name_;
    XML_FUNCTIONS(XML_MEMBER)
#undef XML_MEMBER
    xmlFreeFunc *free; /* the library's variable */
};
extern struct xml_library libxml;

#endif
