/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/timezone.h"
#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "core/text/time.h"
#include "core/xmalloc.h"

#define FAR_PAST (INT64_MIN / 4) /* room to add offsets without overflow */
#define FAR_FUTURE (INT64_MAX / 4)
enum { DAY = 86400, RULE_OFFSET_MAX = 167 * 3600 };

/* One date rule of a footer (POSIX TZ): `M3.2.0/2`, `J60`, `59`. */
struct change_rule {
    enum { RULE_WEEKDAY, RULE_JULIAN, RULE_DAY } kind; /* J: February 29th is never counted */
    int32_t month, week, day;
    int32_t time; /* seconds after local midnight; may be negative or beyond a day */
};

struct footer {
    int32_t standard, summer;
    bool has_summer;
    struct change_rule start, end; /* of summer time */
};

struct zone_rules {
    char *id;
    uint32_t count;   /* of changes */
    int32_t first;    /* offset before the first change */
    int64_t *at;      /* ascending; offsets of neighbours differ */
    int32_t *offset;  /* from that change on */
    bool has_footer;  /* else the last offset holds for ever */
    struct footer footer;
};

struct stretch {
    int64_t from, until;
    int32_t offset;
};

/* ---- the footer: a POSIX TZ text ---- */
static bool take(struct str *text, char c)
{
    if (text->len == 0 || text->ptr[0] != c) return false;
    *text = str_from(*text, 1);
    return true;
}

static bool take_number(struct str *text, int32_t max, int32_t *number)
{
    size_t digits = 0;
    *number = 0;
    for (; digits < text->len && digits < 6 && is_digit(text->ptr[digits]); digits++)
        *number = *number * 10 + (text->ptr[digits] - '0');
    *text = str_from(*text, digits);
    return digits > 0 && *number <= max;
}

/* `EST` or `<+03>`. */
static bool take_name(struct str *text)
{
    size_t len = 0;
    bool is_quoted = take(text, '<');
    while (len < text->len) {
        char c = text->ptr[len];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(is_quoted && (is_digit(c) || c == '+' || c == '-'))) break;
        len++;
    }
    *text = str_from(*text, len);
    return len >= (is_quoted ? 1 : 3) && (!is_quoted || take(text, '>'));
}

/* `[+-]hh[:mm[:ss]]` in seconds. */
static bool take_time(struct str *text, int32_t hours_max, int32_t *seconds)
{
    bool is_negative = take(text, '-');
    if (!is_negative) take(text, '+');
    int32_t hour, minute = 0, second = 0;
    if (!take_number(text, hours_max, &hour)) return false;
    if (take(text, ':')) {
        if (!take_number(text, 59, &minute)) return false;
        if (take(text, ':') && !take_number(text, 59, &second)) return false;
    }
    *seconds = hour * 3600 + minute * 60 + second;
    if (is_negative) *seconds = -*seconds;
    return true;
}

static bool take_rule(struct str *text, struct change_rule *rule)
{
    *rule = (struct change_rule){.kind = RULE_DAY, .time = 2 * 3600};
    bool is_read;
    if (take(text, 'M')) {
        rule->kind = RULE_WEEKDAY;
        is_read = take_number(text, 12, &rule->month) && take(text, '.') &&
                  take_number(text, 5, &rule->week) && take(text, '.') &&
                  take_number(text, 6, &rule->day) && rule->month >= 1 && rule->week >= 1;
    } else if (take(text, 'J')) {
        rule->kind = RULE_JULIAN;
        is_read = take_number(text, 365, &rule->day) && rule->day >= 1;
    } else {
        is_read = take_number(text, 365, &rule->day);
    }
    return is_read && (!take(text, '/') || take_time(text, 167, &rule->time));
}

static bool footer_read(struct str text, struct footer *footer)
{
    *footer = (struct footer){0};
    int32_t west;
    if (!take_name(&text) || !take_time(&text, 24, &west)) return false;
    footer->standard = -west; /* POSIX counts towards the west */
    if (text.len == 0) return true;
    footer->has_summer = true;
    footer->summer = footer->standard + 3600;
    if (!take_name(&text)) return false;
    if (text.len && text.ptr[0] != ',') {
        if (!take_time(&text, 24, &west)) return false;
        footer->summer = -west;
    }
    if (text.len == 0) text = STR(",M3.2.0,M11.1.0"); /* what POSIX leaves open: as libc */
    return take(&text, ',') && take_rule(&text, &footer->start) && take(&text, ',') &&
           take_rule(&text, &footer->end) && text.len == 0;
}

