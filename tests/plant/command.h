/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of the control socket: text in, one line of JSON out.
 */
#ifndef KW_PLANT_COMMAND_H
#define KW_PLANT_COMMAND_H

#include "plant.h"

/* Carries out one command; `line` is cut into words. Adds the answer with its
 * line end: an object, {"ok":true} or {"error":"…"}. Main thread only. */
void kw_plant_command(struct kw_plant *plant, char *line,
                      struct kw_plant_out *out);

#endif
