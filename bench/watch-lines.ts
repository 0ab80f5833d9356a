import { ask, type Server } from "./http.ts";

export interface BenchEvent {
  readonly type: string;
  readonly object: {
    readonly metadata: {
      readonly name?: string;
      readonly resourceVersion: string;
      readonly annotations?: Readonly<Record<string, string>>;
    };
  };
}

/** The events of a watch in JSON as they come, until the signal aborts. Rejects when it is not answered 200. */
export async function* watchEvents(
  server: Server,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<BenchEvent> {
  const response = await ask(server, path, { signal });
  if (response.status !== 200 || response.body === null)
    throw new Error(`a watch was answered ${response.status}`);
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of response.body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line);
  }
}
