/* SPDX-License-Identifier: Apache-2.0 */
/* A separator (first line) and a text: every field lies in the text or in fresh memory, reading ends, and each
 * field survives every conversion. */
#include <stdlib.h>
#include "core/text/csv.h"
#include "core/text/csv_convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 2000 };

static void convert_all(struct csv_converter *converter, struct str text, struct arena *arena)
{
    for (enum csv_type type = CSV_TEXT; type < CSV_TYPES; type++) {
        struct value value = value_string(text);
        csv_convert(converter, type, arena, &value);
        if (value.kind == VALUE_MISSING || value.kind == VALUE_NULL) abort();
    }
}

static void read_all(const struct csv_syntax *syntax, struct str text, struct arena *arena)
{
    static struct csv_converter converter; /* dates depend on the machine's zone only */
    static struct arena formats;
    if (!converter.date_count) csv_converter_init(&converter, &formats);
    struct csv_reader reader = {.syntax = syntax, .text = text};
    struct csv_field field = {.is_quoted = false};
    size_t fields = 0, bytes = 0;
    while (csv_next(&reader, arena, &field) == CSV_FIELD) {
        bytes += field.text.len;
        if (++fields > text.len + 1 || bytes > text.len || reader.at > text.len) abort();
        convert_all(&converter, field.text, arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > INPUT_MAX) return 0;
    char *copy = malloc(size);
    if (!copy) return 0;
    memcpy(copy, data, size);
    struct str text = {copy + 1, size - 1}, separator = STR(",");
    ptrdiff_t newline = str_find(text, STR("\n"));
    if (newline > 0 && data[0] & 1) {
        separator = str_slice(text, 0, (size_t)newline);
        text = str_from(text, (size_t)newline + 1);
    }
    struct csv_syntax syntax;
    struct arena arena;
    arena_init(&arena, NULL);
    csv_syntax_init(&syntax, separator, data[0] & 2 ? STR("\"") : data[0] & 4 ? STR("\xc2\xab") : STR(""));
    read_all(&syntax, text, &arena);
    arena_fini(&arena);
    free(copy);
    return 0;
}
