/* SPDX-License-Identifier: Apache-2.0 */
/* Digests as lower-case hex, by GnuTLS, which the API's HTTP library brings along: OpenSSL would cost
 * 3.4 MB of resident memory for this alone. Any thread. */
#ifndef CORE_TEXT_DIGEST_H
#define CORE_TEXT_DIGEST_H
#include "core/text/str.h"

enum digest { DIGEST_MD5, DIGEST_SHA256 };
enum { DIGEST_HEX_MAX = 65 }; /* with its NUL */

/* NUL-terminated into `hex`. */
void digest_hex(enum digest digest, struct str text, char hex[DIGEST_HEX_MAX]);

#endif
