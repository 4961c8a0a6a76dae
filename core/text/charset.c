/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/charset.h"
#include <errno.h>
#include <iconv.h>
#include <strings.h>
#include "core/text/utf8.h"

enum {
    REPLACEMENT_BYTES = 3,
    ICONV_GROWTH = 4, /* bytes of UTF-8 that one byte of any character set may become, U+FFFD too */
};
static const char replacement[] = "\xEF\xBF\xBD";

static const struct {
    const char *name;
    enum charset_kind kind;
} built_in[] = {{"UTF-8", CHARSET_UTF8},        {"UTF8", CHARSET_UTF8},
                {"BINARY", CHARSET_BINARY},     {"ASCII-8BIT", CHARSET_BINARY},
                {"US-ASCII", CHARSET_ASCII},    {"ASCII", CHARSET_ASCII},
                {"ISO-8859-1", CHARSET_LATIN1}, {"ISO8859-1", CHARSET_LATIN1}};

bool charset_open(struct charset *charset, struct str name)
{
    char z[CHARSET_NAME_MAX + 1];
    *charset = (struct charset){CHARSET_UTF8, NULL};
    if (name.len == 0 || name.len > CHARSET_NAME_MAX) return false;
    memcpy(z, name.ptr, name.len);
    z[name.len] = 0;
    /* glibc reads `//` and `,` as instructions (TRANSLIT, IGNORE), not as part of a name */
    if (strpbrk(z, "/,") || strlen(z) != name.len) return false;
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++) {
        if (strcasecmp(z, built_in[i].name) != 0) continue;
        charset->kind = built_in[i].kind;
        return true;
    }
    iconv_t descriptor = iconv_open("UTF-8", z);
    if (descriptor == (iconv_t)-1) return false;
    *charset = (struct charset){CHARSET_ICONV, descriptor};
    return true;
}

void charset_close(struct charset *charset)
{
    if (charset->kind == CHARSET_ICONV) iconv_close(charset->iconv);
    *charset = (struct charset){CHARSET_UTF8, NULL};
}

/* ASCII never comes here. At most REPLACEMENT_BYTES a byte. */
static struct value decode_single_bytes(bool latin1, struct str bytes, struct arena *arena)
{
    char *text = arena_alloc(arena, bytes.len * REPLACEMENT_BYTES), *to = text;
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.ptr[i];
        to += utf8_encode(c < 0x80 || latin1 ? c : 0xFFFD, to);
    }
    return value_string_flagged((struct str){text, (size_t)(to - text)}, STRING_UTF8);
}

static struct value decode_iconv(const struct charset *charset, struct str bytes,
                                 struct arena *arena)
{
    size_t room = bytes.len * ICONV_GROWTH + REPLACEMENT_BYTES, left = bytes.len;
    char *text = arena_alloc(arena, room), *to = text;
    char *from = (char *)(uintptr_t)bytes.ptr;
    iconv(charset->iconv, NULL, NULL, NULL, NULL);
    while (left) {
        if (iconv(charset->iconv, &from, &left, &to, &room) != (size_t)-1) break;
        assert(errno == EILSEQ || errno == EINVAL || errno == E2BIG);
        if (errno == E2BIG || room < REPLACEMENT_BYTES) break;
        memcpy(to, replacement, REPLACEMENT_BYTES);
        to += REPLACEMENT_BYTES;
        room -= REPLACEMENT_BYTES;
        if (errno == EINVAL) break; /* an unfinished character at the end */
        from++;
        left--;
    }
    struct value value = value_string((struct str){text, (size_t)(to - text)});
    value_string_flags(&value);
    return value;
}

struct value charset_decode(const struct charset *charset, struct str bytes, struct arena *arena)
{
    struct value value = value_string(bytes);
    if (charset->kind == CHARSET_UTF8 || charset->kind == CHARSET_BINARY) {
        value_string_flags(&value);
        return value;
    }
    if (charset->kind == CHARSET_ICONV) return decode_iconv(charset, bytes, arena);
    if (!utf8_is_ascii(bytes))
        return decode_single_bytes(charset->kind == CHARSET_LATIN1, bytes, arena);
    value.flags = STRING_ASCII | STRING_UTF8;
    return value;
}
