/* SPDX-License-Identifier: Apache-2.0 */
/* Printing words. A function that prints a word or group finds the blanks, line ends and comments
 * before it printed already (print_gap), so that comments are printed in one place. */
#include "dsl/format.h"
#include "dsl/format_words.h"
#include "dsl/parser.h"

enum {
    INDENT = 2,       /* of a level */
    CONTINUATION = 4, /* of the second line of a statement: not where its block begins */
};

struct printer {
    const struct words *words;
    struct buf *out;
    uint32_t width;
    uint32_t indent; /* of the current line */
    uint32_t column;
};

static void print_group(struct printer *printer, uint32_t open, uint32_t continuation);
static void print_range(struct printer *printer, uint32_t first, uint32_t end, uint32_t continuation);

/* ---- words and what stands between them ---- */

static void print_line_end(struct printer *printer, uint32_t indent, bool has_empty_line)
{
    printer->indent = printer->column = indent;
    if (printer->out->len == 0) return; /* the text begins here */
    buf_append_z(printer->out, has_empty_line ? "\n\n" : "\n");
    buf_reserve(printer->out, indent);
    memset(printer->out->ptr + printer->out->len, ' ', indent);
    printer->out->len += indent;
}

static void print_word(struct printer *printer, uint32_t at)
{
    struct str text = printer->words->items[at].text;
    buf_append(printer->out, text);
    const char *line = memrchr(text.ptr, '\n', text.len);
    if (line) printer->column = text_columns(str_from(text, (size_t)(line - text.ptr) + 1));
    else printer->column += text_columns(text);
}

/* What to do between two words. */
struct gap {
    bool is_line;               /* the second begins a line */
    bool is_first, is_last;     /* behind an opening, before a closing bracket: no empty line there */
    uint32_t indent;            /* of a line that begins here */
    uint32_t comment_indent;
};

/* The comment that begins at `at`, without blanks at its end. */
static struct str comment_at(struct str text, uint32_t at)
{
    const char *end = memchr(text.ptr + at, '\n', text.len - at);
    struct str comment = str_slice(text, at, end ? (size_t)(end - text.ptr) : text.len);
    while (is_blank(comment.ptr[comment.len - 1])) comment.len--;
    return comment;
}

/* From behind a word (or the beginning) to before the next one (or the end), which is `at`. */
static void print_gap(struct printer *printer, uint32_t at, struct gap gap)
{
    const struct words *words = printer->words;
    bool is_end = at == words->count, is_line = gap.is_line, is_first = gap.is_first;
    uint32_t from = at ? words->items[at - 1].end : 0;
    uint32_t to = is_end ? (uint32_t)words->text.len : words->items[at].start;
    uint32_t lines = 0;
    while (from < to) {
        char c = words->text.ptr[from];
        lines += c == '\n';
        if (c != '#') {
            from++;
            continue;
        }
        struct str comment = comment_at(words->text, from);
        bool is_trailing = lines == 0 && printer->out->len > 0;
        if (is_trailing) buf_append_char(printer->out, ' ');
        else print_line_end(printer, gap.comment_indent, lines > 1 && !is_first);
        buf_append(printer->out, comment);
        from += (uint32_t)comment.len;
        lines = 0;
        is_first &= is_trailing;
        is_line = true;
    }
    if (is_end) return;
    if (is_line) print_line_end(printer, gap.indent, lines > 1 && !is_first && !gap.is_last);
    else if (words->items[at].is_spaced) buf_append_char(printer->out, ' '), printer->column++;
}

/* Within an option, condition or assignment: no empty lines. */
static void print_gap_within(struct printer *printer, uint32_t at, uint32_t indent, bool is_line)
{
    print_gap(printer, at, (struct gap){.is_line = is_line, .is_first = true, .is_last = true,
                                        .indent = indent, .comment_indent = indent});
}

/* Words that stand on one line. */
static void print_flat(struct printer *printer, uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i <= last; i++) {
        if (i > first && printer->words->items[i].is_spaced)
            buf_append_char(printer->out, ' '), printer->column++;
        print_word(printer, i);
    }
}

/* ---- does it fit? ---- */

