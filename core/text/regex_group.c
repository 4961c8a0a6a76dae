/* SPDX-License-Identifier: Apache-2.0 */
/* Groups in all their forms, and what refers to them: \k, \g, \1. */
#include "core/text/regex_parser.h"
#include "core/xmalloc.h"

static void name_add(struct regex_parser *parser, struct str name, uint32_t group)
{
    struct translation *to = parser->to;
    if (to->name_count == to->name_capacity) {
        to->name_capacity = to->name_capacity ? to->name_capacity * 2 : 16;
        to->names = xreallocarray(to->names, to->name_capacity, sizeof *to->names);
    }
    to->names[to->name_count++] = (struct regex_name){name, group};
}

/* ---- references ---- */
/* The text between `<` and `>` (or quotes) at `at`; moves behind it. */
static bool name_take(struct regex_parser *parser, char end, struct str *name)
{
    size_t begin = ++parser->at;
    while (!parser_ended(parser) && parser_peek(parser, 0) != end) parser->at++;
    if (parser_ended(parser))
        return parser_fail(parser, begin - 1, "the name has no end `%c`", end);
    *name = str_slice(parser->in, begin, parser->at++);
    if (!name->len) return parser_fail(parser, begin, "the name is empty");
    return true;
}

/* A group's number from `12` or, counted back from here, `-1`. 0: not a number. */
static uint32_t number_parse(const struct regex_parser *parser, struct str name)
{
    bool is_relative = name.ptr[0] == '-';
    uint32_t number = 0;
    for (size_t i = is_relative; i < name.len; i++) {
        if (!is_digit(name.ptr[i]) || number > REGEX_GROUPS_MAX) return 0;
        number = number * 10 + (uint32_t)(name.ptr[i] - '0');
    }
    if (!is_relative) return number;
    return number <= parser->to->groups ? parser->to->groups + 1 - number : 0;
}

/* \k<name> \k<1>: with a name given twice the last group that took part, as Ruby tries them. */
bool parse_back_reference(struct regex_parser *parser, struct shape *shape)
{
    size_t offset = parser->at - 1;
    char open = parser_peek(parser, 1);
    if (open != '<' && open != '\'') return parser_fail(parser, offset, "`<` must follow \\k");
    parser->at++;
    struct str name;
    if (!name_take(parser, open == '<' ? '>' : '\'', &name)) return false;
    *shape = (struct shape){.min = 0};
    parser->to->has_loop = true;
    literal_end(parser);
    if (is_digit(name.ptr[0]) || name.ptr[0] == '-') {
        parser->to->has_numbered_reference = true;
        uint32_t number = number_parse(parser, name);
        if (parser->is_first_pass) return true;
        if (!number || number > parser->to->groups)
            return parser_fail(parser, offset, "there is no group `%.*s`", STR_ARG(name));
        guard(parser);
        buf_printf(&parser->to->text, "\\g{%u}", number);
        return true;
    }
    if (parser->is_first_pass) return true;
    uint32_t found = 0;
    guard(parser);
    buf_append_z(&parser->to->text, "(?:");
    for (uint32_t i = parser->to->name_count; i-- > 0;)
        if (str_eq(parser->to->names[i].name, name))
            buf_printf(&parser->to->text, "%s\\g{%u}", found++ ? "|" : "",
                       parser->to->names[i].group);
    buf_append_char(&parser->to->text, ')');
    return found || parser_fail(parser, offset, "there is no group `%.*s`", STR_ARG(name));
}

/* \g<name> \g<1> \g<0>: the group's expression once more. */
bool parse_call(struct regex_parser *parser, struct shape *shape)
{
    size_t offset = parser->at - 1;
    char open = parser_peek(parser, 1);
    if (open != '<' && open != '\'') return parser_fail(parser, offset, "`<` must follow \\g");
    parser->at++;
    struct str name;
    if (!name_take(parser, open == '<' ? '>' : '\'', &name)) return false;
    *shape = (struct shape){.min = 0};
    parser->to->has_loop = true;
    literal_end(parser);
    uint32_t number = number_parse(parser, name);
    bool is_number = number || str_eq(name, STR("0"));
    if (is_number) parser->to->has_numbered_reference = true;
    for (uint32_t i = 0; !is_number && i < parser->to->name_count; i++) {
        if (!str_eq(parser->to->names[i].name, name)) continue;
        number = parser->to->names[i].group;
        is_number = true;
    }
    if (parser->is_first_pass) return true;
    if (!is_number) return parser_fail(parser, offset, "there is no group `%.*s`", STR_ARG(name));
    guard(parser);
    buf_printf(&parser->to->text, "(?%u)", number);
    return true;
}

