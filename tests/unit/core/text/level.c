/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/level.h"
#include <criterion/criterion.h>
#include "tests/unit/support/events.h"

Test(level, reads_the_names_of_loggers)
{
    static const struct {
        const char *names; /* separated by | */
        enum level level;
    } rows[] = {
        {"TRACE|trace|TRC|T|FINEST|VERBOSE|silly|V|TRACE1|trace9", LEVEL_TRACE},
        {"DEBUG|debug|DBG|D|FINE|FINER|DEBUG5|D2", LEVEL_DEBUG},
        {"INFO|info|INF|I|Information|informational|NOTICE|note|N|config|LOG|Success", LEVEL_INFO},
        {"WARN|WARNING|warning|wrn|W|Warn", LEVEL_WARN},
        {"ERROR|ERR|e|SEVERE|err", LEVEL_ERROR},
        {"FATAL|FTL|F|CRITICAL|CRIT|C|ALERT|EMERG|EMERGENCY|PANIC|dpanic|fault", LEVEL_FATAL},
        {" warn |[warn]|(Warning)|WARN:|[ warn ]|\"warn\"|<warn>|\tWARN\n|core:warn", LEVEL_WARN},
        {"||[]|warned|WARN7|ERROR1|NONE|OFF|warn ing|INFORMATIONALLY NOTED|7x|:", LEVEL_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str rest = str_of(rows[i].names);
        for (bool more = true; more;) {
            ptrdiff_t bar = str_find(rest, STR("|"));
            struct str name = bar < 0 ? rest : str_slice(rest, 0, (size_t)bar);
            cr_expect_eq(level_of_name(name), rows[i].level, "`%.*s` is %s", STR_ARG(name),
                         level_name(level_of_name(name)));
            more = bar >= 0;
            if (more) rest = str_from(rest, (size_t)bar + 1);
        }
    }
}

Test(level, knows_no_name_longer_than_the_limit)
{
    cr_assert_eq(level_of_name(STR("INFORMATIONAL")), LEVEL_INFO);
    char name[LEVEL_NAME_MAX + 1];
    memset(name, 'W', sizeof name);
    cr_assert_eq(level_of_name((struct str){name, sizeof name}), LEVEL_NONE);
    cr_assert_eq(level_of_name((struct str){name, LEVEL_NAME_MAX}), LEVEL_NONE);
}

Test(level, reads_numbers_by_their_place)
{
    static const struct {
        int64_t number;
        enum level logger, syslog;
    } rows[] = {
        {-1, LEVEL_NONE, LEVEL_NONE},   {0, LEVEL_FATAL, LEVEL_FATAL}, {1, LEVEL_FATAL, LEVEL_FATAL},
        {2, LEVEL_FATAL, LEVEL_FATAL},  {3, LEVEL_ERROR, LEVEL_ERROR}, {4, LEVEL_WARN, LEVEL_WARN},
        {5, LEVEL_INFO, LEVEL_INFO},    {6, LEVEL_INFO, LEVEL_INFO},   {7, LEVEL_DEBUG, LEVEL_DEBUG},
        {8, LEVEL_NONE, LEVEL_NONE},    {9, LEVEL_NONE, LEVEL_NONE},   {10, LEVEL_TRACE, LEVEL_NONE},
        {19, LEVEL_TRACE, LEVEL_NONE},  {20, LEVEL_DEBUG, LEVEL_NONE}, {30, LEVEL_INFO, LEVEL_NONE},
        {35, LEVEL_INFO, LEVEL_NONE},   {40, LEVEL_WARN, LEVEL_NONE},  {50, LEVEL_ERROR, LEVEL_NONE},
        {60, LEVEL_FATAL, LEVEL_NONE},  {69, LEVEL_FATAL, LEVEL_NONE}, {70, LEVEL_NONE, LEVEL_NONE},
        {300, LEVEL_NONE, LEVEL_NONE},  {INT64_MAX, LEVEL_NONE, LEVEL_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char digits[32];
        struct str text = {digits, (size_t)snprintf(digits, sizeof digits, "%lld",
                                                    (long long)rows[i].number)};
        struct value values[] = {value_int(rows[i].number), value_double((double)rows[i].number),
                                 value_number(text), value_string(text)};
        for (int v = 0; v < 4; v++) {
            cr_expect_eq(level_of_value(&values[v], LEVEL_SOURCE_LOGGER), rows[i].logger, "%s, %d",
                         digits, v);
            cr_expect_eq(level_of_value(&values[v], LEVEL_SOURCE_SYSLOG), rows[i].syslog, "%s, %d",
                         digits, v);
        }
    }
}

Test(level, of_other_values_there_is_none)
{
    struct value values[] = {value_null(), value_bool(true), value_time(1, 1),
                             value_double(0.0 / 0.0), value_double(1e300)};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        cr_expect_eq(level_of_value(&values[i], LEVEL_SOURCE_LOGGER), LEVEL_NONE, "%zu", i);
    cr_expect_eq(level_of_value(NULL, LEVEL_SOURCE_LOGGER), LEVEL_NONE);
}

Test(level, none_is_at_least_nothing)
{
    cr_expect(level_at_least(LEVEL_ERROR, LEVEL_WARN));
    cr_expect(level_at_least(LEVEL_WARN, LEVEL_WARN));
    cr_expect_not(level_at_least(LEVEL_INFO, LEVEL_WARN));
    cr_expect_not(level_at_least(LEVEL_NONE, LEVEL_TRACE));
    cr_expect_not(level_at_least(LEVEL_NONE, LEVEL_NONE));
}

Test(level, of_an_event_is_that_of_the_first_place_that_says_one)
{
    static const struct {
        const char *event;
        enum level level;
    } rows[] = {
        {"{}", LEVEL_NONE},
        {"{'log': {'level': 'warn'}, 'level': 'error'}", LEVEL_WARN},
        {"{'log': {'level': 'whatever'}, 'level': 'error'}", LEVEL_ERROR},
        {"{'level': 30, 'severity': 'error'}", LEVEL_INFO},
        {"{'loglevel': 'SEVERE', 'severity': 'debug'}", LEVEL_ERROR},
        {"{'severity': 3}", LEVEL_ERROR},
        {"{'severity': 'NOTICE'}", LEVEL_INFO},
        {"{'log': {'syslog': {'severity': {'code': 4, 'name': 'error'}}}}", LEVEL_WARN},
        {"{'log': {'syslog': {'severity': {'name': 'error'}}}}", LEVEL_ERROR},
        {"{'log': {'syslog': {'severity': {'code': 40}}}}", LEVEL_NONE},
        {"{'syslog_severity_code': 7, 'syslog_severity': 'warning'}", LEVEL_DEBUG},
        {"{'syslog_severity': 'warning'}", LEVEL_WARN},
        {"{'level': null, 'severity': ''}", LEVEL_NONE},
    };
    struct scene scene;
    scene_begin(&scene);
    struct level_places places;
    level_places_init(&places, &scene.config);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(level_of_event(&places, scene_event(&scene, rows[i].event)), rows[i].level, "%s",
                     rows[i].event);
    scene_end(&scene);
}
