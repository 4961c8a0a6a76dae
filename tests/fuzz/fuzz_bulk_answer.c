/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to bulk requests: whatever comes, items are as many as counted, and texts lie where they say. */
#include "core/elastic/bulk_answer.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t touch(struct str text)
{
    size_t sum = 0;
    for (size_t i = 0; i < text.len; i++) sum += (unsigned char)text.ptr[i];
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct arena arena;
    struct bulk_answer answer;
    struct bulk_item error;
    size_t sum = 0;
    arena_init(&arena, NULL);
    if (!bulk_answer_read(text, &arena, &answer)) {
        if (answer.count && !answer.has_errors) abort();
        for (uint32_t i = 0; i < answer.count; i++) {
            const struct bulk_item *item = &answer.items[i];
            if (item->status && (item->status < 100 || item->status > 599)) abort();
            sum += touch(item->type) + touch(item->reason);
        }
    }
    if (error_answer_read(text, &arena, &error) && !error.type.len) abort();
    sum += touch(error.type) + touch(error.reason);
    arena_fini(&arena);
    return sum == SIZE_MAX;
}
