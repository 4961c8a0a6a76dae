/* SPDX-License-Identifier: Apache-2.0 */
/* What the halves of completion share: complete.c finds out what is wanted at the cursor and lists it,
 * complete_items.c writes the items. Lives for one request. */
#ifndef PIPELINES_LSP_COMPLETE_H
#define PIPELINES_LSP_COMPLETE_H
#include "pipelines/lsp/catalogue.h"
#include "pipelines/lsp/server.h"

enum { COMPLETIONS_MAX = 3000 }; /* items of one answer; then it says that there are more */

/* The protocol's numbers. */
enum item_kind {
    ITEM_FUNCTION = 3, ITEM_FIELD = 5, ITEM_VARIABLE = 6, ITEM_MODULE = 9, ITEM_PROPERTY = 10,
    ITEM_VALUE = 12, ITEM_ENUM = 13, ITEM_KEYWORD = 14, ITEM_SNIPPET = 15, ITEM_OPERATOR = 24,
};

struct completion {
    struct lsp *lsp;
    const struct document *document;
    const struct scan *scan;
    uint32_t start, offset; /* what an item replaces: the word before the cursor */
    json_t *items;
    uint32_t count;
};

struct item {
    enum item_kind kind;
    struct str label;
    struct str detail;  /* beside it; may be empty */
    struct str help;    /* below it; may be empty */
    struct str text;    /* to insert; empty: the label */
    struct str snippet; /* the same with places to fill in, for editors that know them; may be empty */
};

void item_add(struct completion *completion, const struct item *item);
void item_plugin(struct completion *completion, const struct described *plugin);
void item_option(struct completion *completion, const struct described *plugin, const struct option *option);
/* A value without quotes where the language allows it, else with them unless they are there. */
void item_value(struct completion *completion, struct str value, bool is_quoted, const char *detail);

#endif
