/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/tls_session.h"
#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include "core/log.h"
#include "core/net/conn.h"
#include "core/xmalloc.h"

struct tls_session {
    SSL *ssl;
    struct tls *tls;
    struct conn *conn;
    struct str in;   /* sealed bytes of the present read that OpenSSL has not taken */
    struct buf out;  /* sealed bytes that the socket did not take, from out_start on */
    size_t out_start;
    size_t pending;  /* bytes of the owner that stand in `out`: written when it is empty */
    int write_status; /* the socket takes nothing any more; what it has received is read to its end all the same */
    bool is_open, is_broken, has_received;
    bool was_asked, has_ticket, is_waiting; /* a client's certificate: see needs_verdict() */
    /* while the handshake is underway */
    struct tls_session *next, **link;
    uint64_t deadline_ms;
};

/* ---- between OpenSSL and the socket ---- */

static ssize_t socket_send(const struct tls_session *session, const char *bytes, size_t len)
{
    ssize_t sent;
    do sent = send(session->conn->fd, bytes, len, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno == EAGAIN) return 0;
    return sent < 0 ? uv_translate_sys_error(errno) : sent;
}

static int bio_read(BIO *bio, char *bytes, int size)
{
    struct tls_session *session = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!session->in.len) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t len = session->in.len < (size_t)size ? session->in.len : (size_t)size;
    memcpy(bytes, session->in.ptr, len);
    session->in = str_from(session->in, len);
    return (int)len;
}

/* Takes all of it, always: OpenSSL never has to come again with the same record. */
static int bio_write(BIO *bio, const char *bytes, int size)
{
    struct tls_session *session = BIO_get_data(bio);
    size_t len = (size_t)size;
    ssize_t sent = tls_session_is_full(session) ? 0 : socket_send(session, bytes, len);
    if (sent < 0) session->write_status = (int)sent;
    if (session->write_status) return size;
    if (session->out.len - session->out_start + len - (size_t)sent <= TLS_OUT_BYTES_MAX) {
        buf_append(&session->out, (struct str){bytes + sent, len - (size_t)sent});
        return size;
    }
    session->is_broken = true;
    return -1;
}

static long bio_control(BIO *bio, int command, long number, void *opaque)
{
    (void)bio, (void)number, (void)opaque;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method;

static void make_method(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tailrace");
    assert(method);
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_ctrl(method, bio_control);
}

static BIO *bio_of(struct tls_session *session)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_method);
    BIO *bio = BIO_new(method);
    assert(bio);
    BIO_set_data(bio, session);
    BIO_set_init(bio, 1);
    return bio;
}

/* ---- handshakes underway ---- */

static void underway_add(struct tls_session *session)
{
    struct tls *tls = session->tls;
    bool was_empty = !tls->underway;
    int64_t timeout_ms = tls->plan.settings->ssl_handshake_timeout.ns / 1000000;
    session->deadline_ms = uv_now(&tls->loop->uv) + (uint64_t)timeout_ms;
    session->link = tls->underway_last;
    *tls->underway_last = session;
    tls->underway_last = &session->next;
    tls->underway_count++;
    if (was_empty) tls_schedule(tls->loop);
}

/* The timer is left as it is: it finds nothing to do, or the next one. */
static void underway_remove(struct tls_session *session)
{
    if (!session->link) return;
    struct tls *tls = session->tls;
    *session->link = session->next;
    if (session->next)
        session->next->link = session->link;
    else
        tls->underway_last = session->link;
    session->link = NULL;
    session->next = NULL;
    assert(tls->underway_count);
    tls->underway_count--;
}

static void give_up(struct tls_session *session, enum tls_failure failure, const char *what)
{
    struct conn *conn = session->conn;
    tls_failed(session->tls, failure, &conn->peer, what);
    underway_remove(session);
    conn->type->ended(conn, UV_ETIMEDOUT);
}

static void session_opens(struct tls_session *session)
{
    session->is_open = true;
    underway_remove(session);
    counter_add(&session->tls->counters.handshakes, 1);
    atomic_fetch_add_explicit(&session->tls->counters.sessions, 1, memory_order_relaxed);
}

