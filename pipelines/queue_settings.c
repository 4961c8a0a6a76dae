/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/queue_settings.h"
#include "core/store/spool/record.h"

static bool is_persisted(const struct settings *settings) { return settings->queue_type.value == QUEUE_PERSISTED; }

static bool check_sizes(const struct settings *settings, const struct setting_list *list, struct diag *diag)
{
    int64_t most = settings->queue_max_bytes.bytes, page = settings->queue_page_capacity.bytes;
    int64_t least = settings->workers * QUEUE_WORKER_BYTES_MIN;
    if (most == 0) return true;
    if (page > most) {
        diag_hint(diag,
                  diag_error(diag, setting_list_place(list, "queue.page_capacity"),
                             "queue.page_capacity (%lld bytes) is more than queue.max_bytes (%lld)", (long long)page,
                             (long long)most),
                  "raise queue.max_bytes, or lower queue.page_capacity");
        return false;
    }
    if (most >= least) return true;
    diag_hint(diag,
              diag_error(diag, setting_list_place(list, "queue.max_bytes"),
                         "queue.max_bytes (%lld bytes) is too little for %lld workers", (long long)most,
                         (long long)settings->workers),
              "each needs %d bytes: give %lld or more, or fewer workers", QUEUE_WORKER_BYTES_MIN, (long long)least);
    return false;
}

/* The id is the name of a folder. */
static bool check_id(const struct settings *settings, const struct setting_list *list, struct diag *diag)
{
    struct str id = settings->pipeline_id;
    bool is_name = id.len && !memchr(id.ptr, '/', id.len) && !str_eq(id, STR(".")) && !str_eq(id, STR(".."));
    if (is_name) return true;
    diag_hint(diag,
              diag_error(diag, setting_list_place(list, "pipeline.id"),
                         "pipeline.id `%.*s` cannot be the name of the queue's folder", STR_ARG(id)),
              "leave out the slashes, or use queue.type: memory");
    return false;
}

bool queue_settings_check(const struct settings *settings, const struct setting_list *list, struct diag *diag)
{
    if (!is_persisted(settings)) return true;
    bool ok = check_sizes(settings, list, diag);
    return check_id(settings, list, diag) && ok;
}

static enum compression compression_of(const struct settings *settings)
{
    int32_t chosen = settings->queue_compression.value;
    return chosen == QUEUE_COMPRESSION_DISABLED ? COMPRESS_NOTHING : (enum compression)chosen;
}

static uint64_t least_of(uint64_t a, uint64_t b) { return a < b ? a : b; }

bool queue_settings_apply(const struct settings *settings, struct worker_queue *queue, struct arena *arena)
{
    if (!is_persisted(settings)) return false;
    uint64_t workers = (uint64_t)settings->workers;
    uint64_t most = (uint64_t)settings->queue_max_bytes.bytes / workers;
    if (most == 0) most = INT64_MAX;
    uint64_t segment = least_of((uint64_t)settings->queue_page_capacity.bytes, most / QUEUE_SEGMENTS_MIN);
    uint64_t group = least_of(segment - SPOOL_HEADERS_BYTES, spool_record_size(QUEUE_PAYLOAD_MAX));
    struct str data = settings->path_queue;
    queue->folder = data.len ? arena_copy_z(arena, arena_printf(arena, "%.*s/%.*s", STR_ARG(data),
                                                                STR_ARG(settings->pipeline_id)))
                             : arena_copy_z(arena, arena_printf(arena, "%.*s/queue/%.*s", STR_ARG(settings->path_data),
                                                                STR_ARG(settings->pipeline_id)));
    queue->log = (struct spool_options){.bytes_max = most,
                                        .segment_bytes = segment,
                                        .group_bytes = (uint32_t)group,
                                        .payload_max = (uint32_t)(group - SPOOL_RECORD_HEAD_BYTES)};
    queue->compression = compression_of(settings);
    queue->workers = (uint32_t)workers;
    uint64_t frames = (uint64_t)settings->queue_max_events;
    queue->frames_max = frames ? (frames + workers - 1) / workers : 0;
    queue->checkpoint_frames = (uint64_t)settings->queue_checkpoint_acks;
    queue->drains = settings->queue_drain;
    return true;
}
