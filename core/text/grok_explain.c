/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/grok_explain.h"
#include "core/text/grok.h"
#include "core/text/utf8.h"
#include <assert.h>
#include <stdio.h>

enum { WORD_MAX = 24, WEIGHT_TEXT_MAX = 3, WEIGHT_REFERENCE = 3 };

struct grok_explainer {
    const struct grok_library *library;
    struct str pattern;
    struct arena *arena;
    struct arena line; /* what one explanation needs */
    struct map heads;  /* text of the first parts -> number of the expression */
    struct regex *expressions[EXPLAIN_HEADS_MAX];
    uint32_t count;
};

/* What is tried: parts that matched, as they are written and as they are told. */
struct trial {
    struct grok_explainer *explainer;
    struct str line;
    struct grok_miss *best;
    bool has_best;
};

struct head {
    struct str written, told;
    uint32_t weight;
    size_t end,
        any_from; /* where it ended; where a part that takes any text began, if that is its last */
    bool is_any;
};

struct grok_explainer *grok_explainer_create(const struct grok_library *library, struct str pattern,
                                             struct arena *arena)
{
    struct grok_explainer *explainer = arena_zalloc(arena, sizeof *explainer);
    explainer->library = library;
    explainer->pattern = pattern;
    explainer->arena = arena;
    arena_init(&explainer->line, NULL);
    map_init(&explainer->heads, arena, 64);
    return explainer;
}

void grok_explainer_destroy(struct grok_explainer *explainer)
{
    for (uint32_t i = 0; explainer && i < explainer->count; i++)
        regex_destroy(explainer->expressions[i]);
}

/* ---- does a head match? ---- */
static struct regex *compile(struct grok_explainer *explainer, struct str written)
{
    struct buf text = {.len = 0};
    struct grok_problem problem;
    struct regex_problem reason;
    struct regex *regex = NULL;
    if (grok_expand(explainer->library, written, true, &text, NULL, NULL, &problem))
        regex = regex_compile(buf_str(&text), &grok_regex_options, &reason);
    buf_fini(&text);
    return regex;
}

/* NULL: not by itself an expression, or there are too many. */
static struct regex *expression_of(struct grok_explainer *explainer, struct str written)
{
    struct key key = key_of(written);
    const struct value *known = map_get(&explainer->heads, &key);
    if (known) return explainer->expressions[known->integer];
    if (explainer->count == EXPLAIN_HEADS_MAX) return NULL;
    written = arena_copy(explainer->arena, written);
    map_set(&explainer->heads, explainer->arena, key_of(written), value_int(explainer->count));
    return explainer->expressions[explainer->count++] = compile(explainer, written);
}

static bool head_matches(const struct trial *trial, struct str written, size_t *end)
{
    struct regex *regex = expression_of(trial->explainer, written);
    struct regex_match match;
    *end = 0;
    if (!regex || regex_match(regex, trial->line, 0, 0, &match) != REGEX_MATCH) return false;
    *end = match.offsets[1];
    return true;
}

/* ---- words ---- */

/* As written, but references and groups without the fields they fill. */
static void text_tell(struct str text, struct buf *out)
{
    while (text.len) {
        struct grok_reference reference;
        size_t len = 1;
        if (str_starts(text, STR("%{")) && grok_reference_read(text, &reference)) {
            buf_printf(out, "%%{%.*s}", STR_ARG(reference.name));
            len = reference.len;
        } else if (str_starts(text, STR("(?<")) && text.len > 3 && text.ptr[3] != '=' &&
                   text.ptr[3] != '!') {
            ptrdiff_t end = str_find(text, STR(">"));
            buf_append_char(out, '(');
            if (end > 0) len = (size_t)end + 1;
        } else {
            buf_append_char(out, text.ptr[0]);
        }
        text = str_from(text, len);
    }
}

static void part_tell(const struct grok_part *part, struct buf *out)
{
    if (part->kind == GROK_PART_TEXT)
        buf_append(out, part->literal);
    else if (part->kind != GROK_PART_ANCHOR)
        text_tell(part->text, out);
}

