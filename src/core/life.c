/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See core/life.h for the rules. gone() runs from the very last drop and from
 * nowhere else: in it nothing is under way any more, so it may free what the
 * life is a part of.
 */
#include "core/life.h"

#include <assert.h>

void kw_life_init(struct kw_life *life, kw_gone_fn *gone)
{
    *life = (struct kw_life){.gone = gone};
}

void kw_life_hold(struct kw_life *life)
{
    life->holds++;
}

void kw_life_drop(struct kw_life *life)
{
    assert(life->holds > 0);
    life->holds--;
    if (life->holds == 0 && life->closing)
        life->gone(life);
}

bool kw_life_close(struct kw_life *life)
{
    if (life->closing)
        return false;
    life->closing = true;
    if (life->holds == 0)
        life->gone(life);
    return true;
}

static void on_handle_closed(uv_handle_t *handle)
{
    kw_life_drop(handle->data);
}

void kw_life_close_handle(struct kw_life *life, uv_handle_t *handle)
{
    if (uv_is_closing(handle))
        return;
    handle->data = life;
    uv_close(handle, on_handle_closed);
}

void kw_life_timer(struct kw_life *life, uv_loop_t *loop, uv_timer_t *timer,
                   void *data)
{
    uv_timer_init(loop, timer); /* libuv: always 0 */
    timer->data = data;
    kw_life_hold(life);
}
