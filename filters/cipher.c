/* SPDX-License-Identifier: Apache-2.0 */
/* cipher: encrypts or decrypts a field. Engine: core/text/cipher.h. Each text has a random initialization
 * vector, which stands before it.
 *
 * Departures: what would fail for each event (a key of another length than the cipher's, an unknown cipher,
 * no vector where one is needed) is an error at start; ciphers that authenticate are refused. */
#include <stdlib.h>
#include <sys/random.h>
#include "core/plugin.h"
#include "core/text/cipher.h"
#include "core/text/encode.h"

enum { MODE_ENCRYPT, MODE_DECRYPT };
static const char *const MODES[] = {"encrypt", "decrypt", NULL};
static const char *const PADDINGS[] = {"0", "1", NULL};

struct cipher_filter {
    struct choice mode, cipher_padding;
    struct str algorithm, key_pad;
    struct secret key;
    int64_t key_size, iv_random_length;
    bool base64;
    struct path source, target;

    struct cipher *cipher;
    size_t vector_len;
};

static const struct option cipher_options[] = {
    OPTION_CHOICE(struct cipher_filter, mode, .required = true, .choices = MODES, .help = "What to do."),
    OPTION_STRING(struct cipher_filter, algorithm, .required = true,
                  .help = "OpenSSL's name of the cipher, as in aes-256-cbc: `openssl list -cipher-algorithms`."),
    OPTION_SECRET(struct cipher_filter, key, .required = true, .help = "The key; better as ${NAME} from the keystore."),
    OPTION_INT(struct cipher_filter, key_size, .preset = "16", .min = 1, .max = CIPHER_KEY_MAX,
               .help = "Bytes of the key: a longer one is cut, a shorter one padded."),
    OPTION_STRING(struct cipher_filter, key_pad, .help = "What a short key is padded with; preset: a zero byte."),
    OPTION_INT(struct cipher_filter, iv_random_length, .min = 0, .max = 64,
               .help = "Bytes of the random initialization vector before each text: 16 for AES."),
    OPTION_BOOL(struct cipher_filter, base64, .preset = "true", .help = "Encrypted texts are base64."),
    OPTION_CHOICE(struct cipher_filter, cipher_padding, .preset = "1", .choices = PADDINGS,
                  .help = "1: texts are padded to whole blocks. 0: they must be whole blocks."),
    OPTION_PATH(struct cipher_filter, source, .preset = "message", .help = "Field to read."),
    OPTION_PATH(struct cipher_filter, target, .preset = "message", .help = "Field for the result."),
    OPTION_IGNORED("max_cipher_reuse", "Accepted: a cipher is always used again."),
    OPTION_END};

/* ---- create ---- */

/* The key as long as key_size says. */
static struct str key_fit(const struct cipher_filter *self, struct arena *arena)
{
    size_t size = (size_t)self->key_size;
    struct str pad = self->key_pad.len ? self->key_pad : (struct str){"", 1};
    char *key = arena_alloc(arena, size);
    for (size_t i = 0; i < size; i++)
        key[i] = i < self->key.text.len ? self->key.text.ptr[i] : pad.ptr[(i - self->key.text.len) % pad.len];
    return (struct str){key, size};
}

static bool refuse(const struct plugin_context *context, const char *option, struct str name, const char *what,
                   const char *hint)
{
    struct message *message =
        diag_error(context->diag, context_place(context, option), "the cipher `%.*s` %s", STR_ARG(name), what);
    diag_hint(context->diag, message, "%s", hint);
    return false;
}

