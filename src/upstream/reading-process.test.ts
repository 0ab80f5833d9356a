import { expect, test } from "bun:test";

import { readsKubeconfig } from "./reading-process.ts";

test.each([
  ["--kubeconfig /k", true],
  ["--kubeconfig=/k", true],
  ["--v 2 --kubeconfig /k", true],
  ["--check-config --kubeconfig /k", true],
  ["", false],
  ["--server-addr http://h", false],
  ["--kubeconfigs /k", false],
  ["--kubeconfig /k --help", false],
  ["--version --kubeconfig /k", false],
  ["cache ls --kubeconfig /k", false],
])("%p says that a kubeconfig will be read: %p", (line, isRead) => {
  expect(readsKubeconfig(line === "" ? [] : line.split(" "))).toBe(isRead);
});
