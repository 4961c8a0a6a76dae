/* SPDX-License-Identifier: Apache-2.0 */
/* A running instance's API, asked by the commands that look into one (health, tap, top): one GET at
 * a time over plain HTTP, blocking. HTTP/1.0, so that the answer ends with its connection and is
 * never in chunks. One thread. */
#ifndef PIPELINES_API_CLIENT_H
#define PIPELINES_API_CLIENT_H
#include "core/text/buf.h"
#include "pipelines/api_place.h"

enum {
    API_CLIENT_TIMEOUT_S = 5,        /* of a step: connecting, the head, a piece of the body */
    API_CLIENT_HEAD_MAX = 16 * 1024, /* bytes before the body */
    API_CLIENT_BODY_MAX = 64 * 1024 * 1024, /* of a whole body */
    API_CLIENT_LINE_MAX = 16 * 1024 * 1024, /* of a streamed one */
};

struct api_client {
    int fd; /* -1: closed */
    unsigned status;
    bool is_stream; /* waits for the next line as long as it takes */
    struct buf data;
    size_t read; /* of the data */
    bool has_ended;
    char why[160]; /* what went wrong */
};

/* Connects, asks and reads the head of the answer. False: `why`. To be closed in any case. */
bool api_client_get(struct api_client *client, const struct api_place *place, const char *path);
void api_client_close(struct api_client *client);
/* The rest of the body, whole. False: `why`. */
bool api_client_body(struct api_client *client, struct str *body);
/* The next line without its end, valid until the next call. False: there is none; `why` is empty
 * when the answer ended between two lines. */
bool api_client_line(struct api_client *client, struct str *line);

/* Appends a query parameter, `?name=value` or `&name=value`. */
void api_query_add(struct buf *path, const char *name, struct str value);

#endif
