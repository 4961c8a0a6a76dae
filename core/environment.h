/* SPDX-License-Identifier: Apache-2.0 */
/* `${NAME}` and `${NAME:default}` in configuration values: looked up in the secret store, then in the
 * process's environment, then the default; none of them is an error. NAME is [A-Za-z_.][A-Za-z0-9_.]*;
 * anything else after `${` is plain text. Results live in the arena given. Start-up only. */
#ifndef CORE_ENVIRONMENT_H
#define CORE_ENVIRONMENT_H
#include "core/option.h"

struct environment {
    /* The secret store: false when it has no such name. NULL: there is no store. */
    bool (*secret)(void *opaque, struct str name, struct arena *arena, struct str *value);
    /* Told of a name that nobody defines, instead of a complaint: for an editor, whose machine is not
     * the one that will run the text. `place` is the placeholder's within the value, where that is known.
     * NULL: such a name is an error. */
    void (*undefined)(void *opaque, struct place value, struct place place, struct str name);
    void *opaque; /* of both */
};

struct environment_context {
    const struct environment *environment;
    struct arena *arena;
    struct diag *diag;
};

enum { ENVIRONMENT_TEXT_MAX = 16 * 1024 * 1024 }; /* bytes of one value after replacement */

/* Every occurrence in `text` replaced; `place` is where complaints point. False: some name is not
 * defined (said); `*text` is then unchanged. */
bool environment_expand(const struct environment_context *context, struct place place,
                        struct str *text);
/* Only when the whole text is one placeholder, as in conditions. */
bool environment_expand_whole(const struct environment_context *context, struct place place,
                              struct str *text);
/* All values of the settings, deep; keys of hashes stay. A text that was replaced in part and then
 * reads `[a, b]` becomes an array, as in Logstash. */
bool environment_expand_settings(const struct environment_context *context, struct setting *settings,
                                 uint32_t count);
/* Constants of conditions: whole placeholders, items of arrays included. */
bool environment_expand_constant(const struct environment_context *context,
                                 struct config_value *value);

#endif
