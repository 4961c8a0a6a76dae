/* SPDX-License-Identifier: Apache-2.0 */
/* `tailrace check --compat DIR`: how a Logstash's settings folder would run here. Every setting, plugin
 * and option is said to be exact, different (and how) or refused (and why), by the very checks that a
 * start makes, so that the report cannot promise what a start refuses. Paths of pipelines.yml that
 * point into /etc/logstash or /usr/share/logstash are looked for below DIR first, so that a copied
 * folder can be judged on another machine. Runs once and ends; memory is the arena's. */
#ifndef PIPELINES_COMPAT_H
#define PIPELINES_COMPAT_H
#include "core/event/arena.h"
#include "core/text/buf.h"

enum { COMPAT_PATH_MAX = 4096 }; /* bytes of a path that is put together here */

/* Appends the report, counts last; for editors (`is_json`) one object a line without counts: `verdict`,
 * `subject`, `part`, `file`, `line`, `column`, `end_line`, `end_column`, `name`, `message`. A folder that
 * holds nothing of a Logstash but folders that do is reported folder by folder. False: something is
 * refused. */
bool compat_report(struct str folder, bool is_json, struct arena *arena, struct buf *out);

#endif
