import { dirname, isAbsolute, resolve } from "node:path";

import { CredentialError } from "./credentials.ts";
import type { SelectedContext, SelectedUser } from "./kubeconfig-context.ts";
import { type Fields, fieldsIn } from "./kubeconfig-document.ts";
import { findPem } from "./kubeconfig-pem.ts";

/** An exec plugin that is ready to run. */
export interface ExecPlugin {
  /** How errors call it. */
  readonly place: string;
  readonly apiVersion: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The exec plugin of a user, by the contract of client-go's plugin/pkg/client/auth/exec (client.authentication.k8s.io).
 * Throws a CredentialError that names it where it is described wrongly, is not there, or needs a person.
 */
export function prepareExecPlugin(
  user: SelectedUser,
  cluster: SelectedContext["cluster"],
): ExecPlugin {
  const exec = fieldsIn(user.fields["exec"]);
  const { command, apiVersion } = exec;
  const place = `${user.file}: exec plugin ${JSON.stringify(command ?? "")} of user "${user.entry.name}"`;
  if (typeof command !== "string" || command === "")
    throw new CredentialError(`${place}: no command`);
  if (typeof apiVersion !== "string") throw new CredentialError(`${place}: no apiVersion`);
  if (exec["interactiveMode"] === "Always") {
    throw new CredentialError(
      `${place}: it asks for a terminal (interactiveMode), there is none here`,
    );
  }
  const env = environment(exec, apiVersion, cluster);
  const program = findProgram(user.file, command, env["PATH"]);
  if (program === undefined) {
    const hint = typeof exec["installHint"] === "string" ? `; ${exec["installHint"]}` : "";
    throw new CredentialError(`${place}: no such program${hint}`);
  }
  return { place, apiVersion, command: [program, ...textsIn(exec["args"])], env };
}

/** A command with a slash is seen from the folder of the kubeconfig, another is looked for on PATH. */
function findProgram(file: string, command: string, path: string | undefined): string | undefined {
  const isPath = command.includes("/");
  const written = isPath && !isAbsolute(command) ? resolve(dirname(file), command) : command;
  return Bun.which(written, { PATH: path ?? "" }) ?? undefined;
}

function environment(
  exec: Fields,
  apiVersion: string,
  cluster: SelectedContext["cluster"],
): Record<string, string | undefined> {
  const named = Array.isArray(exec["env"]) ? exec["env"].map(fieldsIn) : [];
  const wantsCluster = exec["provideClusterInfo"] === true;
  const spec = { interactive: false, ...(wantsCluster ? { cluster: clusterInfo(cluster) } : {}) };
  return {
    ...process.env,
    ...Object.fromEntries(
      named.flatMap(({ name, value }) => (isText(name) && isText(value) ? [[name, value]] : [])),
    ),
    KUBERNETES_EXEC_INFO: JSON.stringify({ kind: "ExecCredential", apiVersion, spec }),
  };
}

/** The Cluster of client.authentication.k8s.io. */
function clusterInfo({ file, entry, fields }: SelectedContext["cluster"]): Fields {
  const ca = findPem({ file, owner: "the cluster" }, fields, "certificate-authority").pem;
  const extensions = Array.isArray(fields["extensions"]) ? fields["extensions"].map(fieldsIn) : [];
  const own = extensions.find(({ name }) => name === "client.authentication.k8s.io/exec");
  return {
    server: entry.server,
    "tls-server-name": entry.tlsServerName,
    "insecure-skip-tls-verify": entry.skipTLSVerify || undefined,
    "certificate-authority-data": ca && Buffer.from(ca.text).toString("base64"),
    config: own?.["extension"],
  };
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
