/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/kv.h"
#include <assert.h>
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
    bool has_rows; /* the sets are small enough for blocks of 16 bytes */
    bool blanks_end_keys; /* those before a value splitter; else they are the key's */
    struct byte_set value_split, field_split;
    char value_rows[CLASS_STOPS_MAX][16], field_rows[CLASS_STOPS_MAX][16]; /* each member 16 times */
    char closes[256]; /* of the byte that opens a quoted value; 0: it opens none */
    bool is_plain[256]; /* a value that begins with it ends at the next field splitter */
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

static void rows_make(char rows[][16], const struct byte_set *set)
{
    for (uint32_t i = 0; i < set->count; i++) memset(rows[i], set->stops[i], 16);
}

static void tables_make(struct kv *kv, const struct kv_syntax *syntax)
{
    static const char *const quotes[] = {"\"\"", "''", "()", "[]", "<>"};
    for (size_t i = 0; i < (syntax->has_brackets ? 5 : 2); i++)
        kv->closes[(unsigned char)quotes[i][0]] = quotes[i][1];
    bool has_backslash = kv->field_split.has['\\'] || kv->value_split.has['\\'];
    for (int byte = 0; byte < 256; byte++) kv->is_plain[byte] = !kv->closes[byte] && byte != ' ';
    kv->has_rows = kv->value_split.count <= CLASS_STOPS_MAX && kv->field_split.count <= CLASS_STOPS_MAX;
    if (kv->has_rows) rows_make(kv->value_rows, &kv->value_split);
    if (kv->has_rows) rows_make(kv->field_rows, &kv->field_split);
    kv->blanks_end_keys = !syntax->is_strict && kv->field_split.has[' '];
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
/* A bit for each of the BLOCK bytes that is one of `rows`. */
static inline uint64_t bytes_find(const __m128i bytes[4], const char rows[][16], uint32_t count)
{
    uint64_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        __m128i row = _mm_loadu_si128((const __m128i *)(const void *)rows[i]);
        uint32_t low = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes[0], row)) |
                       (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes[1], row)) << 16;
        uint32_t high = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes[2], row)) |
                        (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes[3], row)) << 16;
        found |= low | (uint64_t)high << 32;
    }
    return found;
}

