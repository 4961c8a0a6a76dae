/* SPDX-License-Identifier: Apache-2.0 */
/* Pattern text to operations. Two languages that differ in letters and in how many of a letter mean
 * what; literals and quotes are the same in both. */
#include <stdarg.h>
#include <stdio.h>
#include "core/text/date_pattern.h"

enum { TEXT_FACTOR = 5 }; /* `Z` is printed as `+0000`: no letter gives more text than that */
enum { PRINTED_MAX = 32 }; /* bytes of any name, zone or number that is not padded further */

struct compiler {
    struct str rest;
    struct arena *arena;
    struct str *problem;
    struct date_format *format;
    struct date_op *literal; /* the one being built; NULL when the last operation is a field */
    char *text, *text_end;   /* room for all literals */
    int brackets;            /* java: optional parts that are open */
};

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* Says what is wrong; always false. */
__attribute__((format(printf, 2, 3))) static bool complain(struct compiler *c, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert(len > 0 && (size_t)len < sizeof text);
    if (c->problem) *c->problem = arena_copy(c->arena, (struct str){text, (size_t)len});
    return false;
}

static bool add(struct compiler *c, struct date_op op)
{
    struct date_format *format = c->format;
    if (format->count == DATE_OPS_MAX)
        return complain(c, "a date pattern has at most %d parts", DATE_OPS_MAX);
    if (op.kind != DATE_LITERAL) format->size_max += op.min + PRINTED_MAX;
    c->literal = NULL;
    format->ops[format->count++] = op;
    return true;
}

/* Appends to the literal under construction. */
static bool add_text(struct compiler *c, struct str text)
{
    if (text.len == 0) return true;
    if (!c->literal) {
        if (!add(c, (struct date_op){.kind = DATE_LITERAL, .text = {c->text, 0}})) return false;
        c->literal = &c->format->ops[c->format->count - 1];
    }
    assert((size_t)(c->text_end - c->text) >= text.len);
    memcpy(c->text, text.ptr, text.len);
    c->text += text.len;
    c->literal->text.len += text.len;
    c->format->size_max += text.len;
    return true;
}

/* At a quote. `''` is a quote, inside and outside of quoted text; text without an end goes to the
 * end of the pattern (Joda) or is an error (java.time). */
static bool quoted(struct compiler *c)
{
    c->rest = str_from(c->rest, 1);
    if (c->rest.len && c->rest.ptr[0] == '\'') {
        c->rest = str_from(c->rest, 1);
        return add_text(c, STR("'"));
    }
    while (c->rest.len) {
        char now = c->rest.ptr[0];
        struct str one = str_slice(c->rest, 0, 1);
        c->rest = str_from(c->rest, 1);
        if (now == '\'') {
            if (c->rest.len == 0 || c->rest.ptr[0] != '\'') return true;
            c->rest = str_from(c->rest, 1);
        }
        if (!add_text(c, one)) return false;
    }
    return !c->format->is_java || complain(c, "a quote `'` in the date pattern is not closed");
}

static bool number(struct compiler *c, enum date_kind kind, unsigned min, unsigned max)
{
    if (max < min) max = min;
    return add(c, (struct date_op){.kind = (uint8_t)kind, .min = (uint16_t)min, .max = (uint16_t)max});
}

static bool name(struct compiler *c, enum date_kind kind, enum date_width width)
{
    return add(c, (struct date_op){.kind = (uint8_t)kind, .width = (uint8_t)width});
}

/* Does a number follow directly? Then a year takes no more digits than it has letters. */
static bool joda_number_follows(struct str rest)
{
    if (rest.len == 0) return false;
    size_t run = 1;
    while (run < rest.len && rest.ptr[run] == rest.ptr[0]) run++;
    return rest.ptr[0] == 'M' ? run <= 2 : memchr("CxyYdhHmsSeDwkK", rest.ptr[0], 15) != NULL;
}

static bool joda_year(struct compiler *c, char letter, unsigned count)
{
    bool is_fixed = joda_number_follows(c->rest);
    if (count == 2)
        return number(c, letter == 'x' ? DATE_WEEK_YEAR_TWO : DATE_YEAR_TWO, 2, is_fixed ? 2 : 9);
    unsigned max = is_fixed ? count : 9;
    enum date_kind kind = letter == 'x' ? DATE_WEEK_YEAR : letter == 'y' ? DATE_YEAR : DATE_YEAR_OF_ERA;
    return add(c, (struct date_op){.kind = (uint8_t)kind, .min = (uint16_t)count,
                                   .max = (uint16_t)(max < count ? count : max)});
}

