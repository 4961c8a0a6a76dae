/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/uuid.h"
#include <stdlib.h>
#include <sys/random.h>

void uuid_next(struct uuid_source *source, char out[UUID_SIZE])
{
    if (source->left < 16) {
        if (getrandom(source->bytes, UUID_STOCK, 0) != UUID_STOCK) abort();
        source->left = UUID_STOCK;
    }
    source->left -= 16;
    uint8_t *bytes = source->bytes + source->left;
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
        *out++ = "0123456789abcdef"[bytes[i] >> 4];
        *out++ = "0123456789abcdef"[bytes[i] & 15];
    }
}
