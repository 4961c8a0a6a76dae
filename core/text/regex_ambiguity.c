/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of characters are compared by their text, and only where that differs by asking the engine
 * for each ASCII character. */
#include "core/text/regex_ambiguity.h"
#include "core/event/value.h"
#include "core/text/regex_tree.h"
#include <assert.h>
#include <stdio.h>

enum { NONE = REGEX_PART_NONE, ENDLESS = REGEX_ENDLESS, ASCII = 128 };

struct set {
    bool has[ASCII];
};

/* ---- sets ---- */
static void set_of(const struct regex_tree *tree, uint32_t number, struct set *set)
{
    struct regex_problem problem;
    struct regex_options options = {.is_dotall = true};
    struct regex *regex = regex_compile(regex_part_atom(tree, number), &options, &problem);
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
static bool is_nullable(const struct regex_tree *tree, uint32_t number);

static bool sequence_is_nullable(const struct regex_tree *tree, uint32_t sequence)
{
    for (uint32_t n = tree->parts[sequence].child; n; n = tree->parts[n].next)
        if (!is_nullable(tree, n)) return false;
    return true;
}

/* May it match nothing, whatever stands around it? */
static bool is_nullable(const struct regex_tree *tree, uint32_t number)
{
    const struct regex_part *part = &tree->parts[number];
    if (part->kind == PART_ASSERTION || part->kind == PART_OPAQUE) return false;
    if (part->min == 0) return true;
    if (part->kind != PART_GROUP) return false;
    for (uint32_t n = part->child; n; n = tree->parts[n].next)
        if (sequence_is_nullable(tree, n)) return true;
    return false;
}

static bool is_loop(const struct regex_part *part) { return part->max == ENDLESS; }
static bool is_once(const struct regex_part *part) { return part->min == 1 && part->max == 1; }

/* The one alternative of a group, or NONE. */
static uint32_t only_alternative(const struct regex_tree *tree, const struct regex_part *group)
{
    return tree->parts[group->child].next ? NONE : group->child;
}

/* The loop over single characters at the end of a part (at its beginning, for the second of two).
 */
static uint32_t loop_at_edge(const struct regex_tree *tree, uint32_t number, bool is_end)
{
    const struct regex_part *part = &tree->parts[number];
    if (is_end && part->gives_nothing) return NONE;
    if (part->kind == PART_ONE) return is_loop(part) ? number : NONE;
    if (part->kind != PART_GROUP || !is_once(part)) return NONE;
    uint32_t alternative = only_alternative(tree, part);
    uint32_t n = alternative ? tree->parts[alternative].child : NONE;
    while (is_end && n && tree->parts[n].next) n = tree->parts[n].next;
    return n ? loop_at_edge(tree, n, is_end) : NONE;
}

/* What must follow a part, skipping what may be missing; NONE: nothing, or it is not known. */
static uint32_t what_follows(const struct regex_tree *tree, uint32_t number)
{
    for (uint32_t n = number;;) {
        const struct regex_part *part = &tree->parts[n];
        if (part->kind != PART_SEQUENCE && !is_once(part) && n != number) return NONE;
        if (part->kind != PART_SEQUENCE)
            for (uint32_t k = part->next; k; k = tree->parts[k].next)
                if (!is_nullable(tree, k)) return k;
        if (!part->parent) return NONE;
        n = part->parent;
    }
}

/* The first character of what follows, when it has one certain set. */
static uint32_t first_of(const struct regex_tree *tree, uint32_t number)
{
    const struct regex_part *part = &tree->parts[number];
    if (part->kind == PART_ONE) return number;
    if (part->kind != PART_GROUP || !only_alternative(tree, part)) return NONE;
    uint32_t n = tree->parts[part->child].child;
    return n && !is_nullable(tree, n) ? first_of(tree, n) : NONE;
}

/* Is there a character of both sets that what follows does not take? */
static bool can_fail_on_both(const struct regex_tree *tree, uint32_t last, const struct set *a,
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

static bool take_the_same(const struct regex_tree *tree, uint32_t one, uint32_t other,
                          bool *is_equal)
{
    struct set a, b;
    *is_equal = str_eq(regex_part_atom(tree, one), regex_part_atom(tree, other));
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
    const struct regex_tree *tree;
    struct ambiguity *found;
    uint32_t count, capacity;
};

static struct ambiguity_range range_of(const struct regex_tree *tree, uint32_t number)
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
static void rewrite_once(const struct regex_tree *tree, struct ambiguity *to, struct str head,
                         uint32_t loop, uint32_t least, const char *tail)
{
    char repeats[16] = "*";
    if (least == 1) repeats[0] = '+';
    if (least > 1) snprintf(repeats, sizeof repeats, "{%u,}", least);
    struct str atom = regex_part_atom(tree, loop);
    int len = snprintf(to->rewrite, sizeof to->rewrite, "%.*s%.*s%s%s", STR_ARG(head),
                       STR_ARG(atom), repeats, tail);
    if (len < 0 || (size_t)len >= sizeof to->rewrite) to->rewrite[0] = '\0';
}

static void adjacent_check(struct finding *finding, uint32_t number)
{
    const struct regex_tree *tree = finding->tree;
    const struct regex_part *part = &tree->parts[number];
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
static uint32_t inner_loop(const struct regex_tree *tree, uint32_t sequence)
{
    uint32_t found = NONE;
    bool has_required = false;
    for (uint32_t n = tree->parts[sequence].child; n; n = tree->parts[n].next) {
        const struct regex_part *part = &tree->parts[n];
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
    const struct regex_tree *tree = finding->tree;
    const struct regex_part *part = &tree->parts[number];
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
    const struct regex_part *part = &finding->tree->parts[number];
    if (part->kind == PART_ASSERTION || part->gives_nothing)
        return; /* what it tries is soon over */
    nested_check(finding, number);
    if (number > 1 && part->kind != PART_SEQUENCE) adjacent_check(finding, number);
    for (uint32_t n = part->child; n; n = finding->tree->parts[n].next) find(finding, n);
}

uint32_t regex_ambiguities(struct str pattern, struct ambiguity *found, uint32_t capacity)
{
    struct regex_tree tree;
    struct finding finding = {.tree = &tree, .found = found, .capacity = capacity};
    uint32_t root = regex_tree_read(&tree, pattern);
    if (!tree.failed) find(&finding, root);
    regex_tree_free(&tree);
    return finding.count;
}
