/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/compat.h"
#include <assert.h>
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>
#include "core/common_options.h"
#include "core/text/json.h"
#include "core/xmalloc.h"
#include "dsl/source.h"
#include "pipelines/pipeline.h"

enum judgement { JUDGED_EXACT, JUDGED_DIFFERENT, JUDGED_REFUSED, JUDGED_COUNT };
enum subject { SUBJECT_SETTING, SUBJECT_PLUGIN, SUBJECT_OPTION, SUBJECT_COMPLAINT, SUBJECT_COUNT };

struct report {
    struct str folder;
    struct arena *arena;
    struct buf *out;
    bool is_json;
    struct str part;  /* what is being reported: a file's name, or `pipeline NAME` */
    struct diag diag; /* of that part */
    bool *is_told;    /* by message: a line stands for it */
    uint32_t counts[SUBJECT_COUNT][JUDGED_COUNT];
};

/* What is taken and yet not as Logstash does it. Option NULL: of the plugin itself. */
static const struct difference {
    const char *kind, *plugin, *option, *how;
} differences[] = {
    {"setting", "", "config.reload.automatic", "automatic reload is not in this version: restart after a change"},
    {"setting", "", "config.reload.interval", "automatic reload is not in this version"},
    {"setting", "", "path.logs", "the log goes to standard error"},
    {"setting", "", "pipeline.batch.delay", "events never wait for their batch"},
    {"setting", "", "pipeline.ordered", "the order of each source is always kept"},
    {"setting", "", "pipeline.unsafe_shutdown", "without effect here: see shutdown.timeout"},
    {"setting", "", "pipeline.workers", "each worker reads, filters and writes by itself"},
    {"input", "file", NULL, "positions are kept in path.data/plugins/inputs/file unless sincedb_path is given"},
    {"input", "kafka", NULL, "librdkafka instead of the Java client; offsets are committed when outputs are done"},
    {"input", "syslog", NULL, "RFC 5424 and octet counting are understood too; a missing priority is 13"},
    {"input", "tcp", NULL, "peers' names are not looked up; lines over line_limit are cut and tagged _line_cut"},
    {"filter", "ruby", "code", "texts do not change in place, each worker has its own @variables: docs/ruby.md"},
    {"filter", "grok", "timeout_millis", "an attempt has 10 ms at most, however large this is"},
    {"output", "elasticsearch", NULL, "documents gather for up to batch_wait; of one id they stay in order"},
    {"output", "opensearch", NULL, "documents gather for up to batch_wait; of one id they stay in order"},
    {"output", "file", NULL, "a path that events lead out of its folder goes to _filepath_failures"},
    {"output", "kafka", NULL, "librdkafka instead of the Java client; retries in order, without end unless limited"},
    {"output", "tcp", NULL, "a server without clients drops records, counted"},
};

static const char *difference_of(const char *kind, struct str plugin, const char *option)
{
    for (size_t i = 0; i < sizeof differences / sizeof *differences; i++) {
        const struct difference *row = &differences[i];
        bool is_option = option && row->option ? !strcmp(option, row->option) : option == row->option;
        if (is_option && !strcmp(kind, row->kind) && str_eq_z(plugin, row->plugin)) return row->how;
    }
    return NULL;
}

/* ---- lines ---- */

static const char *const judgements[] = {"exact", "different", "refused"};

static void json_text(struct buf *out, const char *name, struct str text)
{
    if (!text.len) return;
    buf_printf(out, ",\"%s\":", name);
    json_encode_string(text, out);
}

/* The members that check --format json has, too (core/diag.h). */
static void json_line(const struct report *report, enum subject subject, enum judgement judged,
                      struct place place, struct str what, struct str how)
{
    static const char *const subjects[] = {"setting", "plugin", "option", "complaint"};
    struct buf *out = report->out;
    buf_printf(out, "{\"verdict\":\"%s\",\"subject\":\"%s\"", judgements[judged], subjects[subject]);
    json_text(out, "part", report->part);
    if (place.source) {
        struct line_column start = place_line(place);
        struct line_column end = place_line((struct place){place.source, place.end, place.end});
        json_text(out, "file", place.source->name);
        buf_printf(out, ",\"line\":%u,\"column\":%u,\"end_line\":%u,\"end_column\":%u", start.line, start.column,
                   end.line, end.column);
    }
    json_text(out, "name", what);
    json_text(out, "message", how);
    buf_append_z(out, "}\n");
}

