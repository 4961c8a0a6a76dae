/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/tls.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>
#include "core/net/tls_session.h"
#include "tests/unit/support/folder.h"
#include "tests/unit/support/net.h"

extern const struct input_type input_tcp;

/* ---- a certificate ---- */

static void certificate_write(const char *cert_path, const char *key_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 90 * 86400);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_sign(certificate, key, EVP_sha256());
    FILE *file = fopen(cert_path, "w");
    PEM_write_X509(file, certificate);
    fclose(file);
    file = fopen(key_path, "w");
    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

struct scene {
    struct bench bench;
    struct folder folder;
    const char *cert, *key;
    uint16_t port;
};

static void begin(struct scene *scene, size_t memory)
{
    char port_text[BENCH_PORT_TEXT];
    folder_begin(&scene->folder);
    scene->cert = folder_at(&scene->folder, "cert.pem");
    scene->key = folder_at(&scene->folder, "key.pem");
    certificate_write(scene->cert, scene->key);
    bench_begin(&scene->bench, ECS_DISABLED, NULL);
    scene->bench.budget.limit = memory;
    scene->port = bench_free_port(SOCK_STREAM);
    struct bench_option options[] = {{"port", bench_port_text(port_text, scene->port)}, {"host", "127.0.0.1"},
                                     {"ssl_enabled", "true"}, {"ssl_certificate", scene->cert},
                                     {"ssl_key", scene->key}, {"ssl_client_authentication", "none"}, {NULL, NULL}};
    cr_assert_eq(bench_input(&scene->bench, &input_tcp, options), 0);
}

static void end(struct scene *scene)
{
    bench_end(&scene->bench);
    folder_end(&scene->folder);
}

static uint64_t failed(const struct scene *scene, enum tls_failure failure)
{
    return counter_get(&scene->bench.input.tls->counters.failed[failure]);
}

/* ---- a client: OpenSSL between two buffers, its bytes carried by hand ---- */

struct client_end {
    struct scene *scene;
    SSL_CTX *context;
    SSL *ssl;
    int fd;
    size_t piece; /* bytes of one send */
};

