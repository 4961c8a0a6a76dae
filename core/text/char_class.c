/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/char_class.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include "core/text/buf.h"
#include "core/text/replace.h"
#include "core/text/utf8.h"

void byte_set_add(struct byte_set *set, unsigned char byte)
{
    if (set->has[byte]) return;
    set->has[byte] = 1;
    if (set->count < CLASS_STOPS_MAX) set->stops[set->count] = (char)byte;
    set->count++;
}

#ifdef __SSE2__
/* A bit for each of the 16 bytes that is a member. */
static inline unsigned stops_mask(const struct byte_set *set, const char *at)
{
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i found = _mm_cmpeq_epi8(block, _mm_set1_epi8(set->stops[0]));
    for (uint32_t i = 1; i < set->count; i++)
        found = _mm_or_si128(found, _mm_cmpeq_epi8(block, _mm_set1_epi8(set->stops[i])));
    return (unsigned)_mm_movemask_epi8(found);
}
#endif

size_t byte_set_find(const struct byte_set *set, struct str text, size_t from)
{
    size_t at = from;
#ifdef __SSE2__
    if (set->count && set->count <= CLASS_STOPS_MAX)
        for (; at + 16 <= text.len; at += 16) {
            unsigned mask = stops_mask(set, text.ptr + at);
            if (mask) return at + (size_t)__builtin_ctz(mask);
        }
#endif
    while (at < text.len && !byte_set_has(set, text.ptr[at])) at++;
    return at;
}

/* Can only ASCII characters be members? Negation, classes within the class, \w and the like, properties and
 * code points are not looked into. */
static bool is_plain(struct str body)
{
    if (!utf8_is_ascii(body) || str_starts(body, STR("^"))) return false;
    if (str_find(body, STR("&&")) >= 0) return false;
    for (size_t i = 0; i < body.len; i++) {
        if (body.ptr[i] == '[') return false;
        if (body.ptr[i] != '\\' || i + 1 == body.len) continue;
        char next = body.ptr[++i];
        bool is_letter = (next | 32) >= 'a' && (next | 32) <= 'z';
        if (is_digit(next) || (is_letter && !strchr("tnrfvae", next))) return false;
    }
    return true;
}

static void members_add(struct byte_set *set, struct regex *regex)
{
    for (int byte = 0; byte < 128; byte++) {
        char c = (char)byte;
        if (regex_match(regex, (struct str){&c, 1}, 0, 0, NULL) == REGEX_MATCH)
            byte_set_add(set, (unsigned char)byte);
    }
}

enum char_class char_class_read(struct str body, struct byte_set *set, struct regex_problem *problem)
{
    struct buf text = {0};
    buf_printf(&text, "[%.*s]", STR_ARG(body));
    struct regex *regex = regex_compile(buf_str(&text), &(struct regex_options){0}, problem);
    buf_fini(&text);
    *set = (struct byte_set){.count = 0};
    if (!regex) {
        problem->offset -= problem->offset > 0;
        if (problem->offset > body.len) problem->offset = body.len;
        return CHAR_CLASS_WRONG;
    }
    bool is_bytes = is_plain(body);
    if (is_bytes) members_add(set, regex);
    regex_destroy(regex);
    return is_bytes ? CHAR_CLASS_BYTES : CHAR_CLASS_WIDE;
}

/* ---- taking members out ---- */

static struct regex *class_compile(const char *form, struct str body, struct regex_problem *problem)
{
    struct buf text = {0};
    for (const char *at = form; *at; at++) {
        if (*at == '@')
            buf_append(&text, body);
        else
            buf_append_char(&text, *at);
    }
    struct regex *regex = regex_compile(buf_str(&text), &(struct regex_options){0}, problem);
    buf_fini(&text);
    return regex;
}

bool char_cutter_init(struct char_cutter *cutter, struct str body, struct regex_problem *problem)
{
    *cutter = (struct char_cutter){.ends = NULL};
    if (!body.len) return true;
    enum char_class kind = char_class_read(body, &cutter->set, problem);
    if (kind != CHAR_CLASS_WIDE) return kind == CHAR_CLASS_BYTES;
    cutter->ends = class_compile("\\A[@]+|[@]+\\z", body, problem);
    cutter->each = class_compile("[@]+", body, problem);
    return cutter->ends && cutter->each;
}

void char_cutter_fini(struct char_cutter *cutter)
{
    regex_destroy(cutter->ends);
    regex_destroy(cutter->each);
    cutter->ends = cutter->each = NULL;
}

static struct str without(struct regex *regex, struct str text, struct arena *arena)
{
    struct value subject = value_string(text);
    struct str out;
    value_string_flags(&subject);
    return replace_all(regex, &subject, STR(""), arena, &out) == REPLACE_DONE ? out : text;
}

struct str char_cutter_trim(const struct char_cutter *cutter, struct str text, struct arena *arena)
{
    if (cutter->ends) return without(cutter->ends, text, arena);
    while (text.len && byte_set_has(&cutter->set, text.ptr[0])) text = str_from(text, 1);
    while (text.len && byte_set_has(&cutter->set, text.ptr[text.len - 1])) text.len--;
    return text;
}

struct str char_cutter_remove(const struct char_cutter *cutter, struct str text, struct arena *arena)
{
    if (cutter->each) return without(cutter->each, text, arena);
    if (!cutter->set.count) return text;
    size_t first = byte_set_find(&cutter->set, text, 0), len = first;
    if (first == text.len) return text;
    char *out = arena_alloc(arena, text.len);
    memcpy(out, text.ptr, first);
    for (size_t i = first; i < text.len; i++)
        if (!byte_set_has(&cutter->set, text.ptr[i])) out[len++] = text.ptr[i];
    return (struct str){out, len};
}
