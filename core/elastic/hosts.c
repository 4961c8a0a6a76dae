/* SPDX-License-Identifier: Apache-2.0 */
#include "core/elastic/hosts.h"
#include "core/text/buf.h"

static struct str cut(struct str *text, size_t len, size_t skip)
{
    struct str head = str_slice(*text, 0, len);
    *text = str_from(*text, len + skip);
    return head;
}

static bool login_parse(struct str *rest, struct host_parts *parts)
{
    ptrdiff_t slash = str_find(*rest, STR("/"));
    struct str authority = str_slice(*rest, 0, slash < 0 ? rest->len : (size_t)slash);
    ptrdiff_t at = -1;
    for (size_t i = 0; i < authority.len; i++)
        if (authority.ptr[i] == '@') at = (ptrdiff_t)i;
    if (at < 0) return true;
    struct str login = cut(rest, (size_t)at, 1);
    ptrdiff_t colon = str_find(login, STR(":"));
    parts->has_login = true;
    parts->user = str_slice(login, 0, colon < 0 ? login.len : (size_t)colon);
    parts->password = colon < 0 ? (struct str){0} : str_from(login, (size_t)colon + 1);
    return parts->user.len;
}

static bool port_is_good(struct str port)
{
    unsigned number = 0;
    for (size_t i = 0; i < port.len; i++) {
        if (!is_digit(port.ptr[i]) || number > 65535) return false;
        number = number * 10 + (unsigned)(port.ptr[i] - '0');
    }
    return port.len && number >= 1 && number <= 65535;
}

static bool name_is_good(struct str host)
{
    for (size_t i = 0; i < host.len; i++) {
        unsigned char c = (unsigned char)host.ptr[i];
        if (c <= ' ' || c == 127 || strchr("\"<>\\^`{|}?#@%", c)) return false;
    }
    return host.len;
}

static bool authority_parse(struct str authority, struct host_parts *parts, const char **problem)
{
    ptrdiff_t end = authority.len && *authority.ptr == '[' ? str_find(authority, STR("]")) : -1;
    ptrdiff_t colon = end < 0 ? str_find(authority, STR(":")) : end + 1;
    size_t len = colon < 0 || (size_t)colon >= authority.len ? authority.len : (size_t)colon;
    parts->host = str_slice(authority, 0, len);
    parts->port = str_from(authority, len);
    *problem = "it names no host";
    if (!name_is_good(parts->host)) return false;
    if (!parts->port.len) return true;
    *problem = "its port is not one of 1 to 65535; IPv6 addresses stand in brackets";
    if (*parts->port.ptr != ':' || !port_is_good(str_from(parts->port, 1))) return false;
    parts->port = str_from(parts->port, 1);
    return true;
}

bool host_parse(struct str text, struct host_parts *parts, const char **problem)
{
    *parts = (struct host_parts){0};
    ptrdiff_t scheme = str_find(text, STR("://"));
    if (scheme >= 0)
        parts->scheme = cut(&text, (size_t)scheme, 3);
    else if (str_starts(text, STR("//")))
        text = str_from(text, 2);
    *problem = "only http and https are spoken";
    if (scheme >= 0 && !str_eq_z(parts->scheme, "http") && !str_eq_z(parts->scheme, "https")) return false;
    *problem = "the name before @ is empty";
    if (!login_parse(&text, parts)) return false;
    ptrdiff_t slash = str_find(text, STR("/"));
    parts->path = slash < 0 ? (struct str){0} : str_from(text, (size_t)slash);
    *problem = "a path with ? or # is no place for a store";
    if (str_find(parts->path, STR("?")) >= 0 || str_find(parts->path, STR("#")) >= 0) return false;
    return authority_parse(slash < 0 ? text : str_slice(text, 0, (size_t)slash), parts, problem);
}

const char *host_base(const struct host_parts *parts, bool is_https, struct str path, struct arena *arena)
{
    struct buf out = buf_in_arena(arena);
    bool has_scheme = parts->scheme.len;
    buf_append_z(&out, (has_scheme ? str_eq_z(parts->scheme, "https") : is_https) ? "https://" : "http://");
    buf_append(&out, parts->host);
    if (parts->port.len)
        buf_printf(&out, ":%.*s", STR_ARG(parts->port));
    else
        buf_printf(&out, ":%d", HOST_PORT_PRESET);
    struct str own = parts->path.len > 1 ? parts->path : path;
    while (own.len && own.ptr[own.len - 1] == '/') own.len--;
    if (own.len && *own.ptr != '/') buf_append_char(&out, '/');
    buf_append(&out, own);
    return arena_copy_z(arena, buf_str(&out));
}
