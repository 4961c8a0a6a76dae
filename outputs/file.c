/* SPDX-License-Identifier: Apache-2.0 */
/* file: appends encoded events to files whose path is a template.
 *
 *   take() ─▶ sink of the path ─▶ its lane ─▶ request ─▶ disk thread: open, gzip, write, fdatasync
 *                (table, LRU)                              │
 *                                                          └─▶ settled only when write() took it all
 *
 * Each path in use is a sink: a lane and a descriptor. At most FILE_SINKS_MAX are open for a worker,
 * the least recently used idle one is closed first. A path that data had a part in is opened beneath
 * the template's static directory (core/store/open.h); one that cannot be is written to
 * `<directory>/_filepath_failures` instead. After a partial write the rest is written next, so no
 * record is torn or doubled; where several workers append to one file, an advisory lock is held from
 * a partial write until its rest is written, so that no other worker's record lands inside.
 *
 * The parts are in core/file_output. */
#include "core/file_output/part.h"
#include "core/store/open.h"

static const char *const write_behaviors[] = {"append", "overwrite", NULL};

static const struct option file_options[] = {
    OPTION_TEMPLATE(struct file_output, path, .required = true,
                    .help = "File to append to; may contain %{field} behind its first directory."),
    OPTION_DURATION(struct file_output, flush_interval, .preset = "2", .unit = "s",
                    .help = "Events go to the file at the end of every turn, whatever this says; with "
                            "gzip, when set, how long a member waits for more events."),
    OPTION_BOOL(struct file_output, gzip, .preset = "false",
                .help = "Compress: every write is one complete gzip member."),
    OPTION_CHOICE(struct file_output, write_behavior, .preset = "append", .choices = write_behaviors,
                  .help = "`overwrite` keeps only the last event of each write."),
    OPTION_BOOL(struct file_output, create_if_deleted, .preset = "true",
                .help = "Make the file when it is missing; else its events go to the failure file."),
    OPTION_STRING(struct file_output, filename_failure, .preset = "_filepath_failures",
                  .help = "File in the path's static directory for events whose path is not usable."),
    OPTION_INT(struct file_output, file_mode, .preset = "-1", .min = -1, .max = 07777,
               .help = "Mode of files made, as 0640; -1: what the umask leaves."),
    OPTION_INT(struct file_output, dir_mode, .preset = "-1", .min = -1, .max = 07777,
               .help = "Mode of directories made, as 0750; -1: what the umask leaves."),
    OPTION_DURATION(struct file_output, stale_cleanup_interval, .preset = "10", .unit = "s",
                    .min = 1000000, .max = INT64_MAX,
                    .help = "Close files unused for this long; as often see whether a file was moved."),
    OPTION_BOOL(struct file_output, fsync, .preset = "false",
                .help = "Events count as written only when the disk has them (fdatasync)."),
    OPTION_END};

/* The sink of an event; events in a row mostly share one, then only the text is compared. */
static struct sink *sink_of_event(struct file_output *self, const struct event *event)
{
    buf_clear(&self->rendered);
    template_append(&self->path, event, &self->rendered);
    struct str path = buf_str(&self->rendered);
    struct sink *last = self->newest;
    if (last && str_eq((struct str){last->path, last->path_len}, path)) return last;
    return sink_of_path(self, path);
}

static uint32_t file_take_static(struct file_output *self, struct batch *batch,
                                 const struct selection *in, struct obligation *obligation)
{
    if (!self->only) self->only = sink_of_path(self, self->path.text);
    assert(self->only); /* there is room for one */
    sink_touch(self->only);
    return lane_take(&self->only->lane, batch, in, obligation);
}

static uint32_t file_take(void *opaque, struct batch *batch, const struct selection *in,
                          struct obligation *obligation)
{
    struct file_output *self = opaque;
    if (self->is_static) return file_take_static(self, batch, in, obligation);
    uint32_t taken = 0;
    for (; taken < in->count; taken++) {
        const struct event *event = batch->events[in->index[taken]];
        struct sink *sink = sink_of_event(self, event);
        if (!sink) break;
        sink_touch(sink);
        if (!lane_append(&sink->lane, event, obligation)) break;
    }
    counter_add(&self->host->codec->encoded_events, taken);
    return taken;
}

static void file_send_touched(struct file_output *self)
{
    struct sink *sink = self->touched;
    self->touched = NULL;
    while (sink) {
        struct sink *next = sink->next_touched;
        sink->is_touched = false;
        lane_turn(&sink->lane);
        sink = next;
    }
}

static void file_gathered(uv_timer_t *timer) { file_send_touched(timer->data); }

