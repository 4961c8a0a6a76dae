/* SPDX-License-Identifier: Apache-2.0 */
/* Functions: addresses, key=value texts, identifiers. */
#include "core/text/ip.h"
#include "core/text/uuid.h"
#include "dsl/functions.h"

enum { PAIRS_MAX = 1024 }; /* of parse_kv() */

static struct str text_of(const struct call *call, uint32_t at) { return value_text(&call->arguments[at]); }

static bool is_ip(const struct call *call, struct value *out)
{
    struct ip ip;
    *out = value_bool(call->arguments[0].kind == VALUE_STRING && ip_read(text_of(call, 0), &ip));
    return true;
}

static bool ip_version(const struct call *call, struct value *out)
{
    struct ip ip;
    if (!ip_read(text_of(call, 0), &ip)) return call_fails(call, "is no IP address");
    *out = value_int(ip.bits == 32 ? 4 : 6);
    return true;
}

static bool cidr_contains(const struct call *call, struct value *out)
{
    struct ip_network network;
    struct ip ip;
    if (!ip_network_read(text_of(call, 0), &network)) return call_fails(call, "is no network");
    if (!ip_read(text_of(call, 1), &ip)) return call_fails(call, "is no IP address");
    *out = value_bool(ip_network_contains(&network, &ip));
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

static bool uuid(const struct call *call, struct value *out)
{
    struct uuid_source source = {0};
    char text[UUID_SIZE];
    uuid_next(&source, text);
    return give_text(out, arena_copy(call->arena, (struct str){text, sizeof text}));
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
