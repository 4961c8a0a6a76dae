/* SPDX-License-Identifier: Apache-2.0 */
/* What a pipeline's text says, with its places: sections of statements, statements that are plugins
 * or branches, conditions as expression trees. Plugin settings are struct setting of core/option.h,
 * attributes given twice already merged. All memory is the configuration arena's; texts point into
 * the sources (or into the arena, where escapes were resolved), which must outlive the tree.
 *
 * Walking a pipeline, in the order of execution:
 *
 *     struct config *config;                                    // of dsl/parser.h, joined over files
 *     struct statements *filters = &config->sections[SECTION_FILTER];
 *     for (i < filters->count) switch (filters->items[i].kind) {
 *     case STATEMENT_PLUGIN: items[i].plugin->name, ->settings, and after the checker ->filter, ->id
 *     case STATEMENT_BRANCH: each arm of items[i].branch: the first whose condition is true runs its
 *                            block; the condition of `else` is NULL
 *     case STATEMENT_ASSIGNMENT: fields set or removed
 *     case STATEMENT_LET: a name gets a value for the rest of its block
 *     case STATEMENT_FOR: a block of such statements, branches too, run for each item of a list
 *     case STATEMENT_BREAK, STATEMENT_CONTINUE: within one
 *     }                                                         // all but the first two: dsl/action.h
 *
 * Conditions are handed to condition_compile() (dsl/condition.h) as they are; parts of them that Logstash
 * cannot read are expressions, marked is_computed. Blocks and values have at
 * most AST_DEPTH_MAX levels, conditions at most CONDITION_NODES_MAX nodes, so that a recursive walk is
 * safe. Start-up only; one thread. */
#ifndef DSL_AST_H
#define DSL_AST_H
#include "core/option.h"

enum {
    AST_DEPTH_MAX = 128,           /* of blocks, values and parentheses within each other */
    AST_STATEMENTS_MAX = 100000,   /* of one file */
    AST_ITEMS_MAX = 1000000,       /* values of all arrays and hashes of one file */
    AST_SETTINGS_MAX = 10000,      /* of one plugin */
    NAMES_MAX = 64,                /* of `let`, known at one place: bounds the memory of an event */
    AST_TESTS_MAX = 10000,         /* of one pipeline */
    CONDITION_NODES_MAX = 5000,    /* of one condition: bounds the depth of its tree */
    CONDITION_TRIED_MAX = 50000,   /* of all readings of one condition (dsl/parse_term.c) */
};

enum expression_kind {
    /* both sides are conditions */
    EXPRESSION_AND, EXPRESSION_OR, EXPRESSION_XOR, EXPRESSION_NAND,
    EXPRESSION_NOT, /* of `left` */
    /* both sides are operands */
    EXPRESSION_EQ, EXPRESSION_NE, EXPRESSION_LT, EXPRESSION_LE, EXPRESSION_GT, EXPRESSION_GE,
    EXPRESSION_IN, EXPRESSION_NOT_IN,
    EXPRESSION_MATCH, EXPRESSION_NOT_MATCH, /* right: a regex or a string */
    /* operands; alone they are conditions too (truth of the value) */
    EXPRESSION_FIELD,      /* `text` is the reference as written */
    EXPRESSION_CONSTANT,   /* `value`: string, bareword (in an array), number, array */
    EXPRESSION_REGEX,      /* `text` between the slashes, `\/` already `/` */
    EXPRESSION_LEVEL,      /* `level` or `level([f])`: `left` is the field, or NULL */
    EXPRESSION_LEVEL_NAME, /* WARN, right of a comparison with a level */
    /* only in assignments (dsl/parse_expression.c); both sides are expressions */
    EXPRESSION_ADD, EXPRESSION_SUBTRACT, EXPRESSION_MULTIPLY, EXPRESSION_DIVIDE, EXPRESSION_REMAINDER,
    EXPRESSION_DEFAULT,     /* left ?? right */
    EXPRESSION_NEGATE,      /* - of `left` */
    EXPRESSION_CONDITIONAL, /* left ? items[0] : items[1] */
    EXPRESSION_INDEX,       /* left[right] */
    EXPRESSION_TRUE, EXPRESSION_FALSE, EXPRESSION_NULL,
    EXPRESSION_ARRAY,       /* of `items` */
    EXPRESSION_OBJECT,      /* `keys` and `items` */
    EXPRESSION_CALL,        /* of the function `text` with `items` */
    EXPRESSION_NAME,        /* `binding` */
    EXPRESSION_PATH,        /* a field with computed steps, `[a][(b)]`: `items` are runs of written steps
                             * (EXPRESSION_FIELD) and, in parentheses, what gives a step; `text` is all */
};

/* A name that has a value from its statement to the end of the block: one for each event, kept beside
 * the event (dsl/vm.c), never in it. */
