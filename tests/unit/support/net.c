/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/net.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "core/text/time.h"
#include "core/xmalloc.h"

/* ---- a codec ---- */
static void line_decode(void *self, struct str frame, struct decoder *decoder)
{
    (void)self;
    struct event *event = decoder_event(decoder);
    if (event) event_slot_set(event, SLOT_MESSAGE, value_string(frame));
}

static void line_encode(void *self, const struct event *event, struct buf *out)
{
    (void)self;
    const struct value *message = event_slot(event, SLOT_MESSAGE);
    buf_append(out, value_text(message));
    buf_append_char(out, '\n');
}

static const struct codec_type line_codec = {
    .name = "line", .framing = FRAMING_LINES, .decode = line_decode, .encode = line_encode};

/* ---- options ---- */
/* A text as a configuration would give it; of a list: its parts between commas, unless it is a
 * pattern with braces. */
static struct config_value config_of(const struct option *row, const char *text, struct arena *arena)
{
    struct config_value value = {.kind = CONFIG_STRING, .text = str_of(text)};
    if (!row || row->kind != OPTION_IS_STRINGS || strchr(text, '{')) return value;
    value.kind = CONFIG_ARRAY;
    value.items = arena_zalloc(arena, 64 * sizeof value);
    for (; *text; text += strspn(text, ",")) {
        size_t len = strcspn(text, ",");
        value.items[value.count++] =
            (struct config_value){.kind = CONFIG_STRING, .text = {text, len}};
        text += len;
    }
    return value;
}

static bool options_fill(const struct option *table, void *self, const struct bench_option *options,
                         struct plugin_context *context)
{
    struct setting *settings = arena_zalloc(context->arena, 64 * sizeof *settings);
    for (; options->name; options++) {
        const struct option *row = option_find(table, str_of(options->name));
        settings[context->setting_count++] =
            (struct setting){.key = str_of(options->name),
                             .value = config_of(row, options->value, context->arena)};
    }
    context->settings = settings;
    struct options_context loading = {.diag = context->diag, .arena = context->arena,
                                      .section = "input", .plugin = context->id};
    return options_load(table, self, settings, context->setting_count, &loading);
}

/* ---- events ---- */
static void value_write(const struct value *value, struct buf *out)
{
    switch (value ? value->kind : VALUE_MISSING) {
    case VALUE_MISSING: buf_append_char(out, '-'); break;
    case VALUE_INT: buf_append_int(out, value->integer); break;
    case VALUE_STRING: buf_append(out, value_text(value)); break;
    case VALUE_TIME:
        buf_append_int(out, value->seconds);
        buf_printf(out, ".%09u", value->len);
        break;
    case VALUE_ARRAY:
        ARRAY_EACH(value->array, item)
        {
            if (item > value->array->items) buf_append_char(out, ',');
            value_write(item, out);
        }
        break;
    case VALUE_MAP:
        buf_append_char(out, '{');
        MAP_EACH(value->map, entry)
        {
            buf_append(out, key_text(&entry->key));
            buf_append_char(out, '=');
            value_write(&entry->value, out);
            buf_append_char(out, ';');
        }
        buf_append_char(out, '}');
        break;
    default: buf_append_z(out, "?"); break;
    }
}

static void batch_record(struct bench *bench, struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        value_write(event_slot(batch->events[i], SLOT_MESSAGE), &bench->events);
        for (uint32_t f = 0; f < bench->field_count; f++) {
            buf_append_char(&bench->events, '|');
            value_write(path_get(&bench->fields[f], batch->events[i]), &bench->events);
        }
        buf_append_char(&bench->events, '\n');
    }
    bench->event_count += batch->count;
    ticket_count(batch->ticket, batch->received, 0, batch->received);
    if (bench->holds) {
        assert(bench->held_count < BENCH_HELD_MAX);
        bench->held[bench->held_count++] = obligation_open(batch->ticket, 1);
    }
    ticket_seal(batch->ticket);
    batch_destroy(batch);
}

void bench_settle(struct bench *bench)
{
    for (uint32_t i = 0; i < bench->held_count; i++) obligation_sent(bench->held[i], 1);
    bench->held_count = 0;
}

