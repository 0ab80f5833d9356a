import { describe, expect, test } from "bun:test";

import { parseLabelSelector } from "./label-selector.ts";

const nameText =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const valueText =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const keyText =
  "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
const prefixText =
  "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const integerText = "for 'Gt', 'Lt' operators, the value must be an integer";
const long254 = "a".repeat(254);
const long64 = "a".repeat(64);
describe("parseLabelRequirements", () => {
  // answers of kube-apiserver 1.37.2
  test.each([
    ["a>x", `unable to parse requirement: values[0]: Invalid value: "x": ${integerText}`],
    ["a>", `unable to parse requirement: values[0]: Invalid value: "": ${integerText}`],
    ["a=b,", "found '', expected: identifier after ','"],
    ["a=b,,c", "found ',', expected: identifier after ','"],
    [",", "found ',', expected: !, identifier, or 'end of string'"],
    ["a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier"],
    ["a in (b", "unable to parse requirement: found '', expected: ',' or ')'"],
    ["a in b", "unable to parse requirement: found 'b' expected: '('"],
    ["a in", "unable to parse requirement: found '' expected: '('"],
    ["a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"],
    ["a in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier"],
    ["a in (b,=)", "unable to parse requirement: found '=', expected: ',', or identifier"],
    ["!", "unable to parse requirement: found '', expected: identifier"],
    ["!!a", "unable to parse requirement: found '!', expected: identifier"],
    ["!a=b", "found '=', expected: ',' or 'end of string'"],
    ["a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ["a=b c", "found 'c', expected: ',' or 'end of string'"],
    ["a=b=c", "found '=', expected: ',' or 'end of string'"],
    ["a===b", "unable to parse requirement: found '=', expected: identifier"],
    ["a=!b", "unable to parse requirement: found '!', expected: identifier"],
    ["=b", "found '=', expected: !, identifier, or 'end of string'"],
    ["a&b", `unable to parse requirement: <nil>: Invalid value: "a&b": ${nameText}`],
    ["(a)", "found '(', expected: !, identifier, or 'end of string'"],
    ["a=b,!", "unable to parse requirement: found '', expected: identifier"],
    ["a=$", `unable to parse requirement: values[0][a]: Invalid value: "$": ${valueText}`],
    ["a$=b", `unable to parse requirement: <nil>: Invalid value: "a$": ${nameText}`],
    ["a/b/c=d", `unable to parse requirement: <nil>: Invalid value: "a/b/c": ${keyText}`],
    [
      "/a=b",
      'unable to parse requirement: <nil>: Invalid value: "/a": prefix part must be non-empty',
    ],
    [
      "a/=b",
      `unable to parse requirement: <nil>: Invalid value: "a/": name part must be non-empty; ${nameText}`,
    ],
    ["A/b=c", `unable to parse requirement: <nil>: Invalid value: "A/b": ${prefixText}`],
    ["a..b/c=d", `unable to parse requirement: <nil>: Invalid value: "a..b/c": ${prefixText}`],
    [
      `${long64}=x`,
      `unable to parse requirement: <nil>: Invalid value: "${long64}": name part must be no more than 63 bytes`,
    ],
    [
      `x=${long64}`,
      `unable to parse requirement: values[0][x]: Invalid value: "${long64}": must be no more than 63 bytes`,
    ],
    [
      `${long254}/x=y`,
      `unable to parse requirement: <nil>: Invalid value: "${long254}/x": prefix part must be no more than 253 bytes`,
    ],
    ["x=-a", `unable to parse requirement: values[0][x]: Invalid value: "-a": ${valueText}`],
    ["-x=a", `unable to parse requirement: <nil>: Invalid value: "-x": ${nameText}`],
    ["x=a-", `unable to parse requirement: values[0][x]: Invalid value: "a-": ${valueText}`],
    ["é=b", `unable to parse requirement: <nil>: Invalid value: "é": ${nameText}`],
    ["x=é", `unable to parse requirement: values[0][x]: Invalid value: "é": ${valueText}`],
    ["a!=(", "unable to parse requirement: found '(', expected: identifier"],
    ["a>+1", `unable to parse requirement: values[0][a]: Invalid value: "+1": ${valueText}`],
    ["a>-1", `unable to parse requirement: values[0][a]: Invalid value: "-1": ${valueText}`],
    [
      "a>9223372036854775808",
      `unable to parse requirement: values[0]: Invalid value: "9223372036854775808": ${integerText}`,
    ],
    [
      "a>99999999999999999999999999",
      `unable to parse requirement: values[0]: Invalid value: "99999999999999999999999999": ${integerText}`,
    ],
    ["a<>b", "unable to parse requirement: found '>', expected: identifier"],
    ["a>=1", "unable to parse requirement: found '=', expected: identifier"],
    ["a!", "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"],
    ["a!b", "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"],
    ["a)", "unable to parse requirement: found ')', expected: in, notin, =, ==, !=, gt, lt"],
    ["a in (a))", "found ')', expected: ',' or 'end of string'"],
    ["a,", "found '', expected: identifier after ','"],
    ["a in (b) c", "found 'c', expected: ',' or 'end of string'"],
    ["a\u0000b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    [
      "x in (a$,b$)",
      `unable to parse requirement: [values[0][x]: Invalid value: "a$": ${valueText}, values[1][x]: Invalid value: "b$": ${valueText}]`,
    ],
    ["x$ in ()", `unable to parse requirement: <nil>: Invalid value: "x$": ${nameText}`],
    ["a$", `unable to parse requirement: <nil>: Invalid value: "a$": ${nameText}`],
    ["!a$", `unable to parse requirement: <nil>: Invalid value: "a$": ${nameText}`],
    ["a>1.5", `unable to parse requirement: values[0]: Invalid value: "1.5": ${integerText}`],
    ["a~=b", `unable to parse requirement: <nil>: Invalid value: "a~": ${nameText}`],
    ["a=b!=c", "found '!=', expected: ',' or 'end of string'"],
    ["a!==b", "unable to parse requirement: found '=', expected: identifier"],
    ["a<=1", "unable to parse requirement: found '=', expected: identifier"],
    ["a in ((", "unable to parse requirement: found '(', expected: ',', ')' or identifier"],
    ["a in (!", "unable to parse requirement: found '!', expected: ',', ')' or identifier"],
    ["a=(", "unable to parse requirement: found '(', expected: identifier"],
    ['a="b"', `unable to parse requirement: values[0][a]: Invalid value: "\\"b\\"": ${valueText}`],
    [
      `${long64}/${long64}=${long64}`,
      `unable to parse requirement: <nil>: Invalid value: "${long64}/${long64}": name part must be no more than 63 bytes`,
    ],
    [
      `x in (${long64},$)`,
      `unable to parse requirement: [values[0][x]: Invalid value: "$": ${valueText}, values[1][x]: Invalid value: "${long64}": must be no more than 63 bytes]`,
    ],
    ["a=b\\,c", `unable to parse requirement: values[0][a]: Invalid value: "b\\\\": ${valueText}`],
    ["a\\=b", `unable to parse requirement: <nil>: Invalid value: "a\\\\": ${nameText}`],
    [
      "a=b\u00a0",
      `unable to parse requirement: values[0][a]: Invalid value: "b\\u00a0": ${valueText}`,
    ],
  ])("%j is refused", (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(message);
    expect(() => parseLabelSelector(text)).toThrow(
      expect.objectContaining({ status: expect.objectContaining({ code: 400, message }) }),
    );
  });
});
