import type { HeaderBlock } from "../http/head.ts";
import { isCredential, isImpersonation } from "../upstream/headers.ts";

/** The request headers that the proxy reads. */
export interface RequestHead {
  readonly accept: string;
  readonly origin: string | undefined;
  /** How the page that a browser asks for stands to the one that asks (W3C, Fetch Metadata, Sec-Fetch-Site). */
  readonly fetchSite: string | undefined;
  /** curl, Wget and Mozilla get pretty JSON (apiserver, negotiation/negotiate.go isPrettyPrint). */
  readonly isPerson: boolean;
  readonly isKubectl: boolean;
  readonly userAgent: string;
  /** The request has credentials of its own (CONTRACT 21). */
  readonly hasCredentials: boolean;
  /** The request asks for the rights of somebody else. */
  readonly impersonates: boolean;
  readonly acceptsGzip: boolean;
  /** Conditions and ranges are upstream's to judge (CONTRACT 7). */
  readonly isConditional: boolean;
  /** `Cache-Control: no-cache`: as an `exact` read. */
  readonly wantsLatest: boolean;
}

/** Blocks that a client repeats are read once. */
const known = new WeakMap<HeaderBlock, RequestHead>();

/** The headers of a request, each read once; of a name that repeats, `Accept` is joined and the last of any other counts. */
export function readHead(block: HeaderBlock): RequestHead {
  const there = known.get(block);
  if (there !== undefined) return there;
  const head = readBlock(block);
  known.set(block, head);
  return head;
}

function readBlock({ fields, upgrade }: HeaderBlock): RequestHead {
  const head = {
    accept: "",
    origin: undefined as string | undefined,
    fetchSite: undefined as string | undefined,
    isPerson: false,
    isKubectl: false,
    userAgent: "",
    hasCredentials: false,
    impersonates: false,
    acceptsGzip: false,
    isConditional: upgrade !== undefined,
    wantsLatest: false,
  };
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at] ?? "";
    const value = fields[at + 1] ?? "";
    switch (name) {
      case "accept":
        head.accept = head.accept === "" ? value : `${head.accept}, ${value}`;
        break;
      case "origin":
        head.origin = value;
        break;
      case "sec-fetch-site":
        head.fetchSite = value.toLowerCase();
        break;
      case "user-agent":
        head.userAgent = value;
        head.isPerson = isPersonAgent(value);
        head.isKubectl = value.startsWith("kubectl");
        break;
      case "cache-control":
        head.wantsLatest ||= /(?:^|[\s,])no-cache(?:$|[\s,])/i.test(value);
        break;
      case "accept-encoding":
        head.acceptsGzip ||= value.includes("gzip");
        break;
      case "range":
        head.isConditional = true;
        break;
      default:
        if (name.startsWith("if-")) head.isConditional = true;
        else if (isCredential(name, value)) head.hasCredentials = true;
        else if (isImpersonation(name, value)) head.impersonates = true;
    }
  }
  return head;
}

/** Whether a User-Agent is a person's. */
export function isPersonAgent(userAgent: string): boolean {
  return /^(?:curl|Wget|Mozilla\/5\.0)/.test(userAgent);
}
