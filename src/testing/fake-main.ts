import { startFakeApiserver } from "./fake-apiserver.ts";

/** `bun src/testing/fake-main.ts [PORT]`: the fake apiserver as a process; its URL is the first line it prints. */
const port = Number(process.argv[2] ?? "0");
const fake = await startFakeApiserver({ port });
console.log(fake.url);
const end = () => process.exit(0);
process.on("SIGTERM", end);
process.on("SIGINT", end);
