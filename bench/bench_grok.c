/* SPDX-License-Identifier: Apache-2.0 */
/* What a line costs in grok: 20 patterns of an ssh server as one matcher, beside the loop that tries one
 * after the other, and misses of one pattern. Each line is matched and stored into an event.
 *
 *     bench_grok [FILE]             nanoseconds a line, the least of several rounds; FILE instead of the
 *                                   lines made here, for the rows of 20 patterns
 *     bench_grok callgrind [FILE]   instructions a line, by valgrind
 *     bench_grok row N [FILE]       that one alone, as valgrind runs it */
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "core/event/batch.h"
#include "core/text/grok_list.h"
#include "core/text/utf8.h"

enum { PATTERNS = 20, LINES_MADE = 2000, LINES_MAX = 100000, ROUNDS = 30, ROUNDS_COUNTED = 2 };

#define HEAD "^%{SYSLOGTIMESTAMP:timestamp} %{SYSLOGHOST:host} sshd\\[%{POSINT:pid}\\]: "
static const char *const patterns[PATTERNS] = {
    HEAD "Accepted %{WORD:method} for %{USERNAME:user} from %{IP:ip} port %{INT:port} ssh2",
    HEAD "Failed %{WORD:method} for invalid user %{USERNAME:user} from %{IP:ip} port %{INT:port} ssh2",
    HEAD "Failed %{WORD:method} for %{USERNAME:user} from %{IP:ip} port %{INT:port} ssh2",
    HEAD "Invalid user %{USERNAME:user} from %{IP:ip}",
    HEAD "input_userauth_request: invalid user %{DATA:user} \\[preauth\\]",
    HEAD "Connection closed by %{IP:ip} \\[preauth\\]",
    HEAD "Connection closed by %{IP:ip}",
    HEAD "Received disconnect from %{IP:ip}: %{INT:code}: %{DATA:reason} \\[preauth\\]",
    HEAD "Received disconnect from %{IP:ip}: %{INT:code}: %{GREEDYDATA:reason}",
    HEAD "error: Received disconnect from %{IP:ip}: %{INT:code}: %{GREEDYDATA:reason}",
    HEAD "reverse mapping checking getaddrinfo for %{HOSTNAME:name} \\[%{IP:ip}\\] failed",
    HEAD "Did not receive identification string from %{IP:ip}",
    HEAD "pam_unix\\(sshd:auth\\): authentication failure; .* rhost=%{IPORHOST:rhost}(?: +user=%{USERNAME:user})?",
    HEAD "pam_unix\\(sshd:auth\\): check pass; user unknown",
    HEAD "pam_unix\\(sshd:session\\): session %{WORD:state} for user %{USERNAME:user}",
    HEAD "PAM %{INT:count} more authentication failures?; .* rhost=%{IPORHOST:rhost}",
    HEAD "PAM service\\(sshd\\) ignoring max retries; %{INT:count} > %{INT:most}",
    HEAD "Disconnecting: %{DATA:reason} \\[preauth\\]",
    HEAD "message repeated %{INT:times} times: \\[ %{DATA:repeated}\\]",
    HEAD "fatal: %{GREEDYDATA:reason}",
};

/* Of each kind as many as such a log has, roughly; %1$u … are numbers. */
static const struct { const char *text; uint32_t share; } lines_made[] = {
    {"pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=187.141.%u.%u  user=root", 25},
    {"Received disconnect from 187.141.%u.%u: 11: Bye Bye [preauth]", 21},
    {"Failed password for root from 187.141.%u.%u port 38926 ssh2", 19},
    {"pam_unix(sshd:auth): check pass; user unknown", 7},
    {"input_userauth_request: invalid user webmaster%u [preauth]", 6},
    {"Invalid user webmaster from 187.141.%u.%u", 6},
    {"reverse mapping checking getaddrinfo for ns%u.example.com [187.141.14.%u] failed - POSSIBLE BREAK-IN ATTEMPT!", 4},
    {"Failed password for invalid user admin from 187.141.%u.%u port 22 ssh2", 4},
    {"error: Received disconnect from 187.141.%u.%u: 14: No more user authentication methods available. [preauth]", 2},
    {"Connection closed by 187.141.%u.%u [preauth]", 2},
    {"Did not receive identification string from 187.141.%u.%u", 1},
    {"Accepted publickey for ann from 187.141.%u.%u port 49116 ssh2", 1},
    {"pam_unix(sshd:session): session opened for user ann by (uid=%u)", 1},
    {"Server listening on :: port %u.", 1},
};

static const char ACCESS_HEAD[] = "83.149.9.216 - ann [17/May/2015:10:05:03 +0000] \"GET /presentations/kibana-search.png HTTP/1.1\" 200 "
                                  "203023 \"http://example.com/presentations/\" \"Mozilla/5.0 (Macintosh)";
