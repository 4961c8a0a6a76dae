/* SPDX-License-Identifier: Apache-2.0 */
#include "core/keystore.h"
#include <assert.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include "core/store/open.h"
#include "core/xmalloc.h"

enum {
    MAGIC_BYTES = 8, SALT_BYTES = 16, NONCE_BYTES = 12, TAG_BYTES = 16, KEY_BYTES = 32,
    ROUNDS_AT = MAGIC_BYTES + 1,
    SALT_AT = ROUNDS_AT + 4,
    NONCE_AT = SALT_AT + SALT_BYTES,
    HEADER_BYTES = NONCE_AT + NONCE_BYTES,
};
static const char magic[] = "TLRKEYS1";

/* ---- entries ---- */

static void text_free(struct str text)
{
    explicit_bzero((char *)(uintptr_t)text.ptr, text.len);
    free((char *)(uintptr_t)text.ptr);
}

static struct str text_copy(struct str text) { return (struct str){xstrndup(text), text.len}; }

static size_t entry_bytes(const struct keystore_entry *entry) { return 6 + entry->name.len + entry->value.len; }

void keystore_fini(struct keystore *store)
{
    for (uint32_t i = 0; i < store->count; i++) {
        text_free(store->items[i].name);
        text_free(store->items[i].value);
    }
    free(store->items);
    *store = (struct keystore){0};
}

static bool is_right_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
        if (!is_letter && !(i && c >= '0' && c <= '9')) return false;
    }
    return name.len > 0 && name.len <= KEYSTORE_NAME_MAX;
}

