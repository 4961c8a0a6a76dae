/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/user_agent.h"
#include <assert.h>
#include <stdlib.h>
#include "core/text/regex.h"
#include "core/text/utf8.h"
#include "core/xmalloc.h"
#include "core/yaml.h"

enum { PIECES = 5 /* the name and up to four numbers */, GROUPS_NAMED = 9 /* $1 to $9 */ };

struct rule {
    struct regex *regex;
    struct str replacements[PIECES]; /* ptr NULL: the group of that number + 1 */
};

struct list {
    struct rule *rules;
    uint32_t count;
};

/* The lists of the file, and what their rules may say. */
static const struct kind {
    const char *name;
    const char *replacements[PIECES];
    bool is_device; /* only a name, made of any groups */
} kinds[] = {
    {"user_agent_parsers",
     {"family_replacement", "v1_replacement", "v2_replacement", "v3_replacement", "v4_replacement"},
     false},
    {"os_parsers",
     {"os_replacement", "os_v1_replacement", "os_v2_replacement", "os_v3_replacement", "os_v4_replacement"},
     false},
    {"device_parsers", {"device_replacement", NULL, NULL, NULL, NULL}, true},
};
enum { KIND_AGENT, KIND_OS, KIND_DEVICE, KINDS };

struct user_agent_rules {
    struct arena arena;
    struct list lists[KINDS];
    uint32_t count;
};

/* ---- reading the file ---- */

struct reading {
    struct user_agent_rules *rules;
    struct buf *problem;
};

static bool refuse(struct reading *reading, struct place place, const char *what)
{
    buf_printf(reading->problem, "line %u: %s", place_line(place).line, what);
    return false;
}

static const struct config_value *member(const struct config_value *map, const char *name)
{
    for (uint32_t i = 0; map->kind == CONFIG_HASH && i < map->count; i++)
        if (str_eq_z(map->keys[i].text, name)) return &map->items[i];
    return NULL;
}

static bool rule_read(struct reading *reading, const struct kind *kind, const struct config_value *written,
                      struct rule *rule)
{
    const struct config_value *text = member(written, "regex"), *flag = member(written, "regex_flag");
    struct regex_options options = {.is_caseless = flag && str_eq(flag->text, STR("i"))};
    struct regex_problem refused;
    if (!text || !text->text.len) return refuse(reading, written->place, "a rule has no `regex`");
    rule->regex = regex_compile(text->text, &options, &refused);
    if (!rule->regex) return refuse(reading, text->place, refused.text);
    for (int i = 0; i < PIECES; i++) {
        const struct config_value *value = kind->replacements[i] ? member(written, kind->replacements[i]) : NULL;
        if (value) rule->replacements[i] = arena_copy(&reading->rules->arena, value->text);
        if (value && !value->text.len) rule->replacements[i] = STR("");
    }
    return true;
}

static bool list_read(struct reading *reading, const struct kind *kind, const struct config_value *written,
                      struct list *list)
{
    struct user_agent_rules *rules = reading->rules;
    if (written->kind != CONFIG_ARRAY) return refuse(reading, written->place, "a list of rules is expected");
    if (written->count > USER_AGENT_RULES_MAX - rules->count)
        return refuse(reading, written->place, "there are more than 10000 rules");
    list->rules = arena_zalloc(&rules->arena, (written->count + 1) * sizeof *list->rules);
    for (uint32_t i = 0; i < written->count; i++) {
        if (!rule_read(reading, kind, &written->items[i], &list->rules[i])) return false;
        list->count++;
        rules->count++;
    }
    return true;
}

static bool file_read(struct reading *reading, const struct config_value *root)
{
    bool has_any = false;
    for (int i = 0; root && i < KINDS; i++) {
        const struct config_value *list = member(root, kinds[i].name);
        if (!list) continue;
        has_any = true;
        if (!list_read(reading, &kinds[i], list, &reading->rules->lists[i])) return false;
    }
    if (!has_any) buf_append_z(reading->problem, "it has none of user_agent_parsers, os_parsers, device_parsers");
    return has_any;
}

struct user_agent_rules *user_agent_rules_read(struct str yaml, struct buf *problem)
{
    static const struct yaml_limits limits = {USER_AGENT_FILE_MAX, 20 * USER_AGENT_RULES_MAX};
    struct source_text source = {STR("regexes"), yaml};
    struct user_agent_rules *rules = xcalloc(1, sizeof *rules);
    struct reading reading = {rules, problem};
    struct arena scratch;
    struct diag diag;
    arena_init(&rules->arena, NULL);
    arena_init(&scratch, NULL);
    diag_init(&diag);
    const struct config_value *root = yaml_parse_within(&source, &limits, &scratch, &diag);
    bool ok = diag.errors == 0;
    if (!ok)
        buf_printf(problem, "line %u: %.*s", place_line(diag.messages[0].place).line, STR_ARG(diag.messages[0].text));
    ok = ok && file_read(&reading, root);
    diag_fini(&diag);
    arena_fini(&scratch);
    if (ok) return rules;
    user_agent_rules_destroy(rules);
    return NULL;
}

void user_agent_rules_destroy(struct user_agent_rules *rules)
{
    if (!rules) return;
    for (int kind = 0; kind < KINDS; kind++)
        for (uint32_t i = 0; i < rules->lists[kind].count; i++) regex_destroy(rules->lists[kind].rules[i].regex);
    arena_fini(&rules->arena);
    free(rules);
}

uint32_t user_agent_rules_count(const struct user_agent_rules *rules) { return rules->count; }

/* ---- one text ---- */

