int resus_daemon_empty(void);
int resus_daemon_empty(void)
{
    return 0;
}
