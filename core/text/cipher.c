/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/cipher.h"
#include <assert.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include "core/xmalloc.h"

enum { NAME_MAX_BYTES = 64 };

struct cipher {
    EVP_CIPHER *kind;
    EVP_CIPHER_CTX *context; /* has the key */
    bool is_encrypting, is_padded;
};

static EVP_CIPHER *fetch(struct str name)
{
    char z[NAME_MAX_BYTES];
    if (name.len == 0 || name.len >= sizeof z || memchr(name.ptr, '\0', name.len)) return NULL;
    memcpy(z, name.ptr, name.len);
    z[name.len] = '\0';
    EVP_CIPHER *kind = EVP_CIPHER_fetch(NULL, z, NULL);
    if (!kind) ERR_clear_error();
    return kind;
}

/* Wrapping of keys is for keys. */
static bool authenticates(const EVP_CIPHER *kind)
{
    int mode = EVP_CIPHER_get_mode(kind);
    return (EVP_CIPHER_get_flags(kind) & EVP_CIPH_FLAG_AEAD_CIPHER) || mode == EVP_CIPH_WRAP_MODE ||
           mode == EVP_CIPH_SIV_MODE;
}

enum cipher_status cipher_facts_of(struct str name, struct cipher_facts *facts)
{
    EVP_CIPHER *kind = fetch(name);
    if (!kind) return CIPHER_UNKNOWN;
    bool is_refused = authenticates(kind);
    *facts = (struct cipher_facts){(uint32_t)EVP_CIPHER_get_key_length(kind),
                                   (uint32_t)EVP_CIPHER_get_iv_length(kind)};
    bool fits = facts->vector_len <= CIPHER_VECTOR_MAX && facts->key_len <= CIPHER_KEY_MAX &&
                EVP_CIPHER_get_block_size(kind) <= CIPHER_BLOCK_MAX;
    EVP_CIPHER_free(kind);
    if (!fits) return CIPHER_UNKNOWN;
    return is_refused ? CIPHER_AUTHENTICATES : CIPHER_OK;
}

struct cipher *cipher_create(struct str name, struct str key, bool is_encrypting, bool is_padded)
{
    static const unsigned char no_vector[CIPHER_VECTOR_MAX];
    struct cipher *cipher = xcalloc(1, sizeof *cipher);
    cipher->kind = fetch(name);
    cipher->context = EVP_CIPHER_CTX_new();
    cipher->is_encrypting = is_encrypting;
    cipher->is_padded = is_padded;
    assert(cipher->kind && cipher->context && key.len == (size_t)EVP_CIPHER_get_key_length(cipher->kind));
    int ok = EVP_CipherInit_ex2(cipher->context, cipher->kind, (const unsigned char *)key.ptr, no_vector,
                                is_encrypting, NULL);
    assert(ok);
    (void)ok;
    return cipher;
}

void cipher_destroy(struct cipher *cipher)
{
    if (!cipher) return;
    EVP_CIPHER_CTX_free(cipher->context);
    EVP_CIPHER_free(cipher->kind);
    free(cipher);
}

bool cipher_run(struct cipher *cipher, const uint8_t vector[CIPHER_VECTOR_MAX], struct str text, char *out,
                size_t *len)
{
    unsigned char *at = (unsigned char *)out;
    int first = 0, rest = 0;
    if (text.len > INT_MAX - CIPHER_BLOCK_MAX) return false;
    bool ok = EVP_CipherInit_ex2(cipher->context, NULL, NULL, vector, cipher->is_encrypting, NULL) &&
              EVP_CIPHER_CTX_set_padding(cipher->context, cipher->is_padded) &&
              EVP_CipherUpdate(cipher->context, at, &first, (const unsigned char *)text.ptr, (int)text.len) &&
              EVP_CipherFinal_ex(cipher->context, at + first, &rest);
    if (!ok) ERR_clear_error();
    *len = (size_t)(first + rest);
    assert(!ok || *len <= text.len + CIPHER_BLOCK_MAX);
    return ok;
}
