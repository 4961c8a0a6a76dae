/* SPDX-License-Identifier: Apache-2.0 */
/* Golden messages: tests/cases/diagnostics/NAME.case holds a configuration and, behind a line of
 * `----`, what is said of it. A first line `# options: escapes strict` sets parse options. With
 * TAILRACE_ACCEPT=1 in the environment the expected part is written anew: read it in the diff. */
#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/xmalloc.h"
#include "dsl/checker.h"
#include "dsl/parser.h"
#include "tests/unit/support/cases.h"

/* ---- plugins with one option of each kind ---- */

struct sample {
    bool enabled;
    int64_t port;
    double ratio;
    struct str name;
    struct secret password;
    struct duration timeout;
    struct byte_size limit;
    struct choice mode;
    struct str_list hosts;
    struct path source;
    struct template target;
    struct template_pairs replace;
    struct str_pairs rename;
};
static const char *const modes[] = {"client", "server", NULL};
static const struct option sample_options[] = {
    OPTION_BOOL(struct sample, enabled, .help = "h"),
    OPTION_INT(struct sample, port, .min = 1, .max = 65535, .help = "h"),
    OPTION_DOUBLE(struct sample, ratio, .help = "h"),
    OPTION_STRING(struct sample, name, .help = "h"),
    OPTION_SECRET(struct sample, password, .help = "h"),
    OPTION_DURATION(struct sample, timeout, .unit = "s", .help = "h"),
    OPTION_SIZE(struct sample, limit, .help = "h"),
    OPTION_CHOICE(struct sample, mode, .choices = modes, .help = "h"),
    OPTION_STRINGS(struct sample, hosts, .help = "h"),
    OPTION_PATH(struct sample, source, .help = "h"),
    OPTION_TEMPLATE(struct sample, target, .help = "h"),
    OPTION_TEMPLATE_PAIRS(struct sample, replace, .help = "h"),
    OPTION_PAIRS(struct sample, rename, .help = "h"),
    {.name = "host", .kind = OPTION_IS_STRINGS, .offset = offsetof(struct sample, hosts),
     .alias_of = "hosts", .deprecated = "write hosts", .help = "h"},
    OPTION_OBSOLETE("ssl", "write ssl_enabled"),
    OPTION_IGNORED("threads", "h"),
    OPTION_END,
};
struct needy {
    struct str source;
};
static const struct option needy_options[] = {
    OPTION_STRING(struct needy, source, .required = true, .help = "h"),
    OPTION_END,
};
static const struct filter_type filter_sample = {.name = "sample", .size = sizeof(struct sample),
                                                 .options = sample_options};
static const struct filter_type filter_needy = {.name = "needy", .size = sizeof(struct needy),
                                                .options = needy_options};
static const struct input_type input_stdin = {.name = "stdin"};
static const struct output_type output_stdout = {.name = "stdout"};
static const struct codec_type codec_json = {.name = "json", .size = sizeof(struct needy),
                                             .options = needy_options};
static const struct codec_type codec_plain = {.name = "plain"};
static const struct filter_type *const filters[] = {&filter_sample, &filter_needy, NULL};
static const struct input_type *const inputs[] = {&input_stdin, NULL};
static const struct output_type *const outputs[] = {&output_stdout, NULL};
static const struct codec_type *const codecs[] = {&codec_json, &codec_plain, NULL};

/* ---- running ---- */

static struct str read_case(const char *path, struct buf *text)
{
    FILE *file = fopen(path, "rb");
    cr_assert(file, "%s", path);
    for (size_t got = 1; got;) {
        buf_reserve(text, 4096);
        got = fread(text->ptr + text->len, 1, 4096, file);
        text->len += got;
    }
    fclose(file);
    return buf_str(text);
}

static void say(struct str config, struct buf *out)
{
    struct source_text source = {STR("web.conf"), config};
    struct str first = str_slice(config, 0, (size_t)(strchrnul(config.ptr, '\n') - config.ptr));
    bool has_options = str_starts(first, STR("# options:"));
    struct parse_options options = {
        .has_escapes = has_options && str_find(first, STR("escapes")) >= 0,
        .is_strict_precedence = has_options && str_find(first, STR("strict")) >= 0};
    struct checker_options checks = {.inputs = inputs, .filters = filters, .outputs = outputs,
                                     .codecs = codecs, .is_dry = true};
    struct config tree = {0};
    struct arena arena;
    struct diag diag;
    arena_init(&arena, NULL);
    diag_init(&diag);
    parse_source(&tree, &source, &options, &arena, &diag);
    check_config(&tree, &checks, &arena, &diag);
    diag_render(&diag, out);
    diag_fini(&diag);
    arena_fini(&arena);
}

static void accept_case(const char *path, struct str config, struct str said)
{
    FILE *file = fopen(path, "wb");
    cr_assert(file, "%s", path);
    fprintf(file, "%.*s----\n%.*s", STR_ARG(config), STR_ARG(said));
    fclose(file);
}

static void run_case(const char *path)
{
    struct buf text = {0}, said = {0};
    struct str whole = read_case(path, &text);
    buf_z(&text);
    ptrdiff_t cut = str_find(whole, STR("----\n"));
    cr_assert(cut >= 0, "%s has no line of ----", path);
    struct str config = str_slice(whole, 0, (size_t)cut);
    struct str expected = str_from(whole, (size_t)cut + 5);
    /* The text ends where its buffer does, so that a reader beyond the end is seen by ASan. */
    char *alone = xstrndup(config);
    say((struct str){alone, config.len}, &said);
    free(alone);
    if (getenv("TAILRACE_ACCEPT")) accept_case(path, config, buf_str(&said));
    else cr_expect(case_count("diagnostics", "1.10", str_eq(expected, buf_str(&said)), NULL), "%s: said\n%s", path,
                   buf_z(&said));
    buf_fini(&text);
    buf_fini(&said);
}

Test(diagnostics, are_as_written_in_the_cases)
{
    glob_t found;
    cr_assert_eq(glob("tests/cases/diagnostics/*.case", 0, NULL, &found), 0, "run from the project's root");
    for (size_t i = 0; i < found.gl_pathc; i++) run_case(found.gl_pathv[i]);
    globfree(&found);
}
