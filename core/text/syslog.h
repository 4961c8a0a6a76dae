/* SPDX-License-Identifier: Apache-2.0 */
/* Syslog messages: RFC 5424, RFC 3164 and what devices make of it, told apart by themselves. One
 * pass, no regular expression; everything found is a slice of the message, which is borrowed. Any
 * bytes may come: what cannot be read stays in `message`.
 *
 *   5424   <34>1 2003-10-11T22:14:15.003Z host app 123 ID47 [id a="b"] text
 *   3164   <34>Oct 11 22:14:15 host app[123]: text
 *          <34>2003-10-11T22:14:15+02:00 host app[123]: text          (rsyslog's default)
 *          Oct 11 22:14:15 host app[123]: text                        (as in a file: no priority)
 *          <34>Oct 11 22:14:15 app[123]: text                         (no host)
 *          <189>29: router: *Mar  1 18:46:11.123 UTC: %SYS-5-X: text  (Cisco)
 *          <34>text                                                   (nothing but a priority)
 *
 * A time without year is of the year that brings it nearest, as Logstash's date filter does it: in
 * December a January is next year's, in January a December last year's. Names of months are English.
 * Sources: RFC 3164 sections 4 and 5, RFC 5424 section 6, Cisco's logging manuals. One thread, for
 * the cursor of the clock. */
#ifndef CORE_TEXT_SYSLOG_H
#define CORE_TEXT_SYSLOG_H
#include <stdint.h>
#include "core/text/str.h"
#include "core/text/timezone.h"

enum {
    SYSLOG_PRIORITY_MAX = 191,    /* 23 * 8 + 7 */
    SYSLOG_PRIORITY_PRESET = 13,  /* user-level notice: RFC 3164 section 4.3.3 */
    SYSLOG_ELEMENTS_MAX = 64,     /* of structured data; further ones are not read */
    SYSLOG_PARAMS_MAX = 256,      /* of all elements together */
    SYSLOG_NAME_MAX = 255,        /* of an element or parameter (RFC 5424: 32) */
    SYSLOG_SEQUENCE_DIGITS = 10,  /* of Cisco's numbers before the time */
};

enum syslog_kind {
    SYSLOG_NONE, /* neither a priority nor a time at its start */
    SYSLOG_3164,
    SYSLOG_5424,
};

enum syslog_time { SYSLOG_TIME_NONE, SYSLOG_TIME_GOOD, SYSLOG_TIME_BAD };

struct syslog_message {
    enum syslog_kind kind;
    enum syslog_time time;
    int16_t priority;     /* -1: none */
    bool is_iso;          /* the time is RFC 3339, not `Oct 11 22:14:15` */
    bool is_malformed;    /* of RFC 5424 there is only the beginning; `message` is the rest */
    uint32_t ns;
    int64_t seconds;
    struct str timestamp, host, program, pid, message;
    struct str version, message_id, sequence; /* sequence: Cisco's number */
    struct str structured_data;               /* whole, well-formed; empty when there is none */
};

/* What times without a zone or a year need. */
struct syslog_clock {
    struct zone zone;
    struct zone_cursor cursor;
    int32_t year;  /* the present one, in that zone */
    uint8_t month;
};
void syslog_clock_set(struct syslog_clock *clock, int64_t now_seconds);

void syslog_parse(struct str text, struct syslog_clock *clock, struct syslog_message *message);

/* Walks structured data that syslog_parse() found well-formed. Zeroed but for `rest`. */
struct syslog_params {
    struct str rest;
    struct str id, name, value; /* name empty: the element `id` begins */
    bool is_escaped;            /* the value holds \" \\ or \] */
    bool is_inside;
};
bool syslog_params_next(struct syslog_params *params);
/* Resolves the escapes; `out` has room for value.len bytes. Returns the length. */
size_t syslog_unescape(struct str value, char *out);

/* The terminators that senders put behind a message: LF, CR LF, NUL. */
struct str syslog_trim(struct str text);

#endif
