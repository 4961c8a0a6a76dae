/* SPDX-License-Identifier: Apache-2.0 */
/* JAAS text, the form in which Kafka's Java clients are given their login:
 *
 *     org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";
 *
 * alone, or within `KafkaClient { … };` of a file. Grammar: javax.security.auth.login.Configuration.
 * Texts are slices of the input, or memory of the arena where a backslash was resolved. Start-up. */
#ifndef CORE_KAFKA_JAAS_H
#define CORE_KAFKA_JAAS_H
#include "core/event/arena.h"

enum {
    JAAS_OPTIONS_MAX = 32,       /* of one login module */
    JAAS_BYTES_MAX = 64 * 1024,  /* of the text */
};

struct jaas_option {
    struct str name, value;
};
struct jaas {
    struct str module; /* without its package: PlainLoginModule */
    struct jaas_option options[JAAS_OPTIONS_MAX];
    uint32_t count;
};

/* The first login module. NULL when it was read, else what is wrong with it. */
const char *jaas_parse(struct str text, struct arena *arena, struct jaas *jaas);
/* Empty when it is not given. */
struct str jaas_get(const struct jaas *jaas, struct str name);

#endif
