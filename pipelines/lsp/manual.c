/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/lsp/manual.h"
#include "pipelines/docs.h"

void manual_type(const struct option *option, struct buf *out)
{
    buf_append_z(out, option_kind_name(option->kind));
    for (const char *const *choice = option->choices; choice && *choice; choice++)
        if (**choice) buf_printf(out, "%s %s", choice == option->choices ? "" : ",", *choice);
    if (option->required) buf_append_z(out, ", required");
}

static void preset(const struct option *option, struct buf *out)
{
    if (!option->preset) return;
    buf_append_z(out, ", default `");
    for (const char *c = option->preset; *c; c++) {
        if (*c == '\n') buf_append_z(out, "\\n");
        else buf_append_char(out, *c);
    }
    buf_append_char(out, '`');
}

void manual_option(const struct described *plugin, const struct option *option, struct buf *out)
{
    buf_printf(out, "**%s** of the %s `%s`\n\n", option->name, plugin_kind_name(plugin->kind), plugin->name);
    if (option->obsolete) {
        buf_printf(out, "No longer an option: %s.\n", option->obsolete);
        return;
    }
    if (option->is_ignored) buf_append_z(out, "Without effect here.");
    else {
        manual_type(option, out);
        preset(option, out);
        if (option->min || option->max)
            buf_printf(out, ", %lld to %lld", (long long)option->min, (long long)option->max);
    }
    buf_printf(out, "\n\n%s\n", option->help ? option->help : "");
    if (option->deprecated) buf_printf(out, "\nOld: %s.\n", option->deprecated);
}

static void option_lines(const struct option *table, struct buf *out)
{
    for (const struct option *option = table; option && option->name; option++) {
        if (option->kind == OPTION_IS_GROUP) {
            option_lines(option->group, out);
            continue;
        }
        if (option->alias_of || option->obsolete || option->is_ignored) continue;
        buf_printf(out, "- `%s` ", option->name);
        manual_type(option, out);
        buf_printf(out, ": %s\n", option->help ? option->help : "");
    }
}

void manual_plugin(const struct described *plugin, struct buf *out)
{
    buf_printf(out, "**%s** (%s)\n\n%s\n", plugin->name, plugin_kind_name(plugin->kind), plugin->summary);
    if (plugin->own && plugin->own->name) {
        buf_append_z(out, "\nOptions:\n");
        option_lines(plugin->own, out);
    }
    if (plugin->common->name) buf_printf(out, "\nOptions of every %s:\n", plugin_kind_name(plugin->kind));
    option_lines(plugin->common, out);
}

void manual_function(const struct function *function, struct buf *out)
{
    buf_append_z(out, "```\n");
    function_print_signature(function, out);
    buf_printf(out, "\n```\n\n%s%s\n", function->help, function->can_fail ? " It can fail." : "");
    for (size_t i = 0; i < 2; i++)
        if (function->examples[i].expression)
            buf_printf(out, "\n- `%s` is %s%s%s", function->examples[i].expression,
                       function->examples[i].result ? "`" : "", 
                       function->examples[i].result ? function->examples[i].result : "a failure",
                       function->examples[i].result ? "`" : "");
    buf_append_char(out, '\n');
}

bool manual_word(struct str word, struct buf *out)
{
    static const struct {
        const char *word, *help;
    } words[] = {
        {"if", "`if condition { … }`, then any number of `else if condition { … }`, then `else { … }`: the first "
               "block whose condition is true is run."},
        {"else", "The block that is run when no condition before it was true."},
        {"and", "True when both sides are. It binds tighter than `or`."},
        {"or", "True when one side is. It binds looser than `and`."},
        {"xor", "True when exactly one side is. Beside other operators it needs parentheses."},
        {"nand", "True unless both sides are. Beside other operators it needs parentheses."},
        {"in", "`value in list`: the list has an equal item. In a text: the value is part of it. A missing field is "
               "in nothing."},
        {"not", "`value not in list`: the opposite of `in`."},
        {"level", "The level of the event, wherever its logger wrote it (`level`, `severity`, `[log][level]`, "
                  "syslog's number …), in one order: TRACE < DEBUG < INFO < WARN < ERROR < FATAL.\n\n"
                  "`if level >= WARN { … }`, or of one field: `level([loglevel]) == ERROR`. An event without a level "
                  "is neither above nor below any."},
        {"let", "`let name = expression`: the name has this value from here to the end of its block. It is no part of "
                "the event."},
        {"for", "`for item in expression { … }`, `for key, item in …`: the block is run for each item of an array or "
                "object. It holds no plugins."},
        {"break", "Ends the loop for this event."},
        {"continue", "Goes on with the next item of the loop."},
        {"remove", "`remove [a], [b]`: these fields are removed."},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!str_eq_z(word, words[i].word)) continue;
        buf_printf(out, "**%s**\n\n%s\n", words[i].word, words[i].help);
        return true;
    }
    return false;
}
