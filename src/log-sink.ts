/** Made with the first line. Unlike process.stderr it costs no 1.5 MB, and a reader that has stalled does not stop the process. */
let sink: Bun.FileSink | undefined;

/** Writes a line to standard error; where nobody reads it any more it is lost, and that is all. */
export function writeToStderr(line: string): void {
  sink ??= Bun.stderr.writer();
  try {
    void sink.write(`${line}\n`);
    void Promise.resolve(sink.flush()).catch(() => undefined);
  } catch {
    // EPIPE: the reader has gone.
  }
}
