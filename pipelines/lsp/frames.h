/* SPDX-License-Identifier: Apache-2.0 */
/* The framing of the Language Server Protocol: `Content-Length: N`, perhaps further headers, an empty
 * line, N bytes. Bytes come in as they are read, whole bodies go out. No I/O.
 *
 * What does not fit the rules is told once and passed over: a body that is too long is skipped to its
 * end; after a header that cannot be understood nothing is trusted up to the next `Content-Length:`.
 *
 * Ownership: a body points into the reader and is valid until the next call. One thread. */
#ifndef PIPELINES_LSP_FRAMES_H
#define PIPELINES_LSP_FRAMES_H
#include "core/text/buf.h"

enum {
    FRAME_HEADER_MAX = 4096,             /* bytes of all headers of one message */
    FRAME_BODY_MAX = 32 * 1024 * 1024,   /* a document of DOCUMENT_BYTES_MAX, every byte escaped */
};

enum frame_verdict {
    FRAME_WANTED,    /* more bytes are needed */
    FRAME_WHOLE,     /* `*body` is a message */
    FRAME_MALFORMED, /* a header without a usable Content-Length, or too long */
    FRAME_TOO_LONG,  /* a body of more than FRAME_BODY_MAX bytes, which is being skipped */
};

struct frames {
    struct buf bytes;
    size_t at;         /* what lies before was given out */
    size_t body_len;   /* of the message whose header was read */
    bool has_header;
    bool is_lost;      /* looks for the next Content-Length */
    uint64_t skipped;  /* bytes of a too long body still to come */
};

void frames_fini(struct frames *frames);
void frames_feed(struct frames *frames, struct str bytes);
/* To be called until it is FRAME_WANTED. */
enum frame_verdict frames_next(struct frames *frames, struct str *body);

/* Appends a message with its header. */
void frame_write(struct buf *out, struct str body);

#endif
