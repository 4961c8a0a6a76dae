/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/replace.h"
#include "core/text/buf.h"
#include "core/text/utf8.h"

/* The name in `\k<name>` at the start of `text`; false when it is not that. */
static bool name_read(struct str text, struct str *name)
{
    if (!str_starts(text, STR("\\k<"))) return false;
    const char *end = memchr(text.ptr, '>', text.len);
    if (!end || end == text.ptr + 3) return false;
    *name = str_slice(text, 3, (size_t)(end - text.ptr));
    return true;
}

/* Several groups may have one name: the last one that took part counts. */
static bool name_find(const struct regex *regex, struct str name, const struct regex_match *match,
                      struct str subject, struct str *text)
{
    uint32_t count;
    const struct regex_name *names = regex_names(regex, &count);
    bool found = false;
    *text = STR("");
    for (uint32_t i = 0; i < count; i++) {
        if (!str_eq(names[i].name, name)) continue;
        found = true;
        if (match) regex_group(match, subject, names[i].group, text);
    }
    return found;
}

bool replace_check(const struct regex *regex, struct str replacement, struct str *name)
{
    struct str text;
    for (size_t at = 0; at + 1 < replacement.len; at++) {
        if (replacement.ptr[at] != '\\') continue;
        if (name_read(str_from(replacement, at), name) && !name_find(regex, *name, NULL, text, &text))
            return false;
        at++;
    }
    return true;
}

struct replacing {
    const struct regex *regex;
    struct str subject, replacement;
    struct regex_match match;
    struct buf out;
};

/* One escape at the start of `text` (a backslash and what follows); `*taken` of its bytes were used. */
static bool escape_append(struct replacing *r, struct str text, size_t *taken)
{
    struct str part = STR(""), name;
    const size_t *whole = r->match.offsets;
    char c = text.ptr[1];
    *taken = 2;
    if (is_digit(c) || c == '&')
        regex_group(&r->match, r->subject, c == '&' ? 0 : (uint32_t)(c - '0'), &part);
    else if (c == '\\')
        part = STR("\\");
    else if (c == '`')
        part = str_slice(r->subject, 0, whole[0]);
    else if (c == '\'')
        part = str_from(r->subject, whole[1]);
    else if (name_read(text, &name)) {
        *taken = name.len + 4;
        if (!name_find(r->regex, name, &r->match, r->subject, &part)) return false;
    } else
        part = str_slice(text, 0, 2);
    buf_append(&r->out, part);
    return true;
}

static bool replacement_append(struct replacing *r)
{
    struct str rest = r->replacement;
    while (rest.len) {
        const char *escape = memchr(rest.ptr, '\\', rest.len);
        size_t plain = escape ? (size_t)(escape - rest.ptr) : rest.len;
        if (plain + 1 >= rest.len) plain = rest.len; /* a backslash at the end is one */
        buf_append(&r->out, str_slice(rest, 0, plain));
        rest = str_from(rest, plain);
        size_t taken = 0;
        if (rest.len && !escape_append(r, rest, &taken)) return false;
        rest = str_from(rest, taken);
    }
    return true;
}

/* What one more match can add at most: each escape takes up to the whole subject. */
static bool memory_allows(const struct replacing *r, const struct arena *arena)
{
    size_t once = r->replacement.len;
    for (size_t i = 0; i + 1 < r->replacement.len; i++)
        if (r->replacement.ptr[i] == '\\') once += r->subject.len;
    return arena_allows(arena, 2 * (r->out.len + once + r->subject.len));
}

/* The bytes of the character at `at`: an empty match steps over it. */
static size_t character_len(struct str text, size_t at)
{
    size_t len;
    utf8_decode(str_from(text, at), &len);
    return len ? len : 1;
}

static enum replace_verdict replace_matches(struct replacing *r, struct regex *regex, uint8_t flags,
                                            struct arena *arena)
{
    size_t at = 0, copied = 0;
    enum replace_verdict verdict = REPLACE_NONE;
    while (at <= r->subject.len) {
        enum regex_verdict found = regex_match(regex, r->subject, flags, at, &r->match);
        if (found == REGEX_LIMIT) return REPLACE_LIMIT;
        if (found == REGEX_NO_MATCH) break;
        if (!memory_allows(r, arena)) return REPLACE_MEMORY;
        size_t start = r->match.offsets[0], end = r->match.offsets[1];
        assert(start >= copied && end >= start);
        buf_append(&r->out, str_slice(r->subject, copied, start));
        if (!replacement_append(r)) return REPLACE_BAD_NAME;
        copied = at = end;
        if (start == end) at += at < r->subject.len ? character_len(r->subject, at) : 1;
        verdict = REPLACE_DONE;
    }
    if (verdict == REPLACE_DONE) buf_append(&r->out, str_from(r->subject, copied));
    return verdict;
}

enum replace_verdict replace_all(struct regex *regex, const struct value *subject,
                                 struct str replacement, struct arena *arena, struct str *out)
{
    struct replacing r = {.regex = regex,
                          .subject = value_text(subject),
                          .replacement = replacement,
                          .out = buf_in_arena(arena)};
    uint8_t flags = subject->flags;
    /* looked up once for all its matches, not by each */
    if (!flags) flags = utf8_check(r.subject) == UTF8_VALID ? STRING_UTF8 : STRING_BINARY;
    enum replace_verdict verdict = replace_matches(&r, regex, flags, arena);
    if (verdict == REPLACE_DONE) *out = buf_take(&r.out);
    return verdict;
}
