import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, cp, mkdir } from "node:fs/promises";
import { join } from "node:path";

import { createTemporaryFolder } from "../src/testing/child-process.ts";

const root = join(import.meta.dir, "..");
const password = "s3cret with a space";

/** Records a line per call: its arguments, its standard input where it reads one, and its environment to another file. */
const fakeDocker = `#!/bin/bash
input=
[ "$1" = login ] && input=$(cat)
printf '%s|%s\\n' "$*" "$input" >>"$RECORD/calls"
env >>"$RECORD/environment"
[ "$1" != "$FAILS" ]
`;

let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;

beforeEach(async () => {
  folder = await createTemporaryFolder("edge-proxy-docker-build-");
  for (const name of ["package.json", "Makefile", "Dockerfile", "deploy", "src"]) {
    await cp(join(root, name), join(folder.dir, name), { recursive: true });
  }
  await mkdir(join(folder.dir, "bin"));
  await Bun.write(join(folder.dir, "bin/docker"), fakeDocker);
  await chmod(join(folder.dir, "bin/docker"), 0o755);
});

afterEach(() => folder?.remove());

async function dockerBuild(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const run = Bun.spawnSync(["make", "docker-build", ...args], {
    cwd: folder.dir,
    env: {
      PATH: `${folder.dir}/bin:${process.env["PATH"]}`,
      RECORD: folder.dir,
      FAILS: "",
      ...env,
    },
    stdin: "ignore",
  });
  const read = async (name: string) => {
    const file = Bun.file(join(folder.dir, name));
    return (await file.exists()) ? file.text() : "";
  };
  return {
    code: run.exitCode,
    output: run.stdout.toString() + run.stderr.toString(),
    calls: (await read("calls")).trimEnd().split("\n"),
    environment: await read("environment"),
    manifest: await read("_output/manifest.yaml"),
  };
}

const credentials = ["DOCKER_USERNAME=carol", `DOCKER_PASSWD=${password}`];
const named = ["IMAGE_REPO=registry.example.com/edge", "IMAGE_TAG=v9"];

describe("make docker-build", () => {
  test("builds both targets and pushes nothing without credentials", async () => {
    const { code, calls } = await dockerBuild([]);
    expect(code).toBe(0);
    expect(calls).toHaveLength(2);
    expect(calls[0]).toMatch(/^build --target edge-proxy .*--tag edge-proxy:v\d+\.\d+\.\d+ \.\|$/);
    expect(calls[1]).toMatch(/^build --target benchmark .*--tag benchmark:v\d+\.\d+\.\d+ \.\|$/);
    expect(calls.join()).not.toMatch(/NPM_REGISTRY|DEBIAN_MIRROR|_IMAGE=/);
  });

  test("pushes after both are built, and logs out", async () => {
    const { code, calls } = await dockerBuild([...named, ...credentials]);
    expect(code).toBe(0);
    expect(calls.map((call) => call.split(" ")[0])).toEqual([
      "build",
      "build",
      "login",
      "push",
      "push",
      "logout",
    ]);
    expect(calls[2]).toBe(
      `login --username carol --password-stdin registry.example.com|${password}`,
    );
    expect(calls.slice(3)).toEqual([
      "push registry.example.com/edge/edge-proxy:v9|",
      "push registry.example.com/edge/benchmark:v9|",
      "logout registry.example.com|",
    ]);
  });

  test.each([
    ["the command line", credentials, {}],
    ["the environment", ["DOCKER_USERNAME=carol"], { DOCKER_PASSWD: password }],
  ])("says the password of %s to docker's standard input alone", async (_, args, env) => {
    const run = await dockerBuild([...named, ...args], env);
    expect(run.calls.filter((call) => call.includes(password))).toEqual([run.calls[2] ?? ""]);
    expect(run.output).not.toContain(password);
    expect(run.environment).toContain("RECORD=");
    expect(run.environment).not.toContain(password);
    expect(run.manifest).not.toContain(password);
  });

  test("takes a name without a host for Docker Hub's", async () => {
    const { calls } = await dockerBuild(["IMAGE_REPO=carol", ...credentials]);
    expect(calls[2]).toBe(`login --username carol --password-stdin|${password}`);
  });

  test("logs out, writes no manifest and fails when a push does", async () => {
    const { code, calls, manifest } = await dockerBuild([...named, ...credentials], {
      FAILS: "push",
    });
    expect(code).toBe(2);
    expect(calls.at(-1)).toBe("logout registry.example.com|");
    expect(manifest).toBe("");
  });

  test("hands on mirrors for REGION=cn, and what is given wins over them", async () => {
    const { calls } = await dockerBuild(["REGION=cn", "DEBIAN_MIRROR=mirror.example.com"]);
    for (const call of calls) {
      expect(call).toContain("--build-arg NPM_REGISTRY=https://registry.npmmirror.com ");
      expect(call).toContain("--build-arg DEBIAN_MIRROR=mirror.example.com ");
      expect(call).toMatch(/--build-arg NODE_IMAGE=\S+\/library\/node /);
      expect(call).toMatch(/--build-arg BASE_IMAGE=\S+\/distroless\/base-nossl-debian13 /);
    }
  });

  test("writes the original's pod, with the images' names and the namespace", async () => {
    const { manifest } = await dockerBuild([...named, "NAMESPACE=trial"]);
    const [account, , binding, pod] = documents(manifest);
    expect(account).toMatchObject({ kind: "ServiceAccount", metadata: { namespace: "trial" } });
    expect(binding).toMatchObject({ subjects: [{ name: "benchmark", namespace: "trial" }] });
    const resources = {
      requests: { memory: "100Mi", cpu: "100m" },
      limits: { memory: "1000Mi", cpu: "1000m" },
    };
    expect(pod).toMatchObject({
      kind: "Pod",
      metadata: { name: "benchmark", namespace: "trial" },
      spec: {
        containers: [
          { name: "edge-proxy", image: "registry.example.com/edge/edge-proxy:v9", resources },
          { name: "bench-mark", image: "registry.example.com/edge/benchmark:v9", resources },
        ],
      },
    });
  });

  test.each([
    [["IMAGE_TAG=a b"], 'IMAGE_TAG: "a b" is no tag; write it as v'],
    [["IMAGE_REPO=Registry/x"], 'IMAGE_REPO: "Registry/x" is no repository; write it as'],
    [["DOCKER_USERNAME=carol"], "DOCKER_PASSWD is missing beside DOCKER_USERNAME"],
    [["DOCKER_PASSWD=x"], "DOCKER_USERNAME is missing beside DOCKER_PASSWD"],
    [credentials, "IMAGE_REPO says where to push to"],
  ])("refuses %p before it builds", async (args, says) => {
    const { code, output, calls } = await dockerBuild(args);
    expect(code).toBe(2);
    expect(output).toContain(`docker-build: ${says}`);
    expect(calls).toEqual([""]);
  });
});

function documents(yaml: string): unknown[] {
  const parsed: unknown = Bun.YAML.parse(yaml);
  return Array.isArray(parsed) ? parsed : [parsed];
}
