#include "accounts/user_change.h"

#include <string.h>

#include "accounts/roles.h"
#include "accounts/second_factor.h"
#include "base/json.h"
#include "base/str.h"

bool user_email_good(const char *text)
{
    const char *at = strchr(text, '@');
    if (at == NULL || at == text || at[1] == '\0' || strchr(at + 1, '@') != NULL)
        return false;
    for (const char *p = text; *p != '\0'; p++)
        if (*p <= 0x20 || *p >= 0x7F || strchr("\"'<>(),;:\\", *p) != NULL)
            return false;
    return true;
}

void user_change(struct accounts *a, struct user *u, const json_t *args, const char *hash,
                 char *text, size_t size)
{
    const json_t *disabled = json_object_get(args, "disabled");
    const char *role = json_text_or(args, "role", NULL);
    (void)str_format(text, size, "%s:", u->email);
    if (role != NULL) {
        (void)str_append(text, size, " role %s -> %s;", access_name(u->role), role);
        u->role = access_by_name(role);
    }
    if (json_is_boolean(disabled)) {
        u->disabled = json_is_true(disabled);
        u->locked_until = u->disabled ? u->locked_until : WALL_NONE;
        (void)str_append(text, size, " %s;", u->disabled ? "disabled" : "enabled");
    }
    if (hash[0] != '\0') {
        (void)str_copy(u->hash, sizeof u->hash, hash);
        (void)str_append(text, size, " new password;");
    }
    if (json_bool_or(args, "reset_totp", false)) {
        totp_clear(u);
        (void)str_append(text, size, " two-factor login off;");
    }
    u->changed = accounts_now(a).wall;
    if (u->disabled || hash[0] != '\0') {
        u->not_before = u->changed;
        (void)sessions_end(a, u, NULL);
        u->codes_missed = 0;
    }
    text[strlen(text) - 1] = '\0'; /* the last semicolon, or the colon */
}

bool user_change_harms(const struct accounts *a, const struct user *u, const json_t *args)
{
    const char *role = json_text_or(args, "role", NULL);
    return user_is_last_admin(a, u) &&
           (json_bool_or(args, "disabled", false) || (role != NULL && !str_equal(role, "admin")));
}
