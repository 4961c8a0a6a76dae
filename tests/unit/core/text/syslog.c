/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/syslog.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/text/time.h"
#include "core/text/buf.h"
#include "tests/unit/support/events.h"

/* The clock of all tables: 2024-10-20, UTC. */
static struct syslog_clock clock_at(const char *iso)
{
    struct syslog_clock clock = {0};
    int64_t seconds;
    uint32_t ns;
    cr_assert(time_parse_iso(str_of(iso), &seconds, &ns));
    syslog_clock_set(&clock, seconds);
    return clock;
}

static void add(struct buf *out, const char *name, struct str text)
{
    if (text.len) buf_printf(out, " %s=%.*s", name, STR_ARG(text));
}

/* All that was found, in one line. */
static void print(const struct syslog_message *message, struct buf *out)
{
    static const char *const kinds[] = {"none", "3164", "5424"};
    buf_printf(out, "%s %d", kinds[message->kind], message->priority);
    if (message->is_malformed) buf_append_z(out, " malformed");
    if (message->time == SYSLOG_TIME_BAD) buf_append_z(out, " badtime");
    if (message->time == SYSLOG_TIME_GOOD) {
        char iso[TIME_ISO_SIZE];
        buf_printf(out, " %.*s", (int)time_print_iso(message->seconds, message->ns, iso), iso);
    }
    add(out, "ts", message->timestamp);
    add(out, "version", message->version);
    add(out, "seq", message->sequence);
    add(out, "host", message->host);
    add(out, "app", message->program);
    add(out, "pid", message->pid);
    add(out, "msgid", message->message_id);
    add(out, "sd", message->structured_data);
    buf_printf(out, " | %.*s", STR_ARG(message->message));
}

