/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/testing/test_report.h"
#include <assert.h>
#include "core/text/json.h"

struct test_counts test_counts(const struct test_list *tests)
{
    struct test_counts counts = {0};
    for (uint32_t i = 0; i < tests->count; i++) {
        counts.passed += tests->items[i].result == TEST_PASSED;
        counts.failed += tests->items[i].result == TEST_FAILED;
        counts.broken += tests->items[i].result == TEST_BROKEN;
    }
    return counts;
}

/* `web.test.conf:3`; cases of JSON files have no lines. */
static void draw_place(const struct test *test, struct buf *out)
{
    buf_append(out, test->file);
    if (test->line) buf_printf(out, ":%u", test->line);
}

/* ---- values, cut around the difference ---- */

static bool is_inside_character(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

static size_t first_difference(struct str a, struct str b)
{
    size_t at = 0;
    while (at < a.len && at < b.len && a.ptr[at] == b.ptr[at]) at++;
    while (at > 0 && at < a.len && is_inside_character(a.ptr[at])) at--;
    return at;
}

/* Where a text is cut so that byte `focus` is well within it. */
static size_t window_start(struct str text, size_t focus)
{
    if (text.len <= REPORT_VALUE_MAX || focus <= REPORT_VALUE_MAX / 2) return 0;
    size_t start = focus - REPORT_VALUE_MAX / 2;
    while (start > 0 && is_inside_character(text.ptr[start])) start--;
    return start;
}

/* So much of the text as is shown, with marks where it was cut, and a line end. */
static void draw_window(struct str text, size_t start, struct buf *out)
{
    assert(start <= text.len);
    size_t end = start + REPORT_VALUE_MAX < text.len ? start + REPORT_VALUE_MAX : text.len;
    while (end < text.len && is_inside_character(text.ptr[end])) end++;
    if (start) buf_append_z(out, "\xe2\x80\xa6");
    buf_append(out, str_slice(text, start, end));
    if (end < text.len) buf_append_z(out, "\xe2\x80\xa6");
    buf_append_char(out, '\n');
}

static void draw_spaces(size_t count, struct buf *out)
{
    while (count--) buf_append_char(out, ' ');
}

enum { LABEL_WIDTH = 21 }; /* up to the value */

static void draw_caret(struct str text, size_t start, size_t at, struct buf *out)
{
    size_t columns = LABEL_WIDTH + (start > 0);
    assert(start <= at && at <= text.len);
    for (size_t i = start; i < at; i++) columns += !is_inside_character(text.ptr[i]);
    draw_spaces(columns, out);
    buf_append_z(out, "^\n");
}

/* A caret stands under the first difference of two values that begin alike. */
static void draw_problem(const struct test_problem *problem, bool is_many, struct buf *out)
{
    struct str expected = problem->expected.ptr ? problem->expected : STR("nothing");
    struct str got = problem->got.ptr ? problem->got : STR("nothing");
    bool is_pair = problem->is_value && problem->expected.ptr && problem->got.ptr;
    size_t at = is_pair ? first_difference(expected, got) : 0;
    draw_spaces(8, out);
    if (is_many && problem->event) buf_printf(out, "event %u: ", problem->event);
    buf_printf(out, "%.*s\n", STR_ARG(problem->subject));
    buf_append_z(out, "          expected:  ");
    draw_window(expected, window_start(expected, at), out);
    buf_append_z(out, "          got:       ");
    draw_window(got, window_start(got, at), out);
    if (is_pair && at > 0 && at < got.len) draw_caret(got, window_start(got, at), at, out);
}

void report_test(const struct test *test, struct buf *out)
{
    static const char *const words[] = {"ok    ", "FAIL  ", "BROKEN"};
    buf_printf(out, "%s  ", words[test->result]);
    draw_place(test, out);
    buf_printf(out, ": %.*s\n", STR_ARG(test->name));
    if (test->result != TEST_FAILED) return;
    bool is_many = test->expected_count > 1 || test->input_count > 1;
    uint32_t shown =
        test->problem_count < TEST_PROBLEMS_MAX ? test->problem_count : TEST_PROBLEMS_MAX;
    for (uint32_t i = 0; i < shown; i++) is_many |= test->problems[i].event > 1;
    for (uint32_t i = 0; i < shown; i++) draw_problem(&test->problems[i], is_many, out);
    if (test->problem_count > shown)
        buf_printf(out, "        and %u more\n", test->problem_count - shown);
}

void report_counts(const struct test_counts *counts, struct buf *out)
{
    if (counts->broken) buf_printf(out, "%u broken, ", counts->broken);
    buf_printf(out, "%u passed, %u failed\n", counts->passed, counts->failed);
}

/* ---- coverage ---- */

static void draw_missed(const struct coverage_item *item, struct buf *out)
{
    struct line_column at = place_line(item->place);
    struct str line = at.text;
    while (line.len && is_blank(line.ptr[0])) line = str_from(line, 1);
    buf_printf(out, "  %.*s:%u:%u: %s\n      ", STR_ARG(item->place.source->name), at.line,
               at.column, item->what);
    draw_window(line, 0, out);
}

void report_coverage(const struct coverage *coverage, bool lists, struct buf *out)
{
    struct coverage_sum sum = coverage_sum(coverage);
    for (uint32_t i = 0; i < coverage->count && lists; i++)
        if (coverage_is_told(coverage, i)) draw_missed(&coverage->items[i], out);
    buf_printf(out, "coverage: %u %% (", coverage_percent(&sum));
    for (int i = 0; i < COVERAGE_KINDS; i++)
        buf_printf(out, "%s%s %u of %u", i ? ", " : "", coverage_kind_name((enum coverage_kind)i),
                   sum.reached[i], sum.all[i]);
    buf_append_z(out, ")\n");
}

/* ---- JSON ---- */

static void json_text(struct buf *out, const char *name, struct str text)
{
    buf_printf(out, ",\"%s\":", name);
    json_encode_string(text, out);
}

/* Values are JSON already. */
static void json_side(struct buf *out, const char *name, const struct test_problem *problem,
                      struct str text)
{
    if (!text.ptr) return;
    if (!problem->is_value) {
        json_text(out, name, text);
        return;
    }
    buf_printf(out, ",\"%s\":", name);
    buf_append(out, text);
}

void report_test_json(const struct test *test, struct buf *out)
{
    static const char *const words[] = {"passed", "failed", "broken"};
    buf_printf(out, "{\"result\":\"%s\"", words[test->result]);
    json_text(out, "file", test->file);
    if (test->line) buf_printf(out, ",\"line\":%u", test->line);
    json_text(out, "test", test->name);
    uint32_t shown =
        test->problem_count < TEST_PROBLEMS_MAX ? test->problem_count : TEST_PROBLEMS_MAX;
    for (uint32_t i = 0; i < shown; i++) {
        const struct test_problem *problem = &test->problems[i];
        buf_printf(out, "%s{\"event\":%u", i ? "," : ",\"problems\":[", problem->event);
        json_text(out, "subject", problem->subject);
        json_side(out, "expected", problem, problem->expected);
        json_side(out, "got", problem, problem->got);
        buf_append_char(out, '}');
    }
    buf_append_z(out, shown ? "]}\n" : "}\n");
}

static void json_missed(const struct coverage_item *item, bool is_first, struct buf *out)
{
    struct line_column at = place_line(item->place);
    buf_printf(out, "%s{\"line\":%u,\"column\":%u", is_first ? "" : ",", at.line, at.column);
    json_text(out, "file", item->place.source->name);
    json_text(out, "kind", str_of(coverage_kind_name(item->kind)));
    json_text(out, "what", str_of(item->what));
    buf_append_char(out, '}');
}

void report_sum_json(const struct test_counts *counts, const struct coverage *coverage,
                     struct buf *out)
{
    struct coverage_sum sum = coverage_sum(coverage);
    buf_printf(out, "{\"passed\":%u,\"failed\":%u,\"broken\":%u,\"coverage\":{\"percent\":%u",
               counts->passed, counts->failed, counts->broken, coverage_percent(&sum));
    for (int i = 0; i < COVERAGE_KINDS; i++)
        buf_printf(out, ",\"%s\":{\"reached\":%u,\"all\":%u}",
                   coverage_kind_name((enum coverage_kind)i), sum.reached[i], sum.all[i]);
    buf_append_z(out, ",\"missed\":[");
    bool is_first = true;
    for (uint32_t i = 0; i < coverage->count; i++) {
        if (!coverage_is_told(coverage, i)) continue;
        json_missed(&coverage->items[i], is_first, out);
        is_first = false;
    }
    buf_append_z(out, "]}}\n");
}

/* ---- JUnit ---- */

/* Characters that XML 1.0 cannot hold become `?`. */
static void xml_text(struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        switch (c) {
        case '<': buf_append_z(out, "&lt;"); break;
        case '>': buf_append_z(out, "&gt;"); break;
        case '&': buf_append_z(out, "&amp;"); break;
        case '"': buf_append_z(out, "&quot;"); break;
        default: buf_append_char(out, (unsigned char)c < 0x20 && c != '\n' && c != '\t' ? '?' : c);
        }
    }
}

