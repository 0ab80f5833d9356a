// oxlint-disable-next-line import/no-unassigned-import -- it must run before all else is loaded
import "./fetch-cap.ts";

import { childCommand } from "./upstream/child-command.ts";
import { readsKubeconfig, startReadingProcess } from "./upstream/reading-process.ts";

/**
 * What is run is an entry point of its own in a compiled binary: this process before it starts itself again, and the child that
 * reads a kubeconfig, load nothing of the other. The child's packages would cost every process 8 MB. The name is put together
 * so that no bundler follows it.
 */
const argv = process.argv.slice(2);
const entry = argv[0] === childCommand ? "upstream/credential-child" : "command";
// The child loads beside us (m: 208 to 187 ms until the first answer with a cold page cache, 87 to 61 with a warm one).
const child = readsKubeconfig(argv) ? startReadingProcess() : undefined;
const { main } = await import(new URL(`./${entry}.ts`, import.meta.url).href);
await main(argv, child);
