/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include "tests/unit/support/filters.h"

extern const struct filter_type filter_mutate;
static struct scene scene;
static void begin(void) { scene_begin(&scene); }
static void end(void) { scene_end(&scene); }
TestSuite(mutate, .init = begin, .fini = end);

struct row {
    const char *options, *before, *after;
    enum fate fate; /* 0: matched */
};

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct rig rig;
        bool open = rig_open(&rig, &scene, &filter_mutate, rows[i].options);
        cr_assert(open, "row %zu: %s", i, open ? "" : rig_complaint(&rig));
        struct event *event = scene_event(&scene, rows[i].before);
        rig_run(&rig, event);
        enum fate fate = rows[i].fate ? rows[i].fate : FATE_MATCHED;
        cr_expect_eq(rig_fate(&rig, event), fate, "row %zu: fate %d", i, rig_fate(&rig, event));
        char *difference = scene_difference(event, rows[i].after);
        cr_expect_null(difference, "row %zu: %s on %s: %s", i, rows[i].options, rows[i].before,
                       difference);
        rig_close(&rig);
    }
}
#define CHECK(rows_) check(rows_, sizeof rows_ / sizeof *rows_)

Test(mutate, coerces_renames_updates_and_replaces)
{
    static const struct row rows[] = {
        {"{'coerce': {'a': 5}}", "{'a': null}", "{'a': '5'}", 0},
        {"{'coerce': {'a': '%{b}!'}}", "{'a': null, 'b': 1}", "{'a': '1!', 'b': 1}", 0},
        {"{'coerce': {'a': 'x'}}", "{'a': 'y'}", "{'a': 'y'}", 0},
        {"{'coerce': {'a': 'x'}}", "{}", "{}", 0},
        {"{'rename': {'a': 'b'}}", "{'a': 1}", "{'b': 1}", 0},
        {"{'rename': {'a': 'b'}}", "{'a': 1, 'b': 2}", "{'b': 1}", 0},
        {"{'rename': {'a': 'b'}}", "{'c': 1}", "{'c': 1}", 0},
        {"{'rename': {'a': 'b'}}", "{'a': null}", "{'b': null}", 0},
        {"{'rename': {'a': 'b', 'b': 'c'}}", "{'a': 1}", "{'c': 1}", 0},
        {"{'rename': {'[a][b]': '[c][d]'}}", "{'a': {'b': 1}}", "{'a': {}, 'c': {'d': 1}}", 0},
        {"{'rename': {'a': '[a][b]'}}", "{'a': 1}", "{'a': {'b': 1}}", 0},
        {"{'rename': {'%{x}': 'n-%{y}'}}", "{'x': 'a', 'y': 7, 'a': 1}",
         "{'x': 'a', 'y': 7, 'n-7': 1}", 0},
        {"{'rename': {'%{x}': 'n'}}", "{'x': 'a[b'}",
         "{'x': 'a[b', 'tags': ['_mutate_error']}", FATE_FAILED},
        {"{'rename': {'a': '[s][t]'}}", "{'a': {'k': 1}, 's': 'text'}",
         "{'a': {'k': 1}, 's': 'text', 'tags': ['_mutate_error']}", FATE_FAILED},
        {"{'rename': {'[a][1]': '[s][t]'}}", "{'a': [1, 2, 3], 's': 'text'}",
         "{'a': [1, 2, 3], 's': 'text', 'tags': ['_mutate_error']}", FATE_FAILED},
        {"{'rename': {'[a][-1]': '[s][t]'}}", "{'a': [1, 2, 3], 's': 'text'}",
         "{'a': [1, 2, 3], 's': 'text', 'tags': ['_mutate_error']}", FATE_FAILED},
        {"{'rename': {'a': 'tags'}}", "{'a': 1}", "{'a': 1, 'tags': ['_mutate_error']}", FATE_FAILED},
        {"{'rename': {'a': '[@metadata][a]'}}", "{'a': 1}", "{'@metadata': {'a': 1}}", 0},
        {"{'update': {'a': 'new %{a}'}}", "{'a': 'old'}", "{'a': 'new old'}", 0},
        {"{'update': {'a': 'new'}}", "{'a': null}", "{'a': 'new'}", 0},
        {"{'update': {'a': 'new'}}", "{}", "{}", 0},
        {"{'replace': {'a': 'new'}}", "{}", "{'a': 'new'}", 0},
        {"{'replace': {'a': 3}}", "{'a': [1]}", "{'a': '3'}", 0},
        {"{'replace': {'[a][b]': '%{m}'}}", "{}", "{'a': {'b': '%{m}'}}", 0},
        {"{'replace': {'@timestamp': 'x'}}", "{}", "{'tags': ['_mutate_error']}", FATE_FAILED},
        {"{'replace': {'a': 'new', '@timestamp': 'x'}}", "{}",
         "{'a': 'new', 'tags': ['_mutate_error']}", FATE_FAILED},
        {"{'replace': {'[s][x]': 'n'}, 'tag_on_failure': 'oops'}", "{'s': 'text'}",
         "{'s': 'text', 'tags': ['oops']}", FATE_FAILED},
    };
    CHECK(rows);
}

