/* SPDX-License-Identifier: Apache-2.0 */
/* A program as text, an instruction a line, each that comes from the text with its place:
 *
 *    1  BRANCH                                                 # web.conf:18:3
 *    2    TEST   "x" in [tags] (none: 5)                       # web.conf:18:3
 *    3    FILTER date `date@web.conf:19`                       # web.conf:19:5 */
#include "dsl/program.h"
#include "core/input.h"

enum { PLACE_COLUMN = 60 }; /* where places stand, unless what is before them is longer */

struct listing {
    struct buf *out;
    size_t line_start;
    struct place_walk walk; /* places come in order, but for the beginning of another section */
};

static void line_begin(struct listing *listing, uint32_t indent)
{
    listing->line_start = listing->out->len;
    buf_printf(listing->out, "%*s", (int)indent, "");
}

static size_t columns(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

static void line_end(struct listing *listing, struct place place)
{
    struct buf *out = listing->out;
    while (out->len > listing->line_start && out->ptr[out->len - 1] == ' ') out->len--;
    if (place.source) {
        size_t used = columns(str_from(buf_str(out), listing->line_start));
        place_walk_to(&listing->walk, place.source, place.start);
        buf_printf(out, "%*s# %.*s:%u:%u", (int)(used + 2 < PLACE_COLUMN ? PLACE_COLUMN - used : 2), "",
                   STR_ARG(place.source->name), listing->walk.line, listing->walk.column);
    }
    buf_append_char(out, '\n');
}

/* ---- the bodies of loops: no instructions of their own, each event runs them alone ---- */

static void block_print(struct listing *listing, const struct statements *list, uint32_t indent);

static void arms_print(struct listing *listing, const struct branch *branch, uint32_t indent)
{
    for (uint32_t i = 0; i < branch->count; i++) {
        const struct branch_arm *arm = &branch->arms[i];
        line_begin(listing, indent);
        buf_append_z(listing->out, i == 0 ? "if " : arm->condition ? "else if " : "else");
        if (arm->condition) expression_text(arm->condition, listing->out);
        line_end(listing, arm->place);
        block_print(listing, &arm->block, indent + 2);
    }
}

static void block_print(struct listing *listing, const struct statements *list, uint32_t indent)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct statement *statement = &list->items[i];
        if (statement->kind == STATEMENT_BRANCH) {
            arms_print(listing, statement->branch, indent);
            continue;
        }
        line_begin(listing, indent);
        statement_text(statement, listing->out);
        line_end(listing, statement_place(statement));
        if (statement->kind == STATEMENT_FOR) block_print(listing, &statement->loop->body, indent + 2);
    }
}

/* ---- instructions ---- */

static void plugin_print(const char *name, struct str id, const struct codec *codec, struct buf *out)
{
    buf_printf(out, "%s `%.*s`", name, STR_ARG(id));
    if (codec) buf_printf(out, ", codec %s", codec->type->name);
}

static void operand_print(const struct program *program, const struct instruction *at, struct buf *out)
{
    switch ((enum opcode)at->opcode) {
    case OP_FILTER: {
        const struct filter *filter = program->filters[at->a];
        plugin_print(filter->type->name, filter->id, NULL, out);
        break;
    }
    case OP_OUTPUT: {
        const struct output *output = program->outputs[at->a];
        plugin_print(output->type->name, output->id, output->codec, out);
        break;
    }
    case OP_TEST:
        expression_text(program->conditions[at->a].expression, out);
        buf_printf(out, " (none: %u)", at->jump);
        break;
    case OP_RUN: statement_text(program->actions[at->a].source, out); break;
    case OP_ELSE: buf_printf(out, "(none: %u)", at->jump); break;
    case OP_NEXT: buf_printf(out, "(more: %u)", at->jump); break;
    default: break;
    }
}

static void input_print(struct listing *listing, const struct input *input)
{
    line_begin(listing, 0);
    buf_append_z(listing->out, "      INPUT  ");
    plugin_print(input->type->name, input->id, input->codec, listing->out);
    line_end(listing, input->place);
}

void program_print(const struct program *program, struct input *const *inputs, uint32_t input_count,
                   struct buf *out)
{
    enum { OPERANDS = 13 }; /* columns before them */
    struct listing listing = {.out = out};
    uint32_t depth = 0;
    for (uint32_t i = 0; i < input_count; i++) input_print(&listing, inputs[i]);
    for (uint32_t i = 0; i < program->code_count; i++) {
        const struct instruction *at = &program->code[i];
        if (at->opcode == OP_END || at->opcode == OP_NEXT) depth--;
        line_begin(&listing, 0);
        buf_printf(out, "%4u  %*s%-6s ", i, (int)(depth * 2), "", opcode_name(at->opcode));
        operand_print(program, at, out);
        line_end(&listing, at->place);
        const struct statement *statement = at->opcode == OP_RUN ? program->actions[at->a].source : NULL;
        if (statement && statement->kind == STATEMENT_FOR)
            block_print(&listing, &statement->loop->body, OPERANDS + 2 * depth + 2);
        if (at->opcode == OP_BRANCH || at->opcode == OP_EACH) depth++;
    }
}
