/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a user agent, by rules that use all that rules can say; and any bytes as such rules. Every
 * part lies in memory that is there, and what is set is not empty. */
#include <assert.h>
#include <stdint.h>
#include "core/text/user_agent.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const char RULES[] = "user_agent_parsers:\n"
                            "  - regex: '(\\w+)/(\\d+)\\.(\\d+)(?:\\.(\\d+)|)(?:\\.(\\d+)|)'\n"
                            "  - regex: '(.)(.*)'\n    family_replacement: 'x$1y$9'\n    v1_replacement: '$2'\n"
                            "os_parsers:\n  - regex: '(Windows) (\\w+) ?(\\d*)'\n"
                            "device_parsers:\n  - regex: '; *([^;/]*)/'\n    regex_flag: 'i'\n    device_replacement: ' $1 $2$3'\n";

static void read_one(struct user_agent_rules *rules, struct str text)
{
    struct arena arena;
    struct user_agent agent;
    unsigned sum = 0;
    arena_init(&arena, NULL);
    user_agent_read(rules, text, &arena, &agent);
    for (int i = 0; i < UA_PARTS; i++)
        for (size_t k = 0; k < agent.parts[i].len; k++) sum += (unsigned char)agent.parts[i].ptr[k];
    assert(sum > 0);
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct user_agent_rules *rules;
    struct buf problem = {0};
    struct str text = {(const char *)bytes, len};
    if (!rules) rules = user_agent_rules_read(STR(RULES), &problem);
    read_one(rules, text);
    struct user_agent_rules *others = user_agent_rules_read(text, &problem);
    if (others) read_one(others, STR("Mozilla/5.0 (X11; Linux x86_64; rv:1.2) Firefox/3.6.28.4"));
    user_agent_rules_destroy(others);
    buf_fini(&problem);
    return 0;
}