static void heading(struct report *report, struct str part, const char *behind)
{
    report->part = part;
    if (!report->is_json) buf_printf(report->out, "%.*s%s\n", STR_ARG(part), behind);
}

static void line(struct report *report, enum subject subject, enum judgement judged, struct place place,
                 struct str what, struct str how)
{
    report->counts[subject][judged]++;
    if (report->is_json) {
        json_line(report, subject, judged, place, what, how);
        return;
    }
    buf_printf(report->out, "  %-10s ", judgements[judged]);
    if (place.source)
        buf_printf(report->out, "%.*s:%u: ", STR_ARG(place.source->name), place_line(place).line);
    buf_append(report->out, what);
    if (what.len && how.len) buf_append_z(report->out, ": ");
    buf_append(report->out, how);
    buf_append_char(report->out, '\n');
}

static struct str message_text(struct report *report, const struct message *message)
{
    if (!message->hint.len) return message->text;
    return arena_printf(report->arena, "%.*s (%.*s)", STR_ARG(message->text), STR_ARG(message->hint));
}

/* The gravest complaint that begins within the span; all that do are told with it. */
static const struct message *complaint(struct report *report, struct place span)
{
    const struct message *found = NULL;
    for (uint32_t i = 0; i < report->diag.count; i++) {
        const struct message *message = &report->diag.messages[i];
        if (report->is_told[i] || !span.source || message->place.source != span.source ||
            message->place.start < span.start || message->place.start >= span.end)
            continue;
        report->is_told[i] = true;
        if (!found || (message->severity == SEVERITY_ERROR && found->severity != SEVERITY_ERROR)) found = message;
    }
    return found;
}

/* What is known of one setting or option or plugin, gravest first: a complaint, its row, the table. */
static enum judgement judge(struct report *report, struct place span, const struct option *option,
                          const char *difference, struct str *how)
{
    const struct message *message = complaint(report, span);
    *how = (struct str){0};
    if (message) *how = message_text(report, message);
    if (message && message->severity == SEVERITY_ERROR) return JUDGED_REFUSED;
    if (message) return JUDGED_DIFFERENT;
    if (option && option->is_ignored) difference = option->help ? option->help : "without effect here";
    if (!difference) return JUDGED_EXACT;
    *how = str_of(difference);
    return JUDGED_DIFFERENT;
}

static void complaints_begin(struct report *report)
{
    report->is_told = arena_zalloc(report->arena, report->diag.count + 1);
}

/* What belongs to no setting and no plugin: syntax, conditions, files that are not there. */
static void complaints_end(struct report *report)
{
    for (uint32_t i = 0; i < report->diag.count; i++) {
        const struct message *message = &report->diag.messages[i];
        if (report->is_told[i]) continue;
        line(report, SUBJECT_COMPLAINT, message->severity == SEVERITY_ERROR ? JUDGED_REFUSED : JUDGED_DIFFERENT,
             message->place, (struct str){0}, message_text(report, message));
    }
    diag_fini(&report->diag);
    diag_init(&report->diag);
}

static struct place setting_span(const struct setting *setting)
{
    struct place span = setting->key_place;
    if (setting->value.place.source == span.source && setting->value.place.end > span.end)
        span.end = setting->value.place.end;
    if (span.end == span.start) span.end++;
    return span;
}

/* ---- settings ---- */

static void report_settings(struct report *report, const struct setting *settings, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct str key = settings[i].key, how;
        const struct option *option = option_find(settings_options, key);
        const char *difference = difference_of("setting", (struct str){0}, option ? option->name : "");
        if (settings_key_is_foreign(key)) difference = "accepted, without effect here";
        enum judgement judged = judge(report, setting_span(&settings[i]), option, difference, &how);
        line(report, SUBJECT_SETTING, judged, settings[i].key_place, key, how);
    }
}

/* ---- plugins ---- */