void tls_sessions_late(struct tls *tls, uint64_t now)
{
    while (tls->underway && tls->underway->deadline_ms <= now) {
        struct tls_session *first = tls->underway;
        if (first->is_waiting) {
            session_opens(first);
            conn_opened(first->conn);
        } else {
            give_up(first, TLS_TIMEOUT, "the handshake took longer than ssl_handshake_timeout and was given up");
        }
    }
}

uint64_t tls_sessions_due(const struct tls *tls) { return tls->underway ? tls->underway->deadline_ms : UINT64_MAX; }

/* ---- life ---- */

/* The certificate must bear the name, or the address, that was connected to; a name is sent along (SNI). */
static void expect_peer(SSL *ssl, const struct tls_plan *plan)
{
    char name[HOST_NAME_MAX_BYTES + 1];
    struct address address;
    if (!plan->peer.len || plan->peer.len >= sizeof name) return;
    memcpy(name, plan->peer.ptr, plan->peer.len);
    name[plan->peer.len] = '\0';
    bool is_address = address_parse(&address, plan->peer, 0);
    if (!is_address) SSL_set_tlsext_host_name(ssl, name);
    if (!plan->is_verifying) return;
    if (is_address) {
        char text[ADDRESS_TEXT_MAX];
        struct str plain = address_print(&address, text);
        text[plain.len] = '\0';
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), text);
    } else {
        SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        SSL_set1_host(ssl, name);
    }
}

static int certificate_asked(SSL *ssl, void *opaque)
{
    (void)ssl;
    ((struct tls_session *)opaque)->was_asked = true;
    return 1;
}

static bool has_memory(const struct tls *tls)
{
    struct budget *budget = tls->loop->budget;
    size_t used = atomic_load_explicit(&budget->session_bytes, memory_order_relaxed);
    return tls->plan.is_client || !budget->limit || used + TLS_SESSION_BYTES <= budget->limit / 2;
}

struct tls_session *tls_session_open(struct tls *tls, struct conn *conn)
{
    assert(tls_is_on(tls) && tls->loop);
    if (tls->underway_count >= HANDSHAKES_MAX)
        give_up(tls->underway, TLS_TOO_MANY, "its handshake was the oldest of too many and was given up");
    if (!has_memory(tls)) {
        tls_failed(tls, TLS_TOO_MANY, &conn->peer,
                   "it was turned away: TLS sessions take half of pipeline.memory; raise that");
        return NULL;
    }
    struct tls_session *session = xcalloc(1, sizeof *session);
    session->tls = tls;
    session->conn = conn;
    session->ssl = SSL_new(tls->context);
    assert(session->ssl);
    BIO *bio = bio_of(session);
    SSL_set_bio(session->ssl, bio, bio);
    if (tls->plan.is_client) {
        SSL_set_connect_state(session->ssl);
        SSL_set_cert_cb(session->ssl, certificate_asked, session);
        expect_peer(session->ssl, &tls->plan);
        SSL_do_handshake(session->ssl); /* says hello */
    } else {
        SSL_set_accept_state(session->ssl);
    }
    budget_charge(tls->loop->budget, TLS_SESSION_BYTES);
    atomic_fetch_add_explicit(&tls->loop->budget->session_bytes, TLS_SESSION_BYTES, memory_order_relaxed);
    underway_add(session);
    return session;
}

/* Bytes that are never read (tickets, mostly) would make the kernel throw away what it has still to send. */
static void drop_unread(const struct tls_session *session)
{
    char bytes[SEALED_BYTES];
    for (int i = 0; i < 4; i++)
        if (recv(session->conn->fd, bytes, sizeof bytes, 0) <= 0) return;
}

void tls_session_close(struct tls_session *session)
{
    struct tls *tls = session->tls;
    ERR_clear_error();
    if (session->is_open && !session->is_broken) {
        SSL_shutdown(session->ssl);
        drop_unread(session);
    }
    underway_remove(session);
    if (session->is_open) atomic_fetch_sub_explicit(&tls->counters.sessions, 1, memory_order_relaxed);
    SSL_free(session->ssl);
    buf_fini(&session->out);
    budget_release(tls->loop->budget, TLS_SESSION_BYTES);
    atomic_fetch_sub_explicit(&tls->loop->budget->session_bytes, TLS_SESSION_BYTES, memory_order_relaxed);
    free(session);
}

