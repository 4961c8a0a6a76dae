/* SPDX-License-Identifier: Apache-2.0 */
/* Which of many short texts does a text contain? One pass for all of them: 32 places at a time are
 * compared, by tables of half bytes, with four bytes of each text at once, and what fits is
 * compared whole. Where the processor has no AVX2 the texts are searched for one after the other.
 *
 * Ownership: created in the arena given, lives as long; the texts are borrowed for as long. It is
 * never changed afterwards: any thread. Limits: LITERALS_MAX texts of LITERAL_BYTES_MIN bytes or
 * more. */
#ifndef CORE_TEXT_LITERALS_H
#define CORE_TEXT_LITERALS_H
#include "core/event/arena.h"
#include "core/text/str.h"
#include <stdint.h>

enum {
    LITERALS_MAX = 4096,
    LITERAL_BYTES_MIN = 4, /* shorter ones are in nearly every text */
    LITERAL_WORD_BITS = 64,
};

struct literals;
/* Text number n of `texts` is bit n of what is found. */
struct literals *literals_create(const struct str *texts, uint32_t count, struct arena *arena);
/* Sets the bits of the texts that `text` contains; `found` is zeroed by the caller and has a word
 * for each LITERAL_WORD_BITS texts. */
void literals_find(const struct literals *literals, struct str text, uint64_t *found);

#endif