static void junit_case(const struct test *test, struct buf *out)
{
    buf_append_z(out, "    <testcase classname=\"");
    xml_text(test->file, out);
    buf_append_z(out, "\" name=\"");
    xml_text(test->name, out);
    if (test->result == TEST_PASSED) {
        buf_append_z(out, "\"/>\n");
        return;
    }
    bool is_broken = test->result == TEST_BROKEN;
    struct buf text = {0};
    report_test(test, &text);
    buf_printf(out, "\">\n      <%s message=\"%s\">", is_broken ? "error" : "failure",
               is_broken ? "the configuration or the test is wrong"
                         : "what came out is not what was expected");
    xml_text(buf_str(&text), out);
    buf_printf(out, "</%s>\n    </testcase>\n", is_broken ? "error" : "failure");
    buf_fini(&text);
}

void report_junit(const struct test_list *tests, struct buf *out)
{
    struct test_counts counts = test_counts(tests);
    buf_printf(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"tailrace\" "
        "tests=\"%u\" failures=\"%u\" errors=\"%u\">\n",
        tests->count, counts.failed, counts.broken);
    for (uint32_t i = 0; i < tests->count; i++) junit_case(&tests->items[i], out);
    buf_append_z(out, "  </testsuite>\n</testsuites>\n");
}
