/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a part of the language that stands alone: is it a statement, is it still open, and read as
 * each of the parts there are. The first two bytes choose where in the text the part begins and ends. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include "dsl/fragment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    char *copy = malloc(size - 2 + 1);
    if (!copy) return 0;
    memcpy(copy, data + 2, size - 2);
    struct str text = {copy, size - 2};
    struct source_text source = {STR("typed"), text};
    struct arena arena;
    struct diag diag;
    struct buf out = {0};
    arena_init(&arena, NULL);
    diag_init(&diag);
    uint32_t len = (uint32_t)text.len, start = data[0] % 4, end = data[1] % 4;
    if (start + end > len) start = end = 0;
    struct fragment fragment = {.place = {&source, start, len - end}, .options = {.has_escapes = data[0] & 128},
                                .arena = &arena, .diag = &diag};
    struct config config = {0};
    struct config_value value = {0};
    fragment_is_statement(text);
    fragment_is_open(text, data[1] & 128);
    fragment_statements(&fragment, &config);
    fragment_expression(&fragment);
    fragment_condition(&fragment);
    fragment_value(&fragment, &value);
    diag_render(&diag, &out);
    buf_fini(&out);
    diag_fini(&diag);
    arena_fini(&arena);
    free(copy);
    return 0;
}
