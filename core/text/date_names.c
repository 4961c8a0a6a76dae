/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a month's or weekday's name at the start of a text. As Joda-Time does: long and short
 * forms alike, in exact, lower and upper case, the longest first. */
#include "core/text/date_pattern.h"

enum { BUCKETS = 256, NAME_MAX = 24, CASES = 3 };

struct name {
    struct str text;
    uint8_t number;
    uint16_t next; /* in the bucket, longer ones first; 0: none */
};

struct names {
    uint16_t heads[BUCKETS];
    uint16_t count; /* entry 0 is unused */
    struct name entries[];
};

static unsigned bucket_of(const char *text)
{
    unsigned two = (unsigned char)text[0] * 31u + (unsigned char)text[1] * 7u;
    return two % BUCKETS;
}

/* ASCII and the letters U+00C0..U+00DE, which is all that these languages have. */
static char change_case(const char *text, size_t at, int to)
{
    char c = text[at];
    bool is_latin = at && (unsigned char)text[at - 1] == 0xc3;
    unsigned char u = (unsigned char)c;
    if (to > 0 && ((c >= 'a' && c <= 'z') || (is_latin && u >= 0xa0 && u <= 0xbe))) return (char)(u - 0x20);
    if (to < 0 && ((c >= 'A' && c <= 'Z') || (is_latin && u >= 0x80 && u <= 0x9e))) return (char)(u + 0x20);
    return c;
}

static void add(struct names *names, struct str text, unsigned number)
{
    uint16_t *link = &names->heads[bucket_of(text.ptr)];
    while (*link && names->entries[*link].text.len >= text.len) {
        if (str_eq(names->entries[*link].text, text)) return;
        link = &names->entries[*link].next;
    }
    uint16_t index = ++names->count;
    names->entries[index] = (struct name){text, (uint8_t)number, *link};
    *link = index;
}

static void add_cases(struct names *names, struct str form, unsigned number, struct arena *arena)
{
    assert(form.len >= 2 && form.len <= NAME_MAX);
    for (int to = -1; to <= 1; to++) {
        char *text = arena_alloc(arena, form.len);
        for (size_t i = 0; i < form.len; i++)
            text[i] = to ? change_case(form.ptr, i, to) : form.ptr[i];
        add(names, (struct str){text, form.len}, number);
    }
}

/* How many forms there are, those without their dot included. */
static unsigned count_forms(const char *const *forms, unsigned count)
{
    unsigned total = 0;
    for (unsigned i = 0; i < count; i++) {
        total += 2;
        for (const char *at = forms[i]; *at; at++) total += *at == '|' ? 2 : 0;
    }
    return total;
}

const struct names *names_compile(const char *const *forms, unsigned count, struct arena *arena)
{
    size_t room = (count_forms(forms, count) * CASES + 1) * sizeof(struct name);
    struct names *names = arena_zalloc(arena, sizeof *names + room);
    for (unsigned i = 0; i < count; i++)
        for (const char *at = forms[i]; at;) {
            const char *end = strchrnul(at, '|');
            struct str form = {at, (size_t)(end - at)};
            add_cases(names, form, i + 1, arena);
            if (end[-1] == '.') add_cases(names, str_slice(form, 0, form.len - 1), i + 1, arena);
            at = *end ? end + 1 : NULL;
        }
    return names;
}

unsigned names_find(const struct names *names, struct str text, size_t *len)
{
    if (text.len < 2) return 0;
    for (unsigned i = names->heads[bucket_of(text.ptr)]; i; i = names->entries[i].next) {
        const struct name *name = &names->entries[i];
        if (!str_starts(text, name->text)) continue;
        *len = name->text.len;
        return name->number;
    }
    return 0;
}
