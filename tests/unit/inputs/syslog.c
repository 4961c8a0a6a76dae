/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "core/net/syslog_framer.h"
#include "tests/unit/support/net.h"

extern const struct input_type input_syslog;

static uint16_t begin(struct bench *bench, enum ecs ecs, const char *const *fields,
                      const struct bench_option *more)
{
    char port_text[BENCH_PORT_TEXT];
    uint16_t port = bench_free_port(0);
    bench_begin(bench, ecs, fields);
    struct bench_option options[8] = {{"port", bench_port_text(port_text, port)},
                                      {"timezone", "UTC"}};
    for (int i = 2; more && more->name; i++, more++) options[i] = *more;
    cr_assert_eq(bench_input(bench, &input_syslog, options), 0);
    return port;
}

static void expect(struct bench *bench, uint32_t count, const char *events)
{
    bench_wait_events(bench, count);
    cr_assert_str_eq(buf_z(&bench->events), events);
}

#define PLAIN_3164 "<86>Dec 10 2023 06:55:46 LabSZ sshd[24200]: Invalid user"
#define FULL_5424                                                                                  \
    "<165>1 2003-10-11T22:14:15.003Z host.example evntslog p-1 ID47 "                              \
    "[x@1 a=\"1\" b=\"q\\\"\\]\\\\z\" a=\"2\"][y@1] text"

Test(syslog_input, legacy_names)
{
    struct bench bench;
    const char *fields[] = {"@timestamp", "priority", "severity", "severity_label", "facility",
                            "facility_label", "timestamp", "logsource", "program", "pid", "host",
                            "tags", "log", NULL};
    int fd = bench_connect(begin(&bench, ECS_DISABLED, fields, NULL));
    bench_send(fd, STR(PLAIN_3164 "\r\nno syslog\n<14>bare\n"));
    bench_wait_events(&bench, 3);
    const char *all = buf_z(&bench.events);
    cr_assert(strstr(all,
                       "Invalid user|1702191346.000000000|86|6|Informational|10|"
                       "security/authorization|Dec 10 2023 06:55:46|LabSZ|sshd|24200|127.0.0.1|-|-\n"
                       "no syslog|") == all,
              "%s", all);
    cr_assert(strstr(all, "|13|5|Notice|1|user-level|-|-|-|-|127.0.0.1|"
                          "_grokparsefailure_sysloginput|-\nbare|"), "%s", all);
    cr_assert(strstr(all, "|14|6|Informational|1|user-level|-|-|-|-|127.0.0.1|-|-\n"), "%s", all);
    close(fd);
    bench_end(&bench);
}

Test(syslog_input, ecs_names)
{
    struct bench bench;
    const char *fields[] = {"@timestamp", "log", "host", "process", "service", "event", "timestamp",
                            "tags", NULL};
    int fd = bench_connect(begin(&bench, ECS_V8, fields, NULL));
    bench_send(fd, STR(PLAIN_3164 "\n" FULL_5424 "\n"));
    expect(&bench, 2,
           "Invalid user|1702191346.000000000|{syslog={priority=86;severity={code=6;"
           "name=Informational;};facility={code=10;name=security/authorization;};};}|"
           "{ip=127.0.0.1;hostname=LabSZ;}|{name=sshd;pid=24200;}|{type=system;}|"
           "{original=" PLAIN_3164 ";}|-|-\n"
           "text|1065910455.003000000|{syslog={priority=165;severity={code=5;name=Notice;};"
           "facility={code=20;name=local4;};version=1;appname=evntslog;procid=p-1;msgid=ID47;"
           "structured_data={x@1={a=1,2;b=q\"]\\z;};y@1={};};};}|"
           "{ip=127.0.0.1;hostname=host.example;}|{name=evntslog;}|{type=system;}|"
           "{original=" FULL_5424 ";}|-|-\n");
    close(fd);
    bench_end(&bench);
}

