/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/regex.h"
#include <assert.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include "core/event/value.h"
#include "core/text/regex_translate.h"
#include "core/text/utf8.h"
#include "core/xmalloc.h"

enum {
    VARIANTS = 2 * REGEX_MODES,
    LITERAL_TRUST = 256, /* subjects in a row that had the literal: then the search for it is saved */
    PINNED_TRUST = 4,    /* misses at the start in a row that end the habit of trying there first */
    PINNED_PAUSE = 32,   /* subjects until it is tried again */
    TICKS_MIN = 1 << 20, /* between two looks at the CPU clock: 0.2 to 1 ms */
};

struct variant {
    pcre2_code *code; /* NULL: not compiled yet */
    bool has_jit;
    bool is_refused; /* PCRE2 does not take it in this mode (`\x{100}` in bytes, …) */
};

struct regex {
    struct str pattern; /* our copy */
    struct regex_options options;
    struct variant variants[VARIANTS];
    pcre2_match_data *match_data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack; /* NULL until a subject needed more than the machine's */
    struct translation facts;
    struct needle literal; /* empty: none is known */
    uint32_t literal_hits; /* subjects in a row that had it, up to LITERAL_TRUST */
    int32_t pinned_score;  /* > 0: matches tend to begin at the start; < 0: they do not */
    /* of the running attempt */
    int64_t budget_ns, cpu_start_ns;
    uint64_t ticks;
};

/* ---- searching ---- */
/* How often a byte is seen in logs, roughly: the higher, the worse it tells places apart. */
static uint32_t byte_frequency(char c)
{
    static const char COMMON[] = "qzjxkvwQZXJbygphfmucldsrnoatie:.-/=,\"0123456789 ";
    const char *found = c ? strchr(COMMON, c) : NULL;
    return found ? 2 + (uint32_t)(found - COMMON) : 1;
}

struct needle needle_of(struct str text)
{
    assert(text.len);
    struct needle needle = {text, 0, 0};
    for (size_t i = 1; i < text.len; i++)
        if (byte_frequency(text.ptr[i]) < byte_frequency(text.ptr[needle.one])) needle.one = i;
    needle.other = needle.one ? 0 : text.len - 1;
    for (size_t i = 0; i < text.len; i++)
        if (i != needle.one && byte_frequency(text.ptr[i]) < byte_frequency(text.ptr[needle.other]))
            needle.other = i;
    if (needle.other < needle.one) {
        size_t one = needle.one;
        needle.one = needle.other;
        needle.other = one;
    }
    return needle;
}

ptrdiff_t needle_find(const struct needle *needle, struct str text)
{
    struct str wanted = needle->text;
    if (wanted.len > text.len) return -1;
    size_t at = 0;
#ifdef __SSE2__
    __m128i one = _mm_set1_epi8(wanted.ptr[needle->one]),
            other = _mm_set1_epi8(wanted.ptr[needle->other]);
    const char *ones = text.ptr + needle->one, *others = text.ptr + needle->other;
    for (; at + wanted.len + 15 <= text.len; at += 16) {
        __m128i a = _mm_loadu_si128((const __m128i *)(const void *)(ones + at));
        __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(others + at));
        unsigned both = (unsigned)_mm_movemask_epi8(
            _mm_and_si128(_mm_cmpeq_epi8(a, one), _mm_cmpeq_epi8(b, other)));
        for (; both; both &= both - 1) {
            size_t place = at + (size_t)__builtin_ctz(both);
            if (memcmp(text.ptr + place, wanted.ptr, wanted.len) == 0) return (ptrdiff_t)place;
        }
    }
#endif
    for (; at + wanted.len <= text.len; at++)
        if (text.ptr[at + needle->one] == wanted.ptr[needle->one] &&
            memcmp(text.ptr + at, wanted.ptr, wanted.len) == 0)
            return (ptrdiff_t)at;
    return -1;
}

/* ---- the budget ---- */
static uint64_t ticks(void)
{
#ifdef __x86_64__
    return __builtin_ia32_rdtsc();
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
#endif
}

/* CPU time of this thread, not wall time: a busy machine must not turn matches into limits. */
static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* PCRE2 calls this at each callout. The CPU clock is a system call, so it is read only when the
 * time-stamp counter says that it is worth it. */
