/* SPDX-License-Identifier: Apache-2.0 */
/* Places as editors name them: a line and a character in it, both from 0, the character counted in
 * UTF-16 code units unless the editor agreed on bytes of UTF-8. Lines end with LF, CR LF or CR.
 *
 * A position that the text does not have is moved to the nearest it has: behind the last line to the
 * end, behind a line's end to that end, within a character to its first byte.
 *
 * `struct lines` owns its table and belongs to one text; lines_index() again after the text changed.
 * One thread. */
#ifndef PIPELINES_LSP_POSITIONS_H
#define PIPELINES_LSP_POSITIONS_H
#include <stdint.h>
#include "core/text/str.h"

enum encoding { ENCODING_UTF16, ENCODING_UTF8 };

struct position {
    uint32_t line, character;
};

struct lines {
    uint32_t *starts; /* bytes; the first is 0 */
    uint32_t count, capacity;
};

void lines_index(struct lines *lines, struct str text); /* text.len <= UINT32_MAX */
void lines_fini(struct lines *lines);

uint32_t position_offset(const struct lines *lines, struct str text, enum encoding encoding,
                         struct position position);
struct position position_of(const struct lines *lines, struct str text, enum encoding encoding,
                            uint32_t offset);

#endif
