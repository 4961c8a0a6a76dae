/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of a store's hosts as they are written: `host`, `host:9201`, `//host`, `https://user:pw@host/path`,
 * IPv6 in brackets. All hosts agree on scheme, path and login. Start-up; memory of the configuration. */
#ifndef CORE_ELASTIC_HOSTS_H
#define CORE_ELASTIC_HOSTS_H
#include "core/event/arena.h"

enum { HOST_PORT_PRESET = 9200 };

struct elastic_hosts {
    const char **bases; /* http://host:port/path without a slash at the end */
    uint32_t count;
    bool is_https;
    struct str user, password; /* of the addresses; not decoded when empty */
};

struct host_parts {
    struct str scheme, user, password, host, port, path;
    bool has_login;
};

/* False: it is no address; `*problem` says why. */
bool host_parse(struct str text, struct host_parts *parts, const char **problem);
/* With the presets of this block; `is_https` when the address has no scheme. */
const char *host_base(const struct host_parts *parts, bool is_https, struct str path, struct arena *arena);

#endif
