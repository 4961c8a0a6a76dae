/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as text and back: hexadecimal, base64 (RFC 4648), percent-encoding (RFC 3986). Results go to
 * memory of the caller, who has seen that there is room for the size said. No state: any thread. */
#ifndef CORE_TEXT_ENCODE_H
#define CORE_TEXT_ENCODE_H
#include <stdint.h>
#include "core/text/str.h"

/* -1: it is none. */
int hex_digit(char c);
/* Writes 2 * len bytes, in lower case. */
void hex_encode(struct str bytes, char *out);
/* Writes len / 2 bytes. False: an odd length, or something that is no digit. */
bool hex_decode(struct str hex, char *out);

static inline size_t base64_size(size_t len) { return (len + 2) / 3 * 4; }
/* Writes base64_size(len) bytes: section 4, padded. */
void base64_encode(struct str bytes, char *out);
/* Both alphabets (sections 4 and 5), with and without padding. Writes at most len bytes; false: it is none. */
bool base64_decode(struct str text, char *out, size_t *len);

/* Writes up to 3 * len bytes: all but unreserved characters are encoded. Returns how many. */
size_t url_encode(struct str text, char *out);
/* Writes at most len bytes and returns how many. A `%` without two digits stays. */
size_t url_decode(struct str text, bool plus_is_blank, char *out);

#endif
