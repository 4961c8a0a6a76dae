/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/tls.h"
#include <assert.h>
#include <inttypes.h>
#include "core/log.h"
#include "core/net/tls_files.h"
#include "core/net/tls_session.h"

const char *const tls_failure_names[TLS_FAILURES] = {
    [TLS_PLAINTEXT] = "plaintext", [TLS_VERSION] = "version",   [TLS_CERTIFICATE] = "certificate",
    [TLS_REFUSED] = "refused",     [TLS_PROTOCOL] = "protocol", [TLS_TIMEOUT] = "timeout",
    [TLS_CLOSED] = "closed",       [TLS_TOO_MANY] = "too_many",
};

/* ---- options ---- */

static const char *const clients_words[] = {"none", "optional", "required", NULL}; /* as enum tls_clients */
static const char *const old_clients_words[] = {"none", "peer", "force_peer", NULL}; /* the same, in old inputs beats */
enum { VERIFY_FULL, VERIFY_NONE };
static const char *const verification_words[] = {"full", "none", NULL};

#define OLD_NAME(old_, kind_, member_)                                                             \
    {.name = old_, .kind = kind_, .alias_of = #member_, .offset = offsetof(struct tls_settings, member_), \
     .deprecated = "use " #member_, .help = "Old spelling of " #member_ "."}
#define NO_STORE(name_)                                                                            \
    OPTION_OBSOLETE(name_, "Java's stores are not read: convert them to PEM (openssl pkcs12 -noenc -in FILE; "  \
                           "keytool -importkeystore for JKS), set ssl_certificate, ssl_key and "      \
                           "ssl_certificate_authorities")

const struct option tls_options[] = {
    OPTION_BOOL(struct tls_settings, ssl_enabled, .preset = "false", .help = "Encrypts with TLS."),
    OPTION_STRING(struct tls_settings, ssl_certificate,
                  .help = "File of the own certificate in PEM, with those between it and the authority behind it."),
    OPTION_STRING(struct tls_settings, ssl_key, .help = "File of its private key, in PEM."),
    OPTION_SECRET(struct tls_settings, ssl_key_passphrase, .help = "Opens the key, if it is encrypted."),
    OPTION_STRINGS(struct tls_settings, ssl_extra_chain_certs, .max = TLS_FILES_MAX / 4,
                   .help = "Files of further certificates between the own one and the authority."),
    OPTION_STRINGS(struct tls_settings, ssl_certificate_authorities, .max = TLS_FILES_MAX / 2,
                   .help = "Files or folders of authorities that sign the certificates of the other side; without "
                           "them the system's."),
    OPTION_CHOICE(struct tls_settings, ssl_client_authentication, .preset = "none", .choices = clients_words,
                  .help = "Must clients show a certificate? Without this option: required if "
                          "ssl_certificate_authorities is given (input tcp: always), else none."),
    OPTION_CHOICE(struct tls_settings, ssl_verification_mode, .preset = "full", .choices = verification_words,
                  .help = "As a client: the server's certificate and name are verified (full), or nothing is."),
    OPTION_STRINGS(struct tls_settings, ssl_supported_protocols,
                   .help = "Of TLSv1.1, TLSv1.2 and TLSv1.3; without it the last two."),
    OPTION_STRINGS(struct tls_settings, ssl_cipher_suites,
                   .help = "By their standard names; without it those with forward secrecy."),
    OPTION_DURATION(struct tls_settings, ssl_handshake_timeout, .preset = "10000", .unit = "ms", .min = 10000000,
                    .max = 600000000000, .help = "A handshake that takes longer is given up."),
    OPTION_BOOL(struct tls_settings, ssl_verify, .preset = "true", .deprecated = "use ssl_client_authentication "
                "(as a server) or ssl_verification_mode (as a client)",
                .help = "Old spelling: true is required or full, false is none."),
    OPTION_CHOICE(struct tls_settings, ssl_verify_mode, .preset = "none", .choices = old_clients_words,
                  .deprecated = "use ssl_client_authentication",
                  .help = "Old spelling of ssl_client_authentication: peer is optional, force_peer required."),
    OPTION_STRING(struct tls_settings, tls_min_version, .deprecated = "use ssl_supported_protocols",
                  .help = "Old spelling: 1.1, 1.2 or 1.3."),
    OPTION_STRING(struct tls_settings, tls_max_version, .deprecated = "use ssl_supported_protocols",
                  .help = "Old spelling: 1.1, 1.2 or 1.3."),
    OLD_NAME("ssl_enable", OPTION_IS_BOOL, ssl_enabled),
    OLD_NAME("ssl", OPTION_IS_BOOL, ssl_enabled),
    OLD_NAME("ssl_cert", OPTION_IS_STRING, ssl_certificate),
    OLD_NAME("ssl_cacert", OPTION_IS_STRINGS, ssl_certificate_authorities),
    OLD_NAME("cipher_suites", OPTION_IS_STRINGS, ssl_cipher_suites),
    NO_STORE("ssl_keystore_path"),
    NO_STORE("ssl_keystore_password"),
    NO_STORE("ssl_keystore_type"),
    NO_STORE("ssl_truststore_path"),
    NO_STORE("ssl_truststore_password"),
    NO_STORE("ssl_truststore_type"),
    OPTION_END,
};

/* ---- at start ---- */

static void end_with_nul(struct str *text, struct arena *arena)
{
    *text = (struct str){arena_copy_z(arena, *text), text->len};
}

static void end_all_with_nul(struct tls_settings *settings, struct arena *arena)
{
    end_with_nul(&settings->ssl_certificate, arena);
    end_with_nul(&settings->ssl_key, arena);
    const struct str_list lists[] = {settings->ssl_extra_chain_certs, settings->ssl_certificate_authorities,
                                     settings->ssl_cipher_suites};
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
        for (uint32_t i = 0; i < lists[l].count; i++) end_with_nul(&lists[l].items[i], arena);
}

static void watch(struct tls *tls, struct str path)
{
    if (!path.len) return;
    assert(tls->path_count < TLS_FILES_MAX);
    tls->paths[tls->path_count++] = path.ptr;
}

static void watch_all(struct tls *tls)
{
    const struct tls_settings *settings = tls->plan.settings;
    watch(tls, settings->ssl_certificate);
    watch(tls, settings->ssl_key);
    for (uint32_t i = 0; i < settings->ssl_extra_chain_certs.count; i++)
        watch(tls, settings->ssl_extra_chain_certs.items[i]);
    for (uint32_t i = 0; i < settings->ssl_certificate_authorities.count; i++)
        watch(tls, settings->ssl_certificate_authorities.items[i]);
    for (uint32_t i = 0; i < tls->path_count; i++) tls->stamps[i] = file_stamp_look(tls->paths[i]);
}

static void say_at_start(void *opaque, bool is_error, const char *option, const char *text, const char *hint)
{
    const struct plugin_context *context = opaque;
    struct place place = context_place(context, option);
    if (!is_error && context->worker) return; /* the first has said it */
    struct message *message = is_error ? diag_error(context->diag, place, "%s", text)
                                       : diag_warning(context->diag, place, "%s", text);
    diag_hint(context->diag, message, "%s", hint);
}

/* What the options say of the other side's certificate. */
static void plan_verification(struct tls_plan *plan, const struct plugin_context *context)
{
    const struct tls_settings *settings = plan->settings;
    bool has_old = context_is_given(context, "ssl_verify");
    plan->is_verifying = settings->ssl_verification_mode.value == VERIFY_FULL && (!has_old || settings->ssl_verify);
    if (plan->is_client) {
        plan->clients = CLIENTS_NONE;
    } else if (context_is_given(context, "ssl_client_authentication")) {
        plan->clients = (enum tls_clients)settings->ssl_client_authentication.value;
    } else if (context_is_given(context, "ssl_verify_mode")) {
        plan->clients = (enum tls_clients)settings->ssl_verify_mode.value;
    } else if (has_old) {
        plan->clients = settings->ssl_verify ? CLIENTS_REQUIRED : CLIENTS_NONE;
    } else if (settings->ssl_certificate_authorities.count) {
        plan->clients = CLIENTS_REQUIRED;
    }
}

static bool check_clients(const struct tls_plan *plan, const struct plugin_context *context)
{
    static const char option[] = "ssl_client_authentication";
    if (plan->clients == CLIENTS_NONE || plan->settings->ssl_certificate_authorities.count) return true;
    bool is_error = context_is_given(context, option);
    say_at_start((void *)(uintptr_t)context, is_error, option,
                 is_error ? "certificates of clients cannot be verified without ssl_certificate_authorities"
                          : "clients must show a certificate that one of the system's authorities has signed",
                 "set ssl_certificate_authorities, or ssl_client_authentication => \"none\"");
    return !is_error;
}

static void warn_if_off(const struct plugin_context *context)
{
    static const char *const given[] = {"ssl_certificate", "ssl_cert", "ssl_key", "ssl_certificate_authorities"};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        if (!context_is_given(context, given[i]) || context_is_given(context, "ssl_enabled")) continue;
        say_at_start((void *)(uintptr_t)context, false, given[i], "TLS is off: this has no effect",
                     "set ssl_enabled => true");
        return;
    }
}

