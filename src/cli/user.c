/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kilowatch user list | reset NAME: the accounts of a state folder, while no
 * gateway runs on it. Local presence is the only way back in.
 */
#include "cli/cli.h"

#include "auth/offline.h"
#include "auth/onetime.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/db.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAP_BYTES = 64 << 20, TABLES = 64 };

static void print_user(void *arg, const struct kw_auth_user *user, int err)
{
    char changed[KW_TIME_TEXT_SIZE];
    const char *state = "";

    (void)arg;
    if (err != 0) {
        printf("%-24s %s\n", user->key, kw_strerror(err));
        return;
    }
    if ((user->flags & KW_AUTH_ENABLED) == 0)
        state = " disabled";
    else if ((user->flags & KW_AUTH_ONE_TIME) != 0)
        state = " one-time password";
    kw_time_format(user->password_changed_ms, changed);
    printf("%-24s %-16s password of %s%s\n", user->name,
           kw_profile_name(user->profile), changed, state);
}

static int list(struct kw_db *db)
{
    int err = kw_auth_offline_each(db, print_user, NULL);

    if (err != 0)
        fprintf(stderr, "the accounts can't be read: %s\n", kw_strerror(err));
    return err != 0 ? KW_EXIT_FAILED : KW_EXIT_DONE;
}

static int reset(struct kw_db *db, const char *dir, const char *name)
{
    int err = kw_auth_offline_reset(db, dir, name,
                                    kw_clock_wall_ms(&kw_clock_system));

    if (err == KW_ENOTFOUND) {
        fprintf(stderr, "there is no account \"%s\"\n", name);
        return KW_EXIT_NO;
    }
    if (err != 0) {
        fprintf(stderr, "the password could not be reset: %s\n",
                kw_strerror(err));
        return KW_EXIT_FAILED;
    }
    if (!isatty(STDERR_FILENO))
        printf("the one-time password is in %s/%s\n", dir,
               KW_AUTH_ONETIME_FILE);
    return KW_EXIT_DONE;
}

int kw_cli_user(const struct kw_options *options, int argc, char **argv)
{
    const char *dir = options->state != NULL ? options->state : KW_STATE_DIR;
    bool wants_list = argc == 1 && strcmp(argv[0], "list") == 0;
    struct kw_db_options db_options = {
        .dir = dir, .map_bytes = MAP_BYTES, .tables = TABLES};
    struct kw_db *db;
    struct kw_diag diag;
    int code;

    if (!wants_list && (argc != 2 || strcmp(argv[0], "reset") != 0))
        return KW_EXIT_USAGE;
    kw_diag_init(&diag);
    if (kw_db_open(&db, &db_options, &diag) != 0) {
        kw_print_diag(&diag);
        kw_diag_fini(&diag);
        return KW_EXIT_FAILED;
    }
    code = wants_list ? list(db) : reset(db, dir, argv[1]);
    kw_db_free(db);
    kw_diag_fini(&diag);
    return code;
}
