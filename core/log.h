/* SPDX-License-Identifier: Apache-2.0 */
/* Tailrace's own log: one line an occurrence on stderr, plain or JSON, RFC 3339 UTC, with level,
 * subject (pipeline/plugin) and a stable code. Each place in the code is rate-limited by itself:
 * the first occurrence in full, then at most LOG_BURST a LOG_WINDOW_S; what was held back is said with
 * its count. No event payload unless the level is debug. Any thread. */
#ifndef CORE_LOG_H
#define CORE_LOG_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "core/text/str.h"

enum log_level { LOG_FATAL, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_TRACE };
enum { LOG_BURST = 5, LOG_WINDOW_S = 10, LOG_LINE_MAX = 8192 };

struct log_site {
    const char *code; /* stable: "tcp.line_cut" */
    atomic_uint_fast64_t window;
    atomic_uint_fast32_t said, held_back;
};

void log_setup(enum log_level level, bool json);
void log_level_set(enum log_level level);
enum log_level log_level_get(void);
const char *log_level_name(enum log_level level);
bool log_is_on(enum log_level level);
bool log_level_parse(struct str name, enum log_level *level); /* fatal error warn info debug trace */
void log_write(struct log_site *site, enum log_level level, struct str subject, const char *format,
               ...) __attribute__((format(printf, 4, 5)));

/* LOG(LOG_WARN, "tcp.line_cut", host->id, "a line of more than %zu bytes was cut", limit); */
#define LOG(level_, code_, subject_, ...)                                     \
    do {                                                                      \
        static struct log_site site_ = {.code = code_};                       \
        if (log_is_on(level_)) log_write(&site_, level_, subject_, __VA_ARGS__); \
    } while (0)

#endif
