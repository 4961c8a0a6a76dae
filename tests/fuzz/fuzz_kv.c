/* SPDX-License-Identifier: Apache-2.0 */
/* Splitters (first line: field_split, a tab, value_split) and a text: the tables must find what the
 * expression finds. The first byte chooses the other options. */
#include <stdlib.h>
#include "core/text/kv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 400 };

static bool is_within(struct str part, struct str text)
{
    return part.len == 0 || (part.ptr >= text.ptr && part.ptr + part.len <= text.ptr + text.len);
}

static void compare(struct kv *kv, struct str text)
{
    struct kv_scan one = {.text = text}, other = {.text = text};
    for (;;) {
        struct kv_pair mine = {0}, theirs = {0};
        enum kv_verdict verdict, wanted = kv_next_by_regex(kv, &other, &theirs);
        if (kv_next(kv, &one, &mine, 1, &verdict)) verdict = KV_PAIR;
        if (verdict == KV_LIMIT || wanted == KV_LIMIT) return;
        if (verdict != wanted) abort();
        if (verdict == KV_END) return;
        if (!is_within(mine.key, text) || !is_within(mine.value, text)) abort();
        if (!str_eq(mine.key, theirs.key) || !str_eq(mine.value, theirs.value)) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > INPUT_MAX) return 0;
    char *copy = malloc(size);
    if (!copy) return 0;
    memcpy(copy, data, size);
    struct str rest = {copy + 1, size - 1};
    struct kv_syntax syntax = {STR(" "), STR("="), {0}, {0}, data[0] & 1, data[0] & 2};
    ptrdiff_t newline = str_find(rest, STR("\n")), tab = str_find(rest, STR("\t"));
    if (newline > 0 && tab > 0 && tab + 1 < newline) {
        syntax.field_split = str_slice(rest, 0, (size_t)tab);
        syntax.value_split = str_slice(rest, (size_t)tab + 1, (size_t)newline);
        rest = str_from(rest, (size_t)newline + 1);
    }
    struct kv_problem problem;
    struct kv *kv = kv_create(&syntax, &problem);
    if (kv && kv_has_tables(kv)) compare(kv, rest);
    kv_destroy(kv);
    free(copy);
    return 0;
}
