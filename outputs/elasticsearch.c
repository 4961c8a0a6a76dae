/* SPDX-License-Identifier: Apache-2.0 */
/* elasticsearch: documents by bulk requests. The work is done in core/elastic, for each of its names. */
#include "core/elastic/elastic.h"

const struct output_type output_elasticsearch = {
    .name = "elasticsearch",
    .summary = "Writes events as documents to Elasticsearch, by bulk requests.",
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
