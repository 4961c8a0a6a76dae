/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/geo_database.h"
#include <assert.h>
#include <errno.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "core/store/open.h"
#include "core/xmalloc.h"

struct geo_database {
    MMDB_s mmdb;
    enum geo_kind kind;
};

/* ---- opening ---- */

static bool kind_of(const char *type, enum geo_kind *kind)
{
    static const struct {
        const char *part;
        enum geo_kind kind;
    } parts[] = {{"City", GEO_CITY},         {"Country", GEO_COUNTRY},
                 {"GeoIP2-Domain", GEO_DOMAIN}, {"GeoLite2-ASN", GEO_ASN},
                 {"GeoIP2-ISP", GEO_ISP},    {"GeoIP2-Anonymous-IP", GEO_ANONYMOUS},
                 {"Enterprise", GEO_ENTERPRISE}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!strstr(type, parts[i].part)) continue;
        *kind = parts[i].kind;
        return true;
    }
    return false;
}

/* The library opens by name only. */
static int mapped_open(struct str bytes, MMDB_s *mmdb)
{
    char name[64];
    size_t written = 0;
    int fd = memfd_create("geo", MFD_CLOEXEC);
    if (fd < 0) return MMDB_OUT_OF_MEMORY_ERROR;
    int status = write_whole(fd, bytes, &written) == 0 ? MMDB_SUCCESS : MMDB_OUT_OF_MEMORY_ERROR;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    if (status == MMDB_SUCCESS) status = MMDB_open(name, MMDB_MODE_MMAP, mmdb);
    close(fd);
    return status;
}

struct geo_database *geo_database_open(struct str bytes, struct buf *problem)
{
    struct geo_database *database = xcalloc(1, sizeof *database);
    int status = bytes.len ? mapped_open(bytes, &database->mmdb) : MMDB_INVALID_METADATA_ERROR;
    if (status != MMDB_SUCCESS) {
        if (status == MMDB_OUT_OF_MEMORY_ERROR) buf_append_z(problem, "there is no memory for it");
        else if (status == MMDB_FILE_OPEN_ERROR) buf_append_z(problem, "/proc is needed, and not there");
        else buf_append_z(problem, "it is no MaxMind database, or is damaged");
        free(database);
        return NULL;
    }
    if (!kind_of(database->mmdb.metadata.database_type, &database->kind)) {
        buf_printf(problem, "its type `%s` is none of City, Country, GeoIP2-Domain, GeoLite2-ASN, GeoIP2-ISP, "
                            "GeoIP2-Anonymous-IP, Enterprise", database->mmdb.metadata.database_type);
        geo_database_close(database);
        return NULL;
    }
    return database;
}

void geo_database_close(struct geo_database *database)
{
    MMDB_close(&database->mmdb);
    free(database);
}

enum geo_kind geo_database_kind(const struct geo_database *database) { return database->kind; }

/* ---- asking ---- */

union socket_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

bool geo_find(const struct geo_database *database, const struct ip *ip, struct geo_entry *entry)
{
    union socket_address address = {.any.sa_family = ip->bits == 32 ? AF_INET : AF_INET6};
    int error = MMDB_SUCCESS;
    if (ip->bits == 32) memcpy(&address.v4.sin_addr, ip->bytes, 4);
    else memcpy(&address.v6.sin6_addr, ip->bytes, 16);
    MMDB_lookup_result_s result = MMDB_lookup_sockaddr(&database->mmdb, &address.any, &error);
    if (error != MMDB_SUCCESS || !result.found_entry) return false;
    uint32_t prefix = result.netmask;
    /* IPv4 addresses are the last 32 bits of a tree for IPv6 */
    if (ip->bits == 32 && database->mmdb.metadata.ip_version == 6) prefix = prefix > 96 ? prefix - 96 : 0;
    if (prefix > ip->bits) prefix = ip->bits;
    *entry = (struct geo_entry){database, result.entry.offset, {*ip, prefix}};
    ip_mask(&entry->network.first, prefix);
    return true;
}

static bool value_of(const MMDB_entry_data_s *data, struct arena *arena, struct value *value)
{
    switch (data->type) {
    case MMDB_DATA_TYPE_UTF8_STRING:
        *value = value_string(arena_copy(arena, (struct str){data->utf8_string, data->data_size}));
        return data->data_size > 0;
    case MMDB_DATA_TYPE_DOUBLE: *value = value_double(data->double_value); return true;
    case MMDB_DATA_TYPE_FLOAT: *value = value_double((double)data->float_value); return true;
    case MMDB_DATA_TYPE_UINT16: *value = value_int(data->uint16); return true;
    case MMDB_DATA_TYPE_UINT32: *value = value_int(data->uint32); return true;
    case MMDB_DATA_TYPE_INT32: *value = value_int(data->int32); return true;
    case MMDB_DATA_TYPE_BOOLEAN: *value = value_bool(data->boolean); return true;
    default: return false;
    }
}

bool geo_value(const struct geo_entry *entry, const char *const *names, struct arena *arena, struct value *value)
{
    MMDB_entry_s start = {.mmdb = &entry->database->mmdb, .offset = entry->offset};
    MMDB_entry_data_s data;
    assert(names[0]);
    if (MMDB_aget_value(&start, &data, names) != MMDB_SUCCESS || !data.has_data) return false;
    return value_of(&data, arena, value);
}
