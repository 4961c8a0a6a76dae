/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a syslog message: nothing is read outside, every slice lies within the text, what is
 * said to be structured data can be walked to its end, and reading twice gives the same. */
#include <assert.h>
#include <stdlib.h>
#include "core/text/syslog.h"

static void inside(struct str text, struct str slice)
{
    if (slice.len == 0) return;
    assert(slice.ptr >= text.ptr && slice.ptr + slice.len <= text.ptr + text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct syslog_clock clock = {0};
    syslog_clock_set(&clock, 1729382400);
    struct syslog_message message, again;
    syslog_parse(text, &clock, &message);
    syslog_parse(text, &clock, &again);
    assert(message.seconds == again.seconds && message.kind == again.kind);
    assert(str_eq(message.message, again.message));
    assert(message.priority >= -1 && message.priority <= SYSLOG_PRIORITY_MAX);
    assert(message.ns < 1000000000);
    struct str slices[] = {message.timestamp,  message.host,    message.program,
                           message.pid,        message.message, message.version,
                           message.message_id, message.sequence, message.structured_data};
    for (size_t i = 0; i < sizeof slices / sizeof *slices; i++) inside(text, slices[i]);
    struct syslog_params params = {.rest = message.structured_data};
    while (syslog_params_next(&params)) {
        inside(text, params.value);
        char *out = malloc(params.value.len + 1);
        assert(syslog_unescape(params.value, out) <= params.value.len);
        free(out);
    }
    assert(params.rest.len == 0);
    assert(syslog_trim(text).len <= size);
    return 0;
}
