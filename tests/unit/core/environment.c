/* SPDX-License-Identifier: Apache-2.0 */
#include "core/environment.h"
#include <criterion/criterion.h>
#include <stdlib.h>

static struct arena arena;
static struct diag diag;
static struct environment environment;
static struct environment_context context = {&environment, &arena, &diag};
static bool secret_of(void *opaque, struct str name, struct arena *into, struct str *value)
{
    (void)opaque;
    if (!str_eq_z(name, "SECRET") && !str_eq_z(name, "BOTH")) return false;
    *value = arena_copy(into, STR("from the store"));
    return true;
}
static void begin(void)
{
    arena_init(&arena, NULL);
    diag_init(&diag);
    environment = (struct environment){.secret = secret_of};
    setenv("T_HOST", "example.org", 1);
    setenv("T_EMPTY", "", 1);
    setenv("T_LIST", "\"a\", 'b' ,c", 1);
    setenv("T_ARRAY", "[a, b]", 1);
    setenv("BOTH", "from the environment", 1);
    unsetenv("T_NOT");
}
static void end(void)
{
    diag_fini(&diag);
    arena_fini(&arena);
}
TestSuite(environment, .init = begin, .fini = end);

Test(environment, replaces_in_texts)
{
    static const struct { const char *text, *result; } rows[] = {
        {"plain", "plain"},                    {"${T_HOST}", "example.org"},
        {"a${T_HOST}b${T_HOST}", "aexample.orgbexample.org"},
        {"${T_EMPTY}", ""},                    {"${T_NOT:x:y}", "x:y"},
        {"${T_NOT:}", ""},                     {"${T_HOST:x}", "example.org"},
        {"${SECRET}", "from the store"},       {"${BOTH}", "from the store"},
        {"$T_HOST", "$T_HOST"},                {"${1A}", "${1A}"},
        {"${a-b}", "${a-b}"},                  {"${T_HOST", "${T_HOST"},
        {"${T_NOT:x", "${T_NOT:x"},            {"${}", "${}"},
        {"$${T_HOST}", "$example.org"},        {"${", "${"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str text = str_of(rows[i].text);
        cr_expect(environment_expand(&context, (struct place){0}, &text), "%s", rows[i].text);
        cr_expect(str_eq_z(text, rows[i].result), "%s: %.*s", rows[i].text, STR_ARG(text));
    }
}

Test(environment, complains_of_names_not_defined)
{
    struct str text = STR("${T_NOT} ${T_NOT.too}");
    cr_expect(!environment_expand(&context, (struct place){0}, &text));
    cr_expect_eq(diag.errors, 2);
    cr_expect(str_eq_z(text, "${T_NOT} ${T_NOT.too}"));
    cr_expect(str_find(diag.messages[0].note, STR("Cannot evaluate `${T_NOT}`")) >= 0);
}

Test(environment, refuses_a_value_that_grows_too_large)
{
    enum { HALF = ENVIRONMENT_TEXT_MAX / 2 };
    char *half = malloc(HALF + 1);
    memset(half, 'x', HALF);
    half[HALF] = '\0';
    setenv("T_HALF", half, 1);
    for (int more = 0; more < 2; more++) {
        struct str text = more ? STR("${T_HALF}${T_HALF}.") : STR("${T_HALF}${T_HALF}");
        cr_expect_eq(environment_expand(&context, (struct place){0}, &text), !more);
        if (more) cr_expect(str_eq_z(diag.messages[0].text, "this is longer than 16777216 bytes once its variables are replaced"));
    }
    unsetenv("T_HALF");
    free(half);
}

static struct str heard;
static void hear(void *opaque, struct place value, struct place place, struct str name)
{
    (void)opaque, (void)value, (void)place;
    heard = name;
}

Test(environment, an_editor_is_told_of_names_instead)
{
    struct str text = STR("${T_HOST} ${T_NOT}");
    environment.undefined = hear;
    cr_expect(!environment_expand(&context, (struct place){0}, &text));
    cr_expect(str_eq_z(heard, "T_NOT") && diag.count == 0);
    cr_expect(str_eq_z(text, "${T_HOST} ${T_NOT}"));
}

Test(environment, replaces_only_whole_texts_in_conditions)
{
    struct config_value items[] = {{.kind = CONFIG_STRING, .text = STR("${T_HOST}")},
                                   {.kind = CONFIG_STRING, .text = STR("x${T_HOST}")}};
    struct config_value list = {.kind = CONFIG_ARRAY, .items = items, .count = 2};
    cr_expect(environment_expand_constant(&context, &list));
    cr_expect(str_eq_z(items[0].text, "example.org"));
    cr_expect(str_eq_z(items[1].text, "x${T_HOST}"));
}

Test(environment, replaces_deep_in_settings_but_not_keys)
{
    struct config_value key = {.kind = CONFIG_STRING, .text = STR("${T_HOST}")};
    struct config_value item = {.kind = CONFIG_STRING, .text = STR("${T_HOST}")};
    struct setting inner = {.key = STR("charset"), .value = item};
    struct setting settings[] = {
        {.key = STR("h"), .value = {.kind = CONFIG_HASH, .keys = &key, .items = &item, .count = 1}},
        {.key = STR("codec"), .value = {.kind = CONFIG_PLUGIN, .settings = &inner, .count = 1}},
        {.key = STR("part"), .value = {.kind = CONFIG_STRING, .text = STR("[${T_LIST}]")}},
        {.key = STR("whole"), .value = {.kind = CONFIG_STRING, .text = STR("${T_ARRAY}")}},
        {.key = STR("quoted"), .value = {.kind = CONFIG_STRING, .text = STR("'${T_HOST}'")}},
    };
    cr_expect(environment_expand_settings(&context, settings, 5));
    cr_expect(str_eq_z(key.text, "${T_HOST}"));
    cr_expect(str_eq_z(item.text, "example.org"));
    cr_expect(str_eq_z(inner.value.text, "example.org"));
    cr_expect_eq(settings[2].value.kind, CONFIG_ARRAY);
    cr_assert_eq(settings[2].value.count, 3);
    cr_expect(str_eq_z(settings[2].value.items[0].text, "a"));
    cr_expect(str_eq_z(settings[2].value.items[1].text, "b"));
    cr_expect(str_eq_z(settings[2].value.items[2].text, "c"));
    cr_expect_eq(settings[3].value.kind, CONFIG_STRING); /* a whole placeholder is not split */
    cr_expect(str_eq_z(settings[3].value.text, "[a, b]"));
    cr_expect(str_eq_z(settings[4].value.text, "example.org"));
}
