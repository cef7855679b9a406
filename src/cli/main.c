/* main.c - the program's way in. */
#include <stdio.h>
#include "config.h"

int main(void)
{
    puts("shelltree " VERSION);
    return 0;
}
