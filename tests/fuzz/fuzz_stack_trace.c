/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of anything, one after the other, as stack traces are told apart. */
#include <stdlib.h>
#include "core/text/stack_trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t state = 0;
    for (size_t at = 0; at < size;) {
        const uint8_t *newline = memchr(data + at, '\n', size - at);
        size_t len = newline ? (size_t)(newline - data) - at : size - at;
        if (len) {
            char *line = malloc(len); /* its own, so that a byte behind it is seen */
            if (!line) return 0;
            memcpy(line, data + at, len);
            uint32_t before = state;
            bool goes_on = stack_trace_goes_on((struct str){line, len}, &state);
            if (goes_on && !before) abort(); /* nothing was there to go on with */
            free(line);
        }
        at += len + 1;
    }
    return 0;
}
