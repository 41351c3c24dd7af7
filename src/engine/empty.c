int resus_engine_empty(void);
int resus_engine_empty(void)
{
    return 0;
}
