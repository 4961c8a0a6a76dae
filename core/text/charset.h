/* SPDX-License-Identifier: Apache-2.0 */
/* The `charset` of codecs: bytes of a sender to UTF-8. Names are those of Ruby and Logstash; what
 * is not built in is looked up in libc's iconv(3).
 *
 * UTF-8, the preset, changes nothing: text that is not valid keeps its bytes and is flagged
 * STRING_BINARY, and the codec tags the event `_invalid_utf8`. (Logstash replaces the whole string
 * by an escaped form of it, which patterns no longer match and which cannot be undone.) In other
 * character sets a byte that stands for nothing becomes U+FFFD.
 *
 * An iconv descriptor has state: one charset belongs to one thread. */
#ifndef CORE_TEXT_CHARSET_H
#define CORE_TEXT_CHARSET_H
#include "core/event/value.h"

enum charset_kind {
    CHARSET_UTF8,
    CHARSET_BINARY, /* BINARY, ASCII-8BIT: bytes, kept; no tag */
    CHARSET_ASCII,  /* bytes above 127 become U+FFFD */
    CHARSET_LATIN1,
    CHARSET_ICONV,
};

struct charset {
    enum charset_kind kind;
    void *iconv; /* of CHARSET_ICONV */
};

enum { CHARSET_NAME_MAX = 64 };

/* False: nobody knows this name. */
bool charset_open(struct charset *charset, struct str name);
void charset_close(struct charset *charset);
/* A flagged string: the bytes themselves, or arena memory. */
struct value charset_decode(const struct charset *charset, struct str bytes, struct arena *arena);

#endif
