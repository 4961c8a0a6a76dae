/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets for `${NAME}` in a file of their own: AES-256-GCM (NIST SP 800-38D) under a key that PBKDF2
 * with HMAC-SHA-256 (RFC 8018) makes of a password. Without a password the key is made of none: the
 * file's mode alone protects it then, and the owner is told so. Numbers are big-endian:
 *
 *   "TLRKEYS1"  protection (1 byte: 0 none, 1 password)  rounds (4)  salt (16)  nonce (12)
 *   encrypted: for each secret  length of name (2)  name  length of value (4)  value
 *   tag (16), over all that is before it
 *
 * Names are of [A-Za-z_.][A-Za-z0-9_.]*, their case does not matter (kept in lower case, as Logstash
 * does). A store owns its memory and wipes it. Start-up and commands only; one thread. */
#ifndef CORE_KEYSTORE_H
#define CORE_KEYSTORE_H
#include "core/environment.h"

enum {
    KEYSTORE_ENTRIES_MAX = 4096,
    KEYSTORE_NAME_MAX = 256,           /* bytes */
    KEYSTORE_VALUE_MAX = 64 * 1024,    /* bytes */
    KEYSTORE_BYTES_MAX = 16 * 1024 * 1024,
    KEYSTORE_ROUNDS = 600000,          /* of a store that is written */
    KEYSTORE_ROUNDS_MIN = 1000,        /* of one that is read: a forged number cannot hang the start */
    KEYSTORE_ROUNDS_MAX = 5000000,
    KEYSTORE_MASK_MIN = 3,             /* bytes of a value that keystore_mask() looks for */
};

/* Both texts are the store's own memory. */
struct keystore_entry {
    struct str name, value;
};

struct keystore {
    struct keystore_entry *items; /* by name */
    uint32_t count, capacity;
    size_t bytes;                 /* of all entries in the file */
    bool is_protected;            /* read from a file with a password */
};

void keystore_fini(struct keystore *store);

/* NULL, or static words that say what is wrong with name, value or their number. A name that is there
 * is replaced. */
const char *keystore_set(struct keystore *store, struct str name, struct str value);
bool keystore_remove(struct keystore *store, struct str name);
/* Its value, or NULL. */
const struct str *keystore_get(const struct keystore *store, struct str name);

/* Bytes of a file to a store (zeroed), and back. Empty password: none. NULL, or what is wrong; the store
 * is empty then. */
const char *keystore_decrypt(struct keystore *store, struct str file, struct str password);
const char *keystore_encrypt(const struct keystore *store, struct str password, uint32_t rounds,
                             struct buf *file);

/* Of a file. False: said in the diag, unless it `is_missing`. It is written whole or not at all, mode 0600. */
bool keystore_load(struct keystore *store, const char *path, struct str password, bool *is_missing,
                   struct diag *diag);
bool keystore_save(const struct keystore *store, const char *path, struct str password, struct diag *diag);

/* For environment_expand(): the opaque is the store. */
struct environment keystore_environment(struct keystore *store);
/* Covers every value of the store that stands in a text that is going to be shown. */
void keystore_mask(const struct keystore *store, struct buf *text);

#endif
