/* SPDX-License-Identifier: Apache-2.0 */
/* A recursive descent over the pattern that writes PCRE2 text as it goes, in two passes: the first
 * collects group names (a reference may stand before its group), the second writes.
 *
 * Facts are gathered on the way. Literal bytes run on through groups and anchors; whatever may take
 * another path ends the run, and what is inside alternatives, lookarounds or optional parts is
 * taken back. When in doubt nothing is claimed: a literal that is not truly required loses events.
 */
#include "core/text/regex_translate.h"
#include "core/text/regex_parser.h"
#include "core/text/utf8.h"
#include "core/xmalloc.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    BOUND_SMALL = 64,  /* repeats of one character up to this are no loop */
    LENGTH_SMALL = 16, /* bytes that one start may have to look at in vain */
    CHOICES_SMALL = 8, /* optional parts and alternatives up to this cannot multiply to much */
};

/* Where the literals stood, to take back what turned out to be optional. */
struct literal_state {
    size_t bytes;
    uint32_t count, last_len;
};

bool parser_fail(struct regex_parser *parser, size_t offset, const char *format, ...)
{
    if (parser->failed) return false;
    parser->failed = true;
    va_list args;
    va_start(args, format);
    vsnprintf(parser->problem->text, sizeof parser->problem->text, format, args);
    va_end(args);
    parser->problem->offset = offset;
    return false;
}

/* ---- facts ---- */
static struct literal_state literal_save(const struct translation *to)
{
    uint32_t last = to->literal_count ? to->literals[to->literal_count - 1].len : 0;
    return (struct literal_state){to->literal_bytes.len, to->literal_count, last};
}

/* What follows is not adjacent to what was before. */
static void literal_cut(struct translation *to)
{
    bool is_open = to->literal_count && to->literals[to->literal_count - 1].len == 0;
    if (is_open || to->literal_count == REGEX_LITERALS_MAX) return;
    to->literals[to->literal_count++] = (struct regex_required){(uint32_t)to->literal_bytes.len, 0};
}

static void literal_restore(struct translation *to, struct literal_state state)
{
    buf_truncate(&to->literal_bytes, state.bytes);
    to->literal_count = state.count;
    if (state.count) to->literals[state.count - 1].len = state.last_len;
}

/* A full table cannot open a new run: bytes that nobody owns keep the last one from growing. */
void literal_end(struct regex_parser *parser)
{
    struct translation *to = parser->to;
    if (parser->muted) return;
    if (to->literal_count == REGEX_LITERALS_MAX && to->literals[to->literal_count - 1].len)
        buf_append_char(&to->literal_bytes, '\0');
    literal_cut(to);
}

static void literal_add(struct regex_parser *parser, uint32_t code)
{
    struct translation *to = parser->to;
    bool has_case = code >= 0x80 || ((code | 0x20) >= 'a' && (code | 0x20) <= 'z');
    if (parser->muted) return;
    if (parser->flags.caseless && has_case) {
        literal_end(parser);
        return;
    }
    struct regex_required *last = &to->literals[to->literal_count - 1];
    /* the table is full and its last run was cut */
    if (last->start + last->len != to->literal_bytes.len) return;
    char bytes[4];
    size_t len = utf8_encode(code, bytes);
    buf_append(&to->literal_bytes, (struct str){bytes, len});
    last->len += (uint32_t)len;
}

static size_t size_sum(size_t a, size_t b) { return a + b < a ? SIZE_MAX : a + b; }

static size_t size_product(size_t a, size_t b)
{
    size_t product;
    return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}

/* ---- output ---- */
static void mark(struct regex_parser *parser)
{
    struct translation *to = parser->to;
    if (to->mark_count == to->mark_capacity) {
        to->mark_capacity = to->mark_capacity ? to->mark_capacity * 2 : 64;
        to->marks = xreallocarray(to->marks, to->mark_capacity, sizeof *to->marks);
    }
    to->marks[to->mark_count++] =
        (struct translation_mark){.out = (uint32_t)to->text.len, .in = (uint32_t)parser->at};
}

/* Parts of the outermost sequence; a (?i) without an end takes the rest into its own. */
static void cut(struct regex_parser *parser)
{
    struct translation *to = parser->to;
    if (parser->depth || parser->is_first_pass) return;
    if (to->cut_count == to->cut_capacity) {
        to->cut_capacity = to->cut_capacity ? to->cut_capacity * 2 : 64;
        to->cuts = xreallocarray(to->cuts, to->cut_capacity, sizeof *to->cuts);
    }
    to->cuts[to->cut_count++] = (uint32_t)parser->at;
}

static void text_insert(struct buf *text, size_t at, const char *what)
{
    struct str insert = str_of(what);
    buf_reserve(text, insert.len);
    memmove(text->ptr + at + insert.len, text->ptr + at, text->len - at);
    memcpy(text->ptr + at, insert.ptr, insert.len);
    text->len += insert.len;
}

