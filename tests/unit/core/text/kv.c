/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <time.h>
#include "core/text/buf.h"
#include "core/text/char_class.h"
#include "core/text/kv.h"

typedef enum kv_verdict next_pair(struct kv *kv, struct kv_scan *scan, struct kv_pair *pair);

static struct kv *make(const struct kv_syntax *syntax)
{
    struct kv_problem problem;
    struct kv *kv = kv_create(syntax, &problem);
    cr_assert(kv, "%s", problem.why.text);
    return kv;
}

/* All pairs as `key>value|`. */
static void pairs(struct kv *kv, next_pair *next, struct str text, struct buf *out)
{
    struct kv_scan scan = {.text = text};
    struct kv_pair pair;
    enum kv_verdict verdict;
    buf_clear(out);
    while ((verdict = next(kv, &scan, &pair)) == KV_PAIR)
        buf_printf(out, "%.*s>%.*s|", STR_ARG(pair.key), STR_ARG(pair.value));
    if (verdict == KV_LIMIT) buf_append_z(out, "LIMIT");
}

static enum kv_verdict next_one(struct kv *kv, struct kv_scan *scan, struct kv_pair *pair)
{
    enum kv_verdict verdict;
    return kv_next(kv, scan, pair, 1, &verdict) ? KV_PAIR : verdict;
}

/* Several at once are the same as one by one. */
static void pairs_at_once(struct kv *kv, struct str text, uint32_t capacity, struct buf *out)
{
    struct kv_scan scan = {.text = text};
    struct kv_pair some[64];
    enum kv_verdict verdict;
    buf_clear(out);
    do {
        uint32_t count = kv_next(kv, &scan, some, capacity, &verdict);
        cr_assert(verdict != KV_PAIR || count == capacity);
        for (uint32_t i = 0; i < count; i++)
            buf_printf(out, "%.*s>%.*s|", STR_ARG(some[i].key), STR_ARG(some[i].value));
    } while (verdict == KV_PAIR);
    if (verdict == KV_LIMIT) buf_append_z(out, "LIMIT");
}

static void check(const struct kv_syntax *syntax, const char *text, const char *want)
{
    struct kv *kv = make(syntax);
    struct buf out = {0};
    pairs(kv, next_one, str_of(text), &out);
    cr_expect_str_eq(buf_z(&out), want, "%s", text);
    pairs(kv, kv_next_by_regex, str_of(text), &out);
    cr_expect_str_eq(buf_z(&out), want, "by the expression: %s", text);
    buf_fini(&out);
    kv_destroy(kv);
}

static const struct kv_syntax usual = {{" ", 1}, {"=", 1}, {0}, {0}, false, true};

