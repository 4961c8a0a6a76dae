/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/grok_files.h"
#include <assert.h>

static bool is_gap(char c) { return c == ' ' || c == '\t'; }

struct str grok_line_take(struct str *rest)
{
    ptrdiff_t end = str_find(*rest, STR("\n"));
    struct str line = end < 0 ? *rest : str_slice(*rest, 0, (size_t)end);
    *rest = str_from(*rest, line.len + 1);
    if (str_ends(line, STR("\r"))) line.len--;
    return line;
}

struct str grok_word_take(struct str *line)
{
    size_t end = 0, next;
    while (end < line->len && !is_gap(line->ptr[end])) end++;
    for (next = end; next < line->len && is_gap(line->ptr[next]);) next++;
    struct str word = str_slice(*line, 0, end);
    *line = str_from(*line, next);
    return word;
}

static struct str comment_text(struct str line)
{
    assert(str_starts(line, STR("#")));
    grok_word_take(&line);
    return line;
}

struct str grok_file_title(const struct grok_file *file)
{
    struct str rest = file->text;
    return comment_text(grok_line_take(&rest));
}

struct grok_reader grok_reader_open(const struct grok_file *file)
{
    struct grok_reader reader = {.rest = file->text};
    grok_line_take(&reader.rest); /* the title is nobody's meaning */
    return reader;
}

bool grok_reader_next(struct grok_reader *reader, struct grok_entry *entry)
{
    while (reader->rest.len) {
        struct str line = grok_line_take(&reader->rest);
        if (!line.len || line.ptr[0] == '#') {
            reader->meaning = line.len ? comment_text(line) : STR("");
            continue;
        }
        *entry = (struct grok_entry){.meaning = reader->meaning, .is_in = {true, true}};
        struct str word = grok_word_take(&line);
        bool is_legacy = str_eq(word, STR("legacy")), is_ecs = str_eq(word, STR("ecs-v1"));
        if (is_legacy || is_ecs) {
            entry->is_in[GROK_LEGACY] = is_legacy;
            entry->is_in[GROK_ECS_V1] = is_ecs;
            word = grok_word_take(&line);
        }
        entry->name = word;
        entry->text = line;
        assert(entry->name.len && entry->text.len);
        return true;
    }
    return false;
}
