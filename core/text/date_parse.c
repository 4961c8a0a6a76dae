/* SPDX-License-Identifier: Apache-2.0 */
/* Date parsing from format to instant. A text goes the first way that fits:
 *   1. it differs from the one before in seconds and fraction only: a few masked words
 *   2. it has the usual shape of its pattern (date_layout.c)
 *   3. the operations of the pattern, or the grammar of ISO8601
 * The fields read are then resolved as Joda-Time does, larger units first, each set upon the date
 * that the ones before it gave. */
#include "core/text/date_pattern.h"
#include "core/text/time.h"

enum { DAY_SECONDS = 86400 };

/* ---- compiling ---- */
static void add_layout(struct date_parser *parser, const struct date_format *format, bool is_utc)
{
    struct layout *layout = &parser->layouts[parser->layout_count];
    if (!layout_compile(format, layout)) return;
    layout->is_utc = is_utc;
    parser->layout_of[layout->len] = parser->layout_count++;
}

/* Usual texts of ISO8601, of different lengths. Each is also what the grammar would accept. */
static void add_iso_layouts(struct date_parser *parser, struct arena *arena)
{
    static const char *const usual[] = {
        "yyyy-MM-dd'T'HH:mm:ss",
        "yyyy-MM-dd'T'HH:mm:ss'Z'",   "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'",
        "yyyy-MM-dd'T'HH:mm:ssZZ",    "yyyy-MM-dd'T'HH:mm:ss.SSSZZ",  "yyyy-MM-dd HH:mm:ss,SSS",
    };
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        struct str pattern = str_of(usual[i]);
        add_layout(parser, date_format_compile_joda(pattern, arena, NULL), str_ends(pattern, STR("'Z'")));
    }
}

static bool compile_names(struct date_parser *parser, const struct locale *locale,
                          struct arena *arena, struct str *problem)
{
    bool has_months = false, has_weekdays = false;
    for (uint32_t i = 0; i < parser->format->count; i++) {
        has_months |= parser->format->ops[i].kind == DATE_MONTH_NAME;
        has_weekdays |= parser->format->ops[i].kind == DATE_WEEKDAY_NAME;
    }
    if (!locale && (has_months || has_weekdays)) {
        if (problem)
            *problem = arena_printf(arena, "names of months and days are known in these languages only: %s",
                                    date_locales());
        return false;
    }
    if (!locale) locale = date_locale_english();
    parser->language = locale->language;
    if (has_months) parser->months = names_compile(locale->months, MONTHS, arena);
    if (has_weekdays) parser->weekdays = names_compile(locale->weekdays, WEEKDAYS, arena);
    /* A layout knows the English names. */
    if (!has_months || locale == date_locale_english()) add_layout(parser, parser->format, false);
    return true;
}

struct date_parser *date_parser_compile(struct str format, const struct locale *locale, int32_t year,
                                        struct arena *arena, struct str *problem)
{
    static const char *const special[] = {"ISO8601", "UNIX", "UNIX_MS", "TAI64N"};
    struct date_parser *parser = arena_zalloc(arena, sizeof *parser);
    parser->year = year;
    parser->has_year = parser->has_zone = true;
    for (size_t i = 0; i < sizeof parser->layout_of; i++) parser->layout_of[i] = NOWHERE;
    for (uint8_t i = 0; i < 4; i++)
        if (str_eq_z(format, special[i])) parser->kind = (uint8_t)(PARSER_ISO8601 + i);
    if (parser->kind == PARSER_ISO8601) add_iso_layouts(parser, arena);
    if (parser->kind != PARSER_PATTERN) return parser;

    if (format.len == 0) {
        if (problem) *problem = STR("an empty date format");
        return NULL;
    }
    parser->format = date_format_compile_joda(format, arena, problem);
    if (!parser->format || parser->format->ops[0].kind == DATE_EPOCH) {
        if (parser->format && problem) *problem = STR("`%s` is not a Joda date pattern; epoch seconds are `UNIX`");
        return NULL;
    }
    parser->has_year = memchr(format.ptr, 'y', format.len) || memchr(format.ptr, 'Y', format.len);
    parser->has_zone = memchr(format.ptr, 'Z', format.len) || memchr(format.ptr, 'z', format.len);
    return compile_names(parser, locale, arena, problem) ? parser : NULL;
}

