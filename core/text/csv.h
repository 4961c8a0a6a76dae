/* SPDX-License-Identifier: Apache-2.0 */
/* One record of comma-separated values (RFC 4180), read strictly: a quote within a field that does not begin
 * with one, text behind a closing quote and a quote that is never closed are errors. A record ends at \n, \r\n
 * or \r outside of quotes; what follows is not looked at.
 *
 * Fields are slices of the text; only one with doubled quotes is made anew, in the arena given. No state but
 * the reader's: any thread. */
#ifndef CORE_TEXT_CSV_H
#define CORE_TEXT_CSV_H
#include "core/text/char_class.h"

struct csv_syntax {
    struct str separator; /* not empty */
    struct str quote;     /* one character; empty: nothing is quoted */
    struct byte_set stops;
};
void csv_syntax_init(struct csv_syntax *syntax, struct str separator, struct str quote);

struct csv_field {
    struct str text;
    bool is_quoted; /* an empty field that is not is null */
};

struct csv_reader {
    const struct csv_syntax *syntax;
    struct str text;
    size_t at;          /* begins as 0 */
    bool is_separated;  /* a field must follow */
    const char *reason; /* of CSV_WRONG: a few words, static */
};
enum csv_result { CSV_FIELD, CSV_END, CSV_WRONG };
enum csv_result csv_next(struct csv_reader *reader, struct arena *arena, struct csv_field *field);

#endif
