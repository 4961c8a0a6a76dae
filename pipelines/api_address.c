/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/api_address.h"
#include <stdlib.h>
#include <string.h>

enum { PORT_TEXT_MAX = 32 };

bool api_ports(struct str text, uint16_t *first, uint16_t *last)
{
    char copy[PORT_TEXT_MAX];
    if (text.len == 0 || text.len >= sizeof copy) return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = 0;
    char *end;
    unsigned long a = strtoul(copy, &end, 10), b = a;
    if (*end == '-') b = strtoul(end + 1, &end, 10);
    if (*end || a > 65535 || b > 65535 || b < a) return false;
    *first = (uint16_t)a;
    *last = (uint16_t)b;
    return true;
}

bool api_address(struct str host, uint16_t port, struct address *address)
{
    return address_parse(address, str_eq(host, STR("localhost")) ? STR("127.0.0.1") : host, port);
}
