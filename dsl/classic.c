/* SPDX-License-Identifier: Apache-2.0 */
/* A recogniser with ordered choice and no tree. Every terminal that does not match at the farthest
 * place so far leaves its name; a farther place starts the list anew. Functions return whether
 * their rule matched; the place is restored when it did not. An operand is walked up to five times
 * (once for each form of expression), but operands do not hold expressions, so the work stays
 * linear. */
#include "dsl/classic.h"
#include "core/text/secrets.h"
#include "core/text/utf8.h"
#include "dsl/lexer.h"

struct walk {
    struct str text;
    uint32_t at, farthest;
    const char *names[CLASSIC_NAMES_MAX];
    uint32_t name_count;
    uint32_t depth;
    bool is_too_deep;
};

static bool missed(struct walk *walk, const char *name)
{
    if (walk->at < walk->farthest) return false;
    if (walk->at > walk->farthest) walk->name_count = 0;
    walk->farthest = walk->at;
    for (uint32_t i = 0; i < walk->name_count; i++)
        if (strcmp(walk->names[i], name) == 0) return false;
    assert(walk->name_count < CLASSIC_NAMES_MAX);
    walk->names[walk->name_count++] = name;
    return false;
}

static bool is_end(const struct walk *walk) { return walk->at >= walk->text.len; }

static bool take(struct walk *walk, const char *bytes, const char *name)
{
    if (!str_starts(str_from(walk->text, walk->at), str_of(bytes))) return missed(walk, name);
    walk->at += (uint32_t)strlen(bytes);
    return true;
}

static bool take_class(struct walk *walk, bool (*is_member)(char), const char *name)
{
    if (is_end(walk) || !is_member(walk->text.ptr[walk->at])) return missed(walk, name);
    walk->at++;
    return true;
}

static bool take_run(struct walk *walk, bool (*is_member)(char), const char *name)
{
    uint32_t start = walk->at;
    while (take_class(walk, is_member, name)) continue;
    return walk->at > start;
}

static bool back(struct walk *walk, uint32_t at)
{
    walk->at = at;
    return false;
}

static bool enter(struct walk *walk)
{
    if (walk->depth >= CLASSIC_DEPTH_MAX) walk->is_too_deep = true;
    if (walk->is_too_deep) return false;
    walk->depth++;
    return true;
}

static bool leave(struct walk *walk, bool matched, uint32_t start)
{
    assert(walk->depth > 0);
    walk->depth--;
    return matched ? true : back(walk, start);
}

/* ---- blanks ---- */

static bool is_comment_char(char c) { return c != '\r' && c != '\n'; }

static bool blank_run(struct walk *walk) { return take_run(walk, is_blank, "[ \\t\\r\\n]"); }

static bool comment(struct walk *walk)
{
    uint32_t start = walk->at;
    if (!take(walk, "#", "\"#\"")) return false;
    take_run(walk, is_comment_char, "[^\\r\\n]");
    uint32_t end = walk->at;
    take(walk, "\r", "\"\\r\"");
    if (take(walk, "\n", "\"\\n\"")) return true;
    walk->at = end;
    return is_end(walk) ? true : back(walk, start);
}

static void blanks(struct walk *walk)
{
    while (blank_run(walk) || comment(walk)) continue;
}

/* ---- tokens ---- */

static bool quoted(struct walk *walk, const char *quote, const char *quote_name, const char *escape,
                   const char *escape_name)
{
    uint32_t start = walk->at;
    if (!take(walk, quote, quote_name)) return false;
    while (!is_end(walk)) {
        if (str_starts(str_from(walk->text, walk->at), str_of(escape))) walk->at += 2;
        else if (walk->text.ptr[walk->at] == quote[0]) break;
        else walk->at++;
    }
    if (!is_end(walk)) {
        /* What an end one byte later would have offered is never the farthest place: skip it. */
        walk->at++;
        return true;
    }
    missed(walk, escape_name);
    missed(walk, "any character");
    missed(walk, quote_name);
    return back(walk, start);
}

static bool string(struct walk *walk)
{
    return quoted(walk, "\"", "'\"'", "\\\"", "'\\\"'") || quoted(walk, "'", "\"'\"", "\\'", "\"\\'\"");
}

static bool regex(struct walk *walk) { return quoted(walk, "/", "'/'", "\\/", "'\\/'"); }

static bool bareword(struct walk *walk)
{
    uint32_t start = walk->at;
    if (take_class(walk, is_bareword_start, "[A-Za-z_]") &&
        take_run(walk, is_bareword_char, "[A-Za-z0-9_]"))
        return true;
    return back(walk, start);
}

static bool number(struct walk *walk)
{
    uint32_t start = walk->at;
    take(walk, "-", "\"-\"");
    if (!take_run(walk, is_digit, "[0-9]")) return back(walk, start);
    if (take(walk, ".", "\".\"")) take_run(walk, is_digit, "[0-9]");
    return true;
}

static bool name(struct walk *walk)
{
    return take_run(walk, is_name_char, "[A-Za-z0-9_-]") || string(walk);
}

static bool is_reference_char(char c) { return c != '[' && c != ']' && c != ','; }

