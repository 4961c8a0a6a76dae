/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/template.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include "tests/unit/support/events.h"

static struct scene scene;
static void begin(void) { scene_begin(&scene); }
static void end(void) { scene_end(&scene); }
TestSuite(template, .init = begin, .fini = end);

/* The text, or "!" and the problem. Both ways of rendering must agree. */
static char *rendered(const struct event *event, struct str text)
{
    struct template template;
    struct str problem = {0};
    static struct buf out;
    buf_clear(&out);
    if (!template_compile(&template, text, &scene.config, &problem)) {
        buf_printf(&out, "!%.*s", STR_ARG(problem));
        return (char *)(uintptr_t)buf_z(&out);
    }
    template_append(&template, event, &out);
    struct str again = template_render(&template, event);
    cr_expect(str_eq(buf_str(&out), again) || str_find(text, STR("TIME_NOW")) >= 0,
              "%.*s: `%.*s` and `%.*s`", STR_ARG(text), (int)out.len, out.ptr, STR_ARG(again));
    return (char *)(uintptr_t)buf_z(&out);
}

Test(template, renders)
{
    static const char data[] = "{'s': 'text', 'e': '', 'i': -5, 'd': 1.5e20, 't': true, 'n': null, "
                               "'a': [1, 'x', null, 2.5], 'aa': [[1, 2], [3]], 'o': [], 'm': {'a': 1}, "
                               "' s ': 'blank', '@metadata': {'x': 'meta'}}";
    static const struct {
        const char *text, *result;
    } rows[] = {
        {"", ""},
        {"plain", "plain"},
        {"%{s}", "text"},
        {"<%{s}>", "<text>"},
        {"%{s}%{s}", "texttext"},
        {"%{e}", ""},
        {"%{i}|%{d}|%{t}", "-5|1.5E20|true"},
        {"%{n}", "%{n}"},
        {"a%{missing}b", "a%{missing}b"},
        {"%{[m][a]}", "1"},
        {"%{[m][b]}", "%{[m][b]}"},
        {"%{a}", "1,x,,2.5"},
        {"%{aa}", "1,2,3"},
        {"%{o}", ""},
        {"%{m}", "{\"a\":1}"},
        {"%{[@metadata][x]}", "meta"},
        {"%{@metadata}", "{\"x\":\"meta\"}"},
        {"%{ s }", "blank"},
        {"%{@timestamp}", "2024-03-05T07:08:09.120Z"},
        {"%%{s}", "%text"},
        {"}%{s}{", "}text{"},
        {"%{s%{s}}", "%{s%{s}}"},
        {"%{+yyyy.MM.dd}", "2024.03.05"},
        {"x-%{+YYYY.ww}-%{s}", "x-2024.10-text"},
        {"%{+%s}", "1709622489"},
        {"%{+}", "1709622489"},
        {"%{+%}", "1709622489"},
        {"%{{yyyy-MM-dd}}", "2024-03-05"},
        {"a%{{}}b", "ab"},
        {"%{{}}", ""},
        {"%{}", "%{}"},
        {"a%{}%{s}", "a%{}text"},
        {"%{{x}", "%{{x}"},
        {"%{{x} %{s}", "%{{x} text"},
        {"%{s", "%{s"},
        {"%{s}%{", "text%{"},
        {"%{", "%{"},
        {"%", "%"},
        {"%{a[b]}", "!`a[b]` is not a field reference"},
        {"%{[a]b}", "!`[a]b` is not a field reference"},
        {"x%{[a}y", "!`[a` is not a field reference"},
    };
    struct event *event = scene_event(&scene, data);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_str_eq(rendered(event, str_of(rows[i].text)), rows[i].result, "%s", rows[i].text);
}

Test(template, says_what_is_wrong_with_a_date_pattern)
{
    struct event *event = scene_event(&scene, "{}");
    const char *result = rendered(event, STR("%{+foo}"));
    cr_expect(str_starts(str_of(result), STR("!date pattern `foo`: ")), "%s", result);
    result = rendered(event, STR("%{{bar}}"));
    cr_expect(str_starts(str_of(result), STR("!date pattern `bar`: ")), "%s", result);
    struct template template;
    cr_expect_not(template_compile(&template, STR("%{+foo}"), &scene.config, NULL));
}

Test(template, has_no_date_without_a_timestamp)
{
    struct event *event = scene_event(&scene, "{}");
    struct path path = scene_path(&scene, "@timestamp");
    path_remove(&path, event);
    cr_expect_str_eq(rendered(event, STR("<%{+yyyy}%{{yyyy}}%{+%s}>")), "<>");
    cr_expect_str_eq(rendered(event, STR("%{@timestamp}")), "%{@timestamp}");
}

Test(template, tells_the_time)
{
    struct event *event = scene_event(&scene, "{}");
    const char *now = rendered(event, STR("%{{TIME_NOW}}"));
    cr_expect(strlen(now) >= 20 && now[4] == '-' && now[10] == 'T' && now[strlen(now) - 1] == 'Z', "%s",
              now);
}

Test(template, copies_neither_a_literal_nor_a_lone_string)
{
    struct event *event = scene_event(&scene, "{'s': 'text'}");
    struct template template;
    cr_assert(template_compile(&template, STR("literal"), &scene.config, NULL));
    cr_assert(template.is_literal);
    cr_assert_eq(template_render(&template, event).ptr, template.text.ptr);
    cr_assert(template_compile(&template, STR("%{s}"), &scene.config, NULL));
    cr_assert_not(template.is_literal);
    struct path path = scene_path(&scene, "s");
    struct value *value = path_get(&path, event);
    value_string_flags(value);
    struct value same = template_value(&template, event);
    cr_assert_eq(same.text, value->text);
    cr_assert_eq(same.flags, STRING_ASCII | STRING_UTF8);
}

Test(template, takes_no_more_memory_than_the_text)
{
    struct event *event = scene_event(&scene, "{'s': 'text'}");
    struct template template;
    cr_assert(template_compile(&template, STR("%{s}-%{s}"), &scene.config, NULL));
    const char *before = event->arena->at;
    struct str text = template_render(&template, event);
    cr_assert_eq(text.ptr, before);
    cr_assert_eq(event->arena->at, before + 16);
}
