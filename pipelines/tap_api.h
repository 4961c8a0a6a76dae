/* SPDX-License-Identifier: Apache-2.0 */
/* GET /_tap: events of a running pipeline as a stream of JSON lines (pipelines/tap.h), as long as
 * the watcher stays. Events may be secret, so beside the API's own password:
 *
 *   api.tap.enabled  auto: on loopback only; an API that others reach must be told to show events
 *   without a password only requests are answered whose Host is an address or localhost: a page in
 * a browser of this machine whose name was pointed at 127.0.0.1 reads nothing
 *
 * Control thread. */
#ifndef PIPELINES_TAP_API_H
#define PIPELINES_TAP_API_H
#include <microhttpd.h>
#include "pipelines/taps.h"

struct tap_api;
/* `daemon` is told to run when a tap has news. */
struct tap_api *tap_api_create(struct supervisor *supervisor, uv_loop_t *loop,
                               struct MHD_Daemon *daemon, bool is_loopback);
/* Ends all taps and closes its handles; then the loop turns. */
void tap_api_stop(struct tap_api *api);
void tap_api_destroy(struct tap_api *api); /* after the loop has ended and the daemon was stopped */

enum MHD_Result tap_api_answer(struct tap_api *api, struct MHD_Connection *connection);
/* After the daemon ran: streams may have more to say than one run takes. */
void tap_api_go_on(struct tap_api *api);
const struct taps *tap_api_taps(const struct tap_api *api); /* for the metrics */

#endif
