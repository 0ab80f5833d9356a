import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cp } from "node:fs/promises";
import { join } from "node:path";

import { createTemporaryFolder, waitUntil } from "../src/testing/child-process.ts";
import { type Apiserver, findAssets, startApiserver } from "../src/testing/envtest.ts";
import { startProxy } from "../src/testing/proxy-process.ts";

const assets = findAssets();
const root = join(import.meta.dir, "..");

describe("deploy/node/edge-proxy.service", () => {
  const analyze = Bun.which("systemd-analyze");

  test.skipIf(analyze === null)(
    "is a unit that systemd takes, and finds little exposed",
    async () => {
      const { dir, remove } = await createTemporaryFolder("edge-proxy-unit-");
      try {
        const unit = join(dir, "edge-proxy.service");
        const text = await Bun.file(join(root, "deploy/node/edge-proxy.service")).text();
        await Bun.write(unit, text.replace("/usr/local/bin/edge-proxy", join(root, "edge-proxy")));
        for (const verb of [["verify"], ["security", "--offline=true", "--threshold=25"]]) {
          const run = Bun.spawnSync([analyze ?? "", ...verb, unit], { stdin: "ignore" });
          expect({ verb, code: run.exitCode }).toEqual({ verb, code: 0 });
        }
      } finally {
        await remove();
      }
    },
    30_000,
  );
});

