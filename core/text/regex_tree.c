/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/regex_tree.h"
#include "core/xmalloc.h"
#include <stdlib.h>

enum { NONE = REGEX_PART_NONE, ENDLESS = REGEX_ENDLESS, DEPTH_MAX = 2 * REGEX_DEPTH_MAX };
static uint32_t part_add(struct regex_tree *tree, enum regex_part_kind kind, uint32_t parent)
{
    if (tree->count == tree->capacity) {
        tree->capacity = tree->capacity ? tree->capacity * 2 : 64;
        tree->parts = xreallocarray(tree->parts, tree->capacity, sizeof *tree->parts);
    }
    if (tree->count > REGEX_TREE_PARTS_MAX) tree->failed = true;
    tree->parts[tree->count] = (struct regex_part){
        .kind = kind, .min = 1, .max = 1, .start = (uint32_t)tree->at, .parent = parent};
    return tree->count++;
}

static char peek(const struct regex_tree *tree, size_t ahead)
{
    return tree->at + ahead < tree->in.len ? tree->in.ptr[tree->at + ahead] : '\0';
}

static bool ended(const struct regex_tree *tree)
{
    return tree->at >= tree->in.len || tree->failed;
}

/* Behind a character that ends a name or a number in an escape. */
static void skip_to(struct regex_tree *tree, char end)
{
    while (!ended(tree) && peek(tree, 0) != end) tree->at++;
    tree->at++;
}

static enum regex_part_kind read_escape(struct regex_tree *tree)
{
    char c = peek(tree, 1);
    tree->at += 2;
    switch (c) {
    case 'A':
    case 'G':
    case 'b':
    case 'B':
    case 'Z':
    case 'z':
    case 'K': return PART_ASSERTION;
    case 'R':
    case 'X': return PART_OPAQUE;
    case 'k':
    case 'g': skip_to(tree, peek(tree, 0) == '\'' ? '\'' : '>'); return PART_OPAQUE;
    case 'p':
    case 'P': skip_to(tree, '}'); return PART_ONE;
    case 'x':
    case 'u':
        if (peek(tree, 0) == '{')
            skip_to(tree, '}');
        else
            tree->failed = true; /* digits whose number depends: rare */
        return PART_ONE;
    case 'c': tree->at++; return PART_ONE;
    default: break;
    }
    if (is_digit(c)) tree->failed = true;
    return PART_ONE;
}

static void read_class(struct regex_tree *tree)
{
    size_t depth = 0;
    do {
        char c = peek(tree, 0);
        if (c == '\\') {
            tree->at += 2;
            continue;
        }
        tree->at++;
        if (c == ']') {
            depth--;
        } else if (c == '[') {
            depth++;
            if (peek(tree, 0) == '^') tree->at++;
            if (peek(tree, 0) == ']') tree->at++; /* a first one is itself */
        }
    } while (depth && !ended(tree));
}

static void read_interval(struct regex_tree *tree, struct regex_part *part)
{
    uint32_t numbers[2] = {0, 0}, digits[2] = {0, 0}, count = 0;
    size_t at = tree->at + 1;
    for (; at < tree->in.len && tree->in.ptr[at] != '}'; at++) {
        char c = tree->in.ptr[at];
        if (is_digit(c) && numbers[count] < REGEX_REPEAT_MAX) {
            numbers[count] = numbers[count] * 10 + (uint32_t)(c - '0');
            digits[count]++;
        } else if (c == ',' && !count) {
            count = 1;
        } else {
            return; /* a brace that is itself */
        }
    }
    if (at >= tree->in.len || !(digits[0] + digits[1])) return;
    part->min = numbers[0];
    part->max = !count ? numbers[0] : digits[1] ? numbers[1] : ENDLESS;
    tree->at = at + 1;
    if (!count && peek(tree, 0) == '?') tree->failed = true; /* Ruby: perhaps so many */
}

static void read_quantifier(struct regex_tree *tree, uint32_t number)
{
    struct regex_part *part = &tree->parts[number];
    part->atom_end = part->end = (uint32_t)tree->at;
    char c = peek(tree, 0);
    size_t begin = tree->at;
    if (c == '{') {
        read_interval(tree, part);
    } else if (c && strchr("*+?", c)) {
        tree->at++;
        part->min = c == '+';
        part->max = c == '?' ? 1 : ENDLESS;
    }
    if (tree->at == begin) return;
    if (peek(tree, 0) == '?') {
        tree->at++;
    } else if (peek(tree, 0) == '+' && c != '{') {
        part->gives_nothing = true;
        tree->at++;
    }
    part->end = (uint32_t)tree->at;
    c = peek(tree, 0);
    if (c && strchr("*+?", c)) tree->failed = true; /* quantifiers upon quantifiers */
}

