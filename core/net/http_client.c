/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/http_client.h"
#include <assert.h>
#include <stdlib.h>
#include "core/net/curl.h"
#include "core/net/watch_socket.h"
#include "core/xmalloc.h"

struct http_client {
    struct watch_sockets watched; /* first */
    const struct curl_library *curl;
    CURLM *multi;
    struct http_client_options options;
    void (*closed)(void *opaque);
    void *opaque;
};

bool http_client_is_available(const char **problem) { return curl_library(problem); }

/* ---- libcurl on the loop ---- */

static void transfers_end(struct http_client *client);

static void sockets_ready(struct watch_sockets *watched, int fd, int events)
{
    struct http_client *client = (struct http_client *)(void *)watched;
    int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    int running;
    client->curl->multi_socket_action(client->multi, fd < 0 ? CURL_SOCKET_TIMEOUT : fd, flags, &running);
    transfers_end(client);
}

static int timer_wanted(CURLM *multi, long ms, void *opaque)
{
    (void)multi;
    struct http_client *client = opaque;
    watch_sockets_after(&client->watched, ms);
    return 0;
}

static int socket_wanted(CURL *handle, curl_socket_t fd, int what, void *opaque, void *socket)
{
    (void)handle;
    struct http_client *client = opaque;
    if (what == CURL_POLL_REMOVE) {
        watch_socket_forget(socket);
        client->curl->multi_assign(client->multi, fd, NULL);
        return 0;
    }
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    struct watch_socket *watched = watch_socket_set(&client->watched, socket, fd, events);
    if (!socket) client->curl->multi_assign(client->multi, fd, watched);
    return 0;
}

static void sockets_closed(struct watch_sockets *watched)
{
    struct http_client *client = (struct http_client *)(void *)watched;
    void (*closed)(void *opaque) = client->closed;
    void *opaque = client->opaque;
    free(client);
    closed(opaque);
}

/* ---- one request ---- */

static bool has_room(struct http_request *request, const struct buf *buf, size_t more, size_t most)
{
    bool fits = buf->len + more <= most && arena_allows(request->arena, 2 * (buf->len + more));
    request->is_too_large |= !fits;
    return fits;
}

static size_t body_came(char *bytes, size_t size, size_t count, void *opaque)
{
    struct http_request *request = opaque;
    if (!has_room(request, &request->answer, size * count, request->body_max)) return 0;
    buf_append(&request->answer, (struct str){bytes, size * count});
    return size * count;
}

static size_t header_came(char *bytes, size_t size, size_t count, void *opaque)
{
    struct http_request *request = opaque;
    struct str line = {bytes, size * count};
    if (str_starts(line, STR("HTTP/"))) buf_clear(&request->answer_headers); /* of a redirect, a 100 */
    if (!has_room(request, &request->answer_headers, line.len, HTTP_HEADER_BYTES_MAX)) return 0;
    buf_append(&request->answer_headers, line);
    return line.len;
}

static void headers_set(const struct curl_library *curl, struct http_request *request)
{
    struct curl_slist *list = curl->slist_append(NULL, "Expect:"); /* no waiting for a 100 */
    for (uint32_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        /* `name;` is a header without a value; `name:` would remove it */
        struct buf line = buf_in_arena(request->arena);
        buf_append(&line, header->name);
        buf_append_z(&line, header->value.len ? ": " : ";");
        buf_append(&line, header->value);
        list = curl->slist_append(list, arena_copy_z(request->arena, buf_str(&line)));
    }
    request->header_list = list;
    curl->easy_setopt(request->handle, CURLOPT_HTTPHEADER, list);
}

static void method_set(const struct curl_library *curl, struct http_request *request)
{
    CURL *handle = request->handle;
    if (request->body.ptr) {
        curl->easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        curl->easy_setopt(handle, CURLOPT_POSTFIELDS, request->body.ptr);
    }
    if (!strcmp(request->method, "HEAD")) curl->easy_setopt(handle, CURLOPT_NOBODY, 1L);
    curl->easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request->method);
}

static void tls_set(const struct curl_library *curl, CURL *handle, const struct http_tls *tls)
{
    curl->easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, tls->verifies ? 1L : 0L);
    curl->easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, tls->verifies_name ? 2L : 0L);
    curl->easy_setopt(handle, CURLOPT_SSLVERSION, tls->is_1_3 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2);
    if (tls->authorities) curl->easy_setopt(handle, CURLOPT_CAINFO, tls->authorities);
    curl->easy_setopt(handle, CURLOPT_CA_CACHE_TIMEOUT, (long)HTTP_AUTHORITIES_KEPT_S);
    if (tls->ciphers) curl->easy_setopt(handle, CURLOPT_SSL_CIPHER_LIST, tls->ciphers);
    if (tls->passphrase) curl->easy_setopt(handle, CURLOPT_KEYPASSWD, tls->passphrase);
    if (tls->key) curl->easy_setopt(handle, CURLOPT_SSLKEY, tls->key);
    if (!tls->certificate) return;
    curl->easy_setopt(handle, CURLOPT_SSLCERT, tls->certificate);
    bool is_p12 = str_ends(str_of(tls->certificate), STR(".p12"));
    curl->easy_setopt(handle, CURLOPT_SSLCERTTYPE, is_p12 ? "P12" : "PEM");
}