struct binding {
    struct str name;
    struct place place;
    uint32_t slot;  /* where its values are kept; names that are never known together may share it */
    bool is_used;
    bool is_of_loop;
    unsigned types; /* enum type_set; known when its statement is compiled (dsl/action.h) */
    struct binding *declared_before; /* the parser's list of all of a text */
};

struct expression {
    enum expression_kind kind;
    struct place place;          /* all of it */
    struct place operator_place; /* of a node with two sides */
    struct expression *left, *right;
    struct str text;
    struct config_value value;
    struct expression **items;
    struct str *keys;  /* of an object: as many as items */
    uint32_t count;    /* of items */
    const struct binding *binding;
    bool is_grouped;  /* stood in parentheses */
    bool is_computed; /* in a condition: it means what it means in an assignment (dsl/expression.h) */
};

/* `[a] = expression`, or `remove [a], [b]`. */
struct target {
    struct str text; /* the reference as written */
    struct place place;
    const struct expression *computed; /* an EXPRESSION_PATH, when steps of it are computed */
};

struct assignment {
    struct place place;
    struct target *targets; /* one, unless fields are removed */
    uint32_t count;
    struct expression *value; /* NULL: the targets are removed */
};

/* `let name = expression`. */
struct let {
    struct place place;
    struct binding *binding;
    struct expression *value;
};

struct statement;
struct input_type;
struct filter_type;
struct output_type;

struct statements {
    struct statement *items;
    uint32_t count;
};

/* `for item in list { … }`, `for key, item in list { … }`. The body has no plugins. */
struct for_loop {
    struct place place;  /* from `for` to the list */
    struct binding *key; /* NULL: only items are named */
    struct binding *item;
    struct expression *list;
    struct statements body;
};

/* `if`, `else if`, `else`, in this order. */
struct branch_arm {
    struct expression *condition; /* NULL: else */
    struct statements block;
    struct place place; /* of the keyword */
    struct place close; /* of the `}` of its block */
};

struct branch {
    struct branch_arm *arms;
    uint32_t count;
};

struct plugin_block {
    struct str name;
    struct place name_place;
    struct place place; /* from the name to the closing brace */
    struct setting *settings;
    uint32_t setting_count;
    bool is_quoted; /* the name stood in quotes: no plugin has such a name */
    bool has_fault; /* its settings could not all be read: whoever loads them would miss some */
    /* Filled by the checker (dsl/checker.h). */
    union {
        const struct input_type *input;
        const struct filter_type *filter;
        const struct output_type *output;
    };
    struct str id; /* as given, or made from the plugin's name and its place */
};

enum statement_kind {
    STATEMENT_PLUGIN, STATEMENT_BRANCH, STATEMENT_ASSIGNMENT, STATEMENT_LET, STATEMENT_FOR, STATEMENT_BREAK,
    STATEMENT_CONTINUE
};

struct statement {
    enum statement_kind kind;
    union {
        struct plugin_block *plugin;
        struct branch *branch;
        /* in filter sections only */
        struct assignment *assignment;
        struct let *let;
        struct for_loop *loop;
        struct place jump; /* of `break`, `continue` */
    };
};

enum section_kind { SECTION_INPUT, SECTION_FILTER, SECTION_OUTPUT, SECTION_KINDS };

/* `test "name" { … }`: read with the rest, run by `tailrace test` alone (pipelines/testing). */
struct test_block {
    struct str name;
    struct place name_place; /* of the text in quotes */
    struct place place;      /* from `test` to the closing brace */
    struct setting *settings;
    uint32_t setting_count;
};

struct config {
    struct statements sections[SECTION_KINDS]; /* of all files, in order */
    uint32_t slots; /* of names: what an event's row of values must hold */
    struct test_block *tests;
    uint32_t test_count;
};

const char *section_name(enum section_kind section); /* "input", … */
/* Where a statement is pointed at: a plugin's name, the `if` of a branch; of others all. */
struct place statement_place(const struct statement *statement);

/* The normal form on one line, for tests:
 * `input:  (Noop) | filter:  (do-sequence filter-f1{} filter-f2{} | output:  (Noop)`, and behind it
 * ` | test "name"{…}` for each test. */
void ast_print(const struct config *config, struct buf *out);
/* A condition with every operator in parentheses: `(and [a] (== [b] "x"))`. */
void expression_print(const struct expression *expression, struct buf *out);
/* A statement that is neither plugin nor branch: `[a] = (+ [b] 1)`, `remove [a], [b]`, `let x = 5`; of a
 * loop what stands before its block. */
void statement_print(const struct statement *statement, struct buf *out);
/* The same two as a user writes them, with parentheses wherever operators of two kinds meet:
 * `[a] and ([b] == "x" or ![c])` (dsl/ast_text.c). */
void expression_text(const struct expression *expression, struct buf *out);
void statement_text(const struct statement *statement, struct buf *out);
/* A value as in the normal form: `{"k"=>[1, "x"]}`. */
void config_value_print(const struct config_value *value, struct buf *out);

#endif
