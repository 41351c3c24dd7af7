/* The program `resus`: hands over to the command line. */
int main(void)
{
    return 0;
}
