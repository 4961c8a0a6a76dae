/* SPDX-License-Identifier: Apache-2.0 */
/* MaxMind databases (libmaxminddb): what is known of an address. The file's bytes are copied into memory of
 * the process (memfd) before the library maps them: a file that is overwritten in place, while a mapping of
 * it is read, would end the process. A database is not changed once it is open: any thread may ask it.
 *
 * What is damaged in a database is missing in the answer. Source: MaxMind DB File Format, version 2.0. */
#ifndef CORE_STORE_GEO_DATABASE_H
#define CORE_STORE_GEO_DATABASE_H
#include "core/event/value.h"
#include "core/text/buf.h"
#include "core/text/ip.h"

enum { GEO_DATABASE_BYTES_MAX = 1024 * 1024 * 1024, GEO_STEPS_MAX = 6 /* of a path, the NULL included */ };

/* By the name in the database's own description. */
enum geo_kind { GEO_CITY, GEO_COUNTRY, GEO_DOMAIN, GEO_ASN, GEO_ISP, GEO_ANONYMOUS, GEO_ENTERPRISE, GEO_KINDS };

struct geo_database;
/* NULL: `problem` says why. */
struct geo_database *geo_database_open(struct str bytes, struct buf *problem);
void geo_database_close(struct geo_database *database);
enum geo_kind geo_database_kind(const struct geo_database *database);

struct geo_entry {
    const struct geo_database *database;
    uint32_t offset;
    struct ip_network network; /* all addresses of which the same is known */
};
/* False: nothing is known of it. */
bool geo_find(const struct geo_database *database, const struct ip *ip, struct geo_entry *entry);

/* A text, number or boolean by its names ("city" "names" "en", NULL); a number in digits is the item of a
 * list, "-1" the last one. Texts are copied to `arena`. False: there is none. */
bool geo_value(const struct geo_entry *entry, const char *const *names, struct arena *arena, struct value *value);

#endif
