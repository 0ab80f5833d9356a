import { delimiter, join } from "node:path";

import { ConfigError } from "./error.ts";

/** Where the proxy's own credentials come from. */
export type CredentialOrigin =
  | { readonly from: "kubeconfig"; readonly files: readonly string[] }
  | { readonly from: "service account"; readonly folder: string; readonly server: string }
  | { readonly from: "nowhere" };

export interface CredentialChoice {
  readonly kubeconfig: string | undefined;
  readonly useKubeconfig: boolean | undefined;
  readonly serverAddr: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isFile: (path: string) => boolean;
}

const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * `--kubeconfig`, then KUBECONFIG, `~/.kube/config`, the pod's service account; `--use-kubeconfig=false` puts the last one
 * first, `--use-kubeconfig` leaves it out. Throws a ConfigError where there is nothing and no `--server-addr` to reach without.
 */
export function chooseCredentials(choice: CredentialChoice): CredentialOrigin {
  if (choice.kubeconfig !== undefined) return { from: "kubeconfig", files: [choice.kubeconfig] };
  const pod = serviceAccount(choice);
  if (choice.useKubeconfig === false && pod !== undefined) return pod;
  const files = kubeconfigFiles(choice);
  if (files.length > 0) return { from: "kubeconfig", files };
  if (choice.useKubeconfig !== true && pod !== undefined) return pod;
  if (choice.useKubeconfig === true) {
    throw new ConfigError("--use-kubeconfig: no kubeconfig found; give --kubeconfig FILE");
  }
  if (choice.serverAddr !== undefined) return { from: "nowhere" };
  throw new ConfigError(
    "--kubeconfig: no kubeconfig and no service account found; give --kubeconfig FILE, or --server-addr URL to go without",
  );
}

/** As kubectl has it: of the files that KUBECONFIG names those that exist, else `~/.kube/config`. */
function kubeconfigFiles({ env, isFile }: CredentialChoice): readonly string[] {
  const named = (env["KUBECONFIG"] ?? "").split(delimiter).filter((file) => file !== "");
  if (named.length > 0) {
    const files = named.filter(isFile);
    if (files.length > 0) return files;
    throw new ConfigError(`KUBECONFIG: ${named.join(", ")}: no such file`);
  }
  const home = env["HOME"] ?? "";
  const usual = join(home, ".kube", "config");
  return home !== "" && isFile(usual) ? [usual] : [];
}

/** As client-go's rest.InClusterConfig: both variables and the token's file. */
function serviceAccount({ env, isFile }: CredentialChoice): CredentialOrigin | undefined {
  const host = env["KUBERNETES_SERVICE_HOST"] ?? "";
  const port = env["KUBERNETES_SERVICE_PORT"] ?? "";
  if (host === "" || port === "" || !isFile(join(serviceAccountFolder, "token"))) return undefined;
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
  return { from: "service account", folder: serviceAccountFolder, server };
}
