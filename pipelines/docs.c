/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/docs.h"
#include "core/common_options.h"
#include "dsl/functions.h"
#include "dsl/program.h"
#include "pipelines/docs_patterns.h"
#include "pipelines/settings.h"

static const char *const kind_names[] = {
    [OPTION_IS_BOOL] = "true or false",
    [OPTION_IS_INT] = "whole number",
    [OPTION_IS_DOUBLE] = "number",
    [OPTION_IS_STRING] = "text",
    [OPTION_IS_SECRET] = "secret text",
    [OPTION_IS_DURATION] = "duration",
    [OPTION_IS_SIZE] = "size",
    [OPTION_IS_CHOICE] = "one of",
    [OPTION_IS_STRINGS] = "list of texts",
    [OPTION_IS_PATH] = "field",
    [OPTION_IS_PATHS] = "list of fields",
    [OPTION_IS_TEMPLATE] = "text with %{fields}",
    [OPTION_IS_TEMPLATES] = "list of texts with %{fields}",
    [OPTION_IS_TEMPLATE_PAIRS] = "hash of texts with %{fields}",
    [OPTION_IS_PAIRS] = "hash",
    [OPTION_IS_CODEC] = "codec",
    [OPTION_IS_RAW] = "value",
};

const char *option_kind_name(enum option_kind kind)
{
    assert(kind < OPTION_IS_GROUP);
    return kind_names[kind];
}

static void bound_print(const struct option *option, int64_t bound, struct buf *out)
{
    bool is_duration = option->kind == OPTION_IS_DURATION, is_ms = is_duration && bound % 1000000000;
    buf_printf(out, "%lld%s", (long long)(is_ms ? bound / 1000000 : is_duration ? bound / 1000000000 : bound),
               is_ms ? "ms" : is_duration ? "s" : "");
}

static void option_print(const struct option *option, struct buf *out)
{
    buf_printf(out, "  %s", option->name);
    if (option->is_ignored || option->obsolete) {
        buf_printf(out, "  (%s)\n      %s\n", option->obsolete ? "refused" : "no effect", option->help);
        return;
    }
    buf_printf(out, "  %s", option_kind_name(option->kind));
    for (const char *const *choice = option->choices; choice && *choice; choice++)
        if (**choice) buf_printf(out, " %s", *choice);
    if (option->required) buf_append_z(out, ", required");
    if (option->preset) buf_printf(out, ", default `%s`", option->preset);
    if (option->min || option->max) {
        buf_append_z(out, ", ");
        bound_print(option, option->min, out);
        buf_append_z(out, " to ");
        bound_print(option, option->max, out);
    }
    if (option->deprecated) buf_printf(out, " (old: %s)", option->deprecated);
    buf_printf(out, "\n      %s\n", option->help ? option->help : "");
}

static void table_print(const struct option *table, struct buf *out)
{
    for (const struct option *option = table; option && option->name; option++) {
        if (option->kind == OPTION_IS_GROUP)
            table_print(option->group, out);
        else if (!option->alias_of)
            option_print(option, out);
    }
}

static void page(const char *kind, const char *name, const char *summary, const struct option *own,
                 const struct option *common, struct buf *out)
{
    buf_printf(out, "%s %s\n\n  %s\n", kind, name, summary);
    if (own && own->name) {
        buf_append_z(out, "\nOptions\n");
        table_print(own, out);
    }
    buf_printf(out, "\nOptions of every %s\n", kind);
    table_print(common, out);
    buf_append_char(out, '\n');
}

bool docs_page(struct str name, struct buf *out)
{
    size_t before = out->len;
    for (size_t i = 0; input_types[i]; i++)
        if (str_eq_z(name, input_types[i]->name))
            page("input", input_types[i]->name, input_types[i]->summary, input_types[i]->options,
                 input_common_options, out);
    for (size_t i = 0; filter_types[i]; i++)
        if (str_eq_z(name, filter_types[i]->name))
            page("filter", filter_types[i]->name, filter_types[i]->summary, filter_types[i]->options,
                 filter_common_options, out);
    for (size_t i = 0; output_types[i]; i++)
        if (str_eq_z(name, output_types[i]->name))
            page("output", output_types[i]->name, output_types[i]->summary, output_types[i]->options,
                 output_common_options, out);
    for (size_t i = 0; codec_types[i]; i++)
        if (str_eq_z(name, codec_types[i]->name))
            page("codec", codec_types[i]->name, codec_types[i]->summary, codec_types[i]->options,
                 codec_common_options, out);
    if (str_eq(name, STR("settings"))) {
        buf_append_z(out, "settings (logstash.yml, pipelines.yml, command line, environment)\n\n");
        table_print(settings_options, out);
    }
    if (str_eq(name, STR("opcodes")))
        for (int i = 0; i < OP_COUNT; i++)
            buf_printf(out, "%-8s %s\n", opcode_name((enum opcode)i), opcode_effect((enum opcode)i));
    if (str_eq(name, STR("functions"))) functions_print(out);
    if (str_eq(name, STR("patterns"))) docs_patterns(out);
    return out->len > before || docs_pattern(name, out);
}

#define LIST(title_, types_)                                                              \
    do {                                                                                  \
        buf_append_z(out, title_ "\n");                                                   \
        for (size_t i = 0; types_[i]; i++)                                                \
            buf_printf(out, "  %-14s %s\n", types_[i]->name, types_[i]->summary);         \
    } while (0)

void docs_list(struct buf *out)
{
    LIST("Inputs", input_types);
    LIST("Filters", filter_types);
    LIST("Outputs", output_types);
    LIST("Codecs", codec_types);
    buf_append_z(out, "\nA page: tailrace docs NAME. Also: settings, functions, opcodes, patterns (of grok),\n"
                      "and each pattern by its name.\n");
}

size_t docs_names(struct str *names, size_t capacity)
{
    size_t count = 0;
    for (size_t i = 0; input_types[i] && count < capacity; i++) names[count++] = str_of(input_types[i]->name);
    for (size_t i = 0; filter_types[i] && count < capacity; i++) names[count++] = str_of(filter_types[i]->name);
    for (size_t i = 0; output_types[i] && count < capacity; i++) names[count++] = str_of(output_types[i]->name);
    for (size_t i = 0; codec_types[i] && count < capacity; i++) names[count++] = str_of(codec_types[i]->name);
    return count + docs_pattern_names(names + count, capacity - count);
}
