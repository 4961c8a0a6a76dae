/* SPDX-License-Identifier: Apache-2.0 */
/* Random UUIDs (RFC 9562, version 4). Random bytes are taken from the kernel for many at once; a source
 * belongs to one thread. */
#ifndef CORE_TEXT_UUID_H
#define CORE_TEXT_UUID_H
#include <stdint.h>
#include "core/text/str.h"

enum { UUID_SIZE = 36, UUID_STOCK = 256 /* bytes: what getrandom(2) gives without being interrupted */ };

struct uuid_source {
    uint8_t bytes[UUID_STOCK];
    uint32_t left; /* of the bytes; zeroed: none yet */
};

/* UUID_SIZE bytes, no NUL. */
void uuid_next(struct uuid_source *source, char out[UUID_SIZE]);

#endif