static void bench_batch_full(struct ingest *ingest)
{
    struct bench *bench = (struct bench *)((char *)ingest - offsetof(struct bench, ingest));
    struct batch *batch = ingest->batch;
    ingest->batch = NULL;
    if (!batch) return;
    bool pauses = bench->pause_after && bench->event_count + batch->count >= bench->pause_after;
    batch_record(bench, batch);
    if (!pauses) return;
    bench->pause_after = 0;
    ingest->is_paused = true;
    if (bench->input.type->pause) bench->input.type->pause(bench->input.self, true);
}

static void turn_timer(uv_timer_t *timer) { (void)timer; }

void bench_turn(struct bench *bench)
{
    uv_timer_t timer;
    uv_timer_init(&bench->loop.uv, &timer);
    /* repeating: the loop's clock may be late, and a single one be over before the poll */
    uv_timer_start(&timer, turn_timer, 10, 10);
    uv_run(&bench->loop.uv, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&bench->loop.uv, UV_RUN_NOWAIT);
    bench_batch_full(&bench->ingest);
    if (bench->output.type && bench->output.type->turn && !bench->output.is_stopped)
        bench->output.type->turn(bench->output.self);
}

bool bench_wait_events(struct bench *bench, uint32_t count)
{
    bench_wait(bench, bench->event_count >= count);
    return bench->event_count >= count;
}

void bench_resume(struct bench *bench)
{
    bench->ingest.is_paused = false;
    bench->input.type->pause(bench->input.self, false);
}

/* ---- life ---- */
static void input_has_stopped(struct input *input)
{
    ((struct bench *)((char *)input - offsetof(struct bench, input)))->input_stops++;
}
static void output_has_stopped(struct output *output)
{
    ((struct bench *)((char *)output - offsetof(struct bench, output)))->output_stops++;
}
static void output_is_ready(struct output *output)
{
    ((struct bench *)((char *)output - offsetof(struct bench, output)))->output_readies++;
}

void bench_begin(struct bench *bench, enum ecs ecs, const char *const *fields)
{
    *bench = (struct bench){.codec = {.type = &line_codec, .delimiter = {"\n", 1}}};
    diag_init(&bench->diag);
    arena_init(&bench->config, NULL);
    if (loop_init(&bench->loop, &bench->budget, &bench->books)) abort();
    bench->disk = disk_create("bench");
    bench->ingest = (struct ingest){
        .loop = &bench->loop, .batch_events_max = 125, .batch_full = bench_batch_full};
    for (; fields && fields[bench->field_count]; bench->field_count++)
        if (!path_compile(&bench->fields[bench->field_count], str_of(fields[bench->field_count]),
                          &bench->config))
            abort();
    bench->input = (struct input){.id = {"in", 2}, .loop = &bench->loop, .ingest = &bench->ingest,
                                  .disk = bench->disk, .codec = &bench->codec, .ecs = ecs,
                                  .workers = 1, .stopped = input_has_stopped};
    bench->output = (struct output){.id = {"out", 3}, .loop = &bench->loop, .disk = bench->disk,
                                    .codec = &bench->codec, .ecs = ecs, .workers = 1,
                                    .ready = output_is_ready, .stopped = output_has_stopped};
}

/* What was wrong with the options, for whoever reads the failing test. */
static void complain(struct bench *bench)
{
    struct buf text = {0};
    diag_render(&bench->diag, &text);
    fprintf(stderr, "%.*s", STR_ARG(buf_str(&text)));
    buf_fini(&text);
}

static struct plugin_context context_of(struct bench *bench, enum ecs ecs)
{
    return (struct plugin_context){
        .diag = &bench->diag, .arena = &bench->config, .id = {"x", 1}, .ecs = ecs, .workers = 1};
}

int bench_input(struct bench *bench, const struct input_type *type,
                const struct bench_option *options)
{
    struct plugin_context context = context_of(bench, bench->input.ecs);
    bench->input.type = type;
    bench->input.self = xcalloc(1, type->size);
    bool fits = options_fill(type->options, bench->input.self, options, &context) &&
                (!type->create || type->create(bench->input.self, &context));
    int status = fits ? 0 : 1;
    if (!fits) complain(bench);
    if (!status) status = type->start(bench->input.self, &bench->input);
    if (status) bench->input.is_stopped = true;
    if (status) bench_turn(bench); /* lets go what start() had opened already */
    return status;
}

