import { CredentialError } from "./credentials.ts";
import type { ExecPlugin } from "./exec-plugin.ts";
import type { Pem } from "./key-pair.ts";
import { type Fields, fieldsIn } from "./kubeconfig-document.ts";

/** What an exec plugin gave. */
export interface PluginCredentials {
  readonly cert: Pem | undefined;
  readonly key: Pem | undefined;
  readonly authorization: string | undefined;
  readonly expiresAt: number | undefined;
}

/** One that asks an identity provider over a slow link takes seconds; one that waits for a person never ends. */
const longestRunMs = 30_000;
const mostOutputBytes = 2 ** 20;

/** Runs an exec plugin. Rejects with a CredentialError that names it where it fails, hangs or answers something else. */
export async function runExecPlugin(plugin: ExecPlugin): Promise<PluginCredentials> {
  const answer = parseAnswer(plugin, await run(plugin));
  const status = fieldsIn(answer["status"]);
  const pem = (field: string): Pem | undefined => {
    const text = status[field];
    return typeof text === "string" && text !== "" ? { text, place: plugin.place } : undefined;
  };
  const token = status["token"];
  const hasToken = typeof token === "string" && token !== "";
  const cert = pem("clientCertificateData");
  const key = pem("clientKeyData");
  if (!hasToken && cert === undefined) {
    throw new CredentialError(`${plugin.place}: it gave neither a token nor a certificate`);
  }
  const authorization = hasToken ? `Bearer ${token}` : undefined;
  return { cert, key, authorization, expiresAt: expiryOf(plugin, status) };
}

async function run(plugin: ExecPlugin): Promise<string> {
  const child = Bun.spawn([...plugin.command], {
    env: { ...plugin.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: longestRunMs,
    killSignal: "SIGKILL",
    maxBuffer: mostOutputBytes,
  });
  const [output, complaint] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const exitCode = await child.exited;
  if (child.signalCode !== null) {
    const limit = `${longestRunMs / 1000} s or ${mostOutputBytes} bytes`;
    throw new CredentialError(
      `${plugin.place}: ended by ${child.signalCode}; its limit is ${limit}`,
    );
  }
  if (exitCode === 0) return output;
  const said = withoutTokens(complaint.trim().split("\n").at(-1) ?? "");
  throw new CredentialError(
    `${plugin.place}: exit code ${exitCode}${said === "" ? "" : `: ${said}`}`,
  );
}

/** A plugin may print what it should hide: a word that is long, or not short and with a digit in it, could be a token. */
function withoutTokens(line: string): string {
  return line.replaceAll(/[^\s"'=:,;/()<>]+/g, (word) =>
    word.length > 20 || /^(?=.*\d).{8}/.test(word) ? "[redacted]" : word,
  );
}

function parseAnswer({ place, apiVersion }: ExecPlugin, output: string): Fields {
  let answer: Fields;
  try {
    answer = fieldsIn(JSON.parse(output));
  } catch (error) {
    throw new CredentialError(`${place}: it printed no JSON`, error);
  }
  if (answer["kind"] === "ExecCredential" && answer["apiVersion"] === apiVersion) return answer;
  const got = `${String(answer["apiVersion"])} ${String(answer["kind"])}`;
  throw new CredentialError(`${place}: it gave ${got}, not ${apiVersion} ExecCredential`);
}

function expiryOf({ place }: ExecPlugin, status: Fields): number | undefined {
  const text = status["expirationTimestamp"];
  if (text === undefined || text === null || text === "") return undefined;
  const expiresAt = typeof text === "string" ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(expiresAt)) {
    throw new CredentialError(`${place}: expirationTimestamp is no time: ${JSON.stringify(text)}`);
  }
  return expiresAt;
}
