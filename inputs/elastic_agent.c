/* SPDX-License-Identifier: Apache-2.0 */
/* Input `elastic_agent`: the input beats under the name that Elastic Agent's manuals use. */
#include "inputs/beats.h"

extern const struct input_type input_elastic_agent;
const struct input_type input_elastic_agent = {
    .name = "elastic_agent", .summary = "Receives events from Elastic Agent; as beats.", BEATS_INPUT};
