/* SPDX-License-Identifier: Apache-2.0 */
/* Two documents of an instance, one second apart, as a table. */
#include <criterion/criterion.h>
#include "pipelines/top_table.h"

static struct top_sample sample;
static struct buf out;
static void end(void)
{
    top_sample_fini(&sample);
    buf_fini(&out);
}
TestSuite(top_table, .fini = end);

static json_t *load(const char *text)
{
    json_error_t error;
    json_t *document = json_loads(text, 0, &error);
    cr_assert(document, "%s at %d", error.text, error.position);
    return document;
}

#define HEAD(up_, cpu_)                                                                            \
    "{\"name\":\"n\\u001b\",\"http_address\":\"127.0.0.1:9600\",\"status\":\"green\",\"ephemeral_id\":\"e\","     \
    "\"jvm\":{\"uptime_in_millis\":" up_ ",\"mem\":{\"heap_used_in_bytes\":12345678}},"                       \
    "\"process\":{\"cpu\":{\"total_in_millis\":" cpu_ "}},\"pipelines\":{"

#define PIPELINE(name_, in_, busy_, filters_, outputs_)                                            \
    "\"" name_ "\":{\"events\":{\"in\":" in_ ",\"out\":" in_ "},\"pipeline\":{\"workers\":2},\"books\":{\"in_flight\":7},"  \
    "\"activity\":{\"state\":\"running\",\"busy_in_nanos\":" busy_ ",\"paused_in_nanos\":0,\"paused_workers\":1,"  \
    "\"queued_batches\":3,\"waits_for\":\"es\",\"memory_used_in_bytes\":1500000,\"memory_limit_in_bytes\":67108864},"  \
    "\"plugins\":{\"inputs\":[],\"filters\":[" filters_ "],\"outputs\":[" outputs_ "]}}"

#define FILTER(id_, in_, failed_, ns_, more_)                                                      \
    "{\"id\":\"" id_ "\",\"name\":\"grok\",\"events\":{\"in\":" in_ "},\"outcome\":{\"matched\":0,\"failed\":" failed_   \
    ",\"cancelled\":0,\"created\":0,\"duration_in_nanos\":" ns_ "}" more_ "}"

#define OUTPUT(id_, sent_, flying_, full_)                                                         \
    "{\"id\":\"" id_ "\",\"name\":\"tcp\",\"delivery\":{\"sent\":" sent_ ",\"bytes\":0,\"in_flight\":" flying_             \
    ",\"full_in_nanos\":" full_ ",\"retries\":0,\"errors\":0,\"dropped\":0}}"

static const char *print(const char *before, const char *now, struct top_view view)
{
    top_sample_fini(&sample);
    sample = (struct top_sample){.before = before ? load(before) : NULL, .now = load(now), .seconds = before ? 1 : 0};
    if (!view.status) view.status = "";
    if (!view.keys) view.keys = "";
    buf_clear(&out);
    top_table_print(&sample, &view, &out);
    return buf_z(&out);
}

static const char before[] =
    HEAD("90061000", "1000") PIPELINE("main", "1000", "0", FILTER("cheap", "0", "0", "0", "") "," FILTER("dear", "0", "0", "0", ""),
                                     OUTPUT("es", "0", "0", "0") "," OUTPUT("file", "100", "0", "0")) "}}";
static const char now[] = HEAD("90062000", "1500") PIPELINE(
    "main", "13345", "1000000000",
    FILTER("cheap", "1000", "0", "100000", "") "," FILTER("dear", "12345", "5", "500000000", ""),
    OUTPUT("es", "0", "40", "2000000000") "," OUTPUT("file", "1100", "500", "0")) "}}";

Test(top_table, shows_what_happened_between_two_looks)
{
    cr_expect_str_eq(
        print(before, now, (struct top_view){.status = "PAUSED"}),
        "n\\u001b at 127.0.0.1:9600  green  up 1d 01:01:02  cpu 50%  memory 11.8M  PAUSED\n"
        "\n"
        "  PIPELINE                          STATE       IN/s   OUT/s   BUSY%  PAUSED%  IN FLIGHT  WAITS FOR         QUEUED"
        "  MEMORY     OF  WORKERS  PAUSED\n"
        "  main                              running    12.3k   12.3k    50.0      0.0          7  es                     3"
        "    1.4M  64.0M        2       1\n"
        "\n"
        "  FILTER                            TYPE        COST%     EACH  EVENTS/s  MATCHED%  FAILED/s  DROPPED/s  MADE/s\n"
        "  dear                              grok         25.0    41 us     12.3k       0.0         5          0       0\n"
        "  cheap                             grok          0.0   100 ns      1.0k       0.0         0          0       0\n"
        "  (outputs, branches)                            25.0\n"
        "\n"
        "  OUTPUT                            TYPE         SENT/s   BYTES/s  IN FLIGHT      LAG   FULL%  RETRIES/s  ERRORS  DROPPED\n"
        "  es                                tcp               0         0         40    stuck   100.0          0       0        0\n"
        "  file                              tcp            1.0k         0        500   500 ms     0.0          0       0        0\n"
        "\n");
}

