/* headless OUT [PROCS]: a process whose first thread has ended and whose second goes on, deaf to SIGTERM. It writes its
   number to OUT, which is a fifo, and before that moves itself to the control group whose cgroup.procs is PROCS. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *out;

static void *go_on(void *first)
{
    FILE *told;
    /* Ended, and seen to be. */
    pthread_join(*(pthread_t *)first, NULL);
    told = fopen(out, "w");
    if (told == NULL || fprintf(told, "%d\n", (int)getpid()) < 0 || fclose(told) != 0)
        exit(2);
    for (;;)
        pause();
    return NULL;
}

int main(int argc, char **argv)
{
    static pthread_t first;
    pthread_t second;
    if (argc < 2)
        return 2;
    out = argv[1];
    signal(SIGTERM, SIG_IGN);
    if (argc > 2) {
        FILE *procs = fopen(argv[2], "w");
        if (procs == NULL || fputs("0", procs) == EOF || fclose(procs) != 0)
            return 2;
    }
    first = pthread_self();
    if (pthread_create(&second, NULL, go_on, &first) != 0)
        return 2;
    pthread_exit(NULL);
}
