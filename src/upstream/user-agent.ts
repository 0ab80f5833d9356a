import { version } from "../version.ts";

const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };
const architecture = architectures[process.arch] ?? process.arch;

/** The proxy's own name to an apiserver, in client-go's form (client-go, rest/config.go buildUserAgent). */
export const userAgent = `edge-proxy/${version} (${process.platform}/${architecture})`;