static void client_begin(struct client_end *client, struct scene *scene, size_t piece)
{
    *client = (struct client_end){.scene = scene, .fd = bench_connect(scene->port), .piece = piece};
    fcntl(client->fd, F_SETFL, O_NONBLOCK);
    client->context = SSL_CTX_new(TLS_client_method());
    client->ssl = SSL_new(client->context);
    SSL_set_bio(client->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(client->ssl);
}

static void client_end(struct client_end *client)
{
    SSL_free(client->ssl);
    SSL_CTX_free(client->context);
    close(client->fd);
}

/* What OpenSSL has to say goes to the socket, in pieces; what came goes to OpenSSL. */
static void carry(struct client_end *client)
{
    char bytes[4096];
    int len;
    while ((len = BIO_read(SSL_get_wbio(client->ssl), bytes, (int)client->piece)) > 0) {
        cr_assert_eq(write(client->fd, bytes, (size_t)len), len);
        bench_turn(&client->scene->bench);
    }
    ssize_t got = read(client->fd, bytes, sizeof bytes);
    if (got > 0) BIO_write(SSL_get_rbio(client->ssl), bytes, (int)got);
    bench_turn(&client->scene->bench);
}

static void shake(struct client_end *client)
{
    for (int i = 0; i < 1000 && SSL_do_handshake(client->ssl) != 1; i++) carry(client);
    cr_assert(SSL_is_init_finished(client->ssl));
    carry(client);
}

static void say(struct client_end *client, const char *text)
{
    cr_assert_eq(SSL_write(client->ssl, text, (int)strlen(text)), (int)strlen(text));
    carry(client);
}

/* ---- tests ---- */

Test(tls, lines_come_whatever_the_cuts)
{
    static const size_t pieces[] = {1, 7, 4096};
    struct scene scene;
    begin(&scene, 0);
    for (uint32_t i = 0; i < 3; i++) {
        struct client_end client;
        client_begin(&client, &scene, pieces[i]);
        shake(&client);
        say(&client, "one\ntw");
        say(&client, "o\n");
        cr_assert(bench_wait_events(&scene.bench, 2 * i + 2), "in pieces of %zu", pieces[i]);
        client_end(&client);
    }
    cr_assert_str_eq(buf_z(&scene.bench.events), "one\ntwo\none\ntwo\none\ntwo\n");
    bench_wait(&scene.bench, counter_get(&scene.bench.input.tls->counters.sessions) == 0);
    cr_assert_eq(counter_get(&scene.bench.input.tls->counters.handshakes), 3);
    cr_assert_eq(budget_used(&scene.bench.budget) / TLS_SESSION_BYTES, 4, "the read block alone");
    end(&scene);
}

Test(tls, a_handshake_goes_on_during_a_pause_and_its_lines_come_after)
{
    struct scene scene;
    struct client_end client;
    begin(&scene, 0);
    scene.bench.ingest.is_paused = true;
    client_begin(&client, &scene, 4096);
    shake(&client);
    say(&client, "patient\n");
    for (int i = 0; i < 5; i++) bench_turn(&scene.bench);
    cr_assert_eq(scene.bench.event_count, 0);
    bench_resume(&scene.bench);
    cr_assert(bench_wait_events(&scene.bench, 1));
    /* the peer's end, told while its line was held, comes behind it */
    scene.bench.ingest.is_paused = true;
    say(&client, "half");
    SSL_shutdown(client.ssl);
    carry(&client);
    bench_resume(&scene.bench);
    cr_assert(bench_wait_events(&scene.bench, 2));
    cr_assert_str_eq(buf_z(&scene.bench.events), "patient\nhalf\n");
    client_end(&client);
    end(&scene);
}

Test(tls, sessions_take_half_of_the_memory_and_no_more)
{
    struct scene scene;
    begin(&scene, 6 * TLS_SESSION_BYTES);
    int fds[4];
    for (int i = 0; i < 4; i++) fds[i] = bench_connect(scene.port);
    bench_wait(&scene.bench, failed(&scene, TLS_TOO_MANY));
    cr_assert_eq(failed(&scene, TLS_TOO_MANY), 1);
    char byte;
    cr_assert_eq(read(fds[3], &byte, 1), 0, "the last one was turned away");
    for (int i = 0; i < 4; i++) close(fds[i]);
    bench_wait(&scene.bench, failed(&scene, TLS_CLOSED) == 3);
    cr_assert_eq(atomic_load(&scene.bench.budget.session_bytes), 0);
    end(&scene);
}

Test(tls, of_too_many_handshakes_the_oldest_is_given_up)
{
    static int fds[HANDSHAKES_MAX + 1];
    struct rlimit descriptors;
    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);
    if (descriptors.rlim_cur < 4 * HANDSHAKES_MAX) cr_skip_test("needs descriptors");
    struct scene scene;
    begin(&scene, 0);
    for (int i = 0; i <= HANDSHAKES_MAX; i++) {
        fds[i] = bench_connect(scene.port);
        if (i % 64 == 0) bench_turn(&scene.bench);
    }
    bench_wait(&scene.bench, failed(&scene, TLS_TOO_MANY));
    cr_assert_eq(failed(&scene, TLS_TOO_MANY), 1);
    char byte;
    cr_assert_eq(read(fds[0], &byte, 1), 0);
    cr_assert_eq(recv(fds[1], &byte, 1, MSG_DONTWAIT), -1);
    cr_assert_eq(errno, EAGAIN);
    for (int i = 0; i <= HANDSHAKES_MAX; i++) close(fds[i]);
    end(&scene);
}

Test(tls, a_new_certificate_serves_new_handshakes)
{
    struct scene scene;
    struct client_end old, fresh;
    begin(&scene, 0);
    client_begin(&old, &scene, 4096);
    shake(&old);
    certificate_write(scene.cert, scene.key);
    tls_look_all(&scene.bench.loop);
    cr_assert_eq(counter_get(&scene.bench.input.tls->counters.reloads), 1);
    client_begin(&fresh, &scene, 4096);
    shake(&fresh);
    cr_assert_neq(X509_cmp(SSL_get0_peer_certificate(old.ssl), SSL_get0_peer_certificate(fresh.ssl)), 0);
    say(&old, "still here\n");
    cr_assert(bench_wait_events(&scene.bench, 1));
    FILE *file = fopen(scene.cert, "w");
    fclose(file);
    tls_look_all(&scene.bench.loop);
    cr_assert_eq(counter_get(&scene.bench.input.tls->counters.reload_failures), 1);
    say(&fresh, "and here\n");
    cr_assert(bench_wait_events(&scene.bench, 2));
    client_end(&old);
    client_end(&fresh);
    end(&scene);
}
