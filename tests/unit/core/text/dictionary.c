/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/dictionary.h"
#include <criterion/criterion.h>
#include <stdio.h>

static struct arena arena;
static struct buf problem;
static struct dictionary *dictionary;
static void begin(void) { arena_init(&arena, NULL); }
static void end(void)
{
    dictionary_destroy(dictionary);
    buf_fini(&problem);
    arena_fini(&arena);
}
TestSuite(dictionary, .init = begin, .fini = end);

static bool add(const char *key, const char *value)
{
    struct value text = value_string(str_of(value));
    return dictionary_add(dictionary, str_of(key), &text);
}

static const char *found(const char *text)
{
    struct value subject = value_string(str_of(text));
    const struct value *value = dictionary_find(dictionary, &subject);
    return value ? arena_copy_z(&arena, value_text(value)) : NULL;
}

Test(dictionary, a_key_given_again_keeps_its_place)
{
    dictionary = dictionary_create(DICTIONARY_REGEX);
    add("a", "1");
    add(".", "2");
    add("a", "3");
    cr_assert(dictionary_finish(dictionary, &problem));
    cr_expect_eq(dictionary_count(dictionary), 2);
    cr_expect_str_eq(found("xa"), "3");
    cr_expect_str_eq(found("x"), "2");
    cr_expect_null(found(""));
}

Test(dictionary, merging_keeps_what_is_there)
{
    struct dictionary *other = dictionary_create(DICTIONARY_EXACT);
    dictionary = other;
    add("a", "old");
    add("b", "old");
    dictionary = dictionary_create(DICTIONARY_EXACT);
    add("b", "new");
    cr_assert(dictionary_merge(dictionary, other));
    dictionary_destroy(other);
    cr_assert(dictionary_finish(dictionary, &problem));
    cr_expect_str_eq(found("a"), "old");
    cr_expect_str_eq(found("b"), "new");
}

Test(dictionary, has_at_most_so_many_entries)
{
    char key[16];
    dictionary = dictionary_create(DICTIONARY_EXACT);
    for (int i = 0; i < DICTIONARY_ENTRIES_MAX; i++) {
        snprintf(key, sizeof key, "%d", i);
        cr_assert(add(key, "x"));
    }
    cr_expect_not(add("one more", "x"));
    cr_expect(add("7", "seven"), "one that is there already may change");
    cr_assert(dictionary_finish(dictionary, &problem));
    cr_expect_str_eq(found("7"), "seven");
    cr_expect_str_eq(found("1048575"), "x");
}

Test(dictionary, a_file_of_more_entries_is_refused)
{
    struct buf text = {0};
    dictionary = dictionary_create(DICTIONARY_EXACT);
    for (int i = 0; i <= DICTIONARY_ENTRIES_MAX; i++) buf_printf(&text, "%d,x\n", i);
    cr_expect_not(dictionary_read(dictionary, buf_str(&text), DICTIONARY_CSV, &problem));
    cr_expect_str_eq(buf_z(&problem), "it has more than 1048576 entries");
    buf_fini(&text);
}

Test(dictionary, has_at_most_so_many_expressions)
{
    char key[16];
    for (int more = 0; more < 2; more++) {
        dictionary_destroy(dictionary);
        dictionary = dictionary_create(DICTIONARY_REGEX);
        for (int i = 0; i < DICTIONARY_REGEXES_MAX + more; i++) {
            snprintf(key, sizeof key, "k%d$", i);
            add(key, "x");
        }
        cr_expect_eq(dictionary_finish(dictionary, &problem), !more);
    }
    cr_expect_str_eq(buf_z(&problem), "it has more than 10000 expressions");
}

