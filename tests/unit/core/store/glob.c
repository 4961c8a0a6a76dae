/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/glob.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/unit/support/folder.h"

Test(glob, expands_braces)
{
    static const struct { const char *pattern, *expanded; } rows[] = {
        {"/a/b", "/a/b"},
        {"/a/{b,c}.log", "/a/b.log /a/c.log"},
        {"/{a,b}/{c,d}", "/a/c /b/c /a/d /b/d"},
        {"/{a,{b,c}}x", "/ax /bx /cx"},
        {"/a{,.gz}", "/a /a.gz"},
        {"/a{b", "/a{b"},
        {"/a}b{", "/a}b{"},
        {"/a\\{b,c\\}", "/a\\{b,c\\}"},
        {"/{}", "/"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena;
        arena_init(&arena, NULL);
        struct str out[GLOB_ALTERNATIVES_MAX];
        uint32_t count = glob_expand(str_of(rows[i].pattern), &arena, out);
        struct buf text = {0};
        for (uint32_t n = 0; n < count; n++) {
            if (n) buf_append_char(&text, ' ');
            buf_append(&text, out[n]);
        }
        cr_expect_str_eq(buf_z(&text), rows[i].expanded, "%s", rows[i].pattern);
        buf_fini(&text);
        arena_fini(&arena);
    }
}

Test(glob, braces_stop_at_the_limit)
{
    struct arena arena;
    arena_init(&arena, NULL);
    struct str out[GLOB_ALTERNATIVES_MAX];
    struct str pattern = STR("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}");
    cr_expect_eq(glob_expand(pattern, &arena, out), GLOB_ALTERNATIVES_MAX);
    cr_expect_eq(glob_expand(STR("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"), &arena, out), 256);
    arena_fini(&arena);
}

struct found { struct buf text; size_t root; uint32_t left; };

static bool found_one(void *opaque, const char *path)
{
    struct found *found = opaque;
    if (found->text.len) buf_append_char(&found->text, ' ');
    buf_append_z(&found->text, path + found->root);
    return --found->left > 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What a pattern finds, sorted. */
static const char *walk(struct folder *folder, const char *pattern, uint32_t limit)
{
    struct found found = {.root = strlen(folder->path) + 1, .left = limit};
    struct glob_sink sink = {found_one, &found};
    struct str full = arena_printf(&folder->arena, "%s/%s", folder->path, pattern);
    bool went_through = glob_walk(full, &sink);
    cr_expect_eq(went_through, found.left > 0);
    char *names[64];
    size_t count = 0;
    for (char *name = strtok((char *)buf_z(&found.text), " "); name; name = strtok(NULL, " "))
        names[count++] = name;
    qsort(names, count, sizeof *names, by_text);
    struct buf sorted = {0};
    for (size_t i = 0; i < count; i++) buf_printf(&sorted, "%s%s", i ? " " : "", names[i]);
    const char *text = arena_copy_z(&folder->arena, buf_str(&sorted));
    buf_fini(&sorted);
    buf_fini(&found.text);
    return text;
}

Test(glob, walks)
{
    static const struct { const char *pattern, *found; } rows[] = {
        {"a.log", "a.log"},
        {"none", ""},
        {"*.log", "a.log b.log"},
        {"?.log", "a.log b.log"},
        {"[b-z].log", "b.log"},
        {"[!b-z].log", "a.log"},
        {"*", "a.log b.log d loop star*"},
        {".*", ".h.log"},
        {"star\\*", "star*"},
        {"d/*/z.log", "d/e/z.log"},
        {"**/*.log", "a.log b.log d/c.log d/e/z.log"},
        {"d/**/z.log", "d/e/z.log"},
        {"**/e/**/z.log", "d/e/z.log"},
        {"**", "a.log b.log d loop star*"},
        {"d//c.log", "d/c.log"},
        {"loop/c.log", "loop/c.log"},
        {"a.log/x", ""},
        {"[.log", ""},
    };
    struct folder folder;
    folder_begin(&folder);
    const char *files[] = {"a.log", "b.log", ".h.log", "star*", "d/c.log", "d/e/z.log", "d/.f/y.log"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) folder_write(&folder, files[i], "");
    cr_assert_eq(symlink("d", folder_at(&folder, "loop")), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_str_eq(walk(&folder, rows[i].pattern, 1000), rows[i].found, "%s: %s",
                         rows[i].pattern, walk(&folder, rows[i].pattern, 1000));
    cr_expect_eq(strlen(walk(&folder, "*.log", 1)), 5, "the sink wanted one only");
    folder_end(&folder);
}
