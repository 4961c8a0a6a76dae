/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/spool/record.h"
#include <assert.h>
#include <endian.h>
#include "core/text/crc32c.h"

static const char magic[4] = "TRLS";

enum { AT_FORMAT = 4, AT_FIRST = 8, AT_SALT = 16, AT_PAYLOAD_MAX = 24, AT_CRC = 28 };
enum { AT_LENGTH = 4, AT_SEQUENCE = 8 }; /* of a record */

static void put16(char *to, uint16_t number) { memcpy(to, &(uint16_t){htole16(number)}, 2); }
static void put32(char *to, uint32_t number) { memcpy(to, &(uint32_t){htole32(number)}, 4); }
static void put64(char *to, uint64_t number) { memcpy(to, &(uint64_t){htole64(number)}, 8); }

static uint16_t get16(const char *from)
{
    uint16_t number;
    memcpy(&number, from, sizeof number);
    return le16toh(number);
}

static uint32_t get32(const char *from)
{
    uint32_t number;
    memcpy(&number, from, sizeof number);
    return le32toh(number);
}

static uint64_t get64(const char *from)
{
    uint64_t number;
    memcpy(&number, from, sizeof number);
    return le64toh(number);
}

void spool_headers_put(char to[SPOOL_HEADERS_BYTES], const struct spool_header *header)
{
    assert(header->first > 0 && header->payload_max > 0 && header->payload_max <= SPOOL_RECORD_BYTES_MAX);
    memset(to, 0, SPOOL_HEADERS_BYTES);
    memcpy(to, magic, sizeof magic);
    put16(to + AT_FORMAT, header->format);
    put64(to + AT_FIRST, header->first);
    put64(to + AT_SALT, header->salt);
    put32(to + AT_PAYLOAD_MAX, header->payload_max);
    put32(to + AT_CRC, crc32c(0, to, AT_CRC));
    memcpy(to + SPOOL_HEADER_BYTES, to, SPOOL_HEADER_BYTES);
}

static enum spool_header_state header_get(const char *from, struct spool_header *header)
{
    if (memcmp(from, magic, sizeof magic) != 0 || get32(from + AT_CRC) != crc32c(0, from, AT_CRC))
        return SPOOL_HEADER_BAD;
    *header = (struct spool_header){.format = get16(from + AT_FORMAT),
                                    .first = get64(from + AT_FIRST),
                                    .salt = get64(from + AT_SALT),
                                    .payload_max = get32(from + AT_PAYLOAD_MAX)};
    if (header->format > SPOOL_FORMAT_RUNS) return SPOOL_HEADER_NEWER;
    bool is_sane = header->first > 0 && header->first <= SPOOL_SEQUENCE_MAX && header->payload_max > 0 &&
                   header->payload_max <= SPOOL_RECORD_BYTES_MAX;
    return header->format >= SPOOL_FORMAT && is_sane ? SPOOL_HEADER_GOOD : SPOOL_HEADER_BAD;
}

enum spool_header_state spool_headers_get(const char from[SPOOL_HEADERS_BYTES], struct spool_header *header)
{
    enum spool_header_state state = header_get(from, header);
    return state == SPOOL_HEADER_BAD ? header_get(from + SPOOL_HEADER_BYTES, header) : state;
}

uint32_t spool_seed(uint64_t salt)
{
    char bytes[8];
    put64(bytes, salt);
    return crc32c(0, bytes, sizeof bytes);
}

void spool_record_put(char *to, uint32_t seed, uint64_t sequence, uint32_t numbers, uint32_t len, bool is_group_first)
{
    assert(len > 0 && len <= SPOOL_RECORD_BYTES_MAX && sequence > 0 && numbers > 0 && numbers <= SPOOL_RUN_MAX);
    if (numbers > 1) {
        put16(to + SPOOL_RECORD_HEAD_BYTES, (uint16_t)numbers);
        len += SPOOL_RUN_HEAD_BYTES;
    }
    put32(to + AT_LENGTH, len | (is_group_first ? SPOOL_GROUP_FIRST : 0) | (numbers > 1 ? SPOOL_RUN : 0));
    put64(to + AT_SEQUENCE, sequence);
    put32(to, crc32c(seed, to + AT_LENGTH, spool_record_size(len) - AT_LENGTH));
}

bool spool_record_head(const char head[SPOOL_RECORD_HEAD_BYTES], uint32_t payload_max, uint32_t *len,
                       uint64_t *sequence)
{
    *len = get32(head + AT_LENGTH) & ~(SPOOL_GROUP_FIRST | SPOOL_RUN);
    *sequence = get64(head + AT_SEQUENCE);
    return *len > 0 && *len <= payload_max && *sequence > 0 && *sequence <= SPOOL_SEQUENCE_MAX;
}

bool spool_record_check(const char *from, uint32_t seed, uint32_t len, struct spool_record *record)
{
    if (get32(from) != crc32c(seed, from + AT_LENGTH, spool_record_size(len) - AT_LENGTH)) return false;
    const uint32_t flags = get32(from + AT_LENGTH);
    record->sequence = get64(from + AT_SEQUENCE);
    record->size = spool_record_size(len);
    record->payload = (struct str){from + SPOOL_RECORD_HEAD_BYTES, len};
    record->is_group_first = flags & SPOOL_GROUP_FIRST;
    record->numbers = 1;
    if (!(flags & SPOOL_RUN)) return true;
    if (len <= SPOOL_RUN_HEAD_BYTES) return false;
    record->numbers = get16(record->payload.ptr);
    record->payload = str_from(record->payload, SPOOL_RUN_HEAD_BYTES);
    bool is_run = record->numbers > 1 && record->numbers <= SPOOL_RUN_MAX;
    return is_run && spool_record_last(record) <= SPOOL_SEQUENCE_MAX;
}

const char *spool_loss_word(enum spool_loss_kind kind)
{
    static const char *const words[] = {[SPOOL_LOSS_TORN] = "unfinished", [SPOOL_LOSS_DAMAGED] = "damaged",
                                        [SPOOL_LOSS_HEADER] = "header damaged", [SPOOL_LOSS_MISSING] = "missing"};
    assert(kind != SPOOL_LOSS_NONE && kind < sizeof words / sizeof *words);
    return words[kind];
}
