/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/syslog.h"
#include <assert.h>
#include "core/text/time.h"

/* Classes of characters: all printable ones, those of names in structured data, those of hosts. */
enum { PRINTABLE = 1, OF_NAME = 2, OF_HOST = 4 };
#define MOST (PRINTABLE | OF_NAME | OF_HOST)
static const uint8_t classes[256] = {
    ['!'] = MOST,           ['"'] = PRINTABLE,           ['#' ... '$'] = MOST,
    ['%'] = PRINTABLE | OF_NAME, ['&' ... ';'] = MOST,   ['<'] = PRINTABLE | OF_NAME,
    ['='] = PRINTABLE | OF_HOST, ['>' ... 'Z'] = MOST,   ['['] = PRINTABLE | OF_NAME,
    ['\\'] = MOST,          [']'] = PRINTABLE,           ['^' ... '~'] = MOST,
};
static bool is_of(char c, uint8_t class) { return classes[(uint8_t)c] & class; }

/* What is left of the message while it is read. */
struct reader {
    const char *at, *end;
};

/* An empty text may have no address, and nothing may be added to none. */
static struct reader reader_of(struct str text)
{
    const char *at = text.len ? text.ptr : "";
    return (struct reader){at, at + text.len};
}

static size_t left(const struct reader *reader) { return (size_t)(reader->end - reader->at); }
static bool next_is(const struct reader *reader, char c)
{
    return reader->at < reader->end && *reader->at == c;
}
static bool take(struct reader *reader, char c)
{
    if (!next_is(reader, c)) return false;
    reader->at++;
    return true;
}

/* Up to the next blank or the end. */
static struct str take_word(struct reader *reader)
{
    const char *start = reader->at, *at = start, *end = reader->end;
    while (at < end && *at != ' ') at++;
    reader->at = at;
    return (struct str){start, (size_t)(at - start)};
}

/* All characters of a class from here on. */
static struct str take_class(struct reader *reader, uint8_t class)
{
    const char *start = reader->at, *at = start, *end = reader->end;
    while (at < end && is_of(*at, class)) at++;
    reader->at = at;
    return (struct str){start, (size_t)(at - start)};
}

/* Up to `most` digits as a number; -1: none, or more digits than that. */
static int32_t take_number(struct reader *reader, int most)
{
    int32_t number = 0;
    int digits = 0;
    while (reader->at < reader->end && is_digit(*reader->at)) {
        if (++digits > most) return -1;
        number = number * 10 + (*reader->at++ - '0');
    }
    return digits ? number : -1;
}

static int two_digits(const char *at)
{
    return is_digit(at[0]) && is_digit(at[1]) ? (at[0] - '0') * 10 + (at[1] - '0') : -1;
}

/* ---- times ---- */

static uint32_t month_key(const char *at)
{
    return (uint32_t)(uint8_t)at[0] << 16 | (uint32_t)(uint8_t)at[1] << 8 | (uint8_t)at[2];
}
#define MONTH(a, b, c) ((uint32_t)(a) << 16 | (uint32_t)(b) << 8 | (uint32_t)(c))

/* 1 to 12, or 0. */
static uint8_t month_of(const char *at)
{
    switch (month_key(at)) {
    case MONTH('J', 'a', 'n'): return 1;
    case MONTH('F', 'e', 'b'): return 2;
    case MONTH('M', 'a', 'r'): return 3;
    case MONTH('A', 'p', 'r'): return 4;
    case MONTH('M', 'a', 'y'): return 5;
    case MONTH('J', 'u', 'n'): return 6;
    case MONTH('J', 'u', 'l'): return 7;
    case MONTH('A', 'u', 'g'): return 8;
    case MONTH('S', 'e', 'p'): return 9;
    case MONTH('O', 'c', 't'): return 10;
    case MONTH('N', 'o', 'v'): return 11;
    case MONTH('D', 'e', 'c'): return 12;
    default: return 0;
    }
}

void syslog_clock_set(struct syslog_clock *clock, int64_t now_seconds)
{
    struct zone_cursor cursor = clock->cursor;
    struct civil now =
        time_civil(now_seconds + zone_offset(&clock->zone, &cursor, now_seconds));
    clock->year = now.year;
    clock->month = now.month;
}

