// oxlint-disable-next-line import/no-unassigned-import -- it must run before all else is loaded
import "./fetch-cap.ts";

import { childCommand } from "./upstream/child-command.ts";

/**
 * What is run is an entry point of its own in a compiled binary: this process before it starts itself again, and the child that
 * reads a kubeconfig, load nothing of the other. The child's packages would cost every process 8 MB. The name is put together
 * so that no bundler follows it.
 */
const entry = process.argv[2] === childCommand ? "upstream/credential-child" : "command";
await import(new URL(`./${entry}.ts`, import.meta.url).href);
