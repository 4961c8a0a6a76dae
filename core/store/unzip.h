/* SPDX-License-Identifier: Apache-2.0 */
/* A gzip file (RFC 1952, any number of members) read as blocks of its content. What one call gives
 * is bounded by the room it is given, whatever the ratio. Bytes behind the last member that are no
 * member are ignored, as gzip does. Blocks: for the disk thread; one thread at a time. */
#ifndef CORE_STORE_UNZIP_H
#define CORE_STORE_UNZIP_H
#include <stdint.h>
#include "core/text/str.h"

struct unzip;

struct unzip *unzip_create(void);
void unzip_destroy(struct unzip *unzip);
/* Reads content from `fd`, whose next compressed byte lies at *offset, which moves. Returns how many
 * bytes were written to `out`, 0 at the end, or a negative errno; -EBADMSG: not gzip, damaged or cut
 * short (what came before was given out). */
ptrdiff_t unzip_read(struct unzip *unzip, int fd, uint64_t *offset, char *out, size_t room);
/* Reads all of it without keeping it: 0 when every member is whole. */
int unzip_check(int fd);
bool unzip_is_name(const char *path); /* ends in .gz or .gzip */

#endif
