/* headless OUT [PROCS [late]]: a process whose first thread has ended and whose second goes on, deaf to SIGTERM. It writes
   its number to OUT, which is a fifo, and before that moves itself to the control group whose cgroup.procs is PROCS: while
   its first thread is there, or, late, when that one has ended and stays behind. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *out, *late;

static void move_to(const char *path)
{
    FILE *procs = fopen(path, "w");
    if (procs == NULL || fputs("0", procs) == EOF || fclose(procs) != 0)
        exit(2);
}

static void *go_on(void *first)
{
    FILE *told;
    /* Ended, and seen to be. */
    pthread_join(*(pthread_t *)first, NULL);
    if (late != NULL)
        move_to(late);
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
    if (argc > 3)
        late = argv[2];
    else if (argc > 2)
        move_to(argv[2]);
    first = pthread_self();
    if (pthread_create(&second, NULL, go_on, &first) != 0)
        return 2;
    pthread_exit(NULL);
}