Test(syslog_input, options_of_labels_field_and_service)
{
    struct bench bench;
    const char *fields[] = {"facility_label", "severity_label", "facility", NULL};
    struct bench_option more[] = {{"facility_labels", "kern,user"}, {"severity_labels", "a,b"},
                                  {NULL, NULL}};
    int fd = bench_connect(begin(&bench, ECS_DISABLED, fields, more));
    bench_send(fd, STR("<9>x\n<16>y\n"));
    expect(&bench, 2, "x|user|b|1\ny|-|a|2\n");
    close(fd);
    bench_end(&bench);

    struct bench_option none[] = {{"use_labels", "false"}, {NULL, NULL}};
    fd = bench_connect(begin(&bench, ECS_DISABLED, fields, none));
    bench_send(fd, STR("<9>x\n"));
    expect(&bench, 1, "x|-|-|1\n");
    close(fd);
    bench_end(&bench);
}

#define OWN_LEGACY                                                                                 \
    "^<%{POSINT:priority}>%{TIMESTAMP_ISO8601:timestamp8601} %{WORD:program}: %{GREEDYDATA:message}"
#define OWN_ECS                                                                                    \
    "^<%{POSINT:[log][syslog][priority]:int}>%{TIMESTAMP_ISO8601:timestamp} "                      \
    "%{WORD:[process][name]}: %{GREEDYDATA:message}"

static const struct {
    const char *name, *pattern;
    enum ecs ecs;
    const char *sent, *expected; /* without @timestamp's column where it begins with `*` */
} patterns[] = {
    {"legacy", OWN_LEGACY, ECS_DISABLED, "<165>2020-02-29T12:00:00Z fw: up\r\n",
     "up|1582977600.000000000|165|5|Notice|20|local4|2020-02-29T12:00:00Z|2020-02-29T12:00:00Z|fw|"
     "-|-|-|-|-\n"},
    {"ECS", OWN_ECS, ECS_V8, "<165>2020-02-29T12:00:00Z fw: up\n",
     "up|1582977600.000000000|-|-|-|-|-|-|-|-|{name=fw;}|{syslog={priority=165;severity={code=5;"
     "name=Notice;};facility={code=20;name=local4;};};}|{original=<165>2020-02-29T12:00:00Z fw: up;}|"
     "{type=system;}|-\n"},
    {"no match", OWN_LEGACY, ECS_DISABLED, "<34>Oct 11 22:14:15 host app: x\n",
     "*<34>Oct 11 22:14:15 host app: x|13|5|Notice|1|user-level|-|-|-|-|-|-|-|"
     "_grokparsefailure_sysloginput\n"},
    {"no match, ECS", OWN_ECS, ECS_V1, "x\n",
     "*x|-|-|-|-|-|-|-|-|-|{syslog={priority=13;severity={code=5;name=Notice;};facility={code=1;"
     "name=user-level;};};}|{original=x;}|{type=system;}|_grokparsefailure_sysloginput\n"},
    {"a time that is none", "<%{POSINT:priority}>%{WORD:timestamp} %{GREEDYDATA:message}", ECS_DISABLED,
     "<8>soon x\n", "*x|8|0|Emergency|1|user-level|soon|-|-|-|-|-|-|_dateparsefailure\n"},
    {"a time that is none, ECS", "%{WORD:timestamp} %{GREEDYDATA:message}", ECS_V8, "soon x\n",
     "*x|-|-|-|-|-|-|-|-|-|{syslog={priority=13;severity={code=5;name=Notice;};facility={code=1;"
     "name=user-level;};};}|{original=soon x;}|{type=system;}|_dateparsefailure\n"},
    {"no message: the field stays", "<%{POSINT:priority}>", ECS_DISABLED, "<9>x\n",
     "*<9>x|9|1|Alert|1|user-level|-|-|-|-|-|-|-|-\n"},
    {"a priority beyond the labels", "<%{POSINT:priority}>", ECS_DISABLED, "<2000>x\n",
     "*<2000>x|2000|0|Emergency|250|-|-|-|-|-|-|-|-|-\n"},
    {"a priority that is no number", "<%{WORD:priority}>", ECS_DISABLED, "<high>x\n",
     "*<high>x|13|5|Notice|1|user-level|-|-|-|-|-|-|-|-\n"},
    {"a priority of many digits", "<%{WORD:priority}>", ECS_DISABLED, "<99999999999999999999>x\n",
     "*<99999999999999999999>x|13|5|Notice|1|user-level|-|-|-|-|-|-|-|-\n"},
    {"bytes that are no UTF-8", "<%{POSINT:priority}>%{GREEDYDATA:message}", ECS_DISABLED,
     "<9>\xff\xfe\n", "*\xff\xfe|9|1|Alert|1|user-level|-|-|-|-|-|-|-|-\n"},
};

