/* SPDX-License-Identifier: Apache-2.0 */
/* The TLS of one connection, from its handshake on.
 *
 *   socket ──recv──▶ sealed bytes on the stack ──▶ OpenSSL ──▶ plain bytes in the loop's shared block
 *
 * One read takes at most SEALED_BYTES from the socket, and all of it is opened at once: what is left is a
 * part of a record, which OpenSSL keeps. So nothing that could be read waits unseen by the poll, and the
 * space of a read (READ_SPACE_MIN) always suffices.
 *
 * What OpenSSL writes goes to the socket; what that does not take is kept in `out` (at most
 * TLS_OUT_BYTES_MAX, else the connection is broken: a peer that asks for answers and reads none) and the
 * connection waits for room. Bytes of the owner count as written once the socket has their whole record.
 *
 * While its handshake is underway a session stands in tls->underway. One worker's thread. */
#ifndef CORE_NET_TLS_SESSION_H
#define CORE_NET_TLS_SESSION_H
#include "core/net/tls.h"

enum {
    SEALED_BYTES = 32 * 1024,
    TLS_OUT_BYTES_MAX = 64 * 1024,
    VERDICT_MS = 500, /* that a server gets to refuse the certificate of a client, if it gives no tickets */
    TLS_SUBJECT_MAX = 1024, /* bytes of the name in a certificate */
};

struct conn;
struct tls_session;

/* NULL: no more are allowed (said, counted). The oldest of too many handshakes ends before. */
struct tls_session *tls_session_open(struct tls *tls, struct conn *conn);
void tls_session_close(struct tls_session *session); /* tells the peer, if the handshake was done */

struct tls_got {
    size_t sealed, len;    /* bytes received, plain bytes among them */
    bool has_opened;       /* the handshake was done just now */
    bool is_ended;         /* the peer ended it (status 0), or it is broken (UV_E code) */
    int status;
};
struct tls_got tls_session_read(struct tls_session *session, uv_buf_t space);
/* As conn_write(). After 0 the same bytes are offered again, perhaps more of them. */
ssize_t tls_session_write(struct tls_session *session, struct str bytes);
/* Writes what is kept; a UV_E code when the socket is broken. */
int tls_session_flush(struct tls_session *session);
bool tls_session_is_full(const struct tls_session *session); /* something is kept */
bool tls_session_is_open(const struct tls_session *session); /* the handshake is done */

/* For SSL_CTX_sess_set_new_cb(): the server has accepted this client. */
int tls_session_ticket(SSL *ssl, SSL_SESSION *ticket);
/* A peer's certificate that was verified: its subject, "" without one. */
struct str tls_session_subject(const struct tls_session *session, char text[TLS_SUBJECT_MAX]);
const char *tls_session_version(const struct tls_session *session);
const char *tls_session_cipher(const struct tls_session *session);

/* Handshakes that are over time at `now` end. When the next one will be; UINT64_MAX: none is underway. */
void tls_sessions_late(struct tls *tls, uint64_t now);
uint64_t tls_sessions_due(const struct tls *tls);

#endif
