/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a dictionary: the first says how it is written and asked. What is refused is said; what is
 * read can be asked, merged and replaced with. */
#include <assert.h>
#include <stdint.h>
#include "core/text/dictionary.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len == 0) return 0;
    enum dictionary_format format = (enum dictionary_format)(bytes[0] % 3);
    enum dictionary_rule rule = (enum dictionary_rule)(bytes[0] / 3 % 3);
    struct str text = {(const char *)bytes + 1, len - 1}, out;
    struct buf problem = {0};
    struct arena arena;
    arena_init(&arena, NULL);
    struct dictionary *dictionary = dictionary_create(rule);
    bool ok = dictionary_read(dictionary, text, format, &problem) && dictionary_finish(dictionary, &problem);
    assert(ok || problem.len);
    struct value subject = value_string(text);
    if (ok && rule == DICTIONARY_PARTS) dictionary_replace(dictionary, text, &arena, &out);
    if (ok && rule != DICTIONARY_PARTS) dictionary_find(dictionary, &subject);
    struct dictionary *merged = dictionary_create(DICTIONARY_EXACT);
    assert(dictionary_merge(merged, dictionary));
    assert(dictionary_count(merged) == dictionary_count(dictionary));
    dictionary_destroy(merged);
    dictionary_destroy(dictionary);
    arena_fini(&arena);
    buf_fini(&problem);
    return 0;
}
