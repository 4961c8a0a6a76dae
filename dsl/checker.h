/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said of a tree before anything is made of it: `${VAR}` is replaced, every plugin's
 * name is found in the type tables (given as an argument: the language knows no plugin), every
 * plugin gets an id, and ids are unique. All complaints of one run go to the diag.
 *
 * Whoever makes instances afterwards loads options and compiles conditions then, into the same diag.
 * Whoever makes none (an editor, the fuzzer) sets `is_dry`, and both are done here into memory that
 * nobody keeps. Start-up only; one thread. */
#ifndef DSL_CHECKER_H
#define DSL_CHECKER_H
#include "core/environment.h"
#include "core/plugin.h"
#include "dsl/ast.h"

enum { CHECKER_NAMES_MAX = 512 }; /* types of one section, for suggestions */

struct checker_options {
    const struct input_type *const *inputs; /* NULL-ended */
    const struct filter_type *const *filters;
    const struct output_type *const *outputs;
    const struct codec_type *const *codecs; /* NULL: codecs are not looked at */
    const struct environment *environment;  /* NULL: the process's environment alone */
    bool is_dry;
};

/* Plugins and codecs that come with Logstash: whoever writes a name of these has not mistyped it. */
bool checker_is_of_logstash(struct str name);

/* Fills input, filter or output, and id, of every plugin_block. False when anything is wrong. */
bool check_config(struct config *config, const struct checker_options *options, struct arena *arena,
                  struct diag *diag);

#endif
