/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/grok_suggest.h"
#include "core/text/grok.h"
#include <assert.h>
#include <stdlib.h>

enum {
    KIND_TEXT = 100,
    KIND_BLANKS,
    KIND_CHARACTER, /* and the character */
    GENERAL_PARTS_MIN = 3,
    NAMES_MAX = 2 * SUGGEST_PARTS_MAX,
};

/* What a part may be, in the order of being tried. Without a field it brings its own. */
static const struct {
    const char *pattern, *field;
    char first;      /* the part begins with it; 0: with anything */
    bool only_begin; /* of a line */
} KINDS[] = {
    {"%{SYSLOG5424BASE}", NULL, '<', true},
    {"%{HTTPD_COMBINEDLOG}", NULL, 0, true},
    {"%{HTTPD_COMMONLOG}", NULL, 0, true},
    {"%{SYSLOGBASE}", NULL, 0, true},
    {"%{HTTPDATE", "timestamp", 0, false},
    {"%{TIMESTAMP_ISO8601", "timestamp", 0, false},
    {"%{HTTPDERROR_DATE", "timestamp", 0, false},
    {"%{DATESTAMP_RFC2822", "timestamp", 0, false},
    {"%{DATESTAMP_OTHER", "timestamp", 0, false},
    {"%{SYSLOGTIMESTAMP", "timestamp", 0, false},
    {"%{DATESTAMP", "timestamp", 0, false},
    {"%{TIME", "time", 0, false},
    {"%{UUID", "uuid", 0, false},
    {"%{URI", "uri", 0, false},
    {"%{EMAILADDRESS", "email", 0, false},
    {"%{MAC", "mac", 0, false},
    {"%{IP", "ip", 0, false},
    {"%{QS", "text", '"', false},
    {"%{NUMBER", "number", 0, false},
    {"%{UNIXPATH", "path", '/', false},
    {"%{LOGLEVEL", "level", 0, false},
};
enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

struct token {
    uint32_t kind; /* number in KINDS, or KIND_… */
    struct str text;
    bool is_varied; /* of a shape: not the same in all lines */
    bool is_word;   /* … letters, digits and underscores in all lines */
};

struct shape {
    struct token tokens[SUGGEST_PARTS_MAX];
    uint32_t count, lines;
    bool has_rest; /* more parts than there is room for */
    struct str example;
};

struct grok_suggester {
    struct arena *arena;
    struct grok_library library;
    struct regex *kinds[KIND_COUNT];
    struct shape *shapes[SUGGEST_SHAPES_MAX];
    struct map index; /* kinds as text -> number */
    uint32_t count, lines;
};

/* ---- making ---- */
static struct regex *kind_compile(struct grok_suggester *suggester, uint32_t kind)
{
    struct buf text = {.len = 0};
    struct grok_problem problem;
    struct regex_problem reason;
    struct str pattern =
        arena_printf(suggester->arena, "\\A%s%s(?=$|[\\s,;:)\\]}\"'|>=]|\\.(?:\\s|$))",
                     KINDS[kind].pattern, KINDS[kind].field ? "}" : "");
    struct regex *regex = NULL;
    if (grok_expand(&suggester->library, pattern, true, &text, NULL, NULL, &problem))
        regex = regex_compile(buf_str(&text), &grok_regex_options, &reason);
    buf_fini(&text);
    assert(regex); /* of the library */
    return regex;
}

struct grok_suggester *grok_suggester_create(bool is_ecs, struct arena *arena)
{
    struct grok_suggester *suggester = arena_zalloc(arena, sizeof *suggester);
    suggester->arena = arena;
    grok_library_init(&suggester->library, is_ecs, arena);
    map_init(&suggester->index, arena, 64);
    for (uint32_t i = 0; i < KIND_COUNT; i++) suggester->kinds[i] = kind_compile(suggester, i);
    return suggester;
}

void grok_suggester_destroy(struct grok_suggester *suggester)
{
    for (uint32_t i = 0; suggester && i < KIND_COUNT; i++) regex_destroy(suggester->kinds[i]);
}

/* ---- reading a line ---- */
static bool is_text(char c) { return !is_blank(c) && !strchr("[](){}<>\"'=,;:|", c); }

static struct token token_take(struct grok_suggester *suggester, struct str *rest, bool is_begin)
{
    struct token token = {.kind = KIND_TEXT};
    size_t len = 0;
    for (uint32_t i = 0; i < KIND_COUNT && !len; i++) {
        struct regex_match match;
        if ((KINDS[i].first && rest->ptr[0] != KINDS[i].first) ||
            (KINDS[i].only_begin && !is_begin))
            continue;
        if (regex_match(suggester->kinds[i], *rest, 0, 0, &match) != REGEX_MATCH) continue;
        len = match.offsets[1];
        token.kind = i;
    }
    if (!len && is_blank(rest->ptr[0])) {
        while (len < rest->len && is_blank(rest->ptr[len])) len++;
        token.kind = len > 1 ? KIND_BLANKS : KIND_CHARACTER + (unsigned char)rest->ptr[0];
    } else if (!len) {
        while (len < rest->len && rest->ptr[len] && is_text(rest->ptr[len])) len++;
        if (!len) token.kind = KIND_CHARACTER + (unsigned char)rest->ptr[0];
        if (!len) len = 1;
    }
    token.text = str_slice(*rest, 0, len);
    *rest = str_from(*rest, len);
    return token;
}

