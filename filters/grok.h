/* SPDX-License-Identifier: Apache-2.0 */
/* What a grok filter's patterns have done, for metrics: each with its text and counters. */
#ifndef FILTERS_GROK_H
#define FILTERS_GROK_H
#include "core/diag.h"
#include "core/text/grok.h"

/* The patterns of an instance in the user's order; returns their number. They live as long as the
 * instance; counters may be read by any thread. */
uint32_t grok_filter_patterns(const void *self, struct grok *const **groks);
/* Where pattern `number` stands in the text. */
struct place grok_filter_place(const void *self, uint32_t number);

#endif
