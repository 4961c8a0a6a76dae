/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/format_words.h"
#include "core/xmalloc.h"
#include <stdlib.h>

uint32_t text_columns(struct str text)
{
    uint32_t columns = 0;
    for (size_t i = 0; i < text.len; i++) columns += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return columns;
}

static bool is_sign(const struct word *word, char sign)
{
    return word->kind == TOKEN_SYMBOL && word->text.len == 1 && word->text.ptr[0] == sign;
}

/* ---- between two tokens ---- */

/* Notes what stands in the bytes [start, end) before a word. False: something that is no blank and no
 * comment. */
static bool read_gap(struct str text, uint32_t start, uint32_t end, struct word *word)
{
    for (uint32_t at = start; at < end; at++) {
        char c = text.ptr[at];
        if (c == '#') {
            word->is_commented = true;
            while (at + 1 < end && text.ptr[at + 1] != '\n') at++;
        } else if (c == '\n') {
            word->is_broken = true;
        } else if (!is_blank(c)) {
            return false;
        }
    }
    return true;
}

/* Does a value end with this word, so that a sign behind it stands between two values? */
static bool is_value_end(const struct word *word)
{
    return word->kind != TOKEN_SYMBOL || is_sign(word, ')') || is_sign(word, ']') || is_sign(word, '}');
}

static bool is_unary(const struct word *words, uint32_t at)
{
    return (is_sign(&words[at], '!') || is_sign(&words[at], '-')) &&
           (at == 0 || !is_value_end(&words[at - 1]));
}

static bool is_spaced(const struct word *words, uint32_t at)
{
    if (at == 0) return false;
    const struct word *word = &words[at], *before = word - 1;
    if (is_sign(word, ')') || is_sign(word, ']') || is_sign(word, ',')) return false;
    if (is_sign(before, '(') || is_sign(before, '[')) return false;
    /* `- 5` is a sign and a number, `-5` a number */
    if (is_unary(words, at - 1)) return is_sign(before, '-') && is_digit(word->text.ptr[0]);
    if (is_sign(word, '(')) return before->kind == TOKEN_SYMBOL;
    /* an index, or a further step of a field: lists and fields stand behind a sign */
    if (is_sign(word, '[') || word->kind == TOKEN_REFERENCE) return !is_value_end(before);
    return true;
}

static uint8_t rank_of(const struct word *words, uint32_t at)
{
    static const struct { const char *sign; uint8_t rank; } ranks[] = {
        {",", RANK_COMMA}, {"?", RANK_CHOICE}, {":", RANK_CHOICE}, {"or", RANK_OR}, {"xor", RANK_OR},
        {"nand", RANK_OR}, {"and", RANK_AND},  {"??", RANK_DEFAULT}, {"+", RANK_SUM}, {"-", RANK_SUM},
    };
    if (words[at].kind != TOKEN_SYMBOL || is_unary(words, at)) return RANK_NONE;
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++)
        if (str_eq_z(words[at].text, ranks[i].sign)) return ranks[i].rank;
    return RANK_NONE;
}

/* ---- brackets ---- */

static enum group group_of(const struct word *words, uint32_t at, enum token_mark mark)
{
    const struct word *word = &words[at];
    enum token_kind before = at ? words[at - 1].kind : TOKEN_SYMBOL;
    if (is_sign(word, '(')) return before == TOKEN_SYMBOL ? GROUP_PARENTHESES : GROUP_CALL;
    if (is_sign(word, '[')) return GROUP_LIST;
    if (!is_sign(word, '{')) return GROUP_NONE;
    if (mark == MARK_BLOCK) return GROUP_BLOCK;
    return before == TOKEN_SYMBOL ? GROUP_HASH : GROUP_PLUGIN;
}

/* The brackets that are open at a word. */
struct open_group {
    uint32_t at;
    uint32_t parts;      /* statements, options, entries or commas so far */
    bool has_divisible;  /* a group within it can be made narrower by line ends */
};

struct nesting {
    struct open_group *items;
    uint32_t count, capacity;
};

static void open_group(struct nesting *nesting, uint32_t at)
{
    if (nesting->count == nesting->capacity) {
        nesting->capacity = nesting->capacity ? 2 * nesting->capacity : 64;
        nesting->items = xreallocarray(nesting->items, nesting->capacity, sizeof *nesting->items);
    }
    nesting->items[nesting->count++] = (struct open_group){.at = at};
}

/* Statements stand on lines of their own, but for a section of one; so do several options. */
static bool is_long_by_parts(enum group group, uint32_t parts, uint32_t depth)
{
    if (group == GROUP_BLOCK) return parts > (depth == 0);
    return group == GROUP_PLUGIN && parts > 1;
}