/* A plugin, or a codec within one. */
struct described {
    const char *kind;
    struct str name;
    struct place name_place, place;
    const struct option *own, *common;
    const struct setting *settings;
    uint32_t setting_count;
    bool is_known;
};

static void report_described(struct report *report, const struct described *plugin);

static void report_codec(struct report *report, const struct config_value *value)
{
    struct described codec = {.kind = "codec", .name = value->text, .name_place = value->place,
                              .place = value->place, .common = codec_common_options};
    if (value->kind == CONFIG_PLUGIN) {
        codec.settings = value->settings;
        codec.setting_count = value->count;
    }
    for (size_t i = 0; codec_types[i]; i++)
        if (str_eq_z(value->text, codec_types[i]->name)) {
            codec.own = codec_types[i]->options;
            codec.is_known = true;
        }
    report_described(report, &codec);
}

static void report_option(struct report *report, const struct described *plugin, const struct setting *setting)
{
    const struct option *option = plugin->own ? option_find(plugin->own, setting->key) : NULL;
    if (!option) option = option_find(plugin->common, setting->key);
    if (option && option->kind == OPTION_IS_CODEC) {
        report_codec(report, &setting->value);
        return;
    }
    struct str how, what = arena_printf(report->arena, "%s %.*s, %.*s", plugin->kind, STR_ARG(plugin->name),
                                        STR_ARG(setting->key));
    const char *difference = difference_of(plugin->kind, plugin->name, option ? option->name : "");
    enum judgement judged = judge(report, setting_span(setting), option, difference, &how);
    line(report, SUBJECT_OPTION, judged, setting->key_place, what, how);
}

/* Options first, so that what is left within the braces is the plugin's own fault. */
static void report_described(struct report *report, const struct described *plugin)
{
    struct buf *out = report->out, options = {0};
    report->out = &options;
    for (uint32_t i = 0; plugin->is_known && i < plugin->setting_count; i++)
        report_option(report, plugin, &plugin->settings[i]);
    report->out = out;
    struct str how, what = arena_printf(report->arena, "%s %.*s", plugin->kind, STR_ARG(plugin->name));
    enum judgement judged = judge(report, plugin->place, NULL,
                                 difference_of(plugin->kind, plugin->name, NULL), &how);
    line(report, SUBJECT_PLUGIN, judged, plugin->name_place, what, how);
    buf_append(out, buf_str(&options));
    buf_fini(&options);
}

static void report_plugin(struct report *report, enum section_kind section, const struct plugin_block *block)
{
    struct described plugin = {.kind = section_name(section), .name = block->name,
                               .name_place = block->name_place, .place = block->place,
                               .settings = block->settings, .setting_count = block->setting_count};
    switch (section) {
    case SECTION_INPUT:
        plugin.is_known = block->input != NULL;
        plugin.own = block->input ? block->input->options : NULL;
        plugin.common = input_common_options;
        break;
    case SECTION_FILTER:
        plugin.is_known = block->filter != NULL;
        plugin.own = block->filter ? block->filter->options : NULL;
        plugin.common = filter_common_options;
        break;
    default:
        plugin.is_known = block->output != NULL;
        plugin.own = block->output ? block->output->options : NULL;
        plugin.common = output_common_options;
    }
    report_described(report, &plugin);
}

static void report_statements(struct report *report, enum section_kind section, const struct statements *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct statement *statement = &list->items[i];
        if (statement->kind == STATEMENT_PLUGIN) {
            report_plugin(report, section, statement->plugin);
            continue;
        }
        if (statement->kind != STATEMENT_BRANCH) continue; /* what Logstash has not: complaints are told below */
        for (uint32_t k = 0; k < statement->branch->count; k++)
            report_statements(report, section, &statement->branch->arms[k].block);
    }
}

/* ---- pipelines ---- */

static bool can_be_read(struct report *report, struct str path)
{
    struct sources sources = {0};
    struct diag unheard;
    diag_init(&unheard);
    bool ok = sources_read_files(&sources, path, report->arena, &unheard) || sources.count > 0;
    diag_fini(&unheard);
    return ok;
}

