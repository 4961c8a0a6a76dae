/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 (RFC 3629): is a run of bytes ASCII, valid or not; decoding and encoding one character. */
#ifndef CORE_TEXT_UTF8_H
#define CORE_TEXT_UTF8_H
#include <stdint.h>
#include "core/text/str.h"

enum utf8_verdict { UTF8_ASCII, UTF8_VALID, UTF8_INVALID };

/* One pass; ASCII runs are checked up to 64 bytes at a time. */
enum utf8_verdict utf8_check(struct str text);
bool utf8_is_ascii(struct str text);
/* Length of the longest valid head: text.len when all of it is valid. */
size_t utf8_valid_len(struct str text);
/* The character at the start of `text` (not empty) and its length in bytes; length 0: not valid. */
uint32_t utf8_decode(struct str text, size_t *len);
/* Writes 1 to 4 bytes; returns how many. `code` must be a scalar value (no surrogate). */
size_t utf8_encode(uint32_t code, char out[4]);

#endif
