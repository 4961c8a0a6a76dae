/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/proxy.h"
#include <assert.h>

/* The next word; the line is cut behind it. */
static struct str next_word(struct str *line)
{
    const char *blank = line->len ? memchr(line->ptr, ' ', line->len) : NULL;
    size_t len = blank ? (size_t)(blank - line->ptr) : line->len;
    struct str word = {line->ptr, len};
    *line = str_from(*line, blank ? len + 1 : len);
    return word;
}

static bool take_address(struct str word, bool is_v6, char out[ADDRESS_TEXT_MAX])
{
    struct address address;
    if (word.len >= ADDRESS_TEXT_MAX || !address_parse(&address, word, 0)) return false;
    if ((address.family == AF_INET6) != is_v6) return false;
    memcpy(out, word.ptr, word.len);
    out[word.len] = 0;
    return true;
}

static bool take_port(struct str word, char out[PROXY_PORT_TEXT])
{
    uint32_t port = 0;
    if (word.len == 0 || word.len >= PROXY_PORT_TEXT) return false;
    for (size_t i = 0; i < word.len; i++) {
        if (!is_digit(word.ptr[i])) return false;
        port = port * 10 + (uint32_t)(word.ptr[i] - '0');
    }
    memcpy(out, word.ptr, word.len);
    out[word.len] = 0;
    return port <= UINT16_MAX;
}

static bool take_line(struct str line, struct proxy_header *header)
{
    *header = (struct proxy_header){0};
    if (!str_eq(next_word(&line), STR("PROXY"))) return false;
    struct str family = next_word(&line);
    if (str_eq(family, STR("UNKNOWN"))) return true;
    bool is_v6 = str_eq(family, STR("TCP6"));
    header->is_known = is_v6 || str_eq(family, STR("TCP4"));
    struct str source = next_word(&line), target = next_word(&line);
    struct str source_port = next_word(&line), target_port = next_word(&line);
    return header->is_known && take_address(source, is_v6, header->source) &&
           take_address(target, is_v6, header->target) &&
           take_port(source_port, header->source_port) &&
           take_port(target_port, header->target_port) && line.len == 0;
}

enum proxy_verdict proxy_parse(struct str bytes, struct proxy_header *header, size_t *used)
{
    struct str head = STR("PROXY ");
    size_t seen = bytes.len < head.len ? bytes.len : head.len;
    if (seen && memcmp(bytes.ptr, head.ptr, seen)) return PROXY_BAD;
    size_t searched = bytes.len < PROXY_LINE_MAX ? bytes.len : PROXY_LINE_MAX;
    const char *end = searched ? memchr(bytes.ptr, '\n', searched) : NULL;
    if (!end) return searched == PROXY_LINE_MAX ? PROXY_BAD : PROXY_MORE;
    size_t len = (size_t)(end - bytes.ptr);
    *used = len + 1;
    if (len == 0 || bytes.ptr[len - 1] != '\r') return PROXY_BAD;
    return take_line((struct str){bytes.ptr, len - 1}, header) ? PROXY_DONE : PROXY_BAD;
}

enum proxy_verdict proxy_read(struct proxy_reader *reader, struct str bytes, size_t *used)
{
    assert(!reader->is_done && reader->len < PROXY_LINE_MAX);
    size_t room = PROXY_LINE_MAX - reader->len;
    size_t taken = bytes.len < room ? bytes.len : room;
    memcpy(reader->line + reader->len, bytes.ptr, taken);
    struct str line = {reader->line, reader->len + taken};
    size_t length = 0;
    enum proxy_verdict verdict = proxy_parse(line, &reader->header, &length);
    if (verdict == PROXY_DONE) {
        assert(length > reader->len);
        *used = length - reader->len;
        reader->is_done = true;
        return verdict;
    }
    reader->len = (uint8_t)line.len;
    *used = taken;
    return verdict;
}
