/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/api_client.h"
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include "pipelines/api_address.h"

enum { READ_BYTES = 64 * 1024 };

/* ---- connecting ---- */

static bool failed(struct api_client *client, const char *why)
{
    snprintf(client->why, sizeof client->why, "%s", why);
    api_client_close(client);
    return false;
}

static const char *errno_text(void)
{
    return errno == EAGAIN || errno == EINPROGRESS ? "timed out" : strerror(errno);
}

static int connect_to(const struct address *address)
{
    int fd = socket(address->family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    struct timeval limit = {.tv_sec = API_CLIENT_TIMEOUT_S};
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit); /* of connect() too */
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (connect(fd, &address->ip, address_len(address)) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static bool client_connect(struct api_client *client, const struct api_place *place)
{
    errno = ECONNREFUSED;
    for (uint32_t port = place->first; port <= place->last && client->fd < 0; port++) {
        struct address address;
        if (!api_address(place->host, (uint16_t)port, &address) &&
            address_resolve(&address, place->host, (uint16_t)port) != 0)
            return failed(client, "the host is not known");
        client->fd = connect_to(&address);
        if (client->fd < 0 && errno != ECONNREFUSED) break;
    }
    return client->fd >= 0 || failed(client, errno_text());
}

static void put_authorization(struct buf *request, const struct api_place *place)
{
    struct buf pair = {0};
    gnutls_datum_t text;
    buf_printf(&pair, "%.*s:%.*s", STR_ARG(place->user), STR_ARG(place->password));
    gnutls_datum_t bytes = {(unsigned char *)pair.ptr, (unsigned)pair.len};
    if (gnutls_base64_encode2(&bytes, &text) == 0) {
        buf_printf(request, "Authorization: Basic %.*s\r\n", (int)text.size, text.data);
        gnutls_free(text.data);
    }
    buf_fini(&pair);
}

static bool ask(struct api_client *client, const struct api_place *place, const char *path)
{
    struct buf request = {0};
    bool is_v6 = memchr(place->host.ptr, ':', place->host.len) && place->host.ptr[0] != '[';
    buf_printf(&request, "GET %s HTTP/1.0\r\nHost: %s%.*s%s\r\n", path, is_v6 ? "[" : "",
               STR_ARG(place->host), is_v6 ? "]" : "");
    if (place->has_user) put_authorization(&request, place);
    buf_append_z(&request, "\r\n");
    ssize_t sent = send(client->fd, request.ptr, request.len, MSG_NOSIGNAL);
    bool is_sent = sent == (ssize_t)request.len;
    buf_fini(&request);
    return is_sent || failed(client, errno_text());
}

/* ---- reading ---- */

/* Some more bytes; false at the end, and at a fault, of which `why` tells. */
static bool more(struct api_client *client)
{
    if (client->has_ended || client->fd < 0) return false;
    if (client->read == client->data.len) {
        buf_clear(&client->data);
        client->read = 0;
    }
    buf_reserve(&client->data, READ_BYTES);
    ssize_t got;
    do got = recv(client->fd, client->data.ptr + client->data.len, READ_BYTES, 0);
    while (got < 0 && client->is_stream && (errno == EAGAIN || errno == EINTR));
    if (got > 0) {
        client->data.len += (size_t)got;
        return true;
    }
    client->has_ended = got == 0;
    return client->has_ended ? false : failed(client, errno_text());
}

static struct str unread(const struct api_client *client)
{
    return str_from(buf_str(&client->data), client->read);
}

static bool head_read(struct api_client *client)
{
    ptrdiff_t end;
    while ((end = str_find(unread(client), STR("\r\n\r\n"))) < 0) {
        if (unread(client).len > API_CLIENT_HEAD_MAX)
            return failed(client, "the answer is not HTTP");
        if (!more(client)) return client->why[0] ? false : failed(client, "it said nothing");
    }
    unsigned status;
    if (sscanf(buf_z(&client->data), "HTTP/1.%*c %u", &status) != 1)
        return failed(client, "the answer is not HTTP");
    client->status = status;
    client->read += (size_t)end + 4;
    return true;
}

bool api_client_get(struct api_client *client, const struct api_place *place, const char *path)
{
    *client = (struct api_client){.fd = -1};
    return client_connect(client, place) && ask(client, place, path) && head_read(client);
}

void api_client_close(struct api_client *client)
{
    if (client->fd >= 0) close(client->fd);
    client->fd = -1;
    buf_fini(&client->data);
    client->read = 0;
}

bool api_client_body(struct api_client *client, struct str *body)
{
    while (more(client))
        if (unread(client).len > API_CLIENT_BODY_MAX)
            return failed(client, "the answer is too large");
    *body = unread(client);
    return client->has_ended;
}

bool api_client_line(struct api_client *client, struct str *line)
{
    size_t looked = 0;
    for (;;) {
        struct str rest = unread(client);
        const char *end =
            rest.len > looked ? memchr(rest.ptr + looked, '\n', rest.len - looked) : NULL;
        if (end) {
            *line = str_slice(rest, 0, (size_t)(end - rest.ptr));
            client->read += line->len + 1;
            return true;
        }
        looked = rest.len;
        if (looked > API_CLIENT_LINE_MAX) return failed(client, "a line of the answer is too long");
        if (client->read && rest.len) { /* keep the buffer from growing line by line */
            memmove(client->data.ptr, rest.ptr, rest.len);
            client->data.len = rest.len;
            client->read = 0;
        }
        if (!more(client)) return looked ? failed(client, "the answer was cut off") : false;
    }
}

void api_query_add(struct buf *path, const char *name, struct str value)
{
    static const char plain[] = "-._~[]=<>!'()*:,/";
    buf_append_char(path, memchr(path->ptr, '?', path->len) ? '&' : '?');
    buf_append_z(path, name);
    buf_append_char(path, '=');
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit((char)c);
        if (is_word || (c && strchr(plain, c)))
            buf_append_char(path, (char)c);
        else
            buf_printf(path, "%%%02X", c);
    }
}
