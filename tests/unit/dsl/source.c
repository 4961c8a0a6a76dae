/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/source.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena arena;
static struct diag diag;
static struct sources sources;
static char folder[64];

static void write_file(const char *name, struct str text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    cr_assert(file);
    fwrite(text.ptr, 1, text.len, file);
    fclose(file);
}

static void begin(void)
{
    arena_init(&arena, NULL);
    diag_init(&diag);
    sources = (struct sources){0};
    snprintf(folder, sizeof folder, "/tmp/tailrace-source-XXXXXX");
    cr_assert(mkdtemp(folder));
    char path[256];
    static const char *const folders[] = {"d", "d/e", "{x}"};
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, folders[i]);
        mkdir(path, 0700);
    }
    static const char *const files[] = {"b.conf", "a.conf", "c.txt", "a.conf~", "d/e/z.conf", "d/y.conf", ".h.conf"};
    for (int i = 0; i < 7; i++) write_file(files[i], str_of(files[i]));
}
static void end(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    cr_assert_eq(system(command), 0);
    diag_fini(&diag);
    arena_fini(&arena);
}
TestSuite(source, .init = begin, .fini = end);

/* The files that `pattern` (below the folder) names, in order, joined by blanks. */
static const char *files_of(const char *pattern, bool *is_right)
{
    static char names[512];
    char where[256];
    snprintf(where, sizeof where, "%s%s", folder, pattern);
    sources = (struct sources){0};
    *is_right = sources_read_files(&sources, str_of(where), &arena, &diag);
    names[0] = '\0';
    for (uint32_t i = 0; i < sources.count; i++) {
        struct str name = str_from(sources.items[i]->name, strlen(folder) + 1);
        cr_expect(str_eq(name, sources.items[i]->text), "each file holds its own name");
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%.*s", i ? " " : "", STR_ARG(name));
    }
    return names;
}

Test(source, finds_files_sorted_by_path)
{
    static const struct { const char *pattern, *files; } rows[] = {
        {"", "a.conf b.conf c.txt"},           {"/", "a.conf b.conf c.txt"},
        {"/*.conf", "a.conf b.conf"},          {"/{b,a}.conf", "a.conf b.conf"},
        {"/{c.txt,{a,b}.conf}", "a.conf b.conf c.txt"},
        {"/**/*.conf", "a.conf b.conf d/e/z.conf d/y.conf"},
        {"/d/**", "d/e/z.conf d/y.conf"},      {"/[ab].conf", "a.conf b.conf"},
        {"/?.txt", "c.txt"},                   {"/a.conf", "a.conf"},
        {"/d/*", "d/y.conf"},                  {"/{a,a}.conf", "a.conf"},
        {"/*/*.conf", "d/y.conf"},             {"/.h.conf", ".h.conf"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool is_right;
        cr_expect_str_eq(files_of(rows[i].pattern, &is_right), rows[i].files, "%s", rows[i].pattern);
        cr_expect(is_right, "%s", rows[i].pattern);
    }
    cr_expect_gt(diag.warnings, 0); /* of a.conf~ */
    bool is_right;
    files_of("/none*", &is_right);
    cr_expect(!is_right);
    write_file("{x}/{x}.conf", STR("{x}/{x}.conf")); /* a folder with braces in its name */
    cr_expect_str_eq(files_of("/{x}", &is_right), "{x}/{x}.conf");
}

Test(source, refuses_a_mark_and_bytes_that_are_not_utf8)
{
    write_file("d/e/z.conf", STR("\xef\xbb\xbfinput { }"));
    bool is_right = sources_read_files(&sources, arena_printf(&arena, "%s/d/e", folder), &arena, &diag);
    cr_expect(!is_right);
    write_file("d/e/z.conf", STR("input { }\n# \xe9"));
    cr_expect(!sources_read_files(&sources, arena_printf(&arena, "file://%s/d/e", folder), &arena, &diag));
    cr_assert_eq(diag.errors, 2);
    cr_expect_eq(diag.messages[1].place.start, 12);
    cr_expect_eq(place_line(diag.messages[1].place).line, 2);
}

Test(source, adds_stdin_and_stdout_to_a_text_without)
{
    static const struct { const char *text; uint32_t count; } rows[] = {
        {"", 3}, {"filter { }", 3}, {"input { } output { }", 1}, {"input\n{ }", 2},
        {"# output { }\n input {}", 1}, {"input_ {} output {", 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sources = (struct sources){0};
        cr_expect(sources_take_text(&sources, STR("-e"), str_of(rows[i].text), &arena, &diag));
        cr_expect_eq(sources.count, rows[i].count, "%s: %u", rows[i].text, sources.count);
    }
}

static struct str last_message(void)
{
    cr_assert(diag.count);
    return diag.messages[diag.count - 1].text;
}

Test(source, refuses_more_alternatives_and_bytes_than_its_limits)
{
    struct buf pattern = {0};
    buf_printf(&pattern, "%s/", folder);
    for (int i = 0; i < 9; i++) buf_append_z(&pattern, "{a,b}");
    cr_expect(!sources_read_files(&sources, buf_str(&pattern), &arena, &diag)); /* 512 */
    buf_fini(&pattern);
    struct str large = {malloc(SOURCE_BYTES_MAX + 1), SOURCE_BYTES_MAX + 1};
    memset((char *)large.ptr, ' ', large.len);
    cr_expect(!sources_take_text(&sources, STR("-e"), large, &arena, &diag));
    cr_expect(str_eq_z(last_message(), "the text of -e has more than 67108864 bytes"));
    large.len--;
    cr_expect(sources_take_text(&sources, STR("-e"), large, &arena, &diag));
    cr_expect(!sources_read_files(&sources, arena_printf(&arena, "%s/a.conf", folder), &arena, &diag));
    cr_expect(str_ends(last_message(), STR("a.conf: the files together have more than 67108864 bytes")));
    free((char *)large.ptr);
}