bool date_parser_is_numeric(const struct date_parser *parser)
{
    return parser->kind == PARSER_UNIX || parser->kind == PARSER_UNIX_MS;
}

bool date_parser_has_zone(const struct date_parser *parser) { return parser->has_zone; }

/* ---- fields to a date ---- */
static int64_t with_day(int32_t year, unsigned month, unsigned day)
{
    unsigned last = time_month_days(year, month);
    return time_days(year, month, day > last ? last : day);
}

static bool is_year(int32_t year) { return year >= TIME_YEAR_MIN && year <= TIME_YEAR_MAX; }

static unsigned weeks_of(int32_t week_year)
{
    return (unsigned)((time_week_year_start(week_year + 1) - time_week_year_start(week_year)) / 7);
}

static bool in_range(int32_t value, int32_t low, int64_t high) { return value >= low && value <= high; }

/* Sets one field upon a date; false: there is no such value in it. */
static bool set_on_date(enum date_kind kind, int32_t value, int64_t *days)
{
    struct civil date = time_date_of_days(*days);
    int32_t week_year;
    unsigned weekday = time_weekday(*days), week = time_week(*days, &week_year);
    if (!is_year(date.year) || !is_year(week_year)) return false;
    switch (kind) {
    case DATE_WEEK_YEAR:
        if (!is_year(value)) return false;
        if (week > weeks_of(value)) week = weeks_of(value);
        *days = time_week_year_start(value) + 7 * (int64_t)(week - 1) + weekday - 1;
        return true;
    case DATE_YEAR:
        if (!is_year(value)) return false;
        *days = with_day(value, date.month, date.day);
        return true;
    case DATE_MONTH:
        if (!in_range(value, 1, 12)) return false;
        *days = with_day(date.year, (unsigned)value, date.day);
        return true;
    case DATE_WEEK:
        if (!in_range(value, 1, weeks_of(week_year))) return false;
        *days += 7 * ((int64_t)value - week);
        return true;
    case DATE_DAY_OF_YEAR:
        if (!in_range(value, 1, 365 + time_is_leap(date.year))) return false;
        *days = time_days(date.year, 1, 1) + value - 1;
        return true;
    case DATE_DAY:
        if (!in_range(value, 1, time_month_days(date.year, date.month))) return false;
        *days += value - date.day;
        return true;
    default:
        assert(kind == DATE_WEEKDAY);
        if (!in_range(value, 1, 7)) return false;
        *days += value - (int64_t)weekday;
        return true;
    }
}

/* The first day of what a field names, so that a day too large for the start date does no harm. */
static int64_t start_of(enum date_kind kind, int64_t days)
{
    struct civil date = time_date_of_days(days);
    int32_t week_year;
    time_week(days, &week_year);
    switch (kind) {
    case DATE_WEEK_YEAR: return time_week_year_start(week_year);
    case DATE_YEAR: return time_days(date.year, 1, 1);
    case DATE_MONTH: return days - (date.day - 1);
    case DATE_WEEK: return days - (int64_t)(time_weekday(days) - 1);
    default: return days;
    }
}

/* All fields are set twice, since a later one may have moved the date out of an earlier one. */
static bool resolve_rare(const struct date_fields *f, int64_t *days)
{
    static const enum date_kind order[] = {DATE_WEEK_YEAR, DATE_YEAR, DATE_MONTH, DATE_WEEK,
                                           DATE_DAY_OF_YEAR, DATE_DAY, DATE_WEEKDAY};
    enum { COUNT = sizeof order / sizeof order[0] };
    enum date_kind last = DATE_LITERAL;
    for (size_t i = 0; i < COUNT; i++)
        if (fields_has(f, order[i])) last = order[i];
    *days = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < COUNT; i++) {
            if (!fields_has(f, order[i])) continue;
            if (!set_on_date(order[i], f->value[order[i]], days)) return false;
            if (pass == 0 || order[i] == last) *days = start_of(order[i], *days);
        }
    return true;
}

