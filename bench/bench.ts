import { type ProxyOptions, type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";
import { type BenchApiserver, startBenchApiserver } from "./apiserver.ts";
import { type BareServer, startBlobServer, startForwardServer } from "./bare-server.ts";
import { demand } from "./http.ts";
import { type LoadGenerator, startLoadGenerator } from "./load-generator.ts";
import { findNginx, type Nginx, startNginx } from "./nginx.ts";
import { fillConfigMaps, type Filling } from "./objects.ts";
import type { Options } from "./options.ts";
import { createPinning, type Pinning } from "./pinning.ts";
import { during } from "./progress.ts";
import type { Result } from "./result.ts";

/** What a scenario measures, and how it is called on the command line. */
export interface Scenario {
  readonly name: string;
  /** One or two sentences for --help. */
  readonly help: string;
  run(bench: Bench): Promise<readonly Result[]>;
}

/** What scenarios are given: one apiserver and one load generator for the run, other servers as they ask for them. */
export class Bench {
  readonly options: Options;
  readonly pinning: Pinning;
  readonly apiserver: BenchApiserver;
  readonly load: LoadGenerator;
  readonly nginxBinary = findNginx();
  #servers = new AsyncDisposableStack();
  #filled = new Set<string>();

  private constructor(
    options: Options,
    pinning: Pinning,
    apiserver: BenchApiserver,
    load: LoadGenerator,
  ) {
    this.options = options;
    this.pinning = pinning;
    this.apiserver = apiserver;
    this.load = load;
  }

  /** Starts the apiserver, about 10 s for a real one. */
  static async start(options: Options): Promise<Bench> {
    const pinning = createPinning(options.pins ? "pin" : "leave");
    const load = startLoadGenerator();
    const apiserver = await during("starting the apiserver", () =>
      pinning.bear("server", startBenchApiserver),
    );
    return new Bench(options, pinning, apiserver, load);
  }

  /** A proxy of its own before this apiserver, or before another address of it; it ends with the scenario. */
  async startProxy(
    settings: Pick<ProxyOptions, "flags" | "server" | "diskCachePath"> = {},
  ): Promise<ProxyProcess> {
    const { proxyBinary } = this.options;
    const { kubeconfig } = this.apiserver;
    const binary = proxyBinary === undefined ? {} : { binary: proxyBinary };
    const proxy = await this.pinning.bear("server", () =>
      startProxy({ kubeconfig, ...binary, ...settings }),
    );
    this.#servers.defer(async () => void (await proxy.stop()));
    return proxy;
  }

  /** nginx with these files until the scenario ends; undefined when it is not installed. */
  async startNginx(files: Readonly<Record<string, Uint8Array>>): Promise<Nginx | undefined> {
    const binary = this.nginxBinary;
    if (binary === undefined) return undefined;
    const nginx = await this.pinning.bear("server", () => startNginx(binary, files));
    this.#servers.defer(() => nginx.stop());
    return nginx;
  }

  /** A bare Bun.serve with these bytes until the scenario ends. */
  startBlobServer(bytes: Uint8Array): Promise<BareServer> {
    return this.#startBare(() => startBlobServer(bytes));
  }

  /** A bare Bun.serve before the apiserver until the scenario ends. */
  startForwardServer(): Promise<BareServer> {
    return this.#startBare(() => startForwardServer(this.apiserver));
  }

  async #startBare(start: () => Promise<BareServer>): Promise<BareServer> {
    const server = await this.pinning.bear("server", start);
    this.#servers.defer(() => server.stop());
    return server;
  }

  /** What ends when the scenario ends, be it by an error or by Ctrl-C. */
  defer(end: () => Promise<void>): void {
    this.#servers.defer(end);
  }

  /** Namespace and objects; once per run for each namespace. */
  async populate(filling: Filling): Promise<void> {
    if (this.#filled.has(filling.namespace)) return;
    const { namespace, count } = filling;
    await during(`writing ${count} configmaps to namespace ${namespace}`, async () => {
      const body = { metadata: { name: namespace } };
      await demand(this.apiserver, "/api/v1/namespaces", { method: "POST", body });
      await fillConfigMaps(this.apiserver, filling);
    });
    this.#filled.add(namespace);
  }

  /** Where the apiserver runs from here on: beside the other servers, or out of their way. */
  placeApiserver(core: "server" | "client"): void {
    this.pinning.move(this.apiserver.pids, core);
  }

  /** Ends the servers of a scenario. */
  async endScenario(): Promise<void> {
    const servers = this.#servers;
    this.#servers = new AsyncDisposableStack();
    await servers.disposeAsync();
    this.placeApiserver("server");
  }

  async stop(): Promise<void> {
    await this.endScenario();
    await this.load.stop();
    await this.apiserver.stop();
  }
}
