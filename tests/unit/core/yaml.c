/* SPDX-License-Identifier: Apache-2.0 */
#include "core/yaml.h"
#include <criterion/criterion.h>
#include <stdlib.h>

static struct arena arena;
static struct diag diag;
static struct source_text source;

static void begin(void)
{
    arena_init(&arena, NULL);
    diag_init(&diag);
    source.name = STR("t.yml");
}
static void end(void)
{
    diag_fini(&diag);
    arena_fini(&arena);
}
TestSuite(yaml, .init = begin, .fini = end);

static struct config_value *parse(struct str text)
{
    source.text = text;
    return yaml_parse(&source, &arena, &diag);
}

/* The text between a place's two ends. */
static struct str text_at(struct place place) { return str_slice(source.text, place.start, place.end); }

Test(yaml, values_have_their_kinds_and_their_places)
{
    struct config_value *root = parse(STR("a: 1\nb: \"1\"\n\xc3\xa9: x\nd: ~\ne: [1, {f: g}]\n"));
    cr_assert(root && root->kind == CONFIG_HASH && root->count == 5);
    static const struct { enum config_kind kind; const char *text, *place; } rows[] = {
        {CONFIG_NUMBER, "1", "1"},     {CONFIG_STRING, "1", "\"1\""}, {CONFIG_BAREWORD, "x", "x"},
        {CONFIG_BAREWORD, "", "~"},    {CONFIG_ARRAY, "", "[1, {f: g}]"},
    };
    for (uint32_t i = 0; i < 5; i++) {
        cr_expect_eq(root->items[i].kind, rows[i].kind, "row %u", i);
        cr_expect(str_eq_z(root->items[i].text, rows[i].text), "row %u", i);
        cr_expect(str_eq_z(text_at(root->items[i].place), rows[i].place), "row %u", i);
    }
    cr_expect(str_eq_z(text_at(root->keys[2].place), "\xc3\xa9"));
    cr_expect(str_eq_z(text_at(root->items[4].items[1].place), "{f: g}"));
}

Test(yaml, nothing_is_no_complaint)
{
    static const char *const rows[] = {"", "# only this\n", "~\n", "---\n", "\n\n"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) cr_expect_null(parse(str_of(rows[i])), "%s", rows[i]);
    cr_expect_eq(diag.errors, 0);
}

/* `open` and `close`, `count` times, around nothing. */
static struct str nested(const char *open, const char *close, int count)
{
    struct buf text = buf_in_arena(&arena);
    for (int i = 0; i < count; i++) buf_append_z(&text, open);
    for (int i = 0; i < count; i++) buf_append_z(&text, close);
    return buf_take(&text);
}

Test(yaml, depth_has_a_limit)
{
    cr_expect_not_null(parse(nested("[", "]", YAML_DEPTH_MAX + 1)));
    cr_expect_null(parse(nested("[", "]", YAML_DEPTH_MAX + 2)));
    cr_expect(str_eq_z(diag.messages[0].text, "nested too deep"));
}

/* A list of so many values in one line: every place is looked up. */
Test(yaml, the_number_of_values_has_a_limit)
{
    cr_expect_not_null(parse(arena_printf(&arena, "[%.*s]", STR_ARG(nested("a,", "", YAML_NODES_MAX - 1)))));
    cr_expect_null(parse(arena_printf(&arena, "[%.*s]", STR_ARG(nested("a,", "", YAML_NODES_MAX)))));
    cr_expect(str_eq_z(diag.messages[0].text, "too many values"));
}

Test(yaml, bytes_have_a_limit)
{
    struct str text = nested("#", "", YAML_BYTES_MAX + 1);
    cr_expect_null(parse(text));
    cr_expect(str_eq_z(diag.messages[0].text, "the file is larger than 8388608 bytes"));
    text.len--;
    cr_expect_null(parse(text));
    cr_expect_eq(diag.errors, 1);
}