/* In lower case, into `folded`. */
static struct str fold_name(struct str name, char folded[KEYSTORE_NAME_MAX])
{
    assert(name.len <= KEYSTORE_NAME_MAX);
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        folded[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return (struct str){folded, name.len};
}

/* Where the folded name is, or belongs. */
static uint32_t position(const struct keystore *store, struct str name, bool *is_there)
{
    uint32_t low = 0, high = store->count;
    *is_there = false;
    while (low < high && !*is_there) {
        uint32_t middle = low + (high - low) / 2;
        int order = str_cmp(store->items[middle].name, name);
        *is_there = order == 0;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return high;
}

const char *keystore_set(struct keystore *store, struct str name, struct str value)
{
    if (!is_right_name(name)) return "a name is of letters, digits, `_` and `.`, and begins with no digit";
    if (value.len > KEYSTORE_VALUE_MAX) return "the value is longer than 65536 bytes";
    char folded[KEYSTORE_NAME_MAX];
    struct keystore_entry fresh = {fold_name(name, folded), value};
    bool is_there;
    uint32_t at = position(store, fresh.name, &is_there);
    size_t before = is_there ? entry_bytes(&store->items[at]) : 0;
    size_t bytes = store->bytes - before + entry_bytes(&fresh);
    if ((!is_there && store->count == KEYSTORE_ENTRIES_MAX) ||
        bytes > KEYSTORE_BYTES_MAX - HEADER_BYTES - TAG_BYTES)
        return "the keystore is full";
    store->bytes = bytes;
    if (is_there) {
        text_free(store->items[at].value);
        store->items[at].value = text_copy(value);
        return NULL;
    }
    if (store->count == store->capacity) {
        store->capacity = store->capacity ? 2 * store->capacity : 16;
        store->items = xreallocarray(store->items, store->capacity, sizeof *store->items);
    }
    memmove(&store->items[at + 1], &store->items[at], (store->count - at) * sizeof *store->items);
    store->items[at] = (struct keystore_entry){text_copy(fresh.name), text_copy(value)};
    store->count++;
    return NULL;
}

bool keystore_remove(struct keystore *store, struct str name)
{
    char folded[KEYSTORE_NAME_MAX];
    bool is_there;
    if (!is_right_name(name)) return false;
    uint32_t at = position(store, fold_name(name, folded), &is_there);
    if (!is_there) return false;
    store->bytes -= entry_bytes(&store->items[at]);
    text_free(store->items[at].name);
    text_free(store->items[at].value);
    store->count--;
    memmove(&store->items[at], &store->items[at + 1], (store->count - at) * sizeof *store->items);
    return true;
}

const struct str *keystore_get(const struct keystore *store, struct str name)
{
    char folded[KEYSTORE_NAME_MAX];
    bool is_there;
    if (!is_right_name(name)) return NULL;
    uint32_t at = position(store, fold_name(name, folded), &is_there);
    return is_there ? &store->items[at].value : NULL;
}

/* ---- bytes ---- */

static void put_number(struct buf *out, uint32_t number, int bytes)
{
    while (bytes--) buf_append_char(out, (char)(number >> (8 * bytes)));
}

/* The number at the start of `*rest`, which moves on; false: there are fewer bytes. */
static bool take_number(struct str *rest, size_t bytes, uint32_t *number)
{
    if (rest->len < bytes) return false;
    *number = 0;
    for (size_t i = 0; i < bytes; i++) *number = *number << 8 | (unsigned char)rest->ptr[i];
    *rest = str_from(*rest, bytes);
    return true;
}

static bool take_text(struct str *rest, size_t length_bytes, struct str *text)
{
    uint32_t length;
    if (!take_number(rest, length_bytes, &length) || rest->len < length) return false;
    *text = str_slice(*rest, 0, length);
    *rest = str_from(*rest, length);
    return true;
}

static void entries_print(const struct keystore *store, struct buf *out)
{
    buf_reserve(out, store->bytes + 1); /* never moved, so that one wiping is enough */
    for (uint32_t i = 0; i < store->count; i++) {
        const struct keystore_entry *entry = &store->items[i];
        put_number(out, (uint32_t)entry->name.len, 2);
        buf_append(out, entry->name);
        put_number(out, (uint32_t)entry->value.len, 4);
        buf_append(out, entry->value);
    }
    assert(out->len == store->bytes);
}

static bool entries_parse(struct keystore *store, struct str rest)
{
    while (rest.len) {
        struct str name, value;
        if (!take_text(&rest, 2, &name) || !take_text(&rest, 4, &value)) return false;
        if (keystore_set(store, name, value)) return false;
    }
    return true;
}

/* A cipher under the password's key; false: the library has refused. */
static bool cipher_open(gnutls_aead_cipher_hd_t *cipher, struct str password, const char *salt, uint32_t rounds)
{
    unsigned char key[KEY_BYTES];
    gnutls_datum_t secret = {(unsigned char *)(uintptr_t)(password.len ? password.ptr : ""),
                             (unsigned)password.len};
    gnutls_datum_t salted = {(unsigned char *)(uintptr_t)salt, SALT_BYTES};
    gnutls_datum_t whole = {key, sizeof key};
    bool ok = gnutls_pbkdf2(GNUTLS_MAC_SHA256, &secret, &salted, rounds, key, sizeof key) == 0 &&
              gnutls_aead_cipher_init(cipher, GNUTLS_CIPHER_AES_256_GCM, &whole) == 0;
    explicit_bzero(key, sizeof key);
    return ok;
}

const char *keystore_encrypt(const struct keystore *store, struct str password, uint32_t rounds,
                             struct buf *file)
{
    assert(rounds >= KEYSTORE_ROUNDS_MIN && rounds <= KEYSTORE_ROUNDS_MAX);
    char random[SALT_BYTES + NONCE_BYTES];
    if (gnutls_rnd(GNUTLS_RND_KEY, random, sizeof random) < 0) return "no random bytes are to be had";
    buf_append(file, STR(magic));
    buf_append_char(file, password.len ? 1 : 0);
    put_number(file, rounds, 4);
    buf_append(file, (struct str){random, sizeof random});
    assert(file->len == HEADER_BYTES);
    gnutls_aead_cipher_hd_t cipher;
    if (!cipher_open(&cipher, password, random, rounds)) return "the cipher is not to be had";
    struct buf plain = {0};
    entries_print(store, &plain);
    size_t size = store->bytes + TAG_BYTES;
    buf_reserve(file, size);
    bool ok = gnutls_aead_cipher_encrypt(cipher, random + SALT_BYTES, NONCE_BYTES, file->ptr, HEADER_BYTES,
                                         TAG_BYTES, plain.ptr, plain.len, file->ptr + file->len, &size) == 0;
    gnutls_aead_cipher_deinit(cipher);
    explicit_bzero(plain.ptr, plain.len);
    buf_fini(&plain);
    if (!ok) return "encryption has failed";
    file->len += size;
    return NULL;
}

/* The encrypted part to entries; the header is right. */
static const char *decrypt_body(struct keystore *store, struct str file, struct str password, uint32_t rounds)
{
    gnutls_aead_cipher_hd_t cipher;
    if (!cipher_open(&cipher, password, file.ptr + SALT_AT, rounds)) return "the cipher is not to be had";
    size_t size = file.len - HEADER_BYTES;
    char *plain = xmalloc(size);
    bool ok = gnutls_aead_cipher_decrypt(cipher, file.ptr + NONCE_AT, NONCE_BYTES, file.ptr, HEADER_BYTES,
                                         TAG_BYTES, file.ptr + HEADER_BYTES, file.len - HEADER_BYTES, plain,
                                         &size) == 0;
    gnutls_aead_cipher_deinit(cipher);
    const char *wrong = NULL;
    if (!ok) wrong = password.len ? "the password is wrong, or the file is damaged" : "the file is damaged";
    if (ok && !entries_parse(store, (struct str){plain, size})) {
        keystore_fini(store);
        wrong = "its entries are not readable";
    }
    explicit_bzero(plain, file.len - HEADER_BYTES);
    free(plain);
    return wrong;
}

const char *keystore_decrypt(struct keystore *store, struct str file, struct str password)
{
    *store = (struct keystore){0};
    if (file.len < MAGIC_BYTES || !str_starts(file, STR(magic))) return "it is no keystore of Tailrace";
    if (file.len < HEADER_BYTES + TAG_BYTES) return "the file is cut off";
    if (file.len > KEYSTORE_BYTES_MAX) return "the file is larger than 16 MiB";
    unsigned char protection = (unsigned char)file.ptr[MAGIC_BYTES];
    uint32_t rounds;
    struct str rest = str_from(file, ROUNDS_AT);
    take_number(&rest, 4, &rounds);
    if (protection > 1 || rounds < KEYSTORE_ROUNDS_MIN || rounds > KEYSTORE_ROUNDS_MAX)
        return "its header is damaged";
    if (protection && !password.len)
        return "it has a password: set TAILRACE_KEYSTORE_PASS (or LOGSTASH_KEYSTORE_PASS)";
    const char *wrong = decrypt_body(store, file, protection ? password : (struct str){0}, rounds);
    store->is_protected = !wrong && protection;
    return wrong;
}

/* ---- files ---- */

bool keystore_load(struct keystore *store, const char *path, struct str password, bool *is_missing,
                   struct diag *diag)
{
    *store = (struct keystore){0};
    FILE *file = fopen(path, "re");
    *is_missing = !file && errno == ENOENT;
    if (*is_missing) return false;
    struct buf bytes = {0};
    char chunk[8192];
    errno = 0;
    for (size_t got; file && bytes.len <= KEYSTORE_BYTES_MAX && (got = fread(chunk, 1, sizeof chunk, file)) > 0;)
        buf_append(&bytes, (struct str){chunk, got});
    bool is_read = file && !ferror(file);
    const char *wrong = is_read ? NULL : strerror(errno);
    if (file) fclose(file);
    if (is_read) wrong = keystore_decrypt(store, buf_str(&bytes), password);
    buf_fini(&bytes);
    if (wrong) diag_error(diag, (struct place){0}, "cannot open the keystore %s: %s", path, wrong);
    return !wrong;
}

bool keystore_save(const struct keystore *store, const char *path, struct str password, struct diag *diag)
{
    struct buf file = {0};
    const char *wrong = keystore_encrypt(store, password, KEYSTORE_ROUNDS, &file);
    int error = wrong ? 0 : file_replace(path, buf_str(&file), 0600);
    buf_fini(&file);
    if (error) wrong = strerror(-error);
    if (wrong) diag_error(diag, (struct place){0}, "cannot write the keystore %s: %s", path, wrong);
    return !wrong;
}

/* ---- use ---- */

static bool look_up(void *opaque, struct str name, struct arena *arena, struct str *value)
{
    const struct str *found = keystore_get(opaque, name);
    if (found) *value = arena_copy(arena, *found);
    return found != NULL;
}

struct environment keystore_environment(struct keystore *store)
{
    return (struct environment){.secret = look_up, .opaque = store};
}

void keystore_mask(const struct keystore *store, struct buf *text)
{
    for (uint32_t i = 0; i < store->count; i++) {
        struct str value = store->items[i].value;
        if (value.len < KEYSTORE_MASK_MIN) continue;
        for (ptrdiff_t found; (found = str_find(buf_str(text), value)) >= 0;) {
            char *at = text->ptr + found;
            struct str behind = str_from(buf_str(text), (size_t)found + value.len);
            memcpy(at, "***", KEYSTORE_MASK_MIN); /* no longer than any value that is looked for */
            memmove(at + KEYSTORE_MASK_MIN, behind.ptr, behind.len);
            text->len = (size_t)found + KEYSTORE_MASK_MIN + behind.len;
            if (str_find(STR("***"), value) >= 0) break; /* a value of asterisks is its own mask */
        }
    }
}