static int32_t guess_year(const struct syslog_clock *clock, uint8_t month)
{
    if (clock->month == 12 && month == 1) return clock->year + 1;
    if (clock->month == 1 && month == 12) return clock->year - 1;
    return clock->year;
}

/* Digits behind a point or comma; more than nine are cut. False: no digit. */
static bool take_fraction(struct reader *reader, uint32_t *ns)
{
    uint32_t unit = 100000000;
    const char *start = ++reader->at;
    *ns = 0;
    for (; reader->at < reader->end && is_digit(*reader->at); reader->at++, unit /= 10)
        *ns += (uint32_t)(*reader->at - '0') * unit;
    return reader->at > start;
}

/* `22:14:15`, perhaps with a fraction. A second 60 (leap) counts as the one before it. */
static bool take_clock(struct reader *reader, struct civil *civil, uint32_t *ns)
{
    const char *at = reader->at;
    if (left(reader) < 8 || at[2] != ':' || at[5] != ':') return false;
    int hour = two_digits(at), minute = two_digits(at + 3), second = two_digits(at + 6);
    if (hour < 0 || minute < 0 || second < 0) return false;
    reader->at += 8;
    civil->hour = (uint8_t)hour;
    civil->minute = (uint8_t)minute;
    civil->second = (uint8_t)second;
    *ns = 0;
    bool has_fraction = left(reader) >= 2 && (*reader->at == '.' || *reader->at == ',') &&
                        is_digit(reader->at[1]);
    return !has_fraction || take_fraction(reader, ns);
}

static bool civil_is_real(struct civil *civil)
{
    if (civil->second == 60) civil->second = 59;
    return civil->hour < 24 && civil->minute < 60 && civil->second < 60 && civil->month >= 1 &&
           civil->month <= 12 && civil->day >= 1 &&
           civil->day <= time_month_days(civil->year, civil->month);
}

static void time_finish(struct syslog_message *message, struct civil *civil, const int32_t *offset,
                        struct syslog_clock *clock)
{
    if (!civil_is_real(civil)) {
        message->time = SYSLOG_TIME_BAD;
        return;
    }
    message->time = SYSLOG_TIME_GOOD;
    int64_t local = time_of_civil(civil);
    if (offset)
        message->seconds = local - *offset;
    else
        /* a time that no clock showed (set forward over it) is read as the moment after the gap */
        (void)zone_to_utc(&clock->zone, &clock->cursor, local, &message->seconds);
}

/* `Z`, `+02:00`, `+0200`. */
static bool take_offset(struct reader *reader, int32_t *offset)
{
    *offset = 0;
    if (take(reader, 'Z') || take(reader, 'z')) return true;
    if (left(reader) < 5 || (*reader->at != '+' && *reader->at != '-')) return false;
    int sign = *reader->at == '-' ? -1 : 1;
    size_t colon = reader->at[3] == ':';
    if (left(reader) < 5 + colon) return false;
    int hours = two_digits(reader->at + 1), minutes = two_digits(reader->at + 3 + colon);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return false;
    *offset = sign * (hours * 3600 + minutes * 60);
    reader->at += 5 + colon;
    return true;
}

/* RFC 3339, also with a blank for the T and without zone. */
static bool take_iso(struct reader *reader, struct syslog_message *message,
                     struct syslog_clock *clock)
{
    const char *start = reader->at;
    if (left(reader) < 19 || start[4] != '-' || start[7] != '-' ||
        (start[10] != 'T' && start[10] != 't' && start[10] != ' '))
        return false;
    int century = two_digits(start), year = two_digits(start + 2);
    int month = two_digits(start + 5), day = two_digits(start + 8);
    if (century < 0 || year < 0 || month < 0 || day < 0) return false;
    struct civil civil = {.year = century * 100 + year, .month = (uint8_t)month,
                          .day = (uint8_t)day};
    reader->at += 11;
    int32_t offset;
    if (!take_clock(reader, &civil, &message->ns)) {
        reader->at = start;
        return false;
    }
    bool has_offset = take_offset(reader, &offset);
    message->timestamp = (struct str){start, (size_t)(reader->at - start)};
    message->is_iso = true;
    time_finish(message, &civil, has_offset ? &offset : NULL, clock);
    return true;
}