/* Columns of what follows on the same line in any case: a comma, the `{` of a block. */
static uint32_t columns_behind(const struct words *words, uint32_t end)
{
    if (end == words->count) return 0;
    const struct word *next = &words->items[end];
    if (next->group == GROUP_BLOCK) return next->is_whole ? 4 : 2;
    return next->kind == TOKEN_SYMBOL && next->text.ptr[0] == ',';
}

static bool group_fits(const struct printer *printer, uint32_t open)
{
    const struct words *words = printer->words;
    uint32_t close = words->items[open].match;
    return printer->column + words_columns(words, open, close) + columns_behind(words, close + 1) <=
           printer->width;
}

/* Does [first, end) fit up to where a line must end in it anyway? */
static bool piece_fits(const struct printer *printer, uint32_t first, uint32_t end)
{
    const struct words *words = printer->words;
    uint32_t column = printer->column;
    for (uint32_t i = first; i < end && column <= printer->width; i = word_next(words, i)) {
        const struct word *word = &words->items[i];
        const char *line = memchr(word->text.ptr, '\n', word->text.len);
        if (i > first && word->is_commented) return true;
        if (i > first) column += word->is_spaced;
        if (line) return column + text_columns(str_slice(word->text, 0, (size_t)(line - word->text.ptr))) <=
                         printer->width;
        bool is_group = word->group != GROUP_NONE;
        column += words_columns(words, i, is_group && !word->is_long ? word->match : i);
        if (is_group && word->is_long) return column <= printer->width;
    }
    return column + columns_behind(words, end) <= printer->width;
}

/* ---- expressions and options ---- */

static void print_piece_words(struct printer *printer, uint32_t first, uint32_t end, uint32_t continuation)
{
    const struct words *words = printer->words;
    for (uint32_t i = first; i < end; i = word_next(words, i)) {
        if (i > first) print_gap_within(printer, i, continuation, false);
        if (words->items[i].group == GROUP_NONE) print_word(printer, i);
        else print_group(printer, i, continuation);
    }
}

static bool begins_line(const struct words *words, uint32_t at, uint32_t rank)
{
    if (rank == RANK_COMMA) return words->items[at - 1].rank == RANK_COMMA;
    return words->items[at].rank == rank;
}

/* The loosest operator at which [first, end) can be broken. */
static uint32_t rank_within(const struct words *words, uint32_t first, uint32_t end)
{
    uint32_t rank = RANK_COUNT;
    for (uint32_t i = word_next(words, first); i < end; i = word_next(words, i)) {
        for (uint32_t looser = RANK_COMMA; looser < rank; looser++)
            if (begins_line(words, i, looser)) rank = looser;
    }
    return rank;
}

static void print_piece(struct printer *printer, uint32_t first, uint32_t end, uint32_t continuation)
{
    const struct words *words = printer->words;
    uint32_t rank = piece_fits(printer, first, end) ? RANK_COUNT : rank_within(words, first, end);
    if (rank == RANK_COUNT) {
        print_piece_words(printer, first, end, continuation);
        return;
    }
    for (uint32_t i = first, next; i < end; i = next) {
        next = word_next(words, i);
        while (next < end && !begins_line(words, next, rank)) next = word_next(words, next);
        if (i > first) print_gap_within(printer, i, continuation, true);
        print_piece(printer, i, next, continuation);
    }
}

/* Line ends of the source are kept beside operators. */
static bool is_kept_line(const struct words *words, uint32_t at)
{
    const struct word *word = &words->items[at];
    return word->is_broken && (word->rank != RANK_NONE || word[-1].rank != RANK_NONE) &&
           word->rank != RANK_COMMA;
}

/* Words [first, end) of an option, condition, assignment; lines after the first are indented by
 * `continuation`. */
static void print_range(struct printer *printer, uint32_t first, uint32_t end, uint32_t continuation)
{
    const struct words *words = printer->words;
    for (uint32_t i = first, next; i < end; i = next) {
        next = word_next(words, i);
        while (next < end && !is_kept_line(words, next)) next = word_next(words, next);
        if (i > first) print_gap_within(printer, i, continuation, true);
        print_piece(printer, i, next, continuation);
    }
}

/* ---- groups ---- */

