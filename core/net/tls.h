/* SPDX-License-Identifier: Apache-2.0 */
/* Options of TLS, one table for all plugins that speak it (OPTION_GROUP). This version has no TLS:
 * a block that switches it on is refused, one that leaves it off is accepted. */
#ifndef CORE_NET_TLS_H
#define CORE_NET_TLS_H
#include "core/plugin.h"

struct tls_settings {
    bool ssl_enabled;
    struct config_option ssl_certificate, ssl_key, ssl_key_passphrase, ssl_extra_chain_certs,
        ssl_certificate_authorities, ssl_client_authentication, ssl_verification_mode,
        ssl_supported_protocols, ssl_cipher_suites;
};
extern const struct option tls_options[];

/* False when TLS is wanted; said at the option. */
bool tls_check(const struct tls_settings *settings, const struct plugin_context *context);

#endif