if (assets === undefined) {
  describe("deploy/", () => {
    test.skip("no kube-apiserver, hence no kubectl, was found", () => {});
  });
} else {
  describe("deploy/", () => {
    let apiserver: Apiserver;
    let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;

    beforeAll(async () => {
      apiserver = await startApiserver({ assets, flags: ["--authorization-mode=Node"] });
      folder = await createTemporaryFolder("edge-proxy-manifests-");
      await cp(join(root, "deploy"), join(folder.dir, "deploy"), { recursive: true });
      const classes = ["get", "priorityclass", "system-node-critical"];
      await waitUntil("the priority class is there", () => run(classes).code === 0, 30);
      await waitUntil("kube-system is there", () => run(["get", "ns", "kube-system"]).code === 0);
    }, 90_000);

    afterAll(async () => {
      await apiserver?.stop();
      await folder?.remove();
    }, 30_000);

    /** kubectl in the copy of the repository's `deploy/`. */
    function run(args: readonly string[]) {
      const { exitCode, stdout, stderr } = Bun.spawnSync([join(assets ?? "", "kubectl"), ...args], {
        cwd: folder.dir,
        env: { HOME: folder.dir, KUBECONFIG: apiserver.kubeconfig },
        stdin: "ignore",
      });
      return { code: exitCode, out: stdout.toString(), error: stderr.toString() };
    }

    const applyDry = (...what: string[]) => run(["apply", "--dry-run=server", ...what]);

    /** `yes` or `no`, without the reason that may follow. */
    const may = (name: string, groups: readonly string[], ...what: string[]) =>
      run([
        "auth",
        "can-i",
        ...what,
        "--as",
        name,
        ...groups.map((group) => `--as-group=${group}`),
      ]).out.split(/\s/)[0];

    test("the apiserver takes the static pod, the node's rights and the benchmark", () => {
      expect(applyDry("-f", "deploy/node/edge-proxy.yaml")).toMatchObject({
        code: 0,
        out: "pod/edge-proxy created (server dry run)\n",
      });
      expect(applyDry("-f", "deploy/node/rbac.yaml")).toMatchObject({ code: 0, error: "" });
      const benchmark = applyDry("-f", "deploy/benchmark/pod.yaml");
      expect(benchmark).toMatchObject({ code: 0, error: "" });
      expect(benchmark.out).toContain("pod/benchmark created");
    });

    test("the apiserver takes the daemonset", () => {
      const { code, out, error } = applyDry("-k", "deploy/daemonset");
      expect({ code, error }).toEqual({ code: 0, error: "" });
      expect(out).toContain("daemonset.apps/edge-proxy created (server dry run)");
    });

    test("with the pod monitor, the metrics and the probes are where Prometheus and kubelet look", async () => {
      await Bun.write(join(folder.dir, "crd.yaml"), podMonitorDefinition);
      expect(run(["apply", "-f", "crd.yaml"])).toMatchObject({ code: 0 });
      const kustomization = join(folder.dir, "deploy/daemonset/kustomization.yaml");
      const text = await Bun.file(kustomization).text();
      await Bun.write(kustomization, text.replace("# components", "components"));
      const served = () => run(["get", "podmonitors"]).code === 0;
      await waitUntil("the new type is served", served, 30);
      const { code, out, error } = applyDry("-k", "deploy/daemonset", "-o", "yaml");
      expect({ code, error }).toEqual({ code: 0, error: "" });
      expect(out).toContain("--admin-address=$(HOST_IP):10267");
      expect(out).toContain("kind: PodMonitor");
      expect(out).not.toContain("host: 127.0.0.1");
    }, 60_000);

    test("a node may do what kube-proxy does, and reads the name of its cluster alone", () => {
      const node = ["system:node:n1", ["system:nodes", "system:authenticated"]] as const;
      expect(may(...node, "list", "endpointslices", "-A")).toBe("no");
      expect(run(["apply", "-f", "deploy/node/rbac.yaml"])).toMatchObject({ code: 0 });
      expect(may(...node, "watch", "endpointslices", "-A")).toBe("yes");
      expect(may(...node, "get", "namespace/kube-system")).toBe("yes");
      expect(may(...node, "get", "namespace/default")).toBe("no");
      expect(may(...node, "list", "secrets", "-A")).toBe("no");
    });

    test("the daemonset reads what its role says, and writes nothing", () => {
      expect(run(["apply", "-f", "deploy/daemonset/rbac.yaml", "-n", "kube-system"]).code).toBe(0);
      const account = ["system:serviceaccount:kube-system:edge-proxy", []] as const;
      expect(may(...account, "watch", "services", "-A")).toBe("yes");
      expect(may(...account, "get", "namespace/kube-system")).toBe("yes");
      expect(may(...account, "list", "configmaps", "-A")).toBe("no");
      expect(may(...account, "patch", "services", "-A")).toBe("no");
    });

    test.each([
      ["node/edge-proxy.yaml", 2],
      ["daemonset/daemonset.yaml", 1],
      ["benchmark/pod.yaml", 4],
      ["node/edge-proxy.service", 4],
    ])("the binary knows each flag of %s", async (file, words) => {
      const text = await Bun.file(join(root, "deploy", file)).text();
      const args = file.endsWith(".service") ? argumentsOfUnit(text) : argumentsOfPods(text);
      expect(args).toHaveLength(words);
      const here = args.map((arg) =>
        arg
          .replace("/etc/kubernetes/kubelet.conf", apiserver.kubeconfig)
          .replace("/etc/edge-proxy/rules", join(root, "deploy/rules")),
      );
      const named = args.some((arg) => arg.includes("kubelet.conf"));
      const credentials = named ? [] : ["--kubeconfig", apiserver.kubeconfig];
      const check = Bun.spawnSync(
        [join(root, "edge-proxy"), ...here, ...credentials, "--check-config"],
        { env: { HOME: folder.dir }, stdin: "ignore" },
      );
      expect(check.stderr.toString()).toBe("");
      expect(check.exitCode).toBe(0);
      expect(check.stdout.toString()).toContain("bind-address: 127.0.0.1:10261");
    });

    test.each(["kubelet", "kube-proxy"])(
      "the kubeconfig of %s leads to the proxy",
      async (name) => {
        const file = `deploy/node/${name}.kubeconfig`;
        const proxy = await startProxy({ kubeconfig: apiserver.kubeconfig });
        try {
          const server = run(["--kubeconfig", file, "config", "view", "-o", "jsonpath={..server}"]);
          expect(server.out).toBe("http://127.0.0.1:10261");
          const asked = ["--kubeconfig", file, "--server", proxy.url, "get", "--raw", "/readyz"];
          expect(run(asked)).toEqual({ code: 0, out: "ok", error: "" });
        } finally {
          await proxy.stop();
        }
      },
      30_000,
    );
  });
}

/** The arguments of the container `edge-proxy`, of a pod or of a template of one. */
function argumentsOfPods(yaml: string): readonly string[] {
  const parsed: unknown = Bun.YAML.parse(yaml);
  const documents: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  return documents
    .flatMap(
      (document) =>
        at(document, "spec", "containers") ??
        at(document, "spec", "template", "spec", "containers"),
    )
    .filter((container) => at(container, "name") === "edge-proxy")
    .flatMap((container) => at(container, "args"))
    .map(String);
}

/** What lies there in a parsed document; undefined where it has no such place. */
function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined,
    value,
  );
}

function argumentsOfUnit(text: string): readonly string[] {
  const [, words = ""] = /^ExecStart=\/usr\/local\/bin\/edge-proxy (.*)$/m.exec(text) ?? [];
  return words.split(" ");
}

/** As much of the operator's definition as the apiserver needs. */
const podMonitorDefinition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: podmonitors.monitoring.coreos.com }
spec:
  group: monitoring.coreos.com
  scope: Namespaced
  names: { kind: PodMonitor, listKind: PodMonitorList, plural: podmonitors, singular: podmonitor }
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
`;