/* \1 to \9, and more digits when there are as many groups; else an octal character. */
bool parse_numbered(struct regex_parser *parser, struct shape *shape)
{
    size_t end = parser->at;
    uint32_t number = 0;
    while (end < parser->in.len && is_digit(parser->in.ptr[end]) && number <= REGEX_GROUPS_MAX)
        number = number * 10 + (uint32_t)(parser->in.ptr[end++] - '0');
    if (number > 9 && number > parser->to->groups) return false;
    if (parser->to->has_named && !parser->is_first_pass)
        return parser_fail(parser, parser->at - 1,
                           "\\%u: where groups have names, refer to one by \\k<name>", number);
    parser->to->has_numbered_reference = parser->to->has_loop = true;
    literal_end(parser);
    *shape = (struct shape){.min = 0};
    guard(parser);
    buf_printf(&parser->to->text, "\\g{%u}", number);
    parser->at = end;
    return true;
}

/* ---- groups ---- */
static bool close_group(struct regex_parser *parser, size_t opened)
{
    if (parser_peek(parser, 0) != ')') return parser_fail(parser, opened, "`(` has no end `)`");
    parser->at++;
    buf_append_char(&parser->to->text, ')');
    return true;
}

/* The rest of a group behind its opening, with flags of its own. */
static bool parse_group_body(struct regex_parser *parser, size_t opened, struct shape *shape)
{
    struct regex_flags flags = parser->flags;
    bool ok = parse_alternation(parser, shape) && close_group(parser, opened);
    parser->flags = flags;
    return ok;
}

static bool parse_look(struct regex_parser *parser, size_t opened, const char *open, size_t len,
                       struct shape *shape)
{
    parser->at += len;
    buf_append_z(&parser->to->text, open);
    parser->muted++;
    bool ok = parse_group_body(parser, opened, shape);
    parser->muted--;
    *shape = (struct shape){.min = 0};
    return ok;
}

static bool parse_named(struct regex_parser *parser, size_t opened, struct shape *shape)
{
    struct str name;
    if (!name_take(parser, parser_peek(parser, 0) == '<' ? '>' : '\'', &name)) return false;
    if (++parser->to->groups > REGEX_GROUPS_MAX)
        return parser_fail(parser, opened, "more than %d groups", REGEX_GROUPS_MAX);
    parser->to->has_named = true;
    if (parser->is_first_pass) name_add(parser, name, ++parser->named_seen);
    buf_append_char(&parser->to->text, '(');
    return parse_group_body(parser, opened, shape);
}

static bool parse_plain(struct regex_parser *parser, size_t opened, struct shape *shape)
{
    const struct translation *to = parser->to;
    bool captures =
        parser->is_first_pass ||
        (!to->has_named && (!parser->options->named_only || to->has_numbered_reference));
    if (captures && ++parser->to->groups > REGEX_GROUPS_MAX)
        return parser_fail(parser, opened, "more than %d groups", REGEX_GROUPS_MAX);
    buf_append_z(&parser->to->text, captures ? "(" : "(?:");
    return parse_group_body(parser, opened, shape);
}

/* (?imx-imx) and (?imx-imx: ; the former holds to the end of its group, over every `|`. */
static bool parse_flags(struct regex_parser *parser, size_t opened, struct shape *shape)
{
    struct regex_flags flags = parser->flags;
    bool value = true;
    for (;; parser->at++) {
        switch (parser_peek(parser, 0)) {
        case 'i': parser->flags.caseless = value; continue;
        case 'm': parser->flags.dotall = value; continue;
        case 'x': parser->flags.extended = value; continue;
        case 'u': parser->flags.unicode = value; continue;
        case 'a':
        case 'd': parser->flags.unicode = false; continue;
        case '-':
            if (!value) break;
            value = false;
            continue;
        case ')':
        case ':': break;
        default: return parser_fail(parser, opened, "`(?%c` is not known", parser_peek(parser, 0));
        }
        break;
    }
    bool is_isolated = parser_peek(parser, 0) == ')';
    if (!is_isolated && parser_peek(parser, 0) != ':')
        return parser_fail(parser, opened, "flags end with `:` or `)`");
    parser->at++;
    const struct regex_flags *on = &parser->flags;
    buf_printf(&parser->to->text, "(?%s%s%s%s%s:", on->caseless ? "i" : "", on->dotall ? "s" : "",
               on->caseless && on->dotall ? "" : "-", on->caseless ? "" : "i",
               on->dotall ? "" : "s");
    bool ok;
    if (is_isolated) {
        ok = parse_alternation(parser, shape);
        buf_append_char(&parser->to->text, ')');
    } else {
        ok = parse_alternation(parser, shape) && close_group(parser, opened);
    }
    parser->flags = flags;
    return ok;
}