/* Year of era, era and century become a year; a date that begins with a month takes the default. */
static bool settle_year(struct date_fields *f, int32_t default_year)
{
    static const uint32_t dates = 1u << DATE_MONTH | 1u << DATE_WEEK | 1u << DATE_DAY |
                                  1u << DATE_DAY_OF_YEAR | 1u << DATE_WEEKDAY;
    static const uint32_t years = 1u << DATE_YEAR | 1u << DATE_WEEK_YEAR | 1u << DATE_ERA;
    if (fields_has(f, DATE_YEAR_OF_ERA)) {
        int32_t year = f->value[DATE_YEAR_OF_ERA];
        if (year < 1) return false;
        bool is_before = fields_has(f, DATE_ERA) && f->value[DATE_ERA] == 0;
        fields_set(f, DATE_YEAR, is_before ? 1 - year : year);
    } else if (fields_has(f, DATE_CENTURY) && !fields_has(f, DATE_YEAR)) {
        if (f->value[DATE_CENTURY] > TIME_YEAR_MAX / 100) return false;
        fields_set(f, DATE_YEAR, f->value[DATE_CENTURY] * 100);
    }
    if (!(f->set & years) && (f->set & dates)) fields_set(f, DATE_YEAR, default_year);
    return true;
}

static bool resolve_date(struct date_fields *f, int32_t default_year, int64_t *days)
{
    static const uint32_t usual = 1u << DATE_YEAR | 1u << DATE_MONTH | 1u << DATE_DAY;
    static const uint32_t rare = 1u << DATE_WEEK_YEAR | 1u << DATE_WEEK | 1u << DATE_DAY_OF_YEAR |
                                 1u << DATE_YEAR_OF_ERA | 1u << DATE_CENTURY | 1u << DATE_ERA;
    if (!(f->set & 1u << DATE_YEAR) || (f->set & rare))
        if (!settle_year(f, default_year)) return false;
    if ((f->set & usual) != usual || (f->set & rare)) return resolve_rare(f, days);
    int32_t year = f->value[DATE_YEAR], month = f->value[DATE_MONTH], day = f->value[DATE_DAY];
    if (!is_year(year) || !in_range(month, 1, 12) || day < 1) return false;
    if (day > 28 && day > (int32_t)time_month_days(year, (unsigned)month)) return false;
    *days = time_days(year, (unsigned)month, (unsigned)day);
    /* A weekday that is not the date's moves it within its week. */
    if (!fields_has(f, DATE_WEEKDAY)) return true;
    *days += f->value[DATE_WEEKDAY] - (int64_t)time_weekday(*days);
    return in_range(f->value[DATE_WEEKDAY], 1, 7);
}

/* Second of the day; -1: out of range. Half days first, then hours, then hours of a half. */
static int32_t resolve_time(const struct date_fields *f)
{
    static const uint32_t usual = 1u << DATE_HOUR | 1u << DATE_MINUTE | 1u << DATE_SECOND;
    static const uint32_t rare = 1u << DATE_HALFDAY | 1u << DATE_CLOCK_HOUR | 1u << DATE_HALF_HOUR |
                                 1u << DATE_HALF_CLOCK_HOUR;
    int32_t hour = 0, minute = 0, second = 0;
    if ((f->set & (usual | rare)) == usual) {
        hour = f->value[DATE_HOUR], minute = f->value[DATE_MINUTE], second = f->value[DATE_SECOND];
        return hour > 23 || minute > 59 || second > 59 ? -1 : hour * 3600 + minute * 60 + second;
    }
    if (fields_has(f, DATE_HALFDAY)) hour = f->value[DATE_HALFDAY] * 12;
    if (fields_has(f, DATE_HOUR)) {
        hour = f->value[DATE_HOUR];
        if (hour > 23) return -1;
    }
    if (fields_has(f, DATE_CLOCK_HOUR)) {
        hour = f->value[DATE_CLOCK_HOUR];
        if (!in_range(hour, 1, 24)) return -1;
        hour %= 24;
    }
    if (fields_has(f, DATE_HALF_HOUR)) {
        if (f->value[DATE_HALF_HOUR] > 11) return -1;
        hour = hour / 12 * 12 + f->value[DATE_HALF_HOUR];
    }
    if (fields_has(f, DATE_HALF_CLOCK_HOUR)) {
        if (!in_range(f->value[DATE_HALF_CLOCK_HOUR], 1, 12)) return -1;
        hour = hour / 12 * 12 + f->value[DATE_HALF_CLOCK_HOUR] % 12;
    }
    if (fields_has(f, DATE_MINUTE)) minute = f->value[DATE_MINUTE];
    if (fields_has(f, DATE_SECOND)) second = f->value[DATE_SECOND];
    return minute > 59 || second > 59 ? -1 : hour * 3600 + minute * 60 + second;
}

