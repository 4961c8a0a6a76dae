/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/kv.h"
#include <stdlib.h>
#include <time.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include "core/text/buf.h"
#include "core/text/char_class.h"
#include "core/xmalloc.h"

enum {
    VALUE_GROUPS = 6,
    CLOCK_EVERY = 16, /* attempts of the expression between two looks at the clock */
    BLOCK = 64,       /* bytes of which the stops are found at once */
};

struct kv {
    struct regex *pair;     /* one pair, anywhere */
    struct regex *splitter; /* what every pair has: without it none is looked for */
    uint32_t key_group, value_groups[VALUE_GROUPS], value_group_count;
    int64_t budget_ns;
    uint32_t attempts;
    bool has_tables, is_strict;
    struct byte_set value_split, field_split;
    /* Where a value ends (field splitters and the backslash), then what else ends a key; each 16 times. */
    struct byte_set stops;
    uint32_t value_stops; /* how many of them end a value */
    char stop_rows[CLASS_STOPS_MAX][16];
    char closes[256]; /* of the byte that opens a quoted value; 0: it opens none */
};

static const char KEY[] = "kv key", VALUE[] = "kv value";

/* ---- the expression ---- */

/* What splits, as an expression for one of them. */
static void splitter_print(struct buf *out, struct str pattern, struct str set)
{
    if (pattern.len)
        buf_printf(out, "(?:%.*s)", STR_ARG(pattern));
    else
        buf_printf(out, "[%.*s]", STR_ARG(set));
}

struct pieces {
    struct buf between, within; /* pairs; a pair */
};

static void pieces_print(struct pieces *pieces, const struct kv_syntax *syntax)
{
    const char *blanks = syntax->is_strict ? "" : " *";
    splitter_print(&pieces->between, syntax->field_pattern, syntax->field_split);
    buf_printf(&pieces->within, "(?:%s", blanks);
    splitter_print(&pieces->within, syntax->value_pattern, syntax->value_split);
    buf_printf(&pieces->within, "%s)", blanks);
}

/* Up to a splitter; of sets of characters a backslash takes the next one with it. */
static void key_print(struct buf *out, const struct kv_syntax *syntax, const struct pieces *pieces)
{
    buf_printf(out, "(?<%s>(?:", KEY);
    if (syntax->field_pattern.len || syntax->value_pattern.len)
        buf_printf(out, "(?!%.*s|%.*s)", STR_ARG(buf_str(&pieces->within)), STR_ARG(buf_str(&pieces->between)));
    else
        buf_printf(out, "\\\\.|(?![%.*s]|[%.*s])", STR_ARG(syntax->value_split), STR_ARG(syntax->field_split));
    buf_append(out, STR("(?m:.))+)"));
}

static void values_print(struct buf *out, const struct kv_syntax *syntax, const struct pieces *pieces)
{
    static const char *const quotes[] = {"\"\"", "''", "()", "[]", "<>"};
    size_t count = syntax->has_brackets ? sizeof quotes / sizeof *quotes : 2;
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "\\%c(?<%s>(?:\\\\.|[^\\%c])*)\\%c|", quotes[i][0], VALUE, quotes[i][1], quotes[i][1]);
    buf_printf(out, "(?<%s>(?:%s(?!%.*s)(?m:.))+)", VALUE, syntax->field_pattern.len ? "" : "\\\\.|",
               STR_ARG(buf_str(&pieces->between)));
}

static struct regex *pair_compile(const struct kv_syntax *syntax, const struct pieces *pieces,
                                  struct regex_problem *why)
{
    struct buf text = {0};
    key_print(&text, syntax, pieces);
    buf_append(&text, buf_str(&pieces->within));
    buf_append(&text, STR("(?:"));
    values_print(&text, syntax, pieces);
    buf_printf(&text, ")?(?:%.*s|$)", STR_ARG(buf_str(&pieces->between)));
    struct regex *regex = regex_compile(buf_str(&text), &(struct regex_options){.named_only = true}, why);
    buf_fini(&text);
    return regex;
}

/* A user's expression may have named groups, too: ours are known by their names. */
static void groups_find(struct kv *kv)
{
    uint32_t count;
    const struct regex_name *names = regex_names(kv->pair, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (str_eq_z(names[i].name, KEY)) kv->key_group = names[i].group;
        if (!str_eq_z(names[i].name, VALUE)) continue;
        assert(kv->value_group_count < VALUE_GROUPS);
        kv->value_groups[kv->value_group_count++] = names[i].group;
    }
}

