/* The sections `alerts` and `escalation` as plain structs: where messages go, and who is called
 * when no one reacts. Part of settings/settings.h. */
#ifndef RESUS_SETTINGS_ALERT_SETTINGS_H
#define RESUS_SETTINGS_ALERT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/retry.h"
#include "settings/limits.h"

#define SETTINGS_CHANNELS_MAX 32
#define SETTINGS_ROUTES_MAX 32
#define SETTINGS_LEVELS_MAX 4
#define SETTINGS_RECIPIENTS_MAX 32
#define SETTINGS_ROUTE_SERVICES_MAX 64
#define SETTINGS_CHANNEL_NAME_MAX 64 /* with the NUL */
#define SETTINGS_MAILBOX_MAX 255     /* the longest address that SMTP takes, with the NUL */
#define SETTINGS_SEVERITIES 4        /* P1 to P4 */

enum mail_tls { MAIL_TLS_REQUIRED, MAIL_TLS_NONE };
enum pagerduty_region { PAGERDUTY_US, PAGERDUTY_EU };

struct mailbox_list {
    char addresses[SETTINGS_RECIPIENTS_MAX][SETTINGS_MAILBOX_MAX];
    size_t count;
};

/* Members that a type does not have are empty. */
struct channel_settings {
    char name[SETTINGS_CHANNEL_NAME_MAX];
    enum channel_type type;
    char url[SETTINGS_PATH_MAX], url_file[SETTINGS_PATH_MAX];
    char proxy[SETTINGS_PATH_MAX]; /* "" = none; never from the environment */
    char ca_file[SETTINGS_PATH_MAX];
    int64_t timeout_ms; /* in all; 0 = the type's own */
    bool send_resolved;
    bool log_lines;                  /* are its readers admins? */
    char from[SETTINGS_MAILBOX_MAX]; /* smtp, as are the next four */
    struct mailbox_list to;
    char username[128];
    char password_file[SETTINGS_PATH_MAX];
    enum mail_tls tls;
    char routing_key_file[SETTINGS_PATH_MAX]; /* pagerduty, as is the next */
    enum pagerduty_region region;
    char secret_file[SETTINGS_PATH_MAX]; /* webhook */
};

/* Indices into the channels, in the file's order. */
struct channel_list {
    uint8_t channels[SETTINGS_CHANNELS_MAX];
    size_t count;
};

struct severity_set {
    bool has[SETTINGS_SEVERITIES]; /* [0] is P1 */
};

struct service_patterns {
    char patterns[SETTINGS_ROUTE_SERVICES_MAX][SETTINGS_ID_MAX]; /* an id, or "*" */
    size_t count;
};

struct route_settings {
    struct severity_set severities;
    struct service_patterns services;
    struct channel_list channels;
};

/* A dead-man service: it calls people when these requests stop. */
struct heartbeat_settings {
    char url[SETTINGS_PATH_MAX], url_file[SETTINGS_PATH_MAX]; /* both "" = none */
    int64_t interval_ms;
    bool report_failure; /* does it take URL/fail? */
    char proxy[SETTINGS_PATH_MAX], ca_file[SETTINGS_PATH_MAX];
    int64_t timeout_ms;
};

struct alert_settings {
    struct channel_settings *channels; /* array of channel_count; NULL = none */
    size_t channel_count;
    struct route_settings *routes; /* array of route_count; NULL = the default routes */
    size_t route_count;
    int64_t page_after_ms, resolve_after_ms;
    struct heartbeat_settings heartbeat;
    int daily_summary;            /* minute of the day, counted from 1; 0 = none is sent */
    int weekly_report;            /* minute of the week from Monday, likewise */
    char link[SETTINGS_PATH_MAX]; /* base of the links in messages, "" = none */
};

struct level_settings {
    char name[SETTINGS_NAME_MAX];
    struct channel_list channels;
    int64_t after_ms; /* since the incident began */
};

struct escalation_settings {
    char war_room[SETTINGS_URL_MAX]; /* where people meet in an incident; "" = not set */
    struct level_settings levels[SETTINGS_LEVELS_MAX];
    size_t level_count;
};

#endif