Test(kv, pairs_of_the_usual_syntax)
{
    static const struct { const char *text, *want; } rows[] = {
        {"a=1 b=2", "a>1|b>2|"},
        {"", ""},
        {"no pair here", ""},
        {"=x a=b", "a>b|"},
        {"a=b=c", "a>b=c|"},
        {"a==b", "a>=b|"},
        {"word a=1 word b=2 word", "a>1|b>2|"},
        {"a = 1  b =2 c= 3", "a>1|b>2|c>3|"},
        {"a= b=2", "a>b=2|"},
        {"a=", "a>|"},
        {"a=   ", "a>|"},
        {"a=1\nb=2", "a>1\nb=2|"},
        {"a=\"x\"\nb=2", "a>x|\nb>2|"},
        {"a=\"x y\" b='u v' c=(1 2) d=[3 4] e=<5 6>", "a>x y|b>u v|c>1 2|d>3 4|e>5 6|"},
        {"a=\"x y\"z b=2", "a>\"x|b>2|"},
        {"a=(x(y))", "a>(x(y))|"},
        {"a=\"\" b=1", "a>|b>1|"},
        {"a=\"open b=1", "a>\"open|b>1|"},
        {"a=\"x\\\"y z\" b=1", "a>x\\\"y z|b>1|"},
        {"k=\"a\\\" b=c", "k>a\\|b>c|"},
        {"k=\"a\\\\\"", "k>a\\\\|"},
        {"IKE:=Quick\\ Mode x=1", "IKE:>Quick\\ Mode|x>1|"},
        {"a\\=b=c", "a\\=b>c|"},
        {"a\\=b c=d", "a\\>b|c>d|"},
        {"a=x\\", "a>x\\|"},
        {"\xff=\xfe b=\xc3\xa9", "\xff>\xfe|b>\xc3\xa9|"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) check(&usual, rows[i].text, rows[i].want);
}

Test(kv, splitters_of_other_kinds)
{
    struct kv_syntax syntax = usual;
    syntax.is_strict = true;
    check(&syntax, "a= b=2 c =3", "a>|b>2|");
    syntax = usual;
    syntax.has_brackets = false;
    check(&syntax, "a=(x y) b=[1] c=\"u v\"", "a>(x|b>[1]|c>u v|");
    syntax = (struct kv_syntax){STR("&?"), STR("=:"), {0}, {0}, false, true};
    check(&syntax, "/x?a=1&b:2 3&key with space=4", "a>1|b>2 3|key with space>4|");
    syntax = (struct kv_syntax){STR("\\n\\t"), STR("="), {0}, {0}, false, true};
    check(&syntax, "a=1 2\nb=3\tc=4", "a>1 2|b>3|c>4|");
    syntax = (struct kv_syntax){STR(" "), STR(" "), {0}, {0}, false, true};
    check(&syntax, "a 1 b 2", "a>1|b>2|"); /* no tables: blanks are around the splitter, too */
    syntax = (struct kv_syntax){STR("→"), STR("="), {0}, {0}, false, true};
    check(&syntax, "a=1→b=2", "a>1|b>2|");
    syntax = (struct kv_syntax){STR(" "), STR("="), STR(";;|&&"), STR("::(?!:)"), false, true};
    check(&syntax, "a::1;;b:::2&&c::'x;;y';;", "a>1|b:>2|c>x;;y|");
    syntax = (struct kv_syntax){STR(" "), STR("="), STR("\\r\\n"), STR(": "), false, true};
    check(&syntax, "Host: a b\r\nX-Y: 1\\r\\n", "Host>a b|X-Y>1\\r\\n|");
}

static const struct kv_syntax syntaxes[] = {
    {{" ", 1}, {"=", 1}, {0}, {0}, false, true}, {{" ", 1}, {"=", 1}, {0}, {0}, true, true},
    {{",", 1}, {"=", 1}, {0}, {0}, false, true}, {{"a ", 2}, {"b=", 2}, {0}, {0}, false, false},
    {{" \"", 2}, {"=,", 2}, {0}, {0}, false, true}, {{"\\n\"", 3}, {"(=", 2}, {0}, {0}, false, true},
    {{"A-Z ", 4}, {"0-9=", 4}, {0}, {0}, false, true}, /* more members than blocks are searched for */
};

static void the_same_by_all_ways(struct kv *kv, struct str text, size_t syntax)
{
    struct buf one = {0}, other = {0};
    pairs(kv, kv_next_by_regex, text, &other);
    for (uint32_t at_once = 1; at_once < 20; at_once += 6) {
        pairs_at_once(kv, text, at_once, &one);
        cr_assert(str_eq(buf_str(&one), buf_str(&other)), "syntax %zu, `%.*s`: `%s`, by the expression `%s`", syntax,
                  STR_ARG(text), buf_z(&one), buf_z(&other));
    }
    buf_fini(&one);
    buf_fini(&other);
}

/* Short texts of few characters, in which all rules meet, and long ones of many pairs, beyond the blocks of 64
 * bytes in which they are searched. */
Test(kv, the_tables_find_what_the_expression_finds)
{
    static const struct { const char *alphabet; size_t longest; int rounds; } texts[] = {
        {"ab==  \"'()[]<>\\,\n", 40, 6000}, {"abcdefgh1Z ==  ", 300, 1500}, {"abcdefghijk 2Y,,=\"", 200, 1500},
    };
    srand(20240305);
    for (size_t s = 0; s < sizeof syntaxes / sizeof *syntaxes; s++) {
        struct kv *kv = make(&syntaxes[s]);
        cr_expect(kv_has_tables(kv));
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
            for (int round = 0; round < texts[t].rounds; round++) {
                char text[300];
                size_t len = (size_t)rand() % texts[t].longest, letters = strlen(texts[t].alphabet);
                for (size_t i = 0; i < len; i++) text[i] = texts[t].alphabet[(size_t)rand() % letters];
                the_same_by_all_ways(kv, (struct str){text, len}, s);
            }
        kv_destroy(kv);
    }
}

/* A text of `bytes` bytes that repeats `part`. */
static struct str repeated(const char *part, size_t bytes)
{
    char *text = malloc(bytes);
    for (size_t i = 0; i < bytes; i++) text[i] = part[i % strlen(part)];
    return (struct str){text, bytes};
}

Test(kv, hostile_texts_of_a_mebibyte_end)
{
    static const char *const parts[] = {"a=( ", "a=\" b", "\\", "a\\=", "a", " ", "=", "a=(\\)", "a=\"\\\"x", "[<('\"="};
    struct kv *kv = make(&usual);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct str text = repeated(parts[i], 1 << 20);
        struct kv_scan scan = {.text = text};
        struct kv_pair pair;
        clock_t begun = clock();
        while (next_one(kv, &scan, &pair) == KV_PAIR) { }
        double ms = (double)(clock() - begun) * 1000 / CLOCKS_PER_SEC;
        cr_expect_lt(ms, 500, "`%s` took %.0f ms", parts[i], ms);
        free((char *)text.ptr);
    }
    kv_destroy(kv);
}

