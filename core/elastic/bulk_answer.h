/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to a bulk request, read. An answer that says `"errors":false` among its first members is looked at
 * no further; else each item is read. The text may be anything; limits are those of JSON (core/text/json.h).
 * Results are memory of the arena, or slices of the text. No state: any thread. */
#ifndef CORE_ELASTIC_BULK_ANSWER_H
#define CORE_ELASTIC_BULK_ANSWER_H
#include "core/event/arena.h"

struct bulk_item {
    uint32_t status; /* 0: none was given */
    struct str type; /* of its error; empty: there is none */
    struct str reason;
    bool is_delete;
};

struct bulk_answer {
    bool has_errors;
    struct bulk_item *items; /* when there are errors */
    uint32_t count;
};

/* NULL, or why it cannot be understood. */
const char *bulk_answer_read(struct str text, struct arena *arena, struct bulk_answer *answer);
/* The error of an answer that is about the whole request: {"error": {"type": …, "reason": …}, "status": …}.
 * False: there is none. */
bool error_answer_read(struct str text, struct arena *arena, struct bulk_item *error);

#endif
