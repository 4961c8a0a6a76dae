/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/top_command.h"
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "pipelines/terminal.h"
#include "pipelines/top_table.h"

#define KEYS "q quit   p pause   tab, arrows: another pipeline"

#define INTERVAL_MIN_NS INT64_C(100000000)
#define INTERVAL_MAX_NS INT64_C(3600000000000)

enum { FIRST_INTERVAL_MS = 300 }; /* until the first rates are shown */

struct top_options {
    struct duration interval;
    bool once;
};

static const struct option top_option_rows[] = {
    OPTION_DURATION(struct top_options, interval, .preset = "1s", .unit = "s",
                    .help = "How often the numbers are renewed."),
    OPTION_BOOL(struct top_options, once, .preset = "false", .help = "Prints one table and ends."),
    OPTION_END};

struct top_run {
    struct top_options options;
    struct api_place_options where;
    struct api_place place;
    struct top_sample sample;
    struct top_view view;
    char why[160]; /* the last look failed; "" when it did not */
    bool is_paused;
};

static bool options_read(struct top_run *run, const struct settings *settings,
                         const struct setting_list *flags, struct arena *arena, struct diag *diag)
{
    const struct options_part parts[] = {{top_option_rows, &run->options},
                                         {api_place_option_rows, &run->where}};
    struct options_context context = {
        .diag = diag, .arena = arena, .section = "command", .plugin = STR("top")};
    bool ok = options_load_parts(parts, 2, flags->items, flags->count, &context);
    if (ok && (run->options.interval.ns < INTERVAL_MIN_NS ||
               run->options.interval.ns > INTERVAL_MAX_NS)) {
        diag_error(diag, setting_list_place(flags, "interval"), "expected a time from 100ms to 1h");
        return false;
    }
    return ok && api_place_find(&run->place, settings, &run->where, flags, arena, diag);
}

static enum exit_code failed(const struct top_run *run)
{
    fprintf(stderr, "tailrace: no good answer from the API at %.*s port %u: %s\n",
            STR_ARG(run->place.host), run->place.first, run->why);
    return EXIT_RUNTIME;
}

static void look(struct top_run *run)
{
    run->why[0] = 0;
    top_sample_take(&run->sample, &run->place, run->why);
}

/* ---- once ---- */

static enum exit_code print_once(struct top_run *run)
{
    struct buf out = {0};
    poll(NULL, 0, (int)(run->options.interval.ns / 1000000));
    look(run);
    if (run->why[0]) return failed(run);
    run->view = (struct top_view){.status = "", .keys = ""};
    top_table_print(&run->sample, &run->view, &out);
    fwrite(out.ptr, 1, out.len, stdout);
    buf_fini(&out);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_RUNTIME;
}

/* ---- on the screen ---- */

static void draw(struct top_run *run)
{
    struct terminal_size size = terminal_size();
    struct buf out = {0};
    char status[200] = "";
    if (run->why[0])
        snprintf(status, sizeof status, "NO ANSWER: %s", run->why);
    else if (run->is_paused)
        snprintf(status, sizeof status, "PAUSED");
    run->view.rows = size.rows;
    run->view.columns = size.columns;
    run->view.has_one = true;
    run->view.has_colours = terminal_has_colours(STDOUT_FILENO);
    run->view.status = status;
    run->view.keys = KEYS;
    top_table_print(&run->sample, &run->view, &out);
    terminal_show(buf_str(&out));
    buf_fini(&out);
}

static uint64_t now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static void select_next(struct top_run *run, bool is_back)
{
    size_t count = json_object_size(json_object_get(run->sample.now, "pipelines"));
    if (count) run->view.selected = (run->view.selected + (is_back ? count - 1 : 1)) % count;
}

/* False: the end was asked for. */
static bool event_handle(struct top_run *run, enum terminal_event event, char key)
{
    switch (event) {
    case TERMINAL_ENDED: return false;
    case TERMINAL_TAB:
    case TERMINAL_DOWN:
    case TERMINAL_RIGHT: select_next(run, false); break;
    case TERMINAL_TAB_BACK:
    case TERMINAL_UP:
    case TERMINAL_LEFT: select_next(run, true); break;
    case TERMINAL_KEY:
        if (key == 'q' || key == 'Q') return false;
        if (key == 'p' || key == 'P' || key == ' ') run->is_paused = !run->is_paused;
        break;
    case TERMINAL_TIME:
    case TERMINAL_RESIZED: break;
    }
    return true;
}

static void watch(struct top_run *run)
{
    uint64_t interval_ms = (uint64_t)run->options.interval.ns / 1000000;
    uint64_t next = now_ms() + (interval_ms < FIRST_INTERVAL_MS ? interval_ms : FIRST_INTERVAL_MS);
    for (;;) {
        draw(run);
        uint64_t now = now_ms();
        char key = 0;
        enum terminal_event event = terminal_wait(next > now ? (int)(next - now) : 0, &key);
        if (!event_handle(run, event, key)) return;
        if (now_ms() < next) continue;
        if (!run->is_paused) look(run);
        next = now_ms() + interval_ms;
    }
}

enum exit_code top_command(const struct settings *settings, const struct setting_list *flags,
                           struct arena *arena, struct diag *diag)
{
    struct top_run run = {.is_paused = false};
    if (!options_read(&run, settings, flags, arena, diag)) return EXIT_USAGE;
    enum exit_code code = EXIT_DONE;
    look(&run);
    if (run.why[0])
        code = failed(&run);
    else if (run.options.once)
        code = print_once(&run);
    else if (terminal_open()) {
        watch(&run);
        terminal_close();
    } else {
        fprintf(stderr, "tailrace: standard output is no terminal: print one table with --once\n");
        code = EXIT_USAGE;
    }
    top_sample_fini(&run.sample);
    return code;
}
