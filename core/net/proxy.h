/* SPDX-License-Identifier: Apache-2.0 */
/* The PROXY protocol, version 1: one line of text that a balancer sends before the stream (HAProxy's
 * proxy-protocol.txt, section 2.1):  PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\n */
#ifndef CORE_NET_PROXY_H
#define CORE_NET_PROXY_H
#include "core/net/address.h"

enum {
    PROXY_LINE_MAX = 107, /* its CRLF included */
    PROXY_PORT_TEXT = 6,
};

struct proxy_header {
    bool is_known; /* false: `PROXY UNKNOWN`, the connection's own addresses count */
    char source[ADDRESS_TEXT_MAX], target[ADDRESS_TEXT_MAX];
    char source_port[PROXY_PORT_TEXT], target_port[PROXY_PORT_TEXT];
};

enum proxy_verdict { PROXY_MORE, PROXY_DONE, PROXY_BAD };
/* Reads the line at the start of `bytes`; `used` is its length when done. */
enum proxy_verdict proxy_parse(struct str bytes, struct proxy_header *header, size_t *used);

/* The line as it arrives, in any pieces. Zeroed is ready. */
struct proxy_reader {
    struct proxy_header header;
    char line[PROXY_LINE_MAX];
    uint8_t len;
    bool is_done;
};
/* Takes bytes until the line is whole; `used` is how many. After DONE or BAD it is not called again. */
enum proxy_verdict proxy_read(struct proxy_reader *reader, struct str bytes, size_t *used);

#endif