static const char FOREIGN[] = "081109 203615 148 INFO dfs.DataNode$PacketResponder: PacketResponder 1 for block blk_38865049064139660 terminating";

enum way { WAY_PCRE2, WAY_LOOP, WAY_LIST };
static const struct row {
    const char *name;
    enum way way;
    const char *pattern, *line; /* NULL: the 20 patterns, all lines */
} rows[] = {
    {"20 patterns of an ssh server, PCRE2 alone in a loop", WAY_PCRE2, NULL, NULL},
    {"… loop, each behind its required bytes", WAY_LOOP, NULL, NULL},
    {"… as one list", WAY_LIST, NULL, NULL},
    {"a miss without the required bytes, ^%{COMBINEDAPACHELOG}", WAY_LOOP, "^%{COMBINEDAPACHELOG}", FOREIGN},
    {"… %{COMBINEDAPACHELOG}", WAY_LOOP, "%{COMBINEDAPACHELOG}", FOREIGN},
    {"… ^%{SYSLOGBASE} Failed password", WAY_LOOP, "^%{SYSLOGBASE} Failed password for %{USER:user}", FOREIGN},
    {"a miss at the line's start, ^%{TIMESTAMP_ISO8601} %{LOGLEVEL} …", WAY_LOOP, "^%{TIMESTAMP_ISO8601:t} %{LOGLEVEL:l} %{GREEDYDATA:m}", FOREIGN},
    {"… ^%{SYSLOGBASE} %{GREEDYDATA}", WAY_LOOP, "^%{SYSLOGBASE} %{GREEDYDATA:m}", FOREIGN},
    {"a near miss, the last quote cut, ^%{COMBINEDAPACHELOG}", WAY_LOOP, "^%{COMBINEDAPACHELOG}", ACCESS_HEAD},
};
enum { ROW_COUNT = sizeof rows / sizeof *rows };

struct bench {
    struct arena arena;
    struct grok *groks[PATTERNS];
    uint32_t count;
    struct grok_list *list;
    pcre2_code *codes[PATTERNS];
    pcre2_match_data *data;
    struct str lines[LINES_MAX];
    uint32_t line_count;
    uint64_t hits;
};
static struct bench bench;

static void pattern_add(const struct grok_library *library, struct str pattern)
{
    struct grok_problem problem;
    struct translation translation;
    struct regex_problem reason;
    int code;
    size_t offset;
    struct grok *grok = grok_compile(library, pattern, &(struct grok_options){.named_only = true}, &bench.arena, &problem);
    if (!grok || !regex_translate(&translation, regex_pattern(grok->regex), &grok_regex_options, (struct regex_kind){.is_utf = false}, &reason)) exit(1);
    pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)translation.text.ptr, translation.text.len, PCRE2_MULTILINE | PCRE2_DOTALL, &code, &offset, NULL);
    if (!compiled || pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE)) exit(1);
    translation_fini(&translation);
    bench.codes[bench.count] = compiled;
    bench.groks[bench.count++] = grok;
}

static void lines_make(void)
{
    uint32_t random = 1, shares = 0;
    for (size_t i = 0; i < sizeof lines_made / sizeof *lines_made; i++) shares += lines_made[i].share;
    for (; bench.line_count < LINES_MADE; bench.line_count++) {
        random = random * 1664525 + 1013904223;
        uint32_t share = (random >> 8) % shares, kind = 0;
        while (share >= lines_made[kind].share) share -= lines_made[kind++].share;
        struct buf text = {0};
        buf_printf(&text, "Dec 10 06:55:%02u LabSZ sshd[%u]: ", random % 60, 1000 + (random >> 4) % 30000);
        buf_printf(&text, lines_made[kind].text, (random >> 3) % 250, (random >> 11) % 250);
        bench.lines[bench.line_count] = arena_copy(&bench.arena, buf_str(&text));
        buf_fini(&text);
    }
}

static void lines_read(const char *name)
{
    FILE *file = fopen(name, "rb");
    if (!file) exit(2);
    char text[65536];
    while (bench.line_count < LINES_MAX && fgets(text, sizeof text, file))
        bench.lines[bench.line_count++] = arena_copy(&bench.arena, (struct str){text, strcspn(text, "\r\n")});
    fclose(file);
}

static void begin(const struct row *row, const char *file)
{
    struct grok_library library;
    arena_init(&bench.arena, NULL);
    grok_library_init(&library, false, &bench.arena);
    for (uint32_t i = 0; i < (row->pattern ? 1 : PATTERNS); i++)
        pattern_add(&library, str_of(row->pattern ? row->pattern : patterns[i]));
    bench.data = pcre2_match_data_create(256, NULL);
    if (row->way == WAY_LIST) bench.list = grok_list_create(bench.groks, bench.count, &bench.arena);
    if (row->line)
        while (bench.line_count < LINES_MADE) bench.lines[bench.line_count++] = str_of(row->line);
    else if (file)
        lines_read(file);
    else
        lines_make();
}

