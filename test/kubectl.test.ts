import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";

import { createTemporaryFolder, waitUntil } from "../src/testing/child-process.ts";
import { type Apiserver, findAssets, startApiserver } from "../src/testing/envtest.ts";
import { type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";

const assets = findAssets();

if (assets === undefined) {
  describe("kubectl", () => {
    test.skip("no kube-apiserver, hence no kubectl, was found", () => {});
  });
} else {
  describe("kubectl through edge-proxy", () => {
    let apiserver: Apiserver;
    let proxy: ProxyProcess;
    let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;

    beforeAll(async () => {
      apiserver = await startApiserver({ assets });
      proxy = await startProxy({ kubeconfig: apiserver.kubeconfig });
      folder = await createTemporaryFolder("edge-proxy-kubectl-");
      await Bun.write(join(folder.dir, "objects.yaml"), objects);
      await kubectl("create", "namespace", "shop");
    }, 90_000);

    afterAll(async () => {
      await proxy?.stop();
      await apiserver?.stop();
      await folder?.remove();
    }, 30_000);

    const spawn = (args: readonly string[]) =>
      Bun.spawn([join(assets, "kubectl"), "--server", proxy.url, "-n", "shop", ...args], {
        cwd: folder.dir,
        env: { HOME: folder.dir, KUBECONFIG: "/dev/null" },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });

    /** Runs it; what it has written, which an exit code other than 0 makes an error. */
    const kubectl = async (...args: string[]): Promise<string> => {
      const run = spawn(args);
      const [out, error] = await Promise.all([
        new Response(run.stdout).text(),
        new Response(run.stderr).text(),
      ]);
      if ((await run.exited) !== 0) throw new Error(`kubectl ${args.join(" ")}: ${error}`);
      return out;
    };

    test("creates several kinds from one file, and shows them as tables", async () => {
      const created = await kubectl("create", "-f", "objects.yaml");
      expect(created).toContain("configmap/prices created");
      expect(created).toContain("deployment.apps/till created");
      expect(created).toContain("service/till created");
      const shown = await kubectl("get", "configmaps,deployments,services");
      expect(shown).toMatch(/^configmap\/prices +2 +\d+s$/m);
      expect(shown).toMatch(/^deployment\.apps\/till +0\/2 +0 +0 +\d+s$/m);
      expect(shown).toMatch(/^service\/till +ClusterIP +10\.0\.0\.\d+ +<none> +80\/TCP +\d+s$/m);
    }, 60_000);

    test("gets an object as YAML, describes it, and says what is not there", async () => {
      const yaml = await kubectl("get", "configmap", "prices", "-o", "yaml");
      expect(yaml).toStartWith('apiVersion: v1\ndata:\n  bread: "3"\n');
      expect(yaml).toContain("kind: ConfigMap\n");
      const described = await kubectl("describe", "deployment", "till");
      expect(described).toMatch(/^Name: +till$/m);
      expect(described).toMatch(/^Replicas: +2 desired/m);
      await expect(kubectl("get", "configmap", "none")).rejects.toThrow(
        'Error from server (NotFound): configmaps "none" not found',
      );
    }, 60_000);

    test("applies, and applies what is the same", async () => {
      await Bun.write(join(folder.dir, "stock.yaml"), stock("4"));
      expect(await kubectl("apply", "-f", "stock.yaml")).toBe("configmap/stock created\n");
      expect(await kubectl("apply", "-f", "stock.yaml")).toBe("configmap/stock unchanged\n");
      await Bun.write(join(folder.dir, "stock.yaml"), stock("5"));
      expect(await kubectl("apply", "-f", "stock.yaml")).toBe("configmap/stock configured\n");
      const value = ["get", "configmap", "stock", "-o", "jsonpath={.data.bread}"];
      expect(await kubectl(...value)).toBe("5");
      expect(await kubectl("apply", "--server-side", "--force-conflicts", "-f", "stock.yaml")).toBe(
        "configmap/stock serverside-applied\n",
      );
    }, 60_000);

    test("shows each write to the next read", async () => {
      const count = ["get", "deployment", "till", "-o", "jsonpath={.spec.replicas}"];
      for (const replicas of ["3", "1", "4"]) {
        await kubectl("scale", "deployment", "till", "--replicas", replicas);
        expect(await kubectl(...count)).toBe(replicas);
      }
      await kubectl("label", "configmap", "prices", "season=spring");
      expect(await kubectl("get", "configmaps", "-l", "season=spring", "-o", "name")).toBe(
        "configmap/prices\n",
      );
      await kubectl("patch", "configmap", "prices", "-p", '{"data":{"bread":"7"}}');
      const price = ["get", "configmap", "prices", "-o", "jsonpath={.data.bread}"];
      expect(await kubectl(...price)).toBe("7");
    }, 60_000);

    test("watches, and waits", async () => {
      const watching = spawn(["get", "configmaps", "--watch", "-o", "name"]);
      let seen = "";
      const reading = (async () => {
        const decoder = new TextDecoder();
        for await (const chunk of watching.stdout) seen += decoder.decode(chunk);
      })();
      await waitUntil("the watch shows what is there", () => seen.includes("configmap/prices\n"));
      await kubectl("create", "configmap", "late", "--from-literal=a=b");
      await waitUntil("the watch shows what comes", () => seen.includes("configmap/late\n"));
      await kubectl("patch", "configmap", "late", "-p", finalizers(["example.com/held"]));
      await kubectl("delete", "configmap", "late", "--wait=false");
      const waiting = kubectl("wait", "--for=delete", "configmap/late", "--timeout=20s");
      await kubectl("patch", "configmap", "late", "-p", finalizers(null));
      expect(await waiting).toMatch(/^(?:configmap\/late condition met\n)?$/);
      const labelled = kubectl(
        "wait",
        "--for=jsonpath={.data.bread}=8",
        "configmap/prices",
        "--timeout=20s",
      );
      await kubectl("patch", "configmap", "prices", "-p", '{"data":{"bread":"8"}}');
      expect(await labelled).toBe("configmap/prices condition met\n");
      watching.kill();
      await reading;
    }, 60_000);

    test("finds out what there is", async () => {
      expect(await kubectl("api-resources", "--api-group=apps")).toMatch(/^deployments +deploy /m);
      const explained = await kubectl("explain", "deployment.spec.replicas");
      expect(explained).toContain("FIELD: replicas <integer>");
      expect(await kubectl("version")).toContain(`Server Version: ${apiserver.version}`);
      const raw = await kubectl("get", "--raw", "/readyz");
      expect(raw).toBe("ok");
    }, 60_000);

    // kubectl sends no token over http: the node asks for somebody else, with the node's right to do so.
    test("is somebody else by --as, with what that one may do", async () => {
      await expect(kubectl("get", "configmaps", "--as", "alice")).rejects.toThrow(
        'User "alice" cannot list resource "configmaps"',
      );
      expect(await kubectl("auth", "whoami", "--as", "alice")).toContain("alice");
      // Its "no" is on standard output; an error would be on the other.
      await expect(kubectl("auth", "can-i", "create", "pods", "--as", "alice")).rejects.toThrow(
        /^kubectl auth can-i create pods --as alice: $/,
      );
    }, 60_000);

    test("deletes, and sees it gone", async () => {
      const deleted = await kubectl("delete", "-f", "objects.yaml");
      expect(deleted).toContain('configmap "prices" deleted');
      expect(await kubectl("get", "deployments,services", "-o", "name")).toBe("");
      expect(await kubectl("delete", "configmaps", "--all")).toContain('"stock" deleted');
      expect(await kubectl("get", "configmaps", "-o", "name")).toBe("");
    }, 60_000);
  });
}

const finalizers = (held: readonly string[] | null) =>
  JSON.stringify({ metadata: { finalizers: held } });

const stock = (bread: string) => `apiVersion: v1
kind: ConfigMap
metadata: { name: stock }
data: { bread: "${bread}" }
`;

const objects = `apiVersion: v1
kind: ConfigMap
metadata: { name: prices }
data: { bread: "3", milk: "1" }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: till }
spec:
  replicas: 2
  selector: { matchLabels: { app: till } }
  template:
    metadata: { labels: { app: till } }
    spec: { containers: [{ name: till, image: till }] }
---
apiVersion: v1
kind: Service
metadata: { name: till }
spec:
  selector: { app: till }
  ports: [{ port: 80 }]
`;
