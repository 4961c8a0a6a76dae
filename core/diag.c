/* SPDX-License-Identifier: Apache-2.0 */
/* Collects messages and draws them. What is drawn is text that a stranger may have written: control
 * characters and bytes that are not UTF-8 are shown as one replacement character each, so that a
 * configuration cannot send escape sequences to the operator's terminal. */
#include "core/diag.h"
#include "core/text/json.h"
#include "core/text/secrets.h"
#include "core/text/utf8.h"
#include "core/xmalloc.h"
#include <stdlib.h>

static const char *const severity_names[] = {
    [SEVERITY_ERROR] = "error", [SEVERITY_WARNING] = "warning", [SEVERITY_OFFER] = "note"};

enum { CARET_LEAD = 60 }; /* characters kept before the caret when a line is cut */

void diag_init(struct diag *diag)
{
    *diag = (struct diag){0};
    arena_init(&diag->arena, NULL);
}

void diag_fini(struct diag *diag)
{
    free(diag->messages);
    arena_fini(&diag->arena);
    *diag = (struct diag){0};
}

/* ---- collecting ---- */

static struct str format_text(struct diag *diag, const char *format, va_list args)
{
    struct buf text = {0};
    buf_vprintf(&text, format, args);
    if (text.len > DIAG_TEXT_MAX) { /* what was quoted is long; its beginning says which it is */
        text.len = DIAG_TEXT_MAX;
        while (text.len > 0 && ((unsigned char)text.ptr[text.len] & 0xc0) == 0x80) text.len--;
        buf_append_z(&text, "\xe2\x80\xa6");
    }
    struct str kept = arena_copy(&diag->arena, buf_str(&text));
    buf_fini(&text);
    return kept;
}

static size_t line_start(struct str text, size_t at)
{
    while (at > 0 && text.ptr[at - 1] != '\n') at--;
    return at;
}

static bool is_ignore(struct str line)
{
    static const struct str words = {"# tailrace: ignore", 18};
    ptrdiff_t at = str_find(line, words);
    if (at < 0) return false;
    struct str rest = str_from(line, (size_t)at + words.len);
    return !rest.len || rest.ptr[0] == ' ' || rest.ptr[0] == '\t' || rest.ptr[0] == '\r';
}

/* A line of its own above, or the line itself, says that whoever wrote it knows. */
static bool line_is_silenced(struct str text, size_t start, size_t end)
{
    if (is_ignore(str_slice(text, start, end))) return true;
    if (!start) return false;
    struct str above = str_slice(text, line_start(text, start - 1), start - 1);
    while (above.len && (above.ptr[0] == ' ' || above.ptr[0] == '\t')) above = str_from(above, 1);
    return above.len && above.ptr[0] == '#' && is_ignore(above);
}

/* Lines can be megabytes long and have a warning at every word: the last one looked at is remembered. */
static bool is_silenced(struct diag *diag, struct place place)
{
    if (!place.source || place.start > place.source->text.len) return false;
    const struct place *line = &diag->line;
    if (line->source != place.source || place.start < line->start || place.start > line->end) {
        struct str text = place.source->text;
        size_t start = line_start(text, place.start), end = place.start;
        while (end < text.len && text.ptr[end] != '\n') end++;
        diag->line = (struct place){place.source, (uint32_t)start, (uint32_t)end};
        diag->line_is_silenced = line_is_silenced(text, start, end);
    }
    return diag->line_is_silenced;
}

static struct message *diag_add(struct diag *diag, enum severity severity, struct place place)
{
    assert(!place.source || place.start <= place.end);
    bool is_silent = severity == SEVERITY_OFFER ? !diag->takes_offers : false;
    if (severity != SEVERITY_ERROR && !is_silent) is_silent = is_silenced(diag, place);
    if (severity == SEVERITY_ERROR) diag->errors++;
    else if (severity == SEVERITY_WARNING && !is_silent) diag->warnings++;
    struct message *message = &diag->spare;
    if (!is_silent && diag->count < DIAG_KEPT_MAX) {
        if (diag->count == diag->capacity) {
            diag->capacity = diag->capacity ? 2 * diag->capacity : 16;
            diag->messages = xreallocarray(diag->messages, diag->capacity, sizeof *diag->messages);
        }
        message = &diag->messages[diag->count++];
    }
    *message = (struct message){.severity = severity, .place = place, .order = diag->count};
    return message;
}

