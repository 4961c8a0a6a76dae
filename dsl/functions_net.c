/* SPDX-License-Identifier: Apache-2.0 */
/* Functions: addresses, key=value texts, identifiers. An address of IPv4 within IPv6 (::ffff:1.2.3.4) is
 * one of IPv6. */
#include <arpa/inet.h>
#include <sys/random.h>
#include "dsl/functions.h"

enum { PAIRS_MAX = 1024 }; /* of parse_kv() */

struct address {
    uint8_t bytes[16];
    uint32_t bits; /* 32 or 128 */
};

static bool read_address(struct str text, struct address *address)
{
    char copy[INET6_ADDRSTRLEN + 1];
    if (text.len == 0 || text.len >= sizeof copy) return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (strlen(copy) != text.len) return false;
    address->bits = 32;
    if (inet_pton(AF_INET, copy, address->bytes) == 1) return true;
    address->bits = 128;
    return inet_pton(AF_INET6, copy, address->bytes) == 1;
}

static struct str text_of(const struct call *call, uint32_t at) { return value_text(&call->arguments[at]); }

static bool is_ip(const struct call *call, struct value *out)
{
    struct address address;
    *out = value_bool(call->arguments[0].kind == VALUE_STRING && read_address(text_of(call, 0), &address));
    return true;
}

static bool ip_version(const struct call *call, struct value *out)
{
    struct address address;
    if (!read_address(text_of(call, 0), &address)) return call_fails(call, "is no IP address");
    *out = value_int(address.bits == 32 ? 4 : 6);
    return true;
}

/* `10.0.0.0/8`; without a slash one address. */
static bool read_network(struct str text, struct address *network, uint32_t *prefix)
{
    const char *slash = text.len ? memchr(text.ptr, '/', text.len) : NULL;
    size_t len = slash ? (size_t)(slash - text.ptr) : text.len;
    if (!read_address(str_slice(text, 0, len), network)) return false;
    *prefix = network->bits;
    if (!slash) return true;
    struct str digits = str_from(text, len + 1);
    if (digits.len == 0 || digits.len > 3) return false;
    *prefix = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (!is_digit(digits.ptr[i])) return false;
        *prefix = *prefix * 10 + (uint32_t)(digits.ptr[i] - '0');
    }
    return *prefix <= network->bits;
}

static bool cidr_contains(const struct call *call, struct value *out)
{
    struct address network, address;
    uint32_t prefix;
    if (!read_network(text_of(call, 0), &network, &prefix)) return call_fails(call, "is no network");
    if (!read_address(text_of(call, 1), &address)) return call_fails(call, "is no IP address");
    uint32_t whole = prefix / 8, rest = prefix % 8;
    bool is_within = network.bits == address.bits && memcmp(network.bytes, address.bytes, whole) == 0;
    if (is_within && rest) is_within = (network.bytes[whole] ^ address.bytes[whole]) >> (8 - rest) == 0;
    *out = value_bool(is_within);
    return true;
}

/* Pairs without the second separator are left out; a repeated name keeps its last value. */
static bool parse_kv(const struct call *call, struct value *out)
{
    struct str text = text_of(call, 0);
    struct str between = call->count > 1 ? text_of(call, 1) : STR(" ");
    struct str within = call->count > 2 ? text_of(call, 2) : STR("=");
    if (between.len == 0 || within.len == 0) return call_fails(call, "a separator is empty");
    *out = value_map(call->arena, 8);
    while (text.len) {
        ptrdiff_t end = str_find(text, between);
        struct str pair = end < 0 ? text : str_slice(text, 0, (size_t)end);
        ptrdiff_t at = str_find(pair, within);
        text = end < 0 ? STR("") : str_from(text, (size_t)end + between.len);
        if (at <= 0) continue;
        if (out->map->live >= PAIRS_MAX) return call_fails(call, "the text has too many pairs");
        map_set(out->map, call->arena, key_of(str_slice(pair, 0, (size_t)at)),
                value_string(str_from(pair, (size_t)at + within.len)));
    }
    return true;
}

/* RFC 9562, version 4. */
static bool uuid(const struct call *call, struct value *out)
{
    uint8_t bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) return call_fails(call, "no random bytes");
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    char text[40], *at = text;
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
        *at++ = "0123456789abcdef"[bytes[i] >> 4];
        *at++ = "0123456789abcdef"[bytes[i] & 15];
    }
    return give_text(out, arena_copy(call->arena, (struct str){text, (size_t)(at - text)}));
}

#define TEXT {{"text", TYPE_STRING}}
const struct function functions_net[] = {
    {"is_ip", "Is it the text of an IPv4 or IPv6 address?", {{"value", TYPE_FIELD}}, 1, TYPE_BOOLEAN, false, false,
     is_ip, {{"is_ip(\"::1\")", "true"}, {"is_ip(\"256.1.1.1\")", "false"}}},
    {"ip_version", "4 or 6.", TEXT, 1, TYPE_INTEGER, true, false, ip_version,
     {{"ip_version(\"10.0.0.1\")", "4"}, {"ip_version(\"localhost\")", NULL}}},
    {"cidr_contains", "Does the network hold the address?", {{"network", TYPE_STRING}, {"address", TYPE_STRING}}, 2,
     TYPE_BOOLEAN, true, false, cidr_contains,
     {{"cidr_contains(\"10.0.0.0/9\", \"10.127.1.2\")", "true"},
      {"cidr_contains(\"10.0.0.0/9\", \"10.128.1.2\")", "false"}}},
    {"parse_kv", "An object of pairs: `a=1 b=2`, or with other separators.",
     {{"text", TYPE_STRING}, {"between", TYPE_STRING}, {"within", TYPE_STRING}}, 1, TYPE_OBJECT, true, false, parse_kv,
     {{"parse_kv(\"a=1 b=x=y\")", "{\"a\":\"1\",\"b\":\"x=y\"}"},
      {"parse_kv(\"a:1;b:2\", \";\", \":\")", "{\"a\":\"1\",\"b\":\"2\"}"}}},
    {"uuid", "A random UUID, of version 4.", {{0}}, 0, TYPE_STRING, true, true, uuid,
     {{"length(uuid())", "36"}, {"slice(uuid(), 14, 15)", "\"4\""}}},
    {0},
};
