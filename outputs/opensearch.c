/* SPDX-License-Identifier: Apache-2.0 */
/* opensearch: the same as elasticsearch, which speaks both; the store says at start which it is. */
#include "core/elastic/elastic.h"

const struct output_type output_opensearch = {
    .name = "opensearch",
    .summary = "Writes events as documents to OpenSearch, by bulk requests; the same as elasticsearch.",
    .size = sizeof(struct elastic),
    .options = elastic_option_table,
    .default_codec = "plain",
    .create = elastic_create,
    .start = elastic_start,
    .take = elastic_take,
    .turn = elastic_turn,
    .stop = elastic_stop,
    .abandon = elastic_abandon,
    .destroy = elastic_destroy,
    .is_ecs = true,
};
