/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones: ids of the system's zone data (TZif files, RFC 9636, of $TZDIR or
 * /usr/share/zoneinfo), `UTC`, and fixed offsets. A zone is a value of two words that never
 * changes; the rules it points to are shared, are read at most once and live as long as the process
 * (at most ZONES_MAX of them, and only those that exist as files: data cannot fill the table with
 * names). Zones may be used from any thread; a cursor belongs to one.
 *
 * An unknown id is an error of whoever wrote it, missing zone data one of the machine: the status
 * says which. */
#ifndef CORE_TEXT_TIMEZONE_H
#define CORE_TEXT_TIMEZONE_H
#include <stdint.h>
#include "core/text/str.h"

enum {
    ZONES_MAX = 1024,
    ZONE_ID_MAX = 64,
    ZONE_FILE_MAX = 64 * 1024,
    ZONE_CHANGES_MAX = 4096,          /* of one zone; the real ones have under 250 */
    ZONE_OFFSET_MAX = 26 * 3600 - 1,  /* seconds, either way (RFC 9636: -25 h to 26 h) */
};

struct zone_rules;

/* Zeroed: UTC. */
struct zone {
    const struct zone_rules *rules; /* NULL: a fixed offset */
    int32_t offset;                 /* seconds east, of a fixed one */
};

enum zone_status {
    ZONE_FOUND,
    ZONE_UNKNOWN,
    ZONE_NO_DATA,  /* the machine has no zone data at all */
    ZONE_DAMAGED,  /* the file is none of the format, or hostile */
};

/* By id: `Europe/Paris`, `UTC`, `EST`, `+02:00`, `-0530`, `+01`. Exact case. */
enum zone_status zone_find(struct str id, struct zone *zone);
/* What to tell the operator: `unknown time zone`, `no time zone data: install …`. */
const char *zone_explain(enum zone_status status);
/* The machine's: $TZ, else /etc/localtime, else UTC. Read once. */
struct zone zone_system(void);
/* `+hh`, `+hhmm`, `+hh:mm`, each also with seconds, at the start of the text: its length, or 0. */
size_t zone_parse_offset(struct str text, int32_t *offset);

/* The stretch of constant offset that was used last. Zeroed: empty. */
struct zone_cursor {
    const struct zone_rules *rules;
    int64_t from, until;             /* UTC, [from, until) */
    int64_t local_from, local_until; /* local times that belong to this stretch and no earlier one */
    int32_t offset;
};

/* Seconds east of UTC at an instant. */
int32_t zone_offset(const struct zone *zone, struct zone_cursor *cursor, int64_t utc);
/* `local` is seconds as if it were UTC. In an overlap the earlier instant. False: the time falls in
 * a gap (clocks were set forward over it); `*utc` is then the instant as far behind the gap's start. */
bool zone_to_utc(const struct zone *zone, struct zone_cursor *cursor, int64_t local, int64_t *utc);

/* Reads TZif bytes; NULL when damaged. For tests and fuzzing; others use zone_find(). */
struct zone_rules *zone_rules_read(struct str bytes);
void zone_rules_free(struct zone_rules *rules);

#endif
