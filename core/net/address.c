/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/address.h"
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <unistd.h>
#include <uv.h>

static bool host_copy(char text[HOST_NAME_MAX_BYTES + 1], struct str host)
{
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        host = str_slice(host, 1, host.len - 1);
    if (host.len == 0 || host.len > HOST_NAME_MAX_BYTES || memchr(host.ptr, 0, host.len))
        return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = 0;
    return true;
}

bool address_parse(struct address *address, struct str host, uint16_t port)
{
    char text[HOST_NAME_MAX_BYTES + 1];
    *address = (struct address){.v6 = {0}};
    if (!host_copy(text, host)) return false;
    if (uv_ip4_addr(text, port, &address->v4) == 0) return true;
    return uv_ip6_addr(text, port, &address->v6) == 0;
}

static int eai_code(int code)
{
    switch (code) {
    case EAI_AGAIN: return UV_EAI_AGAIN;
    case EAI_MEMORY: return UV_EAI_MEMORY;
    case EAI_FAMILY: return UV_EAI_FAMILY;
    case EAI_SYSTEM: return uv_translate_sys_error(errno);
    case EAI_FAIL: return UV_EAI_FAIL;
    default: return UV_EAI_NONAME;
    }
}

int address_resolve(struct address *address, struct str host, uint16_t port)
{
    if (address_parse(address, host, port)) return 0;
    char text[HOST_NAME_MAX_BYTES + 1];
    if (!host_copy(text, host)) return UV_EAI_NONAME;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    int code = getaddrinfo(text, NULL, &hints, &found);
    if (code) return eai_code(code);
    int status = UV_EAI_NONAME;
    for (struct addrinfo *at = found; at && status; at = at->ai_next) {
        if (at->ai_family != AF_INET && at->ai_family != AF_INET6) continue;
        assert(at->ai_addrlen <= sizeof *address);
        memcpy(address, at->ai_addr, at->ai_addrlen);
        status = 0;
    }
    freeaddrinfo(found);
    if (status == 0 && address->family == AF_INET) address->v4.sin_port = htons(port);
    if (status == 0 && address->family == AF_INET6) address->v6.sin6_port = htons(port);
    return status;
}

socklen_t address_len(const struct address *address)
{
    assert(address->family == AF_INET || address->family == AF_INET6);
    return address->family == AF_INET ? sizeof address->v4 : sizeof address->v6;
}

uint16_t address_port(const struct address *address)
{
    /* both kinds keep the port in the same place, but that is no promise */
    return ntohs(address->family == AF_INET ? address->v4.sin_port : address->v6.sin6_port);
}

struct str address_print(const struct address *address, char text[ADDRESS_TEXT_MAX])
{
    const char *printed = NULL;
    if (address->family == AF_INET) {
        printed = inet_ntop(AF_INET, &address->v4.sin_addr, text, ADDRESS_TEXT_MAX);
    } else if (IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr)) {
        printed = inet_ntop(AF_INET, &address->v6.sin6_addr.s6_addr[12], text, ADDRESS_TEXT_MAX);
    } else {
        printed = inet_ntop(AF_INET6, &address->v6.sin6_addr, text, ADDRESS_TEXT_MAX);
        char scope[IF_NAMESIZE];
        if (address->v6.sin6_scope_id && if_indextoname(address->v6.sin6_scope_id, scope)) {
            size_t len = strlen(text);
            snprintf(text + len, ADDRESS_TEXT_MAX - len, "%%%s", scope);
        }
    }
    assert(printed == text);
    return str_of(text);
}

/* ---- ports ---- */

static int socket_set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) ? uv_translate_sys_error(errno) : 0;
}

static int port_bind(const struct port_options *options, bool shared, int *fd)
{
    const struct address *address = &options->address;
    int opened = socket(address->family, options->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (opened < 0) return uv_translate_sys_error(errno);
    int status = 0;
    /* of a datagram socket SO_REUSEADDR would let two processes bind one port unseen */
    if (options->type == SOCK_STREAM) status = socket_set(opened, SOL_SOCKET, SO_REUSEADDR, 1);
    if (!status && shared) status = socket_set(opened, SOL_SOCKET, SO_REUSEPORT, 1);
    if (!status && address->family == AF_INET6)
        status = socket_set(opened, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    if (!status && bind(opened, &address->ip, address_len(address)))
        status = uv_translate_sys_error(errno);
    /* listening is what makes a port with SO_REUSEADDR count as in use */
    if (!status && options->type == SOCK_STREAM && listen(opened, LISTEN_BACKLOG))
        status = uv_translate_sys_error(errno);
    if (status)
        close(opened);
    else
        *fd = opened;
    return status;
}

int port_open(const struct port_options *options, int *fd)
{
    assert(options->worker < options->workers);
    if (options->workers == 1) return port_bind(options, false, fd);
    if (options->worker == 0) {
        int status = port_bind(options, false, fd);
        if (status) return status;
        close(*fd);
    }
    return port_bind(options, true, fd);
}
