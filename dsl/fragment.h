/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the pipeline language that stand alone: what is typed at a prompt, conditions and codecs
 * within the texts of tests. Each is named by a place: bytes of a source, which with its text must
 * outlive what is read; complaints point there. All of the bytes must be the part, but for blanks and
 * comments around it. Memory is the arena's. Start-up and the prompt only; one thread. */
#ifndef DSL_FRAGMENT_H
#define DSL_FRAGMENT_H
#include "dsl/parser.h"

struct fragment {
    struct place place;
    struct parse_options options;
    struct arena *arena;
    struct diag *diag;
};

/* Statements of a filter section, appended to that of `config`; a name of `let` is known to the part's
 * end. False: the diag says what is wrong. */
bool fragment_statements(const struct fragment *fragment, struct config *config);
/* What may stand right of `=`; what may stand behind `if`. NULL: the diag says what is wrong. */
struct expression *fragment_expression(const struct fragment *fragment);
struct expression *fragment_condition(const struct fragment *fragment);
/* A value of an option: `json`, `plain { charset => "ISO-8859-1" }`. */
bool fragment_value(const struct fragment *fragment, struct config_value *value);

/* Does a statement begin here? Else it may be an expression. */
bool fragment_is_statement(struct str text);
/* A brace, bracket or quote is still open at the end: more lines are to come. `is_json`: the texts in
 * it are JSON's, where a backslash hides any character. */
bool fragment_is_open(struct str text, bool is_json);

#endif
