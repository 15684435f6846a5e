/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trusted time over a restart (base/trust.h): the module core stores it
 * once an hour and at its stop, and reads it before any other module starts.
 */
#ifndef KW_CORE_CORE_CLOCK_H
#define KW_CORE_CORE_CLOCK_H

#include "core/db.h"

struct kw_core;

extern const struct kw_db_table kw_clock_table;

/* Sets core->trust; to "nothing known" when there is nothing to be read. */
void kw_core_clock_load(struct kw_core *core);

/* Stores it: with the next commit when done is NULL, else now, and done runs in
 * every case. A failure costs the time since the last success. */
void kw_core_clock_store(struct kw_core *core, kw_db_done_fn *done, void *arg);

#endif
