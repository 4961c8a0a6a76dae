/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions of written values to the C types of options: what options_load() is made of, and what
 * settings from YAML and the command line use too. Each returns false after it has said why.
 * Start-up only. */
#ifndef CORE_OPTION_VALUE_H
#define CORE_OPTION_VALUE_H
#include "core/option.h"

/* Writes `value` as the row's kind to `member`. */
bool option_convert(const struct option *row, const struct config_value *value, void *member,
                    struct options_context *context);

/* `10`, `180 mb` (1000), `2 KiB` (1024). False: not a size, or beyond int64. */
bool byte_size_read(struct str text, bool is_binary, int64_t *bytes);

#endif