int bench_output(struct bench *bench, const struct output_type *type,
                 const struct bench_option *options)
{
    struct plugin_context context = context_of(bench, bench->output.ecs);
    bench->output.type = type;
    bench->output.self = xcalloc(1, type->size);
    bool fits = options_fill(type->options, bench->output.self, options, &context) &&
                (!type->create || type->create(bench->output.self, &context));
    int status = fits ? 0 : 1;
    if (!fits) complain(bench);
    if (!status) status = type->start(bench->output.self, &bench->output);
    if (status) bench->output.is_stopped = true;
    return status;
}

bool bench_offer(struct bench *bench, const char *message)
{
    struct batch *batch = batch_create(&bench->loop.pool, bench->loop.tickets);
    batch->now = event_now();
    struct event *event = batch_event(batch);
    event_slot_set(event, SLOT_MESSAGE, value_string(str_of(message)));
    struct obligation *obligation = obligation_open(batch->ticket, 1);
    ticket_count(batch->ticket, 1, 0, 0);
    uint32_t index = 0;
    struct selection in = {.index = &index, .count = 1};
    bool taken = bench->output.type->take(bench->output.self, batch, &in, obligation) == 1;
    if (!taken) obligation_failed(obligation, 0, VERDICT_DROPPED);
    ticket_seal(batch->ticket);
    batch_destroy(batch);
    return taken;
}

void bench_stop_input(struct bench *bench)
{
    struct input *input = &bench->input;
    if (!input->is_stopped && !input->is_stopping) {
        input->is_stopping = true;
        input->type->stop(input->self);
    }
    bench_wait(bench, input->is_stopped);
    if (!input->is_stopped) abort();
}

static void bench_stop_output(struct bench *bench)
{
    struct output *output = &bench->output;
    if (!output->is_stopped && !output->is_stopping) {
        output->is_stopping = true;
        output->type->stop(output->self);
    }
    bench_wait(bench, output->is_stopped);
    if (!output->is_stopped) abort();
}

void bench_end(struct bench *bench)
{
    if (bench->ingest.is_paused) bench_resume(bench);
    bench->holds = false;
    bench_settle(bench);
    if (bench->input.type) {
        bench_stop_input(bench);
        if (bench->input.type->destroy) bench->input.type->destroy(bench->input.self);
        free(bench->input.self);
    }
    if (bench->output.type) {
        bench_stop_output(bench);
        if (bench->output.type->destroy) bench->output.type->destroy(bench->output.self);
        free(bench->output.self);
    }
    bench_batch_full(&bench->ingest);
    disk_destroy(bench->disk);
    if (ticket_pool_open(bench->loop.tickets)) abort();
    loop_fini(&bench->loop);
    if (budget_used(&bench->budget)) abort();
    arena_fini(&bench->config);
    diag_fini(&bench->diag);
    buf_fini(&bench->events);
}

/* ---- sockets ---- */
static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int bound(int type, uint16_t port)
{
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in address = loopback(port);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address)) {
        close(fd);
        return -1;
    }
    return fd;
}

uint16_t bench_free_port(int type)
{
    for (int attempt = 0; attempt < 100; attempt++) {
        int fd = bound(type ? type : SOCK_STREAM, 0);
        struct sockaddr_in address;
        socklen_t len = sizeof address;
        getsockname(fd, (struct sockaddr *)&address, &len);
        uint16_t port = ntohs(address.sin_port);
        int other = type ? dup(fd) : bound(SOCK_DGRAM, port);
        close(fd);
        if (other < 0) continue;
        close(other);
        return port;
    }
    abort();
}

int bench_connect(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(port);
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) abort();
    return fd;
}

int bench_listen(uint16_t port)
{
    int fd = bound(SOCK_STREAM | SOCK_NONBLOCK, port);
    if (fd < 0 || listen(fd, 16)) abort();
    return fd;
}

void bench_send(int fd, struct str bytes)
{
    if (send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL) != (ssize_t)bytes.len) abort();
}

const char *bench_port_text(char text[BENCH_PORT_TEXT], uint16_t port)
{
    snprintf(text, BENCH_PORT_TEXT, "%u", port);
    return text;
}