/* The end of the item that begins at `at`: behind its comma, or where the next key stands. */
static uint32_t item_end(const struct words *words, uint32_t at, uint32_t close)
{
    for (uint32_t i = at; i < close; i = word_next(words, i)) {
        if (words->items[i].rank == RANK_COMMA) return i + 1;
        bool is_key = i > at && i + 1 < close && words->items[i + 1].kind == TOKEN_SYMBOL &&
                      str_eq_z(words->items[i + 1].text, "=>");
        if (is_key) return i;
    }
    return close;
}

/* One item a line. */
static void print_long(struct printer *printer, uint32_t open)
{
    const struct words *words = printer->words;
    uint32_t close = words->items[open].match, base = printer->indent, inner = base + INDENT;
    uint32_t continuation = words->items[open].group == GROUP_PARENTHESES ? inner : inner + CONTINUATION;
    print_word(printer, open);
    for (uint32_t i = open + 1, end; i < close; i = end) {
        end = item_end(words, i, close);
        print_gap(printer, i, (struct gap){.is_line = true, .is_first = i == open + 1, .indent = inner,
                                           .comment_indent = inner});
        print_range(printer, i, end, continuation);
    }
    print_gap(printer, close, (struct gap){.is_line = true, .is_first = close == open + 1, .is_last = true,
                                           .indent = base, .comment_indent = inner});
    print_word(printer, close);
}

/* Within parentheses an expression goes on as without them, unless a line ends behind the first; so does
 * it in a step, whose `[(` is one. */
static void print_parentheses(struct printer *printer, uint32_t open, uint32_t continuation)
{
    uint32_t close = printer->words->items[open].match, inner = continuation + INDENT;
    print_word(printer, open);
    print_gap_within(printer, open + 1, inner, false);
    print_range(printer, open + 1, close, inner);
    print_gap_within(printer, close, inner, false);
    print_word(printer, close);
}

static void print_group(struct printer *printer, uint32_t open, uint32_t continuation)
{
    const struct word *word = &printer->words->items[open];
    if (!word->is_long && (word->is_whole || group_fits(printer, open)))
        print_flat(printer, open, word->match);
    else if (word->group == GROUP_STEP || (word->group == GROUP_PARENTHESES && !word->is_hanging))
        print_parentheses(printer, open, continuation);
    else print_long(printer, open);
}

/* ---- statements ---- */

static void print_block(struct printer *printer, uint32_t open, uint32_t base);

/* `words [block words]…`, as in `if … { … } else { … }`. */
static void print_statement(struct printer *printer, uint32_t first, uint32_t end)
{
    const struct words *words = printer->words;
    uint32_t base = printer->indent;
    for (uint32_t i = first; i < end;) {
        if (i > first) print_gap_within(printer, i, base, false);
        uint32_t block = i;
        while (block < end && words->items[block].group != GROUP_BLOCK) block = word_next(words, block);
        print_range(printer, i, block, base + CONTINUATION);
        if (block == end) return;
        print_gap_within(printer, block, base, false);
        print_block(printer, block, base);
        i = words->items[block].match + 1;
    }
}

/* Statements in [first, end). */
static void print_statements(struct printer *printer, uint32_t first, uint32_t end, uint32_t indent)
{
    const struct words *words = printer->words;
    for (uint32_t i = first, next; i < end; i = next) {
        next = word_next(words, i);
        while (next < end && !words->items[next].is_statement) next = word_next(words, next);
        print_gap(printer, i, (struct gap){.is_line = true, .is_first = i == first, .indent = indent,
                                           .comment_indent = indent});
        print_statement(printer, i, next);
    }
}

/* `base`: the indentation of the statement whose block it is. */
static void print_block(struct printer *printer, uint32_t open, uint32_t base)
{
    const struct word *word = &printer->words->items[open];
    if (!word->is_long && (word->is_whole || group_fits(printer, open))) {
        print_flat(printer, open, word->match);
        return;
    }
    print_word(printer, open);
    print_statements(printer, open + 1, word->match, base + INDENT);
    print_gap(printer, word->match,
              (struct gap){.is_line = true, .is_first = open + 1 == word->match, .is_last = true,
                           .indent = base, .comment_indent = base + INDENT});
    print_word(printer, word->match);
}