bool tls_create(struct tls *tls, struct tls_settings *settings, const struct plugin_context *context)
{
    tls->id = context->id;
    if (!settings->ssl_enabled) {
        warn_if_off(context);
        return true;
    }
    end_all_with_nul(settings, context->arena);
    tls->plan.settings = settings;
    plan_verification(&tls->plan, context);
    watch_all(tls); /* before they are read: what changes meanwhile is seen */
    struct tls_report report = {say_at_start, (void *)(uintptr_t)context};
    bool is_good = check_clients(&tls->plan, context);
    int64_t expires_s;
    tls->context = tls_context_create(&tls->plan, &report, &expires_s);
    atomic_store_explicit(&tls->counters.expires_s, (uint64_t)expires_s, memory_order_relaxed);
    if (!is_good) tls_destroy(tls);
    return tls->context != NULL;
}

void tls_destroy(struct tls *tls)
{
    assert(!tls->loop);
    SSL_CTX_free(tls->context);
    tls->context = NULL;
}

/* ---- files that change ---- */

static void say_later(void *opaque, bool is_error, const char *option, const char *text, const char *hint)
{
    struct tls *tls = opaque;
    if (is_error)
        LOG(LOG_WARN, "tls.files_failed", tls->id, "%s: %s; %s. What was read before stays in use", option, text, hint);
    else
        LOG(LOG_WARN, "tls.certificate", tls->id, "%s; %s", text, hint);
}

