/* SPDX-License-Identifier: Apache-2.0 */
/* Internet addresses as data: reading, networks, and sets of networks. An address of IPv4 within IPv6
 * (::ffff:1.2.3.4) is one of IPv6; the two families never hold each other. No state: any thread. */
#ifndef CORE_TEXT_IP_H
#define CORE_TEXT_IP_H
#include <stdint.h>
#include "core/event/arena.h"
#include "core/text/str.h"

enum { IP_TEXT_MAX = 46 /* with a NUL */, IP_SET_MAX = 1 << 20 /* networks of a set */ };

struct ip {
    uint8_t bytes[16]; /* behind those of IPv4 zeros */
    uint32_t bits;     /* 32 or 128 */
};
struct ip_network {
    struct ip first; /* its bits behind the prefix are 0 */
    uint32_t prefix;
};

/* False: not the text of an address; without blanks, brackets, scope or port. */
bool ip_read(struct str text, struct ip *ip);
struct str ip_print(const struct ip *ip, char text[IP_TEXT_MAX]);
/* `10.0.0.0/8`; without a slash the network of one address. */
bool ip_network_read(struct str text, struct ip_network *network);
bool ip_network_contains(const struct ip_network *network, const struct ip *ip);
/* All bits behind the prefix become 0. */
void ip_mask(struct ip *ip, uint32_t prefix);

/* Networks as ranges that do not touch, in order: asked in log n. Zeroed: empty. */
struct ip_range { uint8_t first[16], last[16]; };
struct ip_set {
    struct ip_range *ranges[2]; /* IPv4, IPv6 */
    uint32_t counts[2];
};
void ip_set_make(struct ip_set *set, const struct ip_network *networks, uint32_t count, struct arena *arena);
bool ip_set_contains(const struct ip_set *set, const struct ip *ip);

#endif
