int resus_settings_empty(void);
int resus_settings_empty(void)
{
    return 0;
}
