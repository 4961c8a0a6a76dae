/* SPDX-License-Identifier: Apache-2.0 */
#include "core/kafka/handle.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "core/log.h"
#include "core/xmalloc.h"

enum { KAFKA_ERROR_BYTES = 512, SYSLOG_ERROR = 3, SYSLOG_WARNING = 4 };

/* ---- log ---- */

/* On librdkafka's threads. Connection trouble is said by kafka_log_error() in words of our own, so
 * these lines are one level lower than librdkafka has them. */
static void log_line(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    struct kafka_handle *handle = rd_kafka_opaque(rk);
    struct str id = handle ? handle->id : (struct str){0};
    if (level < SYSLOG_ERROR)
        LOG(LOG_ERROR, "kafka.library", id, "librdkafka %s: %s", facility, text);
    else if (level <= SYSLOG_WARNING)
        LOG(LOG_INFO, "kafka.library_note", id, "librdkafka %s: %s", facility, text);
    else
        LOG(LOG_DEBUG, "kafka.library_debug", id, "librdkafka %s: %s", facility, text);
}

void kafka_log_error(const struct kafka_handle *handle, rd_kafka_resp_err_t error,
                     const char *reason)
{
    const char *text = reason && *reason ? reason : rd_kafka_err2str(error);
    switch (error) {
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
        LOG(LOG_WARN, "kafka.unreachable", handle->id,
            "%s; it goes on trying: check bootstrap_servers and the brokers", text);
        break;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR__SSL:
        LOG(LOG_ERROR, "kafka.login", handle->id,
            "the broker refuses the login: %s; check security_protocol, sasl_* and ssl_*", text);
        break;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        LOG(LOG_ERROR, "kafka.rights", handle->id, "no right: %s; check the broker's ACLs", text);
        break;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        LOG(LOG_WARN, "kafka.no_topic", handle->id, "%s; it is used as soon as it exists", text);
        break;
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
        LOG(LOG_ERROR, "kafka.fenced", handle->id,
            "another member has the same group_instance_id: %s; give each process its own", text);
        break;
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
        LOG(LOG_ERROR, "kafka.max_poll", handle->id,
            "this worker was away longer than max_poll_interval_ms and lost its partitions: %s",
            text);
        break;
    default:
        LOG(LOG_WARN, "kafka.error", handle->id, "%s (%s)", text, rd_kafka_err2name(error));
    }
}

/* ---- waking ---- */

static void handle_woken(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    struct kafka_handle *handle = poll->data;
    uint64_t count;
    ssize_t got = read(handle->wake_fd, &count, sizeof count);
    (void)got; /* it may have been emptied before */
    if (handle->rk) handle->served(handle->opaque);
}

/* Timers that librdkafka has no event for, and the application's sign of life to the group. */
static void handle_ticked(uv_timer_t *tick)
{
    struct kafka_handle *handle = tick->data;
    if (handle->rk) handle->served(handle->opaque);
}

void kafka_handle_poke(struct kafka_handle *handle)
{
    static const uint64_t one = 1;
    ssize_t written = write(handle->wake_fd, &one, sizeof one);
    (void)written; /* full: it is about to wake anyway */
}

void kafka_handle_listen(struct kafka_handle *handle, rd_kafka_queue_t *queue)
{
    static const uint64_t one = 1; /* copied by librdkafka */
    rd_kafka_queue_io_event_enable(queue, handle->wake_fd, &one, sizeof one);
}

void kafka_handle_wake_brokers(struct kafka_handle *handle)
{
    if (!handle->username || !handle->password) return;
    rd_kafka_error_t *error =
        rd_kafka_sasl_set_credentials(handle->rk, handle->username, handle->password);
    if (error) rd_kafka_error_destroy(error);
}

/* ---- opening ---- */

static char *conf_text(const rd_kafka_conf_t *conf, const char *property)
{
    size_t size = 0;
    if (rd_kafka_conf_get(conf, property, NULL, &size) != RD_KAFKA_CONF_OK) return NULL;
    char *text = xcalloc(1, size + 1);
    rd_kafka_conf_get(conf, property, text, &size);
    return text;
}

static void credentials_keep(struct kafka_handle *handle)
{
    const rd_kafka_conf_t *conf = rd_kafka_conf(handle->rk);
    char *protocol = conf_text(conf, "security.protocol");
    bool is_sasl = protocol && strncmp(protocol, "sasl", 4) == 0;
    free(protocol);
    handle->username = conf_text(conf, "sasl.username");
    handle->password = conf_text(conf, "sasl.password");
    if (!is_sasl && !handle->username) handle->username = xcalloc(1, 1);
    if (!is_sasl && !handle->password) handle->password = xcalloc(1, 1);
}