/* Local midnight plus the rule's time, as if local were UTC. */
static int64_t rule_seconds(const struct change_rule *rule, int32_t year)
{
    int64_t days;
    if (rule->kind == RULE_WEEKDAY) {
        int64_t first = time_days(year, (unsigned)rule->month, 1);
        int32_t weekday = (int32_t)time_weekday(first) % 7; /* Sunday = 0, as in the rule */
        int32_t day = (rule->day - weekday + 7) % 7 + (rule->week - 1) * 7;
        if (day >= (int32_t)time_month_days(year, (unsigned)rule->month)) day -= 7; /* 5: the last */
        days = first + day;
    } else {
        days = time_days(year, 1, 1) + rule->day - (rule->kind == RULE_JULIAN);
        if (rule->kind == RULE_JULIAN && rule->day >= 60 && time_is_leap(year)) days++;
    }
    return days * DAY + rule->time;
}

/* The stretch around `utc` by the yearly rule, not before `floor`. */
static struct stretch footer_stretch(const struct footer *footer, int64_t floor, int64_t utc)
{
    struct stretch found = {floor, FAR_FUTURE, footer->standard};
    if (!footer->has_summer) return found;
    if (utc < TIME_SECONDS_MIN) {
        found.until = TIME_SECONDS_MIN;
        return found;
    }
    if (utc > TIME_SECONDS_MAX) {
        if (floor <= TIME_SECONDS_MAX) found.from = TIME_SECONDS_MAX + 1;
        return found;
    }
    int32_t year = time_civil(utc).year;
    struct stretch changes[6]; /* .from: when; .offset: from then on */
    size_t count = 0;
    for (int32_t y = year - 1; y <= year + 1; y++) {
        if (y < TIME_YEAR_MIN || y > TIME_YEAR_MAX) continue;
        struct stretch start = {rule_seconds(&footer->start, y) - footer->standard, 0, footer->summer};
        struct stretch end = {rule_seconds(&footer->end, y) - footer->summer, 0, footer->standard};
        bool is_south = end.from < start.from; /* summer goes over New Year */
        changes[count++] = is_south ? end : start;
        changes[count++] = is_south ? start : end;
    }
    if (count) found.offset = changes[0].offset == footer->summer ? footer->standard : footer->summer;
    for (size_t i = 0; i < count; i++) {
        if (changes[i].from > utc) {
            found.until = changes[i].from;
            break;
        }
        /* A rule that touches the next year (summer all year) makes changes that are none. */
        if (changes[i].offset == found.offset) continue;
        if (changes[i].from > found.from) found.from = changes[i].from;
        found.offset = changes[i].offset;
    }
    return found;
}

/* ---- the file ---- */
struct reader {
    const unsigned char *at, *end;
};

static uint64_t read_number(struct reader *in, unsigned bytes)
{
    assert((size_t)(in->end - in->at) >= bytes);
    uint64_t number = 0;
    for (unsigned i = 0; i < bytes; i++) number = number << 8 | *in->at++;
    return number;
}

enum { HEADER_SIZE = 44 };
struct header {
    uint64_t utc_count, standard_count, leap_count, change_count, type_count, name_count;
};

static bool header_read(struct reader *in, struct header *header)
{
    if (in->end - in->at < HEADER_SIZE || memcmp(in->at, "TZif", 4) != 0 || in->at[4] < '2')
        return false;
    in->at += 20;
    header->utc_count = read_number(in, 4);
    header->standard_count = read_number(in, 4);
    header->leap_count = read_number(in, 4);
    header->change_count = read_number(in, 4);
    header->type_count = read_number(in, 4);
    header->name_count = read_number(in, 4);
    return true;
}

/* Bytes of the block behind a header; counts are 32 bits, so nothing overflows. */
static uint64_t block_size(const struct header *h, unsigned time_size)
{
    return h->change_count * (time_size + 1) + h->type_count * 6 + h->name_count +
           h->leap_count * (time_size + 4) + h->standard_count + h->utc_count;
}

