/* SPDX-License-Identifier: Apache-2.0 */
/* `tailrace health`: asks a running instance's API for /health, for a container's HEALTHCHECK and for
 * scripts. Blocks, at most API_CLIENT_TIMEOUT_S a step (pipelines/api_client.h). */
#ifndef PIPELINES_HEALTH_CHECK_H
#define PIPELINES_HEALTH_CHECK_H
#include "pipelines/settings.h"

/* True: it answered 200. Its word goes to stdout, what is wrong to stderr. Of a range of ports the
 * first that is listened on is asked. */
bool health_check(const struct settings *settings);

#endif
