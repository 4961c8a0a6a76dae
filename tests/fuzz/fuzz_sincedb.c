/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a sincedb: nothing crashes, and what was read prints to a text that reads the same. */
#include <assert.h>
#include <stdlib.h>
#include "core/store/sincedb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sincedb first = {0}, second = {0};
    struct buf printed = {0}, again = {0};
    sincedb_parse(&first, (struct str){(const char *)data, size}, 1.5);
    sincedb_print(&first, &printed);
    assert(sincedb_parse(&second, buf_str(&printed), 2.5) == 0);
    sincedb_print(&second, &again);
    assert(str_eq(buf_str(&printed), buf_str(&again)));
    for (uint32_t i = 0; i < first.count; i++)
        assert(sincedb_find(&second, first.entries[i].id)->offset == first.entries[i].offset);
    sincedb_clean(&first, 1e9);
    while (second.count) sincedb_remove(&second, second.entries[second.count / 2].id);
    buf_fini(&printed);
    buf_fini(&again);
    sincedb_fini(&first);
    sincedb_fini(&second);
    return 0;
}
