/** Reads fields of one JSON object of a model folder. What is wrong with them goes to `problems`, and reading goes on. */
interface JsonFields {
  /** A whole number from `from` (1 where left out) to 2^24; 0 where it is none. */
  count(name: string, from?: number): number;
  /** The same; undefined where the field is left out or null. */
  optionalCount(name: string): number | undefined;
  flag(name: string): boolean | undefined;
  /** Ids of tokens; empty where the field is left out or null. */
  ids(name: string): readonly number[];
  /** Ids by names; undefined where the field is left out or null. */
  idTable(name: string): ReadonlyMap<string, number> | undefined;
  /** Pairs of whole numbers; undefined where the field is left out or null. */
  pairs(name: string): readonly (readonly [number, number])[] | undefined;
  /** Complains where the field is there and is another value than those. */
  expect(name: string, values: readonly unknown[], why: string): void;
}

export type JsonObject = Readonly<Record<string, unknown>>;

const largest = 2 ** 24;

export function jsonFields(file: string, object: JsonObject, problems: string[]): JsonFields {
  const fieldOf = (name: string): unknown => (Object.hasOwn(object, name) ? object[name] : undefined);
  const wrong = <T>(name: string, expected: string, fallback: T): T => {
    problems.push(`${file}: ${name}: expected ${expected}, got ${shown(fieldOf(name))}`);
    return fallback;
  };
  const isLeftOut = (name: string): boolean => fieldOf(name) === undefined || fieldOf(name) === null;
  const count = (name: string, from = 1): number => {
    const value = fieldOf(name);
    return isWhole(value, from) ? value : wrong(name, `a whole number from ${from} to ${largest}`, 0);
  };
  return {
    count,
    optionalCount: (name) => (isLeftOut(name) ? undefined : count(name, 0)),
    flag: (name) => {
      const value = fieldOf(name);
      if (isLeftOut(name)) return undefined;
      return typeof value === "boolean" ? value : wrong(name, "true or false", undefined);
    },
    ids: (name) => {
      const value = fieldOf(name);
      if (isLeftOut(name)) return [];
      if (Array.isArray(value) && value.every((id) => isWhole(id, 0))) return value as number[];
      return wrong(name, "a list of ids of tokens", []);
    },
    idTable: (name) => {
      const value = fieldOf(name);
      if (isLeftOut(name)) return undefined;
      if (isObject(value) && Object.values(value).every((id) => isWhole(id, 0)))
        return new Map(Object.entries(value as Record<string, number>));
      return wrong(name, "ids by names", undefined);
    },
    pairs: (name) => {
      const value = fieldOf(name);
      if (isLeftOut(name)) return undefined;
      const isPair = (pair: unknown) => Array.isArray(pair) && pair.length === 2 && pair.every((n) => isWhole(n, 0));
      if (Array.isArray(value) && value.every(isPair)) return value as [number, number][];
      return wrong(name, "a list of pairs of whole numbers", undefined);
    },
    expect: (name, values, why) => {
      const value = fieldOf(name);
      if (value === undefined || values.includes(value)) return;
      problems.push(`${file}: ${name}: expected ${values.map(shown).join(" or ")}, got ${shown(value)}; ${why}`);
    },
  };
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value of JSON for a message, cut to what a line can hold. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  try {
    const text = JSON.stringify(value);
    return text.length > 60 ? `${text.slice(0, 57)}...` : text;
  } catch (error) {
    // JSON.parse takes any depth, its opposite does not.
    if (error instanceof RangeError) return "a value too deep to print";
    throw error;
  }
}

function isWhole(value: unknown, from: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= from && (value as number) <= largest;
}
