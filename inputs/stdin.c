/* SPDX-License-Identifier: Apache-2.0 */
/* stdin: events from the process's standard input: file, pipe or terminal. Reading any of them may
 * block, so a thread of its own waits for input or for the order to stop, and reads a block. The end
 * of the input ends the last line even without a newline (Logstash loses it) and ends the plugin. */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "core/input.h"
#include "core/log.h"

struct stdin_input {
    struct path host_path;
    struct value host_name;
    struct input *host;
    struct stream stream;
    struct framer framer;
    bool is_framed;        /* the codec wants lines */
    struct disk *disk;
    struct disk_job job;
    struct block *block;   /* read into; replaced once a batch keeps it */
    size_t len, used;      /* bytes in it, and those emitted */
    ssize_t got;           /* of the last read; negative errno */
    bool is_reading, is_at_end;
    int wake;              /* eventfd: stop waiting */
};

static const struct option stdin_options[] = {OPTION_END};

static struct stdin_input *job_input(struct disk_job *job)
{
    return (struct stdin_input *)(void *)((char *)job - offsetof(struct stdin_input, job));
}

static void stdin_work(struct disk_job *job)
{
    struct stdin_input *self = job_input(job);
    struct pollfd wait[] = {{.fd = self->wake, .events = POLLIN},
                            {.fd = STDIN_FILENO, .events = POLLIN}};
    do {
        self->got = -ECANCELED;
        if (poll(wait, 2, -1) < 0 && errno != EINTR) return;
        if (wait[0].revents) return;
        if (!wait[1].revents) continue;
        self->got = read(STDIN_FILENO, self->block->bytes, self->block->capacity);
        if (self->got < 0) self->got = -errno;
    } while (self->got == -EINTR || self->got == -EAGAIN);
}

static void stdin_finish(struct stdin_input *self)
{
    if (self->is_framed) framer_flush(&self->framer);
    stream_close(&self->stream);
    if (self->block) block_drop(self->block, &self->host->loop->pool);
    self->block = NULL;
    input_stopped(self->host);
}

/* Emits what was read; false when the input is paused and some is left. */
static bool stdin_emit(struct stdin_input *self)
{
    struct str rest = {self->block->bytes + self->used, self->len - self->used};
    if (self->is_framed) {
        self->used += framer_feed(&self->framer, rest, self->block);
    } else if (rest.len) {
        struct frame frame = {.bytes = rest, .block = self->block,
                              .position = self->stream.position + rest.len};
        stream_emit(&self->stream, &frame);
        self->used = self->len;
    }
    return self->used == self->len;
}

static void stdin_done(struct disk_job *job);

static void stdin_go_on(struct stdin_input *self)
{
    if (self->is_reading || self->host->is_stopped) return;
    if (self->block && !stdin_emit(self)) return;
    if (self->is_at_end || self->host->is_stopping) {
        stdin_finish(self);
        return;
    }
    if (input_is_paused(self->host)) return;
    struct chunk_pool *pool = &self->host->loop->pool;
    if (self->block && self->block->references > 1) {
        block_drop(self->block, pool);
        self->block = NULL;
    }
    if (!self->block) self->block = block_create(pool, BLOCK_BYTES);
    self->used = self->len = 0;
    self->is_reading = true;
    self->job = (struct disk_job){
        .loop = self->host->loop, .work = stdin_work, .done = stdin_done};
    disk_submit(self->disk, &self->job);
}

static void stdin_done(struct disk_job *job)
{
    struct stdin_input *self = job_input(job);
    self->is_reading = false;
    if (self->got > 0) self->len = (size_t)self->got;
    if (self->got == 0 || (self->got < 0 && self->got != -ECANCELED)) {
        self->is_at_end = self->host->is_exhausted = true;
        if (self->got < 0) {
            counter_add(&self->host->counters.errors, 1);
            LOG(LOG_ERROR, "stdin.read", self->host->id, "standard input ended with an error: %s",
                uv_strerror((int)self->got));
        }
    }
    stdin_go_on(self);
}

static void stdin_decorate(void *opaque, struct event *event)
{
    const struct stdin_input *self = opaque;
    path_set_absent(&self->host_path, event, self->host_name);
}

static void stdin_fields(const void *opaque, struct field_set *fields)
{
    const struct stdin_input *self = opaque;
    fields_put_absent(fields, &self->host_path, TYPE_STRING);
}

static bool stdin_create(void *opaque, const struct plugin_context *context)
{
    struct stdin_input *self = opaque;
    struct str field = context->ecs == ECS_DISABLED ? STR("host") : STR("[host][hostname]");
    path_compile(&self->host_path, field, context->arena);
    self->host_name = value_string(input_host_name(context->arena));
    self->wake = -1;
    return true;
}

static int stdin_start(void *opaque, struct input *host)
{
    struct stdin_input *self = opaque;
    self->host = host;
    self->wake = eventfd(0, EFD_CLOEXEC);
    if (self->wake < 0) return -errno;
    self->disk = disk_create("stdin");
    stream_open(&self->stream, host, NULL, stdin_decorate, self);
    self->is_framed = host->codec->type->framing == FRAMING_LINES;
    if (self->is_framed)
        framer_init(&self->framer, &self->stream, host->codec->delimiter, LINE_BYTES_LIMIT, 0);
    stdin_go_on(self);
    return 0;
}

static void stdin_pause(void *opaque, bool paused)
{
    if (!paused) stdin_go_on(opaque);
}

static void stdin_stop(void *opaque)
{
    struct stdin_input *self = opaque;
    self->host->is_stopping = true;
    eventfd_write(self->wake, 1);
    /* what was read already is emitted first; while paused, pause(false) comes back here */
    stdin_go_on(self);
}

static void stdin_destroy(void *opaque)
{
    struct stdin_input *self = opaque;
    if (self->disk) disk_destroy(self->disk);
    if (self->wake >= 0) close(self->wake);
}

const struct input_type input_stdin = {
    .name = "stdin",
    .summary = "Reads events from standard input.",
    .size = sizeof(struct stdin_input),
    .options = stdin_options,
    .default_codec = "line",
    .is_streaming = true,
    .is_queued = true,
    .is_single = true,
    .create = stdin_create,
    .start = stdin_start,
    .pause = stdin_pause,
    .stop = stdin_stop,
    .destroy = stdin_destroy,
    .fields = stdin_fields,
    .is_ecs = true,
};
