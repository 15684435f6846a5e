/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: a Unix stream socket, a command a line.
 */
#ifndef KW_PLANT_CONTROL_H
#define KW_PLANT_CONTROL_H

#include "command.h"

struct kw_plant_client;

struct kw_plant_control {
    struct kw_plant_watch watch; /* first */
    struct kw_plant *plant;      /* borrowed */
    char path[108];
    struct kw_plant_client *first; /* all clients */
};

/* Listens at `path`, which an old socket may occupy. -1 with a message. */
int kw_plant_control_open(struct kw_plant_control *control,
                          struct kw_plant *plant, const char *path,
                          struct kw_plant_diag *diag);

/* Closes all and removes the socket. */
void kw_plant_control_close(struct kw_plant_control *control);

#endif
