/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include "core/fields/state.h"

static struct arena arena;
static struct diag diag;
static struct field_set fields;
static struct field_user user;

static void begin(void)
{
    arena_init(&arena, NULL);
    diag_init(&diag);
    fields_init(&fields, &arena, &diag);
    user = (struct field_user){.name = STR("test")};
}
static void end(void)
{
    fields_fini(&fields);
    diag_fini(&diag);
    arena_fini(&arena);
}
TestSuite(fields, .init = begin, .fini = end, .timeout = 20);

static struct path *path_at(const char *reference)
{
    struct path *path = arena_alloc(&arena, sizeof *path);
    cr_assert(path_compile(path, str_of(reference), &arena));
    return path;
}

static void say(void) { fields_begin(&fields, &user, FIELD_FROM_PLUGIN); }
static unsigned types(const char *reference) { return fields_types(&fields, path_at(reference)); }
static void put(const char *reference, unsigned types_) { fields_put(&fields, path_at(reference), types_); }
#define expect_types(reference_, types_) \
    cr_expect_eq(types(reference_), (unsigned)(types_), "%s: %x", reference_, types(reference_))

static struct template *template_of(const char *text)
{
    struct template *template = arena_alloc(&arena, sizeof *template);
    cr_assert(template_compile(template, str_of(text), &arena, NULL));
    return template;
}

/* ---- what is there ---- */

Test(fields, begin_with_what_every_event_has)
{
    expect_types("@timestamp", TYPE_TIME);
    expect_types("@version", TYPE_STRING);
    expect_types("tags", TYPE_STRING | TYPE_ARRAY | TYPE_MISSING);
    expect_types("[@metadata]", TYPE_OBJECT);
    expect_types("message", TYPE_MISSING);
    expect_types("[tags][0]", TYPE_FIELD);
    expect_types("[@metadata][x]", TYPE_MISSING);
}

Test(fields, a_nested_one_makes_those_above)
{
    say();
    put("[a][b][c]", TYPE_INTEGER);
    expect_types("[a]", TYPE_OBJECT);
    expect_types("[a][b]", TYPE_OBJECT);
    expect_types("[a][b][c]", TYPE_INTEGER);
    expect_types("[a][b][d]", TYPE_MISSING);
    expect_types("[a][b][c][d]", TYPE_MISSING);
    put("[a]", TYPE_STRING);
    expect_types("[a][b][c]", TYPE_MISSING);
    put("[a][b]", TYPE_STRING); /* never: it is a string */
    expect_types("[a]", TYPE_STRING);
    cr_expect(fields_end(&fields));
    cr_expect_eq(diag.warnings, 1);
}

Test(fields, what_is_put_perhaps_leaves_what_was_there)
{
    say();
    put("[a][b]", TYPE_STRING);
    fields_may_put(&fields, path_at("[a]"), TYPE_FLOAT);
    expect_types("[a]", TYPE_OBJECT | TYPE_FLOAT);
    expect_types("[a][b]", TYPE_STRING | TYPE_MISSING);
    fields_may_put(&fields, path_at("[c][d]"), TYPE_TIME);
    expect_types("[c]", TYPE_OBJECT | TYPE_MISSING);
    expect_types("[c][d]", TYPE_TIME | TYPE_MISSING);
    fields_put_absent(&fields, path_at("[c][d]"), TYPE_STRING);
    expect_types("[c][d]", TYPE_TIME | TYPE_STRING);
    fields_put_absent(&fields, path_at("[c][d]"), TYPE_NULL);
    expect_types("[c][d]", TYPE_TIME | TYPE_STRING);
    cr_expect(fields_end(&fields));
}

Test(fields, certain_ones_keep_their_types)
{
    say();
    put("@timestamp", TYPE_STRING | TYPE_TIME);
    put("tags", TYPE_INTEGER);
    fields_remove(&fields, path_at("tags"));
    cr_expect(fields_end(&fields));
    expect_types("@timestamp", TYPE_TIME);
    expect_types("tags", TYPE_STRING | TYPE_ARRAY | TYPE_MISSING);
}

