/* SPDX-License-Identifier: Apache-2.0 */
/* Limits and hostile texts; what documents become is in tests/cases/filters/xml.case. */
#include <criterion/criterion.h>
#include <time.h>
#include "core/text/buf.h"
#include "core/text/xml.h"

static struct arena arena;
static void set_up(void)
{
    arena_init(&arena, NULL);
    cr_assert(xml_library_load());
}
static void tear_down(void) { arena_fini(&arena); }
TestSuite(xml, .init = set_up, .fini = tear_down);

/* head, then `count` times part, then tail. */
static struct str text_of(const char *head, const char *part, size_t count, const char *tail)
{
    struct buf text = buf_in_arena(&arena);
    buf_append_z(&text, head);
    for (size_t i = 0; i < count; i++) buf_append_z(&text, part);
    buf_append_z(&text, tail);
    return buf_take(&text);
}

static struct str nested(size_t depth)
{
    struct str open = text_of("", "<a>", depth, "x"), close = text_of("", "</a>", depth, "");
    return arena_printf(&arena, "%.*s%.*s", STR_ARG(open), STR_ARG(close));
}

static bool as_value(struct str text, struct value *value)
{
    struct xml_shape shape = {.force_array = true, .suppress_empty = true};
    struct xml *xml = xml_parse(text, false);
    bool ok = xml && xml_value(xml, &shape, &arena, value);
    xml_free(xml);
    return ok;
}

static bool finds(struct str text, const char *expression, struct value *found)
{
    size_t offset;
    struct xml *xml = xml_parse(text, true);
    struct xml_path *path = xml_path_create(str_of(expression), NULL, 0, &offset);
    cr_assert(xml && path);
    bool ok = xml_path_find(path, xml, &arena, found);
    xml_path_destroy(path);
    xml_free(xml);
    return ok;
}

Test(xml, values_to_a_depth_and_not_beyond)
{
    struct value value;
    cr_expect(as_value(nested(XML_VALUE_DEPTH_MAX), &value));
    cr_expect_not(as_value(nested(XML_VALUE_DEPTH_MAX + 1), &value));
    cr_expect_not(as_value(nested(100000), &value));
}

Test(xml, texts_to_a_size_and_not_beyond)
{
    struct value value;
    size_t around = strlen("<r></r>");
    cr_expect(as_value(text_of("<r>", "x", XML_BYTES_MAX - around, "</r>"), &value));
    cr_expect_not(as_value(text_of("<r>", "x", XML_BYTES_MAX - around + 1, "</r>"), &value));
}

Test(xml, a_mebibyte_of_elements_that_does_not_fit_is_refused)
{
    struct value value;
    cr_expect(as_value(text_of("<r>", "<a>1</a>", 10000, "</r>"), &value));
    arena_alloc(&arena, ARENA_BYTES_MAX - arena.bytes - 4096);
    cr_expect_not(as_value(text_of("<r>", "<a>1</a>", 10000, "</r>"), &value));
}

Test(xml, expressions_that_work_without_end_are_given_up)
{
    struct value found;
    struct str text = text_of("<r>", "<a><b/></a>", 20000, "</r>");
    clock_t begun = clock();
    cr_expect_not(finds(text, "//a[count(preceding-sibling::a) = count(//b)]", &found));
    double seconds = (double)(clock() - begun) / CLOCKS_PER_SEC;
    cr_expect_lt(seconds, 2, "it took %.1f s", seconds);
    cr_expect(finds(text, "count(//a)", &found));
    cr_expect_eq(found.array->items[0].real, 20000);
}

Test(xml, attributes_and_namespaces_to_a_number_and_not_beyond)
{
    static const struct { const char *name, *value; size_t most; } rows[] = {
        {"a", "\"=>\"", XML_ATTRIBUTES_MAX}, {"xmlns:a", "'u'", XML_NAMESPACES_MAX}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        for (size_t more = 0; more < 2; more++) {
            struct buf text = buf_in_arena(&arena);
            buf_append_z(&text, "<r>");
            buf_append_z(&text, "<e");
            for (size_t i = 0; i < rows[r].most + more; i++) buf_printf(&text, " %s%zu=%s", rows[r].name, i, rows[r].value);
            buf_append_z(&text, "/></r>");
            struct xml *xml = xml_parse(buf_take(&text), true);
            cr_expect_eq(xml != NULL, more == 0, "row %zu, %zu", r, rows[r].most + more);
            xml_free(xml);
        }
    }
    struct str signs = text_of("<r><![CDATA[<a ", "=", 5000, "]]><!-- <a === -->"), value = text_of("", "k=1 ", 5000, "</r>");
    struct xml *xml = xml_parse(arena_printf(&arena, "%.*s%.*s", STR_ARG(signs), STR_ARG(value)), false);
    cr_expect(xml && xml_is_sound(xml), "signs that are no attributes");
    xml_free(xml);
}

/* Each of them would compare what it has found with each other: minutes. */
Test(xml, expressions_that_find_nodes_twice_are_given_up_on_large_documents)
{
    static const char *const expressions[] = {"//a//a", "/r/a|/r/b", "/r/a[. = /r/b]", "//b/preceding-sibling::*", "//b/../a"};
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
        struct value found;
        cr_expect(finds(text_of("<r>", "<a>x<a/></a><b>x</b>", 40, "</r>"), expressions[i], &found), "%s", expressions[i]);
        cr_expect_gt(found.array->count, 0, "%s", expressions[i]);
        cr_expect_not(finds(text_of("<r>", "<a>x<a/></a><b>x</b>", 40000, "</r>"), expressions[i], &found), "%s", expressions[i]);
    }
    struct value found;
    cr_expect(finds(text_of("<r>", "<a>x</a><b k='1'/>", 40000, "</r>"), "/r/b[@k='1' and position() >= 1][1]/@k", &found));
}

Test(xml, what_is_found_is_bounded)
{
    struct value found;
    struct str deep = text_of("", "<a>", 200, ""), text = text_of("<b>", "x", 60000, "</b>");
    struct str whole = arena_printf(&arena, "%.*s%.*s", STR_ARG(deep), STR_ARG(text));
    cr_expect_not(finds(whole, "//*", &found), "200 times 60,000 bytes");
    cr_expect(finds(whole, "//b", &found));
}

Test(xml, texts_that_expand_are_refused)
{
    static const char *const texts[] = {
        "<!DOCTYPE r [<!ENTITY a 'aaaa'>]><r>&a;</r>",
        "<!DOCTYPE r [<!ENTITY a 'aaaa'>]><r/>",
        "<!DOCTYPE r [<!ENTITY % a 'aaaa'>]><r/>",
        "<!DOCTYPE r [<!ATTLIST a b CDATA 'x'>]><r/>",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cr_expect_null(xml_parse(str_of(texts[i]), false), "%s", texts[i]);
        cr_expect_null(xml_parse(str_of(texts[i]), true), "%s", texts[i]);
    }
}

Test(xml, invalid_utf8_is_not_well_formed)
{
    struct value value;
    cr_expect_not(as_value(STR("<r>\xff</r>"), &value));
    cr_expect_not(as_value(STR("<r a='\xc3'/>"), &value));
    cr_expect_not(as_value((struct str){"<r>\0</r>", 8}, &value));
}