static bool expression_make(struct kv *kv, const struct kv_syntax *syntax, struct kv_problem *problem)
{
    struct pieces pieces = {0};
    pieces_print(&pieces, syntax);
    kv->pair = pair_compile(syntax, &pieces, &problem->why);
    kv->splitter = regex_compile(buf_str(&pieces.within), &(struct regex_options){0}, &problem->why);
    buf_fini(&pieces.between);
    buf_fini(&pieces.within);
    if (kv->pair && kv->splitter) return groups_find(kv), true;
    /* each part was sound alone: say it of one of them, as a whole */
    problem->what = syntax->value_pattern.len ? &syntax->value_pattern : &syntax->field_pattern;
    problem->why.offset = 0;
    return false;
}

/* ---- the tables ---- */

static void tables_make(struct kv *kv, const struct kv_syntax *syntax)
{
    static const char *const quotes[] = {"\"\"", "''", "()", "[]", "<>"};
    for (size_t i = 0; i < (syntax->has_brackets ? 5 : 2); i++)
        kv->closes[(unsigned char)quotes[i][0]] = quotes[i][1];
    bool has_backslash = kv->field_split.has['\\'] || kv->value_split.has['\\'];
    byte_set_add(&kv->stops, '\\');
    for (int byte = 0; byte < 128; byte++)
        if (kv->field_split.has[byte]) byte_set_add(&kv->stops, (unsigned char)byte);
    kv->value_stops = kv->stops.count;
    for (int byte = 0; byte < 128; byte++)
        if (kv->value_split.has[byte]) byte_set_add(&kv->stops, (unsigned char)byte);
    for (uint32_t i = 0; i < kv->stops.count && i < CLASS_STOPS_MAX; i++)
        memset(kv->stop_rows[i], kv->stops.stops[i], sizeof kv->stop_rows[i]);
    /* a blank that splits competes with the blanks around it */
    kv->has_tables = !has_backslash && (syntax->is_strict || !kv->value_split.has[' ']);
}

/* Is this splitter sound? Sets become tables where they can. */
static bool splitter_check(const struct str *set, const struct str *pattern, struct byte_set *table,
                           bool *is_bytes, struct kv_problem *problem)
{
    *is_bytes = false;
    problem->what = pattern->len ? pattern : set;
    if (!pattern->len) {
        enum char_class kind = char_class_read(*set, table, &problem->why);
        *is_bytes = kind == CHAR_CLASS_BYTES;
        return kind != CHAR_CLASS_WRONG;
    }
    struct regex *regex = regex_compile(*pattern, &(struct regex_options){0}, &problem->why);
    regex_destroy(regex);
    return regex != NULL;
}

struct kv *kv_create(const struct kv_syntax *syntax, struct kv_problem *problem)
{
    struct kv *kv = xcalloc(1, sizeof *kv);
    bool values_are_bytes, fields_are_bytes;
    kv->is_strict = syntax->is_strict;
    kv->budget_ns = KV_BUDGET_NS;
    if (!splitter_check(&syntax->value_split, &syntax->value_pattern, &kv->value_split, &values_are_bytes, problem) ||
        !splitter_check(&syntax->field_split, &syntax->field_pattern, &kv->field_split, &fields_are_bytes, problem) ||
        !expression_make(kv, syntax, problem)) {
        kv_destroy(kv);
        return NULL;
    }
    if (values_are_bytes && fields_are_bytes) tables_make(kv, syntax);
    return kv;
}

void kv_destroy(struct kv *kv)
{
    if (!kv) return;
    regex_destroy(kv->pair);
    regex_destroy(kv->splitter);
    free(kv);
}

void kv_budget_set(struct kv *kv, int64_t ns)
{
    assert(ns > 0);
    if (ns >= KV_BUDGET_NS) return;
    kv->budget_ns = ns;
    regex_budget_set(kv->pair, ns);
    regex_budget_set(kv->splitter, ns);
}

bool kv_has_tables(const struct kv *kv) { return kv->has_tables; }

/* ---- pairs by the expression ---- */

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool is_late(struct kv *kv, struct kv_scan *scan)
{
    if (scan->end_ns && kv->attempts++ % CLOCK_EVERY) return false;
    int64_t now = now_ns();
    if (!scan->end_ns) scan->end_ns = now + kv->budget_ns;
    return now > scan->end_ns;
}

