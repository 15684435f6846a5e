/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory that the JSON library takes while it reads one text. Private to
 * core/conf_json.c.
 *
 * Jansson 2.14 goes on when a token's buffer can't grow: a number then fails
 * an assertion, which stops the program, and a string is read past its end.
 * So an allocation that fails never returns to it: it jumps back to where the
 * reading began, and all that was taken since is given back from a list. What
 * it took may hold passwords and is wiped when it is given back.
 */
#ifndef KW_CORE_CONF_HEAP_H
#define KW_CORE_CONF_HEAP_H

#include "base/list.h"

#include <setjmp.h>
#include <stddef.h>

struct kw_conf_heap {
    struct kw_link blocks; /* that are held */
    jmp_buf full;          /* where an allocation that fails goes to */
};

/*
 * Makes it the heap of this thread until leave. The caller sets `full` with
 * setjmp before anything allocates, and when it comes back from there calls
 * leave and treats the library's objects as gone.
 */
void kw_conf_heap_enter(struct kw_conf_heap *heap);
/* Gives back what is held. */
void kw_conf_heap_leave(struct kw_conf_heap *heap);

/* For the library. Outside of a heap they are kw_alloc and kw_free. */
void *kw_conf_heap_alloc(size_t size);
void kw_conf_heap_free(void *block);

#endif