struct message *diag_error(struct diag *diag, struct place place, const char *format, ...)
{
    struct message *message = diag_add(diag, SEVERITY_ERROR, place);
    va_list args;
    va_start(args, format);
    if (message != &diag->spare) message->text = format_text(diag, format, args);
    va_end(args);
    return message;
}

struct message *diag_warning(struct diag *diag, struct place place, const char *format, ...)
{
    struct message *message = diag_add(diag, SEVERITY_WARNING, place);
    va_list args;
    va_start(args, format);
    if (message != &diag->spare) message->text = format_text(diag, format, args);
    va_end(args);
    return message;
}

struct message *diag_offer(struct diag *diag, struct place place, const char *format, ...)
{
    struct message *message = diag_add(diag, SEVERITY_OFFER, place);
    va_list args;
    va_start(args, format);
    if (message != &diag->spare) message->text = format_text(diag, format, args);
    va_end(args);
    return message;
}

void diag_hint(struct diag *diag, struct message *message, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (message != &diag->spare) message->hint = format_text(diag, format, args);
    va_end(args);
}

void diag_note(struct diag *diag, struct message *message, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (message != &diag->spare) message->note = format_text(diag, format, args);
    va_end(args);
}

void diag_other(struct diag *diag, struct message *message, struct place place, const char *format,
                ...)
{
    va_list args;
    va_start(args, format);
    message->other = place;
    if (message != &diag->spare) message->other_hint = format_text(diag, format, args);
    va_end(args);
}

struct diag_mark diag_mark(const struct diag *diag)
{
    return (struct diag_mark){diag->count, diag->errors, diag->warnings};
}

void diag_forget_between(struct diag *diag, struct diag_mark from, struct diag_mark to)
{
    assert(from.count <= to.count && to.count <= diag->count);
    assert(from.errors <= to.errors && from.warnings <= to.warnings);
    uint32_t behind = diag->count - to.count;
    if (behind) memmove(diag->messages + from.count, diag->messages + to.count, behind * sizeof *diag->messages);
    diag->count = from.count + behind;
    diag->errors -= to.errors - from.errors;
    diag->warnings -= to.warnings - from.warnings;
}

void diag_forget(struct diag *diag, struct diag_mark mark)
{
    diag_forget_between(diag, mark, diag_mark(diag));
}

/* ---- characters and columns ---- */

struct glyph {
    size_t bytes;
    uint32_t width; /* columns on a terminal */
    bool is_shown;  /* as it is; else as a replacement character */
};

/* Wide and combining characters, roughly: enough to keep the caret under its text. */
static uint32_t code_width(uint32_t code)
{
    static const struct { uint32_t first, last, width; } ranges[] = {
        {0x300, 0x36f, 0},     {0x1100, 0x115f, 2},   {0x200b, 0x200f, 0},   {0x2e80, 0xa4cf, 2},
        {0xac00, 0xd7a3, 2},   {0xf900, 0xfaff, 2},   {0xfe00, 0xfe0f, 0},   {0xfe30, 0xfe6f, 2},
        {0xff00, 0xff60, 2},   {0xffe0, 0xffe6, 2},   {0x1f300, 0x1faff, 2}, {0x20000, 0x3fffd, 2},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (code >= ranges[i].first && code <= ranges[i].last) return ranges[i].width;
    return 1;
}

/* The glyph at the start of `text`, which is not empty. */
static struct glyph glyph_of(struct str text)
{
    unsigned char first = (unsigned char)text.ptr[0];
    if (first == '\t') return (struct glyph){1, 1, true};
    if (first < 0x20 || first == 0x7f) return (struct glyph){1, 1, false};
    if (first < 0x80) return (struct glyph){1, 1, true};
    size_t bytes;
    uint32_t code = utf8_decode(text, &bytes);
    if (bytes == 0) return (struct glyph){1, 1, false};
    /* C1 controls and the marks that turn the direction of writing around. */
    bool is_control = code < 0xa0 || (code >= 0x202a && code <= 0x202e) ||
                      (code >= 0x2066 && code <= 0x2069);
    return (struct glyph){bytes, is_control ? 1 : code_width(code), !is_control};
}

static size_t count_chars(struct str text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.len; count++) at += glyph_of(str_from(text, at)).bytes;
    return count;
}