static bool reference_part(struct walk *walk)
{
    uint32_t start = walk->at;
    if (take(walk, "[", "\"[\"") && take_run(walk, is_reference_char, "[^\\]\\[,]") &&
        take(walk, "]", "\"]\""))
        return true;
    return back(walk, start);
}

static bool reference(struct walk *walk)
{
    if (!reference_part(walk)) return false;
    while (reference_part(walk)) continue;
    return true;
}

/* ---- values and plugins ---- */

static bool value(struct walk *walk);
static bool plugin(struct walk *walk);

/* `rule (_ "," _ rule)*`, all of it optional. */
static void comma_list(struct walk *walk, bool (*rule)(struct walk *))
{
    if (!rule(walk)) return;
    for (;;) {
        uint32_t start = walk->at;
        blanks(walk);
        if (take(walk, ",", "\",\"")) {
            blanks(walk);
            if (rule(walk)) continue;
        }
        back(walk, start);
        return;
    }
}

static bool array(struct walk *walk)
{
    uint32_t start = walk->at;
    if (!take(walk, "[", "\"[\"")) return false;
    blanks(walk);
    comma_list(walk, value);
    blanks(walk);
    return take(walk, "]", "\"]\"") ? true : back(walk, start);
}

static bool entry(struct walk *walk)
{
    uint32_t start = walk->at;
    if (number(walk) || bareword(walk) || string(walk)) {
        blanks(walk);
        if (take(walk, "=>", "\"=>\"")) {
            blanks(walk);
            if (value(walk)) return true;
        }
    }
    return back(walk, start);
}

static bool hash(struct walk *walk)
{
    uint32_t start = walk->at;
    if (!take(walk, "{", "\"{\"")) return false;
    for (;;) {
        uint32_t before = walk->at;
        blanks(walk);
        if (entry(walk)) continue;
        back(walk, before);
        break;
    }
    blanks(walk);
    return take(walk, "}", "\"}\"") ? true : back(walk, start);
}

static bool value(struct walk *walk)
{
    uint32_t start = walk->at;
    if (!enter(walk)) return false;
    return leave(walk,
                 plugin(walk) || bareword(walk) || string(walk) || number(walk) || array(walk) ||
                     hash(walk),
                 start);
}

static bool attribute(struct walk *walk)
{
    uint32_t start = walk->at;
    if (name(walk)) {
        blanks(walk);
        if (take(walk, "=>", "\"=>\"")) {
            blanks(walk);
            if (value(walk)) return true;
        }
    }
    return back(walk, start);
}

static void attributes(struct walk *walk)
{
    if (!attribute(walk)) return;
    for (;;) {
        uint32_t start = walk->at;
        if (blank_run(walk)) {
            blanks(walk);
            if (attribute(walk)) continue;
        }
        back(walk, start);
        return;
    }
}

static bool plugin(struct walk *walk)
{
    uint32_t start = walk->at;
    if (!name(walk)) return false;
    blanks(walk);
    if (!take(walk, "{", "\"{\"")) return back(walk, start);
    blanks(walk);
    attributes(walk);
    blanks(walk);
    return take(walk, "}", "\"}\"") ? true : back(walk, start);
}

/* ---- conditions ---- */

static bool condition(struct walk *walk);
static bool operand(struct walk *walk);

static bool call(struct walk *walk)
{
    uint32_t start = walk->at;
    if (!bareword(walk)) return false;
    blanks(walk);
    if (!take(walk, "(", "\"(\"")) return back(walk, start);
    blanks(walk);
    comma_list(walk, operand);
    blanks(walk);
    return take(walk, ")", "\")\"") ? true : back(walk, start);
}

static bool operand(struct walk *walk)
{
    uint32_t start = walk->at;
    if (!enter(walk)) return false;
    return leave(walk,
                 string(walk) || number(walk) || reference(walk) || array(walk) || call(walk) ||
                     regex(walk),
                 start);
}

static bool grouped(struct walk *walk)
{
    uint32_t start = walk->at;
    if (!take(walk, "(", "\"(\"")) return false;
    blanks(walk);
    if (condition(walk)) {
        blanks(walk);
        if (take(walk, ")", "\")\"")) return true;
    }
    return back(walk, start);
}

static bool negation(struct walk *walk)
{
    uint32_t start = walk->at;
    if (!take(walk, "!", "\"!\"")) return false;
    blanks(walk);
    return grouped(walk) || reference(walk) ? true : back(walk, start);
}

static bool in_word(struct walk *walk) { return take(walk, "in", "\"in\""); }

static bool not_in_words(struct walk *walk)
{
    uint32_t start = walk->at;
    if (!take(walk, "not ", "\"not \"")) return false;
    blanks(walk);
    return take(walk, "in", "\"in\"") ? true : back(walk, start);
}

static bool compare_sign(struct walk *walk)
{
    return take(walk, "==", "\"==\"") || take(walk, "!=", "\"!=\"") || take(walk, "<=", "\"<=\"") ||
           take(walk, ">=", "\">=\"") || take(walk, "<", "\"<\"") || take(walk, ">", "\">\"");
}

