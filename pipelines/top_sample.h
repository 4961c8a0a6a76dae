/* SPDX-License-Identifier: Apache-2.0 */
/* Two looks at an instance's /_node/stats, and what happened between them. One thread. */
#ifndef PIPELINES_TOP_SAMPLE_H
#define PIPELINES_TOP_SAMPLE_H
#include <jansson.h>
#include "pipelines/api_client.h"

struct top_sample {
    json_t *before, *now; /* `before` NULL: nothing is known to have happened yet */
    double seconds;       /* between them, by the instance's clock */
};

/* One more look; what was now is before. Another instance than before begins anew. False: `why`,
 * with the sample as it was. */
bool top_sample_take(struct top_sample *sample, const struct api_place *place, char why[160]);
void top_sample_fini(struct top_sample *sample);

/* An object of the document at both times; `before` may be NULL. */
struct top_pair {
    const json_t *before, *now;
};
struct top_pair top_pair_root(const struct top_sample *sample);
/* Its member; `names` are parted by dots. */
struct top_pair top_pair_at(struct top_pair pair, const char *names);
/* The row of a list: before it is the one with the same id (or `pattern`). */
struct top_pair top_pair_row(struct top_pair list, size_t number);

double top_now(struct top_pair pair, const char *names);
/* Its growth; 0 while nothing is known. */
double top_growth(struct top_pair pair, const char *names);
const char *top_text(struct top_pair pair, const char *names); /* "" when there is none */

#endif