Test(fields, a_list_or_a_map_of_which_nothing_is_known_holds_anything)
{
    say();
    put("a", TYPE_ARRAY);
    put("o", TYPE_OBJECT);
    expect_types("[a][0]", TYPE_FIELD);
    expect_types("[o][x][y]", TYPE_FIELD);
    put("[o][x]", TYPE_STRING);
    expect_types("[o][x]", TYPE_STRING);
    expect_types("[o][y]", TYPE_FIELD);
    fields_remove(&fields, path_at("[o][x]"));
    expect_types("[o][x]", TYPE_MISSING);
    fields_remove(&fields, path_at("[a][0]")); /* the next one moves there */
    expect_types("[a][0]", TYPE_FIELD);
    cr_expect(fields_end(&fields));
}

Test(fields, opening_and_forgetting)
{
    say();
    put("a", TYPE_STRING);
    put("[b][c]", TYPE_STRING);
    fields_remove(&fields, path_at("gone"));
    fields_open(&fields);
    expect_types("a", TYPE_ANY);
    expect_types("[b][c]", TYPE_FIELD);
    expect_types("[any][thing]", TYPE_FIELD);
    expect_types("[@metadata][x]", TYPE_FIELD);
    expect_types("@timestamp", TYPE_TIME);
    fields_remove(&fields, path_at("a"));
    expect_types("a", TYPE_MISSING);
    fields_forget(&fields);
    expect_types("a", TYPE_FIELD);
    expect_types("@timestamp", TYPE_FIELD);
    cr_expect(fields_end(&fields));
}

Test(fields, copies_and_renames_take_what_is_below)
{
    say();
    put("[a][b]", TYPE_STRING);
    put("[a][c][d]", TYPE_INTEGER);
    fields_copy(&fields, path_at("a"), path_at("[x][y]"));
    expect_types("[x][y][c][d]", TYPE_INTEGER);
    expect_types("[x][y][e]", TYPE_MISSING);
    fields_rename(&fields, path_at("a"), path_at("z"));
    expect_types("[z][b]", TYPE_STRING);
    expect_types("a", TYPE_MISSING);
    expect_types("[a][b]", TYPE_MISSING);
    fields_may_put(&fields, path_at("m"), TYPE_FLOAT);
    fields_copy(&fields, path_at("m"), path_at("[z][b]"));
    expect_types("[z][b]", TYPE_STRING | TYPE_FLOAT);
    fields_copy(&fields, path_at("none"), path_at("[z][b]"));
    expect_types("[z][b]", TYPE_STRING | TYPE_FLOAT);
    cr_expect(fields_end(&fields));
}

Test(fields, a_copy_into_itself_ends)
{
    say();
    put("[a][b][c]", TYPE_STRING);
    fields_copy(&fields, path_at("a"), path_at("[a][b]"));
    expect_types("[a][b]", TYPE_OBJECT);
    expect_types("[a][b][x]", TYPE_FIELD);
    fields_rename(&fields, path_at("[a][b]"), path_at("a"));
    expect_types("[a][x]", TYPE_FIELD);
    fields_rename(&fields, path_at("a"), path_at("[a][n]"));
    expect_types("[a]", TYPE_OBJECT | TYPE_ANY);
    cr_expect(fields_end(&fields));
}

Test(fields, a_second_value_makes_an_array)
{
    say();
    fields_append_text(&fields, path_at("a"), template_of("x"));
    expect_types("a", TYPE_STRING);
    cr_expect_eq(diag.warnings, 0);
    fields_append_text(&fields, path_at("a"), template_of("y"));
    expect_types("a", TYPE_ARRAY);
    cr_expect_eq(diag.warnings, 1);
    fields_may_put(&fields, path_at("b"), TYPE_STRING);
    fields_append_text(&fields, path_at("b"), template_of("y"));
    expect_types("b", TYPE_STRING | TYPE_ARRAY);
    cr_expect_eq(diag.warnings, 1);
    put("[c][d]", TYPE_STRING);
    fields_append_text(&fields, path_at("c"), template_of("y"));
    expect_types("c", TYPE_ARRAY);
    expect_types("[c][d]", TYPE_FIELD);
    cr_expect(fields_end(&fields));
}

/* ---- ways ---- */

