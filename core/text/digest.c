/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/digest.h"
#include <assert.h>
#include <gnutls/crypto.h>
#include "core/text/encode.h"

static const struct {
    gnutls_digest_algorithm_t digest;
    gnutls_mac_algorithm_t mac;
} kinds[] = {
    [DIGEST_MD5] = {GNUTLS_DIG_MD5, GNUTLS_MAC_MD5},
    [DIGEST_SHA1] = {GNUTLS_DIG_SHA1, GNUTLS_MAC_SHA1},
    [DIGEST_SHA256] = {GNUTLS_DIG_SHA256, GNUTLS_MAC_SHA256},
    [DIGEST_SHA384] = {GNUTLS_DIG_SHA384, GNUTLS_MAC_SHA384},
    [DIGEST_SHA512] = {GNUTLS_DIG_SHA512, GNUTLS_MAC_SHA512},
};

static const char *bytes_of(struct str text) { return text.ptr ? text.ptr : ""; }

size_t digest_bytes(enum digest digest, struct str text, unsigned char bytes[DIGEST_BYTES_MAX])
{
    size_t len = (size_t)gnutls_hash_get_len(kinds[digest].digest);
    assert(len && len <= DIGEST_BYTES_MAX);
    /* an identity, not a signature: MD5 is allowed even where policy forbids it for those */
    GNUTLS_FIPS140_SET_LAX_MODE();
    int failed = gnutls_hash_fast(kinds[digest].digest, bytes_of(text), text.len, bytes);
    GNUTLS_FIPS140_SET_STRICT_MODE();
    assert(!failed);
    (void)failed;
    return len;
}

size_t digest_keyed(enum digest digest, struct str key, struct str text, unsigned char bytes[DIGEST_BYTES_MAX])
{
    size_t len = (size_t)gnutls_hmac_get_len(kinds[digest].mac);
    assert(len && len <= DIGEST_BYTES_MAX);
    GNUTLS_FIPS140_SET_LAX_MODE();
    int failed = gnutls_hmac_fast(kinds[digest].mac, bytes_of(key), key.len, bytes_of(text), text.len, bytes);
    GNUTLS_FIPS140_SET_STRICT_MODE();
    assert(!failed);
    (void)failed;
    return len;
}

void digest_hex(enum digest digest, struct str text, char hex[DIGEST_HEX_MAX])
{
    unsigned char bytes[DIGEST_BYTES_MAX];
    size_t len = digest_bytes(digest, text, bytes);
    hex_encode((struct str){(const char *)bytes, len}, hex);
    hex[2 * len] = 0;
}
