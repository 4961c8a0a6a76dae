/* SPDX-License-Identifier: Apache-2.0 */
/* What a grok filter's patterns are and have done, for metrics and tools: each with its text and counters. */
#ifndef FILTERS_GROK_H
#define FILTERS_GROK_H
#include "core/diag.h"
#include "core/text/grok.h"

/* The patterns of an instance in the user's order; returns their number. They live as long as the
 * instance; counters may be read by any thread. */
uint32_t grok_filter_patterns(const void *self, struct grok *const **groks);
/* The field that pattern `number` is tried on, and the names that it may refer to. */
const struct path *grok_filter_field(const void *self, uint32_t number);
const struct grok_library *grok_filter_library(const void *self);
/* Where pattern `number` stands in the text. */
struct place grok_filter_place(const void *self, uint32_t number);

#endif
