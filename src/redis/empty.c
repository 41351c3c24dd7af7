int resus_redis_empty(void);
int resus_redis_empty(void)
{
    return 0;
}
