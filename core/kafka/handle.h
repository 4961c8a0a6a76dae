/* SPDX-License-Identifier: Apache-2.0 */
/* A librdkafka handle on a worker's loop. librdkafka has threads of its own; what they have to say
 * comes to the loop like this, never by callback:
 *
 *   librdkafka's queue gets its first entry ──▶ 8 bytes into an eventfd ──▶ uv_poll ──▶ served()
 *   every TICK_MS, and after kafka_handle_poke() ──────────────────────────────────────▶ served()
 *
 * served() polls its queues with no timeout. Only the log comes on librdkafka's threads.
 * Destroying joins those threads and may take seconds: a thread of its own does it.
 * The handle belongs to the loop's thread. Functions: rdkafka.h of 2.0.2. */
#ifndef CORE_KAFKA_HANDLE_H
#define CORE_KAFKA_HANDLE_H
#include <librdkafka/rdkafka.h>
#include "core/net/loop.h"
#include "core/store/disk.h"

enum {
    KAFKA_TICK_MS = 500,
    KAFKA_SHARE_MIN = 1024 * 1024,      /* bytes of memory that a handle may use at least … */
    KAFKA_SHARE_MAX = 64 * 1024 * 1024, /* … and at most */
    KAFKA_SHARE_UNBOUNDED = 16 * 1024 * 1024, /* when the pipeline has no budget */
};

struct kafka_handle {
    rd_kafka_t *rk; /* NULL when closed */
    struct loop *loop;
    struct str id;  /* of the plugin, for the log */
    void (*served)(void *opaque);
    void *opaque;
    uv_poll_t poll;
    uv_timer_t tick;
    int wake_fd, open_handles;
    struct disk *undertaker; /* thread that destroys */
    struct disk_job burial;
    char *username, *password; /* of SASL, or empty; NULL when waking brokers could change the login */
    bool is_abandoned;       /* the group could not be left in time: destroy without */
    bool is_forgotten;       /* destroying would abort the process: left as it is until that ends */
    void (*closed)(void *opaque);
};

/* Makes `conf` (which it takes) a handle. 0 or a UV_E code; what is wrong is logged. */
int kafka_handle_open(struct kafka_handle *handle, rd_kafka_type_t type, rd_kafka_conf_t *conf,
                      struct loop *loop, struct str id, void (*served)(void *opaque), void *opaque);
/* The first entry of the queue wakes the loop. */
void kafka_handle_listen(struct kafka_handle *handle, rd_kafka_queue_t *queue);
/* served() is called again soon: it stopped early. */
void kafka_handle_poke(struct kafka_handle *handle);
/* librdkafka 2.0 looks only once a second whether its full prefetch has been read, unless something
 * wakes its brokers' threads. Telling it the credentials that it has already does that, and nothing
 * else. (Later versions have fetch.queue.backoff.ms.) */
void kafka_handle_wake_brokers(struct kafka_handle *handle);
/* Destroys off the loop, then calls `closed` on it. Queues must have been given back. */
void kafka_handle_close(struct kafka_handle *handle, void (*closed)(void *opaque));

/* Says what went wrong and what to do, rate-limited for each kind of error. `reason` may be NULL. */
void kafka_log_error(const struct kafka_handle *handle, rd_kafka_resp_err_t error,
                     const char *reason);

/* What one handle may hold in memory: an eighth of the pipeline's budget, parted by its workers. */
size_t kafka_share(const struct loop *loop, uint32_t workers);
/* A limit that the budget decides, unless the user named it in `librdkafka`. */
void kafka_limit_set(rd_kafka_conf_t *conf, const char *property, uint64_t value);

#endif