struct subject {
    struct str text;
    uint8_t flags;
    struct arena *arena;
};

/* With each $n replaced by its group; one that took no part is empty. */
static struct str substitute(const struct subject *subject, struct str replacement, const struct regex_match *match)
{
    struct str group;
    if (str_find(replacement, STR("$")) < 0) return replacement;
    struct buf made = buf_in_arena(subject->arena);
    for (size_t i = 0; i < replacement.len; i++) {
        char next = i + 1 < replacement.len ? replacement.ptr[i + 1] : '\0';
        if (replacement.ptr[i] != '$' || next < '1' || next > '0' + GROUPS_NAMED) {
            buf_append_char(&made, replacement.ptr[i]);
            continue;
        }
        if (regex_group(match, subject->text, (uint32_t)(next - '0'), &group)) buf_append(&made, group);
        i++;
    }
    return made.len ? buf_take(&made) : STR("");
}

/* A piece of what a rule says; ptr NULL when it is blank. */
static struct str piece_of(const struct subject *subject, const struct rule *rule, const struct regex_match *match,
                           uint32_t piece)
{
    struct str text = {0};
    if (rule->replacements[piece].ptr) text = substitute(subject, rule->replacements[piece], match);
    else if (!regex_group(match, subject->text, piece + 1, &text)) return (struct str){0};
    text = str_trimmed(text);
    return text.len ? text : (struct str){0};
}

/* The pieces by the first rule that fits and has a name. */
static bool list_find(struct list *list, const struct subject *subject, struct str pieces[PIECES])
{
    struct regex_match match;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct rule *rule = &list->rules[i];
        if (regex_match(rule->regex, subject->text, subject->flags, 0, &match) != REGEX_MATCH) continue;
        pieces[0] = piece_of(subject, rule, &match, 0);
        if (!pieces[0].ptr) continue;
        for (uint32_t k = 1; k < PIECES; k++) pieces[k] = piece_of(subject, rule, &match, k);
        return true;
    }
    pieces[0] = STR("Other");
    return false;
}

static bool is_number(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_digit(text.ptr[i])) return false;
    return text.len > 0;
}

/* The pieces that are there, up to the first that is not; what joins the first two is `first`. */
static struct str joined(const struct str *pieces, char first, struct arena *arena)
{
    struct buf made = buf_in_arena(arena);
    for (int i = 0; i < PIECES - 1 && pieces[i].ptr; i++) {
        if (i) buf_append_char(&made, i == 1 ? first : '.');
        buf_append(&made, pieces[i]);
    }
    return made.len ? buf_take(&made) : (struct str){0};
}

/* A version of which the rules know three numbers at most may go on in the text: `1.2.3.4 `. */
static struct str version_of(const struct subject *subject, const struct str pieces[PIECES])
{
    struct str version = joined(pieces + 1, '.', subject->arena);
    if (!version.len || pieces[PIECES - 1].ptr) return version;
    struct str wanted = arena_printf(subject->arena, "%.*s.", STR_ARG(version));
    ptrdiff_t at = str_find(subject->text, wanted);
    if (at < 0) return version;
    struct str rest = str_from(subject->text, (size_t)at + wanted.len);
    size_t len = 0;
    while (len < rest.len && !is_blank(rest.ptr[len])) len++;
    return is_number(str_slice(rest, 0, len)) ? str_slice(subject->text, (size_t)at, (size_t)at + wanted.len + len)
                                              : version;
}

static void agent_read(struct user_agent_rules *rules, const struct subject *subject, struct user_agent *agent)
{
    struct str pieces[PIECES] = {{0}};
    list_find(&rules->lists[KIND_AGENT], subject, pieces);
    for (int i = 0; i < 4; i++) agent->parts[UA_NAME + i] = pieces[i];
    agent->parts[UA_VERSION] = version_of(subject, pieces);
}

static void os_read(struct user_agent_rules *rules, const struct subject *subject, struct user_agent *agent)
{
    struct str pieces[PIECES] = {{0}};
    list_find(&rules->lists[KIND_OS], subject, pieces);
    for (int i = 0; i < 4; i++) agent->parts[UA_OS + i] = pieces[i];
    /* `XP SP2` is no dotted number */
    struct str version = joined(pieces + 1, is_number(pieces[1]) ? '.' : ' ', subject->arena);
    agent->parts[UA_OS_VERSION] = version;
    agent->parts[UA_OS_FULL] =
        version.len ? arena_printf(subject->arena, "%.*s %.*s", STR_ARG(pieces[0]), STR_ARG(version)) : pieces[0];
}

void user_agent_read(struct user_agent_rules *rules, struct str text, struct arena *arena, struct user_agent *agent)
{
    struct str pieces[PIECES] = {{0}};
    if (text.len > USER_AGENT_TEXT_MAX) text.len = USER_AGENT_TEXT_MAX;
    enum utf8_verdict verdict = utf8_check(text);
    struct subject subject = {.text = text, .arena = arena};
    subject.flags = verdict == UTF8_VALID ? STRING_UTF8 : STRING_BINARY;
    if (verdict == UTF8_ASCII) subject.flags = STRING_ASCII | STRING_UTF8;
    *agent = (struct user_agent){0};
    agent_read(rules, &subject, agent);
    os_read(rules, &subject, agent);
    list_find(&rules->lists[KIND_DEVICE], &subject, pieces);
    agent->parts[UA_DEVICE] = pieces[0];
    assert(agent->parts[UA_NAME].len && agent->parts[UA_OS].len && agent->parts[UA_DEVICE].len);
}
