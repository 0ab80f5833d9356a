/** What apimachinery 1.37 allows as a label's key and value, and the words it refuses the rest with. */

const name = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

const consistsOf =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character" +
  " (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const keyText = `a valid label key ${consistsOf} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`;
const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'," +
  " and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is" +
  " '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const valueText =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'," +
  " and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345'," +
  " regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** Why the text is no label key (apimachinery, content.IsLabelKey); empty when it is one. */
export function labelKeyErrors(key: string): readonly string[] {
  const parts = key.split("/");
  const [first = "", second] = parts;
  if (parts.length > 2) return [keyText];
  if (second === undefined) return nameErrors(first);
  return [...prefixErrors(first), ...nameErrors(second)];
}

/** Why the text is no label value (apimachinery, IsValidLabelValue); empty when it is one. */
export function labelValueErrors(value: string): readonly string[] {
  const errors: string[] = [];
  if (Buffer.byteLength(value) > 63) errors.push("must be no more than 63 bytes");
  if (value !== "" && !name.test(value)) errors.push(valueText);
  return errors;
}

function prefixErrors(prefix: string): readonly string[] {
  if (prefix === "") return ["prefix part must be non-empty"];
  const errors: string[] = [];
  if (Buffer.byteLength(prefix) > 253) errors.push("prefix part must be no more than 253 bytes");
  if (!subdomain.test(prefix)) errors.push(`prefix part ${subdomainText}`);
  return errors;
}

function nameErrors(part: string): readonly string[] {
  const errors: string[] = [];
  if (part === "") errors.push("name part must be non-empty");
  else if (Buffer.byteLength(part) > 63) errors.push("name part must be no more than 63 bytes");
  if (!name.test(part)) errors.push(`name part ${consistsOf}`);
  return errors;
}
