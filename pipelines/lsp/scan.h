/* SPDX-License-Identifier: Apache-2.0 */
/* What stands where in a pipeline's text, sound or not: a single pass that never fails and never says
 * anything. The parser (dsl/parser.h) says what is wrong; this says where one is, which is asked when the
 * text is just being written.
 *
 *   scopes   what braces, brackets and parentheses hold, in the order in which they begin: sections,
 *            plugins and codecs, branches, loops, arrays, hashes, calls. Those never closed end where
 *            the text shows that they must have: at a section at the start of a line, at its end.
 *   marks    words, strings, field references, patterns, with the part they play
 *   cursor   what would be read at a given offset: kept as the stack of open scopes
 *
 * A string over several lines whose closing quote is directly followed by a letter is taken for two
 * strings of which the first was not closed; it then ends with its line.
 *
 * Everything is memory of the arena given; marks and scopes are in the order of the text. */
#ifndef PIPELINES_LSP_SCAN_H
#define PIPELINES_LSP_SCAN_H
#include "dsl/ast.h"

enum {
    SCAN_DEPTH_MAX = 200,     /* scopes within each other; deeper ones are passed over */
    SCAN_MARKS_MAX = 200000,  /* further ones, and further scopes, are left out */
    SCAN_NONE = UINT32_MAX,   /* no scope, no mark */
};

enum scope_kind {
    SCOPE_SECTION, SCOPE_PLUGIN, SCOPE_CODEC, SCOPE_BRANCH, SCOPE_LOOP, SCOPE_ARRAY, SCOPE_HASH,
    SCOPE_TEST, /* `test "name" { options }` */
    SCOPE_CALL, /* parentheses, behind a function's name or not */
};

struct scope {
    enum scope_kind kind;
    enum section_kind section;
    uint32_t parent;           /* SCAN_NONE: of the text itself */
    uint32_t start;            /* of its first word or sign */
    uint32_t name, name_end;   /* of a section, plugin, codec, function; else equal */
    uint32_t open, end;        /* the opening sign; behind the closing one */
    uint32_t option;           /* mark of the option whose value it is part of, or SCAN_NONE */
    bool is_closed;
};

enum mark_kind { MARK_WORD, MARK_STRING, MARK_REFERENCE, MARK_PATTERN };

enum mark_role {
    ROLE_UNKNOWN,
    ROLE_SECTION,
    ROLE_PLUGIN,
    ROLE_CODEC,
    ROLE_OPTION,   /* its name */
    ROLE_VALUE,    /* of an option, also within arrays and hashes */
    ROLE_KEY,      /* of a hash */
    ROLE_KEYWORD,  /* if else and or in not … */
    ROLE_OPERAND,  /* in a condition or expression */
    ROLE_FUNCTION,
    ROLE_LEVEL,    /* behind a comparison with `level` */
    ROLE_TARGET,   /* left of an assignment */
    ROLE_REMOVED,
    ROLE_NAMED,    /* the name that `let` or `for` gives */
};

struct mark {
    enum mark_kind kind;
    enum mark_role role;
    uint32_t start, end; /* with quotes, brackets, slashes */
    uint32_t scope;
    uint32_t option, key; /* marks: of a value, its option and the key of the hash it is in */
    uint32_t item;        /* of an array, or argument of a call */
    bool is_closed;       /* the string, reference or pattern ends */
};

enum scan_state {
    STATE_SECTION,    /* a section's name */
    STATE_STATEMENT,  /* a plugin, `if`, an assignment … */
    STATE_BRACE,      /* `{`, behind a section's or plugin's name or `else` */
    STATE_CONDITION,  /* behind `if` or `for`, up to `{` */
    STATE_NAMED,      /* behind `let` */
    STATE_ASSIGN,     /* `=` */
    STATE_EXPRESSION, /* behind `=`; items of its arrays and calls */
    STATE_REMOVED,    /* fields behind `remove` */
    STATE_OPTION,     /* an option's name */
    STATE_ARROW,      /* `=>` */
    STATE_VALUE,      /* behind `=>`; items of an array */
    STATE_KEY,        /* of a hash */
};

/* One scope that is open at the cursor. */
struct nesting {
    uint32_t scope;
    enum scan_state state;
    bool is_expression;  /* its values are expressions */
    bool has_operand;    /* an operator may follow */
    bool is_level;       /* the operand is `level` */
    bool wants_level;    /* a level's name follows */
    uint32_t head;       /* scope that the next `{` opens, or SCAN_NONE */
    uint32_t option, key;
    uint32_t item;
};

struct cursor {
    uint32_t offset;
    struct nesting *nestings; /* the text itself first */
    uint32_t depth;       /* at least 1 */
    uint32_t mark;        /* the one it stands in or directly behind; of strings only within */
    bool is_comment;
};

struct scan {
    struct str text;
    struct arena *arena;
    struct scope *scopes;
    uint32_t scope_count;
    struct mark *marks;
    uint32_t mark_count;
    struct cursor cursor;
};

void scan_text(struct scan *scan, struct str text, uint32_t cursor, struct arena *arena);

static inline struct str scan_slice(const struct scan *scan, uint32_t start, uint32_t end)
{
    return str_slice(scan->text, start, end);
}
/* The text of a mark without its quotes, slashes. */
struct str mark_text(const struct scan *scan, const struct mark *mark);
/* The mark that `offset` lies in or directly behind; NULL: none. */
const struct mark *scan_mark_at(const struct scan *scan, uint32_t offset);
/* The plugin, codec or test whose options are in this scope, itself included; NULL: none. */
const struct scope *scan_plugin_of(const struct scan *scan, uint32_t scope);
struct str scope_name(const struct scan *scan, const struct scope *scope);
static inline const struct nesting *cursor_nesting(const struct cursor *cursor)
{
    return &cursor->nestings[cursor->depth - 1];
}

#endif
