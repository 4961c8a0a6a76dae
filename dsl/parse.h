/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the parser share (parser.c, parse_value.c, parse_condition.c, …). A parse_…()
 * function stands at the first byte of its rule and returns whether it read it; when not, it has
 * said why, and its caller recovers. Faults with an obvious reading (a comma too many, a word that
 * needs quotes) are said and then read as meant, so that one run finds the next fault too. */
#ifndef DSL_PARSE_H
#define DSL_PARSE_H
#include "dsl/lexer.h"
#include "dsl/parser.h"

enum { NUMBER_CHARS_MAX = 400 };

/* The names that are known at the current place, innermost last (dsl/parse_names.c). */
struct scope {
    struct binding *bindings[NAMES_MAX];
    uint32_t count;
    uint32_t most;             /* that were ever known at once */
    struct binding *declared;  /* all of the text, last one first */
};

/* Whether a fault of Logstash's reading of a condition is said when an expression could be meant. */
enum fault_weight {
    FAULT_BY_DISTANCE, /* the reading that came farther */
    FAULT_UNLESS_READ, /* this one, unless the expression has no fault */
    FAULT_FINAL,       /* this one */
};

struct parser {
    struct lexer lexer;
    const struct parse_options *options;
    struct arena *arena;
    struct diag *diag;
    uint32_t depth;            /* of rules that hold themselves */
    uint32_t braces;           /* open ones */
    uint32_t brace_at[AST_DEPTH_MAX]; /* where they opened */
    uint32_t statements, items, nodes;
    uint32_t tried;            /* nodes of a condition, those of readings that were taken back, too */
    uint32_t fault_at;         /* the farthest fault of the current one */
    enum fault_weight fault_weight; /* of its fault */
    uint32_t extension_at;     /* first syntax that Logstash lacks; UINT32_MAX: none yet */
    struct token last_string;
    struct scope scope;
    uint32_t loops;            /* open `for` blocks */
    bool is_before_block;      /* `{` begins a block here, not an object */
    bool is_secret;            /* the value that is read is one: it is not quoted */
    bool has_failed;
    uint32_t syntax_at;        /* the first syntax error; UINT32_MAX: none yet */
    uint32_t said_before;      /* messages of others */
    bool is_condition;         /* all of the text is one (dsl/fragment.h) */
};

/* Says a syntax error at bytes [start, end), in Logstash's words too if it is the first. */
struct message *parser_fault(struct parser *parser, uint32_t start, uint32_t end, const char *format,
                             ...) __attribute__((format(printf, 4, 5)));