static int32_t type_offset(const unsigned char *types, size_t type)
{
    struct reader in = {types + type * 6, types + type * 6 + 4};
    return (int32_t)(uint32_t)read_number(&in, 4);
}

/* Changes that change nothing but a name are left out. False: not ascending, or a bad type. */
static bool changes_read(struct zone_rules *rules, struct reader in, const struct header *header)
{
    size_t count = header->change_count;
    const unsigned char *indexes = in.at + count * 8, *types = indexes + count;
    for (size_t i = 0; i < header->type_count; i++) {
        int32_t offset = type_offset(types, i);
        if (offset > ZONE_OFFSET_MAX || offset < -ZONE_OFFSET_MAX) return false;
    }
    rules->first = type_offset(types, 0);
    int32_t last = rules->first;
    int64_t before = FAR_PAST;
    for (size_t i = 0; i < count; i++) {
        int64_t at = (int64_t)read_number(&in, 8);
        if (indexes[i] >= header->type_count || (i && at <= before) || at > FAR_FUTURE / 2) return false;
        before = at;
        int32_t offset = type_offset(types, indexes[i]);
        if (offset == last) continue;
        rules->at[rules->count] = at < FAR_PAST / 2 ? FAR_PAST / 2 : at;
        rules->offset[rules->count++] = last = offset;
    }
    return true;
}

static bool footer_line_read(struct zone_rules *rules, struct reader in)
{
    struct str text = {(const char *)in.at, (size_t)(in.end - in.at)};
    if (!take(&text, '\n')) return false;
    ptrdiff_t end = str_find(text, STR("\n"));
    if (end < 0) return false;
    rules->has_footer = end > 0;
    return end == 0 || footer_read(str_slice(text, 0, (size_t)end), &rules->footer);
}

struct zone_rules *zone_rules_read(struct str bytes)
{
    struct reader in = {(const unsigned char *)bytes.ptr, (const unsigned char *)bytes.ptr + bytes.len};
    struct header header;
    /* The first block has 32-bit times and is passed over. */
    if (bytes.len > ZONE_FILE_MAX || !header_read(&in, &header)) return NULL;
    if (block_size(&header, 4) > (uint64_t)(in.end - in.at)) return NULL;
    in.at += block_size(&header, 4);
    if (!header_read(&in, &header) || header.type_count == 0 || header.type_count > 256) return NULL;
    if (header.change_count > ZONE_CHANGES_MAX) return NULL;
    if (block_size(&header, 8) > (uint64_t)(in.end - in.at)) return NULL;

    struct zone_rules *rules = xcalloc(1, sizeof *rules);
    rules->at = xcalloc(header.change_count + 1, sizeof *rules->at);
    rules->offset = xcalloc(header.change_count + 1, sizeof *rules->offset);
    struct reader footer = {in.at + block_size(&header, 8), in.end};
    if (changes_read(rules, in, &header) && footer_line_read(rules, footer)) return rules;
    zone_rules_free(rules);
    return NULL;
}

void zone_rules_free(struct zone_rules *rules)
{
    if (!rules) return;
    free(rules->id);
    free(rules->at);
    free(rules->offset);
    free(rules);
}

/* ---- looking up ---- */
static struct stretch stretch_at(const struct zone_rules *rules, int64_t utc)
{
    uint32_t low = 0, high = rules->count; /* how many changes lie at or before `utc` */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (rules->at[middle] <= utc) low = middle + 1;
        else high = middle;
    }
    int64_t from = low ? rules->at[low - 1] : FAR_PAST;
    int32_t offset = low ? rules->offset[low - 1] : rules->first;
    if (low < rules->count) return (struct stretch){from, rules->at[low], offset};
    if (!rules->has_footer) return (struct stretch){from, FAR_FUTURE, offset};
    return footer_stretch(&rules->footer, from, utc);
}

