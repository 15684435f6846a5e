/* SPDX-License-Identifier: Apache-2.0 */
/* The module's rows and the handlers of its routes; self is the kw_auth. */
#ifndef KW_AUTH_ROUTES_H
#define KW_AUTH_ROUTES_H

#include "core/module.h"
#include "core/route.h"

extern const struct kw_setting kw_auth_settings[];
extern const struct kw_route kw_auth_routes[];
extern const struct kw_metric kw_auth_metrics[];

/* Bodies, as the rows describe them. */
struct kw_auth_login_body {
    const char *user, *password;
};
struct kw_auth_setup_body {
    const char *password, *admin_name, *admin_password; /* last two or none */
};
struct kw_auth_password_body {
    const char *current, *wanted;
};

/* login.c */
void kw_auth_post_session(void *self, struct kw_request *request);
void kw_auth_get_session(void *self, struct kw_request *request);
void kw_auth_delete_session(void *self, struct kw_request *request);

/* setup.c */
void kw_auth_get_setup(void *self, struct kw_request *request);
void kw_auth_post_setup(void *self, struct kw_request *request);

/* account.c */
void kw_auth_put_password(void *self, struct kw_request *request);

#endif
