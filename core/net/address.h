/* SPDX-License-Identifier: Apache-2.0 */
/* Internet addresses and the sockets bound to them: numeric text fast, names by getaddrinfo (which
 * blocks: only when a worker starts, or on the disk thread).
 *
 * A port that several workers share is bound once without SO_REUSEPORT by worker 0, so that a port
 * in use is seen (another process of the same user could share it otherwise), closed, and opened
 * anew by each worker. So worker 0 starts before the others. */
#ifndef CORE_NET_ADDRESS_H
#define CORE_NET_ADDRESS_H
#include <netinet/in.h>
#include <stdint.h>
#include "core/text/str.h"

enum {
    ADDRESS_TEXT_MAX = INET6_ADDRSTRLEN + 17, /* an IPv6 address with its scope, and the NUL */
    HOST_NAME_MAX_BYTES = 255,
    LISTEN_BACKLOG = 4096, /* the kernel lowers it to net.core.somaxconn */
};

struct address {
    union {
        sa_family_t family;
        struct sockaddr ip;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
};

/* False: not a numeric IPv4 or IPv6 address (brackets around the latter are allowed). */
bool address_parse(struct address *address, struct str host, uint16_t port);
/* Resolves a name; blocks. 0 or a UV_EAI_ code. The first address that getaddrinfo gives counts. */
int address_resolve(struct address *address, struct str host, uint16_t port);
socklen_t address_len(const struct address *address);
uint16_t address_port(const struct address *address);
/* The address without port; an IPv4 one mapped into IPv6 is printed as IPv4. */
struct str address_print(const struct address *address, char text[ADDRESS_TEXT_MAX]);

struct port_options {
    struct address address;
    int type; /* SOCK_STREAM or SOCK_DGRAM */
    uint32_t worker, workers;
};
/* A bound socket, non-blocking and closed on exec; listening when it is a stream. 0 or a UV_E code. */
int port_open(const struct port_options *options, int *fd);

#endif