Test(top_table, shows_no_rates_before_the_second_look)
{
    print(NULL, now, (struct top_view){.rows = 0});
    cr_expect(str_find(buf_str(&out), STR("  main                              running        -       -       -        -          7  es")) > 0);
    cr_expect(str_find(buf_str(&out), STR("cpu")) < 0);
}

Test(top_table, fits_the_screen)
{
    print(before, now, (struct top_view){.rows = 8, .columns = 31, .keys = "q quit", .has_colours = true});
    cr_expect_str_eq(buf_z(&out), "\x1b[1mn\\u001b at 127.0.0.1:9600  gree\x1b[0m\n\x1b[2mq quit\x1b[0m\n\n"
                                  "\x1b[7m  PIPELINE              STATE\x1b[0m\n\x1b[31m  main                  running\x1b[0m\n\n"
                                  "\x1b[7m  FILTER                TYPE\x1b[0m\n\x1b[31m  dear                  grok\x1b[0m\n");
}

Test(top_table, cuts_between_characters_and_long_ids)
{
    print(NULL, HEAD("1", "1") PIPELINE("ünïcödé-ünïcödé-ünïcödé", "0", "0", "", "") "}}", (struct top_view){.columns = 13});
    cr_expect(str_find(buf_str(&out), STR("\n  ünïcödé-ünï\n")) > 0, "%s", buf_z(&out));
    print(NULL, HEAD("1", "1") PIPELINE("ünïcödé-ünïcödé-ünïcödé-ünïcödé-ünïcödé", "0", "0", "", "") "}}", (struct top_view){.columns = 0});
    cr_expect(str_find(buf_str(&out), STR("\n  ünïcödé-ünïcödé-ünïcödé-ünïcödé-  running ")) > 0, "%s", buf_z(&out));
}

static const char two[] = HEAD("2000", "1") PIPELINE("idle", "0", "1", "", "") "," PIPELINE("busy", "0", "5", "", "") "}}";

Test(top_table, shows_the_plugins_of_the_selected_pipeline)
{
    print(two, two, (struct top_view){.has_one = true, .selected = 1});
    cr_expect(str_find(buf_str(&out), STR("\n  busy   ")) > 0 && str_find(buf_str(&out), STR("\n> idle   ")) > 0);
    cr_expect(str_find(buf_str(&out), STR("\npipeline idle\n")) > 0 && str_find(buf_str(&out), STR("pipeline busy")) < 0);
    struct top_view view = {.has_one = true, .selected = 2, .status = "", .keys = ""};
    buf_clear(&out);
    top_table_print(&sample, &view, &out);
    cr_expect_eq(view.selected, 0u);
}

#define PATTERNS(ns_) ",\"patterns\":[{\"pattern\":\"p0\",\"attempts\":" ns_ ",\"misses\":0,\"limits\":0,\"duration_in_nanos\":" ns_ "00}," \
    "{\"pattern\":\"p1\",\"attempts\":" ns_ ",\"misses\":" ns_ ",\"limits\":0,\"duration_in_nanos\":" ns_ "000}]"

Test(top_table, fits_the_patterns_times_into_their_filters)
{
    print(HEAD("1000", "0") PIPELINE("m", "0", "0", FILTER("g", "0", "0", "0", PATTERNS("1")), "") "}}",
          HEAD("2000", "0") PIPELINE("m", "0", "0", FILTER("g", "1000000", "0", "110000000", PATTERNS("1000000")), "") "}}",
          (struct top_view){.rows = 0});
    cr_expect(str_find(buf_str(&out), STR("  g                                    5.0   100 ns      1.0M     100.0          0  p1\n"
                                          "  g                                    0.5    10 ns      1.0M       0.0          0  p0\n")) > 0, "%s", buf_z(&out));
}

Test(top_table, survives_documents_of_another_shape)
{
    static const char *const texts[] = {"{}", "{\"pipelines\":{}}", "{\"pipelines\":{\"a\":1,\"b\":{\"plugins\":{\"filters\":{}}}}}",
                                        "{\"pipelines\":{\"a\":{\"plugins\":{\"filters\":[1,null,{\"id\":3}],\"outputs\":[[]]}}}}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        print(texts[i], texts[i], (struct top_view){.columns = 80});
}
