/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns that are tried in order, as one matcher. The first that matches wins, with the captures
 * that it alone would have; what cannot match is not run:
 *
 *   1. one pass over the line tells which patterns' required bytes are in it
 * (core/text/literals.h); of its runs a pattern gives the one that fewest other patterns contain,
 * too
 *   2. those left are run in order. Where one fails whose first parts, as text, are also those of
 * later ones, these parts are run alone: when they match nowhere, none of these patterns can
 *
 * So a pattern that would be given up at its limit may instead be passed over; nothing else
 * differs.
 *
 * Ownership: grok_list_create() makes it in the arena, grok_list_destroy() frees what the regex
 * engine holds. The patterns stay the caller's and live longer; their attempts are counted here
 * (grok_attempts). One thread at a time; counters may be read by any. Limits: GROK_LIST_MAX
 * patterns; more are a loop. */
#ifndef CORE_TEXT_GROK_LIST_H
#define CORE_TEXT_GROK_LIST_H
#include "core/text/grok.h"

enum { GROK_LIST_MAX = 4096 };

struct grok_list *grok_list_create(struct grok *const *groks, uint32_t count, struct arena *arena);
void grok_list_destroy(struct grok_list *list); /* NULL is allowed */

/* Tries the patterns; the first that matches is stored. `*which`: its number, or of the one that
 * was given up. REGEX_LIMIT ends the search. */
enum regex_verdict grok_list_apply(struct grok_list *list, struct str subject, uint8_t string_flags,
                                   struct event *event, uint32_t *which);

/* How many patterns have required bytes that are looked for, and how many share their first parts
 * with others: for tests. */
uint32_t grok_list_literals(const struct grok_list *list);
uint32_t grok_list_shared(const struct grok_list *list);

#endif