Test(fields, a_branch_leaves_what_either_arm_does)
{
    struct field_changes arms[2];
    fields_push(&fields);
    say();
    put("a", TYPE_STRING);
    put("b", TYPE_STRING);
    fields_end(&fields);
    fields_push(&fields); /* one within */
    say();
    put("a", TYPE_TIME);
    fields_end(&fields);
    struct field_changes inner;
    fields_pop(&fields, &inner);
    expect_types("a", TYPE_STRING);
    fields_join(&fields, &inner, 1, true);
    field_changes_fini(&inner);
    expect_types("a", TYPE_STRING | TYPE_TIME);
    fields_pop(&fields, &arms[0]);
    expect_types("a", TYPE_MISSING);
    fields_push(&fields);
    say();
    put("b", TYPE_INTEGER);
    fields_end(&fields);
    fields_pop(&fields, &arms[1]);
    fields_join(&fields, arms, 2, false);
    expect_types("a", TYPE_STRING | TYPE_TIME | TYPE_MISSING);
    expect_types("b", TYPE_STRING | TYPE_INTEGER);
    for (int i = 0; i < 2; i++) field_changes_fini(&arms[i]);
}

/* A name that one arm opens the event for, and the other has never heard of. */
Test(fields, what_is_open_in_one_arm_may_be_there_afterwards)
{
    struct field_changes arm;
    fields_push(&fields);
    say();
    fields_open(&fields);
    put("a", TYPE_STRING);
    fields_end(&fields);
    fields_pop(&fields, &arm);
    expect_types("a", TYPE_MISSING);
    expect_types("b", TYPE_MISSING);
    fields_join(&fields, &arm, 1, true);
    expect_types("a", TYPE_FIELD);
    expect_types("b", TYPE_FIELD);
    field_changes_fini(&arm);
}

Test(fields, a_plugin_that_may_stop_leaves_both)
{
    say();
    put("before", TYPE_STRING);
    fields_fail(&fields);
    put("before", TYPE_INTEGER);
    put("between", TYPE_STRING);
    fields_fail(&fields);
    put("between", TYPE_INTEGER);
    put("behind", TYPE_STRING);
    cr_expect(fields_end(&fields));
    expect_types("before", TYPE_STRING | TYPE_INTEGER);
    expect_types("between", TYPE_STRING | TYPE_INTEGER | TYPE_MISSING);
    expect_types("behind", TYPE_STRING | TYPE_MISSING);
}

Test(fields, a_plugin_that_takes_all_events_ends_the_way)
{
    say();
    fields_cancel(&fields);
    cr_expect_not(fields_end(&fields));
    say();
    put("a", TYPE_STRING);
    fields_fail(&fields);
    put("b", TYPE_STRING);
    fields_cancel(&fields);
    cr_expect(fields_end(&fields));
    expect_types("a", TYPE_STRING);
    expect_types("b", TYPE_MISSING);
}

/* ---- limits ---- */

Test(fields, beyond_the_limit_every_name_may_be_there)
{
    static char names[FIELDS_MAX + 8][16];
    say();
    for (int i = 0; i < FIELDS_MAX + 8; i++) {
        snprintf(names[i], sizeof names[i], "f%d", i);
        if (fields.count < FIELDS_MAX) cr_assert_eq(types("other"), TYPE_MISSING);
        put(names[i], TYPE_STRING);
    }
    cr_expect(fields.is_full);
    cr_expect_eq(fields.count, FIELDS_MAX);
    expect_types("other", TYPE_FIELD);
    expect_types("[other][x]", TYPE_FIELD);
    expect_types("f0", TYPE_STRING);
    cr_expect(fields_end(&fields));
}

Test(fields, remembers_so_many_places_and_takes_the_rest_for_read)
{
    say();
    for (int i = 0; i < FIELD_SITES_MAX + 3; i++) fields_may_put(&fields, path_at("a"), TYPE_STRING);
    cr_expect(fields_end(&fields));
    const struct field *field = fields_find(&fields, path_at("a"));
    cr_assert(field);
    cr_expect_eq(field->state.site_count, FIELD_SITES_MAX);
    cr_expect(field->state.has_more_sites);
    uint32_t read = 0;
    for (const struct field_site *site = fields.sites; site; site = site->next) read += site->is_read;
    cr_expect_eq(read, 3);
}

