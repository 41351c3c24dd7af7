int resus_host_empty(void);
int resus_host_empty(void)
{
    return 0;
}