struct line_column place_line(struct place place)
{
    assert(place.source);
    struct str text = place.source->text;
    size_t at = place.start < text.len ? place.start : text.len;
    size_t start = line_start(text, at), end = start;
    while (end < text.len && text.ptr[end] != '\n') end++;
    if (end > start && end < text.len && text.ptr[end - 1] == '\r') end--;
    uint32_t line = 1;
    for (size_t i = 0; i < start; i++) line += text.ptr[i] == '\n';
    return (struct line_column){line, (uint32_t)count_chars(str_slice(text, start, at)) + 1,
                                str_slice(text, start, end)};
}

struct place place_within(struct place place, struct str text, size_t start, size_t end)
{
    assert(end <= text.len);
    if (start > end) start = end;
    bool is_quoted = place.source && place.end - place.start == text.len + 2;
    if (!is_quoted) return place;
    struct str written = str_slice(place.source->text, (size_t)place.start + 1, (size_t)place.end - 1);
    if (!str_eq(written, text)) return place;
    return (struct place){place.source, place.start + 1 + (uint32_t)start, place.start + 1 + (uint32_t)end};
}

void place_walk_to(struct place_walk *walk, const struct source_text *source, uint32_t at)
{
    if (walk->source != source || walk->at > at) *walk = (struct place_walk){source, 0, 1, 1};
    struct str text = str_slice(source->text, 0, at < source->text.len ? at : source->text.len);
    while (walk->at < text.len) {
        bool is_line_end = text.ptr[walk->at] == '\n';
        bool is_ascii = (unsigned char)text.ptr[walk->at] < 0x80;
        walk->at += is_ascii ? 1 : (uint32_t)glyph_of(str_from(text, walk->at)).bytes;
        walk->column = is_line_end ? 1 : walk->column + 1;
        walk->line += is_line_end;
    }
}

/* ---- drawing ---- */

/* What of a line is shown: bytes [start, end), the span within it [from, to). */
struct window {
    struct str line;
    size_t start, end, from, to;
};

static struct window window_of(struct place place, const struct line_column *at)
{
    struct str line = at->line ? at->text : (struct str){0};
    size_t first = (size_t)(line.ptr - place.source->text.ptr);
    size_t from = place.start > first ? place.start - first : 0;
    size_t to = place.end > first ? place.end - first : 0;
    if (from > line.len) from = line.len;
    if (to > line.len) to = line.len; /* several lines are clipped to the first */
    struct window window = {line, 0, line.len, from, to > from ? to : from};
    if (count_chars(line) <= DIAG_LINE_MAX) return window;
    /* Forward from the line's start, keeping the last CARET_LEAD characters before the caret. */
    size_t lead = count_chars(str_slice(line, 0, from));
    for (; lead > CARET_LEAD; lead--) window.start += glyph_of(str_from(line, window.start)).bytes;
    window.end = window.start;
    for (int shown = 0; shown < DIAG_LINE_MAX && window.end < line.len; shown++)
        window.end += glyph_of(str_from(line, window.end)).bytes;
    if (window.to > window.end) window.to = window.end;
    return window;
}

static void draw_text(struct str text, struct buf *out)
{
    for (size_t at = 0; at < text.len;) {
        struct glyph glyph = glyph_of(str_from(text, at));
        if (glyph.is_shown) buf_append(out, str_slice(text, at, at + glyph.bytes));
        else buf_append_z(out, "\xef\xbf\xbd");
        at += glyph.bytes;
    }
}

/* Bytes [start, end) of a line, each character of a secret as an asterisk. What is before the line tells
 * whether a secret of several lines goes on in it. */
static void draw_line(struct str source, struct window window, struct buf *out)
{
    size_t first = (size_t)(window.line.ptr - source.ptr);
    size_t before = first < DIAG_SECRET_LOOK ? first : DIAG_SECRET_LOOK;
    struct str text = str_slice(source, first - before, first + window.end);
    size_t at = before + window.start;
    struct secret_span span;
    bool has_secret = secret_find(text, 0, &span);
    while (at < text.len) {
        while (has_secret && span.end <= at) has_secret = secret_find(text, span.end, &span);
        size_t start = has_secret ? span.start : text.len, end = has_secret ? span.end : text.len;
        if (start > at) {
            draw_text(str_slice(text, at, start), out);
            at = start;
        }
        for (; at < end; at += glyph_of(str_from(text, at)).bytes)
            for (uint32_t i = 0; i < glyph_of(str_from(text, at)).width; i++) buf_append_char(out, '*');
    }
}