/* `Oct 11 22:14:15`, the day perhaps padded with a blank or a zero, perhaps with a year before the
 * clock and a fraction behind it. */
static bool take_bsd(struct reader *reader, struct syslog_message *message,
                     struct syslog_clock *clock)
{
    const char *start = reader->at;
    if (left(reader) < 14 || start[3] != ' ') return false;
    struct civil civil = {.month = month_of(start)};
    if (!civil.month) return false;
    reader->at += start[4] == ' ' ? 5 : 4;
    int32_t day = take_number(reader, 2);
    bool good = day >= 0 && take(reader, ' ');
    civil.day = (uint8_t)day;
    civil.year = guess_year(clock, civil.month);
    if (good && left(reader) > 5 && reader->at[4] == ' ') {
        civil.year = take_number(reader, 4);
        good = civil.year >= 0 && take(reader, ' ');
    }
    if (!good || !take_clock(reader, &civil, &message->ns)) {
        reader->at = start;
        return false;
    }
    message->timestamp = (struct str){start, (size_t)(reader->at - start)};
    time_finish(message, &civil, NULL, clock);
    return true;
}

static bool take_time(struct reader *reader, struct syslog_message *message,
                      struct syslog_clock *clock)
{
    if (reader->at == reader->end) return false;
    return is_digit(*reader->at) ? take_iso(reader, message, clock)
                                 : take_bsd(reader, message, clock);
}

/* ---- RFC 3164 and its relatives ---- */

/* `app[123]:` or `app:`; the colon ends the word, or the bracket before it does. */
static bool take_program(struct reader *reader, struct syslog_message *message)
{
    const char *start = reader->at, *at = start, *bracket = NULL, *end = reader->end;
    for (; at < end && is_of(*at, PRINTABLE); at++) {
        if (is_of(*at, OF_HOST)) continue; /* no bracket */
        if (*at == '[' && !bracket) {
            bracket = at;
        } else if (bracket && *at == ']' && at + 1 < end && at[1] == ':') {
            if (bracket == start) return false;
            message->program = (struct str){start, (size_t)(bracket - start)};
            message->pid = (struct str){bracket + 1, (size_t)(at - bracket - 1)};
            reader->at = at + 2;
            return true;
        }
    }
    /* grok's program has no brackets */
    if (bracket || at < start + 2 || at[-1] != ':' || (at < end && *at != ' ')) return false;
    message->program = (struct str){start, (size_t)(at - 1 - start)};
    reader->at = at;
    return true;
}

/* A word that may be a host: not the program's, which ends with a colon; an IPv6 address may. */
static bool is_host(struct str word)
{
    if (word.len == 0) return false;
    for (size_t i = 0; i < word.len; i++)
        if (!is_of(word.ptr[i], OF_HOST)) return false;
    if (word.ptr[word.len - 1] != ':') return true;
    return word.len > 2 && word.ptr[word.len - 2] == ':';
}

/* Cisco: `29: `, perhaps `router: `, perhaps `*` or `.`, and only if a time follows. */
static bool take_cisco_time(struct reader *reader, struct syslog_message *message,
                            struct syslog_clock *clock)
{
    const char *start = reader->at;
    take(reader, ':');
    while (take(reader, ' ')) continue;
    struct reader number = *reader;
    struct str sequence = {0}, host = {0};
    while (number.at < number.end && is_digit(*number.at)) number.at++;
    size_t digits = (size_t)(number.at - reader->at);
    if (digits && digits <= SYSLOG_SEQUENCE_DIGITS && next_is(&number, ':')) {
        sequence = (struct str){reader->at, digits};
        reader->at = number.at + 1;
        while (take(reader, ' ')) continue;
    }
    struct reader after = *reader;
    struct str word = take_word(&after);
    if (word.len > 1 && word.ptr[word.len - 1] == ':' && left(&after) > 1) {
        struct str name = {word.ptr, word.len - 1};
        struct reader behind = {after.at + 1, after.end};
        if (behind.at < behind.end && (*behind.at == '*' || *behind.at == '.')) behind.at++;
        if (is_host(name) && take_time(&behind, message, clock)) {
            message->host = name;
            message->sequence = sequence;
            *reader = behind;
            return true;
        }
    }
    if (next_is(reader, '*') || next_is(reader, '.')) reader->at++;
    if (take_time(reader, message, clock)) {
        message->host = host;
        message->sequence = sequence;
        return true;
    }
    reader->at = start;
    return false;
}

