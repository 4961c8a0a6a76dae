/* SPDX-License-Identifier: Apache-2.0 */
/* Digests and keyed digests (HMAC, RFC 2104), by GnuTLS, which the API's HTTP library brings along.
 * Any thread. */
#ifndef CORE_TEXT_DIGEST_H
#define CORE_TEXT_DIGEST_H
#include "core/text/str.h"

enum digest { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 };
enum { DIGEST_BYTES_MAX = 64, DIGEST_HEX_MAX = 2 * DIGEST_BYTES_MAX + 1 /* with its NUL */ };

/* Returns how many bytes were written. */
size_t digest_bytes(enum digest digest, struct str text, unsigned char bytes[DIGEST_BYTES_MAX]);
size_t digest_keyed(enum digest digest, struct str key, struct str text, unsigned char bytes[DIGEST_BYTES_MAX]);
/* Lower-case and NUL-terminated into `hex`. */
void digest_hex(enum digest digest, struct str text, char hex[DIGEST_HEX_MAX]);

#endif
