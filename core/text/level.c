/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/level.h"
#include <stdlib.h>

struct level_row {
    const char *name;
    enum level level;
};

/* In order of strcmp(). */
static const struct level_row names[] = {
    {"ALERT", LEVEL_FATAL},  {"C", LEVEL_FATAL},         {"CONFIG", LEVEL_INFO},
    {"CRIT", LEVEL_FATAL},   {"CRITICAL", LEVEL_FATAL},  {"D", LEVEL_DEBUG},
    {"DBG", LEVEL_DEBUG},    {"DEBUG", LEVEL_DEBUG},     {"DPANIC", LEVEL_FATAL},
    {"E", LEVEL_ERROR},      {"EMERG", LEVEL_FATAL},     {"EMERGENCY", LEVEL_FATAL},
    {"ERR", LEVEL_ERROR},    {"ERROR", LEVEL_ERROR},     {"F", LEVEL_FATAL},
    {"FATAL", LEVEL_FATAL},  {"FAULT", LEVEL_FATAL},     {"FINE", LEVEL_DEBUG},
    {"FINER", LEVEL_DEBUG},  {"FINEST", LEVEL_TRACE},    {"FTL", LEVEL_FATAL},
    {"I", LEVEL_INFO},       {"INF", LEVEL_INFO},        {"INFO", LEVEL_INFO},
    {"INFORMATION", LEVEL_INFO}, {"INFORMATIONAL", LEVEL_INFO}, {"LOG", LEVEL_INFO},
    {"N", LEVEL_INFO},       {"NOTE", LEVEL_INFO},       {"NOTICE", LEVEL_INFO},
    {"PANIC", LEVEL_FATAL},  {"SEVERE", LEVEL_ERROR},    {"SILLY", LEVEL_TRACE},
    {"SUCCESS", LEVEL_INFO}, {"T", LEVEL_TRACE},         {"TRACE", LEVEL_TRACE},
    {"TRC", LEVEL_TRACE},    {"V", LEVEL_TRACE},         {"VERBOSE", LEVEL_TRACE},
    {"W", LEVEL_WARN},       {"WARN", LEVEL_WARN},       {"WARNING", LEVEL_WARN},
    {"WRN", LEVEL_WARN},
};

static int by_name(const void *name, const void *row)
{
    return strcmp(name, ((const struct level_row *)row)->name);
}

static bool is_decoration(char c) { return is_blank(c) || (c && strchr("[]()<>{}:\"'", c)); }

static struct str bare(struct str text)
{
    while (text.len && is_decoration(text.ptr[0])) text = str_from(text, 1);
    while (text.len && is_decoration(text.ptr[text.len - 1])) text.len--;
    const char *colon = text.len ? memrchr(text.ptr, ':', text.len) : NULL;
    return colon ? str_from(text, (size_t)(colon + 1 - text.ptr)) : text;
}

static enum level name_lookup(struct str name)
{
    char upper[LEVEL_NAME_MAX + 1];
    if (name.len == 0 || name.len > LEVEL_NAME_MAX) return LEVEL_NONE;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        upper[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    upper[name.len] = 0;
    size_t count = sizeof names / sizeof *names;
    const struct level_row *row = bsearch(upper, names, count, sizeof *names, by_name);
    if (row) return row->level;
    /* TRACE1, DEBUG5, D2: how much of it does not matter here */
    if (name.len < 2 || !is_digit(upper[name.len - 1])) return LEVEL_NONE;
    upper[name.len - 1] = 0;
    row = bsearch(upper, names, count, sizeof *names, by_name);
    return row && row->level <= LEVEL_DEBUG ? row->level : LEVEL_NONE;
}

enum level level_of_name(struct str name) { return name_lookup(bare(name)); }

static enum level level_of_number(int64_t number, enum level_source source)
{
    static const enum level syslog[8] = {LEVEL_FATAL, LEVEL_FATAL, LEVEL_FATAL, LEVEL_ERROR,
                                         LEVEL_WARN,  LEVEL_INFO,  LEVEL_INFO,  LEVEL_DEBUG};
    if (number >= 0 && number <= 7) return syslog[number];
    if (source == LEVEL_SOURCE_SYSLOG || number < 10 || number > 69) return LEVEL_NONE;
    return (enum level)(LEVEL_TRACE + number / 10 - 1);
}

enum level level_of_text(struct str text, enum level_source source)
{
    text = bare(text);
    if (text.len == 0 || text.len > LEVEL_NAME_MAX) return LEVEL_NONE;
    if (!is_digit(text.ptr[0])) return name_lookup(text);
    if (text.len > 2 || !is_digit(text.ptr[text.len - 1])) return LEVEL_NONE;
    int64_t number = text.ptr[0] - '0';
    if (text.len == 2) number = number * 10 + (text.ptr[1] - '0');
    return level_of_number(number, source);
}

enum level level_of_value(const struct value *value, enum level_source source)
{
    if (!value) return LEVEL_NONE;
    switch ((enum value_kind)value->kind) {
    case VALUE_INT: return level_of_number(value->integer, source);
    case VALUE_DOUBLE:
        if (!(value->real >= 0 && value->real <= 69)) return LEVEL_NONE;
        return level_of_number((int64_t)value->real, source);
    case VALUE_NUMBER:
    case VALUE_STRING: return level_of_text(value_text(value), source);
    default: return LEVEL_NONE;
    }
}

const char *level_name(enum level level)
{
    static const char *const printed[] = {"", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"};
    assert((size_t)level < sizeof printed / sizeof *printed);
    return printed[level];
}

/* ---- events ---- */

static const struct {
    const char *path;
    enum level_source source;
} places_of_level[LEVEL_PLACES] = {
    {"[log][level]", LEVEL_SOURCE_LOGGER},
    {"level", LEVEL_SOURCE_LOGGER},
    {"loglevel", LEVEL_SOURCE_LOGGER},
    {"severity", LEVEL_SOURCE_LOGGER},
    {"[log][syslog][severity][code]", LEVEL_SOURCE_SYSLOG},
    {"[log][syslog][severity][name]", LEVEL_SOURCE_SYSLOG},
    {"syslog_severity_code", LEVEL_SOURCE_SYSLOG},
    {"syslog_severity", LEVEL_SOURCE_SYSLOG},
};

void level_places_init(struct level_places *places, struct arena *arena)
{
    for (int i = 0; i < LEVEL_PLACES; i++) {
        bool legal = path_compile(&places->paths[i], str_of(places_of_level[i].path), arena);
        assert(legal);
        (void)legal;
    }
}

enum level level_of_event(const struct level_places *places, const struct event *event)
{
    for (int i = 0; i < LEVEL_PLACES; i++) {
        const struct value *value = path_get(&places->paths[i], event);
        enum level level = level_of_value(value, places_of_level[i].source);
        if (level != LEVEL_NONE) return level;
    }
    return LEVEL_NONE;
}
