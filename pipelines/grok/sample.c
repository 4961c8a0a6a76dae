/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/grok/sample.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { SAMPLE_BLOCK = 256 * 1024 };

static bool read_all(FILE *file, struct buf *text)
{
    for (size_t got = 1; got && text->len <= SAMPLE_BYTES_MAX;) {
        buf_reserve(text, SAMPLE_BLOCK);
        got = fread(text->ptr + text->len, 1, SAMPLE_BLOCK, file);
        text->len += got;
    }
    return !ferror(file);
}

bool sample_read(struct str name, struct str *text, struct arena *arena, struct diag *diag)
{
    bool is_input = str_eq_z(name, "-");
    struct buf bytes = {.len = 0};
    FILE *file = is_input ? stdin : fopen(arena_copy_z(arena, name), "rb");
    bool ok = file && read_all(file, &bytes);
    if (!ok)
        diag_error(diag, (struct place){0}, "cannot read %.*s: %s", STR_ARG(name), strerror(errno));
    if (ok && bytes.len > SAMPLE_BYTES_MAX) {
        diag_hint(diag,
                  diag_error(diag, (struct place){0}, "%.*s has more than 64 MiB", STR_ARG(name)),
                  "give a part of it: head -n 10000 FILE | tailrace grok …");
        ok = false;
    }
    if (ok) *text = arena_copy(arena, buf_str(&bytes));
    if (file && !is_input) fclose(file);
    buf_fini(&bytes);
    return ok;
}

bool sample_lines(struct sample *sample, struct str name, struct arena *arena, struct diag *diag)
{
    struct str text;
    *sample = (struct sample){.count = 0};
    if (!sample_read(name, &text, arena, diag)) return false;
    uint32_t count = 1;
    for (size_t i = 0; i < text.len; i++) count += text.ptr[i] == '\n';
    sample->lines = arena_alloc(arena, count * sizeof *sample->lines);
    while (text.len) {
        const char *newline = memchr(text.ptr, '\n', text.len);
        struct str line = str_slice(text, 0, newline ? (size_t)(newline - text.ptr) : text.len);
        text = str_from(text, line.len + 1);
        if (line.len && line.ptr[line.len - 1] == '\r') line.len--;
        sample->lines[sample->count++] = line;
    }
    return true;
}