static void handle_watch(struct kafka_handle *handle)
{
    int status = uv_poll_init(&handle->loop->uv, &handle->poll, handle->wake_fd);
    assert(status == 0);
    (void)status;
    handle->poll.data = handle;
    uv_poll_start(&handle->poll, UV_READABLE, handle_woken);
    uv_timer_init(&handle->loop->uv, &handle->tick);
    handle->tick.data = handle;
    uv_timer_start(&handle->tick, handle_ticked, KAFKA_TICK_MS, KAFKA_TICK_MS);
    handle->open_handles = 2;
}

int kafka_handle_open(struct kafka_handle *handle, rd_kafka_type_t type, rd_kafka_conf_t *conf,
                      struct loop *loop, struct str id, void (*served)(void *opaque), void *opaque)
{
    *handle = (struct kafka_handle){.loop = loop, .id = id, .served = served, .opaque = opaque};
    handle->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (handle->wake_fd < 0) {
        rd_kafka_conf_destroy(conf);
        return uv_translate_sys_error(errno);
    }
    rd_kafka_conf_set_log_cb(conf, log_line);
    rd_kafka_conf_set_opaque(conf, handle);
    char error[KAFKA_ERROR_BYTES] = "";
    handle->rk = rd_kafka_new(type, conf, error, sizeof error);
    if (!handle->rk) {
        LOG(LOG_ERROR, "kafka.settings", id, "librdkafka does not take these settings: %s", error);
        rd_kafka_conf_destroy(conf);
        close(handle->wake_fd);
        return UV_EINVAL;
    }
    credentials_keep(handle);
    handle_watch(handle);
    return 0;
}

/* ---- closing ---- */

static struct kafka_handle *burial_handle(struct disk_job *job)
{
    return (struct kafka_handle *)(void *)((char *)job - offsetof(struct kafka_handle, burial));
}

static void bury(struct disk_job *job)
{
    struct kafka_handle *handle = burial_handle(job);
    if (handle->is_forgotten) return;
    rd_kafka_destroy_flags(handle->rk,
                           handle->is_abandoned ? RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE : 0);
}

static void handle_gone(uv_handle_t *uv)
{
    struct kafka_handle *handle = uv->data;
    if (--handle->open_handles) return;
    if (!handle->is_forgotten) close(handle->wake_fd); /* else it is still written to */
    free(handle->username);
    free(handle->password);
    handle->closed(handle->opaque);
}

static void buried(struct disk_job *job)
{
    struct kafka_handle *handle = burial_handle(job);
    disk_destroy(handle->undertaker); /* it has nothing left to do: no wait */
    handle->undertaker = NULL;
    uv_close((uv_handle_t *)&handle->poll, handle_gone);
    uv_close((uv_handle_t *)&handle->tick, handle_gone);
}

void kafka_handle_close(struct kafka_handle *handle, void (*closed)(void *opaque))
{
    assert(handle->rk && !handle->undertaker);
    handle->closed = closed;
    uv_poll_stop(&handle->poll);
    uv_timer_stop(&handle->tick);
    handle->undertaker = disk_create("kafka end");
    handle->burial = (struct disk_job){.loop = handle->loop, .work = bury, .done = buried};
    disk_submit(handle->undertaker, &handle->burial);
}

/* ---- memory ---- */

size_t kafka_share(const struct loop *loop, uint32_t workers)
{
    size_t limit = loop->budget->limit;
    if (!limit) return KAFKA_SHARE_UNBOUNDED;
    size_t share = limit / 8 / (workers ? workers : 1);
    if (share < KAFKA_SHARE_MIN) return KAFKA_SHARE_MIN;
    return share > KAFKA_SHARE_MAX ? KAFKA_SHARE_MAX : share;
}

void kafka_limit_set(rd_kafka_conf_t *conf, const char *property, uint64_t value)
{
    char text[24], error[KAFKA_ERROR_BYTES];
    snprintf(text, sizeof text, "%" PRIu64, value);
    rd_kafka_conf_res_t set = rd_kafka_conf_set(conf, property, text, error, sizeof error);
    assert(set == RD_KAFKA_CONF_OK); /* name and bounds are ours */
    (void)set;
}
