/* SPDX-License-Identifier: Apache-2.0 */
#include "core/option.h"
#include <criterion/criterion.h>
#include "core/option_value.h"
#include "core/text/buf.h"

struct inner {
    int64_t depth;
};
struct sample {
    bool enabled;
    int64_t port;
    double ratio;
    struct str name;
    struct secret password;
    struct duration timeout, pause;
    struct byte_size limit;
    struct choice mode;
    struct str_list hosts;
    struct path source;
    struct path_list fields;
    struct template target;
    struct template_list tags;
    struct template_pairs replace;
    struct str_pairs rename;
    struct config_option raw;
    struct inner inner;
};
static const char *const modes[] = {"client", "server", NULL};
static const struct option inner_rows[] = {
    OPTION_INT(struct inner, depth, .preset = "7", .min = 1, .help = "h"),
    OPTION_END,
};
static const struct option rows_of_sample[] = {
    OPTION_BOOL(struct sample, enabled, .preset = "true", .help = "h"),
    OPTION_INT(struct sample, port, .min = 1, .max = 65535, .preset = "5044", .help = "h"),
    OPTION_DOUBLE(struct sample, ratio, .help = "h"),
    OPTION_STRING(struct sample, name, .help = "h"),
    OPTION_SECRET(struct sample, password, .help = "h"),
    OPTION_DURATION(struct sample, timeout, .unit = "s", .preset = "90s", .help = "h"),
    OPTION_DURATION(struct sample, pause, .unit = "ms", .max = 60000000000, .help = "h"),
    OPTION_SIZE(struct sample, limit, .help = "h"),
    OPTION_CHOICE(struct sample, mode, .choices = modes, .preset = "server", .help = "h"),
    OPTION_STRINGS(struct sample, hosts, .preset = "[\"a\", \"b\"]", .max = 3, .help = "h"),
    OPTION_PATH(struct sample, source, .help = "h"),
    OPTION_PATHS(struct sample, fields, .help = "h"),
    OPTION_TEMPLATE(struct sample, target, .help = "h"),
    OPTION_TEMPLATES(struct sample, tags, .help = "h"),
    OPTION_TEMPLATE_PAIRS(struct sample, replace, .help = "h"),
    OPTION_PAIRS(struct sample, rename, .preset = "{ \"x\" => \"y\" }", .help = "h"),
    OPTION_RAW(struct sample, raw, .help = "h"),
    OPTION_GROUP(struct sample, inner, inner_rows),
    OPTION_END,
};

/* ---- a setting loaded alone ---- */

static struct arena arena;
static struct diag diag;
static struct sample sample;
static const struct source_text source = {{"t", 1}, {"x", 1}};
static void begin(void)
{
    arena_init(&arena, NULL);
    diag_init(&diag);
}
static void end(void)
{
    diag_fini(&diag);
    arena_fini(&arena);
}
TestSuite(option, .init = begin, .fini = end);

static struct config_value scalar(enum config_kind kind, const char *text)
{
    return (struct config_value){.kind = kind, .text = str_of(text), .place = {&source, 0, 1}};
}

static struct config_value string(const char *text) { return scalar(CONFIG_STRING, text); }
static struct config_value number(const char *text) { return scalar(CONFIG_NUMBER, text); }

/* An array, or a hash when `keys` are given. */
static struct config_value list(struct config_value *keys, struct config_value *items, uint32_t count)
{
    return (struct config_value){.kind = keys ? CONFIG_HASH : CONFIG_ARRAY, .keys = keys, .items = items,
                                 .count = count, .place = {&source, 0, 1}};
}

static bool load(const char *key, struct config_value value)
{
    static struct setting setting; /* `raw` keeps its address */
    setting = (struct setting){.key = str_of(key), .value = value, .key_place = {&source, 0, 1}};
    struct options_context context = {.diag = &diag, .arena = &arena, .section = "filter",
                                      .plugin = STR("sample"), .place = {&source, 0, 1}};
    memset(&sample, 0, sizeof sample);
    return options_load(rows_of_sample, &sample, key ? &setting : NULL, key ? 1 : 0, &context);
}

