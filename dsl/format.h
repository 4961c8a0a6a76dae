/* SPDX-License-Identifier: Apache-2.0 */
/* The formatter: the same tokens in the same order, with line ends and blanks in one canonical form
 * (`tailrace fmt`, the language server). Comments stay where they are. The form:
 *
 *   - two blanks for each level, one statement a line, one blank around `=>` and operators
 *   - what was written on one line and fits stays on it: arrays, hashes, calls, plugins with at most
 *     one option, sections with one plugin; else one item a line
 *   - conditions and expressions keep the line ends beside their operators, four blanks deeper; one
 *     that is too wide is broken at its loosest operators
 *   - one empty line at most, none at the ends of blocks; LF; one line end at the end
 *   - strings, patterns, numbers, names and comments keep their bytes (comments lose blanks at their
 *     end), so CR LF stays within strings
 *
 * Formatting twice gives the same as once. The result is parsed again, and its tokens and tree are
 * compared with those of the text, before it is handed out. Nothing is kept between calls; any
 * thread, one at a time for a diag. */
#ifndef DSL_FORMAT_H
#define DSL_FORMAT_H
#include "core/diag.h"

enum {
    FORMAT_WIDTH = 100,      /* columns, where none are given */
    FORMAT_WIDTH_MIN = 40,
    FORMAT_WIDTH_MAX = 1000,
    FORMAT_BYTES_MAX = 16 * 1024 * 1024, /* of a text */
};

struct format_options {
    bool has_escapes; /* config.support_escapes */
    uint32_t width;   /* 0: FORMAT_WIDTH */
};

/* Appends the formatted text to `out`. False: `out` is as it was, and the diag says why: the text
 * has errors. */
bool format_source(const struct source_text *source, const struct format_options *options,
                   struct buf *out, struct diag *diag);

#endif
