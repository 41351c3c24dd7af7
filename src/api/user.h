/* Who asks for something, as the engine and the audit log name them. */
#ifndef RESUS_API_USER_H
#define RESUS_API_USER_H

struct engine_user {
    char id[128], email[256], role[32], source_ip[64];
};

#endif
