/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns: =~, match, scan, sub, gsub, split, and what a match knows. */
#include "core/ruby/methods.h"
#include "core/text/utf8.h"
#include "core/xmalloc.h"
#include <stdlib.h>

struct regex *ruby_regex_compile(struct str text, unsigned options, struct arena *arena,
                                 struct regex_problem *problem)
{
    struct regex_options how = {.is_dotall = (options & REGEX_DOTALL) != 0,
                                .is_caseless = (options & REGEX_CASELESS) != 0};
    if (options & REGEX_EXTENDED) text = arena_printf(arena, "(?x)%.*s", STR_ARG(text));
    return regex_compile(text, &how, problem);
}

struct regex *ruby_regex_made(struct ruby_run *run, struct str text, unsigned options)
{
    struct ruby *ruby = run->ruby;
    for (uint32_t i = 0; i < ruby->pattern_count; i++) {
        struct ruby_pattern *known = &ruby->patterns[i];
        if (known->options == options && str_eq((struct str){known->text, known->len}, text))
            return known->regex;
    }
    struct regex_problem problem;
    if (ruby->pattern_count == RUBY_PATTERNS_MAX)
        return ruby_raise_limit(run, "too many patterns are built for one event"), NULL;
    run->steps += 500; /* compiling costs that of some hundred calls */
    struct regex *regex = ruby_regex_compile(text, options, run->arena, &problem);
    if (!regex) return ruby_raise(run, "RegexpError", "%s", problem.text), NULL;
    if (!run->event) { /* before the first event: for good */
        struct ruby_regex *owned = arena_alloc(ruby->arena, sizeof *owned);
        *owned = (struct ruby_regex){regex, ruby->regexes};
        ruby->regexes = owned;
        return regex;
    }
    struct ruby_pattern *place = &ruby->patterns[ruby->pattern_count++];
    *place = (struct ruby_pattern){regex, xmalloc(text.len + 1), text.len, options};
    if (text.len) memcpy(place->text, text.ptr, text.len);
    return regex;
}

void ruby_patterns_forget(struct ruby *ruby)
{
    for (uint32_t i = 0; i < ruby->pattern_count; i++) {
        regex_destroy(ruby->patterns[i].regex);
        free(ruby->patterns[i].text);
    }
    ruby->pattern_count = 0;
}

static struct str escaped(struct ruby_run *run, struct str text)
{
    struct buf out = buf_in_arena(run->arena);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        static const char blanks[] = "\n\t\r\f\v", letters[] = "ntrfv";
        const char *blank = c ? strchr(blanks, c) : NULL;
        if (blank) {
            buf_append_char(&out, '\\');
            buf_append_char(&out, letters[blank - blanks]);
            continue;
        }
        if (c && strchr(".*?+^$|\\()[]{}- #", c)) buf_append_char(&out, '\\');
        buf_append_char(&out, c);
    }
    struct str result = buf_take(&out);
    return result.ptr ? result : STR("");
}

struct regex *ruby_regex_of(struct ruby_run *run, struct value value)
{
    if (value.kind == RUBY_REGEX) return (struct regex *)(uintptr_t)ruby_pointer(value);
    struct str text;
    if (!want_text(run, value, &text)) return NULL;
    return ruby_regex_made(run, text, 0);
}

int ruby_search(struct ruby_run *run, struct regex *regex, struct str subject, size_t start,
                struct regex_match *match)
{
    if (!regex) return -1;
    if (!ruby_step(run, 1 + (uint32_t)(subject.len >> 10))) return -1;
    enum regex_verdict verdict = regex_match(regex, subject, 0, start, match);
    if (verdict == REGEX_LIMIT) {
        ruby_raise_limit(run, "a pattern takes too long");
        return -1;
    }
    return verdict == REGEX_MATCH;
}

static struct value match_new(struct ruby_run *run, const struct regex *regex, struct str subject,
                              const struct regex_match *match)
{
    uint32_t groups = regex_group_count(regex) + 1;
    struct ruby_match *made = arena_alloc(run->arena, sizeof *made + 2 * groups * sizeof(size_t));
    *made = (struct ruby_match){subject, regex, groups};
    for (uint32_t i = 0; i < 2 * groups; i++)
        made->offsets[i] = i < 2 * match->count ? match->offsets[i] : REGEX_UNSET;
    return run->match = ruby_of_pointer(RUBY_MATCH, made);
}

