/* SPDX-License-Identifier: Apache-2.0 */
/* TLS of a plugin: its options, one table for all that speak it (OPTION_GROUP), and what they become.
 *
 *   tls_create   options checked, files read (core/net/tls_files.h); all that is wrong is said at its place
 *   tls_open     on the worker's loop: the files are looked at every TLS_LOOK_MS, and at SIGHUP
 *   conn_set.tls connections of that set are encrypted (core/net/tls_session.h)
 *
 * A file that has changed makes a new context for handshakes to come; connections that are established
 * keep what they have. What cannot be used leaves the old context in place, is said and counted.
 *
 * Limits: a handshake has ssl_handshake_timeout; of HANDSHAKES_MAX underway the oldest is given up for the
 * next; each session is charged TLS_SESSION_BYTES to the pipeline's budget, all of them together may take
 * half of it. So neither clients that stall nor many idle ones keep others from being served.
 *
 * One object for each instance, on that worker's thread; counters are read by anyone. */
#ifndef CORE_NET_TLS_H
#define CORE_NET_TLS_H
#include <openssl/ssl.h>
#include "core/net/address.h"
#include "core/net/loop.h"
#include "core/plugin.h"
#include "core/store/live_file.h"

enum {
    TLS_LOOK_MS = 5000,           /* between two looks at the files */
    TLS_FILES_MAX = 16,           /* certificate, key, chain and authorities of a plugin */
    TLS_SESSION_BYTES = 64 * 1024, /* charged for one session */
    HANDSHAKES_MAX = 1000,        /* underway at a listener of one worker */
};

struct tls_settings {
    bool ssl_enabled, ssl_verify;
    struct str ssl_certificate, ssl_key;
    struct secret ssl_key_passphrase;
    struct str_list ssl_extra_chain_certs, ssl_certificate_authorities;
    struct choice ssl_client_authentication, ssl_verification_mode, ssl_verify_mode;
    struct str tls_min_version, tls_max_version;
    struct str_list ssl_supported_protocols, ssl_cipher_suites;
    struct duration ssl_handshake_timeout;
};
extern const struct option tls_options[];

enum tls_clients { CLIENTS_NONE, CLIENTS_OPTIONAL, CLIENTS_REQUIRED }; /* must show a certificate? */

struct tls_plan {
    bool is_client;
    enum tls_clients clients; /* of a server */
    bool is_verifying;        /* of a client: the server's certificate and name */
    struct str peer;          /* of a client: the name or address it connects to */
    const struct tls_settings *settings; /* texts are ended by NUL */
};

/* Why a handshake failed, for /metrics. */
enum tls_failure {
    TLS_PLAINTEXT,   /* what came is no TLS */
    TLS_VERSION,     /* no version, or no cipher suite, in common */
    TLS_CERTIFICATE, /* the peer's is absent or not accepted */
    TLS_REFUSED,     /* the peer ended it with an alert */
    TLS_PROTOCOL,    /* what came is broken TLS */
    TLS_TIMEOUT,
    TLS_CLOSED,      /* the peer went away */
    TLS_TOO_MANY,    /* HANDSHAKES_MAX, or half of the memory */
    TLS_FAILURES
};
extern const char *const tls_failure_names[TLS_FAILURES];

struct tls_counters {
    atomic_uint_fast64_t handshakes, sessions, failed[TLS_FAILURES], reloads, reload_failures;
    atomic_uint_fast64_t expires_s; /* when the own certificate does, seconds since 1970; 0: there is none */
};

struct tls_session;
struct tls {
    struct tls_plan plan;
    SSL_CTX *context; /* for handshakes that begin */
    struct str id;
    struct tls_counters counters;
    /* from tls_open() on */
    struct loop *loop;
    struct tls *next, **link;
    struct file_stamp stamps[TLS_FILES_MAX];
    const char *paths[TLS_FILES_MAX]; /* those that are watched */
    uint32_t path_count;
    uint64_t look_ms; /* of the loop's clock: when it is due */
    struct tls_session *underway, **underway_last; /* handshakes, the oldest first */
    uint32_t underway_count;
};

/* Who calls it sets tls->plan.is_client, peer and clients (what is meant when no option says it) first.
 * True without TLS, too: then tls->context stays NULL. */
bool tls_create(struct tls *tls, struct tls_settings *settings, const struct plugin_context *context);
void tls_destroy(struct tls *tls);
static inline bool tls_is_on(const struct tls *tls) { return tls->context != NULL; }

void tls_open(struct tls *tls, struct loop *loop);
void tls_close(struct tls *tls); /* all sessions are closed */
/* SIGHUP: the files of all that are open on this loop are looked at now. */
void tls_look_all(struct loop *loop);
/* The loop's timer is set to what is due first. */
void tls_schedule(struct loop *loop);
/* A handshake failed: counted and said. */
void tls_failed(struct tls *tls, enum tls_failure failure, const struct address *peer, const char *what);

#endif
