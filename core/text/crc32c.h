/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli, as in iSCSI, RFC 3720): by the processor's own instruction where there is one
 * (SSE 4.2, ARMv8 CRC), by tables elsewhere. Any thread. */
#ifndef CORE_TEXT_CRC32C_H
#define CORE_TEXT_CRC32C_H
#include <stddef.h>
#include <stdint.h>

/* The checksum of what `crc` covers already (0: nothing) and these bytes behind it. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t len);
/* The same without the instruction, for the tests. */
uint32_t crc32c_by_table(uint32_t crc, const void *bytes, size_t len);

#endif
