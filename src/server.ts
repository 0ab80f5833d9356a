import type { Config } from "./config.ts";

/** Serves until it is told to stop. */
export async function serve(config: Config): Promise<void> {
  await Promise.resolve(config);
}