/* Nothing or one text within one bracket: a line end would gain two columns. */
static bool is_whole(enum group group, uint32_t parts, bool is_empty)
{
    if (is_empty) return true;
    if (group == GROUP_HASH) return parts < 2;
    return (group == GROUP_LIST || group == GROUP_CALL) && parts == 0;
}

/* A list of one in parentheses looks like a step, too; nothing is lost when it is printed like one. */
static bool is_step(const struct word *open, uint32_t commas)
{
    return commas == 0 && is_sign(open + 1, '(') && open->end == open[1].start;
}

static void close_group(struct word *words, struct nesting *nesting, uint32_t at)
{
    assert(nesting->count > 0); /* the parser saw to it */
    struct open_group group = nesting->items[--nesting->count];
    struct word *open = &words[group.at];
    open->match = at;
    words[at].match = group.at;
    if (open->group == GROUP_LIST && is_step(open, group.parts)) open->group = GROUP_STEP;
    open->is_whole = is_whole(open->group, group.parts, group.at + 1 == at) && !group.has_divisible;
    if (is_long_by_parts(open->group, group.parts, nesting->count)) open->is_long = true;
    if (!nesting->count) return;
    struct open_group *outer = &nesting->items[nesting->count - 1];
    outer->has_divisible |= !open->is_whole;
    if (open->is_long) words[outer->at].is_long = true;
}

/* What a word means for the group it stands in: `inner`, or NULL outside of all. */
static void note_word(struct word *words, uint32_t at, struct open_group *inner)
{
    if (!inner) return;
    struct word *word = &words[at], *open = &words[inner->at];
    bool is_closing = is_sign(word, ')') || is_sign(word, ']') || is_sign(word, '}');
    bool is_empty = is_closing && inner->at + 1 == at;
    if (word->is_commented || (word->is_broken && !is_empty)) open->is_long = true;
    if (inner->at + 1 == at && word->is_broken && !is_empty) open->is_hanging = true;
    if (memchr(word->text.ptr, '\n', word->text.len)) open->is_long = true;
    if (open->group == GROUP_BLOCK) inner->parts += word->is_statement;
    else if (open->group == GROUP_HASH || open->group == GROUP_PLUGIN)
        inner->parts += str_eq_z(word->text, "=>");
    else inner->parts += word->rank == RANK_COMMA;
}

static void find_groups(struct words *words, const struct token_log *log)
{
    struct nesting nesting = {0};
    struct word *items = words->items;
    for (uint32_t i = 0; i < words->count; i++) {
        note_word(items, i, nesting.count ? &nesting.items[nesting.count - 1] : NULL);
        items[i].group = group_of(items, i, log->items[i].mark);
        if (items[i].group != GROUP_NONE) open_group(&nesting, i);
        else if (is_sign(&items[i], ')') || is_sign(&items[i], ']') || is_sign(&items[i], '}'))
            close_group(items, &nesting, i);
    }
    assert(nesting.count == 0);
    free(nesting.items);
}

/* ---- all words ---- */

static struct word word_of(struct str text, const struct token *token)
{
    struct word word = {.start = token->start, .end = token->end, .kind = token->kind,
                        .is_statement = token->mark == MARK_STATEMENT};
    /* `not ` of a condition brings its blank */
    while (token->kind == TOKEN_SYMBOL && is_blank(text.ptr[word.end - 1])) word.end--;
    assert(word.start < word.end);
    word.text = str_slice(text, word.start, word.end);
    return word;
}

bool words_init(struct words *words, struct str text, const struct token_log *log)
{
    *words = (struct words){.text = text, .count = log->count,
                            .items = xcalloc((size_t)log->count + 1, sizeof *words->items)};
    uint32_t behind = 0, column = 0;
    for (uint32_t i = 0; i < log->count; i++) {
        struct word *word = &words->items[i];
        *word = word_of(text, &log->items[i]);
        if (word->start < behind || !read_gap(text, behind, word->start, word)) return false;
        word->is_spaced = is_spaced(words->items, i);
        word->rank = rank_of(words->items, i);
        word->begin = column + word->is_spaced;
        word->edge = column = word->begin + text_columns(word->text);
        behind = word->end;
    }
    struct word rest = {0};
    if (!read_gap(text, behind, (uint32_t)text.len, &rest)) return false;
    find_groups(words, log);
    return true;
}

void words_fini(struct words *words)
{
    free(words->items);
    *words = (struct words){0};
}