void guard(struct regex_parser *parser)
{
    if (parser->kind.mode == REGEX_GUARDED) buf_printf(&parser->to->text, "(?C%d)", REGEX_CALLOUT);
}

/* ---- atoms ---- */
static bool take_literal(struct regex_parser *parser, uint32_t code, struct shape *shape)
{
    code_append(parser, &parser->to->text, code);
    literal_add(parser, code);
    char bytes[4];
    *shape = (struct shape){.is_single = true};
    shape->min = parser->flags.caseless && code >= 0x80 ? 1 : utf8_encode(code, bytes);
    return true;
}

static void take_set(struct regex_parser *parser, struct shape *shape)
{
    literal_end(parser);
    *shape = (struct shape){.min = 1, .is_single = true};
}

static bool parse_escape(struct regex_parser *parser, struct shape *shape)
{
    struct buf *text = &parser->to->text;
    size_t offset = parser->at++;
    if (parser_ended(parser)) return parser_fail(parser, offset, "the text ends with a backslash");
    char c = parser_peek(parser, 0);
    *shape = (struct shape){.min = 0};
    switch (c) {
    case 'A':
    case 'G':
    case 'b':
    case 'B':
    case 'Z':
    case 'z':
    case 'K':
        parser->at++;
        buf_printf(text, "\\%c", c);
        shape->is_anchored = shape->begins_line = c == 'A';
        return true;
    case 'R':
    case 'X':
        parser->at++;
        buf_printf(text, "\\%c", c);
        take_set(parser, shape);
        shape->is_single = false;
        parser->to->has_loop |= c == 'X';
        return true;
    case 'k': return parse_back_reference(parser, shape);
    case 'g': return parse_call(parser, shape);
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        if (parse_numbered(parser, shape)) return true;
        if (parser->failed) return false;
        break;
    default: break;
    }
    uint32_t code;
    if (escape_code(parser, is_digit(c), &code)) return take_literal(parser, code, shape);
    if (parser->failed) return false;
    size_t begin = text->len;
    if (!parser->kind.is_utf && strchr("dDwWsS", c)) { /* PCRE2's own, which are ASCII here */
        parser->at++;
        buf_printf(text, "\\%c", c);
        take_set(parser, shape);
        return true;
    }
    buf_append_char(text, '[');
    if (escape_set(parser, text)) {
        buf_append_char(text, ']');
        take_set(parser, shape);
        return true;
    }
    if (parser->failed) return false;
    buf_truncate(text, begin);
    return take_literal(parser, parser_take(parser), shape); /* any other: itself */
}

static bool parse_class(struct regex_parser *parser, struct shape *shape)
{
    parser->at++;
    uint32_t literal;
    if (!class_parse(parser, &parser->to->text, &literal)) return false;
    if (literal == UINT32_MAX) {
        take_set(parser, shape);
        return true;
    }
    literal_add(parser, literal);
    *shape = (struct shape){.min = 1, .is_single = true};
    return true;
}

static bool parse_atom(struct regex_parser *parser, struct shape *shape)
{
    struct buf *text = &parser->to->text;
    char c = parser_peek(parser, 0);
    *shape = (struct shape){.min = 0};
    switch (c) {
    case '\\': return parse_escape(parser, shape);
    case '(': return parse_group(parser, shape);
    case '[': return parse_class(parser, shape);
    case '.':
        parser->at++;
        buf_append_char(text, '.');
        take_set(parser, shape);
        shape->is_any = parser->flags.dotall;
        return true;
    case '^':
    case '$':
        parser->at++;
        buf_append_char(text, c); /* always line anchors: PCRE2_MULTILINE */
        shape->begins_line = c == '^';
        return true;
    case '*':
    case '+':
    case '?': return parser_fail(parser, parser->at, "`%c` has nothing to repeat", c);
    default: return take_literal(parser, parser_take(parser), shape);
    }
}

/* ---- quantifiers ---- */
struct quantifier {
    uint32_t min, max;
    char kind;
}; /* max UINT32_MAX: no bound; kind: '\0' ? + */

static bool interval_number(const struct regex_parser *parser, size_t *at, uint32_t *number)
{
    size_t begin = *at;
    for (*number = 0; *at < parser->in.len && is_digit(parser->in.ptr[*at]); (*at)++)
        if (*number <= REGEX_REPEAT_MAX)
            *number = *number * 10 + (uint32_t)(parser->in.ptr[*at] - '0');
    return *at > begin;
}

