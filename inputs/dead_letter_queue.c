/* SPDX-License-Identifier: Apache-2.0 */
/* dead_letter_queue: reads the dead letters of a pipeline, of this process or another, and follows them.
 *
 * The event is as it was when it died; [@metadata][dead_letter_queue] says of what. All is done by
 * core/delivery/dead_letter_feed.h. */
#include "core/delivery/dead_letter_feed.h"
#include "core/delivery/dead_letters.h"
#include "core/text/digest.h"
#include "core/text/time.h"

struct dead_letter_queue {
    struct str path, pipeline_id, sincedb_path, start_timestamp;
    bool commit_offsets, clean_consumed;
    /* not options */
    struct dead_letter_feed_options options;
    struct dead_letter_feed *feed;
};

static const struct option dead_letter_queue_options[] = {
    OPTION_STRING(struct dead_letter_queue, path, .required = true,
                  .help = "Folder of dead letters: path.dead_letter_queue of who writes them."),
    OPTION_STRING(struct dead_letter_queue, pipeline_id, .preset = "main", .help = "Whose dead letters are read."),
    OPTION_BOOL(struct dead_letter_queue, commit_offsets, .preset = "true",
                .help = "Remember what all outputs have done, so that a restart goes on behind it."),
    OPTION_STRING(struct dead_letter_queue, sincedb_path,
                  .help = "File for what is done; in path.data unless given."),
    OPTION_STRING(struct dead_letter_queue, start_timestamp,
                  .help = "Pass over events that died before, like 2024-03-05T07:00:00Z."),
    OPTION_BOOL(struct dead_letter_queue, clean_consumed, .preset = "false",
                .help = "Delete files whose letters are all done; the newest stays while it is written."),
    OPTION_END};

static bool start_set(struct dead_letter_queue *self, const struct plugin_context *context)
{
    int64_t seconds;
    uint32_t ns;
    if (!self->start_timestamp.len) return true;
    if (!time_parse_iso(self->start_timestamp, &seconds, &ns) || seconds < 0 || seconds > INT64_MAX / 2000000000) {
        diag_hint(context->diag,
                  diag_error(context->diag, context_place(context, "start_timestamp"),
                             "`start_timestamp` is no time since 1970"),
                  "write it like 2024-03-05T07:00:00Z");
        return false;
    }
    self->options.start_ns = (uint64_t)seconds * 1000000000 + ns;
    return true;
}

/* Each reader of a folder in a pipeline has its own file, by its folder and its id. */
static const char *marks_place(const struct dead_letter_queue *self, const struct plugin_context *context)
{
    if (!self->commit_offsets) return NULL;
    if (self->sincedb_path.len) return arena_copy_z(context->arena, self->sincedb_path);
    char hash[DIGEST_HEX_MAX];
    digest_hex(DIGEST_MD5, self->options.folder, hash);
    struct str file = arena_printf(context->arena, "%.*s/plugins/inputs/dead_letter_queue/%.*s/.sincedb_%s",
                                   STR_ARG(context->path_data), STR_ARG(context->pipeline), hash);
    return arena_copy_z(context->arena, file);
}

static bool dead_letter_queue_create(void *opaque, const struct plugin_context *context)
{
    struct dead_letter_queue *self = opaque;
    struct buf folder = {0};
    bool is_short = dead_letters_folder(&folder, self->path, self->pipeline_id);
    self->options.folder = arena_copy(context->arena, buf_str(&folder));
    buf_fini(&folder);
    if (!is_short) diag_error(context->diag, context_place(context, "path"), "this path is too long");
    if (self->clean_consumed && !self->commit_offsets)
        diag_hint(context->diag,
                  diag_error(context->diag, context_place(context, "clean_consumed"),
                             "`clean_consumed` needs `commit_offsets`"),
                  "remove commit_offsets => false");
    self->options.cleans = self->clean_consumed;
    self->options.marks = marks_place(self, context);
    return start_set(self, context) && is_short && (self->commit_offsets || !self->clean_consumed);
}

static int dead_letter_queue_start(void *opaque, struct input *host)
{
    struct dead_letter_queue *self = opaque;
    return dead_letter_feed_start(&self->feed, &self->options, host);
}

static void dead_letter_queue_pause(void *opaque, bool paused)
{
    struct dead_letter_queue *self = opaque;
    dead_letter_feed_pause(self->feed, paused);
}

static void dead_letter_queue_stop(void *opaque)
{
    struct dead_letter_queue *self = opaque;
    dead_letter_feed_stop(self->feed);
}

static void dead_letter_queue_destroy(void *opaque)
{
    struct dead_letter_queue *self = opaque;
    dead_letter_feed_destroy(self->feed);
}

const struct input_type input_dead_letter_queue = {
    .name = "dead_letter_queue",
    .summary = "Reads events that an output refused, or that a condition could not deal with.",
    .size = sizeof(struct dead_letter_queue),
    .options = dead_letter_queue_options,
    .is_single = true,
    .create = dead_letter_queue_create,
    .start = dead_letter_queue_start,
    .pause = dead_letter_queue_pause,
    .stop = dead_letter_queue_stop,
    .destroy = dead_letter_queue_destroy,
};
