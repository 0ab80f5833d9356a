import { Copy, DockerfileParser, Env, From, type Instruction } from "dockerfile-ast";

/** A stage of a Dockerfile, with what it has from the stages that it starts from. */
export interface Stage {
  /** The image that it stands on, its arguments replaced by what was given for them, else by their defaults. */
  readonly image: string;
  readonly user: string | undefined;
  readonly entrypoint: readonly string[];
  readonly labels: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What is copied in: where it lies in the other stage (a pattern) or in the repository, and where here. */
  readonly copies: readonly (readonly [source: string, to: string])[];
}

/** Reads the stage of this name. Throws where there is none. */
export function readStage(
  text: string,
  name: string,
  given: Readonly<Record<string, string>> = {},
): Stage {
  const { image, instructions } = stageOf(text, name);
  const last = (keyword: string) => instructions.findLast((one) => one.getKeyword() === keyword);
  return {
    image: image.replaceAll(/\$\{(\w+)\}/g, (_, key: string) => given[key] ?? defaultOf(text, key)),
    user: last("USER")?.getArgumentsContent() ?? undefined,
    entrypoint: words(last("ENTRYPOINT")),
    labels: instructions
      .filter((one) => one.getKeyword() === "LABEL")
      .flatMap((one) => one.getArguments().map(String)),
    env: Object.fromEntries(
      instructions.flatMap((one) =>
        one instanceof Env
          ? one.getProperties().map((property) => [property.getName(), property.getValue() ?? ""])
          : [],
      ),
    ),
    copies: instructions.filter((one) => one instanceof Copy).map(readCopy),
  };
}

/** The instructions of the stage after those of the stages before it, and the image at their beginning. */
function stageOf(text: string, name: string): { image: string; instructions: Instruction[] } {
  const all = DockerfileParser.parse(text).getInstructions();
  const start = all.findIndex((one) => one instanceof From && one.getBuildStage() === name);
  const from = all[start];
  if (!(from instanceof From)) throw new Error(`the Dockerfile has no stage ${name}`);
  const length = all.slice(start + 1).findIndex((one) => one instanceof From);
  const own = all.slice(start + 1, length === -1 ? undefined : start + 1 + length);
  const parent = from.getImage() ?? "";
  const isStage = all.some((one) => one instanceof From && one.getBuildStage() === parent);
  if (!isStage) return { image: parent, instructions: own };
  const before = stageOf(text, parent);
  return { image: before.image, instructions: [...before.instructions, ...own] };
}

function defaultOf(text: string, name: string): string {
  const argument = DockerfileParser.parse(text)
    .getInitialARGs()
    .map((one) => one.getProperty())
    .find((property) => property?.getName() === name);
  if (argument === undefined || argument === null) throw new Error(`no ARG ${name} before FROM`);
  return argument.getValue() ?? "";
}

/** The strings of an instruction in its exec form: `["a", "b"]`. */
function words(instruction: Instruction | undefined): readonly string[] {
  const parsed: unknown = JSON.parse(instruction?.getArgumentsContent() ?? "[]");
  return Array.isArray(parsed) ? parsed.map(String) : [];
}

function readCopy(copy: Instruction): readonly [string, string] {
  const [source = "", to = ""] = copy
    .getArguments()
    .map((argument) => argument.getValue())
    .filter((value) => !value.startsWith("--"));
  return [source, to];
}