/* `<3.5> `: syslogd's own remark of facility and severity. */
static void skip_facility(struct reader *reader)
{
    struct reader at = *reader;
    if (take(&at, '<') && take_number(&at, 3) >= 0 && take(&at, '.') && take_number(&at, 3) >= 0 &&
        take(&at, '>') && take(&at, ' '))
        *reader = at;
}

static void rest_is_message(struct reader *reader, struct syslog_message *message)
{
    message->message = (struct str){reader->at, left(reader)};
}

/* Cisco's zone behind the time: ` UTC:`, ` EST:`; the zone of the input counts. */
static bool take_cisco_colon(struct reader *reader)
{
    struct reader at = *reader;
    if (take(&at, ' ')) {
        const char *start = at.at;
        while (at.at < at.end && at.at - start < 6 && *at.at >= 'A' && *at.at <= 'Z') at.at++;
        if (at.at == start) return false;
    }
    if (!take(&at, ':')) return false;
    take(&at, ' ');
    *reader = at;
    return true;
}

static void parse_3164(struct reader *reader, struct syslog_message *message,
                       struct syslog_clock *clock)
{
    bool has_time = take_time(reader, message, clock) || take_cisco_time(reader, message, clock);
    if (!has_time) {
        message->kind = message->priority >= 0 ? SYSLOG_3164 : SYSLOG_NONE;
        rest_is_message(reader, message);
        return;
    }
    message->kind = SYSLOG_3164;
    if (take_cisco_colon(reader)) {
        rest_is_message(reader, message);
        return;
    }
    take(reader, ' ');
    skip_facility(reader);
    struct reader behind = *reader;
    struct str word = message->host.len ? (struct str){0} : take_word(&behind);
    if (is_host(word)) {
        message->host = word;
        *reader = behind;
        take(reader, ' ');
        /* ASA: `host : %ASA-6-302013: text` */
        if (left(reader) > 2 && reader->at[0] == ':' && reader->at[1] == ' ') {
            reader->at += 2;
            rest_is_message(reader, message);
            return;
        }
    }
    if (!next_is(reader, '%') && take_program(reader, message)) take(reader, ' ');
    rest_is_message(reader, message);
}

/* ---- RFC 5424 ---- */

/* One field of the header and the blank behind it; `-` is an absent one. */
static bool take_field(struct reader *reader, struct str *field)
{
    *field = take_class(reader, PRINTABLE);
    if (field->len == 0 || !take(reader, ' ')) return false;
    if (field->len == 1 && *field->ptr == '-') field->len = 0;
    return true;
}

static struct str take_name(struct reader *reader) { return take_class(reader, OF_NAME); }

/* The inside of a quoted value and the quote behind it. */
static bool take_value(struct reader *reader, struct str *value, bool *is_escaped)
{
    const char *start = reader->at, *at = start, *end = reader->end;
    *is_escaped = false;
    for (; at < end && *at != '"'; at++) {
        if (*at != '\\' || at + 1 == end) continue;
        *is_escaped = true;
        at++;
    }
    *value = (struct str){start, (size_t)(at - start)};
    reader->at = at < end ? at + 1 : end;
    return at < end;
}

bool syslog_params_next(struct syslog_params *params)
{
    struct reader reader = reader_of(params->rest);
    bool found = false;
    params->name = params->value = (struct str){0};
    if (params->is_inside && take(&reader, ' ')) {
        while (take(&reader, ' ')) continue;
        params->name = take_name(&reader);
        found = params->name.len && params->name.len <= SYSLOG_NAME_MAX && take(&reader, '=') &&
                take(&reader, '"') && take_value(&reader, &params->value, &params->is_escaped);
    } else {
        if (params->is_inside && !take(&reader, ']')) return false;
        params->is_inside = false;
        params->rest = (struct str){reader.at, left(&reader)};
        if (!take(&reader, '[')) return false;
        params->id = take_name(&reader);
        found = params->is_inside = params->id.len && params->id.len <= SYSLOG_NAME_MAX;
    }
    params->rest = (struct str){reader.at, left(&reader)};
    return found;
}

