/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/tls_files.h"
#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>
#include "core/net/tls_session.h"

/* What OpenSSL calls strong, without its older half. */
#define CIPHERS_PRESET "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES256+SHA384:ECDHE+AES128+SHA256"
/* TLS 1.1 signs with SHA-1, which a system's policy may forbid. */
#define CIPHERS_OLD CIPHERS_PRESET ":ECDHE+AES:@SECLEVEL=0"

enum { DAY_S = 86400, CIPHERS_BYTES_MAX = 4096 };

struct reading {
    const struct tls_plan *plan;
    const struct tls_report *report;
    SSL_CTX *context;
    bool is_good;
};

static void complain(struct reading *reading, const char *option, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void complain(struct reading *reading, const char *option, const char *hint, const char *format, ...)
{
    char text[TLS_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    reading->is_good = false;
    reading->report->say(reading->report->opaque, true, option, text, hint);
    ERR_clear_error();
}

/* tls_create() has ended each text with a NUL. */
static const char *z(struct str text)
{
    assert(text.ptr && text.ptr[text.len] == '\0');
    return text.ptr;
}

/* ---- files ---- */

/* A file of PEM, opened; what cannot be is told. */
static BIO *open_pem(struct reading *reading, const char *option, const char *path)
{
    struct stat status;
    int error = stat(path, &status) ? errno : S_ISREG(status.st_mode) ? 0 : EINVAL;
    BIO *bio = error ? NULL : BIO_new_file(path, "r");
    if (!error && !bio) error = errno ? errno : EIO;
    if (error == EINVAL) {
        complain(reading, option, "name a file in PEM form", "`%s` is no regular file", path);
    } else if (error) {
        complain(reading, option,
                 error == EACCES ? "the user that runs tailrace must be able to read it (chown, chmod 640)"
                                 : "check the path; in a container, check the mount",
                 "`%s` cannot be read: %s", path, strerror(error));
    } else if (status.st_size > TLS_FILE_BYTES_MAX) {
        complain(reading, option, "name a file in PEM form", "`%s` has more than %d bytes", path, TLS_FILE_BYTES_MAX);
        BIO_free(bio);
        return NULL;
    }
    return bio;
}

/* The words for a file that holds something else. */
static void complain_form(struct reading *reading, const char *option, const char *path, const char *what)
{
    complain(reading, option,
             "PEM is text that begins with -----BEGIN; convert others: `openssl x509 -inform der`, `openssl pkey`, "
             "`openssl pkcs12 -noenc -in FILE`",
             "`%s` holds no %s in PEM form", path, what);
}

/* ---- own certificate and key ---- */

static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm parts = {0};
    return ASN1_TIME_to_tm(time, &parts) ? (int64_t)timegm(&parts) : 0;
}

static void warn_of_dates(const struct reading *reading, const X509 *certificate, const char *path)
{
    char text[TLS_TEXT_MAX];
    int64_t now = (int64_t)time(NULL), end = seconds_of(X509_get0_notAfter(certificate));
    const char *what = NULL;
    if (seconds_of(X509_get0_notBefore(certificate)) > now) what = "is not valid yet";
    else if (end <= now) what = "has expired";
    else if (end - now < EXPIRES_SOON_DAYS * (int64_t)DAY_S) what = "expires soon";
    if (!what) return;
    struct tm parts;
    time_t at = (time_t)end;
    char day[32];
    strftime(day, sizeof day, "%Y-%m-%d %H:%M UTC", gmtime_r(&at, &parts));
    snprintf(text, sizeof text, "the certificate in `%s` %s (its last day: %s)", path, what, day);
    reading->report->say(reading->report->opaque, false, "ssl_certificate", text,
                         "replace the file: it is read again while tailrace runs");
}

static void read_chain(struct reading *reading, const char *option, const char *path, BIO *bio)
{
    X509 *more;
    while ((more = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
        if (!SSL_CTX_add0_chain_cert(reading->context, more)) {
            X509_free(more);
            complain_form(reading, option, path, "certificate");
            return;
        }
    ERR_clear_error(); /* the end of the file is one */
}

static void read_certificate(struct reading *reading, int64_t *expires_s)
{
    const struct tls_settings *settings = reading->plan->settings;
    const char *path = z(settings->ssl_certificate);
    BIO *bio = open_pem(reading, "ssl_certificate", path);
    if (!bio) return;
    X509 *certificate = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
    if (!certificate) {
        complain_form(reading, "ssl_certificate", path, "certificate");
    } else if (SSL_CTX_use_certificate(reading->context, certificate) != 1) {
        complain(reading, "ssl_certificate", "make one with an RSA key of 2048 bits or an EC key",
                 "the certificate in `%s` is refused: %s", path, ERR_reason_error_string(ERR_peek_last_error()));
    } else {
        *expires_s = seconds_of(X509_get0_notAfter(certificate));
        warn_of_dates(reading, certificate, path);
        read_chain(reading, "ssl_certificate", path, bio);
    }
    X509_free(certificate);
    BIO_free(bio);
    for (uint32_t i = 0; i < settings->ssl_extra_chain_certs.count; i++) {
        const char *extra = z(settings->ssl_extra_chain_certs.items[i]);
        bio = open_pem(reading, "ssl_extra_chain_certs", extra);
        if (!bio) continue;
        read_chain(reading, "ssl_extra_chain_certs", extra, bio);
        BIO_free(bio);
    }
}

struct passphrase {
    struct str text;
    bool was_asked;
};

static int give_passphrase(char *bytes, int size, int is_writing, void *opaque)
{
    struct passphrase *passphrase = opaque;
    assert(!is_writing);
    (void)is_writing;
    passphrase->was_asked = true;
    if (!passphrase->text.len || passphrase->text.len > (size_t)size) return -1;
    memcpy(bytes, passphrase->text.ptr, passphrase->text.len);
    return (int)passphrase->text.len;
}

static void read_key(struct reading *reading)
{
    const struct tls_settings *settings = reading->plan->settings;
    const char *path = z(settings->ssl_key);
    BIO *bio = open_pem(reading, "ssl_key", path);
    if (!bio) return;
    struct passphrase passphrase = {.text = settings->ssl_key_passphrase.text};
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &passphrase);
    BIO_free(bio);
    if (!key && passphrase.was_asked && !passphrase.text.len)
        complain(reading, "ssl_key", "set ssl_key_passphrase", "the key in `%s` is encrypted", path);
    else if (!key && passphrase.was_asked)
        complain(reading, "ssl_key_passphrase", "try it with: openssl pkey -in FILE -noout",
                 "the passphrase does not open the key in `%s`", path);
    else if (!key)
        complain_form(reading, "ssl_key", path, "private key");
    else if (SSL_CTX_use_PrivateKey(reading->context, key) != 1 || SSL_CTX_check_private_key(reading->context) != 1)
        complain(reading, "ssl_key",
                 "compare: openssl x509 -in CERTIFICATE -noout -pubkey; openssl pkey -in KEY -pubout",
                 "the key in `%s` does not fit the certificate in `%s`", path,
                 z(settings->ssl_certificate));
    EVP_PKEY_free(key);
}

static void read_own(struct reading *reading, int64_t *expires_s)
{
    const struct tls_settings *settings = reading->plan->settings;
    bool has_certificate = settings->ssl_certificate.len, has_key = settings->ssl_key.len;
    if (reading->plan->is_client && !has_certificate && !has_key) return;
    if (!has_certificate)
        complain(reading, "ssl_certificate", "set ssl_certificate and ssl_key",
                 has_key ? "ssl_key is of no use without ssl_certificate" : "TLS needs ssl_certificate");
    if (!has_key)
        complain(reading, "ssl_key", "set ssl_certificate and ssl_key",
                 has_certificate ? "ssl_certificate is of no use without ssl_key" : "TLS needs ssl_key");
    if (!has_certificate || !has_key) return;
    read_certificate(reading, expires_s);
    if (reading->is_good) read_key(reading);
}

/* ---- authorities ---- */

static void read_authority(struct reading *reading, const char *path)
{
    static const char option[] = "ssl_certificate_authorities";
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        SSL_CTX_load_verify_dir(reading->context, path);
        return;
    }
    BIO *bio = open_pem(reading, option, path);
    if (!bio) return;
    X509_STORE *store = SSL_CTX_get_cert_store(reading->context);
    uint32_t count = 0;
    X509 *authority;
    for (; (authority = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL)); count++) {
        X509_STORE_add_cert(store, authority);
        if (!reading->plan->is_client) SSL_CTX_add_client_CA(reading->context, authority);
        X509_free(authority);
    }
    ERR_clear_error();
    BIO_free(bio);
    if (!count) complain_form(reading, option, path, "certificate");
}

