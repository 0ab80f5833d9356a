import { parseResourceVersion } from "../api/resource-version.ts";
import type { Codec, ListForm, TypeForm } from "../codec/codec.ts";
import type { Filling } from "./filling.ts";
import { isStream, type ListerWatcher, type ListWatchTarget } from "./lister-watcher.ts";
import { RefusedError } from "./reflector-errors.ts";
import { SlabPacker } from "./slab.ts";
import type { FullState } from "./watch-cache.ts";

/** Items of a page: large enough that a page costs few round trips, small enough to be thrown away (client-go's 500). */
const pageSize = 500;

export interface PagedList {
  readonly list: ListerWatcher["list"];
  readonly target: ListWatchTarget;
  readonly codec: Codec;
  readonly filling: Filling;
  /** Reads the body of a page to its end. */
  readonly read: (
    body: ReadableStream<Uint8Array>,
    take: (chunk: Uint8Array) => void,
  ) => Promise<void>;
}

/**
 * A whole state by a consistent list in pages, all at the resourceVersion of the first. Where the token's history is gone
 * (410), the whole list is asked for at once. Rejects with a RefusedError, or with what is wrong with the list.
 */
export async function listPages(
  list: PagedList,
  signal: AbortSignal,
): Promise<FullState & { readonly listForm: ListForm }> {
  const { target, codec, filling } = list;
  let page = { limit: pageSize, continue: "" };
  let resourceVersion: string | undefined;
  for (;;) {
    const answer = await list.list(target, page, signal);
    if (!isStream(answer)) {
      if (answer.status !== 410 || page.limit === 0) throw new RefusedError(answer);
      page = { limit: 0, continue: "" };
      filling.clear();
      resourceVersion = undefined;
      continue;
    }
    const reader = codec.listReader(new SlabPacker().allocate);
    await list.read(answer.body, (chunk) => {
      for (const bytes of reader.push(chunk)) filling.add(bytes);
    });
    const { form, ...meta } = reader.finish();
    resourceVersion ??= meta.resourceVersion;
    page = { limit: page.limit, continue: meta.continue };
    if (page.continue !== "") continue;
    return {
      store: filling.store(),
      resourceVersion: parseResourceVersion(resourceVersion),
      form: typeForm(form),
      listForm: form,
    };
  }
}

/** Of a typed list the kind of its items is the list's without `List`; an unstructured one's items say their own. */
function typeForm(form: ListForm): TypeForm {
  return { ...form, kind: form.kind.replace(/List$/, "") };
}
