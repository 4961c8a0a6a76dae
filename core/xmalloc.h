/* SPDX-License-Identifier: Apache-2.0 */
/* malloc for start-up and for what is counted elsewhere. Out of memory aborts: callers never test
 * the result. What events need comes from arenas (core/event/arena.h), which are bounded. */
#ifndef CORE_XMALLOC_H
#define CORE_XMALLOC_H
#include <stddef.h>
#include "core/text/str.h"

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);          /* zeroed; overflow of the product aborts */
void *xrealloc(void *old, size_t size);
void *xreallocarray(void *old, size_t count, size_t size);
char *xstrdup(const char *text);
char *xstrndup(struct str text);                   /* NUL-terminated copy; caller frees */

#endif