/* One field of a Joda pattern: `count` times the letter. */
static bool joda_field(struct compiler *c, char letter, unsigned count)
{
    enum date_width width = count >= 4 ? WIDTH_LONG : WIDTH_SHORT;
    switch (letter) {
    case 'G': return name(c, DATE_ERA, WIDTH_SHORT);
    case 'C': return number(c, DATE_CENTURY, count, count);
    case 'x': case 'y': case 'Y': return joda_year(c, letter, count);
    case 'M': return count >= 3 ? name(c, DATE_MONTH_NAME, width) : number(c, DATE_MONTH, count, 2);
    case 'd': return number(c, DATE_DAY, count, 2);
    case 'a': return name(c, DATE_HALFDAY, WIDTH_SHORT);
    case 'h': return number(c, DATE_HALF_CLOCK_HOUR, count, 2);
    case 'H': return number(c, DATE_HOUR, count, 2);
    case 'k': return number(c, DATE_CLOCK_HOUR, count, 2);
    case 'K': return number(c, DATE_HALF_HOUR, count, 2);
    case 'm': return number(c, DATE_MINUTE, count, 2);
    case 's': return number(c, DATE_SECOND, count, 2);
    case 'S': return number(c, DATE_FRACTION, count, count);
    case 'e': return number(c, DATE_WEEKDAY, count, 1);
    case 'E': return name(c, DATE_WEEKDAY_NAME, width);
    case 'D': return number(c, DATE_DAY_OF_YEAR, count, 3);
    case 'w': return number(c, DATE_WEEK, count, 2);
    case 'z': return name(c, DATE_ZONE_NAME, width);
    case 'Z':
        if (count >= 3) return name(c, DATE_ZONE_ID, width);
        return name(c, DATE_OFFSET, count == 2 ? WIDTH_LONG : WIDTH_SHORT);
    default: return complain(c, "the letter `%c` means nothing in a Joda date pattern; put text in quotes: '%c'",
                             letter, letter);
    }
}

/* `count` of a java.time letter must be at most `most`. */
static bool java_count(struct compiler *c, char letter, unsigned count, unsigned most)
{
    return count <= most ||
           complain(c, "the letter `%c` stands at most %u times in a java.time pattern", letter, most);
}

static bool java_number(struct compiler *c, char letter, unsigned count, unsigned most,
                        enum date_kind kind)
{
    return java_count(c, letter, count, most) && number(c, kind, count, 19);
}

static bool java_year(struct compiler *c, char letter, unsigned count)
{
    bool is_week = letter == 'Y';
    if (count == 2) return number(c, is_week ? DATE_US_WEEK_YEAR_TWO : DATE_YEAR_TWO, 2, 2);
    enum date_kind kind = is_week ? DATE_US_WEEK_YEAR : letter == 'u' ? DATE_YEAR : DATE_YEAR_OF_ERA;
    return java_count(c, letter, count, 19) &&
           add(c, (struct date_op){.kind = (uint8_t)kind, .min = (uint16_t)count, .has_plus = count >= 4});
}

/* Letters whose count chooses number, short, long or narrow name. */
static bool java_name(struct compiler *c, char letter, unsigned count, enum date_kind as_number,
                      enum date_kind as_name)
{
    static const enum date_width widths[] = {WIDTH_SHORT, WIDTH_LONG, WIDTH_NARROW};
    if (!java_count(c, letter, count, 5)) return false;
    return count <= 2 ? number(c, as_number, count, 2) : name(c, as_name, widths[count - 3]);
}

/* Offsets and zones: the text of UTC. */
static bool java_zone(struct compiler *c, char letter, unsigned count)
{
    if (letter == 'V' && count != 2)
        return complain(c, "the letter `V` stands exactly twice in a java.time pattern: `VV`");
    if (letter == 'O' && count != 1 && count != 4)
        return complain(c, "the letter `O` stands once or four times in a java.time pattern");
    if (!java_count(c, letter, count, letter == 'z' ? 4 : 5)) return false;
    if (letter == 'O' || (letter == 'Z' && count == 4)) return add_text(c, STR("GMT"));
    if (letter == 'x' && count == 1) return add_text(c, STR("+00"));
    if (letter == 'x' && count % 2) return add_text(c, STR("+00:00"));
    if (letter == 'x' || (letter == 'Z' && count <= 3)) return add_text(c, STR("+0000"));
    return add_text(c, STR("Z"));
}

/* One field of a java.time pattern. The locale is en_US: weeks of `w`, `W`, `Y`, `e` begin on
 * Sunday and the first one holds January 1st. */
