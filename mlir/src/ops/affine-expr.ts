import type { Scanner } from "../parser/scanner.ts";

/** An affine expression. Leaves are dimensions `d0`, symbols `s0` and constants. */
type AffineExpr =
  | { readonly kind: "leaf"; readonly name: string }
  | { readonly kind: "constant"; readonly value: bigint }
  | {
      readonly kind: "sum" | "product" | "mod" | "floordiv" | "ceildiv";
      readonly left: AffineExpr;
      readonly right: AffineExpr;
    };

/**
 * Reads `%i * 4 + 1`; `leaf` reads what is neither a number nor an operator. Constants are folded and stand on the
 * right, as MLIR keeps them. @throws FormatError at the token that is not part of an expression.
 */
export function parseAffineExpr(scanner: Scanner, leaf: () => string): AffineExpr {
  return scanner.nested(() => parseSum(scanner, leaf));
}

/** The expression as MLIR prints it. */
export function affineText(expr: AffineExpr, name: (leaf: string) => string, isInner = false): string {
  if (expr.kind === "leaf") return name(expr.name);
  if (expr.kind === "constant") return `${expr.value}`;
  const { kind, left, right } = expr;
  if (kind !== "sum") {
    const isNegation = kind === "product" && right.kind === "constant" && right.value === -1n;
    if (isNegation) return `-${affineText(left, name, true)}`;
    const word = kind === "product" ? "*" : kind;
    return `${affineText(left, name, true)} ${word} ${affineText(right, name, true)}`;
  }
  const text = `${affineText(left, name)} ${addend(right, name)}`;
  return isInner ? `(${text})` : text;
}

/** `+ d1`, `- 3`, `- d1 * 2` */
function addend(expr: AffineExpr, name: (leaf: string) => string): string {
  if (expr.kind === "constant" && expr.value < 0n) return `- ${-expr.value}`;
  if (expr.kind === "product" && expr.right.kind === "constant" && expr.right.value < 0n) {
    return `- ${affineText(product(expr.left, constant(-expr.right.value)), name, true)}`;
  }
  return `+ ${affineText(expr, name)}`;
}

function parseSum(scanner: Scanner, leaf: () => string): AffineExpr {
  let expr = parseProduct(scanner, leaf);
  for (;;) {
    if (scanner.accept("+")) expr = sum(expr, parseProduct(scanner, leaf));
    else if (scanner.accept("-")) expr = sum(expr, product(parseProduct(scanner, leaf), constant(-1n)));
    else return expr;
  }
}

function parseProduct(scanner: Scanner, leaf: () => string): AffineExpr {
  let expr = parseFactor(scanner, leaf);
  for (;;) {
    if (scanner.accept("*")) expr = product(expr, parseFactor(scanner, leaf));
    else {
      const kind = (["mod", "floordiv", "ceildiv"] as const).find((word) => scanner.accept(word));
      if (!kind) return expr;
      expr = { kind, left: expr, right: parseFactor(scanner, leaf) };
    }
  }
}

function parseFactor(scanner: Scanner, leaf: () => string): AffineExpr {
  if (scanner.accept("-")) return product(parseFactor(scanner, leaf), constant(-1n));
  if (scanner.accept("(")) {
    const expr = parseAffineExpr(scanner, leaf);
    scanner.expect(")");
    return expr;
  }
  if (scanner.peek().kind === "integer") return constant(BigInt(scanner.take().text));
  return { kind: "leaf", name: leaf() };
}

function constant(value: bigint): AffineExpr {
  return { kind: "constant", value };
}

function sum(left: AffineExpr, right: AffineExpr): AffineExpr {
  if (left.kind === "constant" && right.kind === "constant") return constant(left.value + right.value);
  if (left.kind === "constant") return sum(right, left);
  if (right.kind === "constant") {
    if (right.value === 0n) return left;
    const isOpen = left.kind === "sum" && left.right.kind === "constant";
    return isOpen ? sum(left.left, sum(left.right, right)) : { kind: "sum", left, right };
  }
  // Constants move to the end of a sum.
  if (left.kind === "sum" && left.right.kind === "constant") return sum(sum(left.left, right), left.right);
  if (right.kind === "sum" && right.right.kind === "constant") return sum(sum(left, right.left), right.right);
  return { kind: "sum", left, right };
}

function product(left: AffineExpr, right: AffineExpr): AffineExpr {
  if (left.kind === "constant" && right.kind === "constant") return constant(left.value * right.value);
  if (left.kind === "constant") return product(right, left);
  if (right.kind !== "constant") return { kind: "product", left, right };
  if (right.value === 0n) return constant(0n);
  if (right.value === 1n) return left;
  const isScaled = left.kind === "product" && left.right.kind === "constant";
  return isScaled ? product(left.left, product(left.right, right)) : { kind: "product", left, right };
}
