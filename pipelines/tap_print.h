/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a tap for people: fields one a line, and of events that were seen before and behind a
 * plugin what it changed. Bytes that a terminal would obey are never printed. One thread. */
#ifndef PIPELINES_TAP_PRINT_H
#define PIPELINES_TAP_PRINT_H
#include "core/event/value.h"
#include "core/text/buf.h"

struct tap_printer {
    bool has_colours;
    struct buf before; /* the line of the event before the plugin, until that behind it comes */
};

/* Appends what the line says of an event; false: it is no such line. */
bool tap_print_line(struct tap_printer *printer, struct str line, struct buf *out);
/* Appends the text of a note, `tailrace: …`; false: it is none. `*has_ended`: the tap's last one.
 */
bool tap_print_note(struct str line, bool *has_ended, struct buf *out);
void tap_printer_fini(struct tap_printer *printer);

#endif