enum kv_verdict kv_next_by_regex(struct kv *kv, struct kv_scan *scan, struct kv_pair *pair)
{
    struct regex_match match;
    if (is_late(kv, scan)) return KV_LIMIT;
    switch (regex_match(kv->pair, scan->text, scan->flags, scan->at, &match)) {
    case REGEX_NO_MATCH: scan->at = scan->text.len; return KV_END;
    case REGEX_LIMIT: return KV_LIMIT;
    case REGEX_MATCH: break;
    }
    *pair = (struct kv_pair){.value = str_slice(scan->text, match.offsets[1], match.offsets[1])};
    bool has_key = regex_group(&match, scan->text, kv->key_group, &pair->key);
    assert(has_key);
    for (uint32_t i = 0; i < kv->value_group_count; i++)
        if (regex_group(&match, scan->text, kv->value_groups[i], &pair->value)) break;
    scan->at = match.offsets[1];
    return KV_PAIR;
}

/* ---- pairs by the tables ---- */

#ifdef __SSE2__
static inline __m128i bytes_at(const char *at) { return _mm_loadu_si128((const __m128i *)(const void *)at); }

static void stops_find(const struct kv *kv, struct kv_scan *scan, const char *bytes)
{
    for (int part = 0; part < BLOCK / 16; part++) {
        __m128i block = bytes_at(bytes + part * 16);
        __m128i found = _mm_cmpeq_epi8(block, bytes_at(kv->stop_rows[0]));
        uint32_t i = 1;
        for (; i < kv->value_stops; i++) found = _mm_or_si128(found, _mm_cmpeq_epi8(block, bytes_at(kv->stop_rows[i])));
        scan->value_stops |= (uint64_t)(unsigned)_mm_movemask_epi8(found) << part * 16;
        for (; i < kv->stops.count; i++) found = _mm_or_si128(found, _mm_cmpeq_epi8(block, bytes_at(kv->stop_rows[i])));
        scan->key_stops |= (uint64_t)(unsigned)_mm_movemask_epi8(found) << part * 16;
    }
}
#endif

static void stops_find_slowly(const struct kv *kv, struct kv_scan *scan, const char *bytes)
{
    for (int i = 0; i < BLOCK; i++) {
        bool ends_field = byte_set_has(&kv->field_split, bytes[i]) || bytes[i] == '\\';
        scan->value_stops |= (uint64_t)ends_field << i;
        scan->key_stops |= (uint64_t)byte_set_has(&kv->stops, bytes[i]) << i;
    }
}

static void block_load(const struct kv *kv, struct kv_scan *scan, size_t number)
{
    char end[BLOCK] = {0};
    const char *bytes = scan->text.ptr + number * BLOCK;
    size_t rest = scan->text.len - number * BLOCK;
    if (rest < BLOCK) bytes = memcpy(end, bytes, rest);
    scan->block = number + 1;
    scan->value_stops = scan->key_stops = 0;
#ifdef __SSE2__
    if (kv->stops.count <= CLASS_STOPS_MAX)
        stops_find(kv, scan, bytes);
    else
#endif
        stops_find_slowly(kv, scan, bytes);
    if (rest < BLOCK) {
        scan->key_stops &= ((uint64_t)1 << rest) - 1;
        scan->value_stops &= ((uint64_t)1 << rest) - 1;
    }
}

static size_t stop_next_block(const struct kv *kv, struct kv_scan *scan, size_t from, bool of_value)
{
    while (from < scan->text.len) {
        size_t number = from / BLOCK;
        block_load(kv, scan, number);
        uint64_t stops = (of_value ? scan->value_stops : scan->key_stops) >> from % BLOCK;
        if (stops) return from + (size_t)__builtin_ctzll(stops);
        from = (number + 1) * BLOCK;
    }
    return scan->text.len;
}

/* First place at or behind `from` where a key ends, or a value; the text's length when there is none. Nearly
 * always it is in the block at hand. */
static inline size_t stop_next(const struct kv *kv, struct kv_scan *scan, size_t from, bool of_value)
{
    uint64_t stops = (of_value ? scan->value_stops : scan->key_stops) >> from % BLOCK;
    if (scan->block == from / BLOCK + 1 && stops) return from + (size_t)__builtin_ctzll(stops);
    if (scan->block == from / BLOCK + 1) from = scan->block * BLOCK;
    return stop_next_block(kv, scan, from, of_value);
}

