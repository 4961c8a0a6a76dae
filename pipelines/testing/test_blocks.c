/* SPDX-License-Identifier: Apache-2.0 */
/* `test "name" { … }`: options through the table that all options go through, then what a table
 * cannot say: values that are events, conditions, and what makes no sense together. */
#include <assert.h>
#include "dsl/fragment.h"
#include "pipelines/testing/test_file.h"

struct block_options {
    struct config_option input, codec, fields, expect, where, outputs, files;
    struct str from;
    struct path_list expect_missing, ignore;
    bool exact, dropped;
    struct str_pairs environment;
    struct choice ecs_compatibility;
};

static const char *const ecs_choices[] = {"disabled", "v1", "v8", "pipeline", NULL};

const struct option test_block_options[] = {
    OPTION_RAW(struct block_options, input, .required = true,
               .help =
                   "What goes in: an event as a hash, a text for the codec, or a list of these."),
    OPTION_RAW(struct block_options, codec, .help = "Makes events of texts; default plain."),
    OPTION_STRING(struct block_options, from,
                  .help = "Id of an input whose codec, type, tags and add_field count."),
    OPTION_RAW(struct block_options, fields, .help = "Hash of fields that every event gets."),
    OPTION_RAW(struct block_options, files,
               .help = "Files under test, relative to this one; default the one of this name."),
    OPTION_PAIRS(struct block_options, environment, .help = "Values of ${NAME} in the files."),
    OPTION_CHOICE(struct block_options, ecs_compatibility, .preset = "pipeline",
                  .choices = ecs_choices, .help = "ECS mode of the pipeline."),
    OPTION_RAW(struct block_options, expect,
               .help = "Fields of the event that comes out, or a list of events."),
    OPTION_BOOL(struct block_options, exact, .preset = "false",
                .help = "Nothing but what expect names may be in the events."),
    OPTION_PATHS(struct block_options, ignore, .help = "Fields that are not compared."),
    OPTION_PATHS(struct block_options, expect_missing, .help = "Fields that no event may have."),
    OPTION_RAW(struct block_options, where, .help = "Conditions that every event fulfils."),
    OPTION_RAW(struct block_options, outputs,
               .help = "Outputs that get every event, or a list of them for each."),
    OPTION_BOOL(struct block_options, dropped, .preset = "false",
                .help = "No output gets anything."),
    OPTION_END};

/* One block being read. */
struct block_reading {
    struct test_reading *reading;
    const struct test_block *source;
    const struct block_options *options;
    struct test *test;
    struct arena *arena;
    struct diag *diag;
};

static bool wrong(struct block_reading *block, struct place place, const char *what,
                  const char *hint)
{
    diag_hint(block->diag, diag_error(block->diag, place, "%s", what), "%s", hint);
    return false;
}

/* The value itself, or each item of a list. */
static uint32_t items_of(const struct config_value *value, const struct config_value **items)
{
    bool is_list = value->kind == CONFIG_ARRAY;
    *items = is_list ? value->items : value;
    return is_list ? value->count : 1;
}

static bool read_tree(struct block_reading *block, const struct config_value *value,
                      struct value *tree)
{
    if (value->kind != CONFIG_HASH)
        return wrong(block, value->place, "expected a hash of fields",
                     "write { \"name\" => value }");
    struct value map = test_value(value, block->arena);
    const struct key *key = test_tree_of(map.map, block->arena, tree);
    if (!key) return true;
    struct place place = value->place;
    struct path path;
    for (uint32_t i = 0; i < value->count; i++)
        if (str_eq(value->keys[i].text, key_text(key))) place = value->keys[i].place;
    if (!path_compile(&path, key_text(key), block->arena))
        return wrong(block, place, "this is no field", "write \"name\" or \"[name][name]\"");
    return wrong(block, place, "this field cannot be beside the others",
                 "it leads into one that is no hash");
}

/* ---- what goes in ---- */

static bool read_inputs(struct block_reading *block)
{
    struct test *test = block->test;
    const struct config_value *value = block->options->input.value, *items;
    uint32_t count = items_of(value, &items);
    if (count == 0) return wrong(block, value->place, "no event goes in", "give one at least");
    if (count > TEST_EVENTS_MAX) {
        diag_error(block->diag, value->place, "more than %d events or texts", TEST_EVENTS_MAX);
        return false;
    }
    test->inputs = arena_alloc(block->arena, count * sizeof *test->inputs);
    bool ok = true;
    for (uint32_t i = 0; i < count; i++) {
        struct value *input = &test->inputs[test->input_count++];
        *input = value_string(items[i].text);
        if (items[i].kind == CONFIG_HASH)
            ok = read_tree(block, &items[i], input) && ok;
        else if (items[i].kind == CONFIG_ARRAY || items[i].kind == CONFIG_PLUGIN)
            ok = wrong(block, items[i].place, "expected an event or a text",
                       "write { \"message\" => \"…\" } or \"…\"");
    }
    return ok;
}

