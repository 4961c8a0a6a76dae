/* SPDX-License-Identifier: Apache-2.0 */
/* Symmetric ciphers by OpenSSL's names (`aes-256-cbc`), which librdkafka brings along. One cipher works in one
 * direction, with one key; each text has an initialization vector of its own. Ciphers that authenticate
 * (GCM, CCM, …) are refused: their tags would have to be kept somewhere. One thread at a time. */
#ifndef CORE_TEXT_CIPHER_H
#define CORE_TEXT_CIPHER_H
#include <stdint.h>
#include "core/text/str.h"

enum { CIPHER_VECTOR_MAX = 16, CIPHER_BLOCK_MAX = 32, CIPHER_KEY_MAX = 64 };

enum cipher_status { CIPHER_OK, CIPHER_UNKNOWN, CIPHER_AUTHENTICATES };

struct cipher;
struct cipher_facts {
    uint32_t key_len, vector_len; /* bytes; vector_len 0: it needs none */
};
enum cipher_status cipher_facts_of(struct str name, struct cipher_facts *facts);
/* The name is known and the key of its length. */
struct cipher *cipher_create(struct str name, struct str key, bool is_encrypting, bool is_padded);
void cipher_destroy(struct cipher *cipher); /* NULL is allowed */

/* Writes at most text.len + CIPHER_BLOCK_MAX bytes. False: what is to be decrypted was not made by this key and
 * vector, or without padding the text is no whole number of blocks. */
bool cipher_run(struct cipher *cipher, const uint8_t vector[CIPHER_VECTOR_MAX], struct str text, char *out,
                size_t *len);

#endif