static void read_again(struct tls *tls)
{
    struct tls_report report = {say_later, tls};
    int64_t expires_s;
    SSL_CTX *fresh = tls_context_create(&tls->plan, &report, &expires_s);
    if (!fresh) {
        counter_add(&tls->counters.reload_failures, 1);
        return;
    }
    SSL_CTX_free(tls->context); /* sessions hold on to it */
    tls->context = fresh;
    counter_add(&tls->counters.reloads, 1);
    atomic_store_explicit(&tls->counters.expires_s, (uint64_t)expires_s, memory_order_relaxed);
    LOG(LOG_INFO, "tls.files_read", tls->id, "certificate files have changed: they serve the handshakes to come");
}

static void look(struct tls *tls)
{
    bool has_changed = false;
    for (uint32_t i = 0; i < tls->path_count; i++) {
        struct file_stamp stamp = file_stamp_look(tls->paths[i]);
        if (file_stamp_same(&stamp, &tls->stamps[i])) continue;
        tls->stamps[i] = stamp;
        has_changed = true;
    }
    tls->look_ms = uv_now(&tls->loop->uv) + TLS_LOOK_MS;
    if (has_changed) read_again(tls);
}

void tls_look_all(struct loop *loop)
{
    for (struct tls *tls = loop->tls; tls; tls = tls->next) look(tls);
    tls_schedule(loop);
}

/* ---- on the loop ---- */

static void tick(uv_timer_t *timer)
{
    struct loop *loop = timer->data;
    uint64_t now = uv_now(&loop->uv);
    for (struct tls *tls = loop->tls; tls; tls = tls->next) {
        tls_sessions_late(tls, now);
        if (tls->look_ms <= now) look(tls);
    }
    tls_schedule(loop);
}

void tls_schedule(struct loop *loop)
{
    uint64_t now = uv_now(&loop->uv), due = UINT64_MAX;
    for (const struct tls *tls = loop->tls; tls; tls = tls->next) {
        uint64_t own = tls_sessions_due(tls);
        if (tls->path_count && tls->look_ms < own) own = tls->look_ms;
        if (own < due) due = own;
    }
    if (due == UINT64_MAX)
        uv_timer_stop(&loop->tls_timer);
    else
        uv_timer_start(&loop->tls_timer, tick, due > now ? due - now : 0, 0);
}

void tls_open(struct tls *tls, struct loop *loop)
{
    assert(!tls->loop);
    if (!tls_is_on(tls)) return;
    tls->loop = loop;
    tls->underway_last = &tls->underway;
    tls->look_ms = uv_now(&loop->uv) + TLS_LOOK_MS;
    tls->next = loop->tls;
    tls->link = &loop->tls;
    if (tls->next) tls->next->link = &tls->next;
    loop->tls = tls;
    tls_schedule(loop);
}

void tls_close(struct tls *tls)
{
    if (!tls->loop) return;
    assert(!tls->underway);
    *tls->link = tls->next;
    if (tls->next) tls->next->link = tls->link;
    tls_schedule(tls->loop);
    tls->loop = NULL;
}

/* Each reason is rate-limited by itself: many of one do not hide another. */
#define SITE {.code = "tls.handshake"}
static struct log_site sites[] = {SITE, SITE, SITE, SITE, SITE, SITE, SITE, SITE};
static_assert(sizeof sites / sizeof *sites == TLS_FAILURES, "a site for each reason");
#undef SITE

void tls_failed(struct tls *tls, enum tls_failure failure, const struct address *peer, const char *what)
{
    char text[ADDRESS_TEXT_MAX];
    counter_add(&tls->counters.failed[failure], 1);
    if (log_is_on(LOG_WARN))
        log_write(&sites[failure], LOG_WARN, tls->id, "%.*s: %s", STR_ARG(address_print(peer, text)), what);
}
