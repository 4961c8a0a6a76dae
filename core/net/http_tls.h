/* SPDX-License-Identifier: Apache-2.0 */
/* TLS of plugins that speak HTTP through libcurl: their options, one table (OPTION_GROUP), and what the client
 * (core/net/http_client.h) makes of them. Whether TLS is spoken is said by the address (https). Start-up only. */
#ifndef CORE_NET_HTTP_TLS_H
#define CORE_NET_HTTP_TLS_H
#include "core/net/http_client.h"
#include "core/plugin.h"

struct http_tls_settings {
    struct str ssl_enabled;
    struct choice ssl_verification_mode;
    struct str_list ssl_certificate_authorities;
    struct str ssl_certificate, ssl_key, ssl_keystore_path;
    struct secret ssl_key_passphrase, ssl_keystore_password;
    struct str_list ssl_supported_protocols, ssl_cipher_suites;
};
extern const struct option http_tls_options[];

/* Checks them and the files, which must be readable now; texts lie in the context's arena. False: said. */
bool http_tls_read(const struct http_tls_settings *settings, struct http_tls *tls,
                   const struct plugin_context *context);

#endif