struct value ruby_match_group(struct value value, uint32_t group)
{
    const struct ruby_match *match = ruby_pointer(value);
    if (group >= match->count || match->offsets[2 * group] == REGEX_UNSET) return value_null();
    return ruby_string(
        str_slice(match->subject, match->offsets[2 * group], match->offsets[2 * group + 1]));
}

struct value ruby_match_named(struct value value, struct str name)
{
    const struct ruby_match *match = ruby_pointer(value);
    uint32_t count;
    const struct regex_name *names = regex_names(match->regex, &count);
    struct value found = VALUE_NONE;
    for (uint32_t i = 0; i < count; i++)
        if (str_eq(names[i].name, name) &&
            (found.kind == VALUE_MISSING || found.kind == VALUE_NULL))
            found = ruby_match_group(value, names[i].group);
    return found;
}

/* The whole of a match, searched from byte `start`: MatchData or nil. */
static struct value search(struct ruby_run *run, struct regex *regex, struct str subject,
                           size_t start)
{
    struct regex_match match;
    int found = ruby_search(run, regex, subject, start, &match);
    if (found < 0) return LEFT;
    if (!found) return run->match = value_null();
    return match_new(run, regex, subject, &match);
}

struct value ruby_match_run(struct ruby_run *run, struct value left, struct value right)
{
    struct value pattern = left.kind == RUBY_REGEX ? left : right,
                 subject = left.kind == RUBY_REGEX ? right : left;
    if (subject.kind == VALUE_NULL) return run->match = value_null();
    if (pattern.kind != RUBY_REGEX || !is_text(subject))
        return ruby_raise(run, "TypeError", "wrong argument type %s (expected Regexp)",
                          ruby_class_name(pattern.kind == RUBY_REGEX ? subject : pattern));
    struct value match = search(run, ruby_regex_of(run, pattern), ruby_text(subject), 0);
    if (match.kind != RUBY_MATCH) return match;
    const struct ruby_match *found = ruby_pointer(match);
    return value_int((int64_t)ruby_char_count(str_slice(found->subject, 0, found->offsets[0])));
}

/* `text.match(pattern)`, `pattern.match(text)` */
static bool match_sides(struct ruby_run *run, const struct ruby_args *args, struct regex **regex,
                        struct value *subject)
{
    bool is_pattern = args->self.kind == RUBY_REGEX;
    *subject = is_pattern ? ARG(0) : args->self;
    *regex = ruby_regex_of(run, is_pattern ? args->self : ARG(0));
    if (!*regex) return false;
    if (is_text(*subject) || subject->kind == VALUE_NULL) return true;
    return want_text(run, *subject, &(struct str){0});
}
METHOD(match)
{
    struct regex *regex;
    struct value subject;
    if (!match_sides(run, args, &regex, &subject)) return LEFT;
    if (subject.kind == VALUE_NULL) return run->match = value_null();
    return search(run, regex, ruby_text(subject), 0);
}
METHOD(matches)
{
    struct regex *regex;
    struct value subject;
    if (!match_sides(run, args, &regex, &subject)) return LEFT;
    if (subject.kind == VALUE_NULL) return value_bool(false);
    int found = ruby_search(run, regex, ruby_text(subject), 0, NULL);
    return found < 0 ? LEFT : value_bool(found);
}

static size_t step_over(struct str text, size_t at)
{
    size_t len = 1;
    if (at < text.len) utf8_decode(str_from(text, at), &len);
    return at + (len ? len : 1);
}

METHOD(scan)
{
    struct str text = SELF_TEXT;
    struct regex *regex = ARG(0).kind == RUBY_REGEX ? ruby_regex_of(run, ARG(0)) : NULL;
    if (!regex) {
        struct str literal;
        if (!want_text(run, ARG(0), &literal) ||
            !(regex = ruby_regex_made(run, escaped(run, literal), 0)))
            return LEFT;
    }
    struct value list = ruby_list_new(run, 0);
    for (size_t at = 0; at <= text.len;) {
        struct value match = search(run, regex, text, at);
        if (has_left(match)) return match;
        if (match.kind == VALUE_NULL) break;
        const struct ruby_match *found = ruby_pointer(match);
        struct value item = ruby_match_group(match, 0);
        if (found->count > 1) {
            item = ruby_list_new(run, found->count - 1);
            for (uint32_t i = 1; i < found->count; i++)
                ruby_push(run, item, ruby_match_group(match, i));
        }
        at = found->offsets[1] > found->offsets[0] ? found->offsets[1]
                                                   : step_over(text, found->offsets[1]);
        if (args->block ? has_left(ruby_yield_one(run, args->block, item))
                        : !ruby_push(run, list, item))
            return LEFT;
    }
    return args->block ? args->self : list;
}

