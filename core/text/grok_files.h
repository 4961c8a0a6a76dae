/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in patterns as the build embeds them, one text a group (core/text/grok_patterns/):
 *
 *     # Title of the group
 *
 *     # What the pattern matches, in one line: the last comment above it
 *     legacy NAME expression         of the legacy set
 *     ecs-v1 NAME expression         of the ecs-v1 set
 *         rest of a long expression
 *     NAME expression                of both
 *
 * Names that begin with `_` are parts of others: they work, and are shown nowhere.
 * Texts are slices of the program itself. Any thread. */
#ifndef CORE_TEXT_GROK_FILES_H
#define CORE_TEXT_GROK_FILES_H
#include "core/text/str.h"

struct grok_file {
    const char *group;
    struct str text;
};
extern const struct grok_file grok_files[]; /* generated; ends with a NULL group */

enum grok_set { GROK_LEGACY, GROK_ECS_V1, GROK_SETS };

/* One definition. A name of both sets with two expressions comes twice, with one meaning. */
struct grok_entry {
    struct str name, text, meaning;
    bool is_in[GROK_SETS];
};

struct grok_reader {
    struct str rest, meaning;
};
struct grok_reader grok_reader_open(const struct grok_file *file);
/* False: there is none any more. */
bool grok_reader_next(struct grok_reader *reader, struct grok_entry *entry);
struct str grok_file_title(const struct grok_file *file);
/* A part of others, which users are not told of? */
static inline bool grok_name_is_hidden(struct str name) { return str_starts(name, STR("_")); }

/* Takes the next line of `*rest`, without its end. */
struct str grok_line_take(struct str *rest);
/* Takes what stands before the next blanks, and the blanks. */
struct str grok_word_take(struct str *line);

#endif
