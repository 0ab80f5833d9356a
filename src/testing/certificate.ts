import { generateKeyPairSync, sign } from "node:crypto";

/** A self-signed certificate for localhost and 127.0.0.1 that is its own authority, and its key; both PEM. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  readonly commonName?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

const dayMs = 86_400_000;

/** Makes a certificate (RFC 5280) with a P-256 key of its own; without openssl, so that tests run where it is not. */
export function createCertificate(options: CertificateOptions = {}): TestCertificate {
  const { commonName = "test", notBefore, notAfter } = options;
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(set(sequence(oid("550403"), utf8(commonName))));
  const validity = sequence(
    time(notBefore ?? new Date(Date.now() - dayMs)),
    time(notAfter ?? new Date(Date.now() + dayMs)),
  );
  const tbs = sequence(
    explicit(0, integer(2)),
    integer(1 + Math.floor(Math.random() * 0x7f_ff_ff)),
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: "spki", format: "der" }),
    explicit(3, sequence(basicConstraints, subjectAltName)),
  );
  const signature = sign("sha256", tbs, privateKey);
  const der = sequence(tbs, ecdsaWithSha256, tlv(0x03, Buffer.from([0]), signature));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }),
  };
}

/** Tag, length, value (X.690). */
function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), value]);
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return tlv(0x30, ...parts);
}

function set(...parts: readonly Uint8Array[]): Buffer {
  return tlv(0x31, ...parts);
}

function explicit(number: number, part: Uint8Array): Buffer {
  return tlv(0xa0 + number, part);
}

function oid(hex: string): Buffer {
  return tlv(0x06, Buffer.from(hex, "hex"));
}

function utf8(text: string): Buffer {
  return tlv(0x0c, Buffer.from(text));
}

function integer(value: number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  const isNegative = (bytes[0] ?? 0) >= 0x80;
  return isNegative ? tlv(0x02, Buffer.from([0]), bytes) : tlv(0x02, bytes);
}

function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return tlv(0x18, Buffer.from(digits));
}

const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"));
const basicConstraints = sequence(
  oid("551d13"),
  tlv(0x04, sequence(tlv(0x01, Buffer.from([0xff])))),
);
const subjectAltName = sequence(
  oid("551d11"),
  tlv(0x04, sequence(tlv(0x82, Buffer.from("localhost")), tlv(0x87, Buffer.from([127, 0, 0, 1])))),
);
