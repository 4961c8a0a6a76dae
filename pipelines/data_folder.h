/* SPDX-License-Identifier: Apache-2.0 */
/* path.data: made if missing, locked for this process, with the instance's persistent identity. */
#ifndef PIPELINES_DATA_FOLDER_H
#define PIPELINES_DATA_FOLDER_H
#include <stdbool.h>
#include "core/text/str.h"

struct data_folder {
    int lock;        /* descriptor that holds the lock */
    char id[37];     /* UUID, of the file `uuid` */
};

/* False: said in the log, with the remedy. */
bool data_folder_open(struct data_folder *folder, const char *path);
void data_folder_close(struct data_folder *folder);
/* Makes a folder and those above it; 0 or an errno. */
int data_folder_make(const char *path);
/* Where it lies unless configured: /var/lib/tailrace for root and where that may be written, else
 * under the home folder. */
void data_folder_default(char *path, size_t size);
/* A random UUID (version 4). */
void uuid_make(char out[37]);

#endif