/* (?(1)yes|no), (?(<name>)yes|no) */
static bool parse_conditional(struct regex_parser *parser, size_t opened, struct shape *shape)
{
    parser->at++;
    struct str name;
    uint32_t number = 0;
    char open = parser_peek(parser, 0);
    if (open == '<' || open == '\'') {
        if (!name_take(parser, open == '<' ? '>' : '\'', &name)) return false;
        for (uint32_t i = 0; i < parser->to->name_count && !number; i++)
            if (str_eq(parser->to->names[i].name, name)) number = parser->to->names[i].group;
    } else {
        parser->at--;
        if (!name_take(parser, ')', &name)) return false;
        parser->at--;
        parser->to->has_numbered_reference = true;
        number = number_parse(parser, name);
    }
    if (parser_peek(parser, 0) != ')')
        return parser_fail(parser, opened, "the condition has no end `)`");
    parser->at++;
    if (!parser->is_first_pass && !number)
        return parser_fail(parser, opened, "there is no group `%.*s`", STR_ARG(name));
    buf_printf(&parser->to->text, "(?(%u)", number);
    parser->muted++;
    bool ok = parse_group_body(parser, opened, shape);
    parser->muted--;
    literal_end(parser);
    *shape = (struct shape){.min = 0};
    return ok;
}

static bool skip_comment(struct regex_parser *parser, size_t opened)
{
    for (; !parser_ended(parser); parser->at++) {
        if (parser_peek(parser, 0) == '\\')
            parser->at++;
        else if (parser_peek(parser, 0) == ')') {
            parser->at++;
            return true;
        }
    }
    return parser_fail(parser, opened, "the comment has no end `)`");
}

static bool parse_special(struct regex_parser *parser, size_t opened, struct shape *shape)
{
    char c = parser_peek(parser, 1), next = parser_peek(parser, 2);
    struct buf *text = &parser->to->text;
    switch (c) {
    case ':':
    case '>':
        parser->at += 2;
        buf_printf(text, "(?%c", c);
        return parse_group_body(parser, opened, shape);
    case '=': return parse_look(parser, opened, "(?=", 2, shape);
    case '!': return parse_look(parser, opened, "(?!", 2, shape);
    case '<':
        if (next == '=') return parse_look(parser, opened, "(?<=", 3, shape);
        if (next == '!') return parse_look(parser, opened, "(?<!", 3, shape);
        parser->at++;
        return parse_named(parser, opened, shape);
    case '\'': parser->at++; return parse_named(parser, opened, shape);
    case '(': parser->at++; return parse_conditional(parser, opened, shape);
    case '#': return skip_comment(parser, opened);
    case '~':
        return parser_fail(parser, opened,
                           "the absence operator `(?~` is not supported; use a lookahead `(?!`");
    case 'P': return parser_fail(parser, opened, "a group's name is written `(?<name>`");
    default: parser->at++; return parse_flags(parser, opened, shape);
    }
}

bool parse_group(struct regex_parser *parser, struct shape *shape)
{
    size_t opened = parser->at++;
    *shape = (struct shape){.min = 0};
    if (++parser->depth > REGEX_DEPTH_MAX)
        return parser_fail(parser, opened, "nested too deeply (at most %d)", REGEX_DEPTH_MAX);
    bool ok = parser_peek(parser, 0) == '?' ? parse_special(parser, opened, shape)
                                            : parse_plain(parser, opened, shape);
    parser->depth--;
    shape->is_single = shape->is_any = shape->is_choice = false;
    return ok;
}
