import type { KubeconfigRequest } from "./credential-process.ts";
import { CredentialError, type Credentials, transportWarnings } from "./credentials.ts";
import { checkTlsMaterial, clientTls, validityWarnings } from "./key-pair.ts";
import { selectContext, type SelectedContext } from "./kubeconfig-context.ts";
import { openKubeconfig } from "./kubeconfig-file.ts";
import { findPem } from "./kubeconfig-pem.ts";
import { readUser } from "./kubeconfig-user.ts";

/**
 * Reads the credentials of the current context of kubeconfigs, and all files that it names.
 * Rejects with a CredentialError that names the file where something is missing, unreadable or does not fit.
 */
export async function loadKubeconfig(request: KubeconfigRequest): Promise<Credentials> {
  const { files } = request;
  const context = selectContext(files.map(openKubeconfig));
  const { cluster } = context;
  const server = request.serverAddr ?? serverOf(context);
  const owner = `cluster "${cluster.entry.name}"`;
  const ca = findPem({ file: cluster.file, owner }, cluster.fields, "certificate-authority");
  const user = await readUser(context, request.plugins);
  const material = { ca: ca.pem, cert: user.cert, key: user.key };
  checkTlsMaterial(material);
  const verify = cluster.entry.skipTLSVerify ? "trust anyone" : "verify";
  const hasSecrets = user.authorization !== undefined;
  return {
    server,
    tls: clientTls(material, cluster.entry.tlsServerName, verify),
    authorization: user.authorization,
    expiresAt: user.expiresAt,
    files: [...files, ...ca.files, ...user.files],
    source: `kubeconfig ${files.join(", ")}, context ${context.name}`,
    warnings: [
      ...clusterWarnings(context),
      ...transportWarnings(server, hasSecrets),
      ...validityWarnings(material, Date.now()),
    ],
  };
}

function serverOf({ cluster }: SelectedContext): string {
  const url = URL.parse(cluster.entry.server);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    const shown = JSON.stringify(cluster.entry.server);
    throw new CredentialError(
      `${cluster.file}: server ${shown} of cluster "${cluster.entry.name}" is no URL; write it as https://host:6443`,
    );
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

function clusterWarnings({ cluster }: SelectedContext): readonly string[] {
  const place = `${cluster.file}: cluster "${cluster.entry.name}"`;
  return [
    ...(cluster.entry.skipTLSVerify
      ? [`${place} has insecure-skip-tls-verify: anyone on the way can pose as the apiserver`]
      : []),
    ...(cluster.entry.proxyUrl === undefined
      ? []
      : [`${place} has proxy-url, which has no effect: the apiserver is reached directly`]),
  ];
}
