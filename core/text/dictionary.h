/* SPDX-License-Identifier: Apache-2.0 */
/* A dictionary: texts and what they stand for, written inline or read from YAML, JSON or CSV. It is
 * asked in one of three ways, fixed when it is made:
 *
 *   exact    the whole text is a key
 *   regex    the first key, in order, that is an expression which the text has somewhere
 *   parts    every occurrence of a key in the text is replaced; at one place the first key in order
 *            wins, not the longest
 *
 * The order is that of writing; a key given again keeps its place and gets the new value. Values are of
 * any type; YAML's plain true, yes, no, null and numbers are typed, and a plain key that is none of
 * text (`200:`) never matches, as in Logstash: dictionary_odd_key() tells of it.
 *
 * Memory is the dictionary's own; what is found is valid as long as it. Expressions belong to one thread
 * at a time. */
#ifndef CORE_TEXT_DICTIONARY_H
#define CORE_TEXT_DICTIONARY_H
#include "core/event/value.h"
#include "core/text/buf.h"

enum {
    DICTIONARY_BYTES_MAX = 128 * 1024 * 1024, /* of a file */
    DICTIONARY_ENTRIES_MAX = 1 << 20,
    DICTIONARY_REGEXES_MAX = 10000, /* entries of a dictionary of expressions */
    DICTIONARY_DEPTH_MAX = 32,      /* of values within values */
};

enum dictionary_rule { DICTIONARY_EXACT, DICTIONARY_REGEX, DICTIONARY_PARTS };
enum dictionary_format { DICTIONARY_YAML, DICTIONARY_JSON, DICTIONARY_CSV };

struct dictionary;
struct dictionary *dictionary_create(enum dictionary_rule rule);
void dictionary_destroy(struct dictionary *dictionary); /* NULL is allowed */

/* Adds a copy. False: there are DICTIONARY_ENTRIES_MAX. */
bool dictionary_add(struct dictionary *dictionary, struct str key, const struct value *value);
/* Adds all of the text. False: `problem` says what is wrong with it and in which line. */
bool dictionary_read(struct dictionary *dictionary, struct str text, enum dictionary_format format,
                     struct buf *problem);
/* Adds all of another one that it does not have itself, behind its own; for a dictionary that is read
 * again, call it first, so that the old ones keep their places. */
bool dictionary_merge(struct dictionary *dictionary, const struct dictionary *other);
/* No more is added: expressions are compiled. False: one is refused, or there are too many; `problem` says
 * which. */
bool dictionary_finish(struct dictionary *dictionary, struct buf *problem);

uint32_t dictionary_count(const struct dictionary *dictionary);
/* The first plain key that YAML reads as no text; false: there is none. */
bool dictionary_odd_key(const struct dictionary *dictionary, struct str *key);

/* Of the rules exact and regex: the value, or NULL. `text` is a string. */
const struct value *dictionary_find(struct dictionary *dictionary, struct value *text);

enum dictionary_verdict { DICTIONARY_UNCHANGED, DICTIONARY_REPLACED, DICTIONARY_MEMORY };
/* Of the rule parts. `out`, in memory of `arena`, is set by DICTIONARY_REPLACED only. */
enum dictionary_verdict dictionary_replace(const struct dictionary *dictionary, struct str text, struct arena *arena,
                                           struct str *out);

#endif
