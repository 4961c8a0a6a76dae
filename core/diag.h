/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a text, said with its place: one collector and one renderer for the pipeline
 * language, YAML, plugin options, the command line and the environment.
 *
 *   error: filter `kv` has no option `feild_split`
 *     --> web.conf:4:5
 *      |
 *    4 |     feild_split => "&"
 *      |     ^^^^^^^^^^^ did you mean `field_split`?
 *      = kv takes: source, target, field_split, value_split, prefix, max_fields
 *
 * What looks like a secret in a line (core/text/secrets.h) is shown as asterisks.
 * All messages of a run are collected, printed in file order, errors to DIAG_SHOWN_MAX. A warning whose
 * line, or the line above alone, has the comment `# tailrace: ignore` is not taken.
 * Start-up only; one thread. */
#ifndef CORE_DIAG_H
#define CORE_DIAG_H
#include <stdint.h>
#include <stdio.h>
#include "core/event/arena.h"
#include "core/text/buf.h"

enum {
    DIAG_SHOWN_MAX = 20,   /* errors printed, and as many warnings; the rest is counted */
    DIAG_KEPT_MAX = 1000,  /* messages kept; further ones are counted only */
    DIAG_LINE_MAX = 140,   /* characters shown of a source line; longer ones are cut around the caret */
    DIAG_SECRET_LOOK = 4096, /* bytes before a line in which the name of a secret is looked for */
    DIAG_TEXT_MAX = 2000,  /* bytes of a message's text, hint or note; longer ones are cut */
    SUGGEST_WORD_MAX = 64, /* bytes of a word that suggest() looks at */
};

/* A text that places point into: a file, -e, a setting, the command line. */
struct source_text {
    struct str name; /* as the user would name it: path, `-e`, `pipelines.yml` */
    struct str text;
};

/* Bytes [start, end) of a text. `source` NULL: no place is known. */
struct place {
    const struct source_text *source;
    uint32_t start, end;
};

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_OFFER };

struct message {
    enum severity severity;
    struct place place;
    struct str text;         /* first line: what is wrong */
    struct str hint;         /* at the caret: the remedy; may be empty */
    struct str note;         /* the `=` line; may be empty */
    struct place other;      /* a second place: "first defined here"; source NULL when none */
    struct str other_hint;
    uint32_t order;          /* of being said, for places that are equal */
};

struct diag {
    struct arena arena; /* of the messages */
    struct message *messages;
    uint32_t count, capacity;
    uint32_t errors, warnings;
    struct message spare; /* takes what is said beyond DIAG_KEPT_MAX, and what is silenced */
    struct place line;    /* the line in which a warning was last looked up … */
    bool line_is_silenced;
    bool takes_offers; /* set by who shows them; else they are not taken */
};

void diag_init(struct diag *diag);
void diag_fini(struct diag *diag);

/* Adds an error or warning and returns it, so that hint, note or second place can be filled:
 *     diag_hint(diag, diag_error(diag, place, "unknown option `%.*s`", …), "did you mean …?"); */
struct message *diag_error(struct diag *diag, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
struct message *diag_warning(struct diag *diag, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A better way to write what is right; counted as nothing. */
struct message *diag_offer(struct diag *diag, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void diag_hint(struct diag *diag, struct message *message, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void diag_note(struct diag *diag, struct message *message, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void diag_other(struct diag *diag, struct message *message, struct place place, const char *format,
                ...) __attribute__((format(printf, 4, 5)));

/* The returned message is valid until the next one is added. */

/* What was said since the mark is unsaid: of text that was read in another way after all. */
struct diag_mark {
    uint32_t count, errors, warnings;
};
struct diag_mark diag_mark(const struct diag *diag);
void diag_forget(struct diag *diag, struct diag_mark mark);
/* Only what was said between two marks is unsaid. */
void diag_forget_between(struct diag *diag, struct diag_mark from, struct diag_mark to);

/* All messages as text, in order of source (as first seen) and position. */
void diag_render(const struct diag *diag, struct buf *out);
/* The same for editors: one JSON object a line, all that are kept. Lines and columns count from 1;
 * the end is the column behind the last character. */
void diag_render_json(const struct diag *diag, struct buf *out);

struct line_column {
    uint32_t line, column; /* from 1; the column counts characters */
    struct str text;       /* the whole line, without its end */
};
struct line_column place_line(struct place place);
/* Bytes [start, end) of a text that stands at `place` in quotes (or in slashes); all of it when escapes or
 * variables have made it another text than is written there. */
struct place place_within(struct place place, struct str text, size_t start, size_t end);

/* Lines and columns of many places of a text: what lies between two places is read once when they
 * come in order. Zeroed at first. */
struct place_walk {
    const struct source_text *source;
    uint32_t at, line, column; /* of the last place asked for */
};
/* Moves to the byte `at` of `source`; walk->line and walk->column are then its own. */
void place_walk_to(struct place_walk *walk, const struct source_text *source, uint32_t at);

/* The candidate nearest to `word`: restricted Damerau-Levenshtein distance, case folded, at most a
 * third of the word's length (at least 1) and something in common, ties by alphabet. Empty when nothing
 * is near. */
struct str suggest(struct str word, const struct str *candidates, size_t count);

#endif
