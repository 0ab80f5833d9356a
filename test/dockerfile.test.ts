import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { validate } from "dockerfile-utils";

import { readStage, type Stage } from "./dockerfile.ts";

const root = join(import.meta.dir, "..");
const text = await Bun.file(join(root, "Dockerfile")).text();
const digest = `@sha256:${"0".repeat(64)}`;

/** What an image has besides its binary. */
const besides: Readonly<Record<string, Stage["copies"]>> = {
  "edge-proxy": [["deploy/rules", "/etc/edge-proxy/rules"]],
};

describe("Dockerfile", () => {
  test("holds no mistake that a linter knows", () => {
    expect(validate(text)).toEqual([]);
  });

  test.each(["edge-proxy", "benchmark"])("%s is its binary on the base, run by nobody", (name) => {
    const stage = readStage(text, name);
    const path = `/usr/local/bin/${name}`;
    expect(stage.copies).toEqual([
      [`/src/_output/local/bin/linux/*/${name}`, path],
      ...(besides[name] ?? []),
    ]);
    expect(stage.entrypoint).toEqual([path]);
    expect(stage.user).toBe("65532:65532");
    for (const key of ["title", "description", "version", "revision", "licenses"]) {
      expect(stage.labels.join("\n")).toContain(`org.opencontainers.image.${key}=`);
    }
  });

  test("brings the environment that the proxy would start itself again for, as the systemd unit does", async () => {
    const cap = await Bun.file(join(root, "src/fetch-cap.ts")).text();
    const [, value = ""] = /BUN_CONFIG_MAX_HTTP_REQUESTS: "(\d+)"/.exec(cap) ?? [];
    expect(readStage(text, "edge-proxy").env).toEqual({ BUN_CONFIG_MAX_HTTP_REQUESTS: value });
    const unit = await Bun.file(join(root, "deploy/node/edge-proxy.service")).text();
    expect(unit).toContain(`\nEnvironment=BUN_CONFIG_MAX_HTTP_REQUESTS=${value}\n`);
  });

  test("ends with the proxy, which a build without --target makes", () => {
    expect([...text.matchAll(/^FROM .* AS (\S+)$/gm)].at(-1)?.[1]).toBe("edge-proxy");
  });

  test.each([
    ["build", "NODE", "docker.io/library/node", "24-bookworm-slim"],
    ["edge-proxy", "BASE", "gcr.io/distroless/base-nossl-debian13", "nonroot"],
  ])("stage %s takes image, tag and digest from arguments", (stage, prefix, image, tag) => {
    const at = (given: Record<string, string>) => readStage(text, stage, given).image;
    expect(at({})).toBe(`${image}:${tag}`);
    expect(at({ [`${prefix}_DIGEST`]: digest })).toBe(`${image}:${tag}${digest}`);
    const other = { [`${prefix}_IMAGE`]: "mirror.example.com/x", [`${prefix}_TAG`]: "1" };
    expect(at(other)).toBe("mirror.example.com/x:1");
  });

  test("copies only what .dockerignore lets in, and all of that is there", async () => {
    const ignore = (await Bun.file(join(root, ".dockerignore")).text()).split("\n");
    const allowed = ignore.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
    const copied = [...text.matchAll(/^COPY ((?!--)[^\n]+) \S+$/gm)].flatMap(([, names = ""]) =>
      names.split(" "),
    );
    expect(copied.toSorted()).toEqual(allowed.toSorted());
    expect(copied.filter((name) => !existsSync(join(root, name)))).toEqual([]);
  });
});
