/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lifetime of an object that owns libuv handles, requests and jobs.
 *
 * The object embeds its handles and one struct kw_life by value. Whatever is
 * open or under way is counted with a hold. kw_life_close says that the end
 * has begun; when it has been said and the last hold is dropped, gone() runs
 * once, and only there may the object be freed. Handles close with
 * kw_life_close_handle, which drops the hold in libuv's close callback.
 *
 *   start: kw_life_init, uv_timer_init + kw_life_hold
 *   work:  a request under way is a hold: uv_write + hold, its callback drops
 *   close: kw_life_close, kw_life_close_handle(each handle) -> ... -> gone
 *
 * Everything runs on the loop's thread.
 */
#ifndef KW_CORE_LIFE_H
#define KW_CORE_LIFE_H

#include <stdbool.h>
#include <uv.h>

struct kw_life;
typedef void kw_gone_fn(struct kw_life *life);

struct kw_life {
    unsigned holds;
    bool closing;
    kw_gone_fn *gone; /* runs from the last drop or from kw_life_close */
};

void kw_life_init(struct kw_life *life, kw_gone_fn *gone);

/* One more handle, request or job. */
void kw_life_hold(struct kw_life *life);

/* One less. May run gone(): the object must not be touched afterwards. */
void kw_life_drop(struct kw_life *life);

/*
 * The end begins; false when it had begun before (then nothing happens).
 * Runs gone() at once when nothing is held: call it last.
 */
bool kw_life_close(struct kw_life *life);

/*
 * Closes a handle that a hold was taken for; harmless when it is closing
 * already. handle->data is overwritten.
 */
void kw_life_close_handle(struct kw_life *life, uv_handle_t *handle);

/* Inits a timer of this life with data and takes the hold. Never fails. */
void kw_life_timer(struct kw_life *life, uv_loop_t *loop, uv_timer_t *timer,
                   void *data);

#endif
