/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/lsp/scan.h"
#include <criterion/criterion.h>

static struct arena arena;
static void begin(void) { arena_init(&arena, NULL); }
static void end(void) { arena_fini(&arena); }
TestSuite(lsp_scan, .init = begin, .fini = end);

static const char *const states[] = {
    [STATE_SECTION] = "section",       [STATE_STATEMENT] = "statement", [STATE_BRACE] = "brace",
    [STATE_CONDITION] = "condition",   [STATE_NAMED] = "named",         [STATE_ASSIGN] = "assign",
    [STATE_EXPRESSION] = "expression", [STATE_REMOVED] = "removed",     [STATE_OPTION] = "option",
    [STATE_ARROW] = "arrow",           [STATE_VALUE] = "value",         [STATE_KEY] = "key"};

/* Scans a text whose cursor is a `|`, and says in words what is there: the state, what was read of the
 * expression, the plugin, its option, the key, the number of the item, the mark. */
static const char *describe(struct scan *scan, const char *marked, struct buf *out)
{
    const char *bar = strchr(marked, '|');
    cr_assert(bar, "%s", marked);
    struct buf text = {.arena = &arena};
    buf_append(&text, (struct str){marked, (size_t)(bar - marked)});
    buf_append_z(&text, bar + 1);
    scan_text(scan, buf_str(&text), (uint32_t)(bar - marked), &arena);
    const struct nesting *at = cursor_nesting(&scan->cursor);
    const struct scope *plugin = scan_plugin_of(scan, at->scope);
    buf_clear(out);
    if (scan->cursor.is_comment) buf_append_z(out, "comment ");
    buf_append_z(out, states[at->state]);
    if (at->has_operand) buf_append_z(out, " operand");
    if (at->wants_level) buf_append_z(out, " level");
    if (plugin) buf_printf(out, " %.*s", STR_ARG(scope_name(scan, plugin)));
    if (at->option != SCAN_NONE) buf_printf(out, ".%.*s", STR_ARG(mark_text(scan, &scan->marks[at->option])));
    if (at->key != SCAN_NONE) buf_printf(out, "{%.*s}", STR_ARG(mark_text(scan, &scan->marks[at->key])));
    if (at->item) buf_printf(out, " #%u", at->item);
    if (scan->cursor.mark != SCAN_NONE)
        buf_printf(out, " `%.*s`", STR_ARG(mark_text(scan, &scan->marks[scan->cursor.mark])));
    return buf_z(out);
}