static void stops_find(const struct kv *kv, struct kv_block *block, const char *from)
{
    static const char backslash[1][16] = {"\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\"};
    __m128i bytes[BLOCK / 16];
    for (int i = 0; i < BLOCK / 16; i++) bytes[i] = _mm_loadu_si128((const __m128i *)(const void *)(from + 16 * i));
    uint64_t both = bytes_find(bytes, backslash, 1);
    block->splits = both | bytes_find(bytes, kv->value_rows, kv->value_split.count);
    block->ends = both | bytes_find(bytes, kv->field_rows, kv->field_split.count);
}
#endif

static void stops_find_slowly(const struct kv *kv, struct kv_block *block, const char *bytes)
{
    for (int i = 0; i < BLOCK; i++) {
        bool is_backslash = bytes[i] == '\\';
        block->splits |= (uint64_t)(is_backslash || byte_set_has(&kv->value_split, bytes[i])) << i;
        block->ends |= (uint64_t)(is_backslash || byte_set_has(&kv->field_split, bytes[i])) << i;
    }
}

/* The block that holds the byte at `from`, which is there. */
static struct kv_block block_load(const struct kv *kv, struct str text, size_t from)
{
    struct kv_block block = {.end = from / BLOCK * BLOCK + BLOCK};
    char copy[BLOCK];
    const char *bytes = text.ptr + block.end - BLOCK;
    if (block.end > text.len) {
        memset(copy, 0, BLOCK);
        bytes = memcpy(copy, bytes, text.len % BLOCK);
    }
#ifdef __SSE2__
    if (kv->has_rows)
        stops_find(kv, &block, bytes);
    else
#endif
        stops_find_slowly(kv, &block, bytes);
    if (block.end <= text.len) return block;
    uint64_t inside = ((uint64_t)1 << text.len % BLOCK) - 1;
    block.splits &= inside; /* a NUL may be a splitter */
    block.ends &= inside;
    return block;
}

/* First place at or behind `from` with a backslash or what ends a value, else what splits a pair; the text's
 * length when there is none. Nearly always it is in the block at hand. */
static inline size_t stop_next(const struct kv *kv, struct str text, struct kv_block *block, size_t from, bool of_value)
{
    for (;;) {
        if (from < block->end) {
            uint64_t stops = (of_value ? block->ends : block->splits) >> from % BLOCK;
            if (stops) return from + (size_t)__builtin_ctzll(stops);
            from = block->end;
        }
        if (from >= text.len) return text.len;
        *block = block_load(kv, text, from);
    }
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
static inline size_t value_end(const struct kv *kv, struct str text, struct kv_block *block, size_t at)
{
    for (;;) {
        at = stop_next(kv, text, block, at, true);
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

/* Where the key that ends at `end` begins: behind the last field splitter, but not before `from`. There is no
 * backslash between the two. */
static inline size_t key_start(const struct kv *kv, struct str text, const struct kv_block *block, size_t from,
                               size_t end)
{
    size_t base = block->end - BLOCK, at = end;
    if (from >= base) { /* nearly always, and then the key begins at `from` nearly always */
        uint64_t before = (block->ends >> from % BLOCK) & (((uint64_t)1 << (end - from)) - 1);
        return before ? from + BLOCK - (size_t)__builtin_clzll(before) : from;
    }
    while (at > from && !byte_set_has(&kv->field_split, text.ptr[at - 1])) at--;
    return at;
}

/* A value that begins with a quote or a bracket, and where the next pair begins. */
static enum quoted quoted_take(const struct kv *kv, struct kv_scan *scan, size_t at, struct kv_pair *pair)
{
    struct str text = scan->text;
    size_t end;
    enum quoted quoted = quoted_find(kv, scan, at + 1, kv->closes[(unsigned char)text.ptr[at]], &end);
    if (quoted != QUOTED_YES) return quoted;
    pair->value = str_slice(text, at + 1, end);
    end++;
    scan->at = end + (end < text.len && byte_set_has(&kv->field_split, text.ptr[end]));
    return QUOTED_YES;
}

/* The value behind its splitter, and where the next pair begins. False: the expression must decide. */
static inline bool value_take(const struct kv *kv, struct kv_scan *scan, struct kv_block *block, size_t at,
                              struct kv_pair *pair)
{
    struct str text = scan->text;
    if (at < text.len && kv->closes[(unsigned char)text.ptr[at]]) {
        enum quoted quoted = quoted_take(kv, scan, at, pair);
        if (quoted != QUOTED_NOT) return quoted == QUOTED_YES;
    }
    size_t end = value_end(kv, text, block, at);
    pair->value = str_slice(text, at, end);
    scan->at = end + (end < text.len);
    return true;
}

/* Wherever a key could begin up to the next field splitter, it ends there: what is left of a value splitter,
 * back to the field splitter before it, is the only key that it can have. */
static inline enum kv_verdict next_by_tables(struct kv *kv, struct kv_scan *scan, struct kv_block *block,
                                             struct kv_pair *pair)
{
    struct str text = scan->text;
    for (;;) {
        size_t from = scan->at, splitter = stop_next(kv, text, block, from, false), end = splitter;
        if (splitter == text.len) return KV_END;
        bool is_plain = text.ptr[splitter] != '\\';
        if (kv->blanks_end_keys && is_plain)
            while (end > from && text.ptr[end - 1] == ' ') end--;
        size_t start = key_start(kv, text, block, from, end);
        scan->at = splitter + 1;
        if (is_plain && start == end) continue;
        pair->key = str_slice(text, start, end);
        if (is_plain && value_take(kv, scan, block, blanks_skip(kv, text, splitter + 1), pair)) return KV_PAIR;
        scan->at = start;
        return kv_next_by_regex(kv, scan, pair);
    }
}

/* Pairs that are within the block at hand, without quotes, backslashes and blanks around the splitter: most of
 * them. It stops before the first that is otherwise. Returns how many. */
static uint32_t plain_take(const struct kv *kv, struct kv_scan *scan, const struct kv_block *block,
                           struct kv_pair *pairs, uint32_t capacity)
{
    const char *text = scan->text.ptr;
    size_t at = scan->at, last = block->end;
    uint32_t count = 0;
    while (count < capacity && at < last) {
        uint64_t splits = block->splits >> at % BLOCK, ends = block->ends >> at % BLOCK;
        if (!splits) break;
        size_t splitter = at + (size_t)__builtin_ctzll(splits), value = splitter + 1;
        uint64_t before = ends & ~splits & (splits - 1); /* what ends no value here is what parts words */
        size_t start = before ? at + BLOCK - (size_t)__builtin_clzll(before) : at;
        if (start == splitter || text[splitter] == '\\' || value >= last) break;
        ends = block->ends >> value % BLOCK;
        if (!ends || !kv->is_plain[(unsigned char)text[value]]) break;
        size_t end = value + (size_t)__builtin_ctzll(ends);
        if (text[end] == '\\') break;
        pairs[count].key = (struct str){text + start, splitter - start};
        pairs[count++].value = (struct str){text + value, end - value};
        at = end + 1;
    }
    scan->at = at;
    return count;
}

static uint32_t some_by_regex(struct kv *kv, struct kv_scan *scan, struct kv_pair *pairs, uint32_t capacity,
                              enum kv_verdict *verdict)
{
    uint32_t count = 0;
    *verdict = KV_END;
    if (scan->at == 0 && regex_match(kv->splitter, scan->text, scan->flags, 0, NULL) == REGEX_NO_MATCH) return 0;
    while (count < capacity && (*verdict = kv_next_by_regex(kv, scan, &pairs[count])) == KV_PAIR) count++;
    return count;
}

uint32_t kv_next(struct kv *kv, struct kv_scan *scan, struct kv_pair *pairs, uint32_t capacity,
                 enum kv_verdict *verdict)
{
    assert(capacity > 0);
    if (!kv->has_tables) return some_by_regex(kv, scan, pairs, capacity, verdict);
    struct kv_block block = scan->block;
    uint32_t count = 0;
    *verdict = KV_PAIR;
    while (*verdict == KV_PAIR && count < capacity) {
        count += plain_take(kv, scan, &block, pairs + count, capacity - count);
        if (count == capacity) break;
        *verdict = next_by_tables(kv, scan, &block, &pairs[count]);
        if (*verdict != KV_PAIR) break;
        if (scan->work > KV_WORK_MAX) *verdict = KV_LIMIT;
        else count++;
    }
    scan->block = block;
    return count;
}
