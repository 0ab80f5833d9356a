import type { Credentials } from "./credentials.ts";
import type { FailureKind } from "./health-state.ts";
import { userAgent } from "./user-agent.ts";

/** What a probe tells: its TLS handshake first, then its one outcome. */
export type ProbeReport =
  | { readonly is: "handshaken" }
  | { readonly is: "answered"; readonly status: number; readonly hasAuditId: boolean }
  | { readonly is: "failed"; readonly how: FailureKind };

/** A head longer than this is not an apiserver's. */
const maxHeadLength = 64 << 10;

/**
 * Asks for `/livez?exclude=etcd` on a new connection, with the proxy's own credentials once TLS says that the server is the
 * one; any answer will do (CONTRACT 18). It sets itself no limit of time: the result gives it up, and nothing is told then.
 * By hand, since fetch does not tell when the handshake is over.
 */
export function sendProbe(
  credentials: Credentials,
  report: (told: ProbeReport) => void,
): () => void {
  const url = new URL(credentials.server);
  const isTls = url.protocol === "https:";
  let isOver = false;
  const tell = (told: ProbeReport) => {
    if (isOver) return;
    isOver = told.is !== "handshaken";
    report(told);
  };
  const ask = (socket: Bun.Socket) => void socket.write(requestOf(url, credentials));
  let head = "";
  const connecting = Bun.connect({
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (isTls ? 443 : 80) : Number(url.port),
    tls: isTls ? { ...credentials.tls } : false,
    socket: {
      open: (socket) => {
        if (isOver) socket.terminate();
        else if (!isTls) ask(socket);
      },
      handshake: (socket, isTrusted) => {
        if (isOver) return;
        if (isTrusted) ask(socket);
        tell(isTrusted ? { is: "handshaken" } : { is: "failed", how: "refused" });
        if (!isTrusted) socket.terminate();
      },
      data: (socket, bytes) => {
        head += bytes.toString("latin1");
        const told = answerIn(head);
        if (told === undefined) return;
        tell(told);
        socket.terminate();
      },
      close: () => tell({ is: "failed", how: "broken" }),
      error: () => tell({ is: "failed", how: "broken" }),
      connectError: () => tell({ is: "failed", how: "refused" }),
    },
  });
  connecting.catch(() => tell({ is: "failed", how: "refused" }));
  return () => {
    isOver = true;
    void connecting.then(
      (socket) => socket.terminate(),
      () => undefined,
    );
  };
}

function requestOf({ host, pathname }: URL, { authorization }: Credentials): string {
  const lines = [
    `GET ${pathname === "/" ? "" : pathname}/livez?exclude=etcd HTTP/1.1`,
    `Host: ${host}`,
    `User-Agent: ${userAgent}`,
    "Accept: */*",
    ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
    "Connection: close",
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Undefined while the head is not whole. */
function answerIn(text: string): ProbeReport | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return text.length > maxHeadLength ? { is: "failed", how: "broken" } : undefined;
  const [, status] = /^HTTP\/1\.[01] (\d{3})\b/.exec(text) ?? [];
  if (status === undefined) return { is: "failed", how: "broken" };
  const hasAuditId = /\r\naudit-id:/i.test(text.slice(0, end));
  return { is: "answered", status: Number(status), hasAuditId };
}