static const struct {
    const char *marked, *place;
} rows[] = {
    {"|", "section"},
    {"fil|", "section `fil`"},
    {"input { } |", "section"},
    {"filter |{", "brace"},
    {"filter {|", "statement"},
    {"filter { gr|", "statement `gr`"},
    {"filter { grok | {", "brace"},
    {"filter { grok {|}", "option grok"},
    {"filter { grok { ma|tch => 1", "option grok `match`"},
    {"filter { grok { match |", "arrow grok.match"},
    {"filter { grok { match => |", "value grok.match"},
    {"filter { grok { match => { | } }", "key grok.match"},
    {"filter { grok { match => { \"mess|\" } }", "key grok.match `mess`"},
    {"filter { grok { match => { a => |", "value grok.match{a}"},
    {"filter { grok { match => { a => [\"x\", \"%{I|", "value grok.match{a} #1 `%{I`"},
    {"filter { grok { match => { \"a\" => \"b\" } | } }", "option grok.match"},
    {"filter { date { match => [ \"a\", | ] }", "value date.match #1"},
    {"filter { mutate { } | }", "statement"},
    {"output { stdout { codec => js| } }", "value stdout.codec `js`"},
    {"output { stdout { codec => json { | } } }", "option json"},
    {"output { stdout { codec => json { } | } }", "option stdout.codec"},
    {"filter { if |", "condition"},
    {"filter { if [a|", "condition `[a`"},
    {"filter { if [a][|", "condition `[a][`"},
    {"filter { if [a] |", "condition operand"},
    {"filter { if [a] and | {", "condition"},
    {"filter { if [a] in [\"x\", | {", "condition #1"},
    {"filter { if [a] =~ /x{|2}/ {", "condition `x{2}`"},
    {"filter { if ([a] or | {", "condition"},
    {"filter { if level >= |", "condition level"},
    {"filter { if level([f]) >= | {", "condition level"},
    {"filter { if [a] { | } }", "statement"},
    {"filter { if [a] { } else | { }", "brace"},
    {"filter { if [a] { } else if | { }", "condition"},
    {"filter { if [a] { } else { | }", "statement"},
    {"filter { [a] | = 1", "assign"},
    {"filter { [a] = |", "expression"},
    {"filter { [a] = [b] |", "expression operand"},
    {"filter { [a] = [b]\n  mu|", "statement `mu`"},
    {"filter { [a] = [b]\n  [c|", "statement `[c`"},
    {"filter { [a] = [b] +\n  |", "expression"},
    {"filter { [a] = split([b], |)", "expression #1"},
    {"filter { [a] = { \"x\" => | }", "expression{x}"},
    {"filter { [a] = { \"x\" => 1, | }", "key{x} #1"},
    {"filter { [a] = [b][|0] }", "expression `[b][0]`"},
    {"filter { remove [a], |", "removed #1"},
    {"filter { let |", "named"},
    {"filter { let x = |", "expression"},
    {"filter { for x in | { }", "condition"},
    {"filter { for x in [a] { | }", "statement"},
    {"filter { # if |\n", "comment statement"},
    {"filter { # if\n | }", "statement"},
    {"test | \"a b\" { }", "brace"},
    {"test \"a b\" { |", "option "},
    {"test \"a b\" { input => { \"a\" => | } }", "value .input{a}"},
    {"test \"a b\" { } |", "section"},
    {"filter { if [a] { test { |", "option test"},
    /* broken texts */
    {"filter {\n  if [a] {\ntest \"a\" {\n  |", "option "},
    {"filter {\n  grok {\n    match => { \"a\" => \"%{I|\n  }\n  date { }\n", "value grok.match{a} `%{I`"},
    {"filter {\n  mutate {\n    rename => { \"a\" => \"b\"\n  grok {\n    |", "option grok"},
    {"filter {\n  mutate {\n    ren\n    | }", "arrow mutate.ren"},
    {"filter {\n  mutate {\n    add_field =>\n    rename => |", "value mutate.rename"},
    {"filter {\n  if [a] {\n    grok {\nfilter {\n  |", "statement"},
    {"filter {\n  if [a] == \n  mutate { |", "option mutate"},
    {"filter { grok } | ", "section"},
    {"filter { } } | ", "section"},
    {"filter { if ([a] { | } }", "statement"},
    {"filter { grok { match => [ \"a\", \"b\" \n if [x] { |", "statement"},
};

Test(lsp_scan, says_what_can_stand_at_the_cursor)
{
    struct scan scan;
    struct buf out = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_str_eq(describe(&scan, rows[i].marked, &out), rows[i].place, "%s: %s", rows[i].marked, buf_z(&out));
    buf_fini(&out);
}

Test(lsp_scan, an_open_string_ends_with_its_line_and_the_rest_is_read)
{
    struct scan scan;
    struct buf out = {0};
    describe(&scan, "filter {\n grok { match => { \"a\" => \"%{IP \n } }\n mutate { add_tag => [\"x\"] }\n|}", &out);
    bool has_mutate = false;
    for (uint32_t i = 0; i < scan.scope_count; i++)
        has_mutate |= scan.scopes[i].kind == SCOPE_PLUGIN && str_eq_z(scope_name(&scan, &scan.scopes[i]), "mutate");
    cr_expect(has_mutate);
    buf_fini(&out);
}

Test(lsp_scan, scopes_deeper_than_the_limit_are_passed_over)
{
    struct scan scan;
    struct buf text = {.arena = &arena}, out = {0};
    buf_append_z(&text, "filter { mutate { a => ");
    for (int i = 0; i < 3 * SCAN_DEPTH_MAX; i++) buf_append_char(&text, '[');
    for (int i = 0; i < 3 * SCAN_DEPTH_MAX; i++) buf_append_char(&text, ']');
    buf_append_z(&text, " | } }");
    cr_expect_str_eq(describe(&scan, buf_z(&text), &out), "option mutate.a");
    buf_fini(&out);
}

Test(lsp_scan, marks_beyond_the_limit_are_left_out_and_the_cursor_is_found)
{
    struct scan scan;
    struct buf text = {.arena = &arena}, out = {0};
    buf_append_z(&text, "filter { mutate { ");
    for (int i = 0; i <= SCAN_MARKS_MAX; i++) buf_append_z(&text, "a ");
    buf_append_z(&text, "| } }");
    cr_expect(str_starts(str_of(describe(&scan, buf_z(&text), &out)), STR("arrow mutate")));
    cr_expect_eq(scan.mark_count, SCAN_MARKS_MAX);
    buf_fini(&out);
}