Test(mutate, runs_in_the_fixed_order)
{
    static const struct row rows[] = {
        {"{'copy': {'b': 'c'}, 'uppercase': ['b'], 'gsub': ['b', 'x', 'y'], 'rename': {'a': 'b'}}",
         "{'a': 'x'}", "{'b': 'Y', 'c': 'Y'}", 0},
        {"{'merge': {'j': 'k'}, 'join': {'j': '-'}, 'split': {'j': ','}, 'strip': 'j', "
         "'lowercase': 'j', 'capitalize': 'j'}",
         "{'j': ' A,B ', 'k': 1}", "{'j': ['a-b', 1], 'k': 1}", 0},
        {"{'coerce': {'a': 'd'}, 'rename': {'a': 'b'}, 'update': {'b': '%{b}u'}, "
         "'replace': {'b': '%{b}1'}, 'convert': {'b': 'string'}}",
         "{'a': null}", "{'b': 'du1'}", 0},
    };
    CHECK(rows);
}

Test(mutate, converts_integers)
{
    static const struct row rows[] = {
        {"{'convert': {'a': 'integer'}}", "{'a': '42'}", "{'a': 42}", 0},
        {"{'convert': {'a': 'integer'}}", "{'a': ' -42 '}", "{'a': -42}", 0},
        {"{'convert': {'a': 'integer'}}", "{'a': '1,234,567'}", "{'a': 1234567}", 0},
        {"{'convert': {'a': 'integer'}}", "{'a': '12.9'}", "{'a': 12}", 0},
        {"{'convert': {'a': 'integer'}}", "{'a': '-12.9'}", "{'a': -12}", 0},
        {"{'convert': {'a': 'integer'}}", "{'a': '1e3'}", "{'a': 1000}", 0},
        {"{'convert': {'a': 'integer'}}", "{'a': '9.007199254740993e+15'}", "{'a': 9007199254740993}", 0},
        {"{'convert': {'a': 'integer'}}", "{'a': '0x1F'}", "{'a': 31}", 0},
        {"{'convert': {'a': 'integer'}}", "{'a': '-0x10'}", "{'a': -16}", 0},
        {"{'convert': {'a': 'integer'}}", "{'a': '0x1.8p+1'}", "{'a': 3}", 0},
        {"{'convert': {'a': 'integer'}}", "{'a': '9223372036854775807'}", "{'a': 9223372036854775807}", 0},
        {"{'convert': {'a': 'integer'}}", "{'a': 3.99}", "{'a': 3}", 0},
        {"{'convert': {'a': 'integer'}}", "{'a': -3.99}", "{'a': -3}", 0},
        {"{'convert': {'a': 'integer'}}", "{'a': 7}", "{'a': 7}", 0},
        {"{'convert': {'a': 'integer'}}", "{'a': true}", "{'a': 1}", 0},
        {"{'convert': {'a': 'integer'}}", "{'a': false}", "{'a': 0}", 0},
        {"{'convert': {'a': 'integer'}}", "{'a': null}", "{'a': null}", 0},
        {"{'convert': {'a': 'integer'}}", "{}", "{}", 0},
        {"{'convert': {'a': 'integer'}}", "{'a': {'b': '1'}}", "{'a': {'b': '1'}}", 0},
        {"{'convert': {'a': 'integer'}}", "{'a': ['1', '2.5', null, 3]}", "{'a': [1, 2, null, 3]}", 0},
        {"{'convert': {'[a][1]': 'integer'}}", "{'a': ['1', '2']}", "{'a': ['1', 2]}", 0},
        {"{'convert': {'[a][b]': 'integer'}}", "{'a': {'b': '2'}}", "{'a': {'b': 2}}", 0},
        {"{'convert': {'a': 'integer'}}", "{'a': ''}", "{'a': '', 'tags': ['_mutate_error']}", FATE_FAILED},
        {"{'convert': {'a': 'integer'}}", "{'a': 'abc'}", "{'a': 'abc', 'tags': ['_mutate_error']}", FATE_FAILED},
        {"{'convert': {'a': 'integer'}}", "{'a': '12abc'}", "{'a': '12abc', 'tags': ['_mutate_error']}", FATE_FAILED},
        {"{'convert': {'a': 'integer'}}", "{'a': '5.'}", "{'a': '5.', 'tags': ['_mutate_error']}", FATE_FAILED},
        {"{'convert': {'a': 'integer'}}", "{'a': 'NaN'}", "{'a': 'NaN', 'tags': ['_mutate_error']}", FATE_FAILED},
        {"{'convert': {'a': 'integer', 'b': 'integer'}}", "{'a': 'x', 'b': '1'}",
         "{'a': 'x', 'b': '1', 'tags': ['_mutate_error']}", FATE_FAILED},
        {"{'convert': {'a': 'integer_eu'}}", "{'a': '1.234.567'}", "{'a': 1234567}", 0},
        {"{'convert': {'a': 'integer_eu'}}", "{'a': '1.234,99'}", "{'a': 1234}", 0},
        {"{'convert': {'a': 'integer_eu'}}", "{'a': 12.9}", "{'a': 12}", 0},
        {"{'convert': {'a': 'integer_eu'}}", "{'a': true}", "{'a': 1}", 0},
        {"{'convert': ['a', 'integer', 'b', 'float']}", "{'a': '1', 'b': '2'}", "{'a': 1, 'b': 2.0}", 0},
        {"{'convert': {'@timestamp': 'integer'}}", "{}", "{'tags': ['_mutate_error']}", FATE_FAILED},
        {"{'convert': {'tags': 'integer'}}", "{'tags': '5'}", "{'tags': ['5', '_mutate_error']}", FATE_FAILED},
        {"{'convert': {'tags': 'integer'}}", "{'tags': ['5']}", "{'tags': ['5', '_mutate_error']}", FATE_FAILED},
        {"{'convert': {'message': 'integer'}}", "{'message': '5'}", "{'message': 5}", 0},
    };
    CHECK(rows);
}