/* ---- sub, gsub ---- */

/* What stands for a match: text with \1, an entry of a hash, or what the block gives. */
static bool replacement_append(struct ruby_run *run, const struct ruby_args *args,
                               struct value match, struct buf *out)
{
    const struct ruby_match *found = ruby_pointer(match);
    struct value with = value_null();
    if (args->block)
        with = ruby_yield_one(run, args->block, ruby_match_group(match, 0));
    else if (ARG(1).kind == VALUE_MAP)
        with = ruby_hash_get(run, ARG(1), ruby_match_group(match, 0));
    if (has_left(with)) return false;
    if (args->block || ARG(1).kind == VALUE_MAP) {
        ruby_print(run, with, out);
        return true;
    }
    struct str text;
    if (!want_text(run, ARG(1), &text)) return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i], next = i + 1 < text.len ? text.ptr[i + 1] : '\0';
        struct value group = value_null();
        if (c != '\\' || !next) {
            buf_append_char(out, c);
            continue;
        }
        i++;
        if (is_digit(next))
            group = ruby_match_group(match, (uint32_t)(next - '0'));
        else if (next == '&')
            group = ruby_match_group(match, 0);
        else if (next == '\\')
            buf_append_char(out, '\\');
        else if (next == '`')
            buf_append(out, str_slice(found->subject, 0, found->offsets[0]));
        else if (next == '\'')
            buf_append(out, str_from(found->subject, found->offsets[1]));
        else if (next == 'k' && i + 1 < text.len && text.ptr[i + 1] == '<' &&
                 memchr(text.ptr + i, '>', text.len - i)) {
            const char *end = memchr(text.ptr + i, '>', text.len - i);
            size_t close = (size_t)(end - text.ptr);
            group = ruby_match_named(match, str_slice(text, i + 2, close));
            if (group.kind == VALUE_MISSING)
                return ruby_raise(run, "IndexError", "undefined group name reference"), false;
            i = close;
        } else {
            buf_append_char(out, '\\');
            buf_append_char(out, next);
        }
        ruby_print(run, group, out);
    }
    return true;
}

static struct value substitute(struct ruby_run *run, const struct ruby_args *args, bool all)
{
    struct str text = SELF_TEXT;
    struct regex *regex = NULL;
    if (!args->block && args->count < 2)
        return ruby_raise(run, "ArgumentError", "wrong number of arguments (given 1, expected 2)");
    if (ARG(0).kind == VALUE_STRING)
        regex = ruby_regex_made(run, escaped(run, ruby_text(ARG(0))), 0);
    else if (ARG(0).kind == RUBY_REGEX)
        regex = ruby_regex_of(run, ARG(0));
    else
        want_text(run, ARG(0), &(struct str){0});
    if (!regex) return LEFT;
    struct buf out = buf_in_arena(run->arena);
    size_t done = 0;
    struct value last = value_null();
    for (size_t at = 0; at <= text.len;) {
        struct value match = search(run, regex, text, at);
        if (has_left(match)) return match;
        if (match.kind == VALUE_NULL) break;
        last = match;
        const struct ruby_match *found = ruby_pointer(match);
        buf_append(&out, str_slice(text, done, found->offsets[0]));
        if (!replacement_append(run, args, match, &out)) return LEFT;
        if (!ruby_allows(run, out.len)) return LEFT;
        done = found->offsets[1];
        at = found->offsets[1] > found->offsets[0] ? found->offsets[1]
                                                   : step_over(text, found->offsets[1]);
        if (!all) break;
    }
    run->match = last;
    if (last.kind == VALUE_NULL) return args->self;
    buf_append(&out, str_from(text, done));
    return text_of_buf(&out);
}
METHOD(sub) { return substitute(run, args, false); }
METHOD(gsub) { return substitute(run, args, true); }