static bool java_field(struct compiler *c, char letter, unsigned count)
{
    switch (letter) {
    case 'u': case 'y': case 'Y': return java_year(c, letter, count);
    case 'M': case 'L': return java_name(c, letter, count, DATE_MONTH, DATE_MONTH_NAME);
    case 'Q': case 'q': return java_name(c, letter, count, DATE_QUARTER, DATE_QUARTER_NAME);
    case 'e': case 'c': return java_name(c, letter, count, DATE_US_WEEKDAY, DATE_WEEKDAY_NAME);
    case 'E': return java_name(c, letter, count < 3 ? 3 : count, 0, DATE_WEEKDAY_NAME);
    case 'G': return java_name(c, letter, count < 3 ? 3 : count, 0, DATE_ERA);
    case 'd': return java_number(c, letter, count, 2, DATE_DAY);
    case 'D': return java_number(c, letter, count, 3, DATE_DAY_OF_YEAR);
    case 'w': return java_number(c, letter, count, 2, DATE_US_WEEK);
    case 'W': return java_number(c, letter, count, 1, DATE_US_WEEK_OF_MONTH);
    case 'F': return java_number(c, letter, count, 1, DATE_WEEK_IN_MONTH);
    case 'a': return java_count(c, letter, count, 1) && name(c, DATE_HALFDAY, WIDTH_SHORT);
    case 'h': return java_number(c, letter, count, 2, DATE_HALF_CLOCK_HOUR);
    case 'H': return java_number(c, letter, count, 2, DATE_HOUR);
    case 'k': return java_number(c, letter, count, 2, DATE_CLOCK_HOUR);
    case 'K': return java_number(c, letter, count, 2, DATE_HALF_HOUR);
    case 'm': return java_number(c, letter, count, 2, DATE_MINUTE);
    case 's': return java_number(c, letter, count, 2, DATE_SECOND);
    case 'S': return java_number(c, letter, count, 9, DATE_FRACTION);
    case 'A': return java_number(c, letter, count, 19, DATE_MILLI_OF_DAY);
    case 'n': return java_number(c, letter, count, 19, DATE_NANO);
    case 'N': return java_number(c, letter, count, 19, DATE_NANO_OF_DAY);
    case 'X': case 'x': case 'Z': case 'z': case 'O': case 'V': return java_zone(c, letter, count);
    default: return complain(c, "the letter `%c` means nothing in a java.time pattern; put text in quotes: '%c'",
                             letter, letter);
    }
}

/* Anything but letters and quotes. Optional parts always print. */
static bool plain(struct compiler *c)
{
    char now = c->rest.ptr[0];
    if (c->format->is_java) {
        if (memchr("{}#", now, 3)) return complain(c, "`%c` is reserved in java.time patterns: quote it", now);
        c->brackets += (now == '[') - (now == ']');
        if (c->brackets < 0) return complain(c, "a `]` in the date pattern has no `[`");
    }
    bool is_bracket = c->format->is_java && (now == '[' || now == ']');
    struct str one = str_slice(c->rest, 0, !is_bracket);
    c->rest = str_from(c->rest, 1);
    return add_text(c, one);
}

static bool pattern(struct compiler *c)
{
    while (c->rest.len) {
        char letter = c->rest.ptr[0];
        if (letter == '\'') {
            if (!quoted(c)) return false;
        } else if (!is_letter(letter)) {
            if (!plain(c)) return false;
        } else {
            unsigned count = 1;
            while (count < c->rest.len && c->rest.ptr[count] == letter) count++;
            c->rest = str_from(c->rest, count);
            if (!(c->format->is_java ? java_field : joda_field)(c, letter, count)) return false;
        }
    }
    return true;
}

static struct date_format *compile(struct str text, bool is_java, struct arena *arena,
                                   struct str *problem)
{
    struct compiler c = {.rest = text, .arena = arena, .problem = problem};
    c.format = arena_zalloc(arena, sizeof *c.format + DATE_OPS_MAX * sizeof(struct date_op));
    c.format->is_java = is_java;
    c.text = arena_alloc(arena, TEXT_FACTOR * text.len);
    c.text_end = c.text + TEXT_FACTOR * text.len;
    if (text.len > DATE_PATTERN_MAX)
        complain(&c, "a date pattern has at most %d bytes", DATE_PATTERN_MAX);
    else if (pattern(&c))
        return c.format;
    return NULL;
}

struct date_format *date_format_compile_joda(struct str text, struct arena *arena,
                                             struct str *problem)
{
    struct date_format *format;
    if (text.len != 0 && !str_eq_z(text, "%") && !str_eq_z(text, "%s"))
        return compile(text, false, arena, problem);
    format = arena_zalloc(arena, sizeof *format + sizeof(struct date_op));
    format->ops[format->count++] = (struct date_op){.kind = DATE_EPOCH};
    format->size_max = PRINTED_MAX;
    return format;
}

struct date_format *date_format_compile_java(struct str text, struct arena *arena,
                                             struct str *problem)
{
    return compile(text, true, arena, problem);
}
