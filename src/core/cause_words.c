/* Sentences about a cause that depend on what was seen; where there is nothing to add, the row's.
 */
#include <string.h>

#include "base/str.h"
#include "core/cause.h"

/* NULL: the row's. %U stands for the unit, %A for the address, %W for where the host itself gets an
 * answer. */
struct words {
    const char *summary, *advice;
};

bool cause_certificate_expired(const struct sight *s)
{
    const struct probe_facts *p = cause_probe(s);
    return p->reply == REPLY_TLS_FAILED &&
           str_find(p->text, strlen(p->text), "certificate has expired") != NULL;
}

static struct words of_tls(const struct sight *s)
{
    if (cause_certificate_expired(s))
        return (struct words){"The TLS certificate of Redis has expired.",
                              "Renew it, then have Redis load it: redis-cli CONFIG SET "
                              "tls-cert-file PATH. That needs no restart."};
    return (struct words){
        "The TLS handshake with Redis fails.",
        "Compare redis.tls in resus.yaml with the certificate and the TLS port of "
        "Redis: resus doctor."};
}

static struct words of_access(const struct sight *s)
{
    switch (cause_probe(s)->reply) {
    case REPLY_NOAUTH:
        return (struct words){"Redis wants a password, and Resus has none.",
                              "Set redis.password_file in resus.yaml, and redis.username for an "
                              "ACL user."};
    case REPLY_WRONGPASS:
        return (struct words){"Redis refuses the user name or the password of Resus.",
                              "Correct redis.username and redis.password_file in resus.yaml: resus "
                              "doctor."};
    case REPLY_NOPERM:
        return (struct words){"The ACL of Redis does not allow Resus its commands.",
                              "Give that user the commands that resus doctor names (ACL SETUSER)."};
    case REPLY_DENIED:
        return (struct words){
            "Redis is in protected mode: it serves its own host only.",
            "Set a password and `bind` in redis.conf, or `via: ssh` in resus.yaml."};
    case REPLY_TLS_FAILED:
        return of_tls(s);
    case REPLY_REFUSED:
        return (struct words){"Nothing listens at %A, and nothing has answered there before.",
                              "See on the host where Redis listens (ss -ltnp): correct `address` "
                              "or set `via: ssh` in resus.yaml, or Redis' `bind` or `port`."};
    case REPLY_CLOSED:
        return (struct words){"%A closes each new connection without an answer.",
                              "Check whether that port expects TLS (redis.tls), and what stands in "
                              "front of Redis."};
    case REPLY_NO_CONNECT:
        return (struct words){"%A takes no connection, although the unit is active.",
                              "Check the firewall and the network between Resus and Redis."};
    default:
        return (struct words){NULL, NULL};
    }
}

static struct words of_unit(const struct sight *s)
{
    if (s->unit.active == UNIT_NOT_FOUND)
        return (struct words){"systemd on the host does not know the unit %U.",
                              "Correct `unit` in resus.yaml (systemctl list-units 'redis*' "
                              "'valkey*'), or install Redis on that host."};
    if (s->unit.masked)
        return (struct words){"The unit %U is masked: systemd refuses to start it.",
                              "Unmask it on the host (systemctl unmask %U), then start it: resus "
                              "start."};
    return (struct words){NULL, NULL};
}

/* Redis works: only its address, or the way to it, is wrong. */
static struct words of_path(const struct sight *s)
{
    bool refused = cause_probe(s)->reply == REPLY_REFUSED;
    if (!refused || s->witness.address[0] == '\0' || !reply_answered(s->witness.reply))
        return (struct words){NULL, NULL};
    return (struct words){"Nothing listens at %A; on its own host Redis answers at %W.",
                          "Set Redis' `bind` or `port`, or `address` or `via: ssh` in resus.yaml; "
                          "if a proxy, stunnel or firewall stands in between, repair that."};
}

static struct words words_of(enum cause cause, const struct sight *s)
{
    switch (cause) {
    case CAUSE_ACCESS_REFUSED:
        return of_access(s);
    case CAUSE_PATH_BROKEN:
        return of_path(s);
    case CAUSE_CONFIG_ERROR:
    case CAUSE_WRONG_INSTANCE:
        return of_unit(s);
    case CAUSE_UNIT_FAILED:
        if (s->log_read && s->log.class == LOG_PORT_IN_USE)
            return (struct words){"Redis could not start because its port was taken; the port is "
                                  "free now.",
                                  NULL};
        break;
    case CAUSE_HOST_UNREACHABLE:
        if (s->unit.control_denied)
            return (struct words){"Redis does not answer, and its host refuses the control by "
                                  "Resus.",
                                  "Restore the control: resus doctor names the fault."};
        break;
    default:
        break;
    }
    return (struct words){NULL, NULL};
}

static const char *expanded(const char *text, const struct sight *s, struct cause_place place,
                            char ret[CAUSE_WORDS_MAX])
{
    size_t used = 0;
    ret[0] = '\0';
    for (const char *c = text; *c != '\0'; c++) {
        const char *name = c[0] == '%' && c[1] == 'U'   ? place.unit
                           : c[0] == '%' && c[1] == 'A' ? place.address
                           : c[0] == '%' && c[1] == 'W' ? s->witness.address
                                                        : NULL;
        (void)str_copy_n(ret + used, CAUSE_WORDS_MAX - used, name != NULL ? name : c,
                         name != NULL ? strlen(name) : 1);
        used += strlen(ret + used);
        c += name != NULL;
    }
    return ret;
}

const char *cause_summary(enum cause cause, const struct sight *s, struct cause_place place,
                          char ret[CAUSE_WORDS_MAX])
{
    const char *text = words_of(cause, s).summary;
    return text == NULL ? cause_row(cause)->summary : expanded(text, s, place, ret);
}

const char *cause_advice(enum cause cause, const struct sight *s, struct cause_place place,
                         char ret[CAUSE_WORDS_MAX])
{
    const char *text = words_of(cause, s).advice;
    return text == NULL ? cause_row(cause)->advice : expanded(text, s, place, ret);
}
