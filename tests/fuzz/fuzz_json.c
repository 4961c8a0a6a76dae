/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON decoder and encoder against jansson: accept or refuse alike, equal values, and a text
 * that is stable once encoded (tests/unit/support/jansson_oracle.h lists the known differences). */
#include "tests/unit/support/jansson_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!oracle_agrees((struct str){(const char *)data, size})) abort();
    return 0;
}
