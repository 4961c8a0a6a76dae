/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of whatever keeps files: a temporary folder, its files as texts. */
#ifndef TESTS_UNIT_SUPPORT_FOLDER_H
#define TESTS_UNIT_SUPPORT_FOLDER_H
#include "core/event/arena.h"
#include "core/text/buf.h"

struct folder {
    struct arena arena; /* of all texts given out */
    const char *path;
};

void folder_begin(struct folder *folder);
void folder_end(struct folder *folder); /* removes it */
/* The path of a name in it. */
const char *folder_at(struct folder *folder, const char *name);
/* Both make directories that are missing. */
void folder_write(struct folder *folder, const char *name, const char *text);
void folder_append(struct folder *folder, const char *name, const char *text);
void folder_write_bytes(struct folder *folder, const char *name, struct str bytes);
/* The text of a file, "" when it is empty, NULL when there is none. */
const char *folder_read(struct folder *folder, const char *name);
struct str folder_read_bytes(struct folder *folder, const char *name);
/* The content of a gzip file, any number of members. */
const char *folder_unzip(struct folder *folder, const char *name);
/* `text` as one gzip member. */
struct str folder_zip(struct folder *folder, const char *text);
#endif
