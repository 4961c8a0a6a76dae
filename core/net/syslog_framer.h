/* SPDX-License-Identifier: Apache-2.0 */
/* The two framings of syslog over TCP (RFC 6587), told apart for each connection by its first bytes:
 *
 *   digits, a blank, `<`   octet counting (3.4.1): `65 <34>1 2003-10-11T…`, also without anything
 *                          between frames
 *   anything else          lines, for as long as the connection lasts: a line that merely begins
 *                          with a digit is a line
 *
 * In octet counting a LF, CR or NUL between frames is skipped (senders add one). If what follows is no
 * count, the two sides disagree about a length: the bytes up to the next LF are a line of its own,
 * counted as an error, and then a count is looked for again. One worker's thread. */
#ifndef CORE_NET_SYSLOG_FRAMER_H
#define CORE_NET_SYSLOG_FRAMER_H
#include "core/input.h"

enum { SYSLOG_COUNT_DIGITS = 7 }; /* a count of more digits is none */

enum syslog_framing { SYSLOG_FRAMING_UNKNOWN, SYSLOG_FRAMING_LINES, SYSLOG_FRAMING_COUNTED };

struct syslog_framer {
    struct framer framer;
    enum syslog_framing framing;
    bool is_lost;         /* in octet counting: in the middle of a line that should not be there */
    uint8_t header_len;   /* of a count whose end is still to come, its blank included */
    char header[SYSLOG_COUNT_DIGITS + 1];
};

void syslog_framer_init(struct syslog_framer *framer, struct stream *stream, size_t limit);
void syslog_framer_fini(struct syslog_framer *framer);
/* As framer_feed() and framer_flush(). */
size_t syslog_framer_feed(struct syslog_framer *framer, struct str bytes, struct block *block);
void syslog_framer_flush(struct syslog_framer *framer);

#endif
