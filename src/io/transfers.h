/* libcurl's transfers in a libuv loop: HTTP requests that Resus makes. What a transfer is (address,
 * limits, what is done with the bytes) is set on its easy handle by the caller. */
#ifndef RESUS_IO_TRANSFERS_H
#define RESUS_IO_TRANSFERS_H

#include <curl/curl.h>
#include <uv.h>

#include "base/attr.h"
#include "base/error.h"

struct transfers;

/* Runs in the loop, never on the adder's stack. The handle is the caller's again: clean it up or
 * use it again. */
typedef void transfer_done(void *context, CURL *easy, CURLcode result);

/* On the loop's thread, as everything here. -ENOMEM or libuv's error. */
int transfers_new(uv_loop_t *loop, struct transfers **ret, struct error *err) ATTR_MUST_USE;

/* Begins. On an error nothing was begun and `done` is not run. */
int transfers_add(struct transfers *t, CURL *easy, transfer_done *done, void *context,
                  struct error *err) ATTR_MUST_USE;

/* Takes a handle out that was added and is not done; its `done` does not run. Not from within a
 * callback of curl's. */
void transfers_remove(struct transfers *t, CURL *easy);

/* Every handle must have been removed or be done. Memory goes when libuv has let go of it (run the
 * loop once more). Takes NULL; not from within a done callback. */
void transfers_free(struct transfers *t);

#endif
