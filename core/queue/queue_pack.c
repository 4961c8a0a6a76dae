/* SPDX-License-Identifier: Apache-2.0 */
#include "core/queue/queue_pack.h"
#include <assert.h>

struct str queue_pack_records(struct record_pack *pack, const char *bytes, uint32_t start, const uint32_t *ends,
                              uint32_t records, size_t most, uint32_t *count)
{
    assert(records > 0);
    uint32_t from = start;
    record_pack_begin(pack, QUEUE_PACKED_VERSION);
    for (*count = 0; *count < records; from = ends[(*count)++])
        if (!record_pack_add(pack, (struct str){bytes + from, ends[*count] - from})) break;
    size_t plain = from - start;
    return record_pack_seal(pack, plain < most ? plain : most);
}

enum queue_form queue_form_of(struct str payload, size_t *raw_bytes)
{
    unsigned char version = payload.len ? (unsigned char)*payload.ptr : 0;
    if (version == 0) return QUEUE_FORM_BAD;
    if (version == QUEUE_RECORD_VERSION) return QUEUE_FORM_PLAIN;
    if (version > QUEUE_PACKED_VERSION) return QUEUE_FORM_NEWER;
    return record_pack_raw_bytes(payload, raw_bytes) ? QUEUE_FORM_PACKED : QUEUE_FORM_BAD;
}

bool queue_records_open(struct record_pack *pack, struct str payload, char *to, struct queue_records *records)
{
    size_t bytes;
    enum queue_form form = queue_form_of(payload, &bytes);
    *records = (struct queue_records){.rest = payload, .is_list = form == QUEUE_FORM_PACKED};
    if (!records->is_list) return form == QUEUE_FORM_PLAIN;
    return record_pack_open(pack, payload, to, &records->rest);
}

bool queue_records_next(struct queue_records *records, struct str *record)
{
    if (!records->rest.len) return false;
    if (records->is_list) return record_list_next(&records->rest, record);
    *record = records->rest;
    records->rest = (struct str){0};
    return true;
}