static bool cipher_filter_create(void *opaque, const struct plugin_context *context)
{
    struct cipher_filter *self = opaque;
    struct cipher_facts facts;
    switch (cipher_facts_of(self->algorithm, &facts)) {
    case CIPHER_OK: break;
    case CIPHER_UNKNOWN:
        return refuse(context, "algorithm", self->algorithm, "is not known",
                      "`openssl list -cipher-algorithms` lists them");
    case CIPHER_AUTHENTICATES:
        return refuse(context, "algorithm", self->algorithm, "keeps a tag, for which there is no place here",
                      "take one in CBC or CTR mode");
    }
    if (facts.key_len != (uint64_t)self->key_size) {
        struct message *message = diag_error(context->diag, context_place(context, "key_size"),
                                             "the cipher `%.*s` has keys of %u bytes", STR_ARG(self->algorithm),
                                             facts.key_len);
        diag_hint(context->diag, message, "key_size => %u", facts.key_len);
        return false;
    }
    if (facts.vector_len != (uint64_t)self->iv_random_length) {
        struct message *message =
            diag_error(context->diag, context_place(context, "iv_random_length"),
                       "the cipher `%.*s` has initialization vectors of %u bytes", STR_ARG(self->algorithm),
                       facts.vector_len);
        diag_hint(context->diag, message, "iv_random_length => %u", facts.vector_len);
        return false;
    }
    self->vector_len = facts.vector_len;
    self->cipher = cipher_create(self->algorithm, key_fit(self, context->arena), self->mode.value == MODE_ENCRYPT,
                                 self->cipher_padding.value);
    return true;
}

static void cipher_filter_destroy(void *opaque)
{
    struct cipher_filter *self = opaque;
    cipher_destroy(self->cipher);
}

/* ---- apply ---- */

/* The vector, the encrypted text; base64 over both. */
static bool encrypted(const struct cipher_filter *self, struct str text, struct arena *arena, struct value *out)
{
    uint8_t vector[CIPHER_VECTOR_MAX] = {0};
    size_t len;
    if (!arena_allows(arena, 3 * text.len + 4 * CIPHER_BLOCK_MAX)) return false;
    char *made = arena_alloc(arena, self->vector_len + text.len + CIPHER_BLOCK_MAX);
    if (getrandom(vector, self->vector_len, 0) != (ssize_t)self->vector_len) return false;
    memcpy(made, vector, self->vector_len);
    if (!cipher_run(self->cipher, vector, text, made + self->vector_len, &len)) return false;
    struct str whole = {made, self->vector_len + len};
    if (self->base64) {
        char *digits = arena_alloc(arena, base64_size(whole.len));
        base64_encode(whole, digits);
        whole = (struct str){digits, base64_size(whole.len)};
    }
    *out = value_string(whole);
    return true;
}

static bool decrypted(const struct cipher_filter *self, struct str text, struct arena *arena, struct value *out)
{
    uint8_t vector[CIPHER_VECTOR_MAX] = {0};
    size_t len;
    if (!arena_allows(arena, 2 * text.len + 2 * CIPHER_BLOCK_MAX)) return false;
    if (self->base64) {
        char *bytes = arena_alloc(arena, text.len + 1);
        if (!base64_decode(text, bytes, &len)) return false;
        text = (struct str){bytes, len};
    }
    if (text.len < self->vector_len) return false;
    memcpy(vector, text.ptr, self->vector_len);
    text = str_from(text, self->vector_len);
    char *made = arena_alloc(arena, text.len + CIPHER_BLOCK_MAX);
    if (!cipher_run(self->cipher, vector, text, made, &len)) return false;
    *out = value_string((struct str){made, len});
    return true;
}

static void cipher_filter_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    const struct cipher_filter *self = opaque;
    SELECTION_EACH(batch, in, event)
    {
        const struct value *value = path_get(&self->source, event);
        struct value result;
        if (!value || value->kind == VALUE_NULL || (value->kind == VALUE_STRING && !value->len)) continue;
        bool ok = value->kind == VALUE_STRING;
        ok = ok && (self->mode.value == MODE_ENCRYPT ? encrypted(self, value_text(value), event->arena, &result)
                                                     : decrypted(self, value_text(value), event->arena, &result));
        if (ok && path_set(&self->target, event, result) == PATH_SET) outcome_matched(out, event);
        else outcome_failed(out, event, STR("_cipherfailure"));
    }
}

static void cipher_filter_fields(const void *opaque, struct field_set *fields)
{
    const struct cipher_filter *self = opaque;
    fields_read(fields, &self->source);
    fields_fail(fields);
    fields_may_put(fields, &self->target, TYPE_STRING);
}

const struct filter_type filter_cipher = {
    .name = "cipher",
    .summary = "Encrypts or decrypts a field.",
    .size = sizeof(struct cipher_filter),
    .options = cipher_options,
    .create = cipher_filter_create,
    .apply = cipher_filter_apply,
    .destroy = cipher_filter_destroy,
    .fields = cipher_filter_fields,
};
