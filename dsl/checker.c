/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/checker.h"
#include <assert.h>

enum { NAMES_MAX = 512 };

struct checker {
    const struct checker_options *options;
    struct arena *arena;
    struct diag *diag;
    enum section_kind section;
    struct plugin_block **blocks; /* all, for unique ids */
    uint32_t count, capacity;
    bool ok;
};

/* Names of a section's plugins. */
static size_t names_of(const struct checker *checker, enum section_kind section, struct str *names)
{
    size_t count = 0;
    const struct checker_options *options = checker->options;
    switch (section) {
    case SECTION_INPUT:
        for (; options->inputs[count] && count < NAMES_MAX; count++)
            names[count] = str_of(options->inputs[count]->name);
        break;
    case SECTION_FILTER:
        for (; options->filters[count] && count < NAMES_MAX; count++)
            names[count] = str_of(options->filters[count]->name);
        break;
    case SECTION_OUTPUT:
        for (; options->outputs[count] && count < NAMES_MAX; count++)
            names[count] = str_of(options->outputs[count]->name);
        break;
    default: assert(!"no such section");
    }
    return count;
}

static ptrdiff_t find(const struct checker *checker, enum section_kind section, struct str name)
{
    struct str names[NAMES_MAX];
    size_t count = names_of(checker, section, names);
    for (size_t i = 0; i < count; i++)
        if (str_eq(names[i], name)) return (ptrdiff_t)i;
    return -1;
}

static void unknown(struct checker *checker, const struct plugin_block *block)
{
    checker->ok = false;
    const char *kind = section_name(checker->section);
    struct message *message = diag_error(checker->diag, block->name_place, "unknown %s `%.*s`", kind,
                                         STR_ARG(block->name));
    struct str names[NAMES_MAX];
    struct str near = suggest(block->name, names, names_of(checker, checker->section, names));
    if (block->is_quoted) {
        diag_hint(checker->diag, message, "a plugin's name stands without quotes");
        return;
    }
    for (int other = 0; other < SECTION_KINDS; other++)
        if (other != (int)checker->section && find(checker, (enum section_kind)other, block->name) >= 0) {
            diag_hint(checker->diag, message, "this is an %s: it belongs into `%s { }`",
                      section_name((enum section_kind)other), section_name((enum section_kind)other));
            return;
        }
    if (near.len) diag_hint(checker->diag, message, "did you mean `%.*s`?", STR_ARG(near));
    diag_note(checker->diag, message, "`tailrace docs` lists what there is in this version");
}

/* The id given in the block, or one made of name and place: `grok@web.conf:4`. */
static struct str id_of(struct checker *checker, const struct plugin_block *block)
{
    for (uint32_t i = 0; i < block->setting_count; i++)
        if (str_eq(block->settings[i].key, STR("id")) && block->settings[i].value.text.len)
            return block->settings[i].value.text;
    struct line_column where = place_line(block->name_place);
    struct str file = block->name_place.source ? block->name_place.source->name : STR("?");
    for (size_t i = file.len; i; i--)
        if (file.ptr[i - 1] == '/') {
            file = str_from(file, i);
            break;
        }
    struct str id = arena_printf(checker->arena, "%.*s@%.*s:%u", STR_ARG(block->name), STR_ARG(file), where.line);
    for (uint32_t i = 0; i < checker->count; i++)
        if (str_eq(checker->blocks[i]->id, id))
            return arena_printf(checker->arena, "%.*s:%u#%u", STR_ARG(id), where.column, checker->count);
    return id;
}

static void add_block(struct checker *checker, struct plugin_block *block)
{
    block->id = id_of(checker, block);
    for (uint32_t i = 0; i < checker->count; i++) {
        if (!str_eq(checker->blocks[i]->id, block->id)) continue;
        checker->ok = false;
        diag_other(checker->diag,
                   diag_error(checker->diag, block->name_place, "two plugins have the id `%.*s`", STR_ARG(block->id)),
                   checker->blocks[i]->name_place, "first here");
        break;
    }
    if (checker->count == checker->capacity) {
        uint32_t wanted = checker->capacity ? checker->capacity * 2 : 32;
        checker->blocks = arena_regrow(checker->arena, checker->blocks, checker->capacity * sizeof *checker->blocks,
                                       wanted * sizeof *checker->blocks);
        checker->capacity = wanted;
    }
    checker->blocks[checker->count++] = block;
}

static void check_plugin(struct checker *checker, struct plugin_block *block)
{
    ptrdiff_t at = block->is_quoted ? -1 : find(checker, checker->section, block->name);
    if (at < 0) {
        unknown(checker, block);
        return;
    }
    switch (checker->section) {
    case SECTION_INPUT: block->input = checker->options->inputs[at]; break;
    case SECTION_FILTER: block->filter = checker->options->filters[at]; break;
    default: block->output = checker->options->outputs[at];
    }
    add_block(checker, block);
}

static void check_statements(struct checker *checker, const struct statements *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->items[i].kind == STATEMENT_PLUGIN) {
            check_plugin(checker, list->items[i].plugin);
            continue;
        }
        const struct branch *branch = list->items[i].branch;
        if (checker->section == SECTION_INPUT)
            diag_hint(checker->diag,
                      diag_warning(checker->diag, branch->arms[0].place, "`if` has no meaning around inputs"),
                      "all inputs are started, as in Logstash");
        for (uint32_t k = 0; k < branch->count; k++) check_statements(checker, &branch->arms[k].block);
    }
}

bool check_config(struct config *config, const struct checker_options *options, struct arena *arena,
                  struct diag *diag)
{
    struct checker checker = {.options = options, .arena = arena, .diag = diag, .ok = true};
    for (int section = 0; section < SECTION_KINDS; section++) {
        checker.section = (enum section_kind)section;
        check_statements(&checker, &config->sections[section]);
    }
    return checker.ok;
}
