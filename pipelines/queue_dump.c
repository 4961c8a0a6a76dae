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

bool queue_dump_event(struct str payload)
{
    if (!payload.len || *payload.ptr != SPILL_RECORD_EVENT) return false;
    struct budget budget = {0};
    struct chunk_pool pool;
    chunk_pool_init(&pool, &budget);
    struct batch *batch = batch_create(&pool, NULL);
    struct time_cache times = {0};
    struct buf line = {0};
    uint64_t at_ms;
    bool is_event = hold_unpack(batch, str_from(payload, 1), &at_ms);
    if (is_event) {
        json_encode_event(batch->events[0], &times, &line);
        buf_append_char(&line, '\n');
        fwrite(line.ptr, 1, line.len, stdout);
    }
    buf_fini(&line);
    batch_destroy(batch);
    chunk_pool_fini(&pool);
    return is_event;
}
