/* SPDX-License-Identifier: Apache-2.0 */
/* The pattern is read into a tree of parts: single characters and classes, groups with their
 * alternatives, assertions, and what is not looked into (references, conditionals). Sets of
 * characters are compared by their text, and only where that differs by asking the engine for each
 * ASCII character. */
#include "core/text/regex_ambiguity.h"
#include "core/event/value.h"
#include "core/xmalloc.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { NONE = 0, ENDLESS = UINT32_MAX, ASCII = 128, DEPTH_MAX = 2 * REGEX_DEPTH_MAX };

enum part_kind {
    PART_SEQUENCE, /* parts one after the other: an alternative */
    PART_ONE,      /* one character of a set */
    PART_GROUP,    /* its children are alternatives */
    PART_ASSERTION,
    PART_OPAQUE,
};

struct part {
    enum part_kind kind;
    bool gives_nothing; /* possessive, or an atomic group */
    bool is_line_end;   /* `$` and the like */
    uint32_t min, max;  /* repeats */
    uint32_t start, atom_end, end;
    uint32_t parent, child, next; /* numbers of parts; NONE: there is none */
};

struct set {
    bool has[ASCII];
};

struct tree {
    struct str in;
    size_t at;
    struct part *parts; /* number 0 is none */
    uint32_t count, capacity;
    bool failed; /* not understood */
};

/* ---- reading ---- */
static uint32_t part_add(struct tree *tree, enum part_kind kind, uint32_t parent)
{
    if (tree->count == tree->capacity) {
        tree->capacity = tree->capacity ? tree->capacity * 2 : 64;
        tree->parts = xreallocarray(tree->parts, tree->capacity, sizeof *tree->parts);
    }
    if (tree->count > AMBIGUITY_PARTS_MAX) tree->failed = true;
    tree->parts[tree->count] = (struct part){
        .kind = kind, .min = 1, .max = 1, .start = (uint32_t)tree->at, .parent = parent};
    return tree->count++;
}

static char peek(const struct tree *tree, size_t ahead)
{
    return tree->at + ahead < tree->in.len ? tree->in.ptr[tree->at + ahead] : '\0';
}

static bool ended(const struct tree *tree) { return tree->at >= tree->in.len || tree->failed; }

/* Behind a character that ends a name or a number in an escape. */
static void skip_to(struct tree *tree, char end)
{
    while (!ended(tree) && peek(tree, 0) != end) tree->at++;
    tree->at++;
}

static enum part_kind read_escape(struct tree *tree)
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

static void read_class(struct tree *tree)
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

static void read_interval(struct tree *tree, struct part *part)
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

