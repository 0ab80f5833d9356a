import { describe, expect, test } from "bun:test";

import { chooseCredentials, type CredentialChoice } from "./credentials.ts";

const token = "/var/run/secrets/kubernetes.io/serviceaccount/token";
const pod = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };
const home = { HOME: "/home/a" };
const usual = "/home/a/.kube/config";

function choose(choice: Partial<CredentialChoice>, files: readonly string[] = []) {
  return chooseCredentials({
    kubeconfig: undefined,
    useKubeconfig: undefined,
    serverAddr: undefined,
    env: {},
    isFile: (file) => files.includes(file),
    ...choice,
  });
}

describe("chooseCredentials", () => {
  test.each<[string, Partial<CredentialChoice>, string[], string]>([
    [
      "the flag wins over all",
      { kubeconfig: "/k", useKubeconfig: false, env: { ...pod, KUBECONFIG: "/e" } },
      [token, "/e"],
      "/k",
    ],
    ["KUBECONFIG before the home", { env: { ...home, KUBECONFIG: "/e" } }, ["/e", usual], "/e"],
    [
      "several of KUBECONFIG, those that exist",
      { env: { KUBECONFIG: "/e:/f:/g" } },
      ["/e", "/g"],
      "/e,/g",
    ],
    ["the home", { env: home }, [usual], usual],
    ["the home before the pod", { env: { ...home, ...pod } }, [usual, token], usual],
    [
      "the pod, where there is no kubeconfig",
      { env: { ...home, ...pod } },
      [token],
      "https://10.0.0.1:443",
    ],
    [
      "the pod first, where no kubeconfig is asked for",
      { useKubeconfig: false, env: { ...home, ...pod } },
      [usual, token],
      "https://10.0.0.1:443",
    ],
    [
      "an IPv6 cluster",
      { env: { ...pod, KUBERNETES_SERVICE_HOST: "fd00::1" } },
      [token],
      "https://[fd00::1]:443",
    ],
    ["nothing, and a server to reach", { serverAddr: "http://h", env: home }, [], "nowhere"],
    ["variables of a pod without a token", { serverAddr: "http://h", env: pod }, [], "nowhere"],
  ])("%s", (_, choice, files, expected) => {
    const origin = choose(choice, files);
    const named = {
      kubeconfig: "files" in origin ? origin.files.join(",") : "",
      "service account": "server" in origin ? origin.server : "",
      nowhere: "nowhere",
    };
    expect(named[origin.from]).toBe(expected);
  });

  test("nothing and no server is refused, with what would do", () => {
    expect(() => choose({})).toThrow("give --kubeconfig FILE, or --server-addr URL");
  });

  test("a kubeconfig that is asked for and not there is refused, also in a pod", () => {
    expect(() => choose({ useKubeconfig: true, env: pod }, [token])).toThrow(
      "--use-kubeconfig: no kubeconfig found",
    );
  });

  test("files of KUBECONFIG that are not there are named", () => {
    expect(() => choose({ env: { KUBECONFIG: "/e:/f" } })).toThrow(
      "KUBECONFIG: /e, /f: no such file",
    );
  });
});
