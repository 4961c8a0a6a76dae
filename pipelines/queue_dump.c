/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/queue_dump.h"
#include <stdio.h>
#include "core/delivery/spill_log.h"
#include "core/text/json.h"
#include "core/text/time.h"

bool queue_is_spill(const struct spool *spool)
{
    return spool->checkpoint.count == 1 && strcmp(spool->checkpoint.cursors[0].name, SPILL_CURSOR_NAME) == 0;
}

/* Appends the event as JSON; false: the bytes are none. */
static bool event_append(struct str bytes, struct buf *out)
{
    struct budget budget = {0};
    struct chunk_pool pool;
    chunk_pool_init(&pool, &budget);
    struct batch *batch = batch_create(&pool, NULL);
    struct time_cache times = {0};
    uint64_t at_ms;
    bool is_event = hold_unpack(batch, bytes, &at_ms);
    if (is_event) json_encode_event(batch->events[0], &times, out);
    batch_destroy(batch);
    chunk_pool_fini(&pool);
    return is_event;
}

/* The events of a record as a list; false: it is none, or has not as many as numbers. */
static bool list_of(struct record_pack *pack, const struct spool_record *record, struct buf *plain, struct str *list)
{
    struct str payload = record->payload;
    if (*payload.ptr == SPILL_RECORD_PACKED)
        return record_pack_open(pack, payload, NULL, list) && record_list_count(*list) == record->numbers;
    if (*payload.ptr != SPILL_RECORD_EVENT) return false;
    pack_text(plain, str_from(payload, 1));
    *list = buf_str(plain);
    return true;
}

/* Appends a line for each event of the record; false: some cannot be understood. */
static bool lines_append(struct record_pack *pack, const struct spool_record *record, struct buf *out)
{
    struct buf plain = {0};
    struct str list, event;
    uint64_t number = record->sequence;
    bool ok = list_of(pack, record, &plain, &list);
    while (ok && record_list_next(&list, &event)) {
        buf_printf(out, "%llu\t", (unsigned long long)number++);
        ok = event_append(event, out);
        buf_append_char(out, '\n');
    }
    buf_fini(&plain);
    return ok;
}

bool queue_is_spilled(struct record_pack *pack, const struct spool_record *record)
{
    struct buf lines = {0};
    bool ok = *record->payload.ptr == SPILL_RECORD_TOO_LARGE || lines_append(pack, record, &lines);
    buf_fini(&lines);
    return ok;
}

bool queue_dump_spilled(struct record_pack *pack, const struct spool_record *record)
{
    struct buf lines = {0};
    bool ok = lines_append(pack, record, &lines);
    if (ok) fwrite(lines.ptr, 1, lines.len, stdout);
    buf_fini(&lines);
    return ok;
}
