/** What was given cannot be used: the message is one line that names the flag or file and says what would be right. */
export class ConfigError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message.replaceAll(/\s*[\r\n]+\s*/g, " "), cause === undefined ? undefined : { cause });
    this.name = "ConfigError";
  }
}
