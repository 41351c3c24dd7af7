int resus_cli_empty(void);
int resus_cli_empty(void)
{
    return 0;
}
