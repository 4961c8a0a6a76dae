/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/grok_doubts.h"
#include "core/text/regex_ambiguity.h"
#include <assert.h>
#include <stdlib.h>

enum { SHOWN_MAX = 60 }; /* bytes of a part that are quoted */

/* The pattern with all references replaced, and where its texts stand in what is written. */
struct expanded {
    struct str pattern;
    struct buf text;
    struct translation_mark *marks;
    uint32_t mark_count;
};

/* The run of text, or the whole reference, that the byte `out` comes from. */
static uint32_t mark_of(const struct expanded *expanded, size_t out)
{
    uint32_t found = 0;
    while (found + 1 < expanded->mark_count && expanded->marks[found + 1].out <= out) found++;
    return found;
}

static size_t mark_end(const struct expanded *expanded, uint32_t mark)
{
    return mark + 1 < expanded->mark_count ? expanded->marks[mark + 1].in : expanded->pattern.len;
}

static struct ambiguity_range written(const struct expanded *expanded, struct ambiguity_range range)
{
    uint32_t first = mark_of(expanded, range.start), last = mark_of(expanded, range.end - 1);
    struct ambiguity_range at = {expanded->marks[first].in, mark_end(expanded, last)};
    if (!expanded->marks[first].is_reference) at.start += range.start - expanded->marks[first].out;
    if (!expanded->marks[last].is_reference)
        at.end = expanded->marks[last].in + (range.end - expanded->marks[last].out);
    assert(at.start <= at.end && at.end <= expanded->pattern.len);
    return at;
}

static struct str shown(struct str text, struct ambiguity_range range)
{
    return str_slice(text, range.start,
                     range.end - range.start > SHOWN_MAX ? range.start + SHOWN_MAX : range.end);
}

static bool is_same(struct ambiguity_range a, struct ambiguity_range b)
{
    return a.start == b.start && a.end == b.end;
}

static void say_nested(const struct expanded *expanded, const struct ambiguity *doubt,
                       struct place place, struct diag *diag)
{
    struct str text = buf_str(&expanded->text), inner = shown(text, doubt->other);
    struct message *message = diag_warning(
        diag, place,
        "`%.*s` is a loop within a loop: the time of a line that does not match can double "
        "with each character",
        STR_ARG(shown(text, doubt->one)));
    if (doubt->rewrite[0])
        diag_hint(diag, message, "`%s` matches the same", doubt->rewrite);
    else if (str_ends(inner, STR("+")) || str_ends(inner, STR("*")))
        diag_hint(diag, message,
                  "write `%.*s+` in it, which gives nothing back, or end each round with a text",
                  STR_ARG(inner));
    else
        diag_hint(diag, message, "end each round with a text of its own");
}

static void say_adjacent(const struct expanded *expanded, const struct ambiguity *doubt,
                         struct place place, struct diag *diag)
{
    struct ambiguity_range one = written(expanded, doubt->one),
                           other = written(expanded, doubt->other);
    bool is_one_reference = is_same(one, other);
    struct str text = is_one_reference ? buf_str(&expanded->text) : expanded->pattern;
    struct message *message =
        diag_warning(diag, place,
                     "`%.*s` and `%.*s` take the same characters: the time of a line that does not "
                     "match can grow with "
                     "the square of its length",
                     STR_ARG(shown(text, is_one_reference ? doubt->one : one)),
                     STR_ARG(shown(text, is_one_reference ? doubt->other : other)));
    bool is_written = one.end - one.start == doubt->one.end - doubt->one.start &&
                      other.end - other.start == doubt->other.end - doubt->other.start;
    if ((is_written || is_one_reference) && doubt->rewrite[0])
        diag_hint(diag, message, "`%s` matches the same", doubt->rewrite);
    else
        diag_hint(diag, message, "write what stands between them, or leave one out");
}

static void say(const struct expanded *expanded, const struct ambiguity *doubt, struct place place,
                struct diag *diag)
{
    struct ambiguity_range one = written(expanded, doubt->one),
                           other = written(expanded, doubt->other);
    struct ambiguity_range both = {one.start < other.start ? one.start : other.start,
                                   one.end > other.end ? one.end : other.end};
    place = place_within(place, expanded->pattern, both.start, both.end);
    (doubt->kind == AMBIGUITY_NESTED ? say_nested : say_adjacent)(expanded, doubt, place, diag);
}

void grok_doubts_say(const struct grok_library *library, struct str pattern, struct place place,
                     struct diag *diag)
{
    struct expanded expanded = {.pattern = pattern};
    struct grok_problem problem;
    struct ambiguity doubts[GROK_DOUBTS_MAX];
    /* with names for none but those that are asked for: groups are read over anyhow */
    if (grok_expand(library, pattern, true, &expanded.text, &expanded.marks, &expanded.mark_count,
                    &problem)) {
        uint32_t count = regex_ambiguities(buf_str(&expanded.text), doubts, GROK_DOUBTS_MAX);
        for (uint32_t i = 0; i < count; i++) say(&expanded, &doubts[i], place, diag);
    }
    buf_fini(&expanded.text);
    free(expanded.marks);
}
