/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/tap_command.h"
#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>
#include "pipelines/api_client.h"
#include "pipelines/tap_options.h"
#include "pipelines/tap_print.h"
#include "pipelines/terminal.h"

enum tap_format { FORMAT_AUTO, FORMAT_PRETTY, FORMAT_JSON };

struct command_options {
    struct choice format;
};

static const char *const format_choices[] = {"auto", "pretty", "json", NULL};

static const struct option command_option_rows[] = {
    OPTION_CHOICE(struct command_options, format, .preset = "auto", .choices = format_choices,
                  .help = "pretty or json; auto: pretty on a terminal."),
    OPTION_END};

/* ---- what is asked ---- */

struct tap_run {
    struct tap_options asked;
    struct command_options command;
    struct api_place_options where;
    struct api_place place;
    struct buf path;
    struct api_client client;
    struct tap_printer printer;
    bool is_json;
};

static bool options_read(struct tap_run *run, const struct setting_list *flags, struct arena *arena,
                         struct diag *diag)
{
    const struct options_part parts[] = {{tap_option_rows, &run->asked},
                                         {command_option_rows, &run->command},
                                         {api_place_option_rows, &run->where}};
    struct options_context context = {
        .diag = diag, .arena = arena, .section = "command", .plugin = STR("tap")};
    return options_load_parts(parts, 3, flags->items, flags->count, &context);
}

/* The flags go on as they were written: the instance knows what it understands. */
static void path_make(struct tap_run *run, const struct str_list *words,
                      const struct setting_list *flags)
{
    buf_append_z(&run->path, "/_tap");
    if (words->count) {
        struct str word = words->items[0];
        ptrdiff_t slash = str_find(word, STR("/"));
        struct str pipeline = slash < 0 ? word : str_slice(word, 0, (size_t)slash);
        if (pipeline.len) api_query_add(&run->path, "pipeline", pipeline);
        if (slash >= 0) api_query_add(&run->path, "plugin", str_from(word, (size_t)slash + 1));
    }
    for (uint32_t i = 0; i < flags->count; i++) {
        const struct option *row = option_find(tap_option_rows, flags->items[i].key);
        if (row) api_query_add(&run->path, row->name, flags->items[i].value.text);
    }
}

/* ---- what is answered ---- */

static enum exit_code said(const char *why)
{
    fprintf(stderr, "tailrace: %s\n", why);
    return EXIT_RUNTIME;
}

static void print_ids(const json_t *ids)
{
    size_t i;
    json_t *id;
    json_array_foreach(ids, i, id)
        fprintf(stderr, "%s%s", i ? ", " : "  there are: ", json_string_value(id));
    if (json_array_size(ids)) fputc('\n', stderr);
}

/* An answer that is no stream: {"error": {"message", "hint", "text", "ids"}}. */
static enum exit_code refused(struct tap_run *run)
{
    struct str body = {0};
    json_t *document =
        api_client_body(&run->client, &body) ? json_loadb(body.ptr, body.len, 0, NULL) : NULL;
    const json_t *error = json_object_get(document, "error");
    const char *message = json_string_value(json_object_get(error, "message"));
    const char *hint = json_string_value(json_object_get(error, "hint"));
    const char *text = json_string_value(json_object_get(error, "text"));
    if (run->client.status == 401)
        said("user and password needed: --user NAME, or api.auth.basic.* in the settings");
    else if (run->client.status == 404 && !json_object_get(error, "ids") && message)
        said("the instance does not know of taps: it is an older version");
    else if (text)
        fputs(text, stderr);
    else
        fprintf(stderr, "tailrace: %s%s%s\n", message ? message : "the API has no good answer",
                hint ? "; " : "", hint ? hint : "");
    print_ids(json_object_get(error, "ids"));
    json_decref(document);
    return run->client.status == 400 || run->client.status == 404 ? EXIT_USAGE : EXIT_RUNTIME;
}

/* False: standard output takes no more. */
static bool line_print(struct tap_run *run, struct str line, bool *has_ended)
{
    struct buf out = {0};
    if (tap_print_note(line, has_ended, &out)) {
        fwrite(out.ptr, 1, out.len, stderr);
        buf_clear(&out);
    } else if (run->is_json) {
        buf_append(&out, line);
        buf_append_char(&out, '\n');
    } else
        tap_print_line(&run->printer, line, &out);
    if (out.len) fwrite(out.ptr, 1, out.len, stdout);
    buf_fini(&out);
    return fflush(stdout) == 0;
}

static enum exit_code stream_print(struct tap_run *run)
{
    struct str line;
    bool has_ended = false;
    run->client.is_stream = true;
    while (api_client_line(&run->client, &line))
        if (!line_print(run, line, &has_ended)) return said("standard output takes no more");
    if (has_ended) return EXIT_DONE;
    return said(run->client.why[0] ? run->client.why : "the connection to the instance has ended");
}

static enum exit_code look(struct tap_run *run)
{
    if (!api_client_get(&run->client, &run->place, buf_z(&run->path))) {
        fprintf(stderr, "tailrace: no good answer from the API at %.*s port %u: %s\n",
                STR_ARG(run->place.host), run->place.first, run->client.why);
        return EXIT_RUNTIME;
    }
    return run->client.status == 200 ? stream_print(run) : refused(run);
}

enum exit_code tap_command(const struct settings *settings, const struct str_list *words,
                           const struct setting_list *flags, struct arena *arena, struct diag *diag)
{
    struct tap_run run = {.client.fd = -1};
    if (words->count > 1) {
        diag_hint(diag, diag_error(diag, (struct place){0}, "one place at a time can be looked at"),
                  "tailrace tap PIPELINE/PLUGIN-ID");
        return EXIT_USAGE;
    }
    if (!options_read(&run, flags, arena, diag) ||
        !api_place_find(&run.place, settings, &run.where, flags, arena, diag))
        return EXIT_USAGE;
    run.is_json = run.command.format.value == FORMAT_JSON ||
                  (run.command.format.value == FORMAT_AUTO && !isatty(STDOUT_FILENO));
    run.printer.has_colours = terminal_has_colours(STDOUT_FILENO);
    path_make(&run, words, flags);
    enum exit_code code = look(&run);
    api_client_close(&run.client);
    tap_printer_fini(&run.printer);
    buf_fini(&run.path);
    return code;
}