/* Takes the second column, the time of arrival, out of a line. */
static void drop_time(char *line)
{
    char *from = strchr(line, '|'), *to = strchr(from + 1, '|');
    memmove(from, to, strlen(to) + 1);
}

Test(syslog_input, an_own_grok_pattern)
{
    const char *fields[] = {"@timestamp", "priority", "severity", "severity_label", "facility",
                            "facility_label", "timestamp", "timestamp8601", "program", "process",
                            "log", "event", "service", "tags", NULL};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct bench bench;
        struct bench_option more[] = {{"grok_pattern", patterns[i].pattern}, {NULL, NULL}};
        int fd = bench_connect(begin(&bench, patterns[i].ecs, fields, more));
        bench_send(fd, str_of(patterns[i].sent));
        cr_assert(bench_wait_events(&bench, 1), "%s", patterns[i].name);
        char line[1024];
        snprintf(line, sizeof line, "%s", buf_z(&bench.events));
        bool is_timeless = patterns[i].expected[0] == '*';
        if (is_timeless) drop_time(line);
        cr_assert_str_eq(line, patterns[i].expected + is_timeless, "%s:\n%s", patterns[i].name, line);
        close(fd);
        bench_end(&bench);
    }
}

Test(syslog_input, an_own_pattern_reads_times_without_a_year_in_the_locale)
{
    static const char *const forms[] = {"%b %d %H:%M:%S", "%b %e %H:%M:%S", ""};
    for (int i = 0; i < 3; i++) {
        struct bench bench;
        const char *fields[] = {"@timestamp", "tags", NULL};
        struct bench_option more[] = {{"grok_pattern", "^(?<timestamp>.{15}) %{GREEDYDATA:message}"},
                                      {i == 2 ? "locale" : NULL, "de"}, {NULL, NULL}};
        int fd = bench_connect(begin(&bench, ECS_DISABLED, fields, more));
        time_t now = time(NULL) - 3600;
        struct tm *utc = gmtime(&now);
        char sent[64], expected[64];
        strftime(sent, sizeof sent, forms[i], utc);
        if (i == 2) strcpy(sent, "Dez 10 00:00:00");
        snprintf(expected, sizeof expected, "x|%lld.000000000|-\n", (long long)now);
        bench_send(fd, str_of(strcat(sent, " x\n")));
        bench_wait_events(&bench, 1);
        const char *got = buf_z(&bench.events);
        if (i < 2)
            cr_assert_str_eq(got, expected, "%s", sent);
        else
            cr_assert(strstr(got, "|-\n"), "%s: %s", sent, got);
        close(fd);
        bench_end(&bench);
    }
}

Test(syslog_input, a_wrong_pattern_or_locale_is_refused)
{
    static const struct bench_option rows[] = {{"grok_pattern", "%{NO_SUCH_PATTERN:x}"},
                                               {"grok_pattern", "(["},
                                               {"locale", "xx"}};
    for (int i = 0; i < 3; i++) {
        struct bench bench;
        char port_text[BENCH_PORT_TEXT];
        bench_begin(&bench, ECS_DISABLED, NULL);
        struct bench_option options[] = {
            {"port", bench_port_text(port_text, bench_free_port(0))}, rows[i], {NULL, NULL}};
        cr_assert_eq(bench_input(&bench, &input_syslog, options), 1);
        cr_assert_eq(bench.diag.errors, 1, "row %d", i);
        bench_end(&bench);
    }
}

