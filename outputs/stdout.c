/* SPDX-License-Identifier: Apache-2.0 */
/* stdout: writes encoded events to the process's standard output, whatever that is: file, pipe,
 * terminal. A terminal that is held, or a reader that sleeps, blocks its writer, so this output has
 * a disk thread of its own: neither the loop nor the files of the pipeline wait with it. The lane
 * fills up meanwhile and then the pipeline waits, as for every output. */
#include <pthread.h>
#include <unistd.h>
#include "core/log.h"
#include "core/output.h"
#include "core/store/open.h"

enum { STDOUT_FD = 1 };

struct stdout_output {
    struct output *host;
    struct lane lane;
    struct disk *disk;
    struct disk_job job;
    struct str bytes; /* of the request in flight */
    size_t written;
    int status;
};

/* Standard output belongs to the process: requests of all its pipelines and workers are written
 * whole, one after the other. */
static pthread_mutex_t stdout_mutex = PTHREAD_MUTEX_INITIALIZER;

static const struct option stdout_options[] = {OPTION_END};

static struct stdout_output *job_output(struct disk_job *job)
{
    return (struct stdout_output *)(void *)((char *)job - offsetof(struct stdout_output, job));
}

static void stdout_work(struct disk_job *job)
{
    struct stdout_output *self = job_output(job);
    pthread_mutex_lock(&stdout_mutex);
    self->status = write_whole(STDOUT_FD, self->bytes, &self->written);
    pthread_mutex_unlock(&stdout_mutex);
}

/* A pipe's reader that has ended does not come back: as a program in a shell's pipe, the process ends.
 * Nothing is settled, so Kafka and files are read again from where they were. */
_Noreturn static void reader_is_gone(const struct output *host)
{
    LOG(LOG_FATAL, "stdout.closed", host->id,
        "the reader of standard output has ended; ending too, what it did not read was not delivered");
    _exit(1);
}

static void stdout_done(struct disk_job *job)
{
    struct stdout_output *self = job_output(job);
    if (self->status == 0) {
        lane_done(&self->lane, LANE_SENT);
        return;
    }
    if (self->status == UV_EPIPE) reader_is_gone(self->host);
    counter_add(&self->host->counters.errors, 1);
    LOG(LOG_ERROR, "stdout.write", self->host->id,
        "cannot write to standard output: %s; it is tried again", uv_strerror(self->status));
    lane_done(&self->lane, LANE_RETRY);
}

static void stdout_write(void *opaque, struct request *request)
{
    struct stdout_output *self = opaque;
    if (request->attempts == 1) self->written = 0;
    self->bytes = buf_str(&request->data);
    self->job = (struct disk_job){
        .loop = self->host->loop, .work = stdout_work, .done = stdout_done};
    disk_submit(self->disk, &self->job);
}

static int stdout_start(void *opaque, struct output *host)
{
    struct stdout_output *self = opaque;
    self->host = host;
    self->disk = disk_create("stdout");
    lane_init(&self->lane, host, stdout_write, self);
    return 0;
}

static uint32_t stdout_take(void *opaque, struct batch *batch, const struct selection *in,
                            struct obligation *obligation)
{
    struct stdout_output *self = opaque;
    return lane_take(&self->lane, batch, in, obligation);
}

static void stdout_turn(void *opaque)
{
    struct stdout_output *self = opaque;
    lane_turn(&self->lane);
}

static void stdout_drained(void *opaque)
{
    struct stdout_output *self = opaque;
    lane_fini(&self->lane);
    output_stopped(self->host);
}

static void stdout_stop(void *opaque)
{
    struct stdout_output *self = opaque;
    lane_close(&self->lane, stdout_drained);
}

static void stdout_destroy(void *opaque)
{
    struct stdout_output *self = opaque;
    if (self->disk) disk_destroy(self->disk);
}

const struct output_type output_stdout = {
    .name = "stdout",
    .summary = "Writes events to standard output.",
    .size = sizeof(struct stdout_output),
    .options = stdout_options,
    .default_codec = "rubydebug",
    .start = stdout_start,
    .take = stdout_take,
    .turn = stdout_turn,
    .stop = stdout_stop,
    .destroy = stdout_destroy,
};
