/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include "pipelines/tap_print.h"

static struct tap_printer printer;
static struct buf out;
static void end(void)
{
    tap_printer_fini(&printer);
    buf_fini(&out);
}
TestSuite(tap_print, .fini = end);

#define HEAD(at_) "{\"pipeline\":\"main\",\"worker\":1,\"plugin\":\"p\",\"at\":\"" at_ "\",\"time\":\"T\","
#define IN(event_) HEAD("in") "\"id\":\"1-1\",\"event\":" event_ "}"
#define OUT(event_) HEAD("out") "\"id\":\"1-1\",\"event\":" event_ "}"

static const char *printed(const char *first, const char *second)
{
    cr_assert(tap_print_line(&printer, str_of(first), &out));
    if (second) cr_assert(tap_print_line(&printer, str_of(second), &out));
    return buf_z(&out);
}

Test(tap_print, shows_fields_one_a_line)
{
    cr_expect_str_eq(printed(HEAD("in") "\"event\":{\"a\":1,\"b\":{\"c\":\"x\",\"d\":{}},\"long\":[1,{\"k\":null}],\"n\":1.50}}", NULL),
                     "main/p in  T  worker 1\n"
                     "    a       1\n"
                     "    [b][c]  \"x\"\n"
                     "    [b][d]  {}\n"
                     "    long    [1,{\"k\":null}]\n"
                     "    n       1.50\n");
}

Test(tap_print, shows_what_a_plugin_changed)
{
    cr_expect_str_eq(printed(IN("{\"same\":1,\"old\":\"x\",\"gone\":{\"a\":1}}"), OUT("{\"same\":1,\"old\":\"y\",\"new\":true}")),
                     "main/p changed  T  worker 1\n"
                     "    same       1\n"
                     "  ~ old        \"x\" → \"y\"\n"
                     "  + new        true\n"
                     "  - [gone][a]  1\n");
}

Test(tap_print, says_what_was_not_changed_and_what_was_dropped_or_made)
{
    cr_expect_str_eq(printed(IN("{\"a\":1}"), OUT("{\"a\":1}")), "main/p unchanged  T  worker 1\n    a  1\n");
    buf_clear(&out);
    cr_expect_str_eq(printed(IN("{\"a\":1}"), OUT("null")), "main/p dropped  T  worker 1\n    a  1\n");
    buf_clear(&out);
    cr_expect_str_eq(printed(IN("{\"a\":1}"), HEAD("out") "\"id\":\"1-1\",\"child\":true,\"event\":{\"a\":2}}"),
                     "main/p made  T  worker 1\n  ~ a  1 → 2\n");
}

Test(tap_print, shows_what_is_behind_without_its_other_side)
{
    cr_expect_str_eq(printed(OUT("{\"a\":1}"), NULL), "main/p out  T  worker 1\n    a  1\n");
}

Test(tap_print, prints_nothing_that_a_terminal_obeys)
{
    cr_expect_str_eq(printed("{\"pipeline\":\"m\\u001b[2J\",\"worker\":0,\"plugin\":null,\"at\":\"in\",\"time\":\"T\",\"event\":"
                             "{\"k\\u009b\":\"\\u001b[31m\x7f\xc2\x9b ü\"}}", NULL),
                     "m\\u001b[2J in  T  worker 0\n    k\\u009b  \"\\u001b[31m\\u007f\\u009b ü\"\n");
}

Test(tap_print, colours_changes)
{
    printer.has_colours = true;
    cr_expect_str_eq(printed(IN("{\"a\":1}"), OUT("{\"b\":1}")),
                     "\x1b[1mmain/p changed\x1b[0m\x1b[2m  T  worker 1\x1b[0m\n"
                     "\x1b[32m  + b  1\x1b[0m\n\x1b[31m  - a  1\x1b[0m\n");
}

Test(tap_print, takes_nothing_else_for_an_event)
{
    static const char *const lines[] = {"", "{", "[]", "1", "{\"event\":1}", "{\"note\":\"started\"}", "\xff", "{\"event\":{}"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        cr_expect_not(tap_print_line(&printer, str_of(lines[i]), &out), "%s", lines[i]);
    cr_expect_eq(out.len, 0u);
}

Test(tap_print, words_notes)
{
    static const struct { const char *line, *text; bool has_ended; } rows[] = {
        {"{\"note\":\"started\",\"pipeline\":\"main\",\"plugin\":null,\"at\":\"out\",\"workers\":2,\"rate\":0}",
         "tailrace: behind main, 2 workers\n", false},
        {"{\"note\":\"started\",\"pipeline\":\"main\",\"plugin\":\"g\",\"at\":\"both\",\"workers\":1,\"rate\":100}",
         "tailrace: before and behind main/g, 1 worker, at most 100 events a second\n", false},
        {"{\"note\":\"not_shown\",\"passed\":9,\"shown\":1,\"not_shown\":{\"rate\":5,\"slow_watcher\":0,\"busy\":2,\"large\":1},"
         "\"where_failed\":3}",
         "tailrace: 9 events passed, 1 shown; not shown: 5 more than --rate in their second, 2 beyond what a tap may take of "
         "a worker, 1 larger than a tap shows; for 3 the condition cannot be evaluated\n", false},
        {"{\"note\":\"ended\",\"why\":\"limit\",\"passed\":9,\"shown\":9,\"not_shown\":{}}",
         "tailrace: ended: limit; 9 events passed, 9 shown\n", true},
        {"{\"note\":\"ended\"", "tailrace: 0 events passed, 0 shown\n", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool has_ended;
        buf_clear(&out);
        cr_expect(tap_print_note(str_of(rows[i].line), &has_ended, &out));
        cr_expect_str_eq(buf_z(&out), rows[i].text);
        cr_expect_eq(has_ended, rows[i].has_ended);
    }
    bool has_ended;
    cr_expect_not(tap_print_note(STR("{\"event\":{}}"), &has_ended, &out));
}
