/* SPDX-License-Identifier: Apache-2.0 */
/* generator: makes events from fixed lines, as fast as the pipeline takes them: for measuring and for
 * tests. In every turn of the loop it fills one batch, so other inputs of the worker are served in
 * between. */
#include <unistd.h>
#include "core/input.h"

enum {
    GENERATOR_THREADS_MAX = 1024,
    GENERATOR_LINE_MAX = 64 * 1024, /* of the line read from standard input */
};

struct generator {
    struct str message;
    struct str_list lines;
    int64_t count, threads;

    struct path host_path, sequence_path;
    struct value host_name;
    struct input *host;
    struct stream stream;
    struct block *block;     /* all lines, so that events borrow them */
    struct str *texts;       /* slices of it */
    uint32_t text_count;
    uint32_t text, thread;   /* what comes next */
    int64_t sequence;        /* rounds over the lines so far */
    uint64_t position;
    uv_idle_t idle;
};

static const struct option generator_options[] = {
    OPTION_STRING(struct generator, message, .preset = "Hello world!",
                  .help = "Text of every event; `stdin`: one line is read from standard input."),
    OPTION_STRINGS(struct generator, lines, .help = "Texts emitted in turn, instead of `message`."),
    OPTION_INT(struct generator, count, .preset = "0", .min = 0, .max = INT64_MAX,
               .help = "Rounds over the lines; 0: without end."),
    OPTION_INT(struct generator, threads, .preset = "1", .min = 1, .max = GENERATOR_THREADS_MAX,
               .help = "How often each line is emitted in a round (Logstash: threads that do)."),
    OPTION_END};

static void generator_closed(uv_handle_t *handle)
{
    struct generator *self = handle->data;
    stream_close(&self->stream);
    block_drop(self->block, &self->host->loop->pool);
    input_stopped(self->host);
}

static void generator_end(struct generator *self)
{
    if (!uv_is_closing((uv_handle_t *)&self->idle))
        uv_close((uv_handle_t *)&self->idle, generator_closed);
}

/* From one event to the next: lines within threads within rounds. */
static bool generator_step(struct generator *self)
{
    if (++self->text < self->text_count) return true;
    self->text = 0;
    if (++self->thread < (uint32_t)self->threads) return true;
    self->thread = 0;
    self->sequence++;
    return self->count == 0 || self->sequence < self->count;
}

static void generator_emit(uv_idle_t *idle)
{
    struct generator *self = idle->data;
    for (uint32_t i = 0; i < self->host->ingest->batch_events_max; i++) {
        if (input_is_paused(self->host)) {
            uv_idle_stop(idle);
            return;
        }
        struct frame frame = {.bytes = self->texts[self->text], .block = self->block,
                              .position = ++self->position};
        stream_emit(&self->stream, &frame);
        if (!generator_step(self)) {
            self->host->is_exhausted = true;
            generator_end(self);
            return;
        }
    }
}

static void generator_decorate(void *opaque, struct event *event)
{
    const struct generator *self = opaque;
    path_set_absent(&self->host_path, event, self->host_name);
    path_set_absent(&self->sequence_path, event, value_int(self->sequence));
}

static void generator_fields(const void *opaque, struct field_set *fields)
{
    const struct generator *self = opaque;
    fields_put_absent(fields, &self->host_path, TYPE_STRING);
    fields_put_absent(fields, &self->sequence_path, TYPE_INTEGER);
}

static bool generator_create(void *opaque, const struct plugin_context *context)
{
    struct generator *self = opaque;
    bool is_legacy = context->ecs == ECS_DISABLED;
    path_compile(&self->host_path, is_legacy ? STR("host") : STR("[host][name]"), context->arena);
    path_compile(&self->sequence_path, is_legacy ? STR("sequence") : STR("[event][sequence]"),
                 context->arena);
    self->host_name = value_string(input_host_name(context->arena));
    if (self->lines.count == 0) self->lines = (struct str_list){&self->message, 1};
    self->texts = arena_alloc(context->arena, self->lines.count * sizeof *self->texts);
    return true;
}

/* Logstash's `message => "stdin"`: waits for a line before anything starts. */
static struct str generator_read_line(char *line)
{
    size_t len = 0;
    while (len < GENERATOR_LINE_MAX && read(STDIN_FILENO, line + len, 1) == 1 && line[len] != '\n')
        len++;
    return (struct str){line, len};
}

static int generator_start(void *opaque, struct input *host)
{
    struct generator *self = opaque;
    self->host = host;
    char line[GENERATOR_LINE_MAX];
    bool from_stdin = self->lines.items == &self->message && str_eq(self->message, STR("stdin"));
    if (from_stdin) self->message = generator_read_line(line);
    size_t total = 0;
    for (uint32_t i = 0; i < self->lines.count; i++) total += self->lines.items[i].len;
    self->block = block_create(&host->loop->pool, total ? total : 1);
    char *at = self->block->bytes;
    for (uint32_t i = 0; i < self->lines.count; i++) {
        struct str text = self->lines.items[i];
        if (text.len) memcpy(at, text.ptr, text.len);
        self->texts[self->text_count++] = (struct str){at, text.len};
        at += text.len;
    }
    if (from_stdin) self->message = self->texts[0];
    stream_open(&self->stream, host, NULL, generator_decorate, self);
    uv_idle_init(&host->loop->uv, &self->idle);
    self->idle.data = self;
    uv_idle_start(&self->idle, generator_emit);
    return 0;
}

static void generator_pause(void *opaque, bool paused)
{
    struct generator *self = opaque;
    if (uv_is_closing((uv_handle_t *)&self->idle)) return;
    if (paused)
        uv_idle_stop(&self->idle);
    else
        uv_idle_start(&self->idle, generator_emit);
}

static void generator_stop(void *opaque) { generator_end(opaque); }

const struct input_type input_generator = {
    .name = "generator",
    .summary = "Makes events from fixed lines.",
    .size = sizeof(struct generator),
    .options = generator_options,
    .default_codec = "plain",
    .is_single = true,
    .create = generator_create,
    .start = generator_start,
    .pause = generator_pause,
    .stop = generator_stop,
    .fields = generator_fields,
    .is_ecs = true,
};