Test(mutate, converts_integers_beyond_64_bits)
{
    static const struct {
        const char *text, *digits;
    } rows[] = {
        {"9223372036854775808", "9223372036854775808"},
        {"-9223372036854775809", "-9223372036854775809"},
        {"6.8e38", "680000000000000000000000000000000000000"},
        {"0xFFFFFFFFFFFFFFFFFF", "4722366482869645213695"},
        {"123456789012345678901234567890.9", "123456789012345678901234567890"},
    };
    struct rig rig;
    cr_assert(rig_open(&rig, &scene, &filter_mutate, "{'convert': {'message': 'integer'}}"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct event *event = scene_event(&scene, "{}");
        event_slot_set(event, SLOT_MESSAGE, value_string(str_of(rows[i].text)));
        rig_run(&rig, event);
        const struct value *value = event_slot(event, SLOT_MESSAGE);
        cr_assert_eq(value->kind, VALUE_NUMBER, "%s", rows[i].text);
        cr_expect(str_eq_z(value_text(value), rows[i].digits), "%.*s", STR_ARG(value_text(value)));
    }
    rig_close(&rig);
}

Test(mutate, converts_floats)
{
    static const struct row rows[] = {
        {"{'convert': {'a': 'float'}}", "{'a': '1.5'}", "{'a': 1.5}", 0},
        {"{'convert': {'a': 'float'}}", "{'a': '.5'}", "{'a': 0.5}", 0},
        {"{'convert': {'a': 'float'}}", "{'a': '1e3'}", "{'a': 1000.0}", 0},
        {"{'convert': {'a': 'float'}}", "{'a': '1_000.5'}", "{'a': 1000.5}", 0},
        {"{'convert': {'a': 'float'}}", "{'a': ' 1,234.5 '}", "{'a': 1234.5}", 0},
        {"{'convert': {'a': 'float'}}", "{'a': '0x1F'}", "{'a': 31.0}", 0},
        {"{'convert': {'a': 'float'}}", "{'a': '0x1.8p+1'}", "{'a': 3.0}", 0},
        {"{'convert': {'a': 'float'}}", "{'a': '16777217'}", "{'a': 16777217.0}", 0},
        {"{'convert': {'a': 'float'}}", "{'a': 5}", "{'a': 5.0}", 0},
        {"{'convert': {'a': 'float'}}", "{'a': 5.5}", "{'a': 5.5}", 0},
        {"{'convert': {'a': 'float'}}", "{'a': true}", "{'a': 1.0}", 0},
        {"{'convert': {'a': 'float'}}", "{'a': false}", "{'a': 0.0}", 0},
        {"{'convert': {'a': 'float'}}", "{'a': null}", "{'a': null}", 0},
        {"{'convert': {'a': 'float'}}", "{'a': ['1', 2]}", "{'a': [1.0, 2.0]}", 0},
        {"{'convert': {'a': 'float'}}", "{'a': '5.'}", "{'a': '5.', 'tags': ['_mutate_error']}", FATE_FAILED},
        {"{'convert': {'a': 'float'}}", "{'a': ''}", "{'a': '', 'tags': ['_mutate_error']}", FATE_FAILED},
        {"{'convert': {'a': 'float'}}", "{'a': 'abc'}", "{'a': 'abc', 'tags': ['_mutate_error']}", FATE_FAILED},
        {"{'convert': {'a': 'float_eu'}}", "{'a': '1.234,5'}", "{'a': 1234.5}", 0},
        {"{'convert': {'a': 'float_eu'}}", "{'a': '1,5'}", "{'a': 1.5}", 0},
        {"{'convert': {'a': 'float_eu'}}", "{'a': 1}", "{'a': 1.0}", 0},
    };
    CHECK(rows);
}

Test(mutate, converts_booleans_and_strings)
{
    static const struct row rows[] = {
        {"{'convert': {'a': 'boolean'}}", "{'a': ['true', 'T', 'yes', 'Y', '1', '1.0', '1x0', '1é0']}",
         "{'a': [true, true, true, true, true, true, true, true]}", 0},
        {"{'convert': {'a': 'boolean'}}", "{'a': ['False', 'f', 'no', 'n', '0', '0.0', '']}",
         "{'a': [false, false, false, false, false, false, false]}", 0},
        {"{'convert': {'a': 'boolean'}}", "{'a': ['none\\nyes', 'x\\nno\\ny', 'no\\n', 'a\\nb']}",
         "{'a': [true, true, false, 'a\\nb']}", 0},
        {"{'convert': {'a': 'boolean'}}", "{'a': ['maybe', ' true', '1.00', '10', '1xx0']}",
         "{'a': ['maybe', ' true', '1.00', '10', '1xx0']}", 0},
        {"{'convert': {'a': 'boolean'}}", "{'a': [0, 1, 0.0, 1.0, 2, 0.5, true, false, null]}",
         "{'a': [false, true, false, true, 2, 0.5, true, false, null]}", 0},
        {"{'convert': {'a': 'boolean'}}", "{'a': {'b': 1}}", "{'a': {'b': 1}}", 0},
        {"{'convert': {'a': 'string'}}", "{'a': [1, 1.0, 1e16, 1e-5, true, 'x', null]}",
         "{'a': ['1', '1.0', '1.0e+16', '1.0e-05', 'true', 'x', null]}", 0},
        {"{'convert': {'a': 'string'}}", "{'a': false}", "{'a': 'false'}", 0},
    };
    CHECK(rows);
}

Test(mutate, substitutes)
{
    static const struct row rows[] = {
        {"{'gsub': ['a', '/', '_']}", "{'a': 'x/y/z'}", "{'a': 'x_y_z'}", 0},
        {"{'gsub': ['a', '/', '_', 'b', '[0-9]', '']}", "{'a': '/', 'b': 'b2'}", "{'a': '_', 'b': 'b'}", 0},
        {"{'gsub': ['a', 'x', 'y', 'a', 'y', 'z']}", "{'a': 'x'}", "{'a': 'z'}", 0},
        {"{'gsub': ['a', 'x', 'y']}", "{'a': ['x', 1, 'ax', null, ['x']]}",
         "{'a': ['y', 1, 'ay', null, ['x']]}", 0},
        {"{'gsub': ['a', 'x', 'y']}", "{'a': 5, 'b': 'x'}", "{'a': 5, 'b': 'x'}", 0},
        {"{'gsub': ['a', 'x', 'y']}", "{'a': {'x': 'x'}}", "{'a': {'x': 'x'}}", 0},
        {"{'gsub': ['a', 'x', 'y']}", "{}", "{}", 0},
        {"{'gsub': ['[a][b]', 'x', 'y']}", "{'a': {'b': 'x'}}", "{'a': {'b': 'y'}}", 0},
        {"{'gsub': ['a', '(.)-(.)', '\\\\2-\\\\1']}", "{'a': 'x-y'}", "{'a': 'y-x'}", 0},
        {"{'gsub': ['a', 'x', '%{r}']}", "{'a': 'x', 'r': 'new'}", "{'a': 'new', 'r': 'new'}", 0},
        {"{'gsub': ['a', '%{p}', 'y']}", "{'a': 'x.x', 'p': 'x'}", "{'a': 'y.y', 'p': 'x'}", 0},
        {"{'gsub': ['a', '%{p}', 'y']}", "{'a': 'x', 'p': '('}",
         "{'a': 'x', 'p': '(', 'tags': ['_mutate_error']}", FATE_FAILED},
        {"{'gsub': ['tags', 'x', 'y']}", "{'tags': ['x']}", "{'tags': ['y']}", 0},
        {"{'gsub': ['@timestamp', '2', '3']}", "{}", "{}", 0},
    };
    CHECK(rows);
}

Test(mutate, keeps_a_pattern_while_its_text_stays)
{
    struct rig rig;
    cr_assert(rig_open(&rig, &scene, &filter_mutate, "{'gsub': ['a', '%{p}', '!']}"));
    static const char *const before[] = {"{'a': 'xyz', 'p': 'x'}", "{'a': 'xyz', 'p': 'x'}",
                                         "{'a': 'xyz', 'p': 'y'}", "{'a': 'xyz', 'p': '['}",
                                         "{'a': 'xyz', 'p': '['}", "{'a': 'xyz', 'p': 'z'}"};
    static const char *const after[] = {"{'a': '!yz', 'p': 'x'}", "{'a': '!yz', 'p': 'x'}",
                                        "{'a': 'x!z', 'p': 'y'}",
                                        "{'a': 'xyz', 'p': '[', 'tags': ['_mutate_error']}",
                                        "{'a': 'xyz', 'p': '[', 'tags': ['_mutate_error']}",
                                        "{'a': 'xy!', 'p': 'z'}"};
    for (int i = 0; i < 6; i++) {
        struct event *event = scene_event(&scene, before[i]);
        rig_run(&rig, event);
        scene_expect(event, after[i]);
    }
    rig_close(&rig);
}

Test(mutate, changes_case_and_strips)
{
    static const struct row rows[] = {
        {"{'uppercase': ['a']}", "{'a': 'straße é'}", "{'a': 'STRASSE É'}", 0},
        {"{'lowercase': ['a']}", "{'a': 'ÉCOLE'}", "{'a': 'école'}", 0},
        {"{'capitalize': ['a']}", "{'a': 'CDE fG'}", "{'a': 'Cde fg'}", 0},
        {"{'uppercase': ['a']}", "{'a': ['x', 1, null, ['x'], {'k': 'x'}]}",
         "{'a': ['X', 1, null, ['x'], {'k': 'x'}]}", 0},
        {"{'uppercase': ['a', 'b']}", "{'b': 5}", "{'b': 5}", 0},
        {"{'lowercase': ['[a][b]']}", "{'a': {'b': 'X'}}", "{'a': {'b': 'x'}}", 0},
        {"{'uppercase': 'tags'}", "{'tags': ['x']}", "{'tags': ['X']}", 0},
        {"{'strip': ['a']}", "{'a': ' \\t\\n x y \\r\\n\\f\\u000b '}", "{'a': 'x y'}", 0},
        {"{'strip': ['a']}", "{'a': '\\u00a0x\\u00a0'}", "{'a': '\\u00a0x\\u00a0'}", 0},
        {"{'strip': ['a']}", "{'a': '   '}", "{'a': ''}", 0},
        {"{'strip': ['a']}", "{'a': [' x ', 'y ']}", "{'a': ['x', 'y']}", 0},
        {"{'strip': ['a']}", "{'a': [' x ', 1]}", "{'a': [' x ', 1], 'tags': ['_mutate_error']}", FATE_FAILED},
        {"{'strip': ['a']}", "{'a': 5}", "{'a': 5}", 0},
    };
    CHECK(rows);
}

Test(mutate, strips_nul)
{
    struct rig rig;
    cr_assert(rig_open(&rig, &scene, &filter_mutate, "{'strip': 'message'}"));
    struct event *event = scene_event(&scene, "{}");
    event_slot_set(event, SLOT_MESSAGE, value_string((struct str){"\0 x\0y \0", 7}));
    rig_run(&rig, event);
    cr_expect(str_eq(value_text(event_slot(event, SLOT_MESSAGE)), (struct str){"x\0y", 3}));
    rig_close(&rig);
}

Test(mutate, splits_and_joins)
{
    static const struct row rows[] = {
        {"{'split': {'a': ','}}", "{'a': 'x,y'}", "{'a': ['x', 'y']}", 0},
        {"{'split': {'a': ','}}", "{'a': ',a,,b,,'}", "{'a': ['', 'a', '', 'b']}", 0},
        {"{'split': {'a': ','}}", "{'a': 'foo,'}", "{'a': ['foo']}", 0},
        {"{'split': {'a': ','}}", "{'a': 'foo'}", "{'a': ['foo']}", 0},
        {"{'split': {'a': ','}}", "{'a': ''}", "{'a': []}", 0},
        {"{'split': {'a': ','}}", "{'a': ',,'}", "{'a': []}", 0},
        {"{'split': {'a': ' '}}", "{'a': '  x  y\\tz '}", "{'a': ['x', 'y', 'z']}", 0},
        {"{'split': {'a': ''}}", "{'a': 'aé日'}", "{'a': ['a', 'é', '日']}", 0},
        {"{'split': {'a': '||'}}", "{'a': 'x||y|z'}", "{'a': ['x', 'y|z']}", 0},
        {"{'split': {'a': '\\\\n'}}", "{'a': 'x\\\\ny\\nz'}", "{'a': ['x', 'y\\nz']}", 0},
        {"{'split': {'a': ','}}", "{'a': ['x,y']}", "{'a': ['x,y']}", 0},
        {"{'split': {'a': ','}}", "{'a': 5}", "{'a': 5}", 0},
        {"{'split': {'tags': ','}}", "{'tags': 'x,y'}", "{'tags': ['x', 'y']}", 0},
        {"{'join': {'a': '-'}}", "{'a': ['x', 1, 2.5, true, null]}", "{'a': 'x-1-2.5-true-'}", 0},
        {"{'join': {'a': ','}}", "{'a': [['x', ['y']], [], 'z']}", "{'a': 'x,y,z'}", 0},
        {"{'join': {'a': ''}}", "{'a': [1e16]}", "{'a': '1.0e+16'}", 0},
        {"{'join': {'a': ','}}", "{'a': []}", "{'a': ''}", 0},
        {"{'join': {'a': ','}}", "{'a': 'x'}", "{'a': 'x'}", 0},
        {"{'join': {'a': ','}}", "{}", "{}", 0},
        {"{'split': {'a': ','}, 'join': {'a': ';'}}", "{'a': 'x,y'}", "{'a': 'x;y'}", 0},
    };
    CHECK(rows);
}

Test(mutate, merges_and_copies)
{
    static const struct row rows[] = {
        {"{'merge': {'d': 'a'}}", "{'d': [1], 'a': [2, 3]}", "{'d': [1, 2, 3], 'a': [2, 3]}", 0},
        {"{'merge': {'d': 'a'}}", "{'d': 'x', 'a': [2]}", "{'d': ['x', 2], 'a': [2]}", 0},
        {"{'merge': {'d': 'a'}}", "{'d': [1], 'a': 'x'}", "{'d': [1, 'x'], 'a': 'x'}", 0},
        {"{'merge': {'d': 'a'}}", "{'d': 'x', 'a': 'y'}", "{'d': ['x', 'y'], 'a': 'y'}", 0},
        {"{'merge': {'d': 'a'}}", "{'a': 'y'}", "{'d': ['y'], 'a': 'y'}", 0},
        {"{'merge': {'d': 'a'}}", "{'d': 'x'}", "{'d': ['x']}", 0},
        {"{'merge': {'d': 'a'}}", "{'d': null, 'a': null}", "{'d': [], 'a': null}", 0},
        {"{'merge': {'d': 'a'}}", "{'d': {'k': 1, 'l': 2}, 'a': {'k': 3, 'm': 4}}",
         "{'d': {'k': 3, 'l': 2, 'm': 4}, 'a': {'k': 3, 'm': 4}}", 0},
        {"{'merge': {'d': 'a'}}", "{'d': {'k': 1}, 'a': 'x'}", "{'d': {'k': 1}, 'a': 'x'}", 0},
        {"{'merge': {'d': 'a'}}", "{'d': ['x'], 'a': {'k': 1}}", "{'d': ['x'], 'a': {'k': 1}}", 0},
        {"{'merge': {'d': 'a'}}", "{'a': {'k': 1}}", "{'a': {'k': 1}}", 0},
        {"{'merge': {'d': 'd'}}", "{'d': [1, 2]}", "{'d': [1, 2, 1, 2]}", 0},
        {"{'merge': {'d': 'd'}}", "{'d': {'k': 1}}", "{'d': {'k': 1}}", 0},
        {"{'merge': {'d': ['a', 'b']}}", "{'d': [0], 'a': 1, 'b': 2}", "{'d': [0, 1, 2], 'a': 1, 'b': 2}", 0},
        {"{'merge': {'d': ['a', 'b']}}", "{'d': 0, 'a': 1, 'b': 2}", "{'d': [0, 2], 'a': 1, 'b': 2}", 0},
        {"{'merge': {'d': ['a', 'b']}}", "{'a': 1, 'b': 2}", "{'d': [2], 'a': 1, 'b': 2}", 0},
        {"{'merge': {'d': ['a', 'b']}}", "{'d': {}, 'a': {'x': 1}, 'b': {'y': 2}}",
         "{'d': {'x': 1, 'y': 2}, 'a': {'x': 1}, 'b': {'y': 2}}", 0},
        {"{'merge': {'tags': 'a'}}", "{'tags': ['t'], 'a': 'u'}", "{'tags': ['t', 'u'], 'a': 'u'}", 0},
        {"{'merge': {'tags': 'a'}}", "{'tags': ['t'], 'a': 1}",
         "{'tags': ['t', '_mutate_error'], 'a': 1}", FATE_FAILED},
        {"{'copy': {'a': 'b'}}", "{'a': 1, 'b': 2}", "{'a': 1, 'b': 1}", 0},
        {"{'copy': {'a': '[x][y]'}}", "{'a': [1]}", "{'a': [1], 'x': {'y': [1]}}", 0},
        {"{'copy': {'a': 'b'}}", "{'a': null}", "{'a': null}", 0},
        {"{'copy': {'a': 'b'}}", "{}", "{}", 0},
        {"{'copy': {'a': '[s][x]'}}", "{'a': 1, 's': 't'}",
         "{'a': 1, 's': 't', 'tags': ['_mutate_error']}", FATE_FAILED},
    };
    CHECK(rows);
}

Test(mutate, copies_are_independent)
{
    struct rig rig;
    cr_assert(rig_open(&rig, &scene, &filter_mutate, "{'copy': {'a': 'b'}, 'merge': {'c': 'a'}}"));
    struct event *event = scene_event(&scene, "{'a': [{'k': 1}]}");
    rig_run(&rig, event);
    struct path path = scene_path(&scene, "[a][0][k]");
    path_set(&path, event, value_int(2));
    scene_expect(event, "{'a': [{'k': 2}], 'b': [{'k': 1}], 'c': [{'k': 1}]}");
    rig_close(&rig);
}

Test(mutate, refuses_what_can_never_work)
{
    static const struct {
        const char *options, *complaint;
    } rows[] = {
        {"{'convert': {'a': 'int'}}", "`int` is not a type"},
        {"{'gsub': ['a', 'b']}", "gsub takes triples, but 2 texts are given"},
        {"{'gsub': ['a', '(', 'x']}", "gsub: regular expression `(`: "},
        {"{'gsub': ['a', '%{b[}', 'x']}", "gsub: `b[` is not a field reference"},
        {"{'gsub': ['a', 'b', '%{b[}']}", "gsub: `b[` is not a field reference"},
        {"{'gsub': ['a', 'b', '\\\\k<n>']}", "gsub: the expression has no group named `n`"},
        {"{'gsub': ['a[', 'b', 'c']}", "`a[` is not a field reference"},
        {"{'copy': {'a': 'b]'}}", "`b]` is not a field reference"},
        {"{'split': {'[a': ','}}", "`[a` is not a field reference"},
        {"{'rename': {'a[b]': 'c'}}", "`a[b]` is not a field reference"},
        {"{'merge': {'a': '[b'}}", "`[b` is not a field reference"},
        {"{'uppercase': '[b'}", "`[b` is not a field reference"},
        {"{'uppercas': 'b'}", "filter `mutate` has no option `uppercas`"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig rig;
        cr_expect_not(rig_open(&rig, &scene, &filter_mutate, rows[i].options), "row %zu", i);
        cr_expect(str_starts(str_of(rig_complaint(&rig)), str_of(rows[i].complaint)), "row %zu: %s", i,
                  rig_complaint(&rig));
        rig_close(&rig);
    }
}

/* Every step doubles: the batch must stay within its limit, and the event keep its original. */
Test(mutate, stops_at_the_limit_of_memory)
{
    static const char *const options[] = {
        "{'replace': {'message': '%{message}%{message}'}}",
        "{'gsub': ['message', 'x', 'yxx']}",
        "{'merge': {'list': 'list'}}",
        "{'copy': {'list': '[list][0]'}}",
        "{'split': {'message': ''}, 'join': {'message': 'xxxxxxxxxxxxxxxx'}}",
        "{'uppercase': 'message', 'lowercase': 'message'}",
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        struct scene own;
        struct rig rig;
        scene_begin(&own);
        cr_assert(rig_open(&rig, &own, &filter_mutate, options[i]));
        struct event *event = scene_event(&own, "{'message': 'xxxxxxxxx', 'list': [[1, 2, 3], 'y']}");
        struct str large = {memset(arena_alloc(event->arena, 100000), 'x', 100000), 100000};
        if (i == 5) event_slot_set(event, SLOT_MESSAGE, value_string(large));
        int rounds = 0;
        while (rounds < 100000 && !event_has_tag(event, STR("_memory_limit"))) {
            rig_run(&rig, event);
            rounds++;
        }
        cr_expect(event_has_tag(event, STR("_memory_limit")), "%s", options[i]);
        cr_expect_leq(event->arena->bytes, 2 * (size_t)ARENA_BYTES_MAX, "%s: %zu", options[i],
                      event->arena->bytes);
        rig_close(&rig);
        scene_end(&own);
    }
}
