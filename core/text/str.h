/* SPDX-License-Identifier: Apache-2.0 */
/* A borrowed run of bytes. Never NUL-terminated, never freed: whoever lent it says how long it
 * lives. `ptr` may be NULL only when `len` is 0. */
#ifndef CORE_TEXT_STR_H
#define CORE_TEXT_STR_H
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
    const char *ptr;
    size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
/* For printf: printf("%.*s", STR_ARG(s)). */
#define STR_ARG(s) (int)(s).len, ((s).ptr ? (s).ptr : "")

static inline struct str str_of(const char *z) { return (struct str){z, strlen(z)}; }

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool str_eq_z(struct str a, const char *z) { return str_eq(a, str_of(z)); }

static inline bool str_starts(struct str s, struct str head)
{
    return s.len >= head.len && (head.len == 0 || memcmp(s.ptr, head.ptr, head.len) == 0);
}

static inline bool str_ends(struct str s, struct str tail)
{
    return s.len >= tail.len &&
           (tail.len == 0 || memcmp(s.ptr + s.len - tail.len, tail.ptr, tail.len) == 0);
}

/* The bytes from `start` to the end; empty when `start` lies behind the end. */
static inline struct str str_from(struct str s, size_t start)
{
    return start >= s.len ? (struct str){s.ptr + s.len, 0} : (struct str){s.ptr + start, s.len - start};
}

static inline struct str str_slice(struct str s, size_t start, size_t end)
{
    return (struct str){s.ptr + start, end - start};
}

/* Byte order, shorter first when one begins with the other: <0, 0, >0. */
static inline int str_cmp(struct str a, struct str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter ? memcmp(a.ptr, b.ptr, shorter) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Offset of the first `needle`, or -1. An empty needle is found at 0. */
static inline ptrdiff_t str_find(struct str s, struct str needle)
{
    if (needle.len == 0) return 0;
    if (s.len < needle.len) return -1;
    const char *found = needle.len == 1 ? memchr(s.ptr, needle.ptr[0], s.len)
                                        : memmem(s.ptr, s.len, needle.ptr, needle.len);
    return found ? found - s.ptr : -1;
}

static inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* Without blanks and line ends on both sides. */
static inline struct str str_trimmed(struct str s)
{
    while (s.len && is_blank(s.ptr[0])) s = str_from(s, 1);
    while (s.len && is_blank(s.ptr[s.len - 1])) s.len--;
    return s;
}

#endif
