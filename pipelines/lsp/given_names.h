/* SPDX-License-Identifier: Apache-2.0 */
/* Names that `let` and `for` give: from there to the end of the block they stand in, or of the loop. Memory
 * is the scan's arena. */
#ifndef PIPELINES_LSP_GIVEN_NAMES_H
#define PIPELINES_LSP_GIVEN_NAMES_H
#include "pipelines/lsp/scan.h"

enum { GIVEN_NAMES_MAX = 1000 }; /* places that give one name; earlier ones are left out */

/* All places that give one name, in the order of the text. */
struct given_names {
    const struct scan *scan;
    const struct mark **items;
    uint32_t count;
};

/* May this mark be a name, where it is given or used? */
bool given_name_may_be(const struct mark *mark);
void given_names_find(struct given_names *names, const struct scan *scan, struct str name);
/* What gave the name that `mark` uses: itself when it gives one. NULL: nothing does. */
const struct mark *given_names_of(const struct given_names *names, const struct mark *mark);
/* Is the name that `given` gives known at this place? */
bool given_name_is_known(const struct scan *scan, const struct mark *given, uint32_t scope, uint32_t offset);

#endif