Test(option, fills_presets)
{
    struct options_context context = {.diag = &diag, .arena = &arena, .section = "filter",
                                      .plugin = STR("sample"), .place = {&source, 0, 1}};
    memset(&sample, 0, sizeof sample);
    cr_assert(options_load(rows_of_sample, &sample, NULL, 0, &context));
    cr_expect(sample.enabled);
    cr_expect_eq(sample.port, 5044);
    cr_expect_eq(sample.timeout.ns, 90000000000);
    cr_expect_eq(sample.mode.value, 1);
    cr_expect_eq(sample.hosts.count, 2);
    cr_expect(str_eq_z(sample.hosts.items[1], "b"));
    cr_expect_eq(sample.rename.count, 1);
    cr_expect(str_eq_z(sample.rename.items[0].value, "y"));
    cr_expect_eq(sample.inner.depth, 7);
    cr_expect_eq(sample.limit.bytes, 0);
}

Test(option, converts_whole_numbers)
{
    static const struct { enum config_kind kind; const char *text; bool is_right; int64_t port; } rows[] = {
        {CONFIG_NUMBER, "80", true, 80},    {CONFIG_NUMBER, "0644", true, 420}, {CONFIG_NUMBER, "08", false, 0},
        {CONFIG_NUMBER, "5.0", true, 5},    {CONFIG_NUMBER, "5.5", false, 0},   {CONFIG_STRING, "80", true, 80},
        {CONFIG_STRING, "080", false, 0},   {CONFIG_STRING, " 80", false, 0},   {CONFIG_STRING, "1e3", false, 0},
        {CONFIG_STRING, "", false, 0},      {CONFIG_BAREWORD, "ab", false, 0},  {CONFIG_NUMBER, "65535", true, 65535},
        {CONFIG_NUMBER, "65536", false, 0}, {CONFIG_NUMBER, "0", false, 0},     {CONFIG_NUMBER, "-1", false, 0},
        {CONFIG_NUMBER, "9223372036854775808", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(load("port", scalar(rows[i].kind, rows[i].text)), rows[i].is_right, "%s", rows[i].text);
        if (rows[i].is_right) cr_expect_eq(sample.port, rows[i].port, "%s", rows[i].text);
    }
    cr_expect(load("depth", number("3")) && sample.inner.depth == 3); /* of a group */
    cr_expect(!load("depth", number("0")));
}

Test(option, converts_numbers_booleans_and_text)
{
    cr_expect(load("ratio", number("1.5")) && sample.ratio == 1.5);
    cr_expect(load("ratio", string("2")) && sample.ratio == 2.0);
    cr_expect(!load("ratio", string("1.50")));
    cr_expect(load("ratio", number("1.")) && sample.ratio == 1.0);
    cr_expect(load("enabled", scalar(CONFIG_BAREWORD, "false")) && !sample.enabled);
    cr_expect(!load("enabled", string("True")));
    cr_expect(!load("enabled", number("1")));
    cr_expect(load("name", number("010")) && str_eq_z(sample.name, "8"));
    struct config_value one = string("x"), two[] = {string("x"), string("y")};
    cr_expect(load("name", list(NULL, &one, 1)) && str_eq_z(sample.name, "x"));
    cr_expect(!load("name", list(NULL, two, 2)));
    cr_expect(!load("name", list(NULL, NULL, 0)));
    cr_expect(load("password", string("s3cret")) && str_eq_z(sample.password.text, "s3cret"));
    struct config_value raw = string("r");
    cr_expect(load("raw", raw) && str_eq_z(sample.raw.value->text, "r"));
}

/* What is wrong with a secret is said without it. */
Test(option, never_prints_a_secret)
{
    struct config_value two[] = {string("hunter2"), string("y")};
    cr_assert(!load("password", list(NULL, two, 2)));
    for (uint32_t i = 0; i < diag.count; i++) {
        cr_expect(str_find(diag.messages[i].text, STR("hunter2")) < 0);
        cr_expect(str_find(diag.messages[i].hint, STR("hunter2")) < 0);
    }
}

Test(option, converts_durations_and_sizes)
{
    cr_expect(load("timeout", string("5m")) && sample.timeout.ns == 300000000000);
    cr_expect(load("timeout", number("2")) && sample.timeout.ns == 2000000000);
    cr_expect(load("timeout", string("0.5")) && sample.timeout.ns == 500000000);
    cr_expect(load("pause", number("250")) && sample.pause.ns == 250000000);
    cr_expect(load("pause", string("60 s")));
    cr_expect(!load("pause", string("61s")));
    cr_expect(!load("timeout", string("5 parsecs")));
    static const struct { const char *text; bool is_right; int64_t bytes; } rows[] = {
        {"512", true, 512},          {"180 mb", true, 180000000}, {"2KiB", true, 2048},
        {"10 MiB", true, 10485760},  {"1.5k", true, 1500},        {"1Gi", true, 1073741824},
        {"2 zb", false, 0},          {"kb", false, 0},            {"", false, 0},
        {"9223372036854775807", true, INT64_MAX},                 {"9223372036854775808", false, 0},
        {"9000000 tb", true, 9000000000000000000},                {"10000000 tb", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t bytes = 0;
        cr_expect_eq(byte_size_read(str_of(rows[i].text), false, &bytes), rows[i].is_right, "%s", rows[i].text);
        if (rows[i].is_right) cr_expect_eq(bytes, rows[i].bytes, "%s", rows[i].text);
    }
    /* of settings files */
    static const struct { const char *text; int64_t bytes; } binary[] = {
        {"64mb", 67108864}, {"1k", 1024}, {"1.5 KB", 1536}, {"2GiB", 2147483648}, {"1 p", 1125899906842624},
    };
    for (size_t i = 0; i < sizeof binary / sizeof *binary; i++) {
        int64_t bytes = 0;
        cr_expect(byte_size_read(str_of(binary[i].text), true, &bytes) && bytes == binary[i].bytes, "%s", binary[i].text);
    }
}

Test(option, converts_lists_and_pairs)
{
    struct config_value items[] = {string("a"), string("b"), string("a"), number("4")};
    struct config_value keys[] = {string("k"), string("l")};
    cr_expect(load("hosts", string("h")) && sample.hosts.count == 1);
    cr_expect(load("hosts", list(NULL, items, 3)) && sample.hosts.count == 3);
    cr_expect(!load("hosts", list(NULL, items, 4)), "more than its bound");
    cr_expect(load("rename", list(NULL, items, 4)) && sample.rename.count == 2);
    cr_expect(str_eq_z(sample.rename.items[0].name, "a") && str_eq_z(sample.rename.items[1].name, "a"));
    cr_expect(str_eq_z(sample.rename.items[1].value, "4"));
    cr_expect(!load("rename", list(NULL, items, 3)), "an odd number");
    struct config_value values[] = {list(NULL, items, 2), string("z")};
    cr_expect(load("rename", list(keys, values, 2)) && sample.rename.count == 3);
    cr_expect(str_eq_z(sample.rename.items[1].name, "k") && str_eq_z(sample.rename.items[1].value, "b"));
    cr_expect(load("replace", list(keys, values, 2)) && sample.replace.count == 2);
    cr_expect_eq(sample.replace.items[0].values.count, 2);
    cr_expect(sample.replace.items[0].has_path);
    struct config_value open = string("%{a}");
    cr_expect(load("replace", list(&open, values, 1)) && !sample.replace.items[0].has_path);
    cr_expect(load("fields", list(NULL, items, 2)) && sample.fields.count == 2);
    cr_expect(load("source", string("[a][b]")) && sample.source.count == 2);
    cr_expect(!load("source", string("[a")));
    cr_expect(load("tags", string("%{a}")) && sample.tags.count == 1);
    cr_expect(load("mode", string("client")) && sample.mode.value == 0);
    cr_expect(!load("mode", string("Client")));
}

Test(option, loads_two_tables_and_finds_rows_in_groups)
{
    struct inner other = {0};
    struct setting settings[] = {{.key = STR("depth"), .value = number("9"), .key_place = {&source, 0, 1}},
                                 {.key = STR("nope"), .value = number("9"), .key_place = {&source, 0, 1}}};
    struct options_context context = {.diag = &diag, .arena = &arena, .section = "filter",
                                      .plugin = STR("sample"), .place = {&source, 0, 1}};
    struct options_part parts[] = {{inner_rows, &other}, {rows_of_sample, &sample}};
    cr_expect(options_load_parts(parts, 2, settings, 1, &context));
    cr_expect_eq(other.depth, 9); /* the first table's */
    cr_expect(!options_load_parts(parts, 2, settings, 2, &context));
    cr_expect_eq(diag.errors, 1);
    cr_expect(!options_load(NULL, NULL, settings, 1, &context));
    cr_expect_not_null(option_find(rows_of_sample, STR("depth")));
    cr_expect_null(option_find(rows_of_sample, STR("inner")));
}