static void end(void)
{
    grok_list_destroy(bench.list);
    for (uint32_t i = 0; i < bench.count; i++) grok_destroy(bench.groks[i]), pcre2_code_free(bench.codes[i]);
    pcre2_match_data_free(bench.data);
    arena_fini(&bench.arena);
    bench = (struct bench){.count = 0};
}

static bool line_run(enum way way, struct str line, struct event *event)
{
    uint32_t which;
    uint8_t flags = utf8_is_ascii(line) ? STRING_ASCII | STRING_UTF8 : STRING_BINARY;
    if (way == WAY_LIST) return grok_list_apply(bench.list, line, flags, event, &which) == REGEX_MATCH;
    for (uint32_t i = 0; i < bench.count; i++) {
        bool is_match = way == WAY_LOOP ? grok_apply(bench.groks[i], line, flags, event) == REGEX_MATCH
                                        : pcre2_jit_match(bench.codes[i], (PCRE2_SPTR)line.ptr, line.len, 0, 0, bench.data, NULL) > 0;
        if (is_match) return true;
    }
    return false;
}

/* By its name valgrind knows what to count. */
__attribute__((noinline)) void bench_measured(enum way way, struct event *events);
void bench_measured(enum way way, struct event *events)
{
    for (uint32_t i = 0; i < bench.line_count; i++) bench.hits += line_run(way, bench.lines[i], &events[i]);
}

/* What is compiled at first need is compiled. */
static void warm_up(enum way way)
{
    struct arena arena;
    arena_init(&arena, NULL);
    for (uint32_t i = 0; i < bench.line_count; i++) {
        struct event *event = arena_alloc(&arena, sizeof *event);
        event_init(event, &arena, value_time(0, 0));
        line_run(way, bench.lines[i], event);
    }
    arena_fini(&arena);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double row_run(const struct row *row, const char *file, int rounds, bool prints_hits)
{
    double least = 1e9;
    begin(row, file);
    warm_up(row->way);
    for (int i = 0; i < rounds; i++) {
        struct arena arena;
        arena_init(&arena, NULL);
        struct event *events = arena_alloc(&arena, bench.line_count * sizeof *events);
        for (uint32_t k = 0; k < bench.line_count; k++) event_init(&events[k], &arena, value_time(0, 0));
        bench.hits = 0;
        double start = seconds();
        bench_measured(row->way, events);
        double spent = seconds() - start;
        if (spent < least) least = spent;
        arena_fini(&arena);
    }
    double each = least / bench.line_count * 1e9;
    if (prints_hits) printf("%9.1f  %s: %llu of %u lines match\n", each, row->name, (unsigned long long)bench.hits, bench.line_count);
    end();
    return each;
}

/* Instructions a line, of this program run for the row by valgrind. */
static void instructions(const char *self, size_t row, const char *file)
{
    char command[1024], line[256];
    double counted = -1, lines = LINES_MADE;
    snprintf(command, sizeof command,
             "valgrind --tool=callgrind --toggle-collect=bench_measured --callgrind-out-file=/dev/null '%s' row %zu %s 2>&1",
             self, row, file ? file : "");
    FILE *out = popen(command, "r");
    if (!out) exit(1);
    while (fgets(line, sizeof line, out)) {
        const char *found = strstr(line, "Collected : ");
        if (found) counted = strtod(found + strlen("Collected : "), NULL);
        sscanf(line, "lines %lf", &lines);
    }
    if (pclose(out) != 0 || counted < 0) {
        fputs("bench_grok: valgrind could not be run\n", stderr);
        exit(1);
    }
    printf("%9.1f  %s\n", counted / lines / ROUNDS_COUNTED, rows[row].name);
}

int main(int argc, char **argv)
{
    bool by_valgrind = argc > 1 && strcmp(argv[1], "callgrind") == 0;
    if (argc > 2 && strcmp(argv[1], "row") == 0) {
        size_t row = strtoul(argv[2], NULL, 10);
        if (row >= ROW_COUNT) return 2;
        begin(&rows[row], argc > 3 ? argv[3] : NULL);
        printf("lines %u\n", bench.line_count);
        end();
        row_run(&rows[row], argc > 3 ? argv[3] : NULL, ROUNDS_COUNTED, false);
        return 0;
    }
    const char *file = argc > 1 + by_valgrind ? argv[1 + by_valgrind] : NULL;
    printf("%s a line\n", by_valgrind ? "instructions" : "nanoseconds");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (by_valgrind)
            instructions(argv[0], i, file);
        else
            row_run(&rows[i], file, ROUNDS, true);
        fflush(stdout);
    }
    return 0;
}
