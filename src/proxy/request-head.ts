import { isCredential } from "../upstream/headers.ts";

/** What of a request's headers matters to us. */
export interface RequestHead {
  readonly accept: string;
  readonly host: string;
  readonly origin: string | undefined;
  /** curl, Wget and Mozilla get pretty JSON (apiserver, negotiation/negotiate.go isPrettyPrint). */
  readonly isPerson: boolean;
  readonly isKubectl: boolean;
  readonly userAgent: string;
  /** It brings credentials of its own (CONTRACT 21). */
  readonly hasCredentials: boolean;
  readonly acceptsGzip: boolean;
  /** Conditions and ranges are upstream's to judge (CONTRACT 7). */
  readonly isConditional: boolean;
  /** `Cache-Control: no-cache`: as an `exact` read. */
  readonly wantsLatest: boolean;
}

/** Reads them in one pass: a look-up for each of them costs more than all of the pass. */
export function readHead(headers: Headers): RequestHead {
  const head = {
    accept: "",
    host: "",
    origin: undefined as string | undefined,
    isPerson: false,
    isKubectl: false,
    userAgent: "",
    hasCredentials: false,
    acceptsGzip: false,
    isConditional: false,
    wantsLatest: false,
  };
  // A `for` over the entries makes an array for each of them.
  // oxlint-disable-next-line unicorn/no-array-for-each
  headers.forEach((value, name) => {
    switch (name) {
      case "accept":
        head.accept = value;
        break;
      case "host":
        head.host = value;
        break;
      case "origin":
        head.origin = value;
        break;
      case "user-agent":
        head.userAgent = value;
        head.isPerson = isPersonAgent(value);
        head.isKubectl = value.startsWith("kubectl");
        break;
      case "cache-control":
        head.wantsLatest = /(?:^|[\s,])no-cache(?:$|[\s,])/i.test(value);
        break;
      case "accept-encoding":
        head.acceptsGzip = value.includes("gzip");
        break;
      case "range":
      case "upgrade":
        head.isConditional = true;
        break;
      default:
        if (name.startsWith("if-")) head.isConditional = true;
        else if (isCredential(name, value)) head.hasCredentials = true;
    }
  });
  return head;
}

/** Whether a User-Agent is a person's. */
export function isPersonAgent(userAgent: string): boolean {
  return /^(?:curl|Wget|Mozilla\/5\.0)/.test(userAgent);
}
