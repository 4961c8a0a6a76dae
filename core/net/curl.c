/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/curl.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

static struct curl_library library;
static bool is_loaded;
static char reason[256];

static bool function_find(void *handle, const char *name, void *at)
{
    void *function = dlsym(handle, name);
    *(void **)at = function;
    if (!function) snprintf(reason, sizeof reason, "libcurl.so.4 has no %s", name);
    return function;
}

static void load(void)
{
    void *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        snprintf(reason, sizeof reason, "%s", dlerror());
        return;
    }
    bool ok = true;
#define X(result_, name_, arguments_) ok = ok && function_find(handle, "curl_" #name_, &library.name_);
    CURL_FUNCTIONS(X)
#undef X
    is_loaded = ok && library.global_init(CURL_GLOBAL_ALL) == CURLE_OK;
}

const struct curl_library *curl_library(const char **problem)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    *problem = is_loaded ? NULL : reason;
    return is_loaded ? &library : NULL;
}