/* ---- who reads what ---- */

Test(fields, a_value_is_unread_only_when_nothing_on_any_way_has_read_it)
{
    say();
    put("a", TYPE_STRING);
    put("b", TYPE_STRING);
    put("[c][d]", TYPE_STRING);
    fields_read(&fields, path_at("b"));
    fields_read(&fields, path_at("c")); /* and so what is below */
    put("a", TYPE_STRING);
    put("b", TYPE_STRING);
    put("[c][d]", TYPE_STRING);
    cr_expect(fields_end(&fields));
    uint32_t undone = 0, unread = 0;
    for (const struct field_site *site = fields.sites; site; site = site->next) {
        undone += site->undone_by != NULL;
        unread += site->undone_by && !site->is_read;
    }
    cr_expect_eq(undone, 3);
    cr_expect_eq(unread, 1);
}

/* ---- places ---- */

/* `{ convert => { "a" => "integer" } rename => { "b" => "a" } }`, as its settings. */
Test(fields, a_complaint_finds_its_text_by_address)
{
    static const struct source_text source = {
        {"x.conf", 6}, {"convert => { \"a\" => \"b\" } rename => { \"b\" => \"a\" }", 48}};
    const char *at = source.text.ptr;
    struct config_value keys[] = {{.kind = CONFIG_STRING, .text = {at + 14, 1}, .place = {&source, 13, 16}},
                                  {.kind = CONFIG_STRING, .text = {at + 38, 1}, .place = {&source, 37, 40}}};
    struct config_value items[] = {{.kind = CONFIG_STRING, .text = {at + 21, 1}, .place = {&source, 20, 23}},
                                   {.kind = CONFIG_STRING, .text = {at + 45, 1}, .place = {&source, 44, 47}}};
    struct setting settings[] = {
        {.value = {.kind = CONFIG_HASH, .keys = &keys[0], .items = &items[0], .count = 1}},
        {.value = {.kind = CONFIG_HASH, .keys = &keys[1], .items = &items[1], .count = 1}}};
    user = (struct field_user){STR("mutate"), {&source, 0, 7}, settings, 2};
    cr_expect_eq(field_user_place(&user, keys[0].text).start, 14);
    cr_expect_eq(field_user_place(&user, items[1].text).start, 45);
    cr_expect_eq(field_user_place(&user, items[1].text).end, 46);
    cr_expect_eq(field_user_place(&user, STR("a")).end, 7, "a text from elsewhere: the plugin's name");
    items[1].place.end = 60; /* an escape made the text shorter than what is written */
    cr_expect_eq(field_user_place(&user, items[1].text).start, 44);
    cr_expect_eq(field_user_place(&user, items[1].text).end, 60);
}

/* ---- suggestions ---- */

Test(fields, suggests_what_can_be_there)
{
    static const struct {
        const char *wrong, *meant;
        bool is_typo;
    } rows[] = {
        {"mesage", "message", false},
        {"[mesage]", "[message]", false},
        {"[host][nam]", "[host][name]", false},
        {"[hots][name]", "[host][name]", false},
        {"host.name", "[host][name]", false},
        {"name", "[host][name]", false},
        {"name", "", true},
        {"response", "[http][response][status_code]", false},
        {"[log][level]", "loglevel", false},
        {"gone", "", false},
        {"gonee", "", false},
        {"xy", "", false},
        {"", "", false},
        {"[@metadata][idex]", "[@metadata][index]", false},
    };
    say();
    put("message", TYPE_STRING);
    put("[host][name]", TYPE_STRING);
    put("[http][response][status_code]", TYPE_STRING);
    put("[@metadata][index]", TYPE_STRING);
    put("loglevel", TYPE_STRING);
    put("xz", TYPE_STRING);
    put("gone", TYPE_STRING);
    fields_remove(&fields, path_at("gone"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str found = fields_suggest(&fields, path_at(rows[i].wrong), rows[i].is_typo);
        cr_expect(str_eq_z(found, rows[i].meant), "%s: %.*s", rows[i].wrong, STR_ARG(found));
    }
    cr_expect(fields_end(&fields));
}