struct row { const char *text, *expected; };
static const struct row rows[] = {
    /* RFC 3164, section 5.4 */
    {"<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
     "3164 34 2024-10-11T22:14:15.000Z ts=Oct 11 22:14:15 host=mymachine app=su"
     " | 'su root' failed for lonvick on /dev/pts/8"},
    {"Use the BFG!", "none -1 | Use the BFG!"},
    {"<165>Aug 24 05:34:00 CST 1987 mymachine myproc[10]: %% It's time to make the do-nuts.",
     "3164 165 2024-08-24T05:34:00.000Z ts=Aug 24 05:34:00 host=CST"
     " | 1987 mymachine myproc[10]: %% It's time to make the do-nuts."},
    {"<0>1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!",
     "3164 0 | 1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: "
     "That's All Folks!"},
    {"<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!",
     "3164 13 2024-02-05T17:32:18.000Z ts=Feb  5 17:32:18 host=10.0.0.99 | Use the BFG!"},
    /* days: one digit, a blank, a zero */
    {"<13>Feb 5 17:32:18 h a: x", "3164 13 2024-02-05T17:32:18.000Z ts=Feb 5 17:32:18 host=h app=a | x"},
    {"<13>Feb 05 17:32:18 h a: x",
     "3164 13 2024-02-05T17:32:18.000Z ts=Feb 05 17:32:18 host=h app=a | x"},
    /* priorities */
    {"<191>Feb  5 17:32:18 h a: x", "3164 191 2024-02-05T17:32:18.000Z ts=Feb  5 17:32:18 host=h app=a | x"},
    {"<192>Feb  5 17:32:18 h a: x", "none -1 | <192>Feb  5 17:32:18 h a: x"},
    {"<0013>x", "none -1 | <0013>x"},
    {"<>x", "none -1 | <>x"},
    {"<13x", "none -1 | <13x"},
    {"<13>", "3164 13 | "},
    {"<13>just text", "3164 13 | just text"},
    {"", "none -1 | "},
    /* no priority, as in a file; no host; no program; nothing behind the time */
    {"Feb  5 17:32:18 h a[7]: x", "3164 -1 2024-02-05T17:32:18.000Z ts=Feb  5 17:32:18 host=h app=a pid=7 | x"},
    {"<13>Feb  5 17:32:18 a[7]: x", "3164 13 2024-02-05T17:32:18.000Z ts=Feb  5 17:32:18 app=a pid=7 | x"},
    {"<13>Feb  5 17:32:18 su: x", "3164 13 2024-02-05T17:32:18.000Z ts=Feb  5 17:32:18 app=su | x"},
    {"<13>Feb  5 17:32:18 h last message repeated 2 times",
     "3164 13 2024-02-05T17:32:18.000Z ts=Feb  5 17:32:18 host=h | last message repeated 2 times"},
    {"<13>Feb  5 17:32:18", "3164 13 2024-02-05T17:32:18.000Z ts=Feb  5 17:32:18 | "},
    {"<13>Feb  5 17:32:18 h", "3164 13 2024-02-05T17:32:18.000Z ts=Feb  5 17:32:18 host=h | "},
    {"<13>Feb  5 17:32:18 fe80:: a: x",
     "3164 13 2024-02-05T17:32:18.000Z ts=Feb  5 17:32:18 host=fe80:: app=a | x"},
    /* programs */
    {"<86>Dec 10 06:55:46 LabSZ pam_unix(sshd:auth): check pass",
     "3164 86 2024-12-10T06:55:46.000Z ts=Dec 10 06:55:46 host=LabSZ app=pam_unix(sshd:auth)"
     " | check pass"},
    {"<6>Jul  1 09:00:55 h kernel[0]: x <0>: y",
     "3164 6 2024-07-01T09:00:55.000Z ts=Jul  1 09:00:55 host=h app=kernel pid=0 | x <0>: y"},
    {"<22>Jul  1 09:00:55 h postfix/smtpd[12]:x",
     "3164 22 2024-07-01T09:00:55.000Z ts=Jul  1 09:00:55 host=h app=postfix/smtpd pid=12 | x"},
    {"<22>Jul  1 09:00:55 h a.b[1] (c.d[2]): x",
     "3164 22 2024-07-01T09:00:55.000Z ts=Jul  1 09:00:55 host=h | a.b[1] (c.d[2]): x"},
    {"<22>Jul  1 09:00:55 h [12]: x", "3164 22 2024-07-01T09:00:55.000Z ts=Jul  1 09:00:55 host=h | [12]: x"},
    {"<22>Jul  1 09:00:55 h : x", "3164 22 2024-07-01T09:00:55.000Z ts=Jul  1 09:00:55 host=h | x"},
    {"<22>Jul  1 09:00:55 h a:  two blanks",
     "3164 22 2024-07-01T09:00:55.000Z ts=Jul  1 09:00:55 host=h app=a |  two blanks"},
    {"<22>Jul  1 09:00:55 <3.5> h a: x",
     "3164 22 2024-07-01T09:00:55.000Z ts=Jul  1 09:00:55 host=h app=a | x"},
    /* ISO times in RFC 3164's place */
    {"<13>2024-02-05T17:32:18.123456+02:00 h a[1]: x",
     "3164 13 2024-02-05T15:32:18.123456Z ts=2024-02-05T17:32:18.123456+02:00 host=h app=a pid=1"
     " | x"},
    {"<13>2024-02-05 17:32:18 h a: x",
     "3164 13 2024-02-05T17:32:18.000Z ts=2024-02-05 17:32:18 host=h app=a | x"},
    /* impossible times keep their fields */
    {"<13>Feb 30 17:32:18 h a: x", "3164 13 badtime ts=Feb 30 17:32:18 host=h app=a | x"},
    {"<13>Feb 29 17:32:18 h a: x",
     "3164 13 2024-02-29T17:32:18.000Z ts=Feb 29 17:32:18 host=h app=a | x"},
    {"<13>Feb  5 24:00:00 h a: x", "3164 13 badtime ts=Feb  5 24:00:00 host=h app=a | x"},
    {"<13>Jun 30 23:59:60 h a: x", "3164 13 2024-06-30T23:59:59.000Z ts=Jun 30 23:59:60 host=h app=a | x"},
    {"<13>Foo  5 17:32:18 h a: x", "3164 13 | Foo  5 17:32:18 h a: x"},
    /* Cisco: IOS, ASA, NX-OS */
    {"<189>29: *Mar  1 18:46:11.123: %SYS-5-CONFIG_I: Configured from console",
     "3164 189 2024-03-01T18:46:11.123Z ts=Mar  1 18:46:11.123 seq=29"
     " | %SYS-5-CONFIG_I: Configured from console"},
    {"<189>29: router1: .Mar  1 18:46:11.123 UTC: %LINK-3-UPDOWN: Interface up",
     "3164 189 2024-03-01T18:46:11.123Z ts=Mar  1 18:46:11.123 seq=29 host=router1"
     " | %LINK-3-UPDOWN: Interface up"},
    {"<189>router1: Mar  1 2023 18:46:11 EST: %LINK-3-UPDOWN: x",
     "3164 189 2023-03-01T18:46:11.000Z ts=Mar  1 2023 18:46:11 host=router1"
     " | %LINK-3-UPDOWN: x"},
    {"<166>Mar 01 2023 18:46:11 asa1 : %ASA-6-302013: Built inbound",
     "3164 166 2023-03-01T18:46:11.000Z ts=Mar 01 2023 18:46:11 host=asa1"
     " | %ASA-6-302013: Built inbound"},
    {"<166>:Mar 01 18:46:11: %ASA-6-302013: x",
     "3164 166 2024-03-01T18:46:11.000Z ts=Mar 01 18:46:11 | %ASA-6-302013: x"},
    {"<166>%ASA-6-106100: access-list", "3164 166 | %ASA-6-106100: access-list"},
    {"<189>29: not a time", "3164 189 | 29: not a time"},
    /* RFC 5424, section 6.5 */
    {"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xEF\xBB\xBF"
     "'su root' failed for lonvick on /dev/pts/8",
     "5424 34 2003-10-11T22:14:15.003Z ts=2003-10-11T22:14:15.003Z version=1"
     " host=mymachine.example.com app=su msgid=ID47 | 'su root' failed for lonvick on /dev/pts/8"},
    {"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the "
     "do-nuts.",
     "5424 165 2003-08-24T12:14:15.000003Z ts=2003-08-24T05:14:15.000003-07:00 version=1"
     " host=192.0.2.1 app=myproc pid=8710 | %% It's time to make the do-nuts."},
    {"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 "
     "[exampleSDID@32473 iut=\"3\" eventSource=\"Application\" eventID=\"1011\"] "
     "\xEF\xBB\xBF" "An application event log entry...",
     "5424 165 2003-10-11T22:14:15.003Z ts=2003-10-11T22:14:15.003Z version=1"
     " host=mymachine.example.com app=evntslog msgid=ID47"
     " sd=[exampleSDID@32473 iut=\"3\" eventSource=\"Application\" eventID=\"1011\"]"
     " | An application event log entry..."},
    {"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 "
     "[exampleSDID@32473 iut=\"3\" eventSource=\"Application\" eventID=\"1011\"]"
     "[examplePriority@32473 class=\"high\"]",
     "5424 165 2003-10-11T22:14:15.003Z ts=2003-10-11T22:14:15.003Z version=1"
     " host=mymachine.example.com app=evntslog msgid=ID47"
     " sd=[exampleSDID@32473 iut=\"3\" eventSource=\"Application\" eventID=\"1011\"]"
     "[examplePriority@32473 class=\"high\"] | "},
    /* RFC 5424: nothing known; nothing but the header; escapes; a broken element */
    {"<34>1 - - - - - -", "5424 34 version=1 | "},
    {"<34>1 - - - - - - ", "5424 34 version=1 | "},
    {"<34>1 - h a 1 m [x] text", "5424 34 version=1 host=h app=a pid=1 msgid=m sd=[x] | text"},
    {"<34>1 - h a 1 m [x y=\"\\\"\\\\\\]]\"] t",
     "5424 34 version=1 host=h app=a pid=1 msgid=m sd=[x y=\"\\\"\\\\\\]]\"] | t"},
    {"<34>1 - h a 1 m [x y=\"open] t", "5424 34 malformed version=1 | - h a 1 m [x y=\"open] t"},
    {"<34>1 - h a 1 m [x y] t", "5424 34 malformed version=1 | - h a 1 m [x y] t"},
    {"<34>1 - h a 1 m [] t", "5424 34 malformed version=1 | - h a 1 m [] t"},
    {"<34>1 - h a 1 m [x]t", "5424 34 malformed version=1 | - h a 1 m [x]t"},
    {"<34>1 - h a 1", "5424 34 malformed version=1 | - h a 1"},
    {"<34>1 2003-13-11T22:14:15Z h a 1 m - t",
     "5424 34 badtime ts=2003-13-11T22:14:15Z version=1 host=h app=a pid=1 msgid=m | t"},
    {"<34>1 text", "3164 34 | 1 text"},
    {"<34>0 - h a 1 m - t", "3164 34 | 0 - h a 1 m - t"},
};

