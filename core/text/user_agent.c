/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/user_agent.h"
#include <assert.h>
#include <stdlib.h>
#include "core/text/literals.h"
#include "core/text/regex.h"
#include "core/text/regex_needs.h"
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
    uint32_t first; /* number of its first rule among those of all lists */
};

/* Most rules need one of some texts (core/text/regex_needs.h): one search for the texts of all rules leaves few to
 * be tried. Rules are bits by their number. */
struct choice_of_rules {
    struct literals *literals;
    uint32_t literal_count, words; /* words: of a set of rules */
    uint64_t *always;              /* rules of which nothing is known */
    uint32_t *ends;                /* by literal: where its rules end in `rules`; they begin where those before end */
    uint32_t *rules;
    uint64_t *found, *chosen;      /* for the text at hand */
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
    struct choice_of_rules choice;
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
    list->first = rules->count;
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

/* ---- what rules need ---- */

/* A text and a rule that needs it. */
struct need {
    struct str text;
    uint32_t rule;
};

struct need_list {
    struct need *items;
    uint32_t count, capacity;
};

static void need_add(struct need_list *needs, struct str text, uint32_t rule)
{
    if (needs->count == needs->capacity) {
        needs->capacity = needs->capacity ? needs->capacity * 2 : 1024;
        needs->items = xrealloc(needs->items, needs->capacity * sizeof *needs->items);
    }
    needs->items[needs->count++] = (struct need){text, rule};
}

static int need_order(const void *a, const void *b)
{
    const struct need *one = a, *other = b;
    int order = str_cmp(one->text, other->text);
    return order ? order : (one->rule > other->rule) - (one->rule < other->rule);
}

static void needs_gather(struct user_agent_rules *rules, struct need_list *needs)
{
    struct str texts[REGEX_NEEDS_MAX];
    for (int kind = 0; kind < KINDS; kind++)
        for (uint32_t i = 0; i < rules->lists[kind].count; i++) {
            uint32_t rule = rules->lists[kind].first + i;
            struct str pattern = regex_pattern(rules->lists[kind].rules[i].regex);
            uint32_t count = regex_needs(pattern, LITERAL_BYTES_MIN, &rules->arena, texts);
            for (uint32_t k = 0; k < count; k++) need_add(needs, texts[k], rule);
            if (!count) rules->choice.always[rule / 64] |= (uint64_t)1 << rule % 64;
        }
    if (needs->count) qsort(needs->items, needs->count, sizeof *needs->items, need_order);
}

/* What has no room among the literals is always tried. */
static void choice_make(struct user_agent_rules *rules)
{
    struct choice_of_rules *choice = &rules->choice;
    struct need_list needs = {0};
    choice->words = (rules->count + 63) / 64;
    choice->always = arena_zalloc(&rules->arena, (choice->words + 1) * sizeof *choice->always);
    choice->chosen = arena_zalloc(&rules->arena, (choice->words + 1) * sizeof *choice->chosen);
    needs_gather(rules, &needs);
    struct str *texts = xcalloc(LITERALS_MAX, sizeof *texts);
    choice->ends = arena_zalloc(&rules->arena, LITERALS_MAX * sizeof *choice->ends);
    choice->rules = arena_zalloc(&rules->arena, (needs.count + 1) * sizeof *choice->rules);
    for (uint32_t i = 0; i < needs.count; i++) {
        const struct need *need = &needs.items[i];
        bool is_new = !choice->literal_count || !str_eq(texts[choice->literal_count - 1], need->text);
        if (is_new && choice->literal_count == LITERALS_MAX) {
            for (; i < needs.count; i++)
                choice->always[needs.items[i].rule / 64] |= (uint64_t)1 << needs.items[i].rule % 64;
            break;
        }
        if (is_new) texts[choice->literal_count++] = need->text;
        choice->rules[i] = need->rule;
        choice->ends[choice->literal_count - 1] = i + 1;
    }
    choice->literals = literals_create(texts, choice->literal_count, &rules->arena);
    choice->found = arena_zalloc(&rules->arena, (LITERALS_MAX / LITERAL_WORD_BITS) * sizeof *choice->found);
    free(texts);
    free(needs.items);
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
    if (ok) choice_make(rules);
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

static void text_chosen(struct choice_of_rules *choice, const uint64_t *found)
{
    uint32_t words = (choice->literal_count + LITERAL_WORD_BITS - 1) / LITERAL_WORD_BITS;
    memcpy(choice->chosen, choice->always, choice->words * sizeof *choice->chosen);
    for (uint32_t w = 0; w < words; w++)
        for (uint64_t bits = found[w]; bits; bits &= bits - 1) {
            uint32_t literal = w * LITERAL_WORD_BITS + (uint32_t)__builtin_ctzll(bits);
            for (uint32_t i = literal ? choice->ends[literal - 1] : 0; i < choice->ends[literal]; i++)
                choice->chosen[choice->rules[i] / 64] |= (uint64_t)1 << choice->rules[i] % 64;
        }
}

/* The rules that can fit the text; all of them where it is not ASCII. */
static void rules_choose(struct choice_of_rules *choice, const struct subject *subject)
{
    if (!(subject->flags & STRING_ASCII)) {
        memset(choice->chosen, 0xff, choice->words * sizeof *choice->chosen);
        return;
    }
    char *small = arena_alloc(subject->arena, subject->text.len + 1);
    for (size_t i = 0; i < subject->text.len; i++) {
        char c = subject->text.ptr[i];
        small[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    memset(choice->found, 0, (LITERALS_MAX / LITERAL_WORD_BITS) * sizeof *choice->found);
    literals_find(choice->literals, (struct str){small, subject->text.len}, choice->found);
    text_chosen(choice, choice->found);
}

/* The number of the first chosen rule at or behind `from`, or `end`. */
static uint32_t rule_next(const struct choice_of_rules *choice, uint32_t from, uint32_t end)
{
    while (from < end) {
        uint64_t bits = choice->chosen[from / 64] >> from % 64;
        if (bits) {
            uint32_t next = from + (uint32_t)__builtin_ctzll(bits);
            return next < end ? next : end;
        }
        from = (from / 64 + 1) * 64;
    }
    return end;
}

/* The pieces by the first rule that fits and has a name. */
static bool list_find(const struct choice_of_rules *choice, struct list *list, const struct subject *subject,
                      struct str pieces[PIECES])
{
    struct regex_match match;
    uint32_t end = list->first + list->count;
    for (uint32_t n = rule_next(choice, list->first, end); n < end; n = rule_next(choice, n + 1, end)) {
        uint32_t i = n - list->first;
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
    list_find(&rules->choice, &rules->lists[KIND_AGENT], subject, pieces);
    for (int i = 0; i < 4; i++) agent->parts[UA_NAME + i] = pieces[i];
    agent->parts[UA_VERSION] = version_of(subject, pieces);
}

static void os_read(struct user_agent_rules *rules, const struct subject *subject, struct user_agent *agent)
{
    struct str pieces[PIECES] = {{0}};
    list_find(&rules->choice, &rules->lists[KIND_OS], subject, pieces);
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
    rules_choose(&rules->choice, &subject);
    agent_read(rules, &subject, agent);
    os_read(rules, &subject, agent);
    list_find(&rules->choice, &rules->lists[KIND_DEVICE], &subject, pieces);
    agent->parts[UA_DEVICE] = pieces[0];
    assert(agent->parts[UA_NAME].len && agent->parts[UA_OS].len && agent->parts[UA_DEVICE].len);
}
