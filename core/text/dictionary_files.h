/* SPDX-License-Identifier: Apache-2.0 */
/* The texts that a dictionary is read from. Each adds what it finds and gives false with a problem that
 * names the line. Start-up, and the thread that reads a change (core/store/live_file.h). */
#ifndef CORE_TEXT_DICTIONARY_FILES_H
#define CORE_TEXT_DICTIONARY_FILES_H
#include "core/text/dictionary.h"

/* A map at the top. */
bool dictionary_read_yaml(struct dictionary *dictionary, struct str text, struct buf *problem);
/* An object at the top. */
bool dictionary_read_json(struct dictionary *dictionary, struct str text, struct buf *problem);
/* RFC 4180: the first column is the key, the second the value, others are ignored. */
bool dictionary_read_csv(struct dictionary *dictionary, struct str text, struct buf *problem);

/* A plain key that is no text, for dictionary_odd_key(). */
void dictionary_add_odd(struct dictionary *dictionary, struct str key);

#endif
