/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/xml_library.h"
#include <dlfcn.h>
#include <string.h>
#include "core/text/xml.h"

struct xml_library libxml;

/* POSIX gives functions as object pointers; ISO C does not convert them, but they are copied. */
static bool symbol_find(void *library, const char *name, void *to, size_t size)
{
    void *found = dlsym(library, name);
    if (found) memcpy(to, &found, size);
    return found != NULL;
}

bool xml_library_load(void)
{
    if (libxml.free) return true;
    void *library = dlopen("libxml2.so.2", RTLD_NOW | RTLD_LOCAL);
    bool is_whole = library != NULL;
#define XML_FIND(name_) is_whole = is_whole && symbol_find(library, #name_, &libxml.name_, sizeof libxml.name_);
    XML_FUNCTIONS(XML_FIND)
#undef XML_FIND
    is_whole = is_whole && symbol_find(library, "xmlFree", &libxml.free, sizeof libxml.free);
    if (is_whole) libxml.xmlInitParser();
    return is_whole;
}
