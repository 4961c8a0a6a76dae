/* SPDX-License-Identifier: Apache-2.0 */
/* User agents taken apart by uap-core's list of regular expressions (regexes.yaml, a file that the operator
 * gives): three lists of rules, for the browser, the system and the device; in each the first rule, in
 * order, whose expression is found in the text wins. A text that no rule knows is "Other".
 *
 * Of about a thousand expressions some 300 are tried for each new text: the others need one of some texts that are
 * not in it (core/text/regex_needs.h). What was found is kept by the caller (core/text/text_cache.h).
 *
 * The rules belong to one thread at a time. Source: uap-core's docs/specification.md. */
#ifndef CORE_TEXT_USER_AGENT_H
#define CORE_TEXT_USER_AGENT_H
#include "core/event/arena.h"
#include "core/text/buf.h"

enum {
    USER_AGENT_FILE_MAX = 8 * 1024 * 1024,
    USER_AGENT_RULES_MAX = 10000, /* of the three lists together */
    USER_AGENT_TEXT_MAX = 16 * 1024, /* of a text bytes beyond this are not looked at */
};

enum user_agent_part {
    UA_NAME, UA_MAJOR, UA_MINOR, UA_PATCH, UA_VERSION,
    UA_DEVICE,
    UA_OS, UA_OS_MAJOR, UA_OS_MINOR, UA_OS_PATCH, UA_OS_VERSION, UA_OS_FULL,
    UA_PARTS
};
/* A part that is not known has ptr NULL; none is empty. */
struct user_agent {
    struct str parts[UA_PARTS];
};

struct user_agent_rules;
/* NULL: the text is no such list; `problem` says why and where. */
struct user_agent_rules *user_agent_rules_read(struct str yaml, struct buf *problem);
void user_agent_rules_destroy(struct user_agent_rules *rules); /* NULL is allowed */
uint32_t user_agent_rules_count(const struct user_agent_rules *rules);

/* Parts are slices of `text`, of the rules, or memory of `arena`. */
void user_agent_read(struct user_agent_rules *rules, struct str text, struct arena *arena, struct user_agent *agent);

#endif