/* ---- split ---- */
static bool split_blanks(struct ruby_run *run, struct str text, int64_t limit, struct value list)
{
    text = text_strip(text, true, false);
    for (int64_t parts = 1; text.len; parts++) {
        size_t end = 0;
        while (end < text.len && !is_blank(text.ptr[end]) && text.ptr[end] != '\v' &&
               text.ptr[end] != '\f')
            end++;
        if (limit > 0 && parts >= limit) end = text.len;
        if (!ruby_push(run, list, ruby_string(str_slice(text, 0, end)))) return false;
        if (end < text.len && limit != 0 && text_strip(str_from(text, end), true, false).len == 0)
            return ruby_push(run, list, ruby_string(STR("")));
        text = text_strip(str_from(text, end), true, false);
    }
    return true;
}

static bool split_text(struct ruby_run *run, struct str text, struct str by, int64_t limit,
                       struct value list)
{
    for (int64_t parts = 1;; parts++) {
        ptrdiff_t at = limit > 0 && parts >= limit ? -1
                       : by.len                    ? str_find(text, by)
                       : text.len > 1              ? (ptrdiff_t)step_over(text, 0)
                                                   : -1;
        if (!by.len && at >= (ptrdiff_t)text.len) at = -1;
        size_t end = at < 0 ? text.len : (size_t)at;
        if (!ruby_push(run, list, ruby_string(str_slice(text, 0, end)))) return false;
        if (at < 0) return true;
        text = str_from(text, end + by.len);
    }
}

static bool split_regex(struct ruby_run *run, struct str text, struct regex *regex, int64_t limit,
                        struct value list)
{
    size_t from = 0, at = 0;
    for (int64_t parts = 1; at <= text.len && !(limit > 0 && parts >= limit);) {
        struct regex_match match;
        int found = ruby_search(run, regex, text, at, &match);
        if (found < 0) return false;
        if (!found) break;
        size_t start = match.offsets[0], end = match.offsets[1];
        if (start == end && (start == from || start >= text.len)) {
            if (start >= text.len) break;
            if (start == from) {
                at = step_over(text, at);
                if (at >= text.len) break;
                if (!ruby_search(run, regex, text, at, NULL)) break;
                if (run->steps > RUBY_STEPS_MAX) return false;
                continue;
            }
        }
        if (!ruby_push(run, list, ruby_string(str_slice(text, from, start)))) return false;
        for (uint32_t i = 1; i < match.count; i++)
            if (match.offsets[2 * i] != REGEX_UNSET &&
                !ruby_push(
                    run, list,
                    ruby_string(str_slice(text, match.offsets[2 * i], match.offsets[2 * i + 1]))))
                return false;
        from = end;
        at = end > start ? end : step_over(text, end);
        parts++;
    }
    return ruby_push(run, list, ruby_string(str_from(text, from)));
}

METHOD(split)
{
    struct value list = ruby_list_new(run, 0), by = HAS(0) ? ARG(0) : value_null();
    int64_t limit = 0;
    bool ok;
    if (HAS(1) && !want_int(run, ARG(1), &limit)) return LEFT;
    if (!args->self.len) return list;
    if (by.kind == VALUE_NULL || (by.kind == VALUE_STRING && str_eq(ruby_text(by), STR(" "))))
        ok = split_blanks(run, SELF_TEXT, limit, list);
    else if (by.kind == RUBY_REGEX)
        ok = split_regex(run, SELF_TEXT, ruby_regex_of(run, by), limit, list);
    else {
        struct str text;
        ok = want_text(run, by, &text) && split_text(run, SELF_TEXT, text, limit, list);
    }
    if (!ok) return LEFT;
    while (limit == 0 && list.array->count && !list.array->items[list.array->count - 1].len)
        list.array->count--;
    return list;
}

/* ---- index ---- */
METHOD(index_of)
{
    struct str text = SELF_TEXT, part;
    int64_t from = 0;
    if (HAS(1) && !want_int(run, ARG(1), &from)) return LEFT;
    if (from < 0) from += (int64_t)ruby_char_count(text);
    if (from < 0) return value_null();
    size_t start = ruby_char_offset(text, (size_t)from);
    if (ARG(0).kind == RUBY_REGEX) {
        struct value match = search(run, ruby_regex_of(run, ARG(0)), text, start);
        if (match.kind != RUBY_MATCH) return match;
        return value_int((int64_t)ruby_char_count(
            str_slice(text, 0, ((const struct ruby_match *)ruby_pointer(match))->offsets[0])));
    }
    if (!want_text(run, ARG(0), &part)) return LEFT;
    ptrdiff_t at = str_find(str_from(text, start), part);
    return at < 0 ? value_null()
                  : value_int((int64_t)ruby_char_count(str_slice(text, 0, start + (size_t)at)));
}
METHOD(last_index_of)
{
    struct str text = SELF_TEXT, part;
    if (!want_text(run, ARG(0), &part)) return LEFT;
    for (size_t at = text.len + 1; at-- > 0;)
        if (at + part.len <= text.len && str_starts(str_from(text, at), part))
            return value_int((int64_t)ruby_char_count(str_slice(text, 0, at)));
    return value_null();
}

