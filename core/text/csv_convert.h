/* SPDX-License-Identifier: Apache-2.0 */
/* The types of the csv filter's `convert`, with the rules of Ruby's CSV library: what is no number or date
 * stays the text it is.
 *   integer    as Ruby's Integer(): 010 is 8, 0x1f, 0b1, 1_000; decimal ones of any size
 *   float      1e3, 1_000.5, 0x1p3
 *   boolean    true and false in any case; else the text, stripped and in lower case
 *   date       2024-02-05, Feb 5 2024, Monday, Feb 5, 2024: midnight there
 *   date_time  2024-02-05[( |T)10:20[:30[.5][+01:00]]], Feb 5 10:20:30 2024
 * A converter holds the caches of its dates and belongs to one thread. */
#ifndef CORE_TEXT_CSV_CONVERT_H
#define CORE_TEXT_CSV_CONVERT_H
#include "core/event/value.h"
#include "core/text/date.h"

enum csv_type { CSV_TEXT, CSV_INTEGER, CSV_FLOAT, CSV_BOOLEAN, CSV_DATE, CSV_DATE_TIME, CSV_TYPES };
enum { CSV_FORMATS_MAX = 16 };

/* By its name in the option; CSV_TYPES: there is no such type. */
enum csv_type csv_type_of(struct str name);

struct csv_converter {
    struct date_reader date[CSV_FORMATS_MAX], date_time[CSV_FORMATS_MAX];
    uint32_t date_count, date_time_count;
};
/* Formats are compiled into `arena`. Dates are those of the machine's zone. */
void csv_converter_init(struct csv_converter *converter, struct arena *arena);
/* `*value` is a string. What must be made anew is taken from `arena`. */
void csv_convert(struct csv_converter *converter, enum csv_type type, struct arena *arena, struct value *value);

#endif