static void print_all(const struct words *words, uint32_t width, struct buf *out)
{
    struct printer printer = {.words = words, .out = out, .width = width};
    print_statements(&printer, 0, words->count, 0);
    print_gap(&printer, words->count, (struct gap){.is_first = words->count == 0});
    if (out->len) buf_append_char(out, '\n');
}

/* ---- the whole ---- */

/* A text with its tokens and tree. */
struct reading {
    struct arena arena;
    struct diag diag;
    struct token_log log;
    struct buf tree;
    bool is_right;
};

static void reading_init(struct reading *reading, const struct source_text *source, bool has_escapes)
{
    *reading = (struct reading){0};
    arena_init(&reading->arena, NULL);
    diag_init(&reading->diag);
    struct config config = {0};
    struct parse_options options = {.has_escapes = has_escapes, .tokens = &reading->log};
    reading->is_right = parse_source(&config, source, &options, &reading->arena, &reading->diag);
    if (reading->is_right) ast_print(&config, &reading->tree);
}

static void reading_fini(struct reading *reading)
{
    buf_fini(&reading->tree);
    token_log_fini(&reading->log);
    diag_fini(&reading->diag);
    arena_fini(&reading->arena);
}

static bool is_same(const struct reading *before, struct str text_before, const struct reading *after,
                    struct str text_after)
{
    if (!after->is_right || before->log.count != after->log.count ||
        !str_eq(buf_str(&before->tree), buf_str(&after->tree)))
        return false;
    for (uint32_t i = 0; i < before->log.count; i++) {
        struct token a = before->log.items[i], b = after->log.items[i];
        if (a.kind != b.kind || a.mark != b.mark) return false;
        if (a.kind == TOKEN_SYMBOL && is_blank(text_before.ptr[a.end - 1])) continue; /* `not ` */
        if (!str_eq(str_slice(text_before, a.start, a.end), str_slice(text_after, b.start, b.end)))
            return false;
    }
    return true;
}

/* Prints the text and looks whether it still means the same; `out` is cut back when it does not. */
static bool print_checked(const struct source_text *source, const struct reading *reading,
                          const struct format_options *options, struct buf *out)
{
    struct words words;
    size_t before = out->len;
    struct buf text = {0};
    bool is_right = words_init(&words, source->text, &reading->log);
    if (is_right) {
        print_all(&words, options->width ? options->width : FORMAT_WIDTH, &text);
        struct source_text formatted = {source->name, buf_str(&text)};
        struct reading again;
        reading_init(&again, &formatted, options->has_escapes);
        is_right = is_same(reading, source->text, &again, formatted.text);
        reading_fini(&again);
    }
    if (is_right) buf_append(out, buf_str(&text));
    assert(is_right || out->len == before);
    buf_fini(&text);
    words_fini(&words);
    return is_right;
}

/* The messages of a text that is wrong, into the caller's diag. */
static void say_errors(const struct source_text *source, const struct format_options *options,
                       struct diag *diag)
{
    struct config config = {0};
    struct arena arena;
    struct parse_options parse = {.has_escapes = options->has_escapes};
    arena_init(&arena, NULL);
    parse_source(&config, source, &parse, &arena, diag);
    arena_fini(&arena);
}

bool format_source(const struct source_text *source, const struct format_options *options,
                   struct buf *out, struct diag *diag)
{
    struct place nowhere = {0};
    assert(options->width == 0 ||
           (options->width >= FORMAT_WIDTH_MIN && options->width <= FORMAT_WIDTH_MAX));
    if (source->text.len > FORMAT_BYTES_MAX) {
        diag_error(diag, nowhere, "%.*s has more than %d bytes: too many to format",
                   STR_ARG(source->name), FORMAT_BYTES_MAX);
        return false;
    }
    struct reading reading;
    reading_init(&reading, source, options->has_escapes);
    bool is_right = reading.is_right;
    if (!is_right) say_errors(source, options, diag);
    else if (!(is_right = print_checked(source, &reading, options, out)))
        diag_hint(diag,
                  diag_error(diag, nowhere, "%.*s cannot be formatted without changing what it means",
                             STR_ARG(source->name)),
                  "this is a fault of tailrace: please report it, with the text");
    reading_fini(&reading);
    return is_right;
}
