/* SPDX-License-Identifier: Apache-2.0 */
#include "core/xmalloc.h"
#include <stdio.h>
#include <stdlib.h>

static void *checked(void *memory, size_t size)
{
    if (memory || size == 0) return memory;
    fprintf(stderr, "tailrace: out of memory (%zu bytes)\n", size);
    abort();
}

void *xmalloc(size_t size) { return checked(malloc(size ? size : 1), size); }
void *xcalloc(size_t count, size_t size)
{
    return checked(calloc(count ? count : 1, size ? size : 1), count);
}
void *xrealloc(void *old, size_t size) { return checked(realloc(old, size ? size : 1), size); }

void *xreallocarray(void *old, size_t count, size_t size)
{
    return checked(reallocarray(old, count ? count : 1, size ? size : 1), count);
}

char *xstrdup(const char *text) { return xstrndup(str_of(text)); }

char *xstrndup(struct str text)
{
    char *copy = xmalloc(text.len + 1);
    if (text.len) memcpy(copy, text.ptr, text.len);
    copy[text.len] = 0;
    return copy;
}