Test(dictionary, parts_replace_at_each_place_the_first_in_order)
{
    static const char *const rows[][2] = {
        {"", NULL}, {"zz", NULL}, {"a", "1"}, {"aa", "11"}, {"ab", "1b"}, {"xbax", "x2x"}, {"ba", "2"}, {"é", "e"}, {"zéz", "zez"},
    };
    dictionary = dictionary_create(DICTIONARY_PARTS);
    add("a", "1");
    add("ab", "never");
    add("ba", "2");
    add("", "nowhere");
    add("\xC3\xA9", "e");
    cr_assert(dictionary_finish(dictionary, &problem));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str out;
        enum dictionary_verdict verdict = dictionary_replace(dictionary, str_of(rows[i][0]), &arena, &out);
        cr_expect_eq(verdict, rows[i][1] ? DICTIONARY_REPLACED : DICTIONARY_UNCHANGED, "%s", rows[i][0]);
        if (rows[i][1]) cr_expect(str_eq_z(out, rows[i][1]), "%s: %.*s", rows[i][0], STR_ARG(out));
    }
}

Test(dictionary, what_grows_beyond_the_memory_of_a_batch_is_not_made)
{
    char *many = arena_alloc(&arena, 1 << 20);
    memset(many, 'a', 1 << 20);
    struct str out;
    dictionary = dictionary_create(DICTIONARY_PARTS);
    add("a", "0123456789012345678901234567890123456789");
    cr_assert(dictionary_finish(dictionary, &problem));
    cr_expect_eq(dictionary_replace(dictionary, (struct str){many, 1 << 20}, &arena, &out), DICTIONARY_MEMORY);
}

Test(dictionary, texts_that_are_none)
{
    static const struct {
        enum dictionary_format format;
        const char *text, *problem;
    } rows[] = {
        {DICTIONARY_YAML, "a: 1\nb: [", "line 2: not valid YAML: a value is missing"},
        {DICTIONARY_YAML, "- a", "line 1: `key: value` is expected"},
        {DICTIONARY_YAML, "a: &x 1\nb: *x", "line 2: aliases are not supported here (put a text that begins with * in quotes)"},
        {DICTIONARY_JSON, "{\"a\": 1,}", "line 1, column 9: not valid JSON"},
        {DICTIONARY_JSON, "", "line 1, column 0: not valid JSON"},
        {DICTIONARY_JSON, "\"a\"", "a JSON object is expected"},
        {DICTIONARY_CSV, "a,b\n\"c,d\n", "line 2: a quote is not closed, or stands within a field"},
        {DICTIONARY_CSV, "a,b\"c", "line 1: a quote is not closed, or stands within a field"},
        {DICTIONARY_CSV, "\"a\"b,c", "line 1: a quote is not closed, or stands within a field"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        dictionary_destroy(dictionary);
        dictionary = dictionary_create(DICTIONARY_EXACT);
        buf_clear(&problem);
        cr_expect_not(dictionary_read(dictionary, str_of(rows[i].text), rows[i].format, &problem), "%s", rows[i].text);
        cr_expect_str_eq(buf_z(&problem), rows[i].problem, "%s: %s", rows[i].text, buf_z(&problem));
    }
}

Test(dictionary, empty_texts_and_byte_order_marks)
{
    dictionary = dictionary_create(DICTIONARY_EXACT);
    cr_expect(dictionary_read(dictionary, STR(""), DICTIONARY_YAML, &problem));
    cr_expect(dictionary_read(dictionary, STR(""), DICTIONARY_CSV, &problem));
    cr_expect(dictionary_read(dictionary, STR("{}"), DICTIONARY_JSON, &problem));
    cr_expect_eq(dictionary_count(dictionary), 0);
    cr_expect(dictionary_read(dictionary, STR("\xEF\xBB\xBF" "a,1\r\n\r\nb,2\r\n"), DICTIONARY_CSV, &problem));
    cr_expect(dictionary_finish(dictionary, &problem));
    cr_expect_str_eq(found("a"), "1");
    cr_expect_str_eq(found("b"), "2");
}

Test(dictionary, empty_keys_are_keys)
{
    dictionary = dictionary_create(DICTIONARY_EXACT);
    struct value nothing = value_string((struct str){0});
    cr_expect(dictionary_read(dictionary, STR("\"\",one\n\"\",two\n"), DICTIONARY_CSV, &problem));
    cr_expect(dictionary_finish(dictionary, &problem));
    cr_expect_eq(dictionary_count(dictionary), 1);
    cr_expect_str_eq(found(""), "two");
    cr_expect_not_null(dictionary_find(dictionary, &nothing));
}