/* ---- the reader ---- */
void date_reader_init(struct date_reader *reader, const struct date_parser *parser, struct zone zone)
{
    *reader = (struct date_reader){.parser = parser, .zone = zone, .now_year = parser->year, .now_month = 6};
}

void date_reader_zone(struct date_reader *reader, struct zone zone)
{
    if (reader->zone.rules == zone.rules && reader->zone.offset == zone.offset) return;
    reader->zone = zone;
    reader->cache.len = 0;
}

void date_reader_now(struct date_reader *reader, int64_t seconds)
{
    if (reader->parser->has_year || (seconds >= reader->now_from && seconds < reader->now_until)) return;
    struct zone here = zone_system();
    struct zone_cursor cursor = {0};
    int64_t local = seconds + zone_offset(&here, &cursor, seconds);
    if (!time_in_range(local)) return;
    struct civil now = time_civil(local);
    reader->now_year = now.year;
    reader->now_month = now.month;
    /* To the end of the minute: no zone changes within one that matters here. */
    reader->now_from = seconds;
    reader->now_until = seconds + 60 - now.second;
    reader->cache.len = 0;
}

/* The year that a date without one most likely means. */
static int32_t guess_year(const struct date_reader *reader, unsigned month)
{
    if (month == 12 && reader->now_month == 1) return reader->now_year - 1;
    if (month == 1 && reader->now_month == 12) return reader->now_year + 1;
    return reader->now_year;
}

/* Moves a local time to the guessed year; February 29th becomes the 28th. */
static int64_t to_guessed_year(const struct date_reader *reader, int64_t local)
{
    int64_t days = local / DAY_SECONDS - (local % DAY_SECONDS < 0);
    struct civil date = time_date_of_days(days);
    int32_t year = guess_year(reader, date.month);
    if (year == date.year || !is_year(year)) return local;
    return local + (with_day(year, date.month, date.day) - days) * DAY_SECONDS;
}

/* The bytes in which texts of one minute may differ: of seconds and fraction. */
static void cache_mask(struct date_reader *reader, size_t len, const struct date_fields *f)
{
    unsigned char mask[LAYOUT_LEN_MAX];
    memset(mask, 0xff, sizeof mask);
    mask[f->second_at] = mask[f->second_at + 1] = 0;
    for (unsigned i = 0; i < f->fraction_len; i++) mask[f->fraction_at + i] = 0;
    layout_places(len, reader->cache.at);
    for (unsigned w = 0; w < LAYOUT_WORDS; w++) memcpy(&reader->cache.mask[w], mask + reader->cache.at[w], 8);
}

/* Keeps the minute if all of it lies in one stretch of the zone. */
static void cache_fill(struct date_reader *reader, struct str text, const struct date_fields *f,
                       const struct zone *zone, const struct zone_cursor *cursor, int64_t local,
                       int64_t utc)
{
    reader->cache.len = 0;
    if (f->second_at == NOWHERE || text.len < LAYOUT_LEN_MIN || text.len > LAYOUT_LEN_MAX) return;
    int32_t second = f->value[DATE_SECOND];
    bool is_steady = !zone->rules || (cursor->rules == zone->rules && local - second >= cursor->local_from &&
                                      local - second + 60 <= cursor->local_until);
    if (!is_steady) return;
    if (f->layout) {
        memcpy(reader->cache.mask, f->layout->steady, sizeof reader->cache.mask);
        memcpy(reader->cache.at, f->layout->at, sizeof reader->cache.at);
    } else {
        cache_mask(reader, text.len, f);
    }
    for (unsigned w = 0; w < LAYOUT_WORDS; w++)
        reader->cache.word[w] = layout_word(text.ptr + reader->cache.at[w]) & reader->cache.mask[w];
    reader->cache.second_at = f->second_at;
    reader->cache.fraction_at = f->fraction_at;
    reader->cache.fraction_len = f->fraction_len;
    reader->cache.minute = utc - second;
    reader->cache.len = (uint8_t)text.len;
}