static bool read_source(struct block_reading *block)
{
    const struct block_options *options = block->options;
    block->test->source = (struct sandbox_input){
        .place = block->source->name_place, .from = options->from, .codec = options->codec.value};
    block->test->fields = VALUE_NONE;
    return !options->fields.value || read_tree(block, options->fields.value, &block->test->fields);
}

/* Relative to the file of tests, so that a folder can be tested from anywhere. */
static bool read_files(struct block_reading *block, const struct str_list *preset)
{
    const struct config_value *value = block->options->files.value, *items;
    struct str_list *files = &block->test->setup.files;
    *files = *preset;
    if (!value) return true;
    uint32_t count = items_of(value, &items);
    *files = (struct str_list){.items = arena_alloc(block->arena, count * sizeof *files->items)};
    const char *name = block->test->file.ptr;
    const char *slash = memrchr(name, '/', block->test->file.len);
    struct str folder = {name, slash ? (size_t)(slash - name) + 1 : 0};
    for (uint32_t i = 0; i < count; i++) {
        struct str file = items[i].text;
        bool is_text = items[i].kind == CONFIG_STRING || items[i].kind == CONFIG_BAREWORD;
        if (!is_text || !file.len)
            return wrong(block, items[i].place, "expected a file", "write \"web.conf\"");
        bool is_absolute = file.ptr[0] == '/';
        files->items[files->count++] =
            is_absolute ? file
                        : arena_printf(block->arena, "%.*s%.*s", STR_ARG(folder), STR_ARG(file));
    }
    return count > 0 || wrong(block, value->place, "no file is under test", "name one at least");
}

/* ---- what must come out ---- */

static bool read_expected(struct block_reading *block)
{
    struct test *test = block->test;
    const struct config_value *value = block->options->expect.value, *items;
    test->is_exact = block->options->exact;
    if (!value && test->is_exact)
        return wrong(block, block->source->name_place, "`exact` without `expect`",
                     "add expect => { … }");
    if (!value) return true;
    uint32_t count = items_of(value, &items);
    test->has_expected = true;
    test->expected = arena_alloc(block->arena, (count + 1) * sizeof *test->expected);
    bool ok = true;
    for (uint32_t i = 0; i < count; i++)
        ok = read_tree(block, &items[i], &test->expected[test->expected_count++]) && ok;
    return ok;
}

static void read_paths(struct block_reading *block)
{
    struct test *test = block->test;
    const struct path_list *ignore = &block->options->ignore;
    test->absent = block->options->expect_missing;
    test->ignored = arena_alloc(block->arena, (ignore->count + 1) * sizeof *test->ignored);
    for (uint32_t i = 0; i < ignore->count; i++)
        test->ignored[test->ignored_count++] = test_path_text(&ignore->items[i], block->arena);
}

/* Within the quotes, so that carets stand right; a text whose escapes were resolved is its own, and so is what an
 * editor shows of one that has no end yet. */
static struct place condition_place(struct block_reading *block, const struct config_value *value)
{
    struct place place = value->place;
    assert(place.source && place.start <= place.end);
    struct str raw = str_slice(place.source->text, place.start, place.end);
    if (raw.len == value->text.len + 2 && str_eq(str_slice(raw, 1, raw.len - 1), value->text))
        return (struct place){place.source, place.start + 1, place.end - 1};
    struct source_text *own = arena_alloc(block->arena, sizeof *own);
    struct line_column at = place_line(place);
    own->name = arena_printf(block->arena, "%.*s:%u: where", STR_ARG(place.source->name), at.line);
    own->text = value->text;
    return (struct place){own, 0, (uint32_t)own->text.len};
}

static bool read_condition(struct block_reading *block, const struct config_value *value)
{
    struct test *test = block->test;
    if (value->kind != CONFIG_STRING)
        return wrong(block, value->place, "expected a condition in quotes",
                     "write '[status] >= 500'");
    struct fragment fragment = {
        .place = condition_place(block, value), .arena = block->arena, .diag = block->diag};
    struct expression *source = fragment_condition(&fragment);
    struct condition *condition =
        source ? condition_compile(source, block->arena, block->diag) : NULL;
    if (condition)
        test->conditions[test->condition_count++] =
            (struct test_condition){condition, source, value->text};
    return condition != NULL;
}

static bool read_conditions(struct block_reading *block)
{
    struct test *test = block->test;
    const struct config_value *value = block->options->where.value, *items;
    if (!value) return true;
    uint32_t count = items_of(value, &items);
    test->conditions = arena_alloc(block->arena, (count + 1) * sizeof *test->conditions);
    bool ok = true;
    for (uint32_t i = 0; i < count; i++) ok = read_condition(block, &items[i]) && ok;
    return ok;
}

