/* SPDX-License-Identifier: Apache-2.0 */
/* What looks like a secret in the text of a configuration, so that a complaint can quote the line and
 * not the secret: the value behind a name that has password, passwd, secret, token, jaas … in it (`=>`,
 * `:` and `=` lead to values; of a list or hash all of it), and the password of a URL or of
 * `--user NAME:PASSWORD`. `${NAME}` is none.
 * The text may be a line, a file or half of one, of any syntax. No state. */
#ifndef CORE_TEXT_SECRETS_H
#define CORE_TEXT_SECRETS_H
#include "core/text/str.h"

/* Is the value of an option of this name a secret? */
bool secret_is_name(struct str name);

/* Bytes [start, end) of the first secret whose name begins at `from` or behind; false: there is none. */
struct secret_span {
    size_t start, end;
};
bool secret_find(struct str text, size_t from, struct secret_span *span);

#endif
