/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies that setup puts into the store. All texts are malloc'ed and the caller's to free. */
#ifndef CORE_ELASTIC_TEMPLATE_TEXT_H
#define CORE_ELASTIC_TEMPLATE_TEXT_H
#include <stdbool.h>

enum { TEMPLATE_BYTES_MAX = 1024 * 1024 };

struct template_wish {
    const char *file;    /* NULL: the one for logs */
    const char *pattern; /* logstash-* */
    const char *alias, *policy; /* of the lifecycle; NULL: none */
    bool is_legacy;      /* of _template, not _index_template */
};

/* NULL: the file cannot be read or is no object; `problem` says why. */
char *template_text(const struct template_wish *wish, char *problem, unsigned problem_size);
char *policy_text(void);
char *alias_text(const char *alias);

#endif
