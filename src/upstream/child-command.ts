/** The argument by which main.ts is the child that reads kubeconfigs. */
export const childCommand = "__read-kubeconfig";
