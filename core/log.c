/* SPDX-License-Identifier: Apache-2.0 */
#include "core/log.h"
#include <stdio.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>
#include "core/text/buf.h"
#include "core/text/json.h"
#include "core/text/time.h"

static const char *const level_names[] = {"fatal", "error", "warn", "info", "debug", "trace"};

/* The process's one log (style: globals are for log, metrics and main). */
static atomic_int log_level = LOG_INFO;
static atomic_bool log_is_json;

void log_setup(enum log_level level, bool json)
{
    atomic_store(&log_level, level);
    atomic_store(&log_is_json, json);
}

void log_level_set(enum log_level level) { atomic_store(&log_level, level); }

enum log_level log_level_get(void) { return (enum log_level)atomic_load(&log_level); }

bool log_is_on(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&log_level, memory_order_relaxed);
}

const char *log_level_name(enum log_level level) { return level_names[level]; }

bool log_level_parse(struct str name, enum log_level *level)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++)
        if (strlen(level_names[i]) == name.len && !strncasecmp(level_names[i], name.ptr, name.len)) {
            *level = (enum log_level)i;
            return true;
        }
    return false;
}

/* May this place speak now? Sets `*held_back` to what was not said since it last spoke. */
static bool site_may_speak(struct log_site *site, uint64_t now_s, uint32_t *held_back)
{
    *held_back = 0;
    uint64_t window = atomic_load(&site->window);
    if (now_s >= window + LOG_WINDOW_S && atomic_compare_exchange_strong(&site->window, &window, now_s))
        atomic_store(&site->said, 0);
    if (atomic_fetch_add(&site->said, 1) >= LOG_BURST) {
        atomic_fetch_add(&site->held_back, 1);
        return false;
    }
    *held_back = (uint32_t)atomic_exchange(&site->held_back, 0);
    return true;
}

static void line_plain(struct buf *line, enum log_level level, const char *code, struct str subject,
                       struct str text, uint32_t held_back)
{
    buf_printf(line, " %-5s ", level_names[level]);
    if (subject.len) buf_printf(line, "[%.*s] ", STR_ARG(subject));
    buf_append(line, text);
    buf_printf(line, " (%s)", code);
    if (held_back) buf_printf(line, " [%u more like this were not shown]", held_back);
    /* one occurrence, one line, whatever the text holds */
    for (size_t i = 0; i < line->len; i++)
        if ((unsigned char)line->ptr[i] < 0x20) line->ptr[i] = ' ';
}

static void json_member(struct buf *line, const char *name, struct str text)
{
    struct value value = value_string(text);
    buf_printf(line, ",\"%s\":", name);
    json_encode_value(&value, line);
}

static void line_json(struct buf *line, enum log_level level, const char *code, struct str subject,
                      struct str text, uint32_t held_back)
{
    buf_printf(line, "\",\"level\":\"%s\",\"code\":\"%s\"", level_names[level], code);
    if (subject.len) json_member(line, "subject", subject);
    json_member(line, "message", text);
    if (held_back) buf_printf(line, ",\"held_back\":%u", held_back);
    buf_append_char(line, '}');
}

void log_write(struct log_site *site, enum log_level level, struct str subject, const char *format, ...)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint32_t held_back;
    if (!site_may_speak(site, (uint64_t)now.tv_sec, &held_back)) return;
    char text[LOG_LINE_MAX];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len < 0) return;
    struct str said = {text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1};
    char stamp[40];
    size_t stamp_len = time_print_iso(now.tv_sec, (uint32_t)(now.tv_nsec / 1000000 * 1000000), stamp);
    struct buf line = {0};
    bool json = atomic_load(&log_is_json);
    if (json) buf_append_z(&line, "{\"timestamp\":\"");
    buf_append(&line, (struct str){stamp, stamp_len});
    (json ? line_json : line_plain)(&line, level, site->code, subject, said, held_back);
    buf_append_char(&line, '\n');
    /* one write: lines of several threads do not mix */
    ssize_t written = write(STDERR_FILENO, line.ptr, line.len);
    (void)written;
    buf_fini(&line);
}
