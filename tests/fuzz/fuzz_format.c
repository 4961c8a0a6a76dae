/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes to the formatter: what parses is formatted to a text that has the same tokens and tree
 * (format_source() looks itself and says so when not) and that formats to itself; what does not parse
 * is refused. The first byte chooses escapes and width. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include "dsl/format.h"
#include "dsl/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool parses(const struct source_text *source, bool has_escapes)
{
    struct parse_options options = {.has_escapes = has_escapes};
    struct config config = {0};
    struct arena arena;
    struct diag diag;
    arena_init(&arena, NULL);
    diag_init(&diag);
    bool is_right = parse_source(&config, source, &options, &arena, &diag);
    diag_fini(&diag);
    arena_fini(&arena);
    return is_right;
}

static bool format(struct str text, const struct format_options *options, struct buf *out)
{
    struct source_text source = {STR("fuzz.conf"), text};
    struct diag diag;
    diag_init(&diag);
    bool is_right = format_source(&source, options, out, &diag);
    if (is_right != (diag.errors == 0) || (!is_right && out->len)) abort();
    if (is_right != parses(&source, options->has_escapes)) abort();
    diag_fini(&diag);
    return is_right;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t widths[] = {0, FORMAT_WIDTH_MIN, 60, FORMAT_WIDTH_MAX};
    if (size == 0) return 0;
    /* Exactly as large as the text: a read beyond its end is seen. */
    char *copy = malloc(size);
    if (!copy) return 0;
    memcpy(copy, data, size);
    struct format_options options = {.has_escapes = data[0] & 1, .width = widths[(data[0] >> 1) & 3]};
    struct buf once = {0}, twice = {0};
    if (format((struct str){copy + 1, size - 1}, &options, &once)) {
        if (!format(buf_str(&once), &options, &twice)) abort();
        if (!str_eq(buf_str(&once), buf_str(&twice))) abort();
    }
    buf_fini(&once);
    buf_fini(&twice);
    free(copy);
    return 0;
}
