// Imported for its effect, before all else: what must be in the environment before Bun starts is put there by a second exec.

/** Bun's fetch carries 256 requests at a time unless this is set before it starts; 65535 is the most it takes. */
const wanted = { BUN_CONFIG_MAX_HTTP_REQUESTS: "65535" } as const;
/** The first prints request headers, tokens among them; the second switches off the checks of certificates. */
const unwanted = ["BUN_CONFIG_VERBOSE_FETCH", "NODE_TLS_REJECT_UNAUTHORIZED"] as const;

raiseFetchCap();

/** Starts this process' image again with the environment it needs; same pid, once. Without execve all works, with 256 requests at most. */
function raiseFetchCap(): void {
  const { env } = process;
  const isSet = Object.entries(wanted).every(([name, value]) => env[name] === value);
  if (isSet && unwanted.every((name) => env[name] === undefined)) return;
  const changed: Record<string, string | undefined> = { ...env, ...wanted };
  for (const name of unwanted) delete changed[name];
  try {
    process.execve?.(process.execPath, argumentsOfSelf(), changed);
  } catch {
    // A sandbox may forbid it; the cap then stays where it is.
  }
}

/** A compiled binary brings its script and its options with it; `bun main.ts` needs them said again. */
function argumentsOfSelf(): readonly string[] {
  const [, script = "", ...rest] = process.argv;
  const isCompiled = script.startsWith("/$bunfs/");
  return isCompiled ? ["edge-proxy", ...rest] : ["bun", ...process.execArgv, script, ...rest];
}