Test(syslog_input, udp_and_tcp_on_one_port)
{
    struct bench bench;
    const char *fields[] = {"priority", "program", "tags", NULL};
    uint16_t port = begin(&bench, ECS_DISABLED, fields, NULL);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    bench_send(fd, STR("<14>Oct 11 22:14:15 h app: by udp\n"));
    bench_send(fd, STR("<14>Oct 11 22:14:15 h app: two\nlines"));
    expect(&bench, 2, "by udp|14|app|-\ntwo\nlines|14|app|-\n");
    int other = bench_connect(port);
    buf_clear(&bench.events);
    bench_send(other, STR("<15>Oct 11 22:14:15 h app: by tcp\n"));
    expect(&bench, 3, "by tcp|15|app|-\n");
    close(fd);
    close(other);
    bench_end(&bench);
}

Test(syslog_input, a_taken_udp_port_is_refused_and_tcp_is_let_go)
{
    struct bench bench;
    char port_text[BENCH_PORT_TEXT];
    uint16_t port = bench_free_port(0);
    int taken = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    cr_assert_eq(bind(taken, (struct sockaddr *)&at, sizeof at), 0);
    bench_begin(&bench, ECS_DISABLED, NULL);
    struct bench_option options[] = {{"port", bench_port_text(port_text, port)}, {NULL, NULL}};
    cr_assert_eq(bench_input(&bench, &input_syslog, options), UV_EADDRINUSE);
    bench_end(&bench);
    close(taken);
    close(bench_listen(port));
}

/* ---- framing ---- */

struct framing_row { const char *name, *sent; uint32_t count; const char *expected; uint32_t errors; };
static const struct framing_row framings[] = {
    {"lines", "<1>a\n<2>b\r\n\n<3>c", 4, "a|1|-\nb|2|-\n|13|_grokparsefailure_sysloginput\nc|3|-\n", 0},
    {"counted", "4 <1>a4 <2>b7 <3>c\nd\n", 3, "a|1|-\nb|2|-\nc\nd|3|-\n", 0},
    {"counted, LF between", "4 <1>a\n4 <2>b\r\n5 <3>c\n", 3, "a|1|-\nb|2|-\nc|3|-\n", 0},
    {"a line that begins with a digit", "10 apples\n20 <pears>\n5 <1>ab\n", 3,
     "10 apples|13|_grokparsefailure_sysloginput\n20 <pears>|13|_grokparsefailure_sysloginput\n"
     "5 <1>ab|13|_grokparsefailure_sysloginput\n", 0},
    {"digits alone", "12345678901 <1>a\n", 1,
     "12345678901 <1>a|13|_grokparsefailure_sysloginput\n", 0},
    {"seven digits and no more", "1234567 x\n", 1, "1234567 x|13|_grokparsefailure_sysloginput\n", 0},
    {"a count that ends the stream", "42", 1, "42|13|_grokparsefailure_sysloginput\n", 0},
    {"a leading zero is no count", "04 <1>a\n", 1, "04 <1>a|13|_grokparsefailure_sysloginput\n", 0},
    {"garbage after a frame, then a frame", "4 <1>agarbage 5\n4 <2>b", 3,
     "a|1|-\ngarbage 5|13|_grokparsefailure_sysloginput\nb|2|-\n", 1},
    {"a line among frames", "4 <1>a<9>line\n4 <2>b", 3, "a|1|-\nline|9|-\nb|2|-\n", 1},
    {"half a frame at the end", "4 <1>a9 <2>b", 2, "a|1|-\nb|2|-\n", 0},
    {"a frame beyond the limit", "40 <1>456789012345678901234567890123456789x4 <2>b", 2,
     "45678901234567890123456789012|1|_line_cut\nb|2|-\n", 0},
    {"a frame of the limit", "32 <1>4567890123456789012345678901x4 <2>b", 2,
     "4567890123456789012345678901x|1|-\nb|2|-\n", 0},
    {"a NUL between", "4 <1>a", 1, "a|1|-\n", 0},
};

