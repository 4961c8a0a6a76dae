/* SPDX-License-Identifier: Apache-2.0 */
/* A dissect pattern (first line) on a text (the rest): what is found lies in the text, in order, with the
 * delimiters between. The rest is read as a decimal number, too. */
#include <stdlib.h>
#include "core/text/decimal.h"
#include "core/text/dissect.h"
#include "core/text/number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1000 };

static void check(const struct dissect *dissect, struct str text)
{
    struct str values[DISSECT_FIELDS_MAX + 1];
    if (!dissect_match(dissect, text, values)) return;
    size_t at = dissect->head.len;
    for (uint32_t i = 0; i < dissect->count; i++) {
        size_t start = (size_t)(values[i].ptr - text.ptr), end = start + values[i].len;
        if (start < at || end > text.len || (start > at && i && !dissect->fields[i - 1].is_padded)) abort();
        struct str delimiter = dissect->fields[i].delimiter;
        if (!str_starts(str_from(text, end), delimiter)) abort();
        at = end ? end + delimiter.len : 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_MAX) return 0;
    char *copy = malloc(size + 1);
    if (!copy) return 0;
    memcpy(copy, data, size);
    struct str pattern = {copy, size}, text = {copy + size, 0};
    ptrdiff_t newline = str_find(pattern, STR("\n"));
    if (newline >= 0) {
        text = str_from(pattern, (size_t)newline + 1);
        pattern.len = (size_t)newline;
    }
    struct arena arena;
    arena_init(&arena, NULL);
    struct dissect dissect;
    struct dissect_problem problem;
    if (dissect_compile(&dissect, pattern, &arena, &problem))
        check(&dissect, text);
    else if (problem.end > pattern.len || problem.start > problem.end)
        abort();
    struct value number;
    bool is_integer;
    if (decimal_read(text, &arena, &number) &&
        number_scan(value_text(&number), &is_integer) != value_text(&number).len)
        abort();
    arena_fini(&arena);
    free(copy);
    return 0;
}
