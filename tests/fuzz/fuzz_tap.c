/* SPDX-License-Identifier: Apache-2.0 */
/* A tap's texts. Input: a condition, a line feed, lines of an instance as `tailrace tap` gets them. What
 * is printed of a line holds no byte that a terminal obeys; a condition's complaints have a place. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "core/text/json.h"
#include "pipelines/tap.h"
#include "pipelines/tap_print.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_where(struct str text)
{
    struct arena arena;
    struct diag diag;
    struct buf out = {0};
    arena_init(&arena, NULL);
    diag_init(&diag);
    struct tap_options options = {.where = text};
    bool is_right = tap_where_is_right(&options, &arena, &diag);
    assert(is_right == !diag.errors);
    diag_render(&diag, &out);
    buf_fini(&out);
    diag_fini(&diag);
    arena_fini(&arena);
}

static void check_line(struct tap_printer *printer, struct str line)
{
    struct buf out = {0};
    bool has_ended;
    if (!tap_print_note(line, &has_ended, &out)) tap_print_line(printer, line, &out);
    for (size_t i = 0; i < out.len; i++) {
        unsigned char c = (unsigned char)out.ptr[i];
        assert((c >= 0x20 || c == '\n') && c != 0x7f);
        assert(c != 0xc2 || (unsigned char)out.ptr[i + 1] >= 0xa0);
    }
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *copy = malloc(len ? len : 1); /* exactly as large as the text: a read beyond its end is seen */
    if (!copy) return 0;
    memcpy(copy, bytes, len);
    struct str rest = {copy, len};
    struct tap_printer printer = {0};
    for (bool is_first = true; rest.len; is_first = false) {
        ptrdiff_t end = str_find(rest, STR("\n"));
        struct str line = end < 0 ? rest : str_slice(rest, 0, (size_t)end);
        rest = str_from(rest, line.len + (end >= 0));
        is_first ? check_where(line) : check_line(&printer, line);
    }
    tap_printer_fini(&printer);
    free(copy);
    return 0;
}
