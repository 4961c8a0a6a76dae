/* SPDX-License-Identifier: Apache-2.0 */
/* What is done once at start, before the first document: who answers there, the lifecycle policy, the template,
 * the first index of the alias. Nothing of it fails for ever: what does not work is said and tried again, at the
 * next host, while documents wait; then the delivery is released. One worker's thread. */
#ifndef CORE_ELASTIC_SETUP_H
#define CORE_ELASTIC_SETUP_H
#include "core/elastic/elastic.h"

enum { SETUP_ANSWER_MAX = 1024 * 1024, SETUP_PATH_MAX = 1024 };

struct setup *setup_begin(struct elastic *self);
/* Gives up if it is still at it, and frees it. Then calls `closed` with the elastic. */
void setup_close(struct setup *setup, void (*closed)(void *opaque));

#endif
