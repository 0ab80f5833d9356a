// What an apiserver was asked, by its own audit log.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A request as the apiserver saw it. */
export interface Audited {
  readonly verb: string;
  readonly uri: string;
  readonly userAgent: string;
}

interface Line {
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent?: string;
}

/** The flags that make a kube-apiserver keep an audit log, and the way to read it. */
export class AuditLog {
  readonly dir = mkdtempSync(join(tmpdir(), "edge-proxy-audit-"));
  readonly #log = join(this.dir, "audit.log");
  #from = 0;

  get flags(): readonly string[] {
    const policy = join(this.dir, "policy.json");
    const rules = [{ level: "Metadata", omitStages: ["ResponseStarted", "ResponseComplete"] }];
    writeFileSync(policy, JSON.stringify({ apiVersion: "audit.k8s.io/v1", kind: "Policy", rules }));
    return [`--audit-policy-file=${policy}`, `--audit-log-path=${this.#log}`];
  }

  /** Forgets what has been asked until now. */
  async forget(): Promise<void> {
    this.#from = (await this.#text()).length;
  }

  /** What the proxy has asked by itself, of this resource, since `forget`. */
  async ofProxy(resource: string): Promise<readonly Audited[]> {
    const text = (await this.#text()).slice(this.#from);
    const lines = text.split("\n").filter((line) => line !== "");
    return lines
      .map((line): Line => JSON.parse(line))
      .map(({ verb, requestURI, userAgent = "" }) => ({ verb, uri: requestURI, userAgent }))
      .filter(({ uri }) => uri.includes(`/${resource}`))
      .filter(({ userAgent }) => !userAgent.startsWith("contract/"));
  }

  async #text(): Promise<string> {
    return await Bun.file(this.#log).text();
  }
}