static void expected_tell(const struct grok_part *part, char *to)
{
    static const struct {
        const char *text, *name;
    } NAMES[] = {{" ", "a blank"},
                 {"\"", "a quote"},
                 {"`", "a backquote"},
                 {"^", "the start of a line"},
                 {"$", "the end of the line"},
                 {"\\s", "a blank"},
                 {"\\s+", "blanks"},
                 {" +", "blanks"}};
    struct str text = part->kind == GROK_PART_TEXT ? part->literal : part->text;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (str_eq_z(text, NAMES[i].text)) {
            snprintf(to, EXPLAIN_TEXT_MAX, "%s", NAMES[i].name);
            return;
        }
    struct buf told = {.len = 0};
    part_tell(part, &told);
    if (part->kind == GROK_PART_REFERENCE && !part->is_repeated)
        snprintf(to, EXPLAIN_TEXT_MAX, "%.*s", STR_ARG(buf_str(&told)));
    else
        snprintf(to, EXPLAIN_TEXT_MAX, "`%.*s`", STR_ARG(told.len ? buf_str(&told) : part->text));
    buf_fini(&told);
}

/* The word at a place: up to a blank, at least a character. */
static void found_tell(struct str line, size_t offset, char *to)
{
    struct str rest = str_from(line, offset);
    size_t len = 0, whole = 0;
    while (len < rest.len && len < WORD_MAX && !(len && is_blank(rest.ptr[len]))) len++;
    whole = utf8_valid_len(str_slice(rest, 0, len));
    if (whole && !is_blank(rest.ptr[0])) len = whole;
    if (!rest.len)
        snprintf(to, EXPLAIN_TEXT_MAX, "the end of the line");
    else if (rest.ptr[0] == ' ')
        snprintf(to, EXPLAIN_TEXT_MAX, "a blank");
    else
        snprintf(to, EXPLAIN_TEXT_MAX, "`%.*s`", (int)len, rest.ptr);
}

static uint32_t column_of(struct str line, size_t offset)
{
    uint32_t column = 1;
    for (size_t i = 0; i < offset; i++) column += (line.ptr[i] & 0xC0) != 0x80;
    return column;
}

static uint32_t weight_of(const struct grok_part *part)
{
    char last = part->text.ptr[part->text.len - 1];
    bool is_optional = part->is_repeated && (last == '?' || last == '*');
    if (part->kind == GROK_PART_ANCHOR || part->is_any || is_optional) return 0;
    if (part->kind == GROK_PART_REFERENCE) return WEIGHT_REFERENCE;
    if (part->kind != GROK_PART_TEXT) return 1;
    return part->literal.len < WEIGHT_TEXT_MAX ? (uint32_t)part->literal.len : WEIGHT_TEXT_MAX;
}

/* ---- looking for the part that fails ---- */
static void note(struct trial *trial, const struct head *head, const struct grok_part *failing)
{
    struct grok_miss *best = trial->best;
    if (trial->has_best && head->weight <= best->weight) return;
    trial->has_best = true;
    best->weight = head->weight;
    best->is_somewhere = head->is_any;
    best->offset = head->is_any ? head->any_from : head->end;
    best->column = column_of(trial->line, best->offset);
    size_t cut = head->told.len < EXPLAIN_TEXT_MAX ? 0 : head->told.len - EXPLAIN_TEXT_MAX + 8;
    while (cut && (head->told.ptr[cut] & 0xC0) == 0x80) cut++; /* where a character begins */
    struct str told = cut ? str_from(head->told, cut) : head->told;
    snprintf(best->matched, sizeof best->matched, "%s%.*s", cut ? "…" : "", STR_ARG(told));
    expected_tell(failing, best->expected);
    found_tell(trial->line, best->offset, best->found);
}

static void explore(struct trial *trial, const struct head *head, struct str text, uint32_t depth);

