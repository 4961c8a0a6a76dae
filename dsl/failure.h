/* SPDX-License-Identifier: Apache-2.0 */
/* What an event gets when an expression cannot be computed for it: the tag `_expression_failure` and
 * `[@metadata][expression_failure]`, which says why and where. It goes on with what it has. One worker's
 * thread. */
#ifndef DSL_FAILURE_H
#define DSL_FAILURE_H
#include "dsl/expression.h"

struct failure {
    const char *problem; /* a few words */
    struct place place;
    struct str subject;  /* the field that is missing; else empty */
};

/* Of an expression that failed. */
struct failure failure_of(const struct run *run);

/* The line of the last failure of one statement: finding it takes as long as the text before it. */
struct failure_where {
    uint32_t start; /* of the place; UINT32_MAX: there was none yet */
    struct line_column at;
};

void failure_tag(const struct failure *failure, struct failure_where *where, struct event *event,
                 struct str pipeline);

#endif
