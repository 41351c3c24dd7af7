int resus_store_empty(void);
int resus_store_empty(void)
{
    return 0;
}