/* {n} {n,} {n,m} {,m}; anything else is literal text. */
static bool take_interval(struct regex_parser *parser, struct quantifier *q, bool *is_exact)
{
    size_t at = parser->at + 1;
    bool has_min = interval_number(parser, &at, &q->min), has_max = true;
    q->max = q->min;
    *is_exact = true;
    if (at < parser->in.len && parser->in.ptr[at] == ',') {
        at++;
        *is_exact = false;
        has_max = interval_number(parser, &at, &q->max);
        if (!has_max) q->max = UINT32_MAX;
    }
    if ((!has_min && (*is_exact || !has_max)) || at >= parser->in.len || parser->in.ptr[at] != '}')
        return false;
    if (q->min > REGEX_REPEAT_MAX || (has_max && q->max > REGEX_REPEAT_MAX))
        return parser_fail(parser, parser->at, "a repeat count is at most %d", REGEX_REPEAT_MAX);
    if (q->min > q->max)
        return parser_fail(parser, parser->at, "the repeat counts are the wrong way round");
    parser->at = at + 1;
    return true;
}

static bool take_quantifier(struct regex_parser *parser, struct quantifier *q)
{
    char c = parser_peek(parser, 0);
    bool is_interval = false, is_exact = false;
    *q = (struct quantifier){.max = UINT32_MAX};
    if (c == '?')
        q->max = 1;
    else if (c == '+')
        q->min = 1;
    else if (c == '{')
        is_interval = true;
    else if (c != '*')
        return false;
    if (is_interval) {
        if (!take_interval(parser, q, &is_exact)) return false;
    } else {
        parser->at++;
    }
    char next = parser_peek(parser, 0);
    /* Ruby: {n}? is "perhaps n times", and no interval is possessive. */
    if ((next == '?' && !is_exact) || (next == '+' && !is_interval)) {
        q->kind = next;
        parser->at++;
    }
    return true;
}

static void quantifier_text(const struct quantifier *q, struct buf *text)
{
    if (q->max == 1 && q->min == 0)
        buf_append_char(text, '?');
    else if (q->max == UINT32_MAX && q->min < 2)
        buf_append_char(text, q->min ? '+' : '*');
    else if (q->max == UINT32_MAX)
        buf_printf(text, "{%u,}", q->min);
    else if (q->max == q->min)
        buf_printf(text, "{%u}", q->min);
    else
        buf_printf(text, "{%u,%u}", q->min, q->max);
    if (q->kind) buf_append_char(text, q->kind);
}

/* An atom with its quantifiers; `begin` is where its text starts. */
static bool parse_quantifiers(struct regex_parser *parser, size_t begin,
                              struct literal_state before, struct shape *shape)
{
    struct buf *text = &parser->to->text;
    struct quantifier q;
    uint32_t count = 0;
    while (take_quantifier(parser, &q)) {
        if (text->len == begin)
            return parser_fail(parser, parser->at - 1, "there is nothing to repeat");
        if (++count > REGEX_DEPTH_MAX)
            return parser_fail(parser, parser->at, "nested too deeply (at most %d)",
                               REGEX_DEPTH_MAX);
        bool is_loop = q.max > BOUND_SMALL;
        parser->choices += q.min != q.max;
        if (is_loop || (!shape->is_single && q.max > 1)) parser->to->has_loop = true;
        if (count > 1 || (is_loop && parser->kind.mode == REGEX_GUARDED && !shape->is_single)) {
            text_insert(text, begin,
                        is_loop && parser->kind.mode == REGEX_GUARDED ? "(?:(?C1)" : "(?:");
            buf_append_char(text, ')');
        } else if (is_loop && parser->kind.mode == REGEX_GUARDED && !shape->is_any) {
            text_insert(text, begin, "(?C1)");
            begin += 5;
        }
        quantifier_text(&q, text);
        if (!parser->muted && q.min == 0) literal_restore(parser->to, before);
        if (q.min != 1 || q.max != 1) literal_end(parser);
        shape->min = size_product(shape->min, q.min);
        if (!q.min) shape->is_anchored = shape->begins_line = false;
        shape->is_single = shape->is_any = false;
    }
    return !parser->failed;
}

/* Behind (?x): blanks and comments. */
static void skip_extended(struct regex_parser *parser)
{
    while (parser->flags.extended && !parser_ended(parser)) {
        if (is_blank(parser_peek(parser, 0)) || parser_peek(parser, 0) == '\f' ||
            parser_peek(parser, 0) == '\v') {
            parser->at++;
        } else if (parser_peek(parser, 0) == '#') {
            while (!parser_ended(parser) && parser_peek(parser, 0) != '\n') parser->at++;
        } else {
            return;
        }
    }
}