static bool is_word(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!is_digit(c) && c != '_' && ((c | 0x20) < 'a' || (c | 0x20) > 'z')) return false;
    }
    return text.len > 0;
}

static void shape_read(struct grok_suggester *suggester, struct str line, struct shape *shape)
{
    struct str rest = line;
    *shape = (struct shape){.lines = 1, .example = line};
    while (rest.len && shape->count < SUGGEST_PARTS_MAX) {
        struct token *token = &shape->tokens[shape->count++];
        *token = token_take(suggester, &rest, shape->count == 1);
        token->is_word = is_word(token->text);
    }
    shape->has_rest = rest.len > 0;
}

static void shape_learn(struct shape *shape, const struct shape *line)
{
    shape->lines++;
    for (uint32_t i = 0; i < shape->count; i++) {
        shape->tokens[i].is_varied |= !str_eq(shape->tokens[i].text, line->tokens[i].text);
        shape->tokens[i].is_word &= line->tokens[i].is_word;
    }
}

void grok_suggester_add(struct grok_suggester *suggester, struct str line)
{
    struct shape *shape = arena_alloc(suggester->arena, sizeof *shape);
    struct buf kinds = buf_in_arena(suggester->arena);
    shape_read(suggester, line, shape);
    suggester->lines++;
    for (uint32_t i = 0; i < shape->count; i++) buf_printf(&kinds, "%u,", shape->tokens[i].kind);
    if (shape->has_rest) buf_append_char(&kinds, '*');
    struct key key = key_of(buf_take(&kinds));
    const struct value *known = map_get(&suggester->index, &key);
    if (known) {
        shape_learn(suggester->shapes[known->integer], shape);
        return;
    }
    if (suggester->count == SUGGEST_SHAPES_MAX) return;
    map_set(&suggester->index, suggester->arena, key, value_int(suggester->count));
    suggester->shapes[suggester->count++] = shape;
}

/* ---- writing a pattern ---- */
struct writing {
    struct buf *out;
    struct str names[NAMES_MAX];
    uint32_t name_count;
    struct arena *arena;
};

static void literal_write(struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        if (strchr("\\^$.|?*+()[]{}", text.ptr[i]) && text.ptr[i]) buf_append_char(out, '\\');
        buf_append_char(out, text.ptr[i]);
    }
}

/* A field's name that the pattern does not have yet. */
static struct str name_choose(struct writing *writing, struct str wanted)
{
    struct str name = wanted;
    for (uint32_t number = 2, i = 0; i < writing->name_count; i++)
        if (str_eq(writing->names[i], name)) {
            name = arena_printf(writing->arena, "%.*s%u", STR_ARG(wanted), number++);
            i = UINT32_MAX; /* from the start */
        }
    if (writing->name_count < NAMES_MAX) writing->names[writing->name_count++] = name;
    return name;
}

static bool is_character(const struct token *token, char c)
{
    return token->kind == (uint32_t)KIND_CHARACTER + (unsigned char)c;
}

static bool is_number(const struct token *token)
{
    return token->kind < KIND_COUNT && str_eq_z(str_of(KINDS[token->kind].pattern), "%{NUMBER");
}

/* `key=`, or a word before a number, names what follows. */
static struct str name_before(const struct shape *shape, uint32_t number, struct arena *arena)
{
    struct str none = {NULL, 0};
    if (number < 2) return none;
    const struct token *token = &shape->tokens[number], *between = token - 1, *key = token - 2;
    if (!is_character(between, '=') && !(is_character(between, ' ') && is_number(token)))
        return none;
    if (key->kind != KIND_TEXT || !key->is_word || key->is_varied || is_digit(key->text.ptr[0]))
        return none;
    char *name = arena_copy_z(arena, key->text);
    for (size_t i = 0; i < key->text.len; i++)
        if (name[i] >= 'A' && name[i] <= 'Z') name[i] |= 0x20;
    return (struct str){name, key->text.len};
}

static bool ends_before_blank(const struct shape *shape, uint32_t number)
{
    const struct token *next = &shape->tokens[number + 1];
    return number + 1 == shape->count || next->kind == KIND_BLANKS || is_character(next, ' ');
}