static void check(const struct row *row, struct syslog_clock *clock)
{
    struct syslog_message message;
    struct buf out = {0};
    syslog_parse(str_of(row->text), clock, &message);
    print(&message, &out);
    cr_expect_str_eq(buf_z(&out), row->expected, "%s\n gives   %s\n and not %s", row->text,
                     buf_z(&out), row->expected);
    buf_fini(&out);
}

Test(syslog, every_form_is_read)
{
    struct syslog_clock clock = clock_at("2024-10-20T00:00:00Z");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) check(&rows[i], &clock);
}

Test(syslog, no_cut_of_any_form_reads_beyond_its_end)
{
    struct syslog_clock clock = clock_at("2024-10-20T00:00:00Z");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t len = 0; len <= strlen(rows[i].text); len++) {
            char *copy = malloc(len ? len : 1); /* its end is watched by the address sanitizer */
            memcpy(copy, rows[i].text, len);
            struct syslog_message message;
            syslog_parse((struct str){copy, len}, &clock, &message);
            cr_assert(len == 0 || message.message.ptr + message.message.len == copy + len);
            free(copy);
        }
    }
}

Test(syslog, a_time_without_year_is_near)
{
    static const struct { const char *now, *text, *expected; } years[] = {
        {"2024-12-31T23:59:59Z", "<1>Jan  1 00:00:00 h a: x", "2025-01-01T00:00:00.000Z"},
        {"2025-01-01T00:00:01Z", "<1>Dec 31 23:59:59 h a: x", "2024-12-31T23:59:59.000Z"},
        {"2024-11-30T00:00:00Z", "<1>Jan  1 00:00:00 h a: x", "2024-01-01T00:00:00.000Z"},
        {"2024-02-01T00:00:00Z", "<1>Dec 31 00:00:00 h a: x", "2024-12-31T00:00:00.000Z"},
    };
    for (size_t i = 0; i < sizeof years / sizeof *years; i++) {
        struct syslog_clock clock = clock_at(years[i].now);
        struct syslog_message message;
        char iso[TIME_ISO_SIZE];
        syslog_parse(str_of(years[i].text), &clock, &message);
        size_t len = time_print_iso(message.seconds, message.ns, iso);
        cr_expect(str_eq_z((struct str){iso, len}, years[i].expected), "%zu: %.*s", i, (int)len, iso);
    }
}