static inline uint64_t cache_differs(const struct date_reader *reader, unsigned w, const char *text)
{
    return (layout_word(text + reader->cache.at[w]) & reader->cache.mask[w]) ^ reader->cache.word[w];
}

static inline bool cache_hit(const struct date_reader *reader, const char *text, int64_t *seconds,
                             uint32_t *ns)
{
    if (cache_differs(reader, 0, text) | cache_differs(reader, 1, text) | cache_differs(reader, 2, text) |
        cache_differs(reader, 3, text))
        return false;
    unsigned ten = (unsigned)(unsigned char)text[reader->cache.second_at] - '0';
    unsigned one = (unsigned)(unsigned char)text[reader->cache.second_at + 1] - '0';
    if (ten > 5 || one > 9) return false;
    uint32_t part = 0, unit = 100000000;
    for (unsigned i = 0; i < reader->cache.fraction_len; i++, unit /= 10) {
        unsigned digit = (unsigned)(unsigned char)text[reader->cache.fraction_at + i] - '0';
        if (digit > 9) return false;
        if (i < 3) part += digit * unit;
    }
    *seconds = reader->cache.minute + ten * 10 + one;
    *ns = part;
    return true;
}

/* The values stay as they are: only those whose bit is set are looked at. */
static void fields_clear(struct date_fields *f)
{
    f->set = 0;
    f->ms = 0;
    f->has_zone = false;
    f->zone = (struct zone){0};
    f->second_at = f->fraction_at = NOWHERE;
    f->fraction_len = 0;
    f->layout = NULL;
}

/* Fields by the layout of the text's length, else by the grammar. */
static bool read_fields(const struct date_parser *parser, struct str text, struct date_fields *f)
{
    fields_clear(f);
    if (text.len <= LAYOUT_LEN_MAX && parser->layout_of[text.len] != NOWHERE) {
        if (layout_read(&parser->layouts[parser->layout_of[text.len]], text, f)) return true;
        fields_clear(f);
    }
    return parser->kind == PARSER_ISO8601 ? date_read_iso8601(text, f) : date_read_pattern(parser, text, f);
}

static bool parse_text(struct date_reader *reader, struct str text, int64_t *seconds, uint32_t *ns)
{
    const struct date_parser *parser = reader->parser;
    struct date_fields f;
    int64_t days, utc;
    if (text.len > DATE_TEXT_MAX || !read_fields(parser, text, &f)) return false;
    int32_t of_day = resolve_time(&f);
    if (of_day < 0 || !resolve_date(&f, parser->year, &days)) return false;

    const struct zone *zone = f.has_zone ? &f.zone : &reader->zone;
    struct zone_cursor *cursor = f.has_zone ? &reader->named : &reader->cursor;
    int64_t local = days * DAY_SECONDS + of_day;
    if (!zone->rules) utc = local - zone->offset;
    else if (!zone_to_utc(zone, cursor, local, &utc)) return false;
    if (!parser->has_year) {
        int64_t moved = to_guessed_year(reader, local);
        if (moved != local) zone_to_utc(zone, cursor, moved, &utc); /* in a gap: forward, as Joda */
        local = moved;
    }
    if (!time_in_range(utc)) return false;
    *seconds = utc;
    *ns = f.ms * 1000000;
    cache_fill(reader, text, &f, zone, cursor, local, utc);
    return true;
}

bool date_parse(struct date_reader *reader, struct str text, int64_t *seconds, uint32_t *ns)
{
    if (text.len == reader->cache.len && text.len && cache_hit(reader, text.ptr, seconds, ns)) return true;
    switch (reader->parser->kind) {
    case PARSER_UNIX: return date_parse_unix(text, seconds, ns);
    case PARSER_UNIX_MS: return date_parse_unix_ms(text, seconds, ns);
    case PARSER_TAI64N: return date_parse_tai64n(text, seconds, ns);
    default: return parse_text(reader, text, seconds, ns);
    }
}