/* Where a path of the other machine is in this folder; the path itself when it is not there. */
static struct str relocate(struct report *report, struct str path)
{
    static const struct { const char *there, *here; } roots[] = {
        {"/etc/logstash/", "/"}, {"/etc/tailrace/", "/"}, {"/usr/share/logstash/config/", "/"},
        {"/usr/share/logstash/pipeline", "/pipeline"}, {"/usr/share/logstash/pipeline", "/../pipeline"},
    };
    const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;
    struct str name = slash ? str_from(path, (size_t)(slash - path.ptr) + 1) : path;
    if (!str_starts(path, STR("/"))) {
        struct str here = arena_printf(report->arena, "%.*s/%.*s", STR_ARG(report->folder), STR_ARG(path));
        return can_be_read(report, here) ? here : path;
    }
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
        if (!str_starts(path, str_of(roots[i].there))) continue;
        struct str rest = str_from(path, strlen(roots[i].there));
        struct str here = arena_printf(report->arena, "%.*s%s%.*s", STR_ARG(report->folder), roots[i].here,
                                       STR_ARG(rest));
        if (can_be_read(report, here)) return here;
    }
    if (can_be_read(report, path)) return path;
    struct str here = arena_printf(report->arena, "%.*s/%.*s", STR_ARG(report->folder), STR_ARG(name));
    return name.len && can_be_read(report, here) ? here : path;
}

/* Of a folder without pipelines.yml: where packages and people put them. */
static void find_config(struct report *report, struct settings *settings)
{
    static const char *const usual[] = {"conf.d/*.conf", "pipeline/*.conf", "*.conf"};
    if (settings->path_config.count || settings->config_string.ptr) return;
    settings->path_config.items = arena_zalloc(report->arena, sizeof *settings->path_config.items);
    for (size_t i = 0; i < sizeof usual / sizeof *usual && !settings->path_config.count; i++) {
        struct str path = arena_printf(report->arena, "%.*s/%s", STR_ARG(report->folder), usual[i]);
        settings->path_config.items[0] = path;
        settings->path_config.count = can_be_read(report, path);
    }
    if (!settings->path_config.count)
        diag_error(&report->diag, (struct place){0},
                   "no pipeline is found in %.*s: neither pipelines.yml nor %s, %s or %s",
                   STR_ARG(report->folder), usual[0], usual[1], usual[2]);
}

static void report_pipeline(struct report *report, const struct setting_list *process,
                            const struct setting_list *own)
{
    struct setting_list merged = {.arena = report->arena};
    for (uint32_t i = 0; i < process->count; i++) setting_list_add(&merged, process->items[i]);
    for (uint32_t i = 0; i < own->count; i++) setting_list_add(&merged, own->items[i]);
    struct settings settings;
    struct config config = {0};
    settings_load(&settings, &merged, report->arena, &report->diag); /* wrong ones do not hide the rest */
    find_config(report, &settings);
    for (uint32_t i = 0; i < settings.path_config.count; i++)
        settings.path_config.items[i] = relocate(report, settings.path_config.items[i]);
    pipeline_check(&settings, report->arena, &config, &report->diag);
    heading(report, arena_printf(report->arena, "pipeline %.*s", STR_ARG(settings.pipeline_id)), "");
    complaints_begin(report);
    for (uint32_t i = 0; i < process->count; i++) complaint(report, setting_span(&process->items[i]));
    report_settings(report, own->items, own->count);
    for (int section = 0; section < SECTION_KINDS; section++)
        report_statements(report, (enum section_kind)section, &config.sections[section]);
    complaints_end(report);
}

static void totals(struct report *report)
{
    static const char *const names[] = {"settings", "plugins", "options", "other complaints"};
    if (report->is_json) return; /* whoever reads it counts */
    buf_append_z(report->out, "totals\n");
    for (int i = 0; i < SUBJECT_COUNT; i++)
        buf_printf(report->out, "  %-17s %u exact, %u different, %u refused\n", names[i],
                   report->counts[i][JUDGED_EXACT], report->counts[i][JUDGED_DIFFERENT],
                   report->counts[i][JUDGED_REFUSED]);
}