static void read_authorities(struct reading *reading)
{
    const struct tls_plan *plan = reading->plan;
    bool is_verifying = plan->is_client ? plan->is_verifying : plan->clients != CLIENTS_NONE;
    if (!is_verifying) return;
    const struct str_list *list = &plan->settings->ssl_certificate_authorities;
    for (uint32_t i = 0; i < list->count; i++) read_authority(reading, z(list->items[i]));
    if (!list->count) SSL_CTX_set_default_verify_paths(reading->context);
    int mode = SSL_VERIFY_PEER;
    if (plan->clients == CLIENTS_REQUIRED) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(reading->context, mode, NULL);
}

/* ---- versions and ciphers ---- */

static const struct { const char *name; int version; uint64_t without; } versions[] = {
    {"TLSv1.1", TLS1_1_VERSION, SSL_OP_NO_TLSv1_1},
    {"TLSv1.2", TLS1_2_VERSION, SSL_OP_NO_TLSv1_2},
    {"TLSv1.3", TLS1_3_VERSION, SSL_OP_NO_TLSv1_3},
};
enum { VERSIONS = sizeof versions / sizeof *versions };

/* A bound by its old name, `1.2`: its place among the versions; `preset` when it is not given. */
static uint32_t old_bound(struct reading *reading, const char *option, struct str bound, uint32_t preset)
{
    if (!bound.len) return preset;
    for (uint32_t v = 0; v < VERSIONS; v++)
        if (str_eq_z(bound, versions[v].name + 4)) return v;
    complain(reading, option, "known are 1.1, 1.2 and 1.3", "`%.*s` is no version of TLS that can be used",
             STR_ARG(bound));
    return preset;
}

