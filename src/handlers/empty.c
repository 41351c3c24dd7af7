int resus_handlers_empty(void);
int resus_handlers_empty(void)
{
    return 0;
}
