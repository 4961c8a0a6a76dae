/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/parser.h"
#include "grammar_rows.h"
#include <criterion/criterion.h>

/* A text parsed: its tree in normal form and its messages. */
struct parsed {
    struct source_text source;
    struct config config;
    struct arena arena;
    struct diag diag;
    struct buf tree, messages;
    bool is_right;
};

static void parsed_init(struct parsed *parsed, struct str text, bool has_escapes, bool is_strict)
{
    *parsed = (struct parsed){.source = {STR("test.conf"), text}};
    arena_init(&parsed->arena, NULL);
    diag_init(&parsed->diag);
    struct parse_options options = {.has_escapes = has_escapes, .is_strict_precedence = is_strict};
    parsed->is_right =
        parse_source(&parsed->config, &parsed->source, &options, &parsed->arena, &parsed->diag);
    ast_print(&parsed->config, &parsed->tree);
    diag_render(&parsed->diag, &parsed->messages);
}

static void parsed_fini(struct parsed *parsed)
{
    buf_fini(&parsed->tree);
    buf_fini(&parsed->messages);
    diag_fini(&parsed->diag);
    arena_fini(&parsed->arena);
}

static bool says(const struct parsed *parsed, const char *words)
{
    return str_find(buf_str(&parsed->messages), str_of(words)) >= 0;
}

Test(parser, reads_what_logstash_reads)
{
    for (size_t i = 0; i < sizeof grammar_rows / sizeof *grammar_rows; i++) {
        const struct grammar_row *row = &grammar_rows[i];
        struct parsed parsed;
        parsed_init(&parsed, str_of(row->config), row->has_escapes, false);
        if (row->tree) {
            cr_expect(parsed.is_right, "%s\n%s", row->config, buf_z(&parsed.messages));
            cr_expect_str_eq(buf_z(&parsed.tree), row->tree, "%s: %s", row->config, buf_z(&parsed.tree));
        } else {
            cr_expect(!parsed.is_right, "%s", row->config);
            cr_expect(says(&parsed, row->words), "%s\n%s\n%s", row->config, row->words,
                      buf_z(&parsed.messages));
        }
        parsed_fini(&parsed);
    }
}
