int resus_api_empty(void);
int resus_api_empty(void)
{
    return 0;
}
