/* SPDX-License-Identifier: Apache-2.0 */
/* Log levels: one order for what loggers call them, so that `level >= WARN` means the same for all.
 *
 *   TRACE  TRACE TRC T FINEST VERBOSE SILLY V, TRACE1..9                       bunyan 10
 *   DEBUG  DEBUG DBG D FINE FINER, DEBUG1..9 D1..9          syslog 7           bunyan 20
 *   INFO   INFO INF I INFORMATION INFORMATIONAL NOTICE      syslog 5, 6        bunyan 30
 *          NOTE N CONFIG LOG SUCCESS
 *   WARN   WARN WARNING WRN W                               syslog 4           bunyan 40
 *   ERROR  ERROR ERR E SEVERE                               syslog 3           bunyan 50
 *   FATAL  FATAL FTL F CRITICAL CRIT C ALERT EMERGENCY      syslog 0, 1, 2     bunyan 60
 *          EMERG PANIC DPANIC FAULT
 *
 * NOTICE is INFO: it is "normal but significant". CRIT is FATAL: Python's CRITICAL and FATAL are one
 * number, and who asks for ERROR and above gets it either way. SEVERE and FINER go where
 * java.util.logging's bridges put them.
 *
 * Case does not matter; blanks, brackets and a colon around the name are cut (`[warn]`, `Error:`), and
 * of `core:error` (Apache) the last part counts. Numbers, also as text:
 *   0 to 7     syslog severities, also in `level` (GELF writes them there)
 *   10 to 69   levels of JSON loggers (bunyan, pino), 35 counts as 30; never in a syslog place.
 *              Python's own numbers (40 is ERROR) cannot be told apart and are read like bunyan's
 *   others     no level: 100 to 600 mean opposite things in log4j, Monolog and Google Cloud
 *
 * No state; any thread. Sources: RFC 5424 section 6.2.1, the loggers' manuals. */
#ifndef CORE_TEXT_LEVEL_H
#define CORE_TEXT_LEVEL_H
#include "core/event/path.h"

enum level {
    LEVEL_NONE, /* missing or unknown: neither at least nor below any level */
    LEVEL_TRACE,
    LEVEL_DEBUG,
    LEVEL_INFO,
    LEVEL_WARN,
    LEVEL_ERROR,
    LEVEL_FATAL,
};

/* What a number means. */
enum level_source {
    LEVEL_SOURCE_LOGGER, /* `level`, `severity`: 0 to 7 syslog, 10 to 69 JSON loggers */
    LEVEL_SOURCE_SYSLOG, /* a severity of syslog: 0 to 7 only */
};

enum {
    LEVEL_NAME_MAX = 16, /* bytes of a name; longer text is none */
    LEVEL_PLACES = 8,
};

enum level level_of_name(struct str name);
enum level level_of_text(struct str text, enum level_source source); /* a name or a number */
enum level level_of_value(const struct value *value, enum level_source source); /* NULL: none */
const char *level_name(enum level level);                           /* "WARN"; "" for none */

static inline bool level_at_least(enum level level, enum level least)
{
    return level != LEVEL_NONE && least != LEVEL_NONE && level >= least;
}

/* Where events carry their level. */
struct level_places {
    struct path paths[LEVEL_PLACES];
};
void level_places_init(struct level_places *places, struct arena *arena);
/* The level of an event: the first of these that says one. [log][level], [level], [loglevel],
 * [severity], [log][syslog][severity][code], [log][syslog][severity][name],
 * [syslog_severity_code], [syslog_severity]. */
enum level level_of_event(const struct level_places *places, const struct event *event);

#endif
