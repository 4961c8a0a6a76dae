/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/tls.h"

#define TLS_OPTION(name_, help_) OPTION_RAW(struct tls_settings, name_, .help = help_)
const struct option tls_options[] = {
    OPTION_BOOL(struct tls_settings, ssl_enabled, .preset = "false",
                .help = "Encrypts with TLS. Not in this version: only false is accepted."),
    {.name = "ssl_enable", .kind = OPTION_IS_BOOL, .alias_of = "ssl_enabled",
     .offset = offsetof(struct tls_settings, ssl_enabled), .deprecated = "use ssl_enabled",
     .help = "Old spelling of ssl_enabled."},
    TLS_OPTION(ssl_certificate, "Certificate file (TLS is not in this version)."),
    TLS_OPTION(ssl_key, "Private key file (TLS is not in this version)."),
    TLS_OPTION(ssl_key_passphrase, "Passphrase of the key (TLS is not in this version)."),
    TLS_OPTION(ssl_extra_chain_certs, "Chain files (TLS is not in this version)."),
    TLS_OPTION(ssl_certificate_authorities, "Trusted authorities (TLS is not in this version)."),
    TLS_OPTION(ssl_client_authentication, "Certificates of clients (TLS is not in this version)."),
    TLS_OPTION(ssl_verification_mode, "Check of the server (TLS is not in this version)."),
    TLS_OPTION(ssl_supported_protocols, "TLS versions (TLS is not in this version)."),
    TLS_OPTION(ssl_cipher_suites, "Cipher suites (TLS is not in this version)."),
    OPTION_END,
};

bool tls_check(const struct tls_settings *settings, const struct plugin_context *context)
{
    if (!settings->ssl_enabled) return true;
    struct message *message = diag_error(context->diag, context_place(context, "ssl_enabled"),
                                         "TLS is not in this version");
    diag_hint(context->diag, message,
              "set it to false, and put a TLS proxy (stunnel, HAProxy) in front where it is needed");
    return false;
}
