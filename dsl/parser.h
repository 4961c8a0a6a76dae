/* SPDX-License-Identifier: Apache-2.0 */
/* Text to tree: hand-written recursive descent for Logstash's configuration language with its
 * quirks, plus what this program adds (levels in conditions). Every fault of a text is said in one
 * run: after a fault the parser goes on with the next statement or section. The first syntax error
 * of a file also carries Logstash's own words ("Expected one of … at line …"), so that scripts that
 * look for them keep working (dsl/classic.c). Start-up only; one thread. */
#ifndef DSL_PARSER_H
#define DSL_PARSER_H
#include "dsl/ast.h"

struct token_log;

struct parse_options {
    bool has_escapes; /* config.support_escapes */
    bool is_strict_precedence; /* conditions are grouped as Logstash groups them, faults included */
    struct token_log *tokens;  /* empty; gets the tokens of the text (dsl/lexer.h). NULL: not wanted */
};

/* Appends the sections of `source` to `config` (zeroed at first). False: there were errors, and the
 * tree holds what could be read. The source and its text must outlive the tree. */
bool parse_source(struct config *config, const struct source_text *source,
                  const struct parse_options *options, struct arena *arena, struct diag *diag);

#endif
