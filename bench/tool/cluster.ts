import { chooseCredentials } from "../../src/config/credentials.ts";
import { processInput } from "../../src/config/input.ts";
import type { Credentials } from "../../src/upstream/credentials.ts";
import { loadKubeconfig } from "../../src/upstream/load-kubeconfig.ts";
import { readServiceAccount } from "../../src/upstream/service-account.ts";
import type { Server } from "../http.ts";

/**
 * The apiserver itself, around the proxy: by the kubeconfig or the pod's service account, found as the proxy finds its own.
 * Rejects with a ConfigError or CredentialError of one line.
 */
export async function openCluster(options: {
  readonly kubeconfig: string | undefined;
  readonly useKubeconfig: boolean | undefined;
}): Promise<Server> {
  const { env, isFile } = processInput();
  const origin = chooseCredentials({ ...options, serverAddr: undefined, env, isFile });
  switch (origin.from) {
    case "kubeconfig": {
      const request = { files: origin.files, serverAddr: undefined, plugins: "run" } as const;
      return serverOf(await loadKubeconfig(request));
    }
    case "service account":
      return serverOf(readServiceAccount(origin.folder, origin.server));
    case "nowhere":
      throw new Error("no apiserver to reach");
  }
}

function serverOf({ server, tls, authorization }: Credentials): Server {
  return { url: server, tls, ...(authorization === undefined ? {} : { authorization }) };
}
