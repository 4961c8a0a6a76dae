/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/http_tls.h"
#include <unistd.h>

static const char *const verifications[] = {"full", "certificate", "none", NULL};

#define T struct http_tls_settings
const struct option http_tls_options[] = {
    OPTION_STRING(T, ssl_enabled, .help = "true or false; not given: as the addresses say (https)."),
    {.name = "ssl", .kind = OPTION_IS_STRING, .alias_of = "ssl_enabled", .offset = offsetof(T, ssl_enabled),
     .deprecated = "use ssl_enabled", .help = "Old spelling of ssl_enabled."},
    OPTION_CHOICE(T, ssl_verification_mode, .preset = "full", .choices = verifications,
                  .help = "Checks the server's chain and name (full), its chain (certificate), or nothing (none)."),
    OPTION_STRINGS(T, ssl_certificate_authorities, .max = 1,
                   .help = "File (PEM) of the authorities that are trusted; not given: the system's."),
    {.name = "cacert", .kind = OPTION_IS_STRINGS, .alias_of = "ssl_certificate_authorities", .max = 1,
     .offset = offsetof(T, ssl_certificate_authorities), .deprecated = "use ssl_certificate_authorities",
     .help = "Old spelling of ssl_certificate_authorities."},
    OPTION_STRING(T, ssl_certificate, .help = "File of the client's certificate and its chain (PEM)."),
    OPTION_STRING(T, ssl_key, .help = "File of its key (PEM)."),
    OPTION_SECRET(T, ssl_key_passphrase, .help = "Passphrase of the key."),
    OPTION_STRING(T, ssl_keystore_path, .help = "File .p12 with certificate and key, instead of two files."),
    OPTION_SECRET(T, ssl_keystore_password, .help = "Its password."),
    OPTION_STRINGS(T, ssl_supported_protocols, .help = "TLSv1.3 alone, or TLSv1.2 and TLSv1.3 (the preset)."),
    OPTION_STRINGS(T, ssl_cipher_suites, .help = "Ciphers of TLS 1.2, by OpenSSL's names."),
    OPTION_OBSOLETE("ca_trusted_fingerprint", "not in this version: give the authority's certificate by "
                                              "ssl_certificate_authorities"),
    OPTION_OBSOLETE("ssl_truststore_path", "not in this version: export the authorities as PEM (keytool -exportcert "
                                           "-rfc) and give them by ssl_certificate_authorities"),
    OPTION_END};
#undef T

static bool file_is_there(const struct plugin_context *context, const char *option, const char *path)
{
    if (!path || access(path, R_OK) == 0) return true;
    struct message *message = diag_error(context->diag, context_place(context, option), "cannot read %s", path);
    diag_hint(context->diag, message, "it must be there and readable when the pipeline starts");
    return false;
}

static bool protocols_read(const struct str_list *list, struct http_tls *tls, const struct plugin_context *context)
{
    tls->is_1_3 = list->count > 0;
    for (uint32_t i = 0; i < list->count; i++) {
        if (str_eq_z(list->items[i], "TLSv1.2")) tls->is_1_3 = false;
        if (!str_eq_z(list->items[i], "TLSv1.2") && !str_eq_z(list->items[i], "TLSv1.3"))
            return option_complain(context, "ssl_supported_protocols", "there are only TLSv1.2 and TLSv1.3", NULL);
    }
    return true;
}

bool http_tls_read(const struct http_tls_settings *given, struct http_tls *tls,
                   const struct plugin_context *context)
{
    struct arena *arena = context->arena;
    tls->verifies = given->ssl_verification_mode.value <= 1;
    tls->verifies_name = given->ssl_verification_mode.value == 0;
    if (given->ssl_certificate_authorities.count)
        tls->authorities = http_text(given->ssl_certificate_authorities.items[0], arena);
    bool has_store = given->ssl_keystore_path.len, has_pair = given->ssl_certificate.len;
    if (has_pair != (given->ssl_key.len > 0))
        return option_complain(context, has_pair ? "ssl_certificate" : "ssl_key",
                               "ssl_certificate and ssl_key belong together", NULL);
    if (has_store && has_pair)
        return option_complain(context, "ssl_keystore_path", "there is an ssl_certificate, too",
                               "leave one of them out");
    if (has_store && !str_ends(given->ssl_keystore_path, STR(".p12")))
        return option_complain(context, "ssl_keystore_path", "only files .p12 are read",
                               "convert it: keytool -importkeystore -deststoretype pkcs12");
    tls->certificate = http_text(has_store ? given->ssl_keystore_path : given->ssl_certificate, arena);
    tls->key = http_text(given->ssl_key, arena);
    tls->passphrase = http_text((has_store ? given->ssl_keystore_password : given->ssl_key_passphrase).text, arena);
    struct buf ciphers = buf_in_arena(arena);
    for (uint32_t i = 0; i < given->ssl_cipher_suites.count; i++)
        buf_printf(&ciphers, "%s%.*s", i ? ":" : "", STR_ARG(given->ssl_cipher_suites.items[i]));
    tls->ciphers = http_text(buf_str(&ciphers), arena);
    bool ok = file_is_there(context, "ssl_certificate_authorities", tls->authorities);
    ok = file_is_there(context, has_store ? "ssl_keystore_path" : "ssl_certificate", tls->certificate) && ok;
    ok = file_is_there(context, "ssl_key", tls->key) && ok;
    return protocols_read(&given->ssl_supported_protocols, tls, context) && ok;
}