static bool match_sign(struct walk *walk)
{
    return take(walk, "=~", "\"=~\"") || take(walk, "!~", "\"!~\"");
}

static bool pattern(struct walk *walk) { return string(walk) || regex(walk); }

static bool infix(struct walk *walk, bool (*sign)(struct walk *), bool (*right)(struct walk *))
{
    uint32_t start = walk->at;
    if (operand(walk)) {
        blanks(walk);
        if (sign(walk)) {
            blanks(walk);
            if (right(walk)) return true;
        }
    }
    return back(walk, start);
}

static bool expression(struct walk *walk)
{
    uint32_t start = walk->at;
    if (!enter(walk)) return false;
    return leave(walk,
                 grouped(walk) || negation(walk) || infix(walk, in_word, operand) ||
                     infix(walk, not_in_words, operand) || infix(walk, compare_sign, operand) ||
                     infix(walk, match_sign, pattern) || operand(walk),
                 start);
}

static bool boolean_word(struct walk *walk)
{
    return take(walk, "and", "\"and\"") || take(walk, "or", "\"or\"") ||
           take(walk, "xor", "\"xor\"") || take(walk, "nand", "\"nand\"");
}

static bool condition(struct walk *walk)
{
    if (!expression(walk)) return false;
    for (;;) {
        uint32_t start = walk->at;
        blanks(walk);
        if (boolean_word(walk)) {
            blanks(walk);
            if (expression(walk)) continue;
        }
        back(walk, start);
        return true;
    }
}

/* ---- statements and sections ---- */

static bool statement(struct walk *walk);

static bool braced(struct walk *walk)
{
    if (!take(walk, "{", "\"{\"")) return false;
    blanks(walk);
    while (statement(walk)) blanks(walk);
    return take(walk, "}", "\"}\"");
}

static bool if_arm(struct walk *walk)
{
    if (!take(walk, "if", "\"if\"")) return false;
    blanks(walk);
    if (!condition(walk)) return false;
    blanks(walk);
    return braced(walk);
}

static bool else_arm(struct walk *walk, bool (*rest)(struct walk *))
{
    uint32_t start = walk->at;
    blanks(walk);
    if (take(walk, "else", "\"else\"")) {
        blanks(walk);
        if (rest(walk)) return true;
    }
    return back(walk, start);
}

static bool branch(struct walk *walk)
{
    uint32_t start = walk->at;
    if (!if_arm(walk)) return back(walk, start);
    while (else_arm(walk, if_arm)) continue;
    else_arm(walk, braced);
    return true;
}

static bool statement(struct walk *walk)
{
    uint32_t start = walk->at;
    if (!enter(walk)) return false;
    return leave(walk, branch(walk) || plugin(walk), start);
}

static bool section(struct walk *walk)
{
    uint32_t start = walk->at;
    if (take(walk, "input", "\"input\"") || take(walk, "filter", "\"filter\"") ||
        take(walk, "output", "\"output\"")) {
        blanks(walk);
        if (braced(walk)) return true;
    }
    return back(walk, start);
}

/* ---- the words ---- */

static uint32_t count_chars(struct str text)
{
    uint32_t count = 0;
    for (size_t i = 0; i < text.len; i++) count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

/* The source since the last complete section, on one line as Logstash's log prints it. */
static void append_after(struct str text, struct buf *out)
{
    struct secret_span span = {0};
    bool has_secret = secret_find(text, 0, &span);
    for (size_t i = 0; i < text.len && out->len <= DIAG_TEXT_MAX; i++) {
        if (has_secret && i == span.start) {
            buf_append_z(out, "***");
            i = span.end;
            has_secret = secret_find(text, i, &span);
            if (i >= text.len) return;
        }
        if (text.ptr[i] == '\n') buf_append_z(out, "\\n");
        else if (text.ptr[i] == '\r') buf_append_z(out, "\\r");
        else if (text.ptr[i] == '\t') buf_append_z(out, "\\t");
        else buf_append_char(out, text.ptr[i]);
    }
}

bool classic_error(struct str text, struct buf *out, uint32_t *at)
{
    struct walk walk = {.text = text};
    blanks(&walk);
    while (section(&walk)) blanks(&walk);
    if (is_end(&walk) || walk.is_too_deep || walk.name_count == 0) return false;
    *at = walk.farthest;
    struct str before = str_slice(text, 0, walk.farthest);
    uint32_t line = 1;
    size_t line_start = 0;
    for (size_t i = 0; i < before.len; i++)
        if (before.ptr[i] == '\n') line++, line_start = i + 1;
    buf_append_z(out, walk.name_count > 1 ? "Expected one of " : "Expected ");
    for (uint32_t i = 0; i < walk.name_count; i++)
        buf_printf(out, "%s%s", i ? ", " : "", walk.names[i]);
    buf_printf(out, " at line %u, column %u (byte %u)", line,
               count_chars(str_from(before, line_start)) + 1, count_chars(before) + 1);
    if (before.len == 0) return true;
    buf_append_z(out, " after ");
    append_after(str_slice(text, walk.at, walk.farthest), out);
    return true;
}