static void file_turn(void *opaque)
{
    struct file_output *self = opaque;
    if (!self->gather_ms)
        file_send_touched(self);
    else if (self->touched && !uv_is_active((uv_handle_t *)&self->gather_timer))
        uv_timer_start(&self->gather_timer, file_gathered, self->gather_ms, 0);
}

static void file_stale(uv_timer_t *timer)
{
    struct file_output *self = timer->data;
    for (struct sink *sink = self->oldest, *next; sink; sink = next) {
        next = sink->newer;
        if (sink->used_cycle < self->cycle && sink_is_idle(sink)) sink_retire(self, sink);
    }
    self->cycle++;
}

static void file_reopen(void *opaque)
{
    struct file_output *self = opaque;
    for (struct sink *sink = self->oldest, *next; sink; sink = next) {
        next = sink->newer;
        if (sink_is_idle(sink))
            sink_retire(self, sink);
        else
            atomic_store(&sink->must_reopen, true);
    }
}

/* ---- life ---- */

static bool was_given(const struct plugin_context *context, const char *option)
{
    for (uint32_t i = 0; i < context->setting_count; i++)
        if (str_eq_z(context->settings[i].key, option)) return true;
    return false;
}

/* The directories before the first name with a field in it; of a static path its directory. */
static bool file_find_root(struct file_output *self, const struct plugin_context *context)
{
    struct str path = self->path.text;
    ptrdiff_t field = self->is_static ? -1 : str_find(path, STR("%{"));
    size_t end = field < 0 ? path.len : (size_t)field;
    while (end && path.ptr[end - 1] != '/') end--;
    while (end > 1 && path.ptr[end - 1] == '/' && path.ptr[end - 2] == '/') end--;
    if (self->is_static && end <= 1) {
        self->root = end ? "/" : ".";
        return true;
    }
    if (end <= 1) {
        struct message *message = diag_error(context->diag, context_place(context, "path"),
                                             "the first directory of `path` must not depend on the event");
        diag_hint(context->diag, message, "begin it with a fixed directory, as \"/var/log/%%{host}.log\"");
        return false;
    }
    self->root = arena_copy_z(context->arena, str_slice(path, 0, end - 1));
    self->root_len = end - 1;
    return true;
}

static bool file_create(void *opaque, const struct plugin_context *context)
{
    struct file_output *self = opaque;
    self->is_static = self->path.is_literal;
    if (self->path.text.len == 0 || str_ends(self->path.text, STR("/"))) {
        diag_error(context->diag, context_place(context, "path"), "`path` must name a file");
        return false;
    }
    struct str failure = self->filename_failure;
    if (!open_is_contained(failure) || memchr(failure.ptr, '/', failure.len)) {
        diag_error(context->diag, context_place(context, "filename_failure"),
                   "`filename_failure` must be the name of a file, without directories");
        return false;
    }
    if (self->gzip && was_given(context, "flush_interval"))
        self->gather_ms = (uint64_t)(self->flush_interval.ns / 1000000);
    return file_find_root(self, context);
}

static int file_start(void *opaque, struct output *host)
{
    struct file_output *self = opaque;
    self->host = host;
    uv_timer_init(&host->loop->uv, &self->stale_timer);
    uv_timer_init(&host->loop->uv, &self->gather_timer);
    self->stale_timer.data = self->gather_timer.data = self;
    self->timers = 2;
    uint64_t interval = (uint64_t)(self->stale_cleanup_interval.ns / 1000000);
    uv_timer_start(&self->stale_timer, file_stale, interval, interval);
    return 0;
}

static void file_stop(void *opaque)
{
    struct file_output *self = opaque;
    self->host->is_stopping = true;
    file_send_touched(self);
    for (struct sink *sink = self->oldest, *next; sink; sink = next) {
        next = sink->newer;
        sink_retire(self, sink);
    }
    file_end_check(self);
}

/* A write that is under way is waited for. */
static void file_abandon(void *opaque)
{
    struct file_output *self = opaque;
    self->is_abandoned = true;
    for (struct sink *sink = self->retired; sink; sink = sink->next) /* closing frees them later, by the disk thread */
        if (!sink->lane.in_flight && !lane_is_idle(&sink->lane)) sink_abandon(sink);
}

static void file_destroy(void *opaque)
{
    struct file_output *self = opaque;
    buf_fini(&self->rendered);
}

const struct output_type output_file = {
    .name = "file",
    .summary = "Appends events to files.",
    .size = sizeof(struct file_output),
    .options = file_options,
    .default_codec = "json_lines",
    .create = file_create,
    .start = file_start,
    .take = file_take,
    .turn = file_turn,
    .reopen = file_reopen,
    .stop = file_stop,
    .abandon = file_abandon,
    .destroy = file_destroy,
};
