/* libcurl, loaded when it is first needed: linked in it brings 20 libraries along and would make a
 * daemon that never makes an HTTP request a quarter larger (4 of 16 MB). */
#ifndef RESUS_IO_CURL_CALLS_H
#define RESUS_IO_CURL_CALLS_H

#include <curl/curl.h>

#include "base/error.h"

/* The functions of that name, without `curl_`. */
struct curl_calls {
    CURLcode (*global_init)(long flags);
    CURL *(*easy_init)(void);
    CURLcode (*easy_setopt)(CURL *easy, CURLoption option, ...);
    CURLcode (*easy_getinfo)(CURL *easy, CURLINFO info, ...);
    void (*easy_cleanup)(CURL *easy);
    CURLcode (*easy_perform)(CURL *easy);
    const char *(*easy_strerror)(CURLcode code);
    CURLM *(*multi_init)(void);
    CURLMcode (*multi_setopt)(CURLM *multi, CURLMoption option, ...);
    CURLMcode (*multi_add_handle)(CURLM *multi, CURL *easy);
    CURLMcode (*multi_remove_handle)(CURLM *multi, CURL *easy);
    CURLMcode (*multi_socket_action)(CURLM *multi, curl_socket_t socket, int events, int *running);
    CURLMcode (*multi_assign)(CURLM *multi, curl_socket_t socket, void *pointer);
    CURLMsg *(*multi_info_read)(CURLM *multi, int *left);
    CURLMcode (*multi_cleanup)(CURLM *multi);
    const char *(*multi_strerror)(CURLMcode code);
    struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
    void (*slist_free_all)(struct curl_slist *list);
};

/* From any thread; valid until the process ends. NULL with `err`: the library is not there. */
const struct curl_calls *curl_calls(struct error *err);

#endif
