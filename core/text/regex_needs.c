/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/regex_needs.h"
#include <assert.h>
#include "core/text/regex_tree.h"

enum { BYTES_ENOUGH = 12 /* a longer text is not found less often */ };

/* A set lies on top of those of the parts around it: [from, from + count) of `texts`. */
struct set {
    uint32_t from, count;
    size_t shortest; /* of its texts; 0: nothing is known, and the set is empty */
};

struct needs {
    const struct regex_tree *tree;
    struct arena *arena;
    struct str *texts;
    uint32_t count;
    size_t bytes_min;
};

static struct set set_none(struct needs *needs, uint32_t from)
{
    needs->count = from;
    return (struct set){.from = from};
}

/* The byte that a part stands for, in small letters; -1: it stands for others, too. */
static int byte_of(const struct regex_tree *tree, uint32_t number)
{
    const struct regex_part *part = &tree->parts[number];
    struct str atom = regex_part_atom(tree, number);
    if (part->kind != PART_ONE || part->min < 1 || !atom.len) return -1;
    unsigned char c = (unsigned char)atom.ptr[atom.len - 1];
    bool is_alnum = is_digit((char)c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    bool is_itself = atom.len == 1 && c != '.' && c < 0x80;
    bool is_escaped = atom.len == 2 && *atom.ptr == '\\' && !is_alnum && c < 0x80;
    if (!is_itself && !is_escaped) return -1;
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool is_better(const struct set *set, const struct set *than)
{
    size_t one = set->shortest < BYTES_ENOUGH ? set->shortest : BYTES_ENOUGH;
    size_t other = than->shortest < BYTES_ENOUGH ? than->shortest : BYTES_ENOUGH;
    return one != other ? one > other : set->count < than->count;
}

/* The better of two, the second on top of the first. */
static struct set set_keep(struct needs *needs, struct set best, struct set next)
{
    assert(next.from == best.from + best.count && needs->count == next.from + next.count);
    if (!next.shortest || (best.shortest && !is_better(&next, &best))) {
        needs->count = next.from;
        return best;
    }
    memmove(needs->texts + best.from, needs->texts + next.from, next.count * sizeof *needs->texts);
    needs->count = best.from + next.count;
    next.from = best.from;
    return next;
}

/* The run of bytes that begins with this part, which is one; `*number` moves behind it. */
static struct set run_needs(struct needs *needs, uint32_t *number)
{
    const struct regex_tree *tree = needs->tree;
    uint32_t from = needs->count, first = *number, len = 0;
    bool goes_on = true;
    for (uint32_t at = first; at && goes_on && byte_of(tree, at) >= 0; at = tree->parts[at].next) {
        goes_on = tree->parts[at].min == 1 && tree->parts[at].max == 1;
        *number = tree->parts[at].next;
        len++;
    }
    if (len < needs->bytes_min || from == REGEX_NEEDS_MAX) return set_none(needs, from);
    char *text = arena_alloc(needs->arena, len);
    for (uint32_t i = 0, at = first; i < len; i++, at = tree->parts[at].next) text[i] = (char)byte_of(tree, at);
    needs->texts[needs->count++] = (struct str){text, len};
    return (struct set){from, 1, len};
}

static struct set group_needs(struct needs *needs, uint32_t group);

static struct set sequence_needs(struct needs *needs, uint32_t sequence)
{
    const struct regex_part *parts = needs->tree->parts;
    struct set best = {.from = needs->count};
    for (uint32_t at = parts[sequence].child; at;) {
        struct set next = {.from = needs->count};
        if (byte_of(needs->tree, at) >= 0) {
            next = run_needs(needs, &at);
        } else {
            if (parts[at].kind == PART_GROUP && parts[at].min >= 1) next = group_needs(needs, at);
            at = parts[at].next;
        }
        best = set_keep(needs, best, next);
    }
    return best;
}

/* What all alternatives need together; one that needs nothing makes the whole need nothing. */
static struct set group_needs(struct needs *needs, uint32_t group)
{
    struct set all = {needs->count, 0, SIZE_MAX};
    for (uint32_t at = needs->tree->parts[group].child; at; at = needs->tree->parts[at].next) {
        struct set one = sequence_needs(needs, at);
        if (!one.shortest) return set_none(needs, all.from);
        if (one.shortest < all.shortest) all.shortest = one.shortest;
        all.count += one.count;
    }
    return all;
}

uint32_t regex_needs(struct str pattern, size_t bytes_min, struct arena *arena, struct str texts[REGEX_NEEDS_MAX])
{
    assert(bytes_min > 0);
    struct regex_tree tree;
    uint32_t root = regex_tree_read(&tree, pattern);
    struct needs needs = {&tree, arena, texts, 0, bytes_min};
    struct set set = tree.failed ? (struct set){0} : group_needs(&needs, root);
    regex_tree_free(&tree);
    return set.shortest ? set.count : 0;
}
