import { goQuote } from "./go-quote.ts";

/** One reason of a Status among several (apimachinery, meta/v1 StatusCause). */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** What a Status is about (apimachinery, meta/v1 StatusDetails). */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** A metav1 Status as an apiserver writes it: keys in its order, `metadata` always there. */
export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: Readonly<Record<string, string>>;
  readonly status: "Failure" | "Success";
  readonly message: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

/**
 * The Status as JSON, byte for byte as Go writes it, without a line end (an apiserver adds one): `<`, `>`, `&` and the two
 * Unicode line separators are escaped, and what is quoted in a message often has them.
 */
export function formatStatus(status: Status): string {
  return JSON.stringify(status).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The only error that becomes an answer with its own text: it holds the Status to send. */
export class StatusError extends Error {
  readonly status: Status;

  constructor(status: Status, cause?: unknown) {
    super(status.message, { cause });
    this.name = "StatusError";
    this.status = status;
  }
}

function failure(
  code: number,
  reason: string | undefined,
  message: string,
  details?: StatusDetails,
  cause?: unknown,
): StatusError {
  return new StatusError(
    {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      ...(reason === undefined ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    },
    cause,
  );
}

/** 400 BadRequest (apimachinery, NewBadRequest). */
export function badRequest(message: string): StatusError {
  return failure(400, "BadRequest", message);
}

/** Codes of requests that HTTP itself has no answer for but a refusal, with the reason that a Status has for them, if any. */
const refusalReasons = {
  408: "Timeout",
  413: "RequestEntityTooLarge",
  414: undefined,
  431: undefined,
  501: undefined,
  505: undefined,
} as const;

/** A request that is refused before anything is made of it: too late, too large, or not HTTP/1.1. */
export function refusedRequest(code: keyof typeof refusalReasons, message: string): StatusError {
  return failure(code, refusalReasons[code], message);
}

/** 401 Unauthorized (apimachinery, NewUnauthorized). */
export function unauthorized(message: string): StatusError {
  return failure(401, "Unauthorized", message);
}

/** 403 Forbidden for what the proxy itself refuses: a Host or Origin that is not accepted. */
export function forbidden(message: string): StatusError {
  return failure(403, "Forbidden", message, {});
}

/** 404 NotFound, worded as an apiserver words it (apimachinery, NewNotFound): `configmaps "a" not found`. */
export function notFound(group: string, resource: string, name: string): StatusError {
  const of = group === "" ? resource : `${resource}.${group}`;
  return failure(404, "NotFound", `${of} ${goQuote(name)} not found`, {
    name,
    ...(group === "" ? {} : { group }),
    kind: resource,
  });
}

/** 406 NotAcceptable. */
export function notAcceptable(message: string): StatusError {
  return failure(406, "NotAcceptable", message);
}

/** 410 Expired: the history no longer reaches back (apimachinery, NewResourceExpired). */
export function expired(message: string): StatusError {
  return failure(410, "Expired", message);
}

/** 422 Invalid, of the ListOptions (apimachinery, NewInvalid). */
export function invalidListOptions(message: string, causes: readonly StatusCause[]): StatusError {
  return failure(422, "Invalid", `ListOptions.meta.k8s.io "" is invalid: ${message}`, {
    group: "meta.k8s.io",
    kind: "ListOptions",
    causes,
  });
}

/** 429 TooManyRequests with the seconds to wait (apimachinery, NewTooManyRequests). */
export function tooManyRequests(message: string, retryAfterSeconds: number): StatusError {
  return failure(429, "TooManyRequests", message, { retryAfterSeconds });
}

/** 500 InternalError, without the text of what went wrong: that goes to the log. */
export function internalError(cause: unknown): StatusError {
  return failure(
    500,
    "InternalError",
    "Internal error occurred: edge-proxy could not answer",
    { causes: [{ message: "edge-proxy could not answer" }] },
    cause,
  );
}

/** 500 InternalError that says what could not be done to upstream's answer, which is then not passed. */
export function unreadableAnswer(message: string, cause?: unknown): StatusError {
  return failure(500, "InternalError", message, undefined, cause);
}

/** 422 Invalid of one object (apimachinery, NewInvalid). */
export function invalid(
  { group, kind, name }: { readonly group: string; readonly kind: string; readonly name: string },
  causes: readonly (StatusCause & { readonly field: string; readonly message: string })[],
): StatusError {
  const of = group === "" ? kind : `${kind}.${group}`;
  const texts = causes.map(({ field, message }) => `${field}: ${message}`);
  const text = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const details = { name, ...(group === "" ? {} : { group }), kind, causes };
  return failure(422, "Invalid", `${of} ${goQuote(name)} is invalid: ${text}`, details);
}

/** 500 without a reason, which is how an apiserver answers an error that is not its own (handlers/responsewriters, ErrorToAPIStatus). */
export function unclassified(message: string): StatusError {
  return failure(500, undefined, message);
}

/** 502: what answered was not understood or broke off before a response head. */
export function badGateway(message: string, cause?: unknown): StatusError {
  return failure(502, "InternalError", message, undefined, cause);
}

/** 503 ServiceUnavailable, without Retry-After: client-go would sleep through the outage (CONTRACT 11). */
export function serviceUnavailable(message: string, cause?: unknown): StatusError {
  return failure(503, "ServiceUnavailable", message, undefined, cause);
}

/** 504 Timeout (apimachinery, NewTimeoutError). */
export function timeout(message: string, cause?: unknown): StatusError {
  return failure(504, "Timeout", `Timeout: ${message}`, {}, cause);
}

/** 504 for a resourceVersion ahead of the store (apiserver, storage/errors.go NewTooLargeResourceVersionError). */
export function tooLargeResourceVersion(asked: string, current: string): StatusError {
  return failure(
    504,
    "Timeout",
    `Timeout: Too large resource version: ${asked}, current: ${current}`,
    {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    },
  );
}