static bool read_names(struct block_reading *block, const struct config_value *value,
                       struct str_list *names)
{
    const struct config_value *items;
    uint32_t count = items_of(value, &items);
    names->items = arena_alloc(block->arena, (count + 1) * sizeof *names->items);
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].kind != CONFIG_STRING && items[i].kind != CONFIG_BAREWORD)
            return wrong(block, items[i].place, "expected the id of an output",
                         "write [\"alerts\"]");
        names->items[names->count++] = items[i].text;
    }
    return true;
}

/* A flat list is of all events, a list of lists has one for each. */
static bool read_outputs(struct block_reading *block)
{
    struct test *test = block->test;
    const struct config_value *value = block->options->outputs.value;
    if (!value) return true;
    test->has_outputs = true;
    test->outputs_source = value;
    test->has_outputs_each =
        value->kind == CONFIG_ARRAY && value->count && value->items[0].kind == CONFIG_ARRAY;
    uint32_t count = test->has_outputs_each ? value->count : 1;
    test->outputs = arena_zalloc(block->arena, count * sizeof *test->outputs);
    bool ok = true;
    for (uint32_t i = 0; i < count; i++) {
        const struct config_value *one = test->has_outputs_each ? &value->items[i] : value;
        ok = read_names(block, one, &test->outputs[test->output_count++]) && ok;
    }
    return ok;
}

/* What a table of options cannot say: which of them make sense beside each other. */
static bool check_sense(struct block_reading *block)
{
    const struct test *test = block->test;
    bool has_events =
        test->has_expected || test->has_outputs || test->condition_count || test->absent.count;
    if (test->is_dropped && has_events)
        return wrong(block, block->source->name_place,
                     "`dropped` stands beside what an event must be like",
                     "nothing comes out: remove one of them");
    return test->is_dropped || has_events ||
           wrong(block, block->source->name_place, "this test looks at nothing that comes out",
                 "add expect, expect_missing, where, outputs or dropped");
}

/* ---- blocks ---- */

static bool read_block(struct test_reading *reading, const struct test_block *source,
                       struct str file, const struct str_list *files, struct line_count *lines)
{
    struct arena *arena = reading->tests->arena;
    struct block_options *options = arena_zalloc(arena, sizeof *options);
    struct options_context context = {.diag = reading->diag,
                                      .arena = arena,
                                      .section = "a",
                                      .plugin = STR("test"),
                                      .place = source->name_place};
    bool ok = options_load(test_block_options, options, source->settings, source->setting_count, &context);
    struct test *test = test_list_add(reading->tests);
    struct block_reading block = {reading, source, options, test, arena, reading->diag};
    test->file = file;
    test->name = source->name;
    test->place = source->name_place;
    test->line = line_count_to(lines, test->place);
    test->setup.environment = options->environment;
    test->setup.ecs = options->ecs_compatibility;
    test->is_dropped = options->dropped;
    ok = (!options->input.value || read_inputs(&block)) && ok;
    ok = read_source(&block) && ok;
    ok = read_files(&block, files) && ok;
    ok = read_expected(&block) && ok;
    ok = read_conditions(&block) && ok;
    ok = read_outputs(&block) && ok;
    read_paths(&block);
    ok = ok && check_sense(&block);
    if (!ok) test->result = TEST_BROKEN;
    return ok;
}

/* A test is named in reports by its file and name. */
static bool check_names(const struct config *config, struct diag *diag)
{
    bool ok = true;
    for (uint32_t i = 0; i < config->test_count; i++) {
        const struct test_block *test = &config->tests[i], *earlier = config->tests;
        while (earlier < test && !str_eq(earlier->name, test->name)) earlier++;
        if (earlier == test) continue;
        struct message *message = diag_error(diag, test->name_place,
                                             "two tests have the name `%.*s`", STR_ARG(test->name));
        diag_hint(diag, message, "give each its own");
        diag_other(diag, message, earlier->name_place, "first used here");
        ok = false;
    }
    return ok;
}

bool test_blocks_take(struct test_reading *reading, const struct config *config, struct str file)
{
    bool has_sections = false, ok = true;
    for (int i = 0; i < SECTION_KINDS; i++) has_sections |= config->sections[i].count > 0;
    struct str_list files = test_files_default(reading, file, has_sections);
    struct line_count lines = {0};
    for (uint32_t i = 0; i < config->test_count; i++)
        ok = read_block(reading, &config->tests[i], file, &files, &lines) && ok;
    return check_names(config, reading->diag) && ok;
}

bool test_blocks_read(struct test_reading *reading, const struct source_text *source)
{
    struct parse_options options = {0};
    struct config config = {0};
    bool ok = parse_source(&config, source, &options, reading->tests->arena, reading->diag);
    return test_blocks_take(reading, &config, source->name) && ok;
}
