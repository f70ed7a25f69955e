/* Makes the first resource named on the command line depend on either of the two others, reads that back,
 * and ends it. */
#include "say.h"

#define TEXT_MAX 512

static HRESOURCE open_resource(HCLUSTER cluster, const char *text)
{
    WCHAR name[TEXT_MAX];
    widen(text, name, TEXT_MAX);
    HRESOURCE resource = OpenClusterResource(cluster, name);
    NEED(resource != NULL);
    return resource;
}

static void show(HRESOURCE resource)
{
    WCHAR wide[TEXT_MAX];
    char text[TEXT_MAX];
    DWORD length = 0;
    NEED_IS(GetClusterResourceDependencyExpression(resource, NULL, &length), ERROR_SUCCESS);
    NEED(length + 1 < TEXT_MAX);
    /* One unit too few is told. */
    DWORD room = length;
    NEED_IS(GetClusterResourceDependencyExpression(resource, wide, &room), ERROR_MORE_DATA);
    room = length + 1;
    NEED_IS(GetClusterResourceDependencyExpression(resource, wide, &room), ERROR_SUCCESS);
    NEED(room == length);
    printf("depends on %s\n", narrow(wide, text, sizeof(text)));
}

int main(int argc, char **argv)
{
    WCHAR expression[TEXT_MAX];
    char text[TEXT_MAX];
    NEED(argc == 4);
    HCLUSTER cluster = OpenCluster(NULL);
    NEED(cluster != NULL);
    HRESOURCE resource = open_resource(cluster, argv[1]);
    HRESOURCE first = open_resource(cluster, argv[2]);

    snprintf(text, sizeof(text), "[%s] or [%s]", argv[2], argv[3]);
    widen(text, expression, TEXT_MAX);
    NEED_IS(SetClusterResourceDependencyExpression(resource, expression), ERROR_SUCCESS);
    show(resource);

    /* What is there already, what leads round, what nobody is called, what is no expression. */
    NEED_IS(AddClusterResourceDependency(resource, first), ERROR_DEPENDENCY_ALREADY_EXISTS);
    snprintf(text, sizeof(text), "[%s]", argv[1]);
    widen(text, expression, TEXT_MAX);
    NEED_IS(SetClusterResourceDependencyExpression(first, expression), ERROR_CIRCULAR_DEPENDENCY);
    NEED_IS(SetClusterResourceDependencyExpression(resource, L"[nobody]"), ERROR_INVALID_PARAMETER);
    NEED_IS(SetClusterResourceDependencyExpression(resource, L"[a] and"), ERROR_INVALID_PARAMETER);
    show(resource);

    NEED_IS(SetClusterResourceDependencyExpression(resource, NULL), ERROR_SUCCESS);
    show(resource);
    CloseClusterResource(first);
    CloseClusterResource(resource);
    CloseCluster(cluster);
    return 0;
}
