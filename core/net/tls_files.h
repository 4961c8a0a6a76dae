/* SPDX-License-Identifier: Apache-2.0 */
/* From certificates, keys and authorities in files to what OpenSSL makes handshakes with. PEM only. What is
 * wrong is told with the option it belongs to and the remedy; a certificate that is about to cause trouble
 * (expired, not valid yet) is a warning. Reads files: at start, and when they have changed. */
#ifndef CORE_NET_TLS_FILES_H
#define CORE_NET_TLS_FILES_H
#include "core/net/tls.h"

enum {
    TLS_FILE_BYTES_MAX = 4 * 1024 * 1024, /* of a certificate, key or list of authorities */
    TLS_TEXT_MAX = 600,                   /* of a complaint */
    EXPIRES_SOON_DAYS = 14,               /* a warning at start */
};

struct tls_report {
    /* `hint` is never empty. */
    void (*say)(void *opaque, bool is_error, const char *option, const char *text, const char *hint);
    void *opaque;
};

/* NULL: at least one error was told. `expires_s`: when the own certificate does, 0 without one. */
SSL_CTX *tls_context_create(const struct tls_plan *plan, const struct tls_report *report, int64_t *expires_s);

#endif