/* Elements stand directly behind each other; what follows is a blank and the text, or nothing. */
static bool take_structured_data(struct reader *reader, struct str *data)
{
    const char *start = reader->at;
    if (take(reader, '-')) {
        *data = (struct str){0};
        return true;
    }
    struct syslog_params params = {.rest = {start, left(reader)}};
    uint32_t count = 0;
    while (syslog_params_next(&params)) count++;
    if (params.is_inside || count == 0) return false;
    reader->at = params.rest.ptr;
    *data = (struct str){start, (size_t)(reader->at - start)};
    return true;
}

static bool parse_5424_header(struct reader *reader, struct syslog_message *message,
                              struct syslog_clock *clock)
{
    if (next_is(reader, '-')) {
        reader->at++;
    } else if (!take_iso(reader, message, clock)) {
        return false;
    }
    return take(reader, ' ') && take_field(reader, &message->host) &&
           take_field(reader, &message->program) && take_field(reader, &message->pid) &&
           take_field(reader, &message->message_id) &&
           take_structured_data(reader, &message->structured_data) &&
           (reader->at == reader->end || next_is(reader, ' '));
}

/* `1 ` and then a time or `-`: false leaves the reader where it was. */
static bool take_version(struct reader *reader, struct str *version)
{
    struct reader at = *reader;
    if (next_is(&at, '0') || take_number(&at, 3) < 0) return false;
    *version = (struct str){reader->at, (size_t)(at.at - reader->at)};
    if (!take(&at, ' ') || at.at == at.end) return false;
    bool is_time = is_digit(*at.at) && left(&at) > 4 && at.at[4] == '-';
    bool is_nil = *at.at == '-' && left(&at) > 1 && at.at[1] == ' ';
    if (is_time || is_nil) *reader = at;
    return is_time || is_nil;
}

static void parse_5424(struct reader *reader, struct syslog_message *message,
                       struct syslog_clock *clock)
{
    message->kind = SYSLOG_5424;
    const char *start = reader->at;
    if (!parse_5424_header(reader, message, clock)) {
        *message = (struct syslog_message){.kind = SYSLOG_5424,
                                           .priority = message->priority,
                                           .version = message->version,
                                           .is_malformed = true};
        reader->at = start;
        rest_is_message(reader, message);
        return;
    }
    take(reader, ' ');
    /* a byte order mark says that the text is UTF-8: it is no part of it */
    if (left(reader) >= 3 && !memcmp(reader->at, "\xEF\xBB\xBF", 3)) reader->at += 3;
    rest_is_message(reader, message);
}

void syslog_parse(struct str text, struct syslog_clock *clock, struct syslog_message *message)
{
    assert(clock->month >= 1 && clock->month <= 12);
    *message = (struct syslog_message){.priority = -1};
    struct reader reader = reader_of(text);
    const char *start = reader.at;
    if (take(&reader, '<')) {
        int32_t priority = take_number(&reader, 3);
        if (priority >= 0 && priority <= SYSLOG_PRIORITY_MAX && take(&reader, '>'))
            message->priority = (int16_t)priority;
        else
            reader.at = start;
    }
    if (message->priority >= 0 && take_version(&reader, &message->version))
        parse_5424(&reader, message, clock);
    else
        parse_3164(&reader, message, clock);
    if (message->kind != SYSLOG_5424) message->version = (struct str){0};
    assert(message->message.len <= text.len);
}

size_t syslog_unescape(struct str value, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        /* only these three are escapes; before anything else a backslash is itself (RFC 5424, 6.3.3) */
        if (c == '\\' && i + 1 < value.len) {
            char next = value.ptr[i + 1];
            if (next == '"' || next == '\\' || next == ']') c = value.ptr[++i];
        }
        out[len++] = c;
    }
    return len;
}

struct str syslog_trim(struct str text)
{
    while (text.len && text.ptr[text.len - 1] == 0) text.len--;
    if (text.len && text.ptr[text.len - 1] == '\n') text.len--;
    if (text.len && text.ptr[text.len - 1] == '\r') text.len--;
    return text;
}
