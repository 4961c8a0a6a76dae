/* SPDX-License-Identifier: Apache-2.0 */
/* The fast way through the common formats. Most patterns have one usual text: every field at its
 * full width. Whether a text has that shape is asked of all its bytes at once, eight at a time;
 * then each field is two or four digits at a known place. */
#include "core/text/date_pattern.h"

struct shape {
    struct layout *layout;
    unsigned len;
    char literal[LAYOUT_LEN_MAX]; /* 0: none here */
    bool digit[LAYOUT_LEN_MAX];
};

static bool put(struct shape *shape, unsigned len, bool is_digit_, uint8_t *at)
{
    if (shape->len + len > LAYOUT_LEN_MAX || (at && *at != NOWHERE)) return false;
    if (at) *at = (uint8_t)shape->len;
    for (unsigned i = 0; i < len; i++) shape->digit[shape->len++] = is_digit_;
    return true;
}

static bool put_literal(struct shape *shape, struct str text)
{
    if (shape->len + text.len > LAYOUT_LEN_MAX) return false;
    for (size_t i = 0; i < text.len; i++) shape->literal[shape->len++] = text.ptr[i];
    return true;
}

/* `+hhmm` or `+hh:mm`; the sign is looked at when it is read. */
static bool put_offset(struct shape *shape, bool has_colon)
{
    struct layout *l = shape->layout;
    if (!put(shape, 1, false, &l->offset_at) || !put(shape, 2, true, NULL)) return false;
    if (has_colon && !put_literal(shape, STR(":"))) return false;
    return put(shape, 2, true, &l->offset_minute_at);
}

static bool put_op(struct shape *shape, const struct date_op *op)
{
    struct layout *l = shape->layout;
    switch (op->kind) {
    case DATE_LITERAL: return put_literal(shape, op->text);
    case DATE_YEAR: case DATE_YEAR_OF_ERA: return op->min == 4 && put(shape, 4, true, &l->year_at);
    case DATE_MONTH: return op->min == 2 && put(shape, 2, true, &l->month_at);
    case DATE_MONTH_NAME: return put(shape, 3, false, &l->month_name_at);
    case DATE_DAY:
        l->day_len = (uint8_t)op->min;
        return op->min <= 2 && put(shape, op->min, true, &l->day_at);
    case DATE_HOUR: return op->min == 2 && put(shape, 2, true, &l->hour_at);
    case DATE_MINUTE: return op->min == 2 && put(shape, 2, true, &l->minute_at);
    case DATE_SECOND: return op->min == 2 && put(shape, 2, true, &l->second_at);
    case DATE_FRACTION:
        l->fraction_len = (uint8_t)op->min;
        return op->min <= 9 && put(shape, op->min, true, &l->fraction_at);
    case DATE_OFFSET: return put_offset(shape, op->width == WIDTH_LONG);
    default: return false;
    }
}

/* Does a digit or a letter follow directly? */
static bool continues(const struct shape *shape, uint8_t at, unsigned len)
{
    if (at == NOWHERE || at + len >= shape->len) return false;
    char next = shape->literal[at + len], lower = (char)(next | 0x20);
    bool is_word = (lower >= 'a' && lower <= 'z') || (next & 0x80) || next == '.';
    return is_digit(next) || (len == 3 && is_word) || (len == 1 && shape->digit[at + len]);
}

bool layout_compile(const struct date_format *format, struct layout *l)
{
    struct shape shape = {.layout = l};
    *l = (struct layout){.year_at = NOWHERE, .month_at = NOWHERE, .month_name_at = NOWHERE,
                         .day_at = NOWHERE, .hour_at = NOWHERE, .minute_at = NOWHERE,
                         .second_at = NOWHERE, .fraction_at = NOWHERE, .offset_at = NOWHERE,
                         .offset_minute_at = NOWHERE};
    for (uint32_t i = 0; i < format->count; i++)
        if (!put_op(&shape, &format->ops[i])) return false;
    /* Fields that could take more than the layout gives them. */
    if (l->day_len == 1 && continues(&shape, l->day_at, 1)) return false;
    if (continues(&shape, l->year_at, 4) || continues(&shape, l->month_name_at, 3)) return false;
    /* Only whole dates: month, day and time of day. */
    bool has_month = (l->month_at == NOWHERE) != (l->month_name_at == NOWHERE);
    if (!has_month || l->day_at == NOWHERE || l->hour_at == NOWHERE || l->minute_at == NOWHERE ||
        l->second_at == NOWHERE || shape.len < LAYOUT_LEN_MIN)
        return false;
    l->len = (uint8_t)shape.len;
    layout_places(l->len, l->at);
    for (unsigned w = 0; w < LAYOUT_WORDS; w++) {
        const char *literal = shape.literal + l->at[w];
        const bool *digit = shape.digit + l->at[w];
        unsigned char expected[8], exact[8], six[8], steady[8];
        for (unsigned i = 0; i < 8; i++) {
            unsigned at = l->at[w] + i;
            bool is_second = at == l->second_at || at == l->second_at + 1u;
            bool is_fraction = at >= l->fraction_at && at < (unsigned)l->fraction_at + l->fraction_len;
            expected[i] = digit[i] ? '0' : (unsigned char)literal[i];
            exact[i] = digit[i] ? 0xf0 : literal[i] ? 0xff : 0;
            six[i] = digit[i] ? 6 : 0;
            steady[i] = is_second || is_fraction ? 0 : 0xff;
        }
        memcpy(&l->expected[w], expected, 8);
        memcpy(&l->exact[w], exact, 8);
        memcpy(&l->digits[w], six, 8);
        memcpy(&l->steady[w], steady, 8);
    }
    l->set = 1u << DATE_MONTH | 1u << DATE_DAY | 1u << DATE_HOUR | 1u << DATE_MINUTE | 1u << DATE_SECOND;
    if (l->year_at != NOWHERE) l->set |= 1u << DATE_YEAR;
    return true;
}