/* The same for what parses in Logstash, too, and then means nothing. */
struct message *parser_error(struct parser *parser, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "expected X, found `y`" at the current place. Always false. */
bool parser_expected(struct parser *parser, const char *what, const char *hint);
/* The end of the word or sign at the current place, for the caret. */
uint32_t parser_word_end(const struct parser *parser);

/* One level deeper; false (said) at AST_DEPTH_MAX. */
bool parser_enter(struct parser *parser);
static inline void parser_leave(struct parser *parser)
{
    assert(parser->depth > 0);
    parser->depth--;
}
bool parser_open(struct parser *parser);  /* takes `{`, remembering its place */
void parser_close(struct parser *parser); /* takes `}`, which is there */

/* One byte, string or comment forward, for going on after a fault. */
void parser_step(struct lexer *lexer);
/* To a `{` on the same line. False: there is none. */
bool parser_to_block(struct parser *parser);

/* Room for one more item in a list of the arena. */
void *parser_grow(struct parser *parser, void *items, uint32_t count, size_t size);

bool parse_value(struct parser *parser, struct config_value *value);
/* The text of a string token: quotes off, escapes resolved when the setting says so. */
struct str parse_string_text(struct parser *parser, struct token token);
bool parse_number(struct parser *parser, struct config_value *value);
bool parse_array(struct parser *parser, struct config_value *value);
/* `{ name => value … }` of a plugin; `section` decides what a second codec is. */
bool parse_settings(struct parser *parser, bool is_codec_single, struct str plugin,
                    struct setting **settings, uint32_t *count);
/* Attributes given twice are one (dsl/merge.c). */
void merge_settings(struct parser *parser, bool is_codec_single, struct str plugin,
                    struct setting *settings, uint32_t *count);

/* Up to a `{`, or to the end of a text that is a condition. */
struct expression *parse_condition(struct parser *parser);
/* A part of a condition between `and` and the like, as Logstash reads it, and read as an expression. */
struct expression *parse_logstash_term(struct parser *parser);
struct expression *parse_own_term(struct parser *parser);
/* Whichever of the two it is. */
struct expression *parse_term(struct parser *parser);
/* All of a condition as one expression, `?:` included. */
struct expression *parse_own_condition(struct parser *parser);
/* `and`, `or`, `xor` or `nand`. */
bool is_junction_ahead(const struct lexer *lexer);
/* A node of a condition or expression; NULL (said) when it has too many. */
struct expression *parser_node(struct parser *parser, enum expression_kind kind, uint32_t start,
                               uint32_t end);
struct expression *parser_constant(struct parser *parser, struct config_value value);
struct expression *parse_regex(struct parser *parser);
/* `( … )`, of what `parse_inner` reads. */
struct expression *parse_parentheses(struct parser *parser,
                                     struct expression *(*parse_inner)(struct parser *));

bool parse_block(struct parser *parser, enum section_kind section, struct statements *list);
void statements_add(struct parser *parser, struct statements *list, struct statement statement);
/* Does a statement that Logstash lacks begin here? `*statement` gets its kind. */
bool is_own_ahead(const struct lexer *lexer, struct statement *statement);
/* Reads it and goes on behind it, whatever is wrong with it. */
void parse_own(struct parser *parser, enum section_kind section, struct statement statement,
               struct statements *list);

/* What may stand right of `=`. */
struct expression *parse_right_side(struct parser *parser);
/* What a loop runs over. */
struct expression *parse_looped(struct parser *parser);
/* A value of an assignment or of `let`: NULL when it was not read. */
struct expression *parse_assigned(struct parser *parser, const char *hint);
/* Is this `[a] = …` or `remove [a]`? Neither begins a statement of Logstash. */
bool is_assignment_ahead(const struct lexer *lexer);
bool parse_assignment(struct parser *parser, struct assignment *assignment);

/* Statements up to a `}` that is not theirs, a section or the end; what is wrong was said. */
void parse_statements(struct parser *parser, enum section_kind section, struct statements *list);
/* Does a plugin, a branch or an assignment begin here, and not an expression? */
bool is_statement_ahead(const struct lexer *lexer);

/* Is this `test "name"`? No statement or section of Logstash begins so. Where only a section can be, the
 * word alone will do, and what is missing is said. */
bool is_test_ahead(const struct lexer *lexer, bool has_name);
bool parse_test(struct parser *parser, struct config *config);

/* Is this `let name = …`? `let {` is a plugin. */
bool is_let_ahead(const struct lexer *lexer);
bool parse_let(struct parser *parser, struct let *let);
/* Is this `for name in …`? */
bool is_loop_ahead(const struct lexer *lexer);
/* Up to the block. False (said): it could not be read; the names may be known nevertheless. */
bool parse_loop_head(struct parser *parser, struct for_loop *loop);
/* "`word` is neither a field nor a value", and what may have been meant. */
void parse_name_fault(struct parser *parser, struct token word);
/* What a word means here; NULL (said): nothing. */
const struct binding *parse_name(struct parser *parser, struct token word);
/* Is this the name of a loop's items or keys? */
bool is_language_word(struct str word);
bool is_loop_name(const struct scope *scope, struct str name);
/* The end of a block, at whose beginning `count` names were known. */
void scope_leave(struct parser *parser, uint32_t count);

#endif
