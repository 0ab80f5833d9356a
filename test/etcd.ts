/** Has etcd forget all before this revision (its JSON gateway, api/v3/etcdserverpb KV.Compact). */
export async function compact(etcdUrl: string, revision: number): Promise<void> {
  const body = JSON.stringify({ revision: String(revision), physical: true });
  const answer = await fetch(`${etcdUrl}/v3/kv/compaction`, { method: "POST", body, proxy: false });
  if (answer.status !== 200) throw new Error(await answer.text());
}
