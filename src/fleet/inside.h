/* Shared by the files of the fleet alone. */
#ifndef RESUS_FLEET_INSIDE_H
#define RESUS_FLEET_INSIDE_H

#include "core/ownership.h"
#include "fleet/fleet.h"
#include "io/etcd.h"

#define NAME_MAX_ 64
#define CONFIG_SIZE 17 /* 16 hex digits and the NUL */
#define RENEWALS_KEPT 100
#define VIEW_GRACE_MS 5000   /* a watch may be away for so long */
#define ECHO_MS 2000         /* until a write of ours has to come back through the watch */
#define MEMBER_MS 15000      /* between two writes of the member's key */
#define READ_AGAIN_MS 300000 /* the whole store is read again and compared */
#define NODES_MS 60000       /* between two looks at the nodes of etcd */
#define ALONE_MS 10000       /* at a start without etcd: then the services are watched, unsure */

struct member {
    char name[NAME_MAX_], url[SETTINGS_URL_MAX], site[NAME_MAX_], version[32], config[CONFIG_SIZE];
    int64_t created, modified, lease;
    mono_ms since; /* seen by us */
};

struct known {
    char name[NAME_MAX_];
    bool drained;
    int64_t modified;
};

struct save {
    uint64_t id;
    uint64_t version;
};

struct fence {
    bool active, renewed_first;
    enum fence_phase phase;
    char what[32];
    fleet_may *done;
    void *context;
    uint64_t version; /* of the state that goes with the intent */
    uint64_t right;   /* its number, once the change is under way; 0 = not yet */
    int64_t under;    /* the fence that it was given under */
};

struct entry {
    struct fleet *fleet;
    int index;
    /* as the store shows it */
    int64_t created, modified, lease; /* of owner/S; 0 = none */
    char owner[NAME_MAX_], config[CONFIG_SIZE];
    int64_t state_modified, intent_modified;
    char *state, *intent;
    /* what we make of it */
    enum ownership_shown shown;
    mono_ms since, asked;
    bool asking;
    bool known, here, unsure; /* known: to the world */
    int64_t fence;            /* under which it is here; 0 = not certain */
    /* to be stored */
    char *wanted;
    uint64_t version, stored, sent;
    bool storing;
    mono_ms store_after;
    struct save saves[FLEET_SAVES_MAX];
    size_t save_count;
    struct fence fencing;
    mono_ms arrives_by; /* what was sent under a right that has ended */
    bool closing_intent;
    char own_config[CONFIG_SIZE];
    bool seen; /* in a reading of the whole store */
};

struct node {
    bool asking, asked, answers, leads;
    char version[32], text[ETCD_TEXT_MAX];
    int64_t bytes;
};

/* Held by the list of its fleet until it has ended. */
struct order {
    struct order *next;
    enum fleet_order order;
    char engine[NAME_MAX_];
    fleet_ordered *done;
    void *context;
    struct fleet *fleet;
};

struct fleet {
    uv_loop_t *loop;
    const struct settings *settings;
    struct fleet_ports ports;
    struct etcd *etcd;
    uv_timer_t timer;
    bool started, closing;
    mono_ms began;

    struct tenure tenure;
    int64_t lease, member_created; /* of this tenure */
    bool member_writing, name_taken;
    mono_ms member_due;
    int64_t echo_revision; /* 0 = none is waited for */
    mono_ms echo_due;
    int64_t renewals[RENEWALS_KEPT];
    size_t renewal_count;
    int64_t lost;
    char problem[ETCD_TEXT_MAX];

    struct etcd_watch *watch;
    bool read, reading, watching;
    int64_t read_revision;
    char read_from[ETCD_KEY_MAX];
    bool read_again;
    mono_ms read_due, watch_lost, heard;

    struct member members[FLEET_MEMBERS_MAX];
    size_t member_count;
    struct known known[FLEET_MEMBERS_MAX];
    size_t known_count;
    bool member_seen[FLEET_MEMBERS_MAX], known_seen[FLEET_MEMBERS_MAX];
    size_t unknown_services; /* owned by others, and not in our settings */
    char config[CONFIG_SIZE];

    struct node nodes[ETCD_ENDPOINTS_MAX];
    mono_ms nodes_due;
    char alarm[32];
    size_t voters; /* members of etcd that vote; 0 = not known */

    struct entry *entries;
    int *order; /* indices by id, for the search */
    int count;
    int claims;

    uint64_t rights; /* given so far */
    bool stopping;   /* no right is given */
    struct beginning *beginnings;
    struct order *orders;
};

static inline struct now fleet_now(const struct fleet *f)
{
    return f->ports.now(f->ports.context);
}

/* tenure.c */
void fleet_wake(struct fleet *f); /* a turn, soon */
void fleet_tenure_turn(struct fleet *f, struct now now);
void fleet_tenure_event(struct fleet *f, enum tenure_event event, const struct etcd_answer *answer);
void fleet_renew(struct fleet *f, etcd_done *done, void *context);
/* What an answer of the store says of the lease; the tenure takes it. */
void fleet_renewed(struct fleet *f, const struct etcd_answer *answer);
void fleet_note(struct fleet *f, const struct etcd_answer *answer); /* `problem` */
bool fleet_key(const struct fleet *f, char ret[ETCD_KEY_MAX], const char *kind, const char *name);

/* view.c */
void fleet_view_begin(struct fleet *f);
void fleet_view_turn(struct fleet *f, struct now now);
bool fleet_view_current(const struct fleet *f, struct now now);
struct entry *fleet_entry(struct fleet *f, const char *id);
const struct member *fleet_member(const struct fleet *f, const char *name);
bool fleet_drained(const struct fleet *f, const char *name);

/* nodes.c */
void fleet_nodes_turn(struct fleet *f, struct now now);

/* services.c */
void fleet_services_turn(struct fleet *f, struct now now);
mono_ms fleet_services_due(const struct fleet *f, struct now now);
/* fence.c */
void fleet_store_turn(struct entry *e, struct now now);
void fleet_intent_turn(struct entry *e);
void fleet_stop_rights(struct fleet *f);

/* people.c */
void fleet_stop_orders(struct fleet *f);
void fleet_free_orders(struct fleet *f);

/* state_json.c */
char *fleet_state_text(const struct service_state *state);
/* False: it is not one that this version understands. */
bool fleet_state_read(const char *text, struct service_state *ret);
/* config.c */
void fleet_config_of(const struct service_settings *service, char ret[CONFIG_SIZE]);
void fleet_config_all(struct fleet *f);

#endif
