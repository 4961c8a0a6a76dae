/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl's functions, found by name when they are first wanted. Thread-safe; the library stays loaded. */
#ifndef CORE_NET_CURL_H
#define CORE_NET_CURL_H
#include <curl/curl.h>

#define CURL_FUNCTIONS(X)                                                                                   \
    X(CURLcode, global_init, (long flags))                                                                  \
    X(CURL *, easy_init, (void))                                                                            \
    X(CURLcode, easy_setopt, (CURL * handle, CURLoption option, ...))                                       \
    X(CURLcode, easy_getinfo, (CURL * handle, CURLINFO info, ...))                                          \
    X(const char *, easy_strerror, (CURLcode code))                                                         \
    X(void, easy_cleanup, (CURL * handle))                                                                  \
    X(CURLM *, multi_init, (void))                                                                          \
    X(CURLMcode, multi_setopt, (CURLM * multi, CURLMoption option, ...))                                    \
    X(CURLMcode, multi_add_handle, (CURLM * multi, CURL *handle))                                           \
    X(CURLMcode, multi_remove_handle, (CURLM * multi, CURL *handle))                                        \
    X(CURLMcode, multi_socket_action, (CURLM * multi, curl_socket_t socket, int events, int *running))      \
    X(CURLMsg *, multi_info_read, (CURLM * multi, int *left))                                               \
    X(CURLMcode, multi_assign, (CURLM * multi, curl_socket_t socket, void *opaque))                         \
    X(CURLMcode, multi_cleanup, (CURLM * multi))                                                            \
    X(struct curl_slist *, slist_append, (struct curl_slist * list, const char *text))                      \
    X(void, slist_free_all, (struct curl_slist * list))

struct curl_library {
#define X(result_, name_, arguments_) result_(*name_) arguments_;
    CURL_FUNCTIONS(X)
#undef X
};

/* NULL: it is not there; `*problem` says why. */
const struct curl_library *curl_library(const char **problem);

#endif
