/* SPDX-License-Identifier: Apache-2.0 */
/* systemd's readiness protocol (sd_notify(3)): one datagram to NOTIFY_SOCKET. */
#ifndef PIPELINES_NOTIFY_H
#define PIPELINES_NOTIFY_H

/* "READY=1", "STOPPING=1", "STATUS=…". Does nothing without NOTIFY_SOCKET. */
void notify(const char *state);

#endif