enum quoted { QUOTED_NOT, QUOTED_YES, QUOTED_DOUBTFUL };

static inline bool ends_value(const struct kv *kv, struct str text, size_t at)
{
    return at == text.len || text.ptr[at] == '\n' || byte_set_has(&kv->field_split, text.ptr[at]);
}

static bool is_escaped(struct str text, size_t from, size_t at)
{
    size_t first = at;
    while (first > from && text.ptr[first - 1] == '\\') first--;
    return (at - first) & 1;
}

/* A value that begins at `from` with a quote or bracket; `*close` is where it ends. Doubtful: a backslash
 * before a closing one allows of several readings, and the first does not fit. */
static enum quoted quoted_find(const struct kv *kv, struct kv_scan *scan, size_t from, char closing, size_t *close)
{
    struct str text = scan->text;
    bool has_backslash = false;
    for (size_t at = from; at < text.len; at++) {
        const char *found = memchr(text.ptr + at, closing, text.len - at);
        size_t place = found ? (size_t)(found - text.ptr) : text.len;
        scan->work += place - at + 1;
        at = place;
        if (!found) break;
        has_backslash |= at > from && text.ptr[at - 1] == '\\';
        if (is_escaped(text, from, at)) continue;
        *close = at;
        if (ends_value(kv, text, at + 1)) return QUOTED_YES;
        break;
    }
    return has_backslash ? QUOTED_DOUBTFUL : QUOTED_NOT;
}

/* The end of a value that is not quoted. */
static inline size_t value_end(const struct kv *kv, struct kv_scan *scan, size_t at)
{
    struct str text = scan->text;
    for (;;) {
        at = stop_next(kv, scan, at, true);
        if (at == text.len || text.ptr[at] != '\\') return at;
        at += at + 1 < text.len && text.ptr[at + 1] != '\n' ? 2 : 1;
    }
}

static inline size_t blanks_skip(const struct kv *kv, struct str text, size_t at)
{
    if (kv->is_strict) return at;
    while (at < text.len && text.ptr[at] == ' ') at++;
    return at;
}

/* The value behind its splitter, and where the next pair begins. False: the expression must decide. */
static inline bool value_take(const struct kv *kv, struct kv_scan *scan, size_t at, struct kv_pair *pair)
{
    struct str text = scan->text;
    size_t end;
    char closing = at < text.len ? kv->closes[(unsigned char)text.ptr[at]] : 0;
    if (closing) {
        enum quoted quoted = quoted_find(kv, scan, at + 1, closing, &end);
        if (quoted == QUOTED_DOUBTFUL) return false;
        if (quoted == QUOTED_YES) {
            pair->value = str_slice(text, at + 1, end);
            end++;
            scan->at = end + (end < text.len && byte_set_has(&kv->field_split, text.ptr[end]));
            return true;
        }
    }
    end = value_end(kv, scan, at);
    pair->value = str_slice(text, at, end);
    scan->at = end + (end < text.len);
    return true;
}

/* Wherever a key could begin up to the next splitter, it ends there: when no value splitter follows, the
 * search goes on behind it. */
enum kv_verdict kv_next(struct kv *kv, struct kv_scan *scan, struct kv_pair *pair)
{
    struct str text = scan->text;
    if (!kv->has_tables) {
        if (scan->at == 0 && regex_match(kv->splitter, text, scan->flags, 0, NULL) == REGEX_NO_MATCH) return KV_END;
        return kv_next_by_regex(kv, scan, pair);
    }
    for (;;) {
        size_t start = scan->at;
        size_t end = stop_next(kv, scan, start, false);
        if (end == text.len) return KV_END;
        if (text.ptr[end] == '\\') return kv_next_by_regex(kv, scan, pair);
        scan->at = end + 1;
        if (end == start) continue;
        size_t splitter = blanks_skip(kv, text, end);
        if (splitter == text.len || !byte_set_has(&kv->value_split, text.ptr[splitter])) continue;
        pair->key = str_slice(text, start, end);
        if (!value_take(kv, scan, blanks_skip(kv, text, splitter + 1), pair)) {
            scan->at = start;
            return kv_next_by_regex(kv, scan, pair);
        }
        return scan->work > KV_WORK_MAX ? KV_LIMIT : KV_PAIR;
    }
}