static bool is_users(const struct grok_library *library, struct str name)
{
    struct key key = key_of(name);
    return map_get(&library->names, &key) != NULL;
}

/* The text within a part that can be looked into; empty: it cannot. Names of the library that are
 * expressions through and through say more than these. */
static struct str inside(const struct trial *trial, const struct grok_part *part)
{
    struct str body = {NULL, 0};
    if (part->is_repeated) return body;
    if (part->kind == GROK_PART_GROUP) return part->body;
    if (part->kind != GROK_PART_REFERENCE) return body;
    if (part->reference.has_definition) return part->reference.definition;
    const struct grok_library *library = trial->explainer->library;
    bool has_names =
        grok_library_find(library, part->reference.name, &body) && str_find(body, STR("%{")) >= 0;
    return has_names || is_users(library, part->reference.name) ? body : (struct str){NULL, 0};
}

/* `count` parts behind the head, all of which must match. */
static struct head head_with(struct grok_explainer *explainer, const struct head *head,
                             const struct grok_part *parts, uint32_t count)
{
    struct buf written = buf_in_arena(&explainer->line), told = buf_in_arena(&explainer->line);
    struct head longer = {.weight = head->weight};
    buf_append(&written, head->written);
    buf_append(&told, head->told);
    for (uint32_t i = 0; i < count; i++) {
        buf_append(&written, parts[i].text);
        part_tell(&parts[i], &told);
        longer.weight += weight_of(&parts[i]);
    }
    longer.is_any = count && parts[count - 1].is_any;
    longer.written = buf_take(&written);
    longer.told = buf_take(&told);
    return longer;
}

static bool parts_match(const struct trial *trial, const struct head *head,
                        const struct grok_part *parts, uint32_t count, struct head *longer)
{
    *longer = head_with(trial->explainer, head, parts, count);
    return head_matches(trial, longer->written, &longer->end);
}

/* The most parts that match: with one more of them it never matches again. */
static uint32_t parts_matching(const struct trial *trial, const struct head *head,
                               const struct grok_part *parts, uint32_t count, struct head *longest)
{
    uint32_t low = 0, high = count; /* low match; more than high do not */
    *longest = *head;
    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        struct head longer;
        if (parts_match(trial, head, parts, middle, &longer)) {
            low = middle;
            *longest = longer;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

static void explore_sequence(struct trial *trial, const struct head *head, struct str text,
                             uint32_t depth)
{
    struct grok_part parts[EXPLAIN_PARTS_MAX];
    uint32_t count = 0;
    while (text.len && count < EXPLAIN_PARTS_MAX) parts[count++] = grok_part_take(&text);
    struct head longest, before;
    uint32_t matching = parts_matching(trial, head, parts, count, &longest);
    if (matching == count) return; /* what fails stands behind, or around it */
    if (longest.is_any) {
        parts_match(trial, head, parts, matching - 1, &before);
        longest.any_from = before.end;
    }
    note(trial, &longest, &parts[matching]);
    struct str body = inside(trial, &parts[matching]);
    if (body.len && depth < EXPLAIN_DEPTH_MAX) explore(trial, &longest, body, depth + 1);
}

static void explore(struct trial *trial, const struct head *head, struct str text, uint32_t depth)
{
    struct str alternative;
    bool has_more = true;
    while (grok_alternative_take(&text, &has_more, &alternative))
        explore_sequence(trial, head, alternative, depth);
}

void grok_explain(struct grok_explainer *explainer, struct str line, struct grok_miss *miss)
{
    struct trial trial = {.explainer = explainer, .line = line, .best = miss};
    struct head nothing = {.weight = 0};
    *miss = (struct grok_miss){.column = 1};
    explore(&trial, &nothing, explainer->pattern, 0);
    arena_fini(&explainer->line);
    if (trial.has_best) return;
    /* all of its parts match, and all together do not: a limit, or it is no sequence of parts */
    snprintf(miss->expected, sizeof miss->expected, "`%.*s`", STR_ARG(explainer->pattern));
    found_tell(line, 0, miss->found);
}