/* ---- MatchData ---- */
METHOD(captures)
{
    const struct ruby_match *match = ruby_pointer(args->self);
    bool whole = args->node && args->node->name.ptr[0] == 't'; /* to_a */
    struct value list = ruby_list_new(run, match->count);
    for (uint32_t i = whole ? 0 : 1; i < match->count; i++)
        if (!ruby_push(run, list, ruby_match_group(args->self, i))) return LEFT;
    return list;
}
METHOD(named_captures)
{
    const struct ruby_match *match = ruby_pointer(args->self);
    uint32_t count;
    const struct regex_name *names = regex_names(match->regex, &count);
    bool only_names = args->node && args->node->name.len == 5;
    struct value hash = ruby_hash_new(run, count), list = ruby_list_new(run, count);
    for (uint32_t i = 0; i < count; i++) {
        struct value name = ruby_string(arena_copy(run->arena, names[i].name));
        if (!ruby_hash_set(run, hash, name, ruby_match_named(args->self, names[i].name)) ||
            !ruby_push(run, list, name))
            return LEFT;
    }
    return only_names ? list : hash;
}
METHOD(pre_match)
{
    (void)run;
    const struct ruby_match *match = ruby_pointer(args->self);
    return ruby_string(str_slice(match->subject, 0, match->offsets[0]));
}
METHOD(post_match)
{
    (void)run;
    const struct ruby_match *match = ruby_pointer(args->self);
    return ruby_string(str_from(match->subject, match->offsets[1]));
}

METHOD(regexp_escape)
{
    struct str text;
    return want_text(run, ARG(0), &text) ? ruby_string(escaped(run, text)) : LEFT;
}
METHOD(regexp_new)
{
    if (ARG(0).kind == RUBY_REGEX) return ARG(0);
    struct str text;
    if (!want_text(run, ARG(0), &text)) return LEFT;
    unsigned options = HAS(1) && is_true(ARG(1)) ? REGEX_CASELESS : 0;
    struct regex *regex = ruby_regex_made(run, text, options);
    return regex ? ruby_of_pointer(RUBY_REGEX, regex) : LEFT;
}

const struct ruby_native ruby_pattern_methods[] = {
    {"match", IS_STRING | IS(RUBY_REGEX) | IS_SYMBOL, 1, 1, 0, match, NULL},
    {"match?", IS_STRING | IS(RUBY_REGEX) | IS_SYMBOL, 1, 1, 0, matches, NULL},
    {"scan", IS_STRING, 1, 1, BLOCK_MAY, scan, NULL},
    {"sub", IS_STRING, 1, 2, BLOCK_MAY, sub, NULL},
    {"gsub", IS_STRING, 1, 2, BLOCK_MAY, gsub, NULL},
    {"split", IS_STRING, 0, 2, 0, split, NULL},
    {"index", IS_STRING, 1, 2, 0, index_of, NULL},
    {"rindex", IS_STRING, 1, 1, 0, last_index_of, NULL},
    {"captures", IS(RUBY_MATCH), 0, 0, 0, captures, NULL},
    {"to_a", IS(RUBY_MATCH), 0, 0, 0, captures, NULL},
    {"named_captures", IS(RUBY_MATCH), 0, 0, 0, named_captures, NULL},
    {"names", IS(RUBY_MATCH), 0, 0, 0, named_captures, NULL},
    {"pre_match", IS(RUBY_MATCH), 0, 0, 0, pre_match, NULL},
    {"post_match", IS(RUBY_MATCH), 0, 0, 0, post_match, NULL},
    {"escape", 0, 1, 1, 0, regexp_escape, "Regexp"},
    {"quote", 0, 1, 1, 0, regexp_escape, "Regexp"},
    {"new", 0, 1, 2, 0, regexp_new, "Regexp"},
    {NULL, 0, 0, 0, 0, NULL, NULL}};
