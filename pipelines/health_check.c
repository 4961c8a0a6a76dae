/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/health_check.h"
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "pipelines/api_address.h"

static bool failed(const struct settings *settings, const char *why)
{
    fprintf(stderr, "tailrace: no good answer from the API at %.*s port %.*s: %s\n",
            STR_ARG(settings->api_host), STR_ARG(settings->api_port), why);
    return false;
}

static int connect_to(const struct address *address)
{
    int fd = socket(address->family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    struct timeval limit = {.tv_sec = HEALTH_TIMEOUT_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit); /* of connect() too */
    if (connect(fd, &address->ip, address_len(address)) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* An instance that listens on all addresses is asked on loopback. */
static struct str host_asked(struct str host)
{
    if (str_eq(host, STR("0.0.0.0"))) return STR("127.0.0.1");
    return str_eq(host, STR("::")) ? STR("::1") : host;
}

static void request_print(const struct settings *settings, struct buf *request)
{
    buf_append_z(request, "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    if (settings->api_auth_type.value) {
        struct buf pair = {0};
        gnutls_datum_t text;
        buf_printf(&pair, "%.*s:%.*s", STR_ARG(settings->api_auth_username),
                   STR_ARG(settings->api_auth_password.text));
        gnutls_datum_t bytes = {(unsigned char *)pair.ptr, (unsigned)pair.len};
        if (gnutls_base64_encode2(&bytes, &text) == 0) {
            buf_printf(request, "Authorization: Basic %.*s\r\n", (int)text.size, text.data);
            gnutls_free(text.data);
        }
        buf_fini(&pair);
    }
    buf_append_z(request, "\r\n");
}

/* The whole answer, which the server ends by closing; 0 when there was none. */
static size_t ask(int fd, const struct settings *settings, char answer[HEALTH_ANSWER_MAX])
{
    struct buf request = {0};
    request_print(settings, &request);
    ssize_t sent = send(fd, request.ptr, request.len, MSG_NOSIGNAL);
    bool ok = sent == (ssize_t)request.len;
    buf_fini(&request);
    size_t len = 0;
    while (ok && len < HEALTH_ANSWER_MAX - 1) {
        ssize_t got = recv(fd, answer + len, HEALTH_ANSWER_MAX - 1 - len, 0);
        if (got <= 0) break;
        len += (size_t)got;
    }
    answer[len] = 0;
    return len;
}

bool health_check(const struct settings *settings)
{
    uint16_t first, last;
    struct address address;
    if (!api_ports(settings->api_port, &first, &last)) return failed(settings, "the port is wrong");
    int fd = -1;
    for (uint32_t port = first; port <= last && fd < 0; port++) {
        if (!api_address(host_asked(settings->api_host), (uint16_t)port, &address))
            return failed(settings, "the host is no address");
        fd = connect_to(&address);
        if (fd < 0 && errno != ECONNREFUSED) break;
    }
    if (fd < 0) return failed(settings, errno == EINPROGRESS ? "timed out" : strerror(errno));
    char answer[HEALTH_ANSWER_MAX];
    size_t len = ask(fd, settings, answer);
    close(fd);
    unsigned status = 0;
    if (!len || sscanf(answer, "HTTP/1.%*c %u", &status) != 1) return failed(settings, "it said nothing");
    if (status == 200) {
        const char *body = strstr(answer, "\r\n\r\n");
        fputs(body ? body + 4 : "ok\n", stdout);
        return true;
    }
    char why[64];
    snprintf(why, sizeof why, "status %u%s", status,
             status == 503 ? "; GET /_health_report says more" : "");
    return failed(settings, why);
}