/* Feeds the text in two pieces, cut at `cut`, to a framer of its own connection. */
static void check_framing(struct bench *bench, uint16_t port, const struct framing_row *row,
                          size_t cut)
{
    size_t len = strlen(row->sent);
    uint32_t before = bench->event_count;
    uint64_t errors = counter_get(&bench->input.counters.errors);
    buf_clear(&bench->events);
    int fd = bench_connect(port);
    if (cut) bench_send(fd, (struct str){row->sent, cut});
    bench_turn(bench);
    bench_turn(bench);
    if (cut < len) bench_send(fd, (struct str){row->sent + cut, len - cut});
    close(fd);
    bench_wait(bench, bench->event_count - before >= row->count &&
                          counter_get(&bench->input.counters.connections) == 0);
    cr_assert_str_eq(buf_z(&bench->events), row->expected, "%s, cut at %zu:\n%s", row->name, cut,
                     buf_z(&bench->events));
    cr_assert_eq(counter_get(&bench->input.counters.errors) - errors, row->errors, "%s", row->name);
}

Test(syslog_input, both_framings_at_every_cut)
{
    struct bench bench;
    const char *fields[] = {"priority", "tags", NULL};
    struct bench_option more[] = {{"line_limit", "32"}, {NULL, NULL}};
    uint16_t port = begin(&bench, ECS_DISABLED, fields, more);
    for (size_t i = 0; i < sizeof framings / sizeof *framings; i++)
        for (size_t cut = 0; cut <= strlen(framings[i].sent); cut++)
            check_framing(&bench, port, &framings[i], cut);
    bench_end(&bench);
}

Test(syslog_input, a_pause_between_counted_frames_loses_nothing)
{
    struct bench bench;
    const char *fields[] = {"priority", NULL};
    int fd = bench_connect(begin(&bench, ECS_DISABLED, fields, NULL));
    bench.ingest.batch_events_max = 1;
    bench.pause_after = 1;
    bench_send(fd, STR("4 <1>a4 <2>b4 <3>c4 <4>"));
    cr_assert(bench_wait_events(&bench, 1));
    bench_send(fd, STR("d"));
    for (int i = 0; i < 3; i++) bench_turn(&bench);
    cr_assert_eq(bench.event_count, 1);
    bench_resume(&bench);
    expect(&bench, 4, "a|1\nb|2\nc|3\nd|4\n");
    close(fd);
    bench_end(&bench);
}

Test(syslog_input, the_limits_of_structured_data_are_kept_and_said)
{
    struct bench bench;
    const char *fields[] = {"tags", NULL};
    int fd = bench_connect(begin(&bench, ECS_DISABLED, fields, NULL));
    struct { int elements, params; bool is_over; } rows[] = {
        {64, 0, false}, {65, 0, true}, {1, 256, false}, {1, 257, true}};
    for (int i = 0; i < 4; i++) {
        struct buf line = {0};
        buf_append_z(&line, "<1>1 - - - - - ");
        for (int e = 0; e < rows[i].elements; e++) {
            buf_printf(&line, "[e%d", e);
            for (int p = 0; e == 0 && p < rows[i].params; p++) buf_printf(&line, " p%d=\"x\"", p);
            buf_append_z(&line, "]");
        }
        buf_append_z(&line, " m\n");
        buf_clear(&bench.events);
        bench_send(fd, buf_str(&line));
        expect(&bench, (uint32_t)i + 1, rows[i].is_over ? "m|_syslog_structured_data_limit\n" : "m|-\n");
        buf_fini(&line);
    }
    close(fd);
    bench_end(&bench);
}
