/* SPDX-License-Identifier: Apache-2.0 */
/* What a grok pattern adds to an event (core/fields/fields.h). */
#ifndef CORE_FIELDS_CAPTURES_H
#define CORE_FIELDS_CAPTURES_H
#include "core/fields/fields.h"
#include "core/text/grok.h"

/* Its captures, on a match with the text of `source`. Of what is there already and is not overwritten
 * grok makes an array, which is warned of when it is certain. `is_one_of_several`: others that are told
 * of may have matched the same event. */
void grok_fields(const struct grok *grok, const struct path *source, bool is_one_of_several,
                 struct field_set *fields);

#endif
