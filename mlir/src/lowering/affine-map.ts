import { DesignError } from "@aiekit/core";

/** An expression of an affine map over the map's dimensions. */
export type AffineExpression =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "dimension"; readonly position: number }
  | {
      readonly kind: "+" | "-" | "*" | "mod" | "floordiv" | "ceildiv";
      readonly left: AffineExpression;
      readonly right: AffineExpression;
    };

/**
 * Results of a map written `affine_map<(d0, d1) -> (d0 + 1, d1 * 2)>`. Source: MLIR language reference, affine maps.
 * @throws DesignError for text that is not such a map.
 */
export function parseAffineMap(text: string): readonly AffineExpression[] {
  const [, dimensions, results] = /^affine_map<\((.*?)\)(?:\[\])? -> \((.*)\)>$/.exec(text) ?? [];
  if (dimensions === undefined || results === undefined) {
    throw new DesignError(`expected an affine map over dimensions, got ${text}`);
  }
  const names = dimensions.split(",").map((name) => name.trim());
  const reader = new ExpressionReader(text, names, results.match(/[A-Za-z_]\w*|\d+|[-+*(),]/g) ?? []);
  return results.trim() === "" ? [] : reader.list();
}

class ExpressionReader {
  readonly #text: string;
  readonly #names: readonly string[];
  readonly #tokens: string[];

  constructor(text: string, names: readonly string[], tokens: readonly string[]) {
    this.#text = text;
    this.#names = names;
    this.#tokens = [...tokens];
  }

  list(): AffineExpression[] {
    const results = [this.#sum()];
    while (this.#accept(",")) results.push(this.#sum());
    if (this.#tokens.length > 0) throw this.#unexpected();
    return results;
  }

  #sum(): AffineExpression {
    let left = this.#product();
    for (let kind = this.#operator("+", "-"); kind; kind = this.#operator("+", "-")) {
      left = { kind, left, right: this.#product() };
    }
    return left;
  }

  #product(): AffineExpression {
    let left = this.#factor();
    const next = () => this.#operator("*", "mod", "floordiv", "ceildiv");
    for (let kind = next(); kind; kind = next()) left = { kind, left, right: this.#factor() };
    return left;
  }

  #factor(): AffineExpression {
    const token = this.#tokens.shift() ?? "";
    if (token === "(") {
      const inner = this.#sum();
      if (!this.#accept(")")) throw this.#unexpected();
      return inner;
    }
    if (token === "-") return { kind: "*", left: { kind: "constant", value: -1 }, right: this.#factor() };
    if (/^\d+$/.test(token)) return { kind: "constant", value: Number(token) };
    const position = this.#names.indexOf(token);
    if (position < 0)
      throw new DesignError(`affine map ${this.#text}: expected a dimension or a number, got '${token}'`);
    return { kind: "dimension", position };
  }

  #operator<Kind extends string>(...kinds: readonly Kind[]): Kind | undefined {
    const found = kinds.find((kind) => kind === this.#tokens[0]);
    if (found !== undefined) this.#tokens.shift();
    return found;
  }

  #accept(token: string): boolean {
    if (this.#tokens[0] !== token) return false;
    this.#tokens.shift();
    return true;
  }

  #unexpected(): DesignError {
    return new DesignError(`affine map ${this.#text}: '${this.#tokens[0] ?? "its end"}' is not expected there`);
  }
}
