/* SPDX-License-Identifier: Apache-2.0 */
/* `tailrace check --fields`: which fields there can be behind each statement, of which types, and where
 * they come from. As text what a statement changes; as JSON, for editors and tests, one object a
 * statement with all fields. Control thread. */
#ifndef PIPELINES_FIELDS_REPORT_H
#define PIPELINES_FIELDS_REPORT_H
#include "pipelines/pipeline.h"

void fields_report(const struct pipeline *pipeline, bool is_json, struct buf *out);

#endif
