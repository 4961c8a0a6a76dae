/* SPDX-License-Identifier: Apache-2.0 */
/* MurmurHash3 (Austin Appleby, public domain): the 32-bit variant for x86 and the 128-bit one for x64. Not
 * for security. No state: any thread. */
#ifndef CORE_TEXT_MURMUR_H
#define CORE_TEXT_MURMUR_H
#include <stdint.h>
#include "core/text/str.h"

uint32_t murmur3_32(struct str text, uint32_t seed);
/* h1, then h2, each with its lowest byte first. */
void murmur3_128(struct str text, uint32_t seed, uint8_t out[16]);

#endif
