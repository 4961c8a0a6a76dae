/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP requests on a worker's loop, by libcurl, which is looked up by name (dlopen) when the first client is
 * wanted: a process that makes none does not carry its 6 MB. Only http and https; connections are kept and
 * used again; names are resolved by libcurl's own thread.
 *
 * A request is answered once, by a call of its `done`, never from within http_client_send(). The answer lies in
 * memory of the request's arena: beyond `body_max`, or when the arena allows no more, the request fails.
 * One worker's thread. */
#ifndef CORE_NET_HTTP_CLIENT_H
#define CORE_NET_HTTP_CLIENT_H
#include "core/event/arena.h"
#include "core/net/loop.h"
#include "core/text/buf.h"

enum {
    HTTP_HEADER_BYTES_MAX = 64 * 1024,
    HTTP_ERROR_MAX = 256,
    HTTP_AUTHORITIES_KEPT_S = 60, /* then a new connection reads their file again: libcurl would keep it for a day */
};

/* TLS of requests to https; NULL: libcurl's presets. Files are PEM, a `certificate` that ends in .p12 PKCS 12. */
struct http_tls {
    const char *authorities, *certificate, *key, *passphrase, *ciphers;
    bool verifies, verifies_name; /* the server's chain, and that it is the server's own */
    bool is_1_3;                  /* nothing older */
};

struct http_client_options {
    int64_t connect_timeout_ms, request_timeout_ms;
    int64_t connections_max;      /* to all servers */
    int64_t host_connections_max; /* to each */
    bool follows_redirects, keeps_connections;
    uint32_t retries;             /* of requests that failed before an answer, when they may be repeated */
    const char *proxy, *user, *password; /* NULL: none */
    const struct http_tls *tls;
};

struct http_header {
    struct str name, value;
};

struct http_request {
    const char *method; /* GET, HEAD, POST … */
    const char *url;
    const struct http_header *headers;
    uint32_t header_count;
    struct str body;    /* ptr NULL: none */
    size_t body_max;    /* of the answer */
    struct arena *arena;
    void (*done)(struct http_request *request);
    void *opaque;
    /* the answer: */
    long status;        /* 0: there is none, `error` says why */
    struct buf answer;
    struct buf answer_headers; /* lines as they came, of the last answer of a chain of redirects */
    char error[HTTP_ERROR_MAX];
    /* the client's: */
    struct http_client *client;
    void *handle, *header_list;
    uint32_t attempts;
    bool is_too_large, is_late; /* why there is no answer */
};

/* A text of an option, ended by NUL; NULL when it is empty. */
static inline const char *http_text(struct str text, struct arena *arena)
{
    return text.len ? arena_copy_z(arena, text) : NULL;
}

struct http_client;
/* Is libcurl there? Else the reason. Any time; the library stays loaded. */
bool http_client_is_available(const char **problem);
/* 0 or a UV_E code. */
int http_client_open(struct http_client **client, struct loop *loop, const struct http_client_options *options);
void http_client_send(struct http_client *client, struct http_request *request);
/* Gives up a request that was sent and is not answered: its `done` is not called. Not from within one. */
void http_client_cancel(struct http_client *client, struct http_request *request);
/* No request is in flight. `closed` is called when all handles are. */
void http_client_close(struct http_client *client, void (*closed)(void *opaque), void *opaque);

#endif