Test(kv, looking_behind_quotes_is_bounded)
{
    struct kv *kv = make(&usual);
    struct str text = repeated("a=( ", 1 << 20);
    struct kv_scan scan = {.text = text};
    struct kv_pair pair;
    enum kv_verdict verdict;
    while ((verdict = next_one(kv, &scan, &pair)) == KV_PAIR) cr_assert_leq(scan.work, (size_t)KV_WORK_MAX);
    cr_expect_eq(verdict, KV_LIMIT);
    free((char *)text.ptr);
    kv_destroy(kv);
}

Test(kv, wrong_splitters_are_named)
{
    struct kv_syntax syntax = usual;
    struct kv_problem problem;
    syntax.value_pattern = STR("(a");
    cr_expect_null(kv_create(&syntax, &problem));
    cr_expect_eq(problem.what, &syntax.value_pattern);
    syntax = usual;
    syntax.field_split = STR("z-a");
    cr_expect_null(kv_create(&syntax, &problem));
    cr_expect_eq(problem.what, &syntax.field_split);
    cr_expect_leq(problem.why.offset, 3u);
}

Test(char_class, members)
{
    static const struct { const char *body; enum char_class kind; const char *members; } rows[] = {
        {"a-c", CHAR_CLASS_BYTES, "abc"}, {"\\t,", CHAR_CLASS_BYTES, "\t,"}, {"<>\\[\\],", CHAR_CLASS_BYTES, ",<>[]"},
        {"-a", CHAR_CLASS_BYTES, "-a"},   {"^a", CHAR_CLASS_WIDE, ""},     {"\\w", CHAR_CLASS_WIDE, ""},
        {"é", CHAR_CLASS_WIDE, ""},       {"a[bc]", CHAR_CLASS_WIDE, ""},  {"z-a", CHAR_CLASS_WRONG, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct byte_set set;
        struct regex_problem problem;
        struct str body = str_of(rows[i].body);
        enum char_class kind = char_class_read(body, &set, &problem);
        cr_expect_eq(kind, rows[i].kind, "%s", rows[i].body);
        if (kind == CHAR_CLASS_WRONG) continue;
        cr_expect_eq(set.count, strlen(rows[i].members), "%s: %u members", rows[i].body, set.count);
        for (const char *c = rows[i].members; *c; c++) cr_expect(byte_set_has(&set, *c), "%s: %c", rows[i].body, *c);
    }
}