static void cursor_load(struct zone_cursor *cursor, const struct zone_rules *rules, int64_t utc)
{
    struct stretch now = stretch_at(rules, utc);
    int32_t before = now.from > FAR_PAST / 2 ? stretch_at(rules, now.from - 1).offset : now.offset;
    *cursor = (struct zone_cursor){
        .rules = rules, .from = now.from, .until = now.until, .offset = now.offset,
        .local_from = now.from + (before > now.offset ? before : now.offset),
        .local_until = now.until + now.offset,
    };
}

int32_t zone_offset(const struct zone *zone, struct zone_cursor *cursor, int64_t utc)
{
    if (!zone->rules) return zone->offset;
    if (cursor->rules != zone->rules || utc < cursor->from || utc >= cursor->until)
        cursor_load(cursor, zone->rules, utc);
    return cursor->offset;
}

bool zone_to_utc(const struct zone *zone, struct zone_cursor *cursor, int64_t local, int64_t *utc)
{
    if (!zone->rules) {
        *utc = local - zone->offset;
        return true;
    }
    if (cursor->rules == zone->rules && local >= cursor->local_from && local < cursor->local_until) {
        *utc = local - cursor->offset;
        return true;
    }
    /* From a stretch that surely began before, to the first that has not ended by `local`. */
    cursor_load(cursor, zone->rules, local - ZONE_OFFSET_MAX - 1);
    int32_t before = cursor->offset;
    while (local >= cursor->until + cursor->offset) {
        before = cursor->offset;
        cursor_load(cursor, zone->rules, cursor->until);
    }
    bool is_gap = local < cursor->from + cursor->offset;
    *utc = local - (is_gap ? before : cursor->offset);
    return !is_gap;
}

/* ---- ids ---- */
/* Zone rules are facts of the machine, like the program's own text: read once, shared by all, never
 * changed. Slots are filled under the lock and read without it. */
enum { TABLE_SLOTS = 2 * ZONES_MAX };
static struct {
    pthread_mutex_t lock;
    uint32_t count;
    _Atomic(struct zone_rules *) slots[TABLE_SLOTS];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const char *zone_folder(void)
{
    const char *folder = getenv("TZDIR");
    return folder && *folder ? folder : "/usr/share/zoneinfo";
}

static enum zone_status file_read(const char *path, struct zone_rules **rules)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return access(zone_folder(), X_OK) == 0 ? ZONE_UNKNOWN : ZONE_NO_DATA;
    char *bytes = xmalloc(ZONE_FILE_MAX + 1);
    size_t len = 0;
    for (ssize_t got; (got = read(file, bytes + len, ZONE_FILE_MAX + 1 - len)) > 0;) len += (size_t)got;
    close(file);
    /* A folder, a table of the zone data: names that are no zones. */
    bool is_zone = len >= 4 && memcmp(bytes, "TZif", 4) == 0;
    *rules = is_zone ? zone_rules_read((struct str){bytes, len}) : NULL;
    free(bytes);
    if (*rules) return ZONE_FOUND;
    return is_zone ? ZONE_DAMAGED : ZONE_UNKNOWN;
}

static uint32_t slot_of(struct str id)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < id.len; i++) hash = (hash ^ (unsigned char)id.ptr[i]) * 16777619u;
    return hash % TABLE_SLOTS;
}

static struct zone_rules *table_get(struct str id, uint32_t *slot)
{
    for (*slot = slot_of(id);; *slot = (*slot + 1) % TABLE_SLOTS) {
        struct zone_rules *rules = atomic_load_explicit(&table.slots[*slot], memory_order_acquire);
        if (!rules || str_eq_z(id, rules->id)) return rules;
    }
}

static enum zone_status table_load(struct str id, struct zone_rules **rules)
{
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/%.*s", zone_folder(), STR_ARG(id));
    if (len < 0 || (size_t)len >= sizeof path) return ZONE_UNKNOWN;
    enum zone_status status = ZONE_FOUND;
    uint32_t slot;
    pthread_mutex_lock(&table.lock);
    *rules = table_get(id, &slot); /* another thread may have been faster */
    if (!*rules) status = table.count < ZONES_MAX ? file_read(path, rules) : ZONE_UNKNOWN;
    if (!*rules) goto unlock;
    if (!(*rules)->id) {
        (*rules)->id = xstrndup(id);
        atomic_store_explicit(&table.slots[slot], *rules, memory_order_release);
        table.count++;
    }
unlock:
    pthread_mutex_unlock(&table.lock);
    return status;
}