/* ---- what went wrong ---- */

static enum tls_failure failure_of(int reason)
{
    switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE: return TLS_VERSION;
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return TLS_CERTIFICATE;
    default: return reason >= SSL_AD_REASON_OFFSET ? TLS_REFUSED : TLS_PROTOCOL;
    }
}

static const char *const failure_words[TLS_FAILURES] = {
    [TLS_VERSION] = "it has no TLS version or cipher suite in common with ssl_supported_protocols and "
                    "ssl_cipher_suites",
    [TLS_CERTIFICATE] = "its certificate is not accepted",
    [TLS_REFUSED] = "it has refused, perhaps the certificate or authority of this side",
    [TLS_PROTOCOL] = "it sent broken TLS",
};

/* Counts and says it. */
static void session_fails(struct tls_session *session)
{
    int reason = ERR_GET_REASON(ERR_peek_error());
    enum tls_failure failure = failure_of(reason);
    const char *detail = ERR_reason_error_string(ERR_peek_error());
    long verified = SSL_get_verify_result(session->ssl);
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) detail = X509_verify_cert_error_string(verified);
    char text[256];
    snprintf(text, sizeof text, "%s (%s)", failure_words[failure], detail ? detail : "it was cut off");
    tls_failed(session->tls, failure, &session->conn->peer, text);
    session->is_broken = true;
    ERR_clear_error();
}

/* Records begin with their type; the hello of SSL 2, which old clients open with, with a set bit. */
static bool looks_like_tls(char first)
{
    unsigned char byte = (unsigned char)first;
    return (byte >= 20 && byte <= 24) || byte >= 0x80;
}

static bool is_plaintext(struct tls_session *session, struct str sealed)
{
    bool is_first = !session->has_received;
    session->has_received = true;
    if (!is_first || looks_like_tls(sealed.ptr[0])) return false;
    session->is_broken = true;
    tls_failed(session->tls, TLS_PLAINTEXT, &session->conn->peer,
               session->tls->plan.is_client
                   ? "it does not speak TLS; is ssl_enabled meant, is it the right port?"
                   : "it does not speak TLS: switch TLS on in what sends, or send to a port without ssl_enabled");
    return true;
}

/* ---- reading and writing ---- */

/* A client of TLS 1.3 is done before the server has looked at its certificate: what it wrote at once would be
 * lost if the server refuses. Tickets come when it has accepted; one that gives none gets VERDICT_MS. */
static bool needs_verdict(const struct tls_session *session)
{
    return session->was_asked && !session->has_ticket && SSL_version(session->ssl) == TLS1_3_VERSION;
}

static void handshake(struct tls_session *session, struct tls_got *got)
{
    int done = SSL_do_handshake(session->ssl);
    if (done == 1 && needs_verdict(session)) {
        if (session->is_waiting) return;
        session->is_waiting = true;
        session->deadline_ms = uv_now(&session->tls->loop->uv) + VERDICT_MS;
        tls_schedule(session->tls->loop);
    } else if (done == 1) {
        session_opens(session);
        got->has_opened = true;
    } else if (session->is_broken || SSL_get_error(session->ssl, done) != SSL_ERROR_WANT_READ) {
        session_fails(session);
        got->is_ended = true;
        got->status = UV_EPROTO;
    }
}

static void open_records(struct tls_session *session, uv_buf_t space, struct tls_got *got)
{
    size_t len;
    while (got->len < space.len && SSL_read_ex(session->ssl, space.base + got->len, space.len - got->len, &len))
        got->len += len;
    assert(got->len < space.len); /* what was sealed is longer */
    int error = SSL_get_error(session->ssl, 0);
    if (error == SSL_ERROR_WANT_READ && !session->is_broken) return;
    got->is_ended = true;
    if (error == SSL_ERROR_ZERO_RETURN) return;
    session_fails(session);
    got->status = UV_EPROTO;
}

