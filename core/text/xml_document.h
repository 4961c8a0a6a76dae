/* SPDX-License-Identifier: Apache-2.0 */
/* What is behind core/text/xml.h, for the files that implement it. */
#ifndef CORE_TEXT_XML_DOCUMENT_H
#define CORE_TEXT_XML_DOCUMENT_H
#include <libxml/tree.h>
#include "core/text/xml.h"

struct xml {
    xmlDoc *doc; /* owned */
    bool is_sound;
    uint32_t tags; /* elements and the like, at most */
};

#endif