static void token_write(struct writing *writing, const struct shape *shape, uint32_t number)
{
    const struct token *token = &shape->tokens[number];
    struct str name = name_before(shape, number, writing->arena);
    bool is_key_value = name.len && is_character(token - 1, '=');
    if (token->kind < KIND_COUNT && !KINDS[token->kind].field) {
        buf_append_z(writing->out, KINDS[token->kind].pattern);
    } else if (token->kind < KIND_COUNT) {
        name = name_choose(writing, name.len ? name : str_of(KINDS[token->kind].field));
        buf_printf(writing->out, "%s:%.*s}", KINDS[token->kind].pattern, STR_ARG(name));
    } else if (token->kind == KIND_BLANKS) {
        buf_append_z(writing->out, "\\s+");
    } else if (token->kind == KIND_TEXT && (token->is_varied || is_key_value)) {
        name = name_choose(writing, name.len ? name : STR("word"));
        buf_printf(writing->out, "%%{%s:%.*s}",
                   token->is_word                     ? "WORD"
                   : ends_before_blank(shape, number) ? "NOTSPACE"
                                                      : "DATA",
                   STR_ARG(name));
    } else {
        literal_write(token->text, writing->out);
    }
}

static struct str pattern_write(struct grok_suggester *suggester, const struct shape *shape,
                                uint32_t count, bool has_rest)
{
    struct buf out = buf_in_arena(suggester->arena);
    struct writing writing = {.out = &out, .arena = suggester->arena};
    buf_append_char(&out, '^');
    for (uint32_t i = 0; i < count; i++) token_write(&writing, shape, i);
    struct str rest = name_choose(&writing, STR("message"));
    if (has_rest) buf_printf(&out, "%%{GREEDYDATA:%.*s}", STR_ARG(rest));
    buf_append_char(&out, '$');
    return buf_take(&out);
}

/* ---- all shapes ---- */

/* The parts that all lines begin with whose first part is of this kind, as one shape; they end
 * before the first text that varies: what a message begins with is a word by chance. Returns how
 * many shapes these are. */
static uint32_t common_parts(const struct grok_suggester *suggester, uint32_t kind,
                             struct shape *common)
{
    uint32_t shapes = 0;
    for (uint32_t s = 0; s < suggester->count; s++) {
        const struct shape *shape = suggester->shapes[s];
        if (!shape->count || shape->tokens[0].kind != kind) continue;
        if (!shapes++) {
            *common = *shape;
            continue;
        }
        uint32_t same = 0;
        while (same < common->count && same < shape->count &&
               common->tokens[same].kind == shape->tokens[same].kind)
            same++;
        common->count = same;
        common->lines += shape->lines;
        for (uint32_t i = 0; i < same; i++) {
            struct token *token = &common->tokens[i];
            token->is_varied |=
                shape->tokens[i].is_varied || !str_eq(token->text, shape->tokens[i].text);
            token->is_word &= shape->tokens[i].is_word;
        }
    }
    const struct token *tokens = common->tokens;
    while (common->count && tokens[common->count - 1].kind == KIND_TEXT &&
           tokens[common->count - 1].is_varied)
        common->count--;
    return shapes;
}

static uint32_t general_add(struct grok_suggester *suggester, uint32_t kind,
                            struct grok_suggestion *to)
{
    struct shape *common = arena_zalloc(suggester->arena, sizeof *common);
    uint32_t shapes = common_parts(suggester, kind, common);
    bool is_head = kind < KIND_COUNT && !KINDS[kind].field;
    if (shapes < 2 || !common->count || (common->count < GENERAL_PARTS_MIN && !is_head)) return 0;
    *to = (struct grok_suggestion){.pattern = pattern_write(suggester, common, common->count, true),
                                   .example = common->example,
                                   .lines = common->lines,
                                   .is_general = true};
    return 1;
}

static int by_lines(const void *a, const void *b)
{
    const struct grok_suggestion *one = a, *other = b;
    if (one->is_general != other->is_general) return one->is_general ? -1 : 1;
    if (one->lines != other->lines) return one->lines > other->lines ? -1 : 1;
    return str_cmp(one->pattern, other->pattern);
}

uint32_t grok_suggestions(struct grok_suggester *suggester, struct grok_suggestion *to,
                          uint32_t capacity)
{
    uint32_t count = 0;
    struct grok_suggestion *all =
        arena_zalloc(suggester->arena, ((size_t)2 * suggester->count + 1) * sizeof *all);
    for (uint32_t i = 0; i < suggester->count; i++) {
        const struct shape *shape = suggester->shapes[i];
        all[count++] = (struct grok_suggestion){
            .pattern = pattern_write(suggester, shape, shape->count, shape->has_rest),
            .example = shape->example,
            .lines = shape->lines};
    }
    for (uint32_t kind = 0; kind < KIND_CHARACTER + 256; kind++)
        count += general_add(suggester, kind, &all[count]);
    qsort(all, count, sizeof *all, by_lines);
    if (count > capacity) count = capacity;
    memcpy(to, all, count * sizeof *all);
    return count;
}