/* As many columns of `mark` as the text takes; tabs stay tabs so that the terminal lines them up. */
static void draw_mark(struct str text, char mark, bool keep_tabs, struct buf *out)
{
    for (size_t at = 0; at < text.len;) {
        struct glyph glyph = glyph_of(str_from(text, at));
        bool is_tab = keep_tabs && text.ptr[at] == '\t';
        for (uint32_t i = 0; i < glyph.width; i++) buf_append_char(out, is_tab ? '\t' : mark);
        at += glyph.bytes;
    }
}

static void draw_spaces(size_t count, struct buf *out)
{
    while (count--) buf_append_char(out, ' ');
}

static void draw_gutter(int digits, struct buf *out)
{
    draw_spaces((size_t)digits + 2, out);
    buf_append_char(out, '|');
}

static void draw_place(struct place place, const struct line_column *at, int digits,
                       const char *arrow, char mark, struct str hint, struct buf *out)
{
    draw_spaces((size_t)digits + 1, out);
    buf_printf(out, "%s ", arrow);
    draw_text(place.source->name, out);
    buf_printf(out, ":%u:%u\n", at->line, at->column);
    draw_gutter(digits, out);
    struct window window = window_of(place, at);
    bool is_cut = window.start > 0;
    buf_printf(out, "\n %*u |%s%s", digits, at->line, window.line.len ? " " : "",
               is_cut ? "\xe2\x80\xa6" : "");
    draw_line(place.source->text, window, out);
    buf_printf(out, "%s\n", window.end < window.line.len ? "\xe2\x80\xa6" : "");
    draw_gutter(digits, out);
    draw_spaces(is_cut ? 2 : 1, out);
    draw_mark(str_slice(window.line, window.start, window.from), ' ', true, out);
    size_t before = out->len;
    draw_mark(str_slice(window.line, window.from, window.to), mark, false, out);
    if (out->len == before) buf_append_char(out, mark); /* an empty span still has its caret */
    if (hint.len) buf_append_char(out, ' ');
    draw_text(hint, out);
    buf_append_char(out, '\n');
}

static int digits_of(uint32_t number)
{
    int digits = 1;
    while (number /= 10) digits++;
    return digits;
}

static void draw_remark(int digits, struct str remark, struct buf *out)
{
    if (remark.len == 0) return;
    draw_spaces((size_t)digits + 2, out);
    buf_append_z(out, "= ");
    draw_text(remark, out);
    buf_append_char(out, '\n');
}

static void draw_message(const struct message *message, struct buf *out)
{
    buf_printf(out, "%s: ", severity_names[message->severity]);
    draw_text(message->text, out);
    buf_append_char(out, '\n');
    struct line_column at = {0}, other = {0};
    if (message->place.source) at = place_line(message->place);
    if (message->other.source) other = place_line(message->other);
    int digits = digits_of(at.line > other.line ? at.line : other.line);
    if (message->place.source)
        draw_place(message->place, &at, digits, "-->", '^', message->hint, out);
    else
        draw_remark(digits, message->hint, out);
    if (message->other.source)
        draw_place(message->other, &other, digits, ":::", '-', message->other_hint, out);
    draw_remark(digits, message->note, out);
}

/* ---- order ---- */

struct ranked {
    const struct message *message;
    uint32_t source_rank;
};

static int ranked_cmp(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    const struct message *m = a->message, *n = b->message;
    if (a->source_rank != b->source_rank) return a->source_rank < b->source_rank ? -1 : 1;
    if (m->place.start != n->place.start) return m->place.start < n->place.start ? -1 : 1;
    return (m->order > n->order) - (m->order < n->order);
}

/* Sources in the order in which they were first spoken of. Quadratic in DIAG_KEPT_MAX at worst. */
static struct ranked *rank_messages(const struct diag *diag)
{
    struct ranked *ranked = xcalloc(diag->count ? diag->count : 1, sizeof *ranked);
    uint32_t ranks = 0;
    for (uint32_t i = 0; i < diag->count; i++) {
        ranked[i] = (struct ranked){&diag->messages[i], UINT32_MAX};
        for (uint32_t j = 0; j < i && ranked[i].source_rank == UINT32_MAX; j++)
            if (diag->messages[j].place.source == diag->messages[i].place.source)
                ranked[i].source_rank = ranked[j].source_rank;
        if (ranked[i].source_rank == UINT32_MAX) ranked[i].source_rank = ranks++;
    }
    qsort(ranked, diag->count, sizeof *ranked, ranked_cmp);
    return ranked;
}