/* Letters, digits and `_ + - /`: no dot, so no way out of the folder. */
static bool is_id(struct str id)
{
    if (id.len == 0 || id.len > ZONE_ID_MAX) return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(i && (is_digit(c) || c == '_' || c == '+' || c == '-' || c == '/')))
            return false;
        if (i && c == '/' && id.ptr[i - 1] == '/') return false; /* one zone has one name */
    }
    return true;
}

/* Files beside the zones that are none of the published ids. */
static bool is_private(struct str id)
{
    return str_starts(id, STR("posix")) || str_starts(id, STR("right/")) ||
           str_eq_z(id, "localtime") || str_eq_z(id, "Factory");
}

static bool two_digits(struct str text, size_t at, int32_t max, int32_t *number)
{
    if (at + 2 > text.len || !is_digit(text.ptr[at]) || !is_digit(text.ptr[at + 1])) return false;
    *number = (text.ptr[at] - '0') * 10 + (text.ptr[at + 1] - '0');
    return *number <= max;
}

size_t zone_parse_offset(struct str text, int32_t *offset)
{
    int32_t part;
    if (text.len < 3 || (text.ptr[0] != '+' && text.ptr[0] != '-')) return 0;
    if (!two_digits(text, 1, 23, &part)) return 0;
    int32_t sum = part * 3600;
    size_t at = 3;
    bool has_colons = at < text.len && text.ptr[at] == ':';
    for (int32_t unit = 60; unit; unit /= 60) { /* minutes, then seconds */
        if (!two_digits(text, at + has_colons, 59, &part)) break;
        if (has_colons && text.ptr[at] != ':') break;
        sum += part * unit;
        at += 2 + has_colons;
    }
    *offset = text.ptr[0] == '-' ? -sum : sum;
    return at;
}

enum zone_status zone_find(struct str id, struct zone *zone)
{
    *zone = (struct zone){0};
    if (str_eq_z(id, "UTC") || str_eq_z(id, "GMT") || str_eq_z(id, "Etc/UTC")) return ZONE_FOUND;
    if (id.len && (id.ptr[0] == '+' || id.ptr[0] == '-'))
        return zone_parse_offset(id, &zone->offset) == id.len ? ZONE_FOUND : ZONE_UNKNOWN;
    if (!is_id(id) || is_private(id)) return ZONE_UNKNOWN;
    uint32_t slot;
    struct zone_rules *rules = table_get(id, &slot);
    enum zone_status status = rules ? ZONE_FOUND : table_load(id, &rules);
    zone->rules = rules;
    return status;
}

const char *zone_explain(enum zone_status status)
{
    switch (status) {
    case ZONE_FOUND: return "found";
    case ZONE_NO_DATA:
        return "this machine has no time zone data: install the package `tzdata`, or set TZDIR";
    case ZONE_DAMAGED: return "the time zone's file is damaged: reinstall the package `tzdata`";
    case ZONE_UNKNOWN: break;
    }
    return "unknown time zone: use an id such as `Europe/Paris`, `UTC` or `+02:00`";
}

/* ---- the system's zone ---- */
static struct {
    pthread_once_t once;
    struct zone zone;
} here = {.once = PTHREAD_ONCE_INIT};

static struct zone zone_of_environment(const char *text)
{
    struct zone zone = {0};
    if (*text == ':') text++;
    if (*text == '/') {
        struct zone_rules *rules = NULL;
        file_read(text, &rules);
        return (struct zone){rules, 0};
    }
    if (!*text || zone_find(str_of(text), &zone) == ZONE_FOUND) return zone;
    struct footer footer;
    if (!footer_read(str_of(text), &footer)) return zone;
    struct zone_rules *rules = xcalloc(1, sizeof *rules);
    rules->has_footer = true;
    rules->footer = footer;
    return (struct zone){rules, 0};
}

static void system_read(void)
{
    const char *text = getenv("TZ");
    here.zone = zone_of_environment(text ? text : "/etc/localtime");
}

struct zone zone_system(void)
{
    pthread_once(&here.once, system_read);
    return here.zone;
}
