/* SPDX-License-Identifier: Apache-2.0 */
/* What mutate's parts share: compile.c (options into steps), move.c and change.c (what the steps do) and tell.c (what
 * is said of them before there is an event). A new operation is a mutate_run here, a call in compile.c where its turn
 * is, and a row in tell.c. On the worker's thread. */
#ifndef CORE_MUTATE_MUTATE_PART_H
#define CORE_MUTATE_MUTATE_PART_H
#include <assert.h>
#include "core/mutate/mutate.h"

/* ---- move.c: whole values ---- */
mutate_run mutate_coerce, mutate_update, mutate_replace;
mutate_run mutate_rename;         /* `path` to `other` */
mutate_run mutate_rename_dynamic; /* what `name` gives to what `other_name` gives */
mutate_run mutate_merge, mutate_copy;

/* ---- change.c: values where they are ---- */
mutate_run mutate_convert, mutate_gsub, mutate_case, mutate_strip, mutate_split, mutate_join;

/* What became of a write, for the event: a name within an array is silently nothing, as in Logstash. */
static inline enum mutate_result mutate_written(enum path_result result)
{
    return result == PATH_SET || result == PATH_IGNORED ? MUTATE_DONE : MUTATE_FAILED;
}

#endif