static void report_process(struct report *report, struct setting_list *kept)
{
    char path[COMPAT_PATH_MAX];
    bool is_missing;
    struct setting *settings = NULL;
    snprintf(path, sizeof path, "%.*s/logstash.yml", STR_ARG(report->folder));
    uint32_t count = settings_read_flat(path, &settings, &is_missing, NULL, report->arena, &report->diag);
    for (uint32_t i = 0; i < count; i++)
        if (!settings_key_is_foreign(settings[i].key)) setting_list_add(kept, settings[i]);
    struct settings unused;
    settings_load(&unused, kept, report->arena, &report->diag);
    heading(report, arena_copy(report->arena, str_of(path)),
            is_missing ? " (none: every setting is the default)" : "");
    complaints_begin(report);
    report_settings(report, settings, count);
    complaints_end(report);
}

/* Files beside the settings that mean nothing here. */
static void report_files(struct report *report)
{
    static const struct { const char *name, *how; } files[] = {
        {"logstash.keystore", "it is not read: add its secrets again with `tailrace keystore add NAME`"},
        {"jvm.options", "of the Java machine: without effect here"},
        {"log4j2.properties", "without effect here: log.level and log.format decide"},
        {"startup.options", "of Logstash's service: without effect here"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[COMPAT_PATH_MAX];
        snprintf(path, sizeof path, "%.*s/%s", STR_ARG(report->folder), files[i].name);
        if (access(path, F_OK) == 0)
            line(report, SUBJECT_SETTING, JUDGED_DIFFERENT, (struct place){0}, str_of(files[i].name),
                 str_of(files[i].how));
    }
}

static void report_folder(struct report *report)
{
    struct setting_list process = {.arena = report->arena};
    report_process(report, &process);
    report_files(report);
    char path[COMPAT_PATH_MAX];
    bool is_missing;
    struct setting_list *entries = NULL, none = {.arena = report->arena};
    uint32_t count = 0;
    snprintf(path, sizeof path, "%.*s/pipelines.yml", STR_ARG(report->folder));
    settings_read_pipelines(path, &entries, &count, &is_missing, NULL, report->arena, &report->diag);
    if (report->diag.count) {
        heading(report, arena_copy(report->arena, str_of(path)), "");
        complaints_begin(report);
        complaints_end(report);
    }
    for (uint32_t i = 0; i < count; i++) report_pipeline(report, &process, &entries[i]);
    if (is_missing) report_pipeline(report, &process, &none);
}

/* Is there anything of a Logstash in the folder? */
static bool has_settings(struct report *report)
{
    static const char *const signs[] = {"logstash.yml", "pipelines.yml", "conf.d/*.conf", "pipeline/*.conf", "*.conf"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (can_be_read(report, arena_printf(report->arena, "%.*s/%s", STR_ARG(report->folder), signs[i]))) return true;
    return false;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* A folder that only holds folders of Logstashs: each of them. False: none is. */
static bool report_folders_within(struct report *report)
{
    struct str top = report->folder;
    struct dirent **names = NULL;
    char *path = xstrndup(top);
    int count = scandir(path, &names, NULL, by_name);
    bool has_any = false;
    for (int i = 0; i < count; i++) {
        report->folder = arena_printf(report->arena, "%.*s/%s", STR_ARG(top), names[i]->d_name);
        if (names[i]->d_name[0] != '.' && has_settings(report)) {
            report_folder(report);
            has_any = true;
        }
        free(names[i]);
    }
    free(names);
    free(path);
    report->folder = top;
    return has_any;
}

bool compat_report(struct str folder, bool is_json, struct arena *arena, struct buf *out)
{
    struct report report = {.folder = folder, .arena = arena, .out = out, .is_json = is_json};
    diag_init(&report.diag);
    while (report.folder.len > 1 && str_ends(report.folder, STR("/"))) report.folder.len--;
    if (has_settings(&report) || !report_folders_within(&report)) report_folder(&report);
    totals(&report);
    diag_fini(&report.diag);
    uint32_t refused = 0;
    for (int i = 0; i < SUBJECT_COUNT; i++) refused += report.counts[i][JUDGED_REFUSED];
    return refused == 0;
}