static void limits_set(const struct http_client *client, CURL *handle)
{
    const struct curl_library *curl = client->curl;
    const struct http_client_options *options = &client->options;
    curl->easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl->easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl->easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms);
    curl->easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)options->request_timeout_ms);
    curl->easy_setopt(handle, CURLOPT_FOLLOWLOCATION, options->follows_redirects ? 1L : 0L);
    curl->easy_setopt(handle, CURLOPT_MAXREDIRS, 20L);
    curl->easy_setopt(handle, CURLOPT_FORBID_REUSE, options->keeps_connections ? 0L : 1L);
    /* the environment's proxies are not meant for pipelines */
    curl->easy_setopt(handle, CURLOPT_PROXY, options->proxy ? options->proxy : "");
    if (options->tls) tls_set(curl, handle, options->tls);
    if (options->user) curl->easy_setopt(handle, CURLOPT_USERNAME, options->user);
    if (options->password) curl->easy_setopt(handle, CURLOPT_PASSWORD, options->password);
}

void http_client_send(struct http_client *client, struct http_request *request)
{
    const struct curl_library *curl = client->curl;
    CURL *handle = curl->easy_init();
    if (!handle) abort(); /* no memory */
    request->client = client;
    request->handle = handle;
    request->status = 0;
    request->is_too_large = request->is_late = false;
    *request->error = 0;
    request->answer = request->answer_headers = buf_in_arena(request->arena);
    limits_set(client, handle);
    curl->easy_setopt(handle, CURLOPT_URL, request->url);
    curl->easy_setopt(handle, CURLOPT_PRIVATE, request);
    curl->easy_setopt(handle, CURLOPT_ERRORBUFFER, request->error);
    curl->easy_setopt(handle, CURLOPT_WRITEFUNCTION, body_came);
    curl->easy_setopt(handle, CURLOPT_WRITEDATA, request);
    curl->easy_setopt(handle, CURLOPT_HEADERFUNCTION, header_came);
    curl->easy_setopt(handle, CURLOPT_HEADERDATA, request);
    headers_set(curl, request);
    method_set(curl, request);
    curl->multi_add_handle(client->multi, handle); /* sets the timer: it begins with the loop's next turn */
}

/* Posts change something at the other end: they are not made twice. */
static bool may_repeat(const struct http_request *request)
{
    return strcmp(request->method, "POST") != 0 && strcmp(request->method, "PATCH") != 0;
}

static void handle_end(const struct http_client *client, struct http_request *request)
{
    client->curl->multi_remove_handle(client->multi, request->handle);
    client->curl->easy_cleanup(request->handle);
    client->curl->slist_free_all(request->header_list);
}

void http_client_cancel(struct http_client *client, struct http_request *request)
{
    assert(request->client == client);
    handle_end(client, request);
}

static void transfer_end(struct http_client *client, struct http_request *request, CURLcode code)
{
    const struct curl_library *curl = client->curl;
    if (code == CURLE_OK)
        curl->easy_getinfo(request->handle, CURLINFO_RESPONSE_CODE, &request->status);
    else if (request->is_too_large)
        snprintf(request->error, sizeof request->error, "the answer is too large");
    else if (!*request->error)
        snprintf(request->error, sizeof request->error, "%s", curl->easy_strerror(code));
    request->is_late = code == CURLE_OPERATION_TIMEDOUT;
    handle_end(client, request);
    bool is_lost = code != CURLE_OK && !request->is_too_large && code != CURLE_OPERATION_TIMEDOUT &&
                   code != CURLE_URL_MALFORMAT && code != CURLE_UNSUPPORTED_PROTOCOL;
    if (is_lost && may_repeat(request) && request->attempts++ < client->options.retries)
        http_client_send(client, request);
    else
        request->done(request);
}

static void transfers_end(struct http_client *client)
{
    int left;
    CURLMsg *message;
    while ((message = client->curl->multi_info_read(client->multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        char *opaque = NULL;
        client->curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &opaque);
        transfer_end(client, (struct http_request *)(void *)opaque, message->data.result);
    }
}

/* ---- opening and closing ---- */

int http_client_open(struct http_client **out, struct loop *loop, const struct http_client_options *options)
{
    const char *problem;
    const struct curl_library *curl = curl_library(&problem);
    if (!curl) return UV_ENOENT;
    struct http_client *client = xcalloc(1, sizeof *client);
    client->curl = curl;
    client->watched.ready = sockets_ready;
    client->watched.closed = sockets_closed;
    client->options = *options;
    client->multi = curl->multi_init();
    if (!client->multi) abort(); /* no memory */
    curl->multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
    curl->multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl->multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
    curl->multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl->multi_setopt(client->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)options->connections_max);
    curl->multi_setopt(client->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)options->host_connections_max);
    watch_sockets_open(&client->watched, &loop->uv);
    *out = client;
    return 0;
}

void http_client_close(struct http_client *client, void (*closed)(void *opaque), void *opaque)
{
    client->closed = closed;
    client->opaque = opaque;
    watch_sockets_close(&client->watched);
    client->curl->multi_cleanup(client->multi); /* tells of each socket that it goes */
}