static void read_quantifier(struct tree *tree, uint32_t number)
{
    struct part *part = &tree->parts[number];
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

static void read_alternatives(struct tree *tree, uint32_t group, uint32_t depth);

/* At `(`: what kind of group it is; `at` moves behind its opening. */
static enum part_kind read_opening(struct tree *tree, bool *is_atomic)
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

static void read_group(struct tree *tree, uint32_t number, uint32_t depth)
{
    bool is_atomic;
    enum part_kind kind = read_opening(tree, &is_atomic);
    tree->parts[number].kind = kind;
    read_alternatives(tree, number, depth + 1);
    if (peek(tree, 0) != ')') tree->failed = true;
    tree->at++;
    tree->parts[number].gives_nothing = is_atomic;
}

static void read_part(struct tree *tree, uint32_t number, uint32_t depth)
{
    enum part_kind kind = PART_ONE;
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

static void read_sequence(struct tree *tree, uint32_t sequence, uint32_t depth)
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

static void read_alternatives(struct tree *tree, uint32_t group, uint32_t depth)
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

/* ---- sets ---- */
static struct str atom_text(const struct tree *tree, uint32_t number)
{
    const struct part *part = &tree->parts[number];
    return str_slice(tree->in, part->start, part->atom_end);
}

static void set_of(const struct tree *tree, uint32_t number, struct set *set)
{
    struct regex_problem problem;
    struct regex_options options = {.is_dotall = true};
    struct regex *regex = regex_compile(atom_text(tree, number), &options, &problem);
    *set = (struct set){{false}};
    for (int c = 0; regex && c < ASCII; c++) {
        char text = (char)c;
        set->has[c] = regex_match(regex, (struct str){&text, 1}, STRING_ASCII | STRING_UTF8, 0,
                                  NULL) == REGEX_MATCH;
    }
    regex_destroy(regex);
}

/* Does it take nearly everything? */
static bool is_any(const struct set *set)
{
    int count = 0;
    for (int c = 0; c < ASCII; c++) count += set->has[c];
    return count >= ASCII - 1;
}

/* ---- judging ---- */
static bool is_nullable(const struct tree *tree, uint32_t number);

static bool sequence_is_nullable(const struct tree *tree, uint32_t sequence)
{
    for (uint32_t n = tree->parts[sequence].child; n; n = tree->parts[n].next)
        if (!is_nullable(tree, n)) return false;
    return true;
}

/* May it match nothing, whatever stands around it? */
static bool is_nullable(const struct tree *tree, uint32_t number)
{
    const struct part *part = &tree->parts[number];
    if (part->kind == PART_ASSERTION || part->kind == PART_OPAQUE) return false;
    if (part->min == 0) return true;
    if (part->kind != PART_GROUP) return false;
    for (uint32_t n = part->child; n; n = tree->parts[n].next)
        if (sequence_is_nullable(tree, n)) return true;
    return false;
}

static bool is_loop(const struct part *part) { return part->max == ENDLESS; }
static bool is_once(const struct part *part) { return part->min == 1 && part->max == 1; }

/* The one alternative of a group, or NONE. */
static uint32_t only_alternative(const struct tree *tree, const struct part *group)
{
    return tree->parts[group->child].next ? NONE : group->child;
}

/* The loop over single characters at the end of a part (at its beginning, for the second of two).
 */
static uint32_t loop_at_edge(const struct tree *tree, uint32_t number, bool is_end)
{
    const struct part *part = &tree->parts[number];
    if (is_end && part->gives_nothing) return NONE;
    if (part->kind == PART_ONE) return is_loop(part) ? number : NONE;
    if (part->kind != PART_GROUP || !is_once(part)) return NONE;
    uint32_t alternative = only_alternative(tree, part);
    uint32_t n = alternative ? tree->parts[alternative].child : NONE;
    while (is_end && n && tree->parts[n].next) n = tree->parts[n].next;
    return n ? loop_at_edge(tree, n, is_end) : NONE;
}

/* What must follow a part, skipping what may be missing; NONE: nothing, or it is not known. */
static uint32_t what_follows(const struct tree *tree, uint32_t number)
{
    for (uint32_t n = number;;) {
        const struct part *part = &tree->parts[n];
        if (part->kind != PART_SEQUENCE && !is_once(part) && n != number) return NONE;
        if (part->kind != PART_SEQUENCE)
            for (uint32_t k = part->next; k; k = tree->parts[k].next)
                if (!is_nullable(tree, k)) return k;
        if (!part->parent) return NONE;
        n = part->parent;
    }
}

/* The first character of what follows, when it has one certain set. */
static uint32_t first_of(const struct tree *tree, uint32_t number)
{
    const struct part *part = &tree->parts[number];
    if (part->kind == PART_ONE) return number;
    if (part->kind != PART_GROUP || !only_alternative(tree, part)) return NONE;
    uint32_t n = tree->parts[part->child].child;
    return n && !is_nullable(tree, n) ? first_of(tree, n) : NONE;
}

/* Is there a character of both sets that what follows does not take? */
static bool can_fail_on_both(const struct tree *tree, uint32_t last, const struct set *a,
                             const struct set *b)
{
    uint32_t follower = what_follows(tree, last);
    if (!follower) return false;
    bool is_line_end = tree->parts[follower].is_line_end;
    uint32_t first = is_line_end ? NONE : first_of(tree, follower);
    struct set set = {{false}};
    if (!first && !is_line_end) return false;
    if (first) set_of(tree, first, &set);
    for (int c = 0; c < ASCII; c++)
        if (a->has[c] && b->has[c] && !set.has[c]) return true;
    return false;
}

static bool take_the_same(const struct tree *tree, uint32_t one, uint32_t other, bool *is_equal)
{
    struct set a, b;
    *is_equal = str_eq(atom_text(tree, one), atom_text(tree, other));
    if (*is_equal) return true;
    set_of(tree, one, &a);
    set_of(tree, other, &b);
    *is_equal = memcmp(&a, &b, sizeof a) == 0 || (is_any(&a) && is_any(&b));
    if (*is_equal) return true;
    if (is_any(&a) || is_any(&b)) return false;
    return can_fail_on_both(tree, other, &a, &b);
}

/* ---- finding ---- */
struct finding {
    const struct tree *tree;
    struct ambiguity *found;
    uint32_t count, capacity;
};

static struct ambiguity_range range_of(const struct tree *tree, uint32_t number)
{
    return (struct ambiguity_range){tree->parts[number].start, tree->parts[number].end};
}

static struct ambiguity *finding_add(struct finding *finding, enum ambiguity_kind kind,
                                     uint32_t one, uint32_t other)
{
    static struct ambiguity spare;
    struct ambiguity *to =
        finding->count < finding->capacity ? &finding->found[finding->count++] : &spare;
    *to = (struct ambiguity){
        .kind = kind, .one = range_of(finding->tree, one), .other = range_of(finding->tree, other)};
    return to;
}

/* One loop for both. */
static void rewrite_once(const struct tree *tree, struct ambiguity *to, struct str head,
                         uint32_t loop, uint32_t least, const char *tail)
{
    char repeats[16] = "*";
    if (least == 1) repeats[0] = '+';
    if (least > 1) snprintf(repeats, sizeof repeats, "{%u,}", least);
    struct str atom = atom_text(tree, loop);
    int len = snprintf(to->rewrite, sizeof to->rewrite, "%.*s%.*s%s%s", STR_ARG(head),
                       STR_ARG(atom), repeats, tail);
    if (len < 0 || (size_t)len >= sizeof to->rewrite) to->rewrite[0] = '\0';
}

static void adjacent_check(struct finding *finding, uint32_t number)
{
    const struct tree *tree = finding->tree;
    const struct part *part = &tree->parts[number];
    if (!part->next) return;
    uint32_t one = loop_at_edge(tree, number, true), other = loop_at_edge(tree, part->next, false);
    bool is_equal;
    if (!one || !other || !take_the_same(tree, one, other, &is_equal)) return;
    struct ambiguity *to = finding_add(finding, AMBIGUITY_ADJACENT, one, other);
    bool is_plain = one == number && other == part->next && !tree->parts[other].gives_nothing;
    uint32_t least = tree->parts[one].min + tree->parts[other].min;
    if (is_equal && is_plain) rewrite_once(tree, to, STR(""), one, least, "");
}

/* The loop that is all that a sequence, or a part, must have; NONE: it has more, or none. */
static uint32_t inner_loop(const struct tree *tree, uint32_t sequence)
{
    uint32_t found = NONE;
    bool has_required = false;
    for (uint32_t n = tree->parts[sequence].child; n; n = tree->parts[n].next) {
        const struct part *part = &tree->parts[n];
        uint32_t loop = NONE;
        if (part->kind == PART_ONE && is_loop(part) && !part->gives_nothing) loop = n;
        if (part->kind == PART_GROUP && !part->gives_nothing)
            for (uint32_t k = part->child; k && !loop; k = tree->parts[k].next)
                loop = inner_loop(tree, k);
        bool is_required = !is_nullable(tree, n);
        if (is_required && (!loop || has_required)) return NONE;
        has_required |= is_required;
        if (loop && (!found || is_required)) found = loop;
    }
    return found;
}

static void nested_check(struct finding *finding, uint32_t number)
{
    const struct tree *tree = finding->tree;
    const struct part *part = &tree->parts[number];
    if (part->kind != PART_GROUP || !is_loop(part) || part->gives_nothing) return;
    uint32_t loop = NONE;
    for (uint32_t n = part->child; n && !loop; n = tree->parts[n].next) loop = inner_loop(tree, n);
    if (!loop) return;
    struct ambiguity *to = finding_add(finding, AMBIGUITY_NESTED, number, loop);
    uint32_t alternative = only_alternative(tree, part);
    bool is_plain =
        alternative && tree->parts[alternative].child == loop && !tree->parts[loop].next;
    uint32_t least = part->min && tree->parts[loop].min ? tree->parts[loop].min : 0;
    struct str head = str_slice(tree->in, part->start, tree->parts[loop].start);
    bool is_silent = str_eq(head, STR("(?:"));
    if (is_plain && part->min < 2) /* (a{2,}){3,} asks for six */
        rewrite_once(tree, to, is_silent ? STR("") : head, loop, least, is_silent ? "" : ")");
}

static void find(struct finding *finding, uint32_t number)
{
    const struct part *part = &finding->tree->parts[number];
    if (part->kind == PART_ASSERTION || part->gives_nothing)
        return; /* what it tries is soon over */
    nested_check(finding, number);
    if (number > 1 && part->kind != PART_SEQUENCE) adjacent_check(finding, number);
    for (uint32_t n = part->child; n; n = finding->tree->parts[n].next) find(finding, n);
}

uint32_t regex_ambiguities(struct str pattern, struct ambiguity *found, uint32_t capacity)
{
    struct tree tree = {.in = pattern};
    struct finding finding = {.tree = &tree, .found = found, .capacity = capacity};
    part_add(&tree, PART_OPAQUE, NONE);
    uint32_t root = part_add(&tree, PART_GROUP, NONE);
    read_alternatives(&tree, root, 0);
    if (!tree.failed && tree.at == pattern.len) find(&finding, root);
    free(tree.parts);
    return finding.count;
}