/* True: the first of them is among the allowed. */
static bool set_versions(struct reading *reading)
{
    const struct str_list *list = &reading->plan->settings->ssl_supported_protocols;
    const struct tls_settings *settings = reading->plan->settings;
    uint32_t first = old_bound(reading, "tls_min_version", settings->tls_min_version, 1);
    uint32_t last = old_bound(reading, "tls_max_version", settings->tls_max_version, VERSIONS - 1);
    bool allowed[VERSIONS] = {0};
    for (uint32_t v = first; !list->count && v <= last; v++) allowed[v] = true;
    if (first > last) complain(reading, "tls_max_version", "raise it", "tls_max_version is below tls_min_version");
    for (uint32_t i = 0; i < list->count; i++) {
        uint32_t v = 0;
        while (v < VERSIONS && !str_eq_z(list->items[i], versions[v].name)) v++;
        if (v < VERSIONS) allowed[v] = true;
        else
            complain(reading, "ssl_supported_protocols", "known are TLSv1.1, TLSv1.2 and TLSv1.3",
                     "`%.*s` is no version of TLS that can be used", STR_ARG(list->items[i]));
    }
    SSL_CTX_set_min_proto_version(reading->context, allowed[0] ? TLS1_1_VERSION : TLS1_2_VERSION);
    for (uint32_t v = 0; v < VERSIONS; v++)
        if (!allowed[v]) SSL_CTX_set_options(reading->context, versions[v].without);
    return allowed[0];
}

/* Suites have one name in standards and Logstash, another in OpenSSL: both are understood. */
static void set_ciphers(struct reading *reading, bool has_old)
{
    static const char option[] = "ssl_cipher_suites";
    const struct str_list *list = &reading->plan->settings->ssl_cipher_suites;
    if (!list->count) {
        SSL_CTX_set_cipher_list(reading->context, has_old ? CIPHERS_OLD : CIPHERS_PRESET);
        return;
    }
    char new_ones[CIPHERS_BYTES_MAX] = "", others[CIPHERS_BYTES_MAX] = "";
    for (uint32_t i = 0; i < list->count; i++) {
        const char *name = z(list->items[i]), *own = OPENSSL_cipher_name(name);
        bool is_new = strncmp(name, "TLS_", 4) == 0 && !strstr(name, "_WITH_");
        char *at = is_new ? new_ones : others;
        if (!is_new && strcmp(own, "(NONE)") != 0) name = own;
        size_t len = strlen(at);
        bool fits = (size_t)snprintf(at + len, CIPHERS_BYTES_MAX - len, "%s%s", len ? ":" : "", name) <
                    CIPHERS_BYTES_MAX - len;
        SSL_CTX *alone = fits ? SSL_CTX_new(TLS_method()) : NULL;
        if (!alone || !(is_new ? SSL_CTX_set_ciphersuites(alone, name) : SSL_CTX_set_cipher_list(alone, name)))
            complain(reading, option, "`openssl ciphers -stdname` lists those that there are",
                     "the cipher suite `%.*s` is not known", STR_ARG(list->items[i]));
        SSL_CTX_free(alone);
    }
    if (!reading->is_good) return;
    SSL_CTX_set_ciphersuites(reading->context, new_ones);
    if (*others) SSL_CTX_set_cipher_list(reading->context, others);
    else SSL_CTX_set_max_proto_version(reading->context, TLS1_3_VERSION);
    if (!*others) SSL_CTX_set_min_proto_version(reading->context, TLS1_3_VERSION);
    if (!*new_ones) SSL_CTX_set_max_proto_version(reading->context, TLS1_2_VERSION);
}

SSL_CTX *tls_context_create(const struct tls_plan *plan, const struct tls_report *report, int64_t *expires_s)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(plan->is_client ? TLS_client_method() : TLS_server_method());
    struct reading reading = {.plan = plan, .report = report, .context = context, .is_good = true};
    *expires_s = 0;
    assert(context);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    /* buffers are there while they hold something: an idle session is small */
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* tickets only: nothing is kept here for clients that may come back */
    SSL_CTX_set_session_cache_mode(context, plan->is_client ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL
                                                            : SSL_SESS_CACHE_OFF);
    if (plan->is_client) SSL_CTX_sess_set_new_cb(context, tls_session_ticket);
    /* a client that sends, closes and has not read its tickets has the rest of its bytes thrown away by its
     * kernel: none are sent, but to those that learn from them that their certificate is accepted */
    if (plan->clients == CLIENTS_NONE) SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_id_context(context, (const unsigned char *)"tailrace", 8);
    set_ciphers(&reading, set_versions(&reading));
    read_own(&reading, expires_s);
    read_authorities(&reading);
    ERR_clear_error();
    if (reading.is_good) return context;
    SSL_CTX_free(context);
    return NULL;
}
