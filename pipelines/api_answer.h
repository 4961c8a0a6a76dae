/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of the API and what its queries say, on libmicrohttpd. Control thread. */
#ifndef PIPELINES_API_ANSWER_H
#define PIPELINES_API_ANSWER_H
#include <jansson.h>
#include <microhttpd.h>
#include <stdbool.h>

/* `text` is from malloc() and is taken over. */
enum MHD_Result api_answer(struct MHD_Connection *connection, unsigned status, const char *type,
                           char *text, size_t len);
/* Takes the document over; `pretty` in the query indents it. */
enum MHD_Result api_answer_json(struct MHD_Connection *connection, unsigned status,
                                json_t *document);
/* An error as Logstash words it: path, status and message. */
enum MHD_Result api_answer_error(struct MHD_Connection *connection, unsigned status,
                                 const char *path, const char *message);

/* NULL: the query has no such name, or no value for it. */
const char *api_query(struct MHD_Connection *connection, const char *name);
/* True when given without a value or with `true`. */
bool api_query_flag(struct MHD_Connection *connection, const char *name);

#endif
