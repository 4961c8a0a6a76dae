/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a keystore: nothing crashes. The same bytes as names and values: what is encrypted
 * reads back the same, and with one byte changed it does not read at all. */
#include <assert.h>
#include "core/keystore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(struct str text)
{
    struct keystore store = {0}, again = {0};
    for (size_t at = 0; at + 3 < text.len && store.count < 64;) {
        size_t name = 1 + (unsigned char)text.ptr[at] % 8, value = (unsigned char)text.ptr[at + 1];
        if (at + 2 + name + value > text.len) break;
        keystore_set(&store, str_slice(text, at + 2, at + 2 + name),
                     str_slice(text, at + 2 + name, at + 2 + name + value));
        at += 2 + name + value;
    }
    struct buf file = {0};
    assert(!keystore_encrypt(&store, STR("p"), KEYSTORE_ROUNDS_MIN, &file));
    assert(!keystore_decrypt(&again, buf_str(&file), STR("p")));
    assert(again.count == store.count && again.bytes == store.bytes);
    for (uint32_t i = 0; i < store.count; i++)
        assert(str_eq(*keystore_get(&again, store.items[i].name), store.items[i].value));
    keystore_fini(&again);
    size_t changed = text.len % (file.len - 13) + 13; /* behind the number of rounds */
    file.ptr[changed] ^= 0x10;
    assert(keystore_decrypt(&again, buf_str(&file), STR("p")) && again.count == 0);
    buf_fini(&file);
    keystore_fini(&store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    /* Rounds are costly and not of interest: a small number stands in for what was given. */
    struct buf file = {0};
    buf_append(&file, text);
    if (size > 13) memcpy(file.ptr + 9, "\0\0\x03\xe8", 4);
    struct keystore store = {0};
    const char *wrong = keystore_decrypt(&store, buf_str(&file), STR("password"));
    assert(!wrong || store.count == 0);
    keystore_fini(&store);
    buf_fini(&file);
    round_trip(text);
    return 0;
}
