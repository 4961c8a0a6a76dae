/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal numbers that people wrote, kept exactly: what dissect's convert_datatype accepts (the texts of
 * Java's BigDecimal): a sign, digits with a dot anywhere, an exponent, nothing around. Any thread. */
#ifndef CORE_TEXT_DECIMAL_H
#define CORE_TEXT_DECIMAL_H
#include "core/event/value.h"

/* As number-text: the text itself where JSON writes it so, else anew in `arena` (`+.5` is 0.5). False: it is
 * no number; `out` is as before. */
bool decimal_read(struct str text, struct arena *arena, struct value *out);

#endif