void diag_render(const struct diag *diag, struct buf *out)
{
    struct ranked *ranked = rank_messages(diag);
    uint32_t shown[] = {[SEVERITY_ERROR] = 0, [SEVERITY_WARNING] = 0, [SEVERITY_OFFER] = 0};
    for (uint32_t i = 0; i < diag->count; i++) {
        if (shown[ranked[i].message->severity]++ >= DIAG_SHOWN_MAX) continue;
        draw_message(ranked[i].message, out);
    }
    if (diag->errors > DIAG_SHOWN_MAX)
        buf_printf(out, "and %u more errors\n", diag->errors - DIAG_SHOWN_MAX);
    if (diag->warnings > DIAG_SHOWN_MAX)
        buf_printf(out, "and %u more warnings\n", diag->warnings - DIAG_SHOWN_MAX);
    free(ranked);
}

static void json_member(struct buf *out, const char *name, struct str text)
{
    if (!text.len) return;
    buf_printf(out, ",\"%s\":", name);
    json_encode_string(text, out);
}

/* Messages are in file order, so that starts and ends are each walked to once. */
struct walks {
    struct place_walk start, end;
};

static void json_place(struct buf *out, struct walks *walks, struct place place)
{
    json_member(out, "file", place.source->name);
    place_walk_to(&walks->start, place.source, place.start);
    place_walk_to(&walks->end, place.source, place.end);
    buf_printf(out, ",\"line\":%u,\"column\":%u,\"end_line\":%u,\"end_column\":%u", walks->start.line,
               walks->start.column, walks->end.line, walks->end.column);
}

void diag_render_json(const struct diag *diag, struct buf *out)
{
    struct ranked *ranked = rank_messages(diag);
    struct walks walks = {0}, other_walks = {0};
    for (uint32_t i = 0; i < diag->count; i++) {
        const struct message *message = ranked[i].message;
        buf_printf(out, "{\"severity\":\"%s\"", severity_names[message->severity]);
        if (message->place.source) json_place(out, &walks, message->place);
        json_member(out, "message", message->text);
        json_member(out, "hint", message->hint);
        json_member(out, "note", message->note);
        if (message->other.source) {
            /* every member of json_place() begins with a comma, so one without stands first */
            buf_append_z(out, ",\"other\":{\"severity\":\"related\"");
            json_place(out, &other_walks, message->other);
            json_member(out, "message", message->other_hint);
            buf_append_char(out, '}');
        }
        buf_append_z(out, "}\n");
    }
    free(ranked);
}

/* ---- suggestions ---- */

static char fold(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* Restricted Damerau-Levenshtein: insert, delete, replace, swap neighbours. */
static uint32_t distance(struct str a, struct str b)
{
    assert(a.len <= SUGGEST_WORD_MAX && b.len <= SUGGEST_WORD_MAX);
    uint32_t rows[3][SUGGEST_WORD_MAX + 1];
    uint32_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (uint32_t j = 0; j <= b.len; j++) last[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        row[0] = (uint32_t)i;
        for (size_t j = 1; j <= b.len; j++) {
            bool is_same = fold(a.ptr[i - 1]) == fold(b.ptr[j - 1]);
            row[j] = least(least(last[j] + 1, row[j - 1] + 1), last[j - 1] + !is_same);
            if (i > 1 && j > 1 && fold(a.ptr[i - 1]) == fold(b.ptr[j - 2]) &&
                fold(a.ptr[i - 2]) == fold(b.ptr[j - 1]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
        uint32_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[b.len];
}

struct str suggest(struct str word, const struct str *candidates, size_t count)
{
    struct str best = {0};
    if (word.len == 0 || word.len > SUGGEST_WORD_MAX) return best;
    uint32_t limit = (uint32_t)word.len / 3, best_distance = UINT32_MAX;
    if (limit == 0) limit = 1;
    for (size_t i = 0; i < count; i++) {
        if (candidates[i].len == 0 || candidates[i].len > SUGGEST_WORD_MAX) continue;
        uint32_t far = distance(word, candidates[i]);
        if (far > limit || (far >= word.len && far >= candidates[i].len) || far > best_distance) continue;
        if (far == best_distance && str_cmp(candidates[i], best) >= 0) continue;
        best = candidates[i];
        best_distance = far;
    }
    return best;
}
