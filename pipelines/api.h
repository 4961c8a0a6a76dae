/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP API on the control thread: Prometheus /metrics, /health, /ready and Logstash's monitoring
 * endpoints, on libmicrohttpd. Only GET; answers are built from relaxed reads of the workers'
 * counters. Refuses to bind beyond loopback without basic authentication. */
#ifndef PIPELINES_API_H
#define PIPELINES_API_H
#include <uv.h>
#include "pipelines/supervisor.h"

struct api;
/* NULL when it cannot listen (logged). The supervisor outlives it. */
struct api *api_start(struct supervisor *supervisor, uv_loop_t *loop);
void api_stop(struct api *api);    /* closes its handles; then the loop turns */
void api_destroy(struct api *api); /* after the loop has ended */

#endif
