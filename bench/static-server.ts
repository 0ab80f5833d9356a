/** `bun bench/static-server.ts FILE`: one Blob for every request, the least that Bun.serve can do; its URL is the first line it prints. */
const bytes = await Bun.file(process.argv[2] ?? "").bytes();
const body = new Blob([bytes], { type: "application/json" });
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  development: false,
  fetch: () => new Response(body),
});
console.log(`http://127.0.0.1:${server.port}`);
