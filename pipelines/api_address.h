/* SPDX-License-Identifier: Apache-2.0 */
/* Where the API is, from api.http.host and api.http.port: for who serves it and for who asks it. */
#ifndef PIPELINES_API_ADDRESS_H
#define PIPELINES_API_ADDRESS_H
#include "core/net/address.h"

/* `9600` or `9600-9700`. False: neither. */
bool api_ports(struct str text, uint16_t *first, uint16_t *last);
/* False: `host` is neither a numeric address nor `localhost`. */
bool api_address(struct str host, uint16_t port, struct address *address);

#endif