static int spend(pcre2_callout_block *block, void *opaque)
{
    (void)block;
    struct regex *regex = opaque;
    uint64_t now = ticks();
    if (regex->ticks && now - regex->ticks < TICKS_MIN) return 0;
    bool is_first = regex->ticks == 0;
    regex->ticks = now;
    if (is_first) return 0;
    int64_t cpu = cpu_ns();
    if (!regex->cpu_start_ns) {
        regex->cpu_start_ns = cpu;
        return 0;
    }
    return cpu - regex->cpu_start_ns > regex->budget_ns ? PCRE2_ERROR_CALLOUT : 0;
}

/* The account of an event. Of the thread and not of a regex: many of them work on one event. */
static _Thread_local struct {
    bool is_open, is_spent;
    uint64_t ticks; /* of the last look at the CPU clock; 0: there was no attempt yet */
    int64_t cpu_start_ns;
} event_account;

void regex_event_begin(void)
{
    event_account.is_open = true;
    event_account.is_spent = false;
    event_account.ticks = 0;
    event_account.cpu_start_ns = 0;
}

void regex_event_end(void) { event_account.is_open = false; }

/* As in spend() the clock is read when the counter says that it is worth it. */
static bool event_allows(void)
{
    if (!event_account.is_open) return true;
    if (event_account.is_spent) return false;
    uint64_t now = ticks();
    if (!event_account.ticks) event_account.ticks = now;
    if (now - event_account.ticks < TICKS_MIN) return true;
    event_account.ticks = now;
    int64_t cpu = cpu_ns();
    if (!event_account.cpu_start_ns) event_account.cpu_start_ns = cpu;
    event_account.is_spent = cpu - event_account.cpu_start_ns > REGEX_EVENT_BUDGET_NS;
    return !event_account.is_spent;
}

void regex_budget_set(struct regex *regex, int64_t ns)
{
    regex->budget_ns = ns > 0 && ns < REGEX_BUDGET_NS ? ns : REGEX_BUDGET_NS;
}

/* ---- compiling ---- */
static void problem_from_pcre2(struct regex_problem *problem, int code, size_t offset)
{
    PCRE2_UCHAR message[REGEX_PROBLEM_MAX];
    pcre2_get_error_message(code, message, sizeof message);
    snprintf(problem->text, sizeof problem->text, "%s", (const char *)message);
    problem->offset = offset;
}

/* `translation` is the pattern's, of this kind. */
static bool variant_compile(struct regex *regex, struct regex_kind kind, const struct translation *translation,
                            struct regex_problem *problem)
{
    struct variant *variant = &regex->variants[kind.is_utf * REGEX_MODES + kind.mode];
    assert(!variant->code);
    uint32_t flags = PCRE2_MULTILINE;
    if (kind.is_utf) flags |= PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK;
    if (kind.mode == REGEX_PINNED) flags |= PCRE2_ANCHORED;
    if (regex->options.is_dotall) flags |= PCRE2_DOTALL;
    if (regex->options.is_caseless) flags |= PCRE2_CASELESS;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    assert(context);
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_bsr(context, PCRE2_BSR_UNICODE);
    int code;
    size_t offset;
    const char *text = translation->text.ptr ? translation->text.ptr : "";
    variant->code = pcre2_compile((PCRE2_SPTR)text, translation->text.len, flags, &code, &offset, context);
    pcre2_compile_context_free(context);
    if (!variant->code)
        problem_from_pcre2(problem, code, translation_origin(translation, offset));
    else
        variant->has_jit = pcre2_jit_compile(variant->code, PCRE2_JIT_COMPLETE) == 0;
    variant->is_refused = !variant->code;
    return variant->code != NULL;
}

/* One that no subject needed before. */
static void variant_make(struct regex *regex, struct regex_kind kind)
{
    struct regex_problem problem;
    struct translation translation;
    bool ok = regex_translate(&translation, regex->pattern, &regex->options, kind, &problem) &&
              variant_compile(regex, kind, &translation, &problem);
    if (!ok) regex->variants[kind.is_utf * REGEX_MODES + kind.mode].is_refused = true;
    translation_fini(&translation);
}

/* The run of bytes whose absence is most telling: the longest. */
static struct str literal_choose(const struct translation *facts)
{
    struct str best = {NULL, 0};
    for (uint32_t i = 0; i < facts->literal_count; i++)
        if (facts->literals[i].len > best.len)
            best = str_slice(buf_str(&facts->literal_bytes), facts->literals[i].start,
                             facts->literals[i].start + facts->literals[i].len);
    return best;
}

