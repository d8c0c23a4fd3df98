import { InvalidArgumentError } from "commander";

/** Commander collector for `--param name=value`; numbers are read as numbers. */
export function collectParam(
  text: string,
  previous: Readonly<Record<string, number | string>> = {},
): Record<string, number | string> {
  const [name, value] = splitAssignment(text, "tiles=3");
  if (Object.hasOwn(previous, name)) throw new InvalidArgumentError(`${name} is given twice.`);
  const number = Number(value);
  return { ...previous, [name]: value !== "" && Number.isFinite(number) ? number : value };
}

/** An input file: for the argument `name`, or for the kernel's first input when no name is given. */
export interface InputOption {
  readonly name: string | undefined;
  readonly path: string;
}

/** Commander collector for `--in [name=]path`. */
export function collectInput(text: string, previous: readonly InputOption[] = []): readonly InputOption[] {
  const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.+)$/s.exec(text);
  return [...previous, match ? { name: match[1]!, path: match[2]! } : { name: undefined, path: text }];
}

/** Commander collector for `--kernel [object.o=]file`. */
export function collectKernel(text: string, previous: readonly InputOption[] = []): readonly InputOption[] {
  const match = /^([\w.-]+\.o)=(.+)$/s.exec(text);
  return [...previous, match ? { name: match[1]!, path: match[2]! } : { name: undefined, path: text }];
}

/** Commander collector for an option that is repeated. */
export function collectText(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, text];
}

/** Commander collector for `--define name[=value]`; 1 without a value, as compilers have it. */
export function collectDefine(
  text: string,
  previous: Readonly<Record<string, string | number>> = {},
): Record<string, string | number> {
  const match = /^([A-Za-z_]\w*)(?:=(.*))?$/s.exec(text);
  if (!match) throw new InvalidArgumentError("Expected NAME or NAME=VALUE, for example N=1024.");
  return { ...previous, [match[1]!]: match[2] ?? 1 };
}

/** Commander collector for an option that takes one name and may be repeated. */
export function collectName(text: string, previous: readonly string[] = []): readonly string[] {
  if (text === "") throw new InvalidArgumentError("Expected a name.");
  return [...previous, text];
}

/** A whole number of at least 1. */
export function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError("Expected a whole number of at least 1.");
  return value;
}

/** A count that costs threads or memory each: above `most` it is a slip of the keyboard, not a wish. */
export function parseCountUpTo(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${most}.`);
  };
}

/** Name of an array, whole or a part of its columns; which parts there are is the design's to know. */
export function parseNpu(text: string): string {
  if (/^npu[12](_[1-8]col)?$/.test(text)) return text;
  throw new InvalidArgumentError("Expected npu1, npu2, or a part of one such as npu1_2col.");
}

/** A number above 0. */
export function parsePositive(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError("Expected a number above 0.");
  return value;
}

function splitAssignment(text: string, example: string): [name: string, value: string] {
  const at = text.indexOf("=");
  if (at <= 0) throw new InvalidArgumentError(`Expected name=value, for example ${example}.`);
  return [text.slice(0, at), text.slice(at + 1)];
}