static bool parse_sequence(struct regex_parser *parser, struct shape *shape)
{
    *shape = (struct shape){.min = 0};
    bool is_begin = true;
    for (;;) {
        skip_extended(parser);
        char c = parser_peek(parser, 0);
        if (parser_ended(parser) || c == '|' || c == ')') return true;
        mark(parser);
        cut(parser);
        size_t begin = parser->to->text.len;
        struct literal_state before = literal_save(parser->to);
        struct shape atom;
        if (!parse_atom(parser, &atom)) return false;
        skip_extended(parser);
        if (!parse_quantifiers(parser, begin, before, &atom)) return false;
        shape->min = size_sum(shape->min, atom.min);
        if (is_begin) {
            shape->is_anchored = atom.is_anchored;
            shape->begins_line = atom.begins_line;
        }
        if (parser->to->text.len > begin) is_begin = false;
    }
}

bool parse_alternation(struct regex_parser *parser, struct shape *shape)
{
    struct literal_state before = literal_save(parser->to);
    bool is_choice = false, ok;
    *shape = (struct shape){.min = SIZE_MAX, .is_anchored = true, .begins_line = true};
    for (;;) {
        struct shape sequence;
        ok = parse_sequence(parser, &sequence);
        if (!ok) break;
        if (sequence.min < shape->min) shape->min = sequence.min;
        shape->is_anchored &= sequence.is_anchored;
        shape->begins_line &= sequence.begins_line;
        if (parser_peek(parser, 0) != '|') break;
        parser->at++;
        buf_append_char(&parser->to->text, '|');
        /* what the first alternative demanded is not required after all */
        if (!is_choice && !parser->muted) literal_restore(parser->to, before);
        if (!is_choice) parser->muted++;
        is_choice = true;
        parser->choices++;
    }
    shape->is_choice = is_choice;
    if (is_choice) {
        parser->muted--;
        literal_end(parser);
    }
    return ok;
}

/* ---- the whole ---- */
static bool run_pass(struct regex_parser *parser, struct translation *to, bool *is_choice)
{
    parser->at = 0;
    parser->flags = (struct regex_flags){.dotall = parser->options->is_dotall,
                                         .caseless = parser->options->is_caseless};
    buf_clear(&to->text);
    buf_clear(&to->literal_bytes);
    to->mark_count = to->groups = to->literal_count = to->cut_count = 0;
    to->has_loop = false;
    parser->choices = 0;
    literal_cut(to);
    struct shape shape;
    if (!parse_alternation(parser, &shape)) return false;
    if (!parser_ended(parser)) return parser_fail(parser, parser->at, "`)` has no beginning `(`");
    to->has_loop |= parser->choices > CHOICES_SMALL || shape.min > LENGTH_SMALL;
    to->length_min = shape.min;
    to->is_anchored = shape.is_anchored;
    to->begins_line = shape.begins_line;
    if (shape.is_choice) to->cut_count = 0;
    *is_choice = shape.is_choice;
    assert(parser->depth == 0 && parser->muted == 0);
    return true;
}

bool regex_translate(struct translation *to, struct str pattern,
                     const struct regex_options *options, struct regex_kind kind,
                     struct regex_problem *problem)
{
    *to = (struct translation){.groups = 0};
    struct regex_parser parser = {.in = pattern,
                                  .to = to,
                                  .kind = kind,
                                  .options = options,
                                  .problem = problem,
                                  .is_first_pass = true};
    if (pattern.len > REGEX_PATTERN_MAX)
        return parser_fail(&parser, REGEX_PATTERN_MAX,
                           "the pattern has %zu bytes; at most %d are allowed", pattern.len,
                           REGEX_PATTERN_MAX);
    bool is_choice;
    size_t valid = utf8_valid_len(pattern);
    if (valid < pattern.len) return parser_fail(&parser, valid, "the pattern is not valid UTF-8");
    if (!run_pass(&parser, to, &is_choice)) return false;
    parser.is_first_pass = false;
    if (!run_pass(&parser, to, &is_choice)) return false;
    /* An attempt may be long: the start spends the budget, unless there is only one. */
    bool needs_callout = to->has_loop && (kind.mode == REGEX_GUARDED ||
                                          (kind.mode == REGEX_PLAIN && !to->is_anchored));
    if (needs_callout) {
        text_insert(&to->text, 0, is_choice ? "(?C1)(?:" : "(?C1)");
        if (is_choice) buf_append_char(&to->text, ')');
    }
    return true;
}

void translation_fini(struct translation *translation)
{
    buf_fini(&translation->text);
    buf_fini(&translation->literal_bytes);
    free(translation->marks);
    free(translation->names);
    free(translation->cuts);
    *translation = (struct translation){.groups = 0};
}

size_t translation_origin(const struct translation *translation, size_t out)
{
    size_t origin = 0;
    for (uint32_t i = 0; i < translation->mark_count && translation->marks[i].out <= out; i++)
        origin = translation->marks[i].in;
    return origin;
}