struct regex *regex_compile(struct str pattern, const struct regex_options *options,
                            struct regex_problem *problem)
{
    struct regex *regex = xcalloc(1, sizeof *regex);
    regex->pattern = (struct str){xstrndup(pattern), pattern.len};
    regex->options = *options;
    regex->budget_ns = REGEX_BUDGET_NS;
    struct regex_kind kind = {.is_utf = false};
    if (!regex_translate(&regex->facts, regex->pattern, options, kind, problem) ||
        !variant_compile(regex, kind, &regex->facts, problem)) {
        regex_destroy(regex);
        return NULL;
    }
    struct str literal = literal_choose(&regex->facts);
    if (literal.len) regex->literal = needle_of(literal);
    regex->match_data = pcre2_match_data_create(regex->facts.groups + 1, NULL);
    regex->context = pcre2_match_context_create(NULL);
    assert(regex->match_data && regex->context);
    pcre2_set_callout(regex->context, spend, regex);
    pcre2_set_heap_limit(regex->context, REGEX_HEAP_KIB);
    return regex;
}

void regex_destroy(struct regex *regex)
{
    if (!regex) return;
    for (int i = 0; i < VARIANTS; i++) pcre2_code_free(regex->variants[i].code);
    pcre2_match_data_free(regex->match_data);
    pcre2_match_context_free(regex->context);
    pcre2_jit_stack_free(regex->stack);
    translation_fini(&regex->facts);
    free((char *)(uintptr_t)regex->pattern.ptr);
    free(regex);
}

/* ---- matching ---- */
static int variant_match(struct regex *regex, const struct variant *variant, struct str subject,
                         size_t start)
{
    regex->ticks = 0;
    regex->cpu_start_ns = 0;
    PCRE2_SPTR bytes = (PCRE2_SPTR)subject.ptr;
    if (!variant->has_jit)
        return pcre2_match(variant->code, bytes, subject.len, start, PCRE2_NO_UTF_CHECK,
                           regex->match_data, regex->context);
    int rc = pcre2_jit_match(variant->code, bytes, subject.len, start, 0, regex->match_data,
                             regex->context);
    if (rc != PCRE2_ERROR_JIT_STACKLIMIT || regex->stack) return rc;
    regex->stack = pcre2_jit_stack_create(32 * 1024, REGEX_STACK_BYTES, NULL);
    if (!regex->stack) return rc;
    pcre2_jit_stack_assign(regex->context, NULL, regex->stack);
    return pcre2_jit_match(variant->code, bytes, subject.len, start, 0, regex->match_data,
                           regex->context);
}

/* The compilation for this subject, made at first need; NULL: PCRE2 refuses it in this mode. */
static struct variant *variant_get(struct regex *regex, bool is_utf, enum regex_mode mode)
{
    struct variant *variant = &regex->variants[is_utf * REGEX_MODES + mode];
    if (!variant->code && !variant->is_refused)
        variant_make(regex, (struct regex_kind){.is_utf = is_utf, .mode = mode});
    return variant->code ? variant : NULL;
}

/* What begins with a line and fails at the first one can match only behind a newline. */
static bool is_over(const struct regex *regex, struct str subject, size_t start, int rc)
{
    return rc == PCRE2_ERROR_NOMATCH && regex->facts.begins_line && subject.len > start &&
           !memchr(subject.ptr + start, '\n', subject.len - start);
}

/* Lines mostly match at their beginning. One attempt pinned there needs no callout and none of what
 * PCRE2 does to find a start, and a match at the first place is the leftmost. */
static bool run_pinned(struct regex *regex, bool is_utf, struct str subject, size_t start, int *rc)
{
    if (regex->facts.is_anchored) return false;
    if (!regex->facts.begins_line && regex->pinned_score++ < 0) return false;
    const struct variant *variant = variant_get(regex, is_utf, REGEX_PINNED);
    if (!variant) return false;
    *rc = variant_match(regex, variant, subject, start);
    if (is_over(regex, subject, start, *rc)) return true;
    if (*rc < 0) {
        regex->pinned_score -= 2;
        if (regex->pinned_score < 0) regex->pinned_score = -PINNED_PAUSE;
    } else if (regex->pinned_score > PINNED_TRUST) {
        regex->pinned_score = PINNED_TRUST;
    }
    return *rc >= 0;
}

