/* SPDX-License-Identifier: Apache-2.0 */
/* `tailrace keystore create|add|list|remove`: the file of secrets in the settings folder. Values come
 * from a prompt without echo, or line by line from standard input; they are never printed. Runs once and
 * ends. */
#ifndef PIPELINES_KEYSTORE_COMMAND_H
#define PIPELINES_KEYSTORE_COMMAND_H
#include "core/keystore.h"

#define KEYSTORE_FILE "tailrace.keystore" /* in the settings folder */

/* TAILRACE_KEYSTORE_PASS, else LOGSTASH_KEYSTORE_PASS, else empty. */
struct str keystore_password(void);
/* False: not done; complaints are in the diag, `*is_usage` when the words of the command were wrong. */
bool keystore_command(const char *path, const struct str_list *words, bool *is_usage, struct diag *diag);

#endif