struct tls_got tls_session_read(struct tls_session *session, uv_buf_t space)
{
    char sealed[SEALED_BYTES];
    struct tls_got got = {0};
    assert(space.len >= READ_SPACE_MIN);
    ssize_t received;
    do received = recv(session->conn->fd, sealed, sizeof sealed, 0);
    while (received < 0 && errno == EINTR);
    if (received < 0 && errno == EAGAIN) return got;
    if (received <= 0) {
        got.is_ended = true;
        got.status = received < 0 ? uv_translate_sys_error(errno) : session->is_open ? 0 : UV_ECONNRESET;
        if (!session->is_open)
            tls_failed(session->tls, TLS_CLOSED, &session->conn->peer, "it went away during the handshake");
        return got;
    }
    got.sealed = (size_t)received;
    session->in = (struct str){sealed, got.sealed};
    ERR_clear_error();
    if (is_plaintext(session, session->in)) {
        got.is_ended = true;
        got.status = UV_EPROTO;
    } else {
        if (!session->is_open) handshake(session, &got);
        if (session->is_open || session->is_waiting) open_records(session, space, &got);
        if (session->is_waiting && !session->is_open && !got.is_ended && !needs_verdict(session)) {
            session_opens(session);
            got.has_opened = true;
        }
    }
    session->in = (struct str){0}; /* what is left of it is of a session that has ended */
    return got;
}

int tls_session_flush(struct tls_session *session)
{
    while (tls_session_is_full(session)) {
        struct str rest = str_from(buf_str(&session->out), session->out_start);
        ssize_t sent = socket_send(session, rest.ptr, rest.len);
        if (sent < 0) return (int)sent;
        if (sent == 0) return 0;
        session->out_start += (size_t)sent;
    }
    buf_fini(&session->out);
    session->out = (struct buf){0};
    session->out_start = 0;
    return 0;
}

ssize_t tls_session_write(struct tls_session *session, struct str bytes)
{
    assert(session->is_open && bytes.len);
    int status = session->write_status ? session->write_status : tls_session_flush(session);
    if (status) return status;
    if (tls_session_is_full(session)) return 0;
    if (!session->pending) {
        ERR_clear_error();
        if (!SSL_write_ex(session->ssl, bytes.ptr, bytes.len, &session->pending)) {
            session_fails(session);
            return UV_EPIPE;
        }
        if (session->write_status) return session->write_status;
        if (tls_session_is_full(session)) return 0;
    }
    assert(session->pending <= bytes.len);
    ssize_t written = (ssize_t)session->pending;
    session->pending = 0;
    return written;
}

bool tls_session_is_full(const struct tls_session *session) { return session->out.len > session->out_start; }
bool tls_session_is_open(const struct tls_session *session) { return session->is_open; }

/* ---- facts ---- */

int tls_session_ticket(SSL *ssl, SSL_SESSION *ticket)
{
    (void)ticket;
    struct tls_session *session = BIO_get_data(SSL_get_rbio(ssl));
    session->has_ticket = true;
    return 0; /* it is not kept */
}

struct str tls_session_subject(const struct tls_session *session, char text[TLS_SUBJECT_MAX])
{
    X509 *certificate = SSL_get1_peer_certificate(session->ssl);
    int len = 0;
    if (certificate && SSL_get_verify_result(session->ssl) == X509_V_OK) {
        BIO *bio = BIO_new(BIO_s_mem());
        X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0,
                           XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_DN_REV | XN_FLAG_FN_SN |
                               (ASN1_STRFLGS_RFC2253 & ~ASN1_STRFLGS_ESC_MSB));
        len = BIO_read(bio, text, TLS_SUBJECT_MAX);
        BIO_free(bio);
    }
    X509_free(certificate);
    return (struct str){text, len > 0 ? (size_t)len : 0};
}

const char *tls_session_version(const struct tls_session *session) { return SSL_get_version(session->ssl); }
const char *tls_session_cipher(const struct tls_session *session)
{
    return SSL_CIPHER_standard_name(SSL_get_current_cipher(session->ssl));
}