static int run(struct regex *regex, bool is_utf, struct str subject, size_t start)
{
    static const char EMPTY[1];
    if (!subject.ptr) subject.ptr = EMPTY;
    if (subject.len <= REGEX_SHORT_BYTES) {
        int rc;
        pcre2_set_match_limit(regex->context, REGEX_SHORT_STEPS);
        if (run_pinned(regex, is_utf, subject, start, &rc)) return rc;
        const struct variant *variant = variant_get(regex, is_utf, REGEX_PLAIN);
        if (!variant) return PCRE2_ERROR_NOMATCH;
        rc = variant_match(regex, variant, subject, start);
        if (rc != PCRE2_ERROR_MATCHLIMIT && rc != PCRE2_ERROR_CALLOUT) return rc;
    }
    const struct variant *variant = variant_get(regex, is_utf, REGEX_GUARDED);
    if (!variant) return PCRE2_ERROR_NOMATCH;
    /* the interpreter is some ten times slower */
    uint32_t steps =
        REGEX_STEPS + (subject.len < UINT32_MAX / 2 ? (uint32_t)subject.len : UINT32_MAX / 2);
    pcre2_set_match_limit(regex->context, variant->has_jit ? steps : steps / 8);
    return variant_match(regex, variant, subject, start);
}

static bool is_utf_subject(struct str subject, uint8_t string_flags)
{
    if (string_flags & (STRING_ASCII | STRING_BINARY)) return false;
    return (string_flags & STRING_UTF8) || utf8_check(subject) == UTF8_VALID;
}

/* Is the literal missing, and with it any match? Not looked for where all subjects have had it; one
 * that does not match ends that, so LITERAL_TRUST subjects pay for one attempt in vain. */
static bool is_hopeless(struct regex *regex, struct str subject)
{
    if (!regex->literal.text.len || regex->literal_hits == LITERAL_TRUST) return false;
    bool is_missing = needle_find(&regex->literal, subject) < 0;
    regex->literal_hits = is_missing ? 0 : regex->literal_hits + 1;
    return is_missing;
}

enum regex_verdict regex_match(struct regex *regex, struct str subject, uint8_t string_flags,
                               size_t start, struct regex_match *out)
{
    if (start > subject.len || subject.len - start < regex->facts.length_min) return REGEX_NO_MATCH;
    if (is_hopeless(regex, str_from(subject, start))) return REGEX_NO_MATCH;
    return regex_match_likely(regex, subject, string_flags, start, out);
}

enum regex_verdict regex_match_likely(struct regex *regex, struct str subject, uint8_t string_flags,
                                      size_t start, struct regex_match *out)
{
    if (start > subject.len || subject.len - start < regex->facts.length_min) return REGEX_NO_MATCH;
    if (!event_allows()) return REGEX_LIMIT;
    int rc = run(regex, is_utf_subject(subject, string_flags), subject, start);
    if (rc < 0) regex->literal_hits = 0;
    if (rc == PCRE2_ERROR_NOMATCH) return REGEX_NO_MATCH;
    /* Match limit, budget, stacks: all the same to whoever asks. */
    if (rc < 0) return REGEX_LIMIT;
    assert(rc > 0);
    if (out)
        *out = (struct regex_match){pcre2_get_ovector_pointer(regex->match_data), (uint32_t)rc};
    return REGEX_MATCH;
}

const struct regex_name *regex_names(const struct regex *regex, uint32_t *count)
{
    *count = regex->facts.name_count;
    return regex->facts.names;
}

uint32_t regex_group_count(const struct regex *regex) { return regex->facts.groups; }
struct str regex_literal(const struct regex *regex) { return regex->literal.text; }
uint32_t regex_literal_count(const struct regex *regex) { return regex->facts.literal_count; }

struct str regex_literal_at(const struct regex *regex, uint32_t number)
{
    assert(number < regex->facts.literal_count);
    const struct regex_required *run = &regex->facts.literals[number];
    if (!run->len) return STR("");
    return str_slice(buf_str(&regex->facts.literal_bytes), run->start, run->start + run->len);
}

struct str regex_pattern(const struct regex *regex) { return regex->pattern; }

const uint32_t *regex_cuts(const struct regex *regex, uint32_t *count)
{
    *count = regex->facts.cut_count;
    return regex->facts.cuts;
}
size_t regex_length_min(const struct regex *regex) { return regex->facts.length_min; }

bool regex_has_jit(void)
{
    struct regex_problem problem;
    struct regex *regex =
        regex_compile(STR("a"), &(struct regex_options){.is_dotall = false}, &problem);
    assert(regex);
    bool has_jit = regex->variants[0].has_jit;
    regex_destroy(regex);
    return has_jit;
}