static void read_alternatives(struct regex_tree *tree, uint32_t group, uint32_t depth);

/* At `(`: what kind of group it is; `at` moves behind its opening. */
static enum regex_part_kind read_opening(struct regex_tree *tree, bool *is_atomic)
{
    char c = peek(tree, 2), next = peek(tree, 3);
    *is_atomic = false;
    if (peek(tree, 1) != '?') {
        tree->at++;
        return PART_GROUP;
    }
    tree->at += 3;
    switch (c) {
    case ':': return PART_GROUP;
    case '>': *is_atomic = true; return PART_GROUP;
    case '=':
    case '!': return PART_ASSERTION;
    case '<':
        if (next == '=' || next == '!') return PART_ASSERTION;
        skip_to(tree, '>');
        return PART_GROUP;
    case '\'': skip_to(tree, '\''); return PART_GROUP;
    case 'i': /* (?i:…); one without an end changes what follows */
    case 'm':
        tree->failed = next != ':';
        tree->at++;
        return PART_GROUP;
    default: tree->failed = true; return PART_OPAQUE;
    }
}

static void read_group(struct regex_tree *tree, uint32_t number, uint32_t depth)
{
    bool is_atomic;
    enum regex_part_kind kind = read_opening(tree, &is_atomic);
    tree->parts[number].kind = kind;
    read_alternatives(tree, number, depth + 1);
    if (peek(tree, 0) != ')') tree->failed = true;
    tree->at++;
    tree->parts[number].gives_nothing = is_atomic;
}

static void read_part(struct regex_tree *tree, uint32_t number, uint32_t depth)
{
    enum regex_part_kind kind = PART_ONE;
    switch (peek(tree, 0)) {
    case '(': read_group(tree, number, depth); return;
    case '[': read_class(tree); break;
    case '\\': kind = read_escape(tree); break;
    case '^':
    case '$':
        kind = PART_ASSERTION;
        tree->parts[number].is_line_end = peek(tree, 0) == '$';
        tree->at++;
        break;
    default:
        do tree->at++;
        while ((peek(tree, 0) & 0xC0) == 0x80); /* the rest of a character */
    }
    tree->parts[number].kind = kind;
}

static void read_sequence(struct regex_tree *tree, uint32_t sequence, uint32_t depth)
{
    uint32_t last = NONE;
    while (!ended(tree) && peek(tree, 0) != '|' && peek(tree, 0) != ')') {
        uint32_t number = part_add(tree, PART_ONE, sequence);
        if (last)
            tree->parts[last].next = number;
        else
            tree->parts[sequence].child = number;
        last = number;
        read_part(tree, number, depth);
        read_quantifier(tree, number);
    }
    tree->parts[sequence].end = (uint32_t)tree->at;
}

static void read_alternatives(struct regex_tree *tree, uint32_t group, uint32_t depth)
{
    uint32_t last = NONE;
    if (depth > DEPTH_MAX) tree->failed = true;
    for (;;) {
        uint32_t number = part_add(tree, PART_SEQUENCE, group);
        if (last)
            tree->parts[last].next = number;
        else
            tree->parts[group].child = number;
        last = number;
        read_sequence(tree, number, depth);
        if (ended(tree) || peek(tree, 0) != '|') return;
        tree->at++;
    }
}

/* ---- the whole ---- */
uint32_t regex_tree_read(struct regex_tree *tree, struct str pattern)
{
    *tree = (struct regex_tree){.in = pattern};
    part_add(tree, PART_OPAQUE, NONE);
    uint32_t root = part_add(tree, PART_GROUP, NONE);
    read_alternatives(tree, root, 0);
    tree->failed |= tree->at != pattern.len;
    return root;
}

void regex_tree_free(struct regex_tree *tree) { free(tree->parts); }

struct str regex_part_atom(const struct regex_tree *tree, uint32_t number)
{
    const struct regex_part *part = &tree->parts[number];
    return str_slice(tree->in, part->start, part->atom_end);
}
