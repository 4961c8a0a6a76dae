/* SPDX-License-Identifier: Apache-2.0 */
#include "core/queue/queue_pack.h"
#include <assert.h>
#include <stdlib.h>
#include <zstd.h>
#include "core/xmalloc.h"

enum {
    WINDOW_LOG = 17, /* QUEUE_PACK_BYTES: more would take memory and find nothing */
    KEEP_BYTES = 1024 * 1024, /* of memory, from one record to the next */
    HEAD_BYTES_MAX = 1 + PACKED_VARINT_MAX,
};

/* Levels below 1 take as many instructions and more room; beyond 9 it takes three times as long for 2% less. */
static const int levels[] = {[QUEUE_SPEED] = 1, [QUEUE_BALANCED] = 3, [QUEUE_SIZE] = 9};

struct queue_pack {
    enum queue_compression compression;
    ZSTD_CCtx *packer;     /* NULL: not needed so far, as the other */
    ZSTD_DCtx *unpacker;
    struct buf raw, packed; /* unpacked: what is going to be packed, or what a record was unpacked to */
};

struct queue_pack *queue_pack_create(enum queue_compression compression)
{
    assert(compression <= QUEUE_SIZE);
    struct queue_pack *pack = xcalloc(1, sizeof *pack);
    pack->compression = compression;
    return pack;
}

void queue_pack_destroy(struct queue_pack *pack)
{
    if (!pack) return;
    ZSTD_freeCCtx(pack->packer);
    ZSTD_freeDCtx(pack->unpacker);
    buf_fini(&pack->raw);
    buf_fini(&pack->packed);
    free(pack);
}

bool queue_pack_is_on(const struct queue_pack *pack) { return pack->compression != QUEUE_PLAIN; }

/* Empty, and small again after a record that was long. */
static void memory_clear(struct buf *buf)
{
    buf_clear(buf);
    if (buf->capacity <= KEEP_BYTES) return;
    buf_fini(buf);
    *buf = (struct buf){0};
}

/* ---- packing ---- */

/* Appends records while they have room; how many. */
static uint32_t list_make(struct buf *list, const char *bytes, uint32_t start, const uint32_t *ends, uint32_t records)
{
    uint32_t count = 0;
    memory_clear(list);
    for (uint32_t from = start; count < records && count < QUEUE_PACK_RECORDS_MAX; from = ends[count++]) {
        struct str record = {bytes + from, ends[count] - from};
        if (count && list->len + PACKED_VARINT_MAX + record.len > QUEUE_PACK_BYTES) break;
        pack_text(list, record);
    }
    return count;
}

static bool packer_make(struct queue_pack *pack)
{
    if (pack->packer) return true;
    pack->packer = ZSTD_createCCtx();
    if (!pack->packer) return false;
    ZSTD_CCtx_setParameter(pack->packer, ZSTD_c_compressionLevel, levels[pack->compression]);
    ZSTD_CCtx_setParameter(pack->packer, ZSTD_c_windowLog, WINDOW_LOG);
    ZSTD_CCtx_setParameter(pack->packer, ZSTD_c_contentSizeFlag, 0); /* it is told in front; so are sums, by the log */
    return true;
}

struct str queue_pack_records(struct queue_pack *pack, const char *bytes, uint32_t start, const uint32_t *ends,
                              uint32_t records, size_t most, uint32_t *count)
{
    assert(queue_pack_is_on(pack) && records > 0);
    struct buf *raw = &pack->raw, *packed = &pack->packed;
    memory_clear(packed);
    *count = list_make(raw, bytes, start, ends, records);
    if (raw->len > QUEUE_RAW_BYTES_MAX || !packer_make(pack)) return (struct str){0};
    buf_append_char(packed, QUEUE_PACKED_VERSION);
    pack_varint(packed, raw->len);
    /* no more room than there may be: what does not become smaller is given up early */
    size_t plain = ends[*count - 1] - start, room = (plain < most ? plain : most);
    if (room <= packed->len) return (struct str){0};
    buf_reserve(packed, room - packed->len);
    size_t len = ZSTD_compress2(pack->packer, packed->ptr + packed->len, room - packed->len, raw->ptr, raw->len);
    if (ZSTD_isError(len)) return (struct str){0};
    packed->len += len;
    return buf_str(packed);
}

/* ---- unpacking ---- */

enum queue_form queue_form_of(struct str payload, size_t *raw_bytes)
{
    uint64_t bytes;
    unsigned char version = payload.len ? (unsigned char)*payload.ptr : 0;
    if (version == 0) return QUEUE_FORM_BAD;
    if (version == QUEUE_RECORD_VERSION) return QUEUE_FORM_PLAIN;
    if (version > QUEUE_PACKED_VERSION) return QUEUE_FORM_NEWER;
    payload = str_from(payload, 1);
    if (!unpack_varint(&payload, &bytes) || bytes == 0 || bytes > QUEUE_RAW_BYTES_MAX) return QUEUE_FORM_BAD;
    *raw_bytes = (size_t)bytes;
    return QUEUE_FORM_PACKED;
}

/* Nothing but whole records, and not too many. */
static bool is_list(struct str raw)
{
    uint32_t count = 0;
    for (struct str record; raw.len; count++)
        if (!unpack_text(&raw, &record) || !record.len) return false;
    return count > 0 && count <= QUEUE_PACK_RECORDS_MAX;
}

static bool unpack_into(struct queue_pack *pack, struct str payload, char *to, size_t raw_bytes)
{
    uint64_t told;
    payload = str_from(payload, 1);
    if (!unpack_varint(&payload, &told)) return false;
    assert(told == raw_bytes);
    if (!pack->unpacker) pack->unpacker = ZSTD_createDCtx();
    if (!pack->unpacker) return false;
    size_t len = ZSTD_decompressDCtx(pack->unpacker, to, raw_bytes, payload.ptr, payload.len);
    return len == raw_bytes; /* an error is a number beyond all sizes */
}

bool queue_records_open(struct queue_pack *pack, struct str payload, char *to, struct queue_records *records)
{
    size_t bytes;
    enum queue_form form = queue_form_of(payload, &bytes);
    *records = (struct queue_records){.rest = payload, .is_list = form == QUEUE_FORM_PACKED};
    if (!records->is_list) return form == QUEUE_FORM_PLAIN;
    if (!to) {
        memory_clear(&pack->raw);
        buf_reserve(&pack->raw, bytes);
        to = pack->raw.ptr;
    }
    records->rest = (struct str){to, bytes};
    return unpack_into(pack, payload, to, bytes) && is_list(records->rest);
}

bool queue_records_next(struct queue_records *records, struct str *record)
{
    if (!records->rest.len) return false;
    if (records->is_list) return unpack_text(&records->rest, record);
    *record = records->rest;
    records->rest = (struct str){0};
    return true;
}
