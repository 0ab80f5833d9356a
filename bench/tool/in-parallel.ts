const width = 8;

/** Does this for each, eight at a time. Rejects with the first failure, when what had begun has ended. */
export async function inParallel<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  let failure: { readonly error: unknown } | undefined;
  const loop = async () => {
    for (const item of queue) {
      if (failure !== undefined) return;
      await work(item).catch((error: unknown) => {
        failure ??= { error };
      });
    }
  };
  await Promise.all(Array.from({ length: width }, loop));
  if (failure !== undefined) throw failure.error;
}
