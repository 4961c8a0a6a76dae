/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/ip.h"
#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>

bool ip_read(struct str text, struct ip *ip)
{
    char copy[IP_TEXT_MAX];
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.ptr, '\0', text.len)) return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    memset(ip->bytes, 0, sizeof ip->bytes);
    ip->bits = 32;
    if (inet_pton(AF_INET, copy, ip->bytes) == 1) return true;
    ip->bits = 128;
    return inet_pton(AF_INET6, copy, ip->bytes) == 1;
}

struct str ip_print(const struct ip *ip, char text[IP_TEXT_MAX])
{
    const char *printed = inet_ntop(ip->bits == 32 ? AF_INET : AF_INET6, ip->bytes, text, IP_TEXT_MAX);
    assert(printed);
    return str_of(printed);
}

bool ip_network_read(struct str text, struct ip_network *network)
{
    const char *slash = text.len ? memchr(text.ptr, '/', text.len) : NULL;
    size_t len = slash ? (size_t)(slash - text.ptr) : text.len;
    if (!ip_read(str_slice(text, 0, len), &network->first)) return false;
    network->prefix = network->first.bits;
    if (!slash) return true;
    struct str digits = str_from(text, len + 1);
    if (digits.len == 0 || digits.len > 3) return false;
    network->prefix = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (!is_digit(digits.ptr[i])) return false;
        network->prefix = network->prefix * 10 + (uint32_t)(digits.ptr[i] - '0');
    }
    if (network->prefix > network->first.bits) return false;
    ip_mask(&network->first, network->prefix);
    return true;
}

bool ip_network_contains(const struct ip_network *network, const struct ip *ip)
{
    if (network->first.bits != ip->bits) return false;
    struct ip masked = *ip;
    ip_mask(&masked, network->prefix);
    return memcmp(masked.bytes, network->first.bytes, sizeof masked.bytes) == 0;
}

void ip_mask(struct ip *ip, uint32_t prefix)
{
    assert(prefix <= ip->bits);
    size_t whole = prefix / 8;
    if (prefix % 8) {
        ip->bytes[whole] &= (uint8_t)(0xff00 >> prefix % 8);
        whole++;
    }
    memset(ip->bytes + whole, 0, sizeof ip->bytes - whole);
}

/* ---- sets ---- */

static struct ip_range range_of(const struct ip_network *network)
{
    struct ip_range range;
    memcpy(range.first, network->first.bytes, sizeof range.first);
    memcpy(range.last, network->first.bytes, sizeof range.last);
    for (uint32_t bit = network->prefix; bit < network->first.bits; bit++)
        range.last[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    return range;
}

/* By their beginning; of those that begin together the largest first. */
static int range_order(const void *a, const void *b)
{
    const struct ip_range *one = a, *other = b;
    int order = memcmp(one->first, other->first, sizeof one->first);
    return order ? order : memcmp(other->last, one->last, sizeof one->last);
}

/* Networks lie within each other or apart, so a range that begins within the last one is part of it. */
static uint32_t ranges_join(struct ip_range *ranges, uint32_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (kept && memcmp(ranges[i].first, ranges[kept - 1].last, 16) <= 0) continue;
        ranges[kept++] = ranges[i];
    }
    return kept;
}

void ip_set_make(struct ip_set *set, const struct ip_network *networks, uint32_t count, struct arena *arena)
{
    assert(count <= IP_SET_MAX);
    *set = (struct ip_set){0};
    for (int family = 0; family < 2; family++)
        set->ranges[family] = arena_alloc(arena, (count + 1) * sizeof(struct ip_range));
    for (uint32_t i = 0; i < count; i++) {
        int family = networks[i].first.bits == 128;
        set->ranges[family][set->counts[family]++] = range_of(&networks[i]);
    }
    for (int family = 0; family < 2; family++) {
        qsort(set->ranges[family], set->counts[family], sizeof(struct ip_range), range_order);
        set->counts[family] = ranges_join(set->ranges[family], set->counts[family]);
    }
}

bool ip_set_contains(const struct ip_set *set, const struct ip *ip)
{
    int family = ip->bits == 128;
    const struct ip_range *ranges = set->ranges[family];
    uint32_t low = 0, high = set->counts[family]; /* the first range that begins behind the address */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (memcmp(ranges[middle].first, ip->bytes, 16) <= 0) low = middle + 1;
        else high = middle;
    }
    return low && memcmp(ip->bytes, ranges[low - 1].last, 16) <= 0;
}
