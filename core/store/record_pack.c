/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/record_pack.h"
#include <assert.h>
#include <stdlib.h>
#include <zstd.h>
#include "core/xmalloc.h"

enum {
    WINDOW_LOG = 17, /* RECORD_PACK_BYTES: more would take memory and find nothing */
    KEEP_BYTES = 1024 * 1024, /* of memory, from one list to the next */
};

/* Levels below 1 take as many instructions and more room; beyond 9 it takes three times as long for 2% less. */
static const int levels[] = {[COMPRESS_SPEED] = 1, [COMPRESS_BALANCED] = 3, [COMPRESS_SIZE] = 9};

struct record_pack {
    enum compression compression;
    ZSTD_CCtx *packer;     /* NULL: not needed so far, as the other */
    ZSTD_DCtx *unpacker;
    struct buf raw, packed; /* raw: what is going to be packed, or what was unpacked */
    uint32_t count;         /* records in it */
};

struct record_pack *record_pack_create(enum compression compression)
{
    assert(compression <= COMPRESS_SIZE);
    struct record_pack *pack = xcalloc(1, sizeof *pack);
    pack->compression = compression;
    return pack;
}

void record_pack_rest(struct record_pack *pack)
{
    ZSTD_freeCCtx(pack->packer);
    ZSTD_freeDCtx(pack->unpacker);
    buf_fini(&pack->raw);
    buf_fini(&pack->packed);
    *pack = (struct record_pack){.compression = pack->compression};
}

void record_pack_destroy(struct record_pack *pack)
{
    if (!pack) return;
    record_pack_rest(pack);
    free(pack);
}

size_t record_pack_memory(const struct record_pack *pack)
{
    size_t contexts = ZSTD_sizeof_CCtx(pack->packer) + ZSTD_sizeof_DCtx(pack->unpacker);
    return contexts + pack->raw.capacity + pack->packed.capacity;
}

bool record_pack_is_on(const struct record_pack *pack) { return pack->compression != COMPRESS_NOTHING; }

/* Empty, and small again after a record that was long. */
static void memory_clear(struct buf *buf)
{
    buf_clear(buf);
    if (buf->capacity <= KEEP_BYTES) return;
    buf_fini(buf);
    *buf = (struct buf){0};
}

/* ---- packing ---- */

void record_pack_begin(struct record_pack *pack, char kind)
{
    assert(record_pack_is_on(pack));
    memory_clear(&pack->raw);
    memory_clear(&pack->packed);
    buf_append_char(&pack->packed, kind);
    pack->count = 0;
}

bool record_pack_add(struct record_pack *pack, struct str record)
{
    bool has_room = pack->count < RECORD_PACK_RECORDS_MAX &&
                    pack->raw.len + PACKED_VARINT_MAX + record.len <= RECORD_PACK_BYTES;
    if (pack->count && !has_room) return false;
    assert(record.len > 0);
    pack_text(&pack->raw, record);
    pack->count++;
    return true;
}

static bool packer_make(struct record_pack *pack)
{
    if (pack->packer) return true;
    pack->packer = ZSTD_createCCtx();
    if (!pack->packer) return false;
    ZSTD_CCtx_setParameter(pack->packer, ZSTD_c_compressionLevel, levels[pack->compression]);
    ZSTD_CCtx_setParameter(pack->packer, ZSTD_c_windowLog, WINDOW_LOG);
    ZSTD_CCtx_setParameter(pack->packer, ZSTD_c_contentSizeFlag, 0); /* it is told in front; so are sums, by the log */
    return true;
}

struct str record_pack_seal(struct record_pack *pack, size_t most)
{
    struct buf *raw = &pack->raw, *packed = &pack->packed;
    assert(pack->count > 0 && packed->len == 1);
    if (raw->len > RECORD_PACK_RAW_MAX || !packer_make(pack)) return (struct str){0};
    pack_varint(packed, raw->len);
    /* no more room than there may be: what does not become smaller is given up early */
    if (most <= packed->len) return (struct str){0};
    buf_reserve(packed, most - packed->len);
    size_t len = ZSTD_compress2(pack->packer, packed->ptr + packed->len, most - packed->len, raw->ptr, raw->len);
    if (ZSTD_isError(len)) return (struct str){0};
    packed->len += len;
    return buf_str(packed);
}

/* ---- unpacking ---- */

bool record_pack_raw_bytes(struct str packed, size_t *bytes)
{
    uint64_t told;
    packed = str_from(packed, 1);
    if (!unpack_varint(&packed, &told) || told == 0 || told > RECORD_PACK_RAW_MAX) return false;
    *bytes = (size_t)told;
    return true;
}

/* Nothing but whole records, and not too many. */
static bool is_list(struct str raw)
{
    uint32_t count = 0;
    for (struct str record; raw.len; count++)
        if (!unpack_text(&raw, &record) || !record.len) return false;
    return count > 0 && count <= RECORD_PACK_RECORDS_MAX;
}

uint32_t record_list_count(struct str list)
{
    uint32_t count = 0;
    for (struct str record; record_list_next(&list, &record);) count++;
    return count;
}

bool record_pack_open(struct record_pack *pack, struct str packed, char *to, struct str *list)
{
    size_t bytes;
    uint64_t told;
    if (!record_pack_raw_bytes(packed, &bytes)) return false;
    packed = str_from(packed, 1);
    if (!unpack_varint(&packed, &told)) return false;
    if (!to) {
        memory_clear(&pack->raw);
        buf_reserve(&pack->raw, bytes);
        to = pack->raw.ptr;
    }
    if (!pack->unpacker) pack->unpacker = ZSTD_createDCtx();
    if (!pack->unpacker) return false;
    size_t len = ZSTD_decompressDCtx(pack->unpacker, to, bytes, packed.ptr, packed.len);
    if (len != bytes) return false; /* an error is a number beyond all sizes */
    *list = (struct str){to, bytes};
    return is_list(*list);
}
