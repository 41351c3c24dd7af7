/* How bad something is, and what kind of thing it is: the two columns by which alerts are grouped
 * and routed. */
#ifndef RESUS_CORE_SEVERITY_H
#define RESUS_CORE_SEVERITY_H

/* In rising order: worse is greater. */
enum severity {
    SEVERITY_NONE, /* nothing is wrong */
    SEVERITY_P4,   /* no user notices: findings of the security watch and of the doctor */
    SEVERITY_P3,   /* degraded */
    SEVERITY_P2,   /* clients or writes are refused, or it fails again and again */
    SEVERITY_P1,   /* it does not answer */
    SEVERITY_COUNT
};

/* Each class of a service has an alert of its own; causes of one class follow each other in it. */
enum alert_class {
    CLASS_NONE,         /* never an alert */
    CLASS_AVAILABILITY, /* Redis does not answer its clients */
    CLASS_WRITES,       /* it refuses writes, or risks losing them */
    CLASS_PERFORMANCE,  /* degraded; one alert for each cause */
    CLASS_ACCESS,       /* Resus itself is shut out, of Redis or of its host */
    CLASS_HOST,         /* the host is out of reach; one alert for all its services */
    CLASS_SECURITY,     /* one alert for each rule */
    CLASS_BACKUP,
    CLASS_SELF, /* Resus itself: settings, late steps, failing channels */
    ALERT_CLASS_COUNT
};

const char *severity_word(enum severity severity);      /* "P1"; "none" */
enum severity severity_by_word(const char *word);       /* SEVERITY_NONE when unknown */
const char *alert_class_word(enum alert_class class);   /* "availability" */
enum alert_class alert_class_by_word(const char *word); /* CLASS_NONE when unknown */

#endif
