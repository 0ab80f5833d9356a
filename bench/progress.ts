/** Says on standard error what is going on, so that standard output holds the tables only. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A line while something takes longer than two seconds, and one every ten seconds from then on. */
export async function during<Value>(what: string, work: () => Promise<Value>): Promise<Value> {
  const began = performance.now();
  const tell = () => say(`  … ${what} (${Math.round((performance.now() - began) / 1000)} s)`);
  const first = setTimeout(tell, 2000);
  const again = setInterval(tell, 10_000);
  try {
    return await work();
  } finally {
    clearTimeout(first);
    clearInterval(again);
  }
}