/* Bits that are not as the layout wants them. A byte from which adding six carries into the next
 * was wrong in its upper half already. */
static inline uint64_t wrong_bits(const struct layout *l, unsigned w, const char *text)
{
    uint64_t differs = layout_word(text + l->at[w]) ^ l->expected[w];
    uint64_t upper = (l->digits[w] << 5) + (l->digits[w] << 3); /* 0xf0 for each 0x06 */
    return (differs & l->exact[w]) | ((differs + l->digits[w]) & upper);
}

static inline int32_t two(const char *at) { return (at[0] - '0') * 10 + (at[1] - '0'); }

/* The English short names, spread by a multiplier that was searched for so that none collide. */
static inline int32_t month_of(const char *at)
{
#define THREE(a, b, c) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16)
    static const struct {
        uint32_t name;
        int32_t month;
    } months[16] = {
        [13] = {THREE('J', 'a', 'n'), 1}, [5] = {THREE('F', 'e', 'b'), 2},
        [0] = {THREE('M', 'a', 'r'), 3},  [8] = {THREE('A', 'p', 'r'), 4},
        [7] = {THREE('M', 'a', 'y'), 5},  [15] = {THREE('J', 'u', 'n'), 6},
        [6] = {THREE('J', 'u', 'l'), 7},  [3] = {THREE('A', 'u', 'g'), 8},
        [10] = {THREE('S', 'e', 'p'), 9}, [2] = {THREE('O', 'c', 't'), 10},
        [12] = {THREE('N', 'o', 'v'), 11}, [1] = {THREE('D', 'e', 'c'), 12},
    };
    uint32_t name = THREE((unsigned char)at[0], (unsigned char)at[1], (unsigned char)at[2]);
#undef THREE
    uint32_t slot = name * UINT32_C(0x741c7a9) >> 28;
    return months[slot].name == name ? months[slot].month : 0;
}

static bool read_offset(const struct layout *l, const char *text, struct date_fields *f)
{
    char sign = text[l->offset_at];
    int32_t hours = two(text + l->offset_at + 1), minutes = two(text + l->offset_minute_at);
    if ((sign != '+' && sign != '-') || hours > 23 || minutes > 59) return false;
    int32_t offset = hours * 3600 + minutes * 60;
    f->zone = (struct zone){.offset = sign == '-' ? -offset : offset};
    f->has_zone = true;
    return true;
}

bool layout_read(const struct layout *l, struct str text, struct date_fields *f)
{
    assert(text.len == l->len);
    const char *at = text.ptr;
    if (wrong_bits(l, 0, at) | wrong_bits(l, 1, at) | wrong_bits(l, 2, at) | wrong_bits(l, 3, at))
        return false;
    int32_t month = l->month_name_at == NOWHERE ? two(at + l->month_at) : month_of(at + l->month_name_at);
    if (month == 0) return false; /* another case, a longer name */
    if (l->year_at != NOWHERE) {
        int32_t year = two(at + l->year_at) * 100 + two(at + l->year_at + 2);
        if (year == 0) return false; /* no year of an era */
        f->value[DATE_YEAR] = year;
    }
    f->set = l->set;
    f->layout = l;
    f->value[DATE_MONTH] = month;
    f->value[DATE_DAY] = l->day_len == 2 ? two(at + l->day_at) : at[l->day_at] - '0';
    f->value[DATE_HOUR] = two(at + l->hour_at);
    f->value[DATE_MINUTE] = two(at + l->minute_at);
    f->value[DATE_SECOND] = two(at + l->second_at);
    f->second_at = l->second_at;
    f->fraction_at = l->fraction_at;
    f->fraction_len = l->fraction_len;
    uint32_t unit = 100;
    for (unsigned i = 0; i < l->fraction_len && unit; i++, unit /= 10)
        f->ms += (uint32_t)(at[l->fraction_at + i] - '0') * unit;
    if (l->is_utc) f->has_zone = true;
    return l->offset_at == NOWHERE || read_offset(l, at, f);
}