Test(syslog, times_without_zone_are_of_the_inputs_zone)
{
    struct syslog_clock clock = {0};
    cr_assert_eq(zone_find(STR("Europe/Paris"), &clock.zone), ZONE_FOUND);
    syslog_clock_set(&clock, 1729382400);
    check(&(struct row){"<1>Jul  1 12:00:00 h a: x",
                        "3164 1 2024-07-01T10:00:00.000Z ts=Jul  1 12:00:00 host=h app=a | x"},
          &clock);
    check(&(struct row){"<1>Jan  1 12:00:00 h a: x",
                        "3164 1 2024-01-01T11:00:00.000Z ts=Jan  1 12:00:00 host=h app=a | x"},
          &clock);
}

Test(syslog, escapes_of_structured_data_are_resolved)
{
    static const struct row escapes[] = {
        {"plain", "plain"}, {"\\\"", "\""}, {"\\\\", "\\"}, {"\\]", "]"},
        {"\\n", "\\n"}, {"a\\", "a\\"}, {"\\\\\\\"\\]x", "\\\"]x"}, {"", ""},
    };
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        char out[64];
        size_t len = syslog_unescape(str_of(escapes[i].text), out);
        cr_expect(str_eq_z((struct str){out, len}, escapes[i].expected), "%s", escapes[i].text);
    }
}

Test(syslog, terminators_are_trimmed_once)
{
    static const struct row ends[] = {
        {"a", "a"}, {"a\n", "a"}, {"a\r\n", "a"}, {"a\r", "a"}, {"a\n\n", "a\n"}, {"\n", ""}, {"", ""},
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        cr_expect(str_eq_z(syslog_trim(str_of(ends[i].text)), ends[i].expected), "%zu", i);
    cr_expect(str_eq_z(syslog_trim(STR("a\0\0")), "a"));
    cr_expect(str_eq_z(syslog_trim(STR("a\r\n\0")), "a"));
}

/* Every line of real machines has a time, a host, and a program or none. */
Test(syslog, real_lines_have_time_host_and_program)
{
    static const struct { const char *file; int most_without_program; } files[] = {
        {"data/loghub_linux.log", 20}, {"data/loghub_openssh.log", 0}, {"data/loghub_mac.log", 132}};
    struct syslog_clock clock = clock_at("2024-10-20T00:00:00Z");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *path = scene_shared(files[i].file);
        FILE *file = path ? fopen(path, "r") : NULL;
        if (!file) cr_skip_test("the shared data is not here");
        char line[8192];
        int lines = 0, without_program = 0;
        while (fgets(line, sizeof line, file)) {
            struct syslog_message message;
            syslog_parse(syslog_trim(str_of(line)), &clock, &message);
            cr_assert_eq(message.kind, SYSLOG_3164, "%s", line);
            cr_assert_eq(message.time, SYSLOG_TIME_GOOD, "%s", line);
            cr_assert(message.host.len, "%s", line);
            lines++;
            without_program += message.program.len == 0;
        }
        fclose(file);
        cr_assert(lines >= 1000, "%d", lines);
        cr_assert(without_program <= files[i].most_without_program, "%s: %d", files[i].file,
                  without_program);
    }
}
