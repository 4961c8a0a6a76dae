/* SPDX-License-Identifier: Apache-2.0 */
/* An XPath expression (first line) and a text: as a value in every shape, and searched. */
#include <stdlib.h>
#include "core/text/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 2000 };

static void as_values(const struct xml *xml, struct arena *arena)
{
    for (unsigned bits = 0; bits < 8; bits++) {
        struct xml_shape shape = {bits & 1, bits & 2, bits & 4};
        struct value value;
        if (xml_value(xml, &shape, arena, &value) && value.kind == VALUE_MISSING) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > INPUT_MAX || !xml_library_load()) return 0;
    char *copy = malloc(size);
    if (!copy) return 0;
    memcpy(copy, data, size);
    struct str expression = {copy + 1, size - 1}, text = expression;
    ptrdiff_t newline = str_find(text, STR("\n"));
    if (newline >= 0) {
        text = str_from(expression, (size_t)newline + 1);
        expression.len = (size_t)newline;
    }
    struct arena arena;
    arena_init(&arena, NULL);
    size_t offset;
    struct xml *xml = xml_parse(text, data[0] & 1);
    struct xml_path *path = xml_path_create(expression, NULL, 0, &offset);
    if (xml) as_values(xml, &arena);
    if (xml && data[0] & 2) xml_remove_namespaces(xml);
    struct value found;
    if (xml && path) xml_path_find(path, xml, &arena, &found);
    xml_path_destroy(path);
    xml_free(xml);
    arena_fini(&arena);
    free(copy);
    return 0;
}
