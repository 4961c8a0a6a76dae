/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a configuration: lexer, parser, the reference's words, checker with all plugins, options,
 * conditions, diagnostics for people and editors. The first byte chooses parse options. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include "dsl/checker.h"
#include "dsl/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    /* Exactly as large as the text: a read beyond its end is seen. */
    char *copy = malloc(size);
    if (!copy) return 0;
    memcpy(copy, data, size);
    struct source_text source = {STR("fuzz.conf"), {copy + 1, size - 1}};
    struct parse_options options = {.has_escapes = data[0] & 1, .is_strict_precedence = data[0] & 2};
    struct checker_options checks = {.inputs = input_types, .filters = filter_types,
                                     .outputs = output_types, .codecs = codec_types, .is_dry = true};
    struct config config = {0};
    struct arena arena;
    struct diag diag;
    struct buf out = {0};
    arena_init(&arena, NULL);
    diag_init(&diag);
    bool is_right = parse_source(&config, &source, &options, &arena, &diag);
    if (is_right != (diag.errors == 0)) abort();
    check_config(&config, &checks, &arena, &diag);
    ast_print(&config, &out);
    diag_render(&diag, &out);
    diag_render_json(&diag, &out);
    buf_fini(&out);
    diag_fini(&diag);
    arena_fini(&arena);
    free(copy);
    return 0;
}
